//! EventBridge Scheduler: schedules in their groups, kept as they were put. None of them fires.
//!
//! | behaviour | source |
//! |---|---|
//! | `UpdateSchedule` puts in place what it is given: what a request leaves out has its default again | API reference, UpdateSchedule |
//! | a start that is over five minutes past is refused by creation and update of what repeats | moto's validation, taken from AWS |
//! | `ListSchedules` goes over all groups unless one is named, a hundred a page, and gives of a target the ARN alone | API reference, ListSchedules |
//! | a group has to be there; `default` always is | API reference |

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::input::{Input, not_implemented, page, present};
use crate::service::{Answer, Fault, Scope};

/// The group that every account has.
const DEFAULT: &str = "default";
/// How long a start may be past, in seconds.
const LATE: f64 = 300.0;
/// What is said of a schedule besides what was put.
const OUTPUT_ONLY: [&str; 5] = [
    "Arn",
    "ClientToken",
    "CreationDate",
    "LastModificationDate",
    "Name",
];

/// The schedules of an account.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    /// By group and name, with a slash between.
    schedules: BTreeMap<String, Schedule>,
    /// Besides the default.
    groups: BTreeSet<String>,
}

#[derive(Debug)]
struct Schedule {
    /// As it was put, unknown members included.
    put: Map<String, Value>,
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
}

impl Scheduler {
    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let given = input;
        let input = Input::new(input, "ValidationException");
        match operation {
            "CreateScheduleGroup" => {
                let name = input.need("Name")?;
                if name == DEFAULT || !self.groups.insert(name.to_owned()) {
                    let message = format!("Schedule group {name} already exists.");
                    return Err(Fault::client("ConflictException", message).with_status(409));
                }
                let arn = scope
                    .place
                    .arn("scheduler", &format!("schedule-group/{name}"));
                Ok(json!({"ScheduleGroupArn": arn}))
            }
            "CreateSchedule" => {
                let key = self.key(input)?;
                if self.schedules.contains_key(&key) {
                    let message = format!("Schedule {} already exists.", input.need("Name")?);
                    return Err(Fault::client("ConflictException", message).with_status(409));
                }
                check(input, scope.now)?;
                let schedule = Schedule {
                    put: put(given),
                    created: scope.now,
                    changed: scope.now,
                };
                self.schedules.insert(key.clone(), schedule);
                Ok(json!({"ScheduleArn": arn(&key, scope)}))
            }
            "UpdateSchedule" => {
                let key = self.key(input)?;
                check(input, scope.now)?;
                let schedule = self.schedule(&key)?;
                schedule.put = put(given);
                schedule.changed = scope.now;
                Ok(json!({"ScheduleArn": arn(&key, scope)}))
            }
            "GetSchedule" => {
                let key = self.key(input)?;
                Ok(self.schedule(&key)?.told(&key, scope))
            }
            "DeleteSchedule" => {
                let key = self.key(input)?;
                self.schedule(&key)?;
                self.schedules.remove(&key);
                Ok(json!({}))
            }
            "ListSchedules" => {
                let group = input.text("GroupName").map(|group| format!("{group}/"));
                let within = |key: &str| group.as_ref().is_none_or(|of| key.starts_with(of));
                let all = self.schedules.iter().filter(|(key, _)| within(key));
                let most = input.number("MaxResults");
                let most = most.and_then(|most| usize::try_from(most).ok());
                let most = most.unwrap_or(100).clamp(1, 100);
                let (all, next) = page(all, input.text("NextToken"), most);
                let all = all.into_iter();
                let all: Vec<_> = all.map(|(key, one)| one.summary(key, scope)).collect();
                Ok(present(json!({"Schedules": all, "NextToken": next})))
            }
            _ => Err(not_implemented("scheduler", operation)),
        }
    }

    fn key(&self, input: Input<'_>) -> Result<String, Fault> {
        let group = input.text("GroupName").unwrap_or(DEFAULT);
        if group != DEFAULT && !self.groups.contains(group) {
            let message = format!("Schedule group {group} does not exist.");
            return Err(Fault::client("ResourceNotFoundException", message).with_status(404));
        }
        Ok(format!("{group}/{}", input.need("Name")?))
    }

    fn schedule(&mut self, key: &str) -> Result<&mut Schedule, Fault> {
        self.schedules.get_mut(key).ok_or_else(|| {
            let name = key.rsplit('/').next().unwrap_or(key);
            let message = format!("Schedule {name} does not exist.");
            Fault::client("ResourceNotFoundException", message).with_status(404)
        })
    }
}

impl Schedule {
    fn told(&self, key: &str, scope: &Scope<'_>) -> Value {
        let (group, name) = key.split_once('/').unwrap_or((DEFAULT, key));
        let mut told = self.put.clone();
        let of = json!({
            "Arn": arn(key, scope), "Name": name, "GroupName": group,
            "CreationDate": seconds(self.created), "LastModificationDate": seconds(self.changed),
        });
        told.extend(of.as_object().cloned().unwrap_or_default());
        // What is said of a schedule where nobody said anything.
        for (member, default) in [
            ("ActionAfterCompletion", "NONE"),
            ("ScheduleExpressionTimezone", "UTC"),
            ("State", "ENABLED"),
        ] {
            told.entry(member).or_insert_with(|| json!(default));
        }
        Value::Object(told)
    }

