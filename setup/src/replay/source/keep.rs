//! Which records are kept: those of pushes, and of other calls as many as can matter.
//!
//! Of other calls the pipeline only sees that the log group lives: a minute with events of which none matches gives the metric
//! its default. The trail that setup makes passes on what writes, so of these one a minute is enough, delivered a whole
//! number of minutes after it, so that each minute of delivery has one as well.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::value::instant;
use super::{Recorded, Sources};

/// So many records of calls other than pushes are kept.
const MOST_OTHERS: usize = 50_000;
/// What a trail, the bus and the log group look at in the record of another call.
const ENOUGH: [&str; 11] = [
    "addendum",
    "awsRegion",
    "errorCode",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
];
/// How long CloudTrail takes on average:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html>.
const USUAL: TimeDelta = TimeDelta::minutes(5);
/// Every record of a push says so somewhere.
const PUSH: &str = "PutImage";

/// What the record of another call must say.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that they are there is all that counts")]
struct Brief<'t> {
    #[serde(borrow, rename = "eventName")]
    name: Cow<'t, str>,
    #[serde(borrow, rename = "eventSource")]
    source: Cow<'t, str>,
    #[serde(borrow, rename = "eventTime")]
    time: Cow<'t, str>,
}

impl Sources {
    /// Adds what was read of one file.
    pub(crate) fn add(&mut self, read: Self) {
        self.rejected.extend(read.rejected);
        self.omitted += read.omitted;
        for recorded in read.records {
            self.keep(recorded);
        }
    }

    /// Keeps a record, unless it is of another call and one of its minute is held.
    pub(super) fn keep(&mut self, recorded: Recorded) {
        if is_push(&recorded.record) {
            return self.records.push(recorded);
        }
        if let Some(minutes) = &mut self.minutes {
            if passes(&recorded.record) && minutes.insert(minute(recorded.time)) {
                self.records.push(slim(recorded));
            } else {
                self.omitted += 1;
            }
            return;
        }
        self.others += 1;
        self.records.push(headed(recorded));
        if self.others > MOST_OTHERS {
            self.thin();
        }
    }

    /// From now on one record of another call a minute is enough.
    fn thin(&mut self) {
        let mut minutes = BTreeSet::new();
        let before = self.records.len();
        self.records.retain(|held| {
            let mut other = || passes(&held.record) && minutes.insert(minute(held.time));
            is_push(&held.record) || other()
        });
        for held in &mut self.records {
            if !is_push(&held.record) {
                held.delivered = Some(held.time + USUAL);
            }
        }
        self.omitted += before - self.records.len();
        self.minutes = Some(minutes);
    }

    /// Whether a record need not be looked at further: it is whole, of another call, and in a minute of which one is held.
    pub(super) fn is_passed(&self, text: &[u8], held: Option<&BTreeSet<i64>>) -> bool {
        let minutes = || self.minutes.iter().chain(held);
        if minutes().next().is_none() || may_be_push(text) {
            return false;
        }
        let brief = serde_json::from_slice::<Brief>(text).ok();
        let time = brief.and_then(|brief| instant(&brief.time));
        time.is_some_and(|time| minutes().any(|minutes| minutes.contains(&minute(time))))
    }
}

/// Whether the trail that setup makes passes a record on: a management event that writes.
fn passes(record: &Value) -> bool {
    let says = |member: &str, value: bool| record.get(member) == Some(&Value::Bool(value));
    !says("readOnly", true) && !says("managementEvent", false)
}

/// What of a record of another call is enough: a tenth of it, mostly.
fn headed(mut recorded: Recorded) -> Recorded {
    if let Some(members) = recorded.record.as_object_mut() {
        members.retain(|name, _| ENOUGH.contains(&name.as_str()));
    }
    recorded
}

/// The same, delivered a whole number of minutes after it.
fn slim(recorded: Recorded) -> Recorded {
    Recorded {
        delivered: Some(recorded.time + USUAL),
        ..headed(recorded)
    }
}

/// Whether a record is of a push, or of an attempt at one.
fn is_push(record: &Value) -> bool {
    record.get("eventName").is_some_and(|name| name == PUSH)
}

/// Whether the text of a record may be that of a push, spelled with escapes or not.
fn may_be_push(text: &[u8]) -> bool {
    memchr::memmem::find(text, PUSH.as_bytes()).is_some()
        || memchr::memmem::find(text, b"\\u").is_some()
}

/// The minute since 1970 in which a time lies.
fn minute(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(60)
}
