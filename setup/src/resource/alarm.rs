//! The alarms: one notices pushes, one what the handler gave up.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricAlarm, Statistic, Tag};

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Result};
use crate::names::OWNER_TAG;

/// An alarm on one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// What it says about itself; not compared.
    pub description: &'static str,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Value of the owner tag.
    pub owner: String,
    /// How it watches.
    pub settings: Settings,
    /// Whether its actions run at all.
    pub enabled: bool,
    /// What it tells on ALARM.
    pub alarm_actions: Vec<String>,
    /// What it tells on OK: this closes each episode.
    pub ok_actions: Vec<String>,
    /// What it tells on `INSUFFICIENT_DATA`.
    pub insufficient_data_actions: Vec<String>,
}

/// What an alarm watches, and when it goes off.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The metric's namespace.
    pub namespace: String,
    /// The metric.
    pub metric: String,
    /// How the values of one period become one.
    pub statistic: Option<Statistic>,
    /// Seconds per period.
    pub period: Option<i32>,
    /// How many periods are looked at.
    pub periods: Option<i32>,
    /// How many of them must breach.
    pub breaching: Option<i32>,
    /// The limit.
    pub threshold: Option<f64>,
    /// How a value is held against the limit.
    pub comparison: Option<ComparisonOperator>,
    /// What a missing value counts as.
    pub missing: Option<String>,
    /// The metric's dimensions: none of ours has any, those of AWS have.
    pub dimensions: Vec<(String, String)>,
}

impl Settings {
    /// The settings under which no push is lost: one breaching minute of five, so that a datapoint that shows up late
    /// is still seen, and `notBreaching`, so that silence ends an episode. The usual "1 of 1" loses between 12 and 65 %
    /// of the pushes in bursts.
    #[must_use]
    pub fn pushes(namespace: &str, metric: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            statistic: Some(Statistic::Sum),
            period: Some(60),
            periods: Some(5),
            breaching: Some(1),
            threshold: Some(1.0),
            comparison: Some(ComparisonOperator::GreaterThanOrEqualToThreshold),
            missing: Some("notBreaching".to_owned()),
            dimensions: Vec::new(),
        }
    }

    /// A queue that holds anything. SQS stops telling the depth of a queue that nobody uses for six hours, and then the
    /// state stays: an unused queue keeps what it holds.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
    #[must_use]
    pub fn depth(queue: &str) -> Self {
        Self {
            namespace: "AWS/SQS".to_owned(),
            metric: "ApproximateNumberOfMessagesVisible".to_owned(),
            statistic: Some(Statistic::Maximum),
            period: Some(60),
            periods: Some(1),
            breaching: Some(1),
            threshold: Some(1.0),
            comparison: Some(ComparisonOperator::GreaterThanOrEqualToThreshold),
            missing: Some("ignore".to_owned()),
            dimensions: vec![("QueueName".to_owned(), queue.to_owned())],
        }
    }

    fn of(alarm: &MetricAlarm) -> Self {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let dimension = |d: &Dimension| (text(d.name()), text(d.value()));
        Self {
            namespace: alarm.namespace().unwrap_or_default().to_owned(),
            metric: alarm.metric_name().unwrap_or_default().to_owned(),
            statistic: alarm.statistic().cloned(),
            period: alarm.period(),
            periods: alarm.evaluation_periods(),
            // Left out, it equals the number of periods.
            breaching: alarm.datapoints_to_alarm().or(alarm.evaluation_periods()),
            threshold: alarm.threshold(),
            comparison: alarm.comparison_operator().cloned(),
            missing: alarm.treat_missing_data().map(ToOwned::to_owned),
            dimensions: alarm.dimensions().iter().map(dimension).collect(),
        }
    }
}

impl Alarm {
    async fn put(&self, clients: &Clients) -> Result<()> {
        let settings = &self.settings;
        let tag = Tag::builder().key(OWNER_TAG).value(&self.owner).build();
        let dimensions = settings.dimensions.iter();
        let dimensions = dimensions.map(|(name, value)| {
            let dimension = Dimension::builder().name(name);
            dimension.value(value).build()
        });
        let call = clients
            .cloudwatch
            .put_metric_alarm()
            .alarm_name(&self.name)
            .alarm_description(self.description)
            .namespace(&settings.namespace)
            .metric_name(&settings.metric)
            .set_dimensions(Some(dimensions.collect()))
            .set_statistic(settings.statistic.clone())
            .set_period(settings.period)
            .set_evaluation_periods(settings.periods)
            .set_datapoints_to_alarm(settings.breaching)
            .set_threshold(settings.threshold)
            .set_comparison_operator(settings.comparison.clone())
            .set_treat_missing_data(settings.missing.clone())
            .actions_enabled(self.enabled)
            .set_alarm_actions(Some(self.alarm_actions.clone()))
            .set_ok_actions(Some(self.ok_actions.clone()))
            .set_insufficient_data_actions(Some(self.insufficient_data_actions.clone()))
            // Obeyed when the alarm is created, ignored when it is changed.
            .tags(tag);
        call.send()
            .await
            .called("cloudwatch:PutMetricAlarm", &self.name)?;
        Ok(())
    }
}

impl Kind for Alarm {
    const KIND: &'static str = "alarm";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        let settings = &self.settings;
        let dimensions = settings.dimensions.iter();
        let dimensions: Vec<String> = dimensions
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Fields::new()
            .with(
                "metric",
                format!("{}/{}", settings.namespace, settings.metric),
            )
            .with_set("dimensions", &dimensions)
            .with_some("statistic", settings.statistic.as_ref())
            .with_some("period", settings.period)
            .with_some("periods", settings.periods)
            .with_some("breaching periods", settings.breaching)
            .with_some("comparison", settings.comparison.as_ref())
            .with_some("threshold", settings.threshold)
            .with_some("missing data", settings.missing.as_ref())
            .with("actions enabled", self.enabled)
            .with_set("on ALARM", &self.alarm_actions)
            .with_set("on OK", &self.ok_actions)
            .with_set("on INSUFFICIENT_DATA", &self.insufficient_data_actions)
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let found = clients
            .cloudwatch
            .describe_alarms()
            .alarm_names(&self.name)
            .send()
            .await;
        let found = found.called("cloudwatch:DescribeAlarms", &self.name)?;
        let Some(alarm) = found.metric_alarms().first() else {
            return Ok(None);
        };
        let arn = alarm.alarm_arn().unwrap_or(&self.arn);
        let tags = clients
            .cloudwatch
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await;
        let tags = tags.called("cloudwatch:ListTagsForResource", &self.name)?;
        let tags = tags.tags().iter().map(|tag| (tag.key(), tag.value()));
        let owned = owned(&self.owner, tags);
        let state = Self {
            settings: Settings::of(alarm),
            enabled: alarm.actions_enabled().unwrap_or(true),
            alarm_actions: alarm.alarm_actions().to_vec(),
            ok_actions: alarm.ok_actions().to_vec(),
            insufficient_data_actions: alarm.insufficient_data_actions().to_vec(),
            ..self.clone()
        };
        Ok(Some(Live { state, owned }))
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
        let call = clients.cloudwatch.delete_alarms().alarm_names(&self.name);
        let absent = ["ResourceNotFound"];
        let call = call.send().await;
        call.found("cloudwatch:DeleteAlarms", &self.name, &absent)?;
        Ok(None)
    }
}