    fn summary(&self, key: &str, scope: &Scope<'_>) -> Value {
        let told = self.told(key, scope);
        let mut brief = Map::new();
        for member in [
            "Arn",
            "CreationDate",
            "GroupName",
            "LastModificationDate",
            "Name",
            "State",
        ] {
            brief.insert(
                member.to_owned(),
                told.get(member).cloned().unwrap_or_default(),
            );
        }
        let target = told.pointer("/Target/Arn").cloned();
        brief.insert("Target".to_owned(), json!({"Arn": target}));
        Value::Object(brief)
    }
}

fn put(input: &Value) -> Map<String, Value> {
    let mut put = input.as_object().cloned().unwrap_or_default();
    put.retain(|member, value| !OUTPUT_ONLY.contains(&member.as_str()) && !value.is_null());
    put
}

fn check(input: Input<'_>, now: DateTime<Utc>) -> Result<(), Fault> {
    let expression = input.need("ScheduleExpression")?;
    let empty = json!({});
    let window = Input::new(
        input.get("FlexibleTimeWindow").unwrap_or(&empty),
        "ValidationException",
    );
    window.need("Mode")?;
    let target = Input::new(input.get("Target").unwrap_or(&empty), "ValidationException");
    target.need("Arn")?;
    target.need("RoleArn")?;
    let past = |start: f64| start < seconds(now) - LATE;
    if !expression.starts_with("at(") && input.float("StartDate").is_some_and(past) {
        return Err(input.fault("The StartDate you specify cannot be earlier than 5 minutes ago."));
    }
    Ok(())
}

#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 fit a double for as long as anybody will read them"
)]
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

fn arn(key: &str, scope: &Scope<'_>) -> String {
    scope.place.arn("scheduler", &format!("schedule/{key}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(minute)
    }

    #[test]
    fn an_update_puts_all_in_place_and_what_it_leaves_out_is_gone() {
        let place = Options::default().place();
        let scope = |minute| Scope {
            now: at(minute),
            place: &place,
        };
        let mut scheduler = Scheduler::default();
        let whole = json!({"Name": "nightly", "GroupName": "jobs", "ScheduleExpression": "rate(1 day)",
            "Description": "d", "FlexibleTimeWindow": {"Mode": "OFF"}, "OfTomorrow": {"a": [1]},
            "Target": {"Arn": "c", "RoleArn": "r"}});
        let no_group = scheduler.call("CreateSchedule", &whole, &scope(0));
        assert_eq!(no_group.unwrap_err().code, "ResourceNotFoundException");
        let group = json!({"Name": "jobs"});
        scheduler
            .call("CreateScheduleGroup", &group, &scope(0))
            .unwrap();
        scheduler.call("CreateSchedule", &whole, &scope(1)).unwrap();
        let name = json!({"Name": "nightly", "GroupName": "jobs"});
        let told = scheduler.call("GetSchedule", &name, &scope(2)).unwrap();
        assert_eq!(told["OfTomorrow"], json!({"a": [1]}));
        let mut less = whole.clone();
        less.as_object_mut().unwrap().remove("Description");
        scheduler.call("UpdateSchedule", &less, &scope(3)).unwrap();
        let told = scheduler.call("GetSchedule", &name, &scope(4)).unwrap();
        assert_eq!(told.get("Description"), None);
        assert_eq!(told["CreationDate"], 60.0);
        assert_eq!(told["LastModificationDate"], 180.0);
        less["StartDate"] = json!(60);
        let late = scheduler.call("UpdateSchedule", &less, &scope(7));
        assert!(late.unwrap_err().message.contains("5 minutes"));
        let elsewhere = json!({"Name": "nightly"});
        let missing = scheduler.call("GetSchedule", &elsewhere, &scope(7));
        assert_eq!(missing.unwrap_err().status, 404);
    }

    #[test]
    fn a_list_has_pages_over_all_groups() {
        let place = Options::default().place();
        let scope = Scope {
            now: at(0),
            place: &place,
        };
        let mut scheduler = Scheduler::default();
        for name in 0..101 {
            let one = json!({"Name": format!("n{name}"), "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": "c", "RoleArn": "r"}});
            scheduler.call("CreateSchedule", &one, &scope).unwrap();
        }
        let first = scheduler.call("ListSchedules", &json!({}), &scope).unwrap();
        assert_eq!(first["Schedules"].as_array().unwrap().len(), 100);
        let next = json!({"NextToken": first["NextToken"]});
        let second = scheduler.call("ListSchedules", &next, &scope).unwrap();
        assert_eq!(second["Schedules"].as_array().unwrap().len(), 1);
        assert_eq!(second.get("NextToken"), None);
    }
}
