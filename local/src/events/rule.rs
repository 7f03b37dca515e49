//! One rule of a bus.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::event_pattern::EventPattern;
use crate::input::{Input, present};
use crate::service::{Fault, Scope};

#[derive(Debug)]
pub(super) struct Rule {
    /// Name of its bus.
    pub(super) bus: String,
    pub(super) schedule: Option<String>,
    pub(super) every: Option<TimeDelta>,
    pub(super) pattern: Option<EventPattern>,
    pub(super) description: Option<String>,
    pub(super) role: Option<String>,
    pub(super) enabled: bool,
    pub(super) due: Option<DateTime<Utc>>,
    pub(super) targets: BTreeMap<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
    /// The service that made it, and alone may change it.
    pub(super) managed_by: Option<String>,
}

impl Rule {
    pub(super) fn takes(&self, event: &Value) -> bool {
        self.listens().is_some_and(|pattern| pattern.takes(event))
    }

    /// Whether it may take an event of which only some members are known.
    pub(super) fn may_take(&self, known: &Value) -> bool {
        self.listens()
            .is_some_and(|pattern| pattern.may_take(known))
    }

    fn listens(&self) -> Option<&EventPattern> {
        self.pattern.as_ref().filter(|_| self.enabled)
    }

    /// A rate counts from the moment at which the rule was made or enabled.
    pub(super) fn first_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.every.filter(|_| self.enabled).map(|every| now + every)
    }

    /// `key` is its name, after its bus where that is not the default.
    pub(super) fn describe(&self, key: &str, scope: &Scope<'_>) -> Value {
        present(json!({
            "Name": name(key),
            "Arn": rule_arn(key, scope),
            "EventBusName": self.bus,
            "ManagedBy": self.managed_by,
            "ScheduleExpression": self.schedule,
            "EventPattern": self.pattern.as_ref().map(|pattern| &pattern.text),
            "Description": self.description,
            "RoleArn": self.role,
            "State": if self.enabled { "ENABLED" } else { "DISABLED" },
        }))
    }
}

/// The name in a key.
pub(super) fn name(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, name)| name)
}

pub(super) fn rule_arn(key: &str, scope: &Scope<'_>) -> String {
    scope.place.arn("events", &format!("rule/{key}"))
}

/// `rate(1 hour)`, `rate(5 minutes)`: the unit is singular for one and plural for more.
pub(super) fn interval(text: &str, input: Input<'_>) -> Result<TimeDelta, Fault> {
    let invalid = || input.fault("Parameter ScheduleExpression is not valid.");
    if text.starts_with("cron(") {
        let message = "the pocket account does not simulate cron schedules: use rate(…)";
        return Err(Fault::client("NotImplemented", message).with_status(501));
    }
    let rate = text
        .strip_prefix("rate(")
        .and_then(|rest| rest.strip_suffix(')'));
    let (count, unit) = rate
        .and_then(|rate| rate.trim().split_once(' '))
        .ok_or_else(invalid)?;
    let count: i32 = count
        .parse()
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(invalid)?;
    let minutes = match (unit.trim(), count) {
        ("minute", 1) | ("minutes", 2..) => 1,
        ("hour", 1) | ("hours", 2..) => 60,
        ("day", 1) | ("days", 2..) => 24 * 60,
        _ => return Err(invalid()),
    };
    Ok(TimeDelta::minutes(i64::from(count) * minutes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rate_has_a_count_and_its_unit() {
        let input = json!({});
        let rate = |text: &str| interval(text, Input::new(&input, "ValidationException"));
        assert_eq!(rate("rate(1 minute)"), Ok(TimeDelta::minutes(1)));
        assert_eq!(rate("rate(5 minutes)"), Ok(TimeDelta::minutes(5)));
        assert_eq!(rate("rate(2 days)"), Ok(TimeDelta::days(2)));
        for text in [
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(0 minutes)",
            "5 minutes",
            "rate()",
        ] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
