//! What log groups and queues hand to CloudWatch: samples of a metric.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// The identity of a metric: two metrics differ if any of the three does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MetricKey {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) dimensions: BTreeMap<String, String>,
}

/// One value of a metric at a time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) key: MetricKey,
    pub(crate) at: DateTime<Utc>,
    pub(crate) value: f64,
}
