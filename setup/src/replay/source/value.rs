//! What one JSON value holds: a record, or one of the shapes in which records are passed around.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Recorded, Sources, within};

impl Sources {
    /// Takes apart whatever holds records; a record may stand by itself.
    pub(super) fn value(&mut self, path: &Path, at: &str, mut value: Value) {
        if let Value::Array(values) = value {
            return self.each(path, at, "record", values);
        }
        let Some(members) = value.as_object_mut() else {
            return self.reject(
                path,
                at,
                format!("a record must be an object; found {}", kind(&value)),
            );
        };
        if let Some(records) = members.remove("Records") {
            match records {
                Value::Array(records) => self.each(path, at, "record", records),
                other => {
                    let reason = format!("`Records` must be a list; found {}", kind(&other));
                    self.reject(path, at, reason);
                }
            }
        } else if let Some(Value::Array(events)) = members.remove("events") {
            self.each(path, at, "event", events);
        } else if let Some(Value::String(message)) = members.remove("message") {
            let millis = ["ingestionTime", "timestamp"];
            let mut millis = millis.iter().map(|member| value.get(*member)?.as_i64());
            let millis = millis.find_map(|millis| millis);
            self.log_event(path, at, &message, millis);
        } else if members.contains_key("detail-type") {
            match members.remove("detail") {
                Some(detail) if detail.get("eventName").is_some() => {
                    self.record(path, at, detail, None);
                }
                _ => self.reject(
                    path,
                    at,
                    "an EventBridge event that carries no CloudTrail record",
                ),
            }
        } else {
            self.record(path, at, value, None);
        }
    }

    pub(super) fn each(&mut self, path: &Path, at: &str, what: &str, values: Vec<Value>) {
        for (index, value) in values.into_iter().enumerate() {
            self.element(path, &within(at, &format!("{what} {}", index + 1)), value);
        }
    }

    pub(super) fn element(&mut self, path: &Path, at: &str, value: Value) {
        if value.get("Records").is_some() || value.is_array() {
            self.reject(path, at, "a list of records inside a list of records");
        } else {
            self.value(path, at, value);
        }
    }

    /// An event as FilterLogEvents returns it: its message is the record, its time in milliseconds that of the delivery.
    pub(crate) fn log_event(&mut self, path: &Path, at: &str, message: &str, millis: Option<i64>) {
        match serde_json::from_str::<Value>(message) {
            Ok(record) => {
                let delivered = millis.and_then(DateTime::from_timestamp_millis);
                self.record(path, at, record, delivered);
            }
            Err(error) => self.reject(path, at, format!("its message is no JSON record: {error}")),
        }
    }

    fn record(&mut self, path: &Path, at: &str, record: Value, delivered: Option<DateTime<Utc>>) {
        if !record.is_object() {
            let reason = format!("a record must be an object; found {}", kind(&record));
            return self.reject(path, at, reason);
        }
        let text = |member: &str| record.get(member).and_then(Value::as_str);
        if text("eventName").is_none() || text("eventSource").is_none() {
            let reason = "no CloudTrail record: it needs `eventSource` and `eventName`";
            return self.reject(path, at, reason);
        }
        match record
            .get("eventTime")
            .map(|time| (time, time.as_str().and_then(instant)))
        {
            Some((_, Some(time))) => self.keep(Recorded {
                record,
                time,
                delivered,
            }),
            Some((time, None)) => {
                let reason =
                    format!("its eventTime is no time such as 2026-01-01T00:00:00Z: {time}");
                self.reject(path, at, reason);
            }
            None => self.reject(path, at, "it has no eventTime"),
        }
    }
}

/// A time that a virtual clock can stand at.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    (0..=4_102_444_800)
        .contains(&time.timestamp())
        .then_some(time)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
