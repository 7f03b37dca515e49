//! The request rates of ECS: token buckets that groups of actions share.
//!
//! Burst and refill are those of the API reference, "Request throttling for the Amazon ECS API".

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::service::Fault;

/// Actions that share a bucket, the bucket's size, and tokens per second.
const BUCKETS: &[(&[&str], i64, i64)] = &[
    (
        &["RegisterTaskDefinition", "DeregisterTaskDefinition"],
        20,
        1,
    ),
    (
        &[
            "DescribeTaskDefinition",
            "ListTaskDefinitions",
            "ListTaskDefinitionFamilies",
        ],
        50,
        20,
    ),
    (&["CreateService", "DeleteService", "UpdateService"], 50, 5),
    (&["DescribeServices", "ListServices"], 100, 20),
    (&["DescribeClusters", "ListClusters"], 50, 20),
    (
        &["DescribeServiceDeployments", "ListServiceDeployments"],
        50,
        20,
    ),
    (&["TagResource", "UntagResource"], 20, 10),
];

/// Tokens are counted in thousandths, so that a millisecond refills a whole number of them.
const TOKEN: i64 = 1_000;

/// The buckets of one account and Region.
#[derive(Debug, Default, Clone)]
pub(super) struct Throttle {
    /// By row of [`BUCKETS`]: thousandths of tokens, and when they were counted.
    levels: BTreeMap<usize, (i64, DateTime<Utc>)>,
}

impl Throttle {
    /// Takes a token for a call, or refuses it. Actions outside the table are never refused.
    pub(super) fn take(&mut self, operation: &str, now: DateTime<Utc>) -> Result<(), Fault> {
        let row = BUCKETS
            .iter()
            .enumerate()
            .find(|(_, row)| row.0.contains(&operation));
        let Some((index, (_, burst, refill))) = row else {
            return Ok(());
        };
        let full = burst * TOKEN;
        let (level, at) = self.levels.entry(index).or_insert((full, now));
        let millis = (now - *at).num_milliseconds().max(0);
        *level = level
            .saturating_add(millis.saturating_mul(*refill))
            .min(full);
        *at = now.max(*at);
        if *level < TOKEN {
            return Err(Fault::client("ThrottlingException", "Rate exceeded"));
        }
        *level -= TOKEN;
        Ok(())
    }
}
