//! Subscription filters: which log events are sent on to a function, and in which batches.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html> (shape of a batch, control
//! messages, what happens after a refusal); API model, `PutSubscriptionFilter`; Lambda quotas (size of an event).

use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use filters::Pattern;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::events::Event;
use super::groups::{Group, limit};
use super::{Logs, metric_filters};
use crate::input::{Input, not_implemented, page, present};
use crate::service::{Answer, Fault, Scope};

/// A group has no more.
const PER_GROUP: usize = 2;

/// The most that the data of one batch may take, packed and in base64: what Lambda takes as an asynchronous event.
const MAX_DATA: usize = 256 * 1024;

/// For so long a filter rests whose function refused it; what comes meanwhile is passed over.
const REST: TimeDelta = TimeDelta::minutes(10);

/// One subscription filter of a group.
#[derive(Debug)]
pub(super) struct SubscriptionFilter {
    text: String,
    pattern: Pattern,
    created: DateTime<Utc>,
    destination: String,
    distribution: String,
    rests_until: Option<DateTime<Utc>>,
}

/// Log events that wait to be sent: those of one stream that one filter took.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gathering {
    pub(crate) group: String,
    pub(crate) filter: String,
    pub(crate) stream: String,
}

/// What was gathered: identifier, timestamp in milliseconds, text.
pub(super) type Gathered = Vec<(String, i64, Arc<str>)>;

/// An event for the function behind a filter.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) group: String,
    pub(crate) filter: String,
    pub(crate) destination: String,
    pub(crate) event: Value,
}

impl Logs {
    pub(super) fn put_subscription_filter(
        &mut self,
        input: Input<'_>,
        scope: &Scope<'_>,
    ) -> Answer {
        let name = input.need("filterName")?;
        let text = input.need("filterPattern")?;
        let pattern = metric_filters::parse(text, input)?;
        let destination = input.need("destinationArn")?;
        if !destination.contains(":lambda:") {
            return Err(not_implemented(
                "logs",
                "PutSubscriptionFilter to anything but a function",
            ));
        }
        if input.text("roleArn").is_some() {
            return Err(input.fault("destinationArn for vendor lambda cannot be used with roleArn"));
        }
        let distribution = input.text("distribution").unwrap_or("ByLogStream");
        let group = self.group(input)?;
        if !group.is_standard() {
            let message = "subscription filters work on log groups of the STANDARD class only";
            return Err(Fault::client("InvalidOperationException", message));
        }
        let held = group.subscriptions.get(name);
        if held.is_none() && group.subscriptions.len() >= PER_GROUP {
            let message = "Resource limit exceeded.";
            return Err(Fault::client("LimitExceededException", message));
        }
        let filter = SubscriptionFilter {
            text: text.to_owned(),
            pattern,
            created: held.map_or(scope.now, |held| held.created),
            destination: destination.to_owned(),
            distribution: distribution.to_owned(),
            rests_until: None,
        };
        group.subscriptions.insert(name.to_owned(), filter);
        self.controls.push(Batch {
            group: input.need("logGroupName")?.to_owned(),
            filter: name.to_owned(),
            destination: destination.to_owned(),
            event: control(scope.now),
        });
        Ok(json!({}))
    }

    pub(super) fn describe_subscription_filters(&mut self, input: Input<'_>) -> Answer {
        let name = input.need("logGroupName")?;
        let limit = limit(input)?;
        let prefix = input.text("filterNamePrefix").unwrap_or_default();
        let filters = &self.group(input)?.subscriptions;
        let filters = filters.iter().filter(|(name, _)| name.starts_with(prefix));
        let (filters, next) = page(filters, input.text("nextToken"), limit);
        let describe = |(filter, held): (&String, &SubscriptionFilter)| {
            json!({
                "filterName": filter,
                "logGroupName": name,
                "filterPattern": held.text,
                "destinationArn": held.destination,
                "distribution": held.distribution,
                "applyOnTransformedLogs": false,
                "creationTime": held.created.timestamp_millis(),
            })
        };
        let filters: Vec<_> = filters.into_iter().map(describe).collect();
        Ok(present(
            json!({"subscriptionFilters": filters, "nextToken": next}),
        ))
    }

    pub(super) fn delete_subscription_filter(&mut self, input: Input<'_>) -> Answer {
        let name = input.need("filterName")?;
        let filters = &mut self.group(input)?.subscriptions;
        filters.remove(name).ok_or_else(|| {
            let message = "The specified subscription filter does not exist.";
            Fault::client("ResourceNotFoundException", message)
        })?;
        Ok(json!({}))
    }

