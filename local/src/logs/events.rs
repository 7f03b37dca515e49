//! Log events: how they are kept, and how they are put.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use filters::Pattern;
use serde_json::json;

use super::groups::Group;
use super::metric_filters::parse;
use super::{Logs, time};
use crate::input::{Input, present};
use crate::service::{Answer, Fault, Scope};

/// Where an event stands in its group: timestamp, then ingestion, then order of arrival.
pub(super) type Position = (i64, i64, u64);

/// One log event.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) stream: Arc<str>,
    pub(super) message: Arc<str>,
    /// The last pattern that it was searched for, by its number in [`Searches`], and whether it matched: a program searches for
    /// the same again and again, and neither changes.
    searched: Option<(usize, bool)>,
}

impl Event {
    pub(super) fn new(stream: Arc<str>, message: Arc<str>) -> Self {
        Self {
            stream,
            message,
            searched: None,
        }
    }

    /// Whether it matches a pattern, given that pattern's number.
    pub(super) fn matches(&mut self, number: usize, pattern: &Pattern) -> bool {
        if let Some((of, matched)) = self.searched
            && of == number
        {
            return matched;
        }
        let matched = pattern.matches(&self.message);
        self.searched = Some((number, matched));
        matched
    }
}

/// The patterns that were ever searched for, by their texts: each has a number.
#[derive(Debug, Default)]
pub(super) struct Searches(BTreeMap<String, (usize, Arc<Pattern>)>);

impl Searches {
    /// A pattern and its number, read the first time only.
    pub(super) fn take(
        &mut self,
        text: &str,
        input: Input<'_>,
    ) -> Result<(usize, Arc<Pattern>), Fault> {
        if let Some((number, pattern)) = self.0.get(text) {
            return Ok((*number, Arc::clone(pattern)));
        }
        let (number, pattern) = (self.0.len(), Arc::new(parse(text, input)?));
        let kept = (number, Arc::clone(&pattern));
        self.0.insert(text.to_owned(), kept);
        Ok((number, pattern))
    }
}

/// The events of a group in the order in which they are read.
#[derive(Debug, Default)]
pub(super) struct Events {
    held: BTreeMap<Position, Event>,
    bytes: usize,
}

impl Events {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn range(
        &mut self,
        range: impl std::ops::RangeBounds<Position>,
    ) -> impl Iterator<Item = (&Position, &mut Event)> {
        self.held.range_mut(range)
    }
}

impl Group {
    pub(super) fn insert(
        &mut self,
        event: Event,
        timestamp: DateTime<Utc>,
        now: DateTime<Utc>,
        number: u64,
    ) {
        let position = (timestamp.timestamp_millis(), now.timestamp_millis(), number);
        self.events.bytes += event.message.len();
        self.events.held.insert(position, event);
        self.expire(now);
    }

    /// Forgets what is older than the retention. AWS deletes up to three days late, but shows none
    /// of it after the retention.
    fn expire(&mut self, now: DateTime<Utc>) {
        let Some(days) = self.retention else { return };
        let oldest = (now - TimeDelta::days(days)).timestamp_millis();
        while let Some(first) = self.events.held.first_entry() {
            if first.key().0 >= oldest {
                break;
            }
            self.events.bytes -= first.remove().message.len();
        }
    }
}

impl Logs {
    pub(super) fn put_log_events(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let stream = input.need("logStreamName")?;
        if !self.group(input)?.has_stream(stream) {
            let message = "The specified log stream does not exist.";
            return Err(Fault::client("ResourceNotFoundException", message));
        }
        let group = input.need("logGroupName")?;
        let now = scope.now;
        let mut rejected = serde_json::Map::new();
        let mut last = i64::MIN;
        for (event, index) in input.list("logEvents").iter().zip(0_u32..) {
            let event = Input::new(event, "InvalidParameterException");
            let millis = event
                .number("timestamp")
                .ok_or_else(|| input.fault("timestamp"))?;
            if millis < last {
                return Err(input.fault(
                    "Log events in a single PutLogEvents request must be in chronological order.",
                ));
            }
            last = millis;
            let at = time(millis);
            // Two hours ahead, fourteen days back; what lies outside is refused, not the batch.
            if at > now + TimeDelta::hours(2) {
                rejected
                    .entry("tooNewLogEventStartIndex")
                    .or_insert(index.into());
            } else if at < now - TimeDelta::days(14) {
                rejected.insert("tooOldLogEventEndIndex".to_owned(), (index + 1).into());
            } else {
                self.ingest(group, stream, at, event.need("message")?.into(), now);
            }
        }
        Ok(present(json!({
            "nextSequenceToken": self.ids.uuid(),
            "rejectedLogEventsInfo": (!rejected.is_empty()).then_some(rejected),
        })))
    }
}
