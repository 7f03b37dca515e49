//! Service events: the sentences that a service's log shows.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::request::epoch;

/// A service event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) at: DateTime<Utc>,
    pub(super) message: String,
}

impl Event {
    /// Made by hand: a service has a hundred of them, and every call that describes it lists them.
    pub(super) fn describe(&self) -> Value {
        let mut output = Map::new();
        output.insert("id".to_owned(), Value::String(format!("{:032x}", self.id)));
        output.insert("createdAt".to_owned(), epoch(self.at));
        output.insert("message".to_owned(), Value::String(self.message.clone()));
        Value::Object(output)
    }
}