    /// Keeps a log event for these gatherings; one that this opens is told.
    pub(super) fn gather(
        &mut self,
        into: Vec<Gathering>,
        event: &Event,
        timestamp: DateTime<Utc>,
        number: u64,
    ) {
        // AWS's identifiers have 56 digits and sort as the events do.
        let millis = timestamp.timestamp_millis();
        let id = format!("{millis:030}{number:026}");
        for gathering in into {
            let gathered = self.gathered.entry(gathering.clone()).or_default();
            if gathered.is_empty() {
                self.opened.push(gathering);
            }
            gathered.push((id.clone(), millis, Arc::clone(&event.message)));
        }
    }

    /// The gatherings that began since the last look.
    pub(crate) fn take_opened(&mut self) -> Vec<Gathering> {
        std::mem::take(&mut self.opened)
    }

    /// The messages that only test whether a function can be reached.
    pub(crate) fn take_controls(&mut self) -> Vec<Batch> {
        std::mem::take(&mut self.controls)
    }

    /// Ends a gathering: what goes to the function; nothing if the filter is gone.
    pub(crate) fn end_gathering(&mut self, of: &Gathering, owner: &str) -> Vec<Batch> {
        let gathered = self.gathered.remove(of).unwrap_or_default();
        let group = self.groups.get(&of.group);
        let Some(filter) = group.and_then(|group| group.subscriptions.get(&of.filter)) else {
            return Vec::new();
        };
        let mut events = Vec::new();
        split(of, owner, &gathered, &mut events);
        let batch = |event| Batch {
            group: of.group.clone(),
            filter: of.filter.clone(),
            destination: filter.destination.clone(),
            event,
        };
        events.into_iter().map(batch).collect()
    }

    /// The function refused a batch: the filter rests.
    pub(crate) fn rest(&mut self, group: &str, filter: &str, now: DateTime<Utc>) {
        let group = self.groups.get_mut(group);
        if let Some(filter) = group.and_then(|group| group.subscriptions.get_mut(filter)) {
            filter.rests_until = Some(now + REST);
        }
    }
}

impl Group {
    /// The gatherings that a log event belongs to.
    pub(super) fn subscribers(
        &self,
        group: &str,
        event: &Event,
        now: DateTime<Utc>,
    ) -> Vec<Gathering> {
        let awake = |filter: &SubscriptionFilter| filter.rests_until.is_none_or(|at| at <= now);
        let takes =
            |filter: &&SubscriptionFilter| awake(filter) && filter.pattern.matches(&event.message);
        let filters = self.subscriptions.iter();
        let filters = filters.filter(|(_, filter)| takes(filter));
        filters
            .map(|(name, _)| Gathering {
                group: group.to_owned(),
                filter: name.clone(),
                stream: event.stream.to_string(),
            })
            .collect()
    }
}

/// One event, or several where one would be too large. A log event that alone is too large is sent all the same.
fn split(of: &Gathering, owner: &str, gathered: &[(String, i64, Arc<str>)], into: &mut Vec<Value>) {
    if gathered.is_empty() {
        return;
    }
    let events = gathered.iter();
    let events = events.map(|(id, timestamp, message)| {
        json!({"id": id, "timestamp": timestamp, "message": message.as_ref()})
    });
    let data = packed(&json!({
        "messageType": "DATA_MESSAGE",
        "owner": owner,
        "logGroup": of.group,
        "logStream": of.stream,
        "subscriptionFilters": [of.filter],
        "logEvents": events.collect::<Vec<_>>(),
    }));
    let (first, second) = gathered.split_at(gathered.len() / 2);
    if data.len() > MAX_DATA && !first.is_empty() {
        split(of, owner, first, into);
        split(of, owner, second, into);
    } else {
        into.push(json!({"awslogs": {"data": data}}));
    }
}

fn control(now: DateTime<Utc>) -> Value {
    let event = json!({"id": "", "timestamp": now.timestamp_millis(),
        "message": "CWL CONTROL MESSAGE: Checking health of destination."});
    let data = packed(&json!({
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [event],
    }));
    json!({"awslogs": {"data": data}})
}

fn packed(batch: &Value) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory cannot fail; an empty text would be seen at once.
    let written = gzip.write_all(batch.to_string().as_bytes());
    let bytes = written.and_then(|()| gzip.finish()).unwrap_or_default();
    BASE64_STANDARD.encode(bytes)
}
