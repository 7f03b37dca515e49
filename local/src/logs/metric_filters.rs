//! Metric filters: what they count, and the default value rule.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use filters::Pattern;
use serde_json::{Value, json};

use super::groups::{Group, limit};
use super::{Logs, OpenMinute, minute_of};
use crate::input::{Input, page, present};
use crate::metric::{MetricKey, Sample};
use crate::service::{Answer, Fault, Scope};

/// One metric filter of a group.
#[derive(Debug)]
pub(super) struct MetricFilter {
    text: String,
    pattern: Pattern,
    created: DateTime<Utc>,
    namespace: String,
    name: String,
    value: String,
    default: Option<f64>,
    unit: Option<String>,
    dimensions: BTreeMap<String, String>,
    /// The minutes of ingestion whose default is not settled yet, and whether an event matched in them. Several, where
    /// datapoints take their time.
    minutes: BTreeMap<DateTime<Utc>, bool>,
}

impl Logs {
    pub(super) fn put_metric_filter(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("filterName")?;
        let text = input.text("filterPattern").unwrap_or_default();
        let pattern = parse(text, input)?;
        let [transformation] = input.list("metricTransformations") else {
            return Err(input.fault("a metric filter takes exactly one metric transformation"));
        };
        let given = Input::new(transformation, "InvalidParameterException");
        let filter = MetricFilter {
            text: text.to_owned(),
            pattern,
            created: scope.now,
            namespace: given.need("metricNamespace")?.to_owned(),
            name: given.need("metricName")?.to_owned(),
            value: given.need("metricValue")?.to_owned(),
            default: given.float("defaultValue"),
            unit: given.text("unit").map(str::to_owned),
            dimensions: given.map("dimensions"),
            minutes: BTreeMap::new(),
        };
        filter.check(given)?;
        let group = self.group(input)?;
        if !group.is_standard() {
            let message = "metric filters work on log groups of the STANDARD class only";
            return Err(Fault::client("InvalidOperationException", message));
        }
        if group.filters.len() >= 100 && !group.filters.contains_key(name) {
            let message = "Resource limit exceeded: 100 metric filters for one log group";
            return Err(Fault::client("LimitExceededException", message));
        }
        group.filters.insert(name.to_owned(), filter);
        Ok(json!({}))
    }

    pub(super) fn describe_metric_filters(&mut self, input: Input<'_>) -> Answer {
        if input.text("logGroupName").is_some() {
            self.group(input)?;
        }
        let prefix = input.text("filterNamePrefix").unwrap_or_default();
        let (group, metric) = (input.text("logGroupName"), input.text("metricName"));
        let namespace = input.text("metricNamespace");
        let mut filters = BTreeMap::new();
        for (group_name, held) in &self.groups {
            for (name, filter) in &held.filters {
                let wanted = group.is_none_or(|group| group == group_name)
                    && name.starts_with(prefix)
                    && metric.is_none_or(|metric| metric == filter.name)
                    && namespace.is_none_or(|namespace| namespace == filter.namespace);
                if wanted {
                    // The separator sorts before every letter, so pages keep one order.
                    filters.insert(format!("{group_name}\n{name}"), (group_name, name, filter));
                }
            }
        }
        let (filters, next) = page(filters.iter(), input.text("nextToken"), limit(input)?);
        let filters: Vec<_> = filters
            .into_iter()
            .map(|(_, (group, name, filter))| filter.describe(group, name))
            .collect();
        Ok(present(
            json!({"metricFilters": filters, "nextToken": next}),
        ))
    }

    pub(super) fn delete_metric_filter(&mut self, input: Input<'_>) -> Answer {
        let name = input.need("filterName")?;
        self.group(input)?.filters.remove(name).ok_or_else(|| {
            let message = "The specified metric filter does not exist.";
            Fault::client("ResourceNotFoundException", message)
        })?;
        Ok(json!({}))
    }
}

