//! Rule 5, only the image changes: the new revision equals the old one in every member, known and unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::definitions::Definition;
use super::roll::Roll;
use super::{Model, Moment};

/// What ECS adds by itself (API model, `TaskDefinition`; facts/aws.md section 7).
const OUTPUT_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "deregisteredAt",
    "deleteRequestedAt",
    "registeredBy",
];

impl Model {
    /// The revision is compared with what ran when it was deployed. Which images may change is rule 4.
    ///
    /// Excuse: where somebody deployed while the handler was at work, it may have copied what ran when it began.
    pub(super) fn check_members(&mut self, roll: &Roll, moment: Moment<'_>) {
        let mut differing = differences(&roll.old, &roll.new);
        if !differing.is_empty() && roll.base.at >= self.since(moment) {
            let before = roll.service.before.as_ref();
            let before = before.and_then(|b| self.definitions.get(&b.definition, moment.account));
            if before.is_some_and(|before| differences(&before, &roll.new).is_empty()) {
                differing.clear();
            }
        }
        if !differing.is_empty() {
            let names: Vec<String> = differing.into_iter().collect();
            let what = format!(
                "{}: the new revision differs from {} in {}",
                roll.name(),
                roll.base.definition,
                names.join(", ")
            );
            self.say(5, moment.at, what);
        }
    }
}

/// The members in which two definitions differ, images and `ecroll:` tags apart.
fn differences(old: &Definition, new: &Definition) -> BTreeSet<String> {
    let mut differing = BTreeSet::new();
    let (one, other) = (members(&old.raw), members(&new.raw));
    for name in one.keys().chain(other.keys()) {
        if one.get(name) != other.get(name) {
            differing.insert(name.clone());
        }
    }
    // Tags of AWS itself (`aws:`) cannot be written.
    let kept = |tags: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let mut tags = tags.clone();
        tags.retain(|key, _| !key.starts_with("ecroll:") && !key.starts_with("aws:"));
        tags
    };
    if kept(&old.tags) != kept(&new.tags) {
        differing.insert("tags".to_owned());
    }
    differing
}

fn members(raw: &Value) -> BTreeMap<String, Value> {
    let all = raw.as_object().into_iter().flatten();
    let input = all.filter(|(name, _)| !OUTPUT_ONLY.contains(&name.as_str()));
    let mut members: BTreeMap<String, Value> = input
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let containers = members.get_mut("containerDefinitions");
    let containers = containers.and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        if let Some(container) = container.as_object_mut() {
            container.remove("image");
        }
    }
    members
}
