//! Moving one task: it is read again, and put as it was with another revision.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::goal::Run;
use super::mark::Mark;
use super::task::{At, Task};
use super::{Work, read};
use crate::error::AwsError;
use crate::report::Outcome;

/// How long a move may take at worst.
const MOVE: TimeDelta = TimeDelta::seconds(30);

/// What a schedule says of itself that nobody may put.
///
/// A list of what to leave out, not of what to keep: whatever Scheduler adds next is kept.
/// Source: the API model of Scheduler, members of `GetScheduleOutput` that are no members of `UpdateScheduleInput`; the name
/// stands in the path.
const OUTPUT_ONLY: [&str; 4] = ["Arn", "CreationDate", "LastModificationDate", "Name"];

/// Why a task was not moved after all.
pub(super) struct Stop {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    pub(super) retryable: bool,
    /// The next look-up decides.
    pub(super) waits: bool,
}

impl Stop {
    fn meanwhile(what: &str) -> Self {
        Self {
            outcome: Outcome::Held,
            reason: format!("{what}; the next look-up decides"),
            retryable: false,
            waits: true,
        }
    }
}

impl From<AwsError> for Stop {
    fn from(error: AwsError) -> Self {
        if read::is_gone(&error) {
            return Self {
                outcome: Outcome::Skipped,
                reason: "it was deleted meanwhile".to_owned(),
                retryable: false,
                waits: false,
            };
        }
        // Changed by somebody at this moment. Source: the API models, PutTargets and UpdateSchedule.
        let busy = ["ConcurrentModificationException", "ConflictException"]
            .iter()
            .any(|code| error.message.starts_with(code));
        if busy {
            return Self::meanwhile("somebody is changing it");
        }
        // What repeats may not have begun long ago, once it is put again.
        let begun = error.message.contains("StartDate");
        let hint = match (error.denied(), begun) {
            (true, _) => ": run `ecroll setup`, which names the roles of today's targets",
            (_, true) => {
                ": Scheduler takes no schedule again whose start is past: remove its start, or name the family without a \
                 revision"
            }
            _ => "",
        };
        Self {
            outcome: if begun {
                Outcome::Refused
            } else {
                Outcome::Failed
            },
            reason: format!("{error}{hint}"),
            retryable: error.retryable,
            waits: false,
        }
    }
}

impl Work<'_> {
    /// Moves a task to a revision. `arn` is that of its rule.
    pub(super) async fn act(&self, task: &Task, arn: &str, run: &Run) -> Result<(), Stop> {
        if !self.until.allows(self.context.now() + MOVE) {
            return Err(Stop {
                outcome: Outcome::Failed,
                reason: self.until.too_late(),
                retryable: true,
                waits: true,
            });
        }
        let to = &run.definition.arn;
        match &task.at {
            At::Rule { bus, rule, target } => {
                self.mark(arn, target, false, to).await?;
                self.put_target(task, (bus, rule, target), to).await?;
                // The target is there already: that this is not noted yet is seen by the next look-up.
                if let Err(error) = self.mark(arn, target, true, to).await {
                    let at = task.at.to_string();
                    tracing::warn!(at, %error, "moved, but not noted");
                }
                Ok(())
            }
            At::Schedule { group, name } => self.update(task, group, name, to).await,
        }
    }

    /// Notes that a rule's target has a revision: from now on a lower one is what somebody chose.
    pub(super) async fn note(&self, task: &Task, arn: &str, to: &str) {
        let At::Rule { target, .. } = &task.at else {
            return;
        };
        if let Err(error) = self.mark(arn, target, true, to).await {
            let at = task.at.to_string();
            tracing::warn!(at, %error, "not noted");
        }
    }

    async fn mark(&self, arn: &str, target: &str, moved: bool, to: &str) -> Result<(), AwsError> {
        let tag = json!({"Key": Mark::key(target), "Value": Mark::value(moved, to)});
        let input = json!({"ResourceARN": arn, "Tags": [tag]});
        let events = self.at.site.events();
        events.call("TagResource", &input).await.map(drop)
    }

    async fn put_target(
        &self,
        task: &Task,
        (bus, rule, id): (&str, &str, &str),
        to: &str,
    ) -> Result<(), Stop> {
        const CALL: &str = "PutTargets";
        let events = self.at.site.events();
        let now = read::targets(events, bus, rule).await?;
        let now = now
            .iter()
            .find(|target| target.get("Id").and_then(Value::as_str) == Some(id));
        if now != Some(&task.raw) {
            return Err(Stop::meanwhile("the target was changed meanwhile"));
        }
        let target = moved(&task.raw, "/EcsParameters/TaskDefinitionArn", to)?;
        let input = json!({"Rule": rule, "EventBusName": bus, "Targets": [target]});
        let answer = events.call(CALL, &input).await?;
        refused(&answer)
    }

    async fn update(&self, task: &Task, group: &str, name: &str, to: &str) -> Result<(), Stop> {
        let scheduler = self.at.site.scheduler();
        let now = read::schedule(scheduler, group, name).await?;
        if now != task.raw {
            return Err(Stop::meanwhile("the schedule was changed meanwhile"));
        }
        let mut schedule = moved(&task.raw, "/Target/EcsParameters/TaskDefinitionArn", to)?;
        if let Some(members) = schedule.as_object_mut() {
            for member in OUTPUT_ONLY {
                members.remove(member);
            }
        }
        let path = read::path(name);
        let put = scheduler.at("UpdateSchedule", "PUT", &path, Some(&schedule));
        put.await?;
        Ok(())
    }
}

