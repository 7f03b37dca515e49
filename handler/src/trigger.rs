//! What woke the handler. Most events mean "look now", whatever they say; some carry the push, and some name a tag.

mod carried;
mod direct;
mod subscription;

use std::time::Duration;

use serde_json::Value;

use crate::config;

pub use carried::Carried;
pub use direct::Direct;

/// An event, told by its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Its name in the report.
    pub name: &'static str,
    /// How far back to look instead of what the configuration says.
    pub look_back: Option<Duration>,
    /// Decide and report, but change nothing.
    pub dry_run: bool,
    /// Something about the event that a person should know.
    pub warning: Option<String>,
    /// What is to be done.
    pub task: Task,
}

/// What an event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Look into the log group.
    LookUp,
    /// Decide about these pushes; none where the event tells of something else that happened in a registry.
    Pushes(Vec<Carried>),
    /// Deploy the tag that somebody named.
    Deploy(Direct),
    /// Nothing, and say why.
    Refuse(String),
}

impl Trigger {
    /// Tells an event by its shape; any JSON is one.
    #[must_use]
    pub fn read(event: &Value) -> Self {
        let mut trigger = Self {
            name: name(event),
            look_back: None,
            dry_run: false,
            warning: None,
            task: Task::LookUp,
        };
        if trigger.name == "unknown" {
            trigger.warning = Some("an event of unknown shape: looked up all the same".to_owned());
        }
        if let Some(dry_run) = event.get("dry_run") {
            // Whoever writes this word means to be safe, however the value is spelt.
            trigger.dry_run = dry_run != &Value::Bool(false);
            if !dry_run.is_boolean() {
                trigger.warning = Some(format!(
                    "`dry_run` must be true or false; found {dry_run}: taken as true"
                ));
            }
        }
        if let Some(span) = event.get("look_back") {
            match span.as_str().and_then(look_back) {
                Some(span) => trigger.look_back = Some(span),
                None => {
                    trigger.warning = Some(format!(
                        "`look_back` must be from 1h to 366d, such as 24h; found {span}: the configuration's holds"
                    ));
                }
            }
        }
        let carried = match trigger.name {
            "ecr-event" => carried::ecr(event),
            "cloudtrail-event" => carried::cloudtrail(event),
            "log-subscription" => subscription::read(event),
            "direct" if direct::is_meant(event) => {
                trigger.task = match Direct::read(event) {
                    Ok(direct) => Task::Deploy(direct),
                    Err(why) => Task::Refuse(why),
                };
                return trigger;
            }
            _ => return trigger,
        };
        match carried {
            Ok(pushes) => trigger.task = Task::Pushes(pushes),
            // The push may be in the log all the same.
            Err(why) => trigger.warning = Some(format!("{why}: looked up instead")),
        }
        trigger
    }
}

/// A span from an hour to a year.
fn look_back(text: &str) -> Option<Duration> {
    let reach = Duration::from_hours(1)..=Duration::from_hours(366 * 24);
    config::span(text).filter(|span| reach.contains(span))
}

fn name(event: &Value) -> &'static str {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    if text("/Records/0/EventSource") == Some("aws:sns") {
        // Whatever the message says: every message on the topic is a reason to look.
        return "alarm";
    }
    if event.get("alarmData").is_some() {
        return "alarm";
    }
    if event.pointer("/awslogs/data").is_some() {
        return "log-subscription";
    }
    match text("/detail-type") {
        Some("Scheduled Event") => "sweep",
        Some(kind) if carried::ECR_EVENTS.contains(&kind) => "ecr-event",
        Some("AWS API Call via CloudTrail") => "cloudtrail-event",
        Some("ECS Deployment State Change") => "deployment",
        _ if event.get("look_back").is_some()
            || direct::is_meant(event)
            || event.get("dry_run").is_some() =>
        {
            "direct"
        }
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Trigger;

    #[test]
    fn events_are_told_by_their_shape() {
        let table = [
            (
                json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{"}}]}),
                "alarm",
            ),
            (
                json!({"source": "aws.cloudwatch", "alarmData": {}}),
                "alarm",
            ),
            (
                json!({"detail-type": "Scheduled Event", "source": "aws.events"}),
                "sweep",
            ),
            (json!({"detail-type": "ECR Image Action"}), "ecr-event"),
            (json!({"awslogs": {"data": "H4sI"}}), "log-subscription"),
            (json!({"look_back": "24h"}), "direct"),
            (json!({}), "unknown"),
            (json!(null), "unknown"),
            (json!("Records"), "unknown"),
            (json!([1, 2]), "unknown"),
        ];
        for (event, name) in table {
            assert_eq!(Trigger::read(&event).name, name, "{event}");
        }
    }

    #[test]
    fn rule_10_a_dry_run_that_is_misspelt_is_still_dry() {
        for (value, dry) in [
            (json!(true), true),
            (json!(false), false),
            (json!("true"), true),
            (json!(1), true),
            (json!(null), true),
        ] {
            let trigger = Trigger::read(&json!({"dry_run": value}));
            assert_eq!(trigger.dry_run, dry, "{value}");
            assert_eq!(trigger.warning.is_some(), !value.is_boolean(), "{value}");
        }
        assert!(!Trigger::read(&json!({})).dry_run);
    }

    #[test]
    fn rule_10_a_wrong_look_back_is_said_and_does_no_harm() {
        for wrong in [
            json!("x"),
            json!(5),
            json!("0h"),
            json!("99999999999999999999h"),
        ] {
            let trigger = Trigger::read(&json!({"look_back": wrong}));
            assert_eq!(trigger.look_back, None);
            assert!(trigger.warning.unwrap().contains("look_back"));
        }
        let day = Trigger::read(&json!({"look_back": "2d"}))
            .look_back
            .unwrap();
        assert_eq!(day.as_secs(), 2 * 24 * 3600);
    }
}
