//! Log groups and their streams: the calls that manage them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::events::{Events, Searches};
use super::metric_filters::MetricFilter;
use super::subscriptions::SubscriptionFilter;
use super::{Logs, group_name, no_such_group};
use crate::input::{Input, page, present};
use crate::service::{Answer, Fault, Scope};

/// One log group.
#[derive(Debug)]
pub(super) struct Group {
    arn: String,
    class: String,
    created: DateTime<Utc>,
    pub(super) retention: Option<i64>,
    tags: BTreeMap<String, String>,
    streams: BTreeMap<String, Stream>,
    pub(super) filters: BTreeMap<String, MetricFilter>,
    pub(super) subscriptions: BTreeMap<String, SubscriptionFilter>,
    pub(super) events: Events,
    pub(super) searches: Searches,
}

#[derive(Debug)]
struct Stream {
    name: std::sync::Arc<str>,
    created: DateTime<Utc>,
    last: Option<DateTime<Utc>>,
}

/// The retentions in days that CloudWatch Logs offers.
const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

impl Logs {
    pub(super) fn create_group(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("logGroupName")?;
        let legal = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
        if name.is_empty() || name.len() > 512 || !name.chars().all(legal) {
            return Err(input.fault(format!(
                "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy \
                 constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
            )));
        }
        if self.groups.contains_key(name) {
            let message = "The specified log group already exists";
            return Err(Fault::client("ResourceAlreadyExistsException", message));
        }
        let group = Group {
            arn: scope.place.arn("logs", &format!("log-group:{name}")),
            class: input.text("logGroupClass").unwrap_or("STANDARD").to_owned(),
            created: scope.now,
            retention: None,
            tags: input.map("tags"),
            streams: BTreeMap::new(),
            filters: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            events: Events::default(),
            searches: Searches::default(),
        };
        self.groups.insert(name.to_owned(), group);
        Ok(json!({}))
    }

    pub(super) fn describe_groups(&self, input: Input<'_>) -> Answer {
        let prefix = input.text("logGroupNamePrefix").unwrap_or_default();
        let pattern = input.text("logGroupNamePattern").map(str::to_lowercase);
        let named = |name: &str| {
            let like = |pattern: &String| name.to_lowercase().contains(pattern);
            name.starts_with(prefix) && pattern.as_ref().is_none_or(like)
        };
        let groups = self.groups.iter().filter(|(name, _)| named(name));
        let (groups, next) = page(groups, input.text("nextToken"), limit(input)?);
        let groups: Vec<_> = groups
            .into_iter()
            .map(|(name, group)| group.describe(name))
            .collect();
        Ok(present(json!({"logGroups": groups, "nextToken": next})))
    }

    pub(super) fn put_retention(&mut self, input: Input<'_>) -> Answer {
        let days = input.number("retentionInDays").filter(|days| *days > 0);
        let days = days
            .filter(|days| RETENTIONS.contains(days))
            .ok_or_else(|| input.fault("retentionInDays is none of the offered numbers of days"))?;
        self.group(input)?.retention = Some(days);
        Ok(json!({}))
    }

    pub(super) fn tag(&mut self, input: Input<'_>) -> Answer {
        let tags = input.map("tags");
        self.tagged(input)?.tags.extend(tags);
        Ok(json!({}))
    }

    pub(super) fn untag(&mut self, input: Input<'_>) -> Answer {
        let keys = input.texts("tagKeys");
        self.tagged(input)?
            .tags
            .retain(|key, _| !keys.contains(key));
        Ok(json!({}))
    }

    pub(super) fn list_tags(&mut self, input: Input<'_>) -> Answer {
        Ok(json!({"tags": self.tagged(input)?.tags}))
    }

    /// Tags take the group's ARN without the trailing `:*`.
    fn tagged(&mut self, input: Input<'_>) -> Result<&mut Group, Fault> {
        let arn = input.need("resourceArn")?;
        if !arn.contains(":log-group:") || arn.ends_with(":*") {
            return Err(input.fault(format!("{arn} is not the ARN of a log group without :*")));
        }
        self.groups
            .get_mut(group_name(arn))
            .ok_or_else(no_such_group)
    }

    pub(super) fn create_stream(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("logStreamName")?;
        let group = self.group(input)?;
        if group.streams.contains_key(name) {
            let message = "The specified log stream already exists";
            return Err(Fault::client("ResourceAlreadyExistsException", message));
        }
        group.add_stream(name, scope.now);
        Ok(json!({}))
    }

    pub(super) fn describe_streams(&mut self, input: Input<'_>) -> Answer {
        let prefix = input.text("logStreamNamePrefix").unwrap_or_default();
        let limit = limit(input)?;
        let group = self.group(input)?;
        let streams = group
            .streams
            .iter()
            .filter(|(name, _)| name.starts_with(prefix));
        let (streams, next) = page(streams, input.text("nextToken"), limit);
        let describe = |(name, stream): (&String, &Stream)| {
            let last = stream.last.map(|time| time.timestamp_millis());
            present(json!({
                "logStreamName": name,
                "creationTime": stream.created.timestamp_millis(),
                "lastIngestionTime": last,
                "lastEventTimestamp": last,
                "arn": format!("{}:log-stream:{name}", group.arn),
            }))
        };
        let streams: Vec<_> = streams.into_iter().map(describe).collect();
        Ok(present(json!({"logStreams": streams, "nextToken": next})))
    }
}

impl Group {
    pub(super) fn is_standard(&self) -> bool {
        self.class == "STANDARD"
    }

    pub(super) fn has_stream(&self, name: &str) -> bool {
        self.streams.contains_key(name)
    }

    /// The stream's name as its events hold it; a stream that is missing is made.
    pub(super) fn stream(&mut self, name: &str, now: DateTime<Utc>) -> std::sync::Arc<str> {
        if !self.streams.contains_key(name) {
            self.add_stream(name, now);
        }
        match self.streams.get_mut(name) {
            Some(stream) => {
                stream.last = Some(now);
                std::sync::Arc::clone(&stream.name)
            }
            None => name.into(),
        }
    }

    fn add_stream(&mut self, name: &str, now: DateTime<Utc>) {
        let stream = Stream {
            name: name.into(),
            created: now,
            last: None,
        };
        self.streams.insert(name.to_owned(), stream);
    }

    fn describe(&self, name: &str) -> Value {
        present(json!({
            "logGroupName": name,
            "creationTime": self.created.timestamp_millis(),
            "retentionInDays": self.retention,
            "metricFilterCount": self.filters.len(),
            "arn": format!("{}:*", self.arn),
            "logGroupArn": self.arn,
            "storedBytes": self.events.bytes(),
            "logGroupClass": self.class,
        }))
    }
}

/// The page size of the describe calls: 50 unless less is asked for.
pub(super) fn limit(input: Input<'_>) -> Result<usize, Fault> {
    match input.number("limit") {
        None => Ok(50),
        Some(limit @ 1..=50) => Ok(usize::try_from(limit).unwrap_or(50)),
        Some(limit) => Err(input.fault(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: \
             Member must be between 1 and 50"
        ))),
    }
}