/// The same with another revision.
fn moved(raw: &Value, pointer: &str, to: &str) -> Result<Value, Stop> {
    let mut raw = raw.clone();
    match raw.pointer_mut(pointer) {
        Some(task) => *task = json!(to),
        None => return Err(Stop::meanwhile("it names no task definition any more")),
    }
    Ok(raw)
}

/// A call of `PutTargets` succeeds also where it did nothing: then it says so in its answer.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html>
fn refused(answer: &Value) -> Result<(), Stop> {
    let failed = answer.get("FailedEntryCount").and_then(Value::as_u64);
    let first = answer.pointer("/FailedEntries/0");
    if failed.unwrap_or_default() == 0 && first.is_none() {
        return Ok(());
    }
    let text = |member: &str| first.and_then(|entry| entry.get(member)?.as_str());
    let code = text("ErrorCode").unwrap_or("no code");
    let message = format!("{code}: {}", text("ErrorMessage").unwrap_or("no message"));
    let retryable = code.contains("Throttl") || code.contains("Internal");
    Err(AwsError::strange("PutTargets", message, retryable).into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{moved, refused};
    use crate::report::Outcome;

    #[test]
    fn what_put_targets_did_not_do_is_read_from_its_answer() {
        assert!(refused(&json!({"FailedEntryCount": 0, "FailedEntries": []})).is_ok());
        assert!(refused(&json!({})).is_ok());
        let failed = |code: &str| {
            let entry = json!({"TargetId": "1", "ErrorCode": code, "ErrorMessage": "why"});
            let answer = json!({"FailedEntryCount": 1, "FailedEntries": [entry]});
            let stop = refused(&answer).err().unwrap();
            (stop.outcome, stop.reason, stop.retryable)
        };
        let (outcome, reason, again) = failed("InvalidArgument");
        assert_eq!((outcome, again), (Outcome::Failed, false));
        assert!(reason.contains("InvalidArgument: why"), "{reason}");
        assert!(failed("InternalException").2);
        assert_eq!(failed("ConcurrentModificationException").0, Outcome::Held);
        assert!(refused(&json!({"FailedEntryCount": 1})).is_err());
    }

    #[test]
    fn rule_05_only_the_revision_changes_unknown_members_included() {
        let raw = json!({"Id": "1", "Of": {"tomorrow": [1, null]}, "Input": "{}",
            "EcsParameters": {"TaskDefinitionArn": "web:1", "TaskCount": 2, "New": true}});
        let mut expected = raw.clone();
        expected["EcsParameters"]["TaskDefinitionArn"] = json!("web:2");
        let moved = moved(&raw, "/EcsParameters/TaskDefinitionArn", "web:2");
        assert_eq!(moved.ok().unwrap(), expected);
    }
}
