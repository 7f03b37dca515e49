//! A task that something starts at its time: a target of a rule, or a schedule.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Where a target stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// Among the targets of a rule.
    Rule {
        /// Name of the event bus.
        bus: String,
        /// Name of the rule.
        rule: String,
        /// The target's `Id`.
        target: String,
    },
    /// In a schedule of EventBridge Scheduler.
    Schedule {
        /// Name of its group.
        group: String,
        /// Its name.
        name: String,
    },
}

impl At {
    /// What stands in place of a cluster in the report.
    #[must_use]
    pub fn cluster(&self) -> &'static str {
        match self {
            Self::Rule { .. } => super::EVENTS,
            Self::Schedule { .. } => super::SCHEDULER,
        }
    }
}

/// `bus/rule/target`, or `group/schedule`: what stands in place of a service in the report.
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule { bus, rule, target } => write!(f, "{bus}/{rule}/{target}"),
            Self::Schedule { group, name } => write!(f, "{group}/{name}"),
        }
    }
}

/// A target that is an ECS task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Where it stands.
    pub at: At,
    /// ARN of the cluster in which the task is started.
    pub cluster: String,
    /// As it is written: an ARN with a revision, or without one, which stands for the latest ACTIVE one.
    pub task_definition: String,
    /// The role by which EventBridge starts it.
    pub role: Option<String>,
    /// When it was last changed; only schedules say so.
    pub changed: Option<DateTime<Utc>>,
    /// The target, or the whole schedule, exactly as it was returned.
    pub raw: Value,
}

impl Task {
    /// One of the targets that `ListTargetsByRule` returned; `None` for one that is no ECS task.
    #[must_use]
    pub fn of_rule(bus: &str, rule: &str, raw: &Value) -> Option<Self> {
        let at = At::Rule {
            bus: bus.to_owned(),
            rule: rule.to_owned(),
            target: raw.get("Id")?.as_str()?.to_owned(),
        };
        Self::read(at, raw, raw, None)
    }

    /// What `GetSchedule` returned; `None` for one that starts no ECS task by its own parameters.
    #[must_use]
    pub fn of_schedule(raw: &Value) -> Option<Self> {
        let text = |member: &str| raw.get(member)?.as_str().map(str::to_owned);
        let at = At::Schedule {
            group: text("GroupName")?,
            name: text("Name")?,
        };
        let changed = raw.get("LastModificationDate").and_then(time);
        Self::read(at, raw.get("Target")?, raw, changed)
    }

    fn read(at: At, target: &Value, raw: &Value, changed: Option<DateTime<Utc>>) -> Option<Self> {
        let task = target.pointer("/EcsParameters/TaskDefinitionArn")?;
        Some(Self {
            at,
            cluster: target.get("Arn")?.as_str()?.to_owned(),
            task_definition: task.as_str()?.to_owned(),
            role: target
                .get("RoleArn")
                .and_then(Value::as_str)
                .map(str::to_owned),
            changed,
            raw: raw.clone(),
        })
    }

    /// The family, as the ARN without the revision; and the revision, where one is named.
    #[must_use]
    pub fn family(&self) -> (&str, Option<u64>) {
        family(&self.task_definition)
    }
}

/// The family of a revision, as its ARN without the number; and the number, where there is one.
#[must_use]
pub fn family(arn: &str) -> (&str, Option<u64>) {
    let name = arn.rfind('/').unwrap_or_default();
    match arn.rsplit_once(':') {
        Some((family, number)) if family.len() > name => match number.parse() {
            Ok(number) => (family, Some(number)),
            Err(_) => (arn, None),
        },
        _ => (arn, None),
    }
}

/// A time as the APIs carry it in JSON: seconds since 1970, with a fraction, of which milliseconds are kept.
#[must_use]
pub fn time(value: &Value) -> Option<DateTime<Utc>> {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a time beyond the range of whole milliseconds saturates, and is no time"
    )]
    let millis = (value.as_f64()? * 1000.0) as i64;
    DateTime::from_timestamp_millis(millis)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{At, Task, family};

    #[test]
    fn a_family_is_told_from_a_revision_of_it() {
        let arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web";
        assert_eq!(family(&format!("{arn}:12")), (arn, Some(12)));
        assert_eq!(family(arn), (arn, None));
        assert_eq!(family("web:3"), ("web", Some(3)));
        assert_eq!(family("web"), ("web", None));
        assert_eq!(family(""), ("", None));
    }

    #[test]
    fn rule_10_what_is_no_task_of_ecs_is_passed_over() {
        let task = json!({"Id": "1", "Arn": "c", "EcsParameters": {"TaskDefinitionArn": "web:1"}});
        let read = Task::of_rule("default", "nightly", &task).unwrap();
        assert_eq!(read.at.to_string(), "default/nightly/1");
        for other in [
            json!({"Id": "1", "Arn": "arn:aws:lambda:r:a:function:f"}),
            json!({"Arn": "c", "EcsParameters": {"TaskDefinitionArn": "web:1"}}),
            json!({"Id": "1", "EcsParameters": {"TaskDefinitionArn": "web:1"}}),
            json!({"Id": "1", "Arn": "c", "EcsParameters": {"TaskDefinitionArn": 5}}),
            json!(null),
        ] {
            assert_eq!(Task::of_rule("default", "nightly", &other), None, "{other}");
        }
        let schedule =
            json!({"GroupName": "g", "Name": "n", "Target": task, "LastModificationDate": 1.5});
        let read = Task::of_schedule(&schedule).unwrap();
        let at = At::Schedule {
            group: "g".to_owned(),
            name: "n".to_owned(),
        };
        assert_eq!(
            (read.at, read.changed.unwrap().timestamp_millis()),
            (at, 1500)
        );
    }
}
