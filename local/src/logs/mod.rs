//! CloudWatch Logs: groups, metric filters, log events.

mod events;
mod groups;
mod metric_filters;
mod search;
mod subscriptions;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::ids::Ids;
use crate::input::{Input, not_implemented};
use crate::metric::Sample;
use crate::options::Options;
use crate::service::{Answer, Fault, Scope};

use events::Event;
use groups::Group;
use subscriptions::Gathered;
pub(crate) use subscriptions::{Batch, Gathering};

/// The log groups of the account.
#[derive(Debug)]
pub(crate) struct Logs {
    groups: BTreeMap<String, Group>,
    samples: Vec<Sample>,
    minutes: Vec<OpenMinute>,
    gathered: BTreeMap<Gathering, Gathered>,
    opened: Vec<Gathering>,
    controls: Vec<Batch>,
    empty_page_every: u32,
    pages: u32,
    next_event: u64,
    ids: Ids,
}

/// A minute of ingestion that a metric filter with a default value has to account for when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenMinute {
    pub(crate) group: String,
    pub(crate) filter: String,
    pub(crate) minute: DateTime<Utc>,
}

impl Logs {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            groups: BTreeMap::new(),
            samples: Vec::new(),
            minutes: Vec::new(),
            gathered: BTreeMap::new(),
            opened: Vec::new(),
            controls: Vec::new(),
            empty_page_every: options.empty_page_every,
            pages: 0,
            next_event: 0,
            ids: Ids::new(options.seed, "logs"),
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(input, "InvalidParameterException");
        match operation {
            "CreateLogGroup" => self.create_group(input, scope),
            "DescribeLogGroups" => self.describe_groups(input),
            "DeleteLogGroup" => {
                self.group(input)?;
                self.groups.remove(input.need("logGroupName")?);
                Ok(serde_json::json!({}))
            }
            "PutRetentionPolicy" => self.put_retention(input),
            "DeleteRetentionPolicy" => {
                self.group(input)?.retention = None;
                Ok(serde_json::json!({}))
            }
            "TagResource" => self.tag(input),
            "UntagResource" => self.untag(input),
            "ListTagsForResource" => self.list_tags(input),
            "PutMetricFilter" => self.put_metric_filter(input, scope),
            "DescribeMetricFilters" => self.describe_metric_filters(input),
            "DeleteMetricFilter" => self.delete_metric_filter(input),
            "PutSubscriptionFilter" => self.put_subscription_filter(input, scope),
            "DescribeSubscriptionFilters" => self.describe_subscription_filters(input),
            "DeleteSubscriptionFilter" => self.delete_subscription_filter(input),
            "TestMetricFilter" => metric_filters::test(input),
            "CreateLogStream" => self.create_stream(input, scope),
            "DescribeLogStreams" => self.describe_streams(input),
            "PutLogEvents" => self.put_log_events(input, scope),
            "FilterLogEvents" => self.filter_log_events(input, scope),
            _ => Err(not_implemented("logs", operation)),
        }
    }

    /// Whether there is such a group.
    pub(crate) fn has(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// Puts one event into a group and answers the names of the metric filters that matched it.
    pub(crate) fn ingest(
        &mut self,
        group: &str,
        stream: &str,
        timestamp: DateTime<Utc>,
        message: std::sync::Arc<str>,
        now: DateTime<Utc>,
    ) -> Vec<String> {
        let Some(held) = self.groups.get_mut(group) else {
            return Vec::new();
        };
        self.next_event += 1;
        let number = self.next_event;
        let matched = held.count(
            group,
            &message,
            timestamp,
            now,
            &mut self.samples,
            &mut self.minutes,
        );
        let event = Event::new(held.stream(stream, now), message);
        let subscribed = held.subscribers(group, &event, now);
        if !subscribed.is_empty() {
            self.gather(subscribed, &event, timestamp, number);
        }
        if let Some(held) = self.groups.get_mut(group) {
            held.insert(event, timestamp, now, number);
        }
        matched
    }

    /// The samples that metric filters made since the last look.
    pub(crate) fn take_samples(&mut self) -> Vec<Sample> {
        std::mem::take(&mut self.samples)
    }

    /// The minutes of ingestion that began since the last look.
    pub(crate) fn take_minutes(&mut self) -> Vec<OpenMinute> {
        std::mem::take(&mut self.minutes)
    }

    /// Ends a minute: the default value is published only if events came and none of them matched.
    pub(crate) fn close_minute(&mut self, open: &OpenMinute) -> Option<Sample> {
        self.groups
            .get_mut(&open.group)?
            .close_minute(&open.filter, open.minute)
    }

    fn group(&mut self, input: Input<'_>) -> Result<&mut Group, Fault> {
        let name = match input.text("logGroupName") {
            Some(name) => name,
            None => group_name(input.need("logGroupIdentifier")?),
        };
        self.groups.get_mut(name).ok_or_else(no_such_group)
    }
}

/// The name in a group's ARN, with or without its `:*`; a name stands for itself.
fn group_name(identifier: &str) -> &str {
    let name = identifier
        .split_once(":log-group:")
        .map_or(identifier, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name)
}

/// The name of the group in the ARN that a trail holds.
pub(crate) fn group_of_arn(arn: &str) -> Option<&str> {
    arn.contains(":log-group:").then(|| group_name(arn))
}

fn no_such_group() -> Fault {
    Fault::client(
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
}

/// Milliseconds since 1970 as a time.
fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The minute in which a time lies.
pub(crate) fn minute_of(time: DateTime<Utc>) -> DateTime<Utc> {
    let past = time.timestamp_millis().rem_euclid(60_000);
    DateTime::from_timestamp_millis(time.timestamp_millis() - past).unwrap_or(time)
}

/// The moment at which a minute is over.
pub(crate) fn minute_end(minute: DateTime<Utc>) -> DateTime<Utc> {
    minute + TimeDelta::minutes(1)
}
