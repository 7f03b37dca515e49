//! Metrics at their standard resolution: one datapoint a minute.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::CloudWatch;
use crate::input::Input;
use crate::logs::minute_of;
use crate::metric::{MetricKey, Sample};
use crate::service::{Answer, Fault, Scope};

/// All datapoints. One-minute datapoints are kept for fifteen days.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    held: BTreeMap<MetricKey, BTreeMap<DateTime<Utc>, Datapoint>>,
}

/// What is known about the samples of some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Datapoint {
    count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

impl Datapoint {
    fn one(value: f64) -> Self {
        Self {
            count: 1.0,
            sum: value,
            minimum: value,
            maximum: value,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }

    pub(super) fn statistic(&self, name: &str) -> Option<f64> {
        match name {
            "SampleCount" => Some(self.count),
            "Sum" => Some(self.sum),
            "Average" => Some(self.sum / self.count),
            "Minimum" => Some(self.minimum),
            "Maximum" => Some(self.maximum),
            _ => None,
        }
    }
}

impl Metrics {
    pub(super) fn add(&mut self, sample: &Sample) {
        let minute = minute_of(sample.at);
        self.merge(&sample.key, minute, &Datapoint::one(sample.value));
    }

    fn merge(&mut self, key: &MetricKey, minute: DateTime<Utc>, new: &Datapoint) {
        if !self.held.contains_key(key) {
            self.held.insert(key.clone(), BTreeMap::new());
        }
        let Some(minutes) = self.held.get_mut(key) else {
            return;
        };
        minutes
            .entry(minute)
            .and_modify(|held| held.merge(new))
            .or_insert(*new);
        let newest = minutes
            .last_key_value()
            .map_or(minute, |(minute, _)| *minute);
        while let Some(first) = minutes.first_entry() {
            if *first.key() + TimeDelta::days(15) >= newest {
                break;
            }
            first.remove();
        }
    }

    /// The datapoint over `[from, to)`, if there is any sample in it.
    pub(super) fn over(
        &self,
        key: &MetricKey,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Option<Datapoint> {
        let minutes = self.held.get(key)?;
        let mut datapoints = minutes
            .range(from..to.max(from))
            .map(|(_, datapoint)| *datapoint);
        let first = datapoints.next()?;
        Some(datapoints.fold(first, |mut all, datapoint| {
            all.merge(&datapoint);
            all
        }))
    }

    /// Whether there is a datapoint at `from` or later.
    pub(super) fn has_since(&self, key: &MetricKey, from: DateTime<Utc>) -> bool {
        let newest = self.held.get(key).and_then(BTreeMap::last_key_value);
        newest.is_some_and(|(minute, _)| *minute >= from)
    }

    pub(super) fn statistics(&self, input: Input<'_>) -> Answer {
        let key = MetricKey {
            namespace: input.need("Namespace")?.to_owned(),
            name: input.need("MetricName")?.to_owned(),
            dimensions: dimensions(input),
        };
        let period = input
            .number("Period")
            .filter(|period| *period > 0 && period % 60 == 0);
        let period = period.ok_or_else(|| input.fault("Period must be a multiple of 60"))?;
        let time = |name: &str| {
            let seconds = input
                .float(name)
                .ok_or_else(|| input.fault(format!("{name} is missing")))?;
            seconds_to_time(seconds).ok_or_else(|| input.fault(format!("{name} is out of range")))
        };
        let (start, end) = (minute_of(time("StartTime")?), time("EndTime")?);
        let statistics = input.texts("Statistics");
        let step = TimeDelta::seconds(period);
        if (end - start).num_seconds() / period > 1440 {
            let message = "You have requested more than 1,440 datapoints";
            return Err(Fault::client("InvalidParameterCombination", message));
        }
        let mut datapoints = Vec::new();
        let mut at = start;
        while at < end {
            if let Some(datapoint) = self.over(&key, at, at + step) {
                let mut members = Map::new();
                members.insert("Timestamp".to_owned(), at.timestamp().into());
                members.insert("Unit".to_owned(), "None".into());
                for name in &statistics {
                    if let Some(value) = datapoint.statistic(name) {
                        members.insert(name.clone(), value.into());
                    }
                }
                datapoints.push(Value::Object(members));
            }
            at += step;
        }
        Ok(json!({"Label": key.name, "Datapoints": datapoints}))
    }
}

impl CloudWatch {
    pub(super) fn put_metric_data(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let namespace = input.need("Namespace")?;
        for datum in input.list("MetricData") {
            let datum = Input::new(datum, "InvalidParameterValue");
            let key = MetricKey {
                namespace: namespace.to_owned(),
                name: datum.need("MetricName")?.to_owned(),
                dimensions: dimensions(datum),
            };
            let at = datum
                .float("Timestamp")
                .and_then(seconds_to_time)
                .unwrap_or(scope.now);
            let single = datum.float("Value").into_iter();
            let values = datum.list("Values").iter().filter_map(Value::as_f64);
            for value in single.chain(values) {
                self.add(
                    &Sample {
                        key: key.clone(),
                        at,
                        value,
                    },
                    scope.now,
                );
            }
        }
        Ok(json!({}))
    }
}

/// `[{"Name": …, "Value": …}]` as a map.
pub(super) fn dimensions(input: Input<'_>) -> BTreeMap<String, String> {
    let text = |dimension: &Value, name: &str| Some(dimension.get(name)?.as_str()?.to_owned());
    let pair = |dimension: &Value| Some((text(dimension, "Name")?, text(dimension, "Value")?));
    input.list("Dimensions").iter().filter_map(pair).collect()
}

fn seconds_to_time(seconds: f64) -> Option<DateTime<Utc>> {
    let millis = seconds * 1000.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let millis = (millis.abs() < 1e15).then_some(millis.round() as i64)?;
    DateTime::from_timestamp_millis(millis)
}