impl Group {
    /// Runs an event past the metric filters.
    ///
    /// A match counts in the minute of the event's own timestamp. AWS does not say which minute it
    /// is; for the default value it says the minute of ingestion.
    pub(super) fn count(
        &mut self,
        group: &str,
        message: &str,
        timestamp: DateTime<Utc>,
        now: DateTime<Utc>,
        samples: &mut Vec<Sample>,
        minutes: &mut Vec<OpenMinute>,
    ) -> Vec<String> {
        let minute = minute_of(now);
        let mut matched = Vec::new();
        for (name, filter) in &mut self.filters {
            let hit = filter.pattern.matches(message);
            if hit {
                matched.push(name.clone());
                samples.extend(filter.sample(message, timestamp));
            }
            if filter.default.is_none() {
                continue;
            }
            if let Some(any) = filter.minutes.get_mut(&minute) {
                *any |= hit;
                continue;
            }
            filter.minutes.insert(minute, hit);
            minutes.push(OpenMinute {
                group: group.to_owned(),
                filter: name.clone(),
                minute,
            });
        }
        matched
    }

    pub(super) fn close_minute(&mut self, filter: &str, minute: DateTime<Utc>) -> Option<Sample> {
        let filter = self.filters.get_mut(filter)?;
        let any = filter.minutes.remove(&minute)?;
        let key = filter.key(BTreeMap::new());
        filter.default.filter(|_| !any).map(|value| Sample {
            key,
            at: minute,
            value,
        })
    }
}

impl MetricFilter {
    fn check(&self, input: Input<'_>) -> Result<(), Fault> {
        if self.dimensions.len() > 3 {
            return Err(input.fault("a metric filter takes at most 3 dimensions"));
        }
        if self.default.is_some() && !self.dimensions.is_empty() {
            return Err(input.fault(
                "Invalid metric transformation: dimensions and default value are mutually \
                 exclusive.",
            ));
        }
        if self.value.parse::<f64>().is_err() && !self.value.starts_with('$') {
            return Err(input.fault("Invalid metric transformation: metricValue is no number"));
        }
        Ok(())
    }

    fn key(&self, dimensions: BTreeMap<String, String>) -> MetricKey {
        MetricKey {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            dimensions,
        }
    }

    /// The sample of a matching event; none if its value or a dimension is not in the event.
    fn sample(&self, message: &str, at: DateTime<Utc>) -> Option<Sample> {
        let fixed = self.value.parse().ok();
        let event = (fixed.is_none() || !self.dimensions.is_empty())
            .then(|| serde_json::from_str::<Value>(message).ok())
            .flatten();
        let field = |path: &str| {
            let path = path.strip_prefix("$.")?.replace('.', "/");
            event.as_ref()?.pointer(&format!("/{path}")).cloned()
        };
        let value = match fixed {
            Some(value) => value,
            None => field(&self.value)?.as_f64()?,
        };
        let mut dimensions = BTreeMap::new();
        for (name, path) in &self.dimensions {
            let value = field(path)?;
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            dimensions.insert(name.clone(), text);
        }
        Some(Sample {
            key: self.key(dimensions),
            at,
            value,
        })
    }

    fn describe(&self, group: &str, name: &str) -> Value {
        let dimensions = (!self.dimensions.is_empty()).then_some(&self.dimensions);
        json!({
            "filterName": name,
            "filterPattern": self.text,
            "logGroupName": group,
            "creationTime": self.created.timestamp_millis(),
            "applyOnTransformedLogs": false,
            "metricTransformations": [present(json!({
                "metricName": self.name,
                "metricNamespace": self.namespace,
                "metricValue": self.value,
                "defaultValue": self.default,
                "unit": self.unit.as_deref().unwrap_or("None"),
                "dimensions": dimensions,
            }))],
        })
    }
}

/// `TestMetricFilter`: a pattern against up to fifty messages.
pub(super) fn test(input: Input<'_>) -> Answer {
    let pattern = parse(input.need("filterPattern")?, input)?;
    let messages = input.texts("logEventMessages");
    if !(1..=50).contains(&messages.len()) {
        return Err(input.fault("logEventMessages takes 1 to 50 messages"));
    }
    let numbered = messages.iter().zip(1_u32..);
    let matches = numbered.filter(|(message, _)| pattern.matches(message)).map(|(message, number)| {
        json!({"eventNumber": number, "eventMessage": message, "extractedValues": {}})
    });
    Ok(json!({"matches": matches.collect::<Vec<_>>()}))
}

/// A pattern as CloudWatch Logs takes it: at most 1,024 characters, well formed.
pub(super) fn parse(text: &str, input: Input<'_>) -> Result<Pattern, Fault> {
    if text.chars().count() > 1024 {
        return Err(input.fault(
            "1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: \
             Member must have length less than or equal to 1024",
        ));
    }
    Pattern::parse(text).map_err(|error| input.fault(format!("Invalid filter pattern: {error}")))
}
