//! The metric filter that counts eligible pushes.

use aws_sdk_cloudwatchlogs::types::MetricTransformation;

use super::{Kind, Live, Note};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Result};

/// A filter with one transformation. It belongs to its log group and carries no tags; its name is ours, and so is the
/// metric that it counts into.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFilter {
    /// Its name.
    pub name: String,
    /// The log group that it watches.
    pub log_group: String,
    /// Which log events count.
    pub pattern: String,
    /// The metric.
    pub metric: String,
    /// The metric's namespace.
    pub namespace: String,
    /// What one event adds.
    pub value: String,
    /// What a minute with other events gives. Without it a quiet minute looks like a broken filter; with dimensions it
    /// would be refused.
    pub default: Option<f64>,
    /// Dimensions that somebody added: they would hide the metric from the alarm.
    pub dimensions: Vec<String>,
    /// Whether the log group is somebody else's. There a filter is ours only if it counts into our metric.
    pub guest: bool,
}

impl MetricFilter {
    /// A filter that is only named, to be removed.
    #[must_use]
    pub fn named(name: &str, log_group: &str, metric: &str) -> Self {
        Self {
            name: name.to_owned(),
            log_group: log_group.to_owned(),
            pattern: String::new(),
            metric: metric.to_owned(),
            namespace: name.to_owned(),
            value: String::new(),
            default: None,
            dimensions: Vec::new(),
            guest: true,
        }
    }

    async fn put(&self, clients: &Clients) -> Result<()> {
        let transformation = MetricTransformation::builder()
            .metric_name(&self.metric)
            .metric_namespace(&self.namespace)
            .metric_value(&self.value)
            .set_default_value(self.default)
            .build();
        let transformation = transformation.map_err(|error| Error::Wrong(error.to_string()))?;
        let call = clients
            .logs
            .put_metric_filter()
            .log_group_name(&self.log_group);
        let call = call.filter_name(&self.name).filter_pattern(&self.pattern);
        let call = call.metric_transformations(transformation).send().await;
        call.called("logs:PutMetricFilter", &self.name)?;
        Ok(())
    }
}

impl Kind for MetricFilter {
    const KIND: &'static str = "metric filter";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .with("log group", &self.log_group)
            .with("pattern", &self.pattern)
            .with("metric", format!("{}/{}", self.namespace, self.metric))
            .with("value", &self.value)
            .with_some("default", self.default)
            .with_set("dimensions", &self.dimensions)
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let call = clients
            .logs
            .describe_metric_filters()
            .log_group_name(&self.log_group);
        let mut filters = call
            .filter_name_prefix(&self.name)
            .into_paginator()
            .items()
            .send();
        while let Some(next) = filters.next().await {
            let absent = ["ResourceNotFoundException"];
            let Some(found) = next.found("logs:DescribeMetricFilters", &self.name, &absent)? else {
                return Ok(None);
            };
            if found.filter_name() != Some(&self.name) {
                continue;
            }
            let transformation = found.metric_transformations().first();
            let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
            let dimensions = transformation.and_then(MetricTransformation::dimensions);
            let state = Self {
                pattern: text(found.filter_pattern()),
                metric: text(transformation.map(MetricTransformation::metric_name)),
                namespace: text(transformation.map(MetricTransformation::metric_namespace)),
                value: text(transformation.map(MetricTransformation::metric_value)),
                default: transformation.and_then(MetricTransformation::default_value),
                dimensions: dimensions
                    .map(|map| map.keys().cloned().collect())
                    .unwrap_or_default(),
                ..self.clone()
            };
            let ours = state.metric == self.metric && state.namespace == self.namespace;
            let owned = ours || !self.guest;
            return Ok(Some(Live { state, owned }));
        }
        Ok(None)
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        self.put(clients).await?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, _: &Change) -> Result<Note> {
        self.put(clients).await?;
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let call = clients.logs.delete_metric_filter();
        let call = call.log_group_name(&self.log_group).filter_name(&self.name);
        let absent = ["ResourceNotFoundException"];
        let call = call.send().await;
        call.found("logs:DeleteMetricFilter", &self.name, &absent)?;
        Ok(None)
    }
}
