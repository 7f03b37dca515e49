//! One role: what it is, and which of its policies count by now.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::encoded;
use crate::input::{present, tag_list};
use crate::policy::{self, Policies};

#[derive(Debug)]
pub(super) struct Role {
    pub(super) path: String,
    pub(super) arn: Arc<str>,
    pub(super) id: String,
    pub(super) created: DateTime<Utc>,
    pub(super) trust: String,
    pub(super) description: Option<String>,
    pub(super) max_session: i64,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) policies: BTreeMap<String, String>,
    /// The policies as they are read, each state with the time from which it counts; the last is the newest.
    pub(super) effective: Vec<(DateTime<Utc>, Arc<Policies>)>,
}

impl Role {
    /// The policies have changed: everybody sees that `spread` later.
    pub(super) fn changed(&mut self, now: DateTime<Utc>, spread: TimeDelta) {
        let read = read(self.policies.values());
        let current = self.effective.iter().rposition(|(from, _)| *from <= now);
        // What nobody can see any more.
        self.effective.drain(..current.unwrap_or_default());
        self.effective.push((now + spread, read));
    }

    /// The policies that count at a time.
    pub(super) fn policies_at(&self, now: DateTime<Utc>) -> Arc<Policies> {
        let mut newest_first = self.effective.iter().rev();
        let counting = newest_first.find(|(from, _)| *from <= now);
        counting.map_or_else(Arc::default, |(_, policies)| Arc::clone(policies))
    }

    pub(super) fn describe(&self, name: &str) -> Value {
        present(json!({
            "Path": self.path,
            "RoleName": name,
            "RoleId": self.id,
            "Arn": &*self.arn,
            "CreateDate": self.created.timestamp(),
            "AssumeRolePolicyDocument": encoded(&self.trust),
            "Description": self.description,
            "MaxSessionDuration": self.max_session,
            "Tags": if self.tags.is_empty() { Value::Null } else { tag_list(&self.tags) },
        }))
    }
}

/// Reads policy documents that were taken as well formed.
pub(super) fn read<'a>(documents: impl Iterator<Item = &'a String>) -> Arc<Policies> {
    let documents: Vec<Value> = documents
        .filter_map(|text| policy::parse(text).ok())
        .collect();
    Arc::new(Policies::read(&documents))
}
