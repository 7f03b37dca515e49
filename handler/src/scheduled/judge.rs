//! What becomes of one task. Pure: it asks for what it lacks.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;

use super::goal::{Goal, Run, brief};
use super::mark::Mark;
use super::task::{At, Task, time};
use crate::error::AwsError;
use crate::inventory::Definition;
use crate::report::{DRY_RUN, Outcome};
use crate::revision::without_images;

/// What a rule says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The service that alone may change it.
    pub(crate) managed_by: Option<String>,
    /// What ecroll noted about the target.
    pub(crate) mark: Option<Mark>,
}

/// One task and what is known about it.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) task: &'a Task,
    pub(crate) goal: &'a Goal,
    /// Its rule, once it was asked for.
    pub(crate) rule: Option<&'a Result<Rule, AwsError>>,
    /// The revision that it names, likewise.
    pub(crate) base: Option<&'a Result<Definition, AwsError>>,
    pub(crate) dry: bool,
    pub(crate) now: DateTime<Utc>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing, and nothing to say.
    Nothing,
    /// The rule has to be read first.
    AskRule,
    /// The revision that the task names has to be read first.
    AskBase,
    /// Only noted: it has the revision, and a later setting back is to be seen.
    Note,
    /// It stays, and why; the last says whether trying again may help.
    Stays(Outcome, String, bool),
    /// It moves.
    Moves,
}

/// Decides about one task.
///
/// A disabled rule or schedule moves like any other: disabled it starts nothing, and whoever enables it again, perhaps
/// months later, must not start what has been replaced since.
pub(crate) fn judge(case: &Case<'_>) -> Verdict {
    let (_, number) = case.task.family();
    // Without a revision it follows by itself.
    let Some(number) = number else {
        return Verdict::Nothing;
    };
    let held = |why: String| Verdict::Stays(Outcome::Held, why, false);
    let (run, unread) = match case.goal {
        Goal::Move(run) => (run, None),
        Goal::Unread(run, why) => (run, Some(why)),
        Goal::Wait(why) | Goal::Stay(why) => return held(why.clone()),
    };
    // Never backwards.
    if number > run.number() {
        return Verdict::Nothing;
    }
    if let Some(why) = unread {
        return if number == run.number() {
            Verdict::Nothing
        } else {
            held(why.clone())
        };
    }
    if run.hold {
        return if number == run.number() {
            Verdict::Nothing
        } else {
            held("`hold` is set".to_owned())
        };
    }
    let rule = match (&case.task.at, case.rule) {
        (At::Schedule { .. }, _) => None,
        (At::Rule { .. }, None) => return Verdict::AskRule,
        (At::Rule { .. }, Some(Ok(rule))) => Some(rule),
        (At::Rule { .. }, Some(Err(error))) => {
            return Verdict::Stays(Outcome::Failed, error.to_string(), error.retryable);
        }
    };
    if number == run.number() {
        return match rule {
            Some(rule) if rule.managed_by.is_none() && !is_noted(rule, run) && !case.dry => {
                Verdict::Note
            }
            _ => Verdict::Nothing,
        };
    }
    if let Some(by) = rule.and_then(|rule| rule.managed_by.as_ref()) {
        let why = format!("{by} manages the rule, and nobody else may change it: change it there");
        return Verdict::Stays(Outcome::Refused, why, false);
    }
    match timing(case.task, case.now) {
        Timing::Safe => {}
        Timing::Over => return Verdict::Nothing,
        Timing::Unclear(why) => return Verdict::Stays(Outcome::Refused, why.to_owned(), false),
    }
    if let Some(why) = chosen(case.task, rule, run) {
        return held(why);
    }
    let base = match case.base {
        None => return Verdict::AskBase,
        Some(Ok(base)) => base,
        Some(Err(error)) => {
            let why = format!("the revision that it names cannot be read: {error}");
            return Verdict::Stays(Outcome::Failed, why, error.retryable);
        }
    };
    let differs = differences(base, run);
    if !differs.is_empty() {
        let differs: Vec<String> = differs.into_iter().collect();
        let why = format!(
            "{} differs from {} in more than images that ecroll changed ({}): change the target by hand once, or name \
             the family without a revision",
            brief(&base.arn),
            brief(&run.definition.arn),
            differs.join(", ")
        );
        return Verdict::Stays(Outcome::Refused, why, false);
    }
    if case.dry {
        return held(DRY_RUN.to_owned());
    }
    Verdict::Moves
}

/// Whether a schedule may be put again without starting anything by that.
enum Timing {
    Safe,
    /// It starts nothing any more.
    Over,
    Unclear(&'static str),
}

/// No zone is further from UTC.
const ZONES: TimeDelta = TimeDelta::hours(14);

/// AWS does not say what an update does to the phase of a rate, or to a time that is past. A rate without a start begins at
/// once when it is created.
///
/// Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>
fn timing(task: &Task, now: DateTime<Utc>) -> Timing {
    let expression = match &task.at {
        At::Schedule { .. } => task.raw.get("ScheduleExpression").and_then(Value::as_str),
        At::Rule { .. } => None,
    };
    let Some(expression) = expression else {
        return Timing::Safe;
    };
    if expression.starts_with("rate(") && task.raw.get("StartDate").is_none_or(Value::is_null) {
        return Timing::Unclear(
            "AWS does not say whether an update starts a rate without a start date anew: give it one, or name the family \
             without a revision",
        );
    }
    let Some(once) = expression
        .strip_prefix("at(")
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return Timing::Safe;
    };
    match NaiveDateTime::parse_from_str(once, "%Y-%m-%dT%H:%M:%S").map(|at| at.and_utc()) {
        Ok(at) if at - ZONES > now => Timing::Safe,
        Ok(at) if at + ZONES < now => Timing::Over,
        _ => Timing::Unclear(
            "its one time is too close: AWS does not say whether an update starts it again once it is past",
        ),
    }
}

fn is_noted(rule: &Rule, run: &Run) -> bool {
    let mark = rule.mark.as_ref();
    mark.is_some_and(|mark| mark.moved && mark.revision.names(&run.definition.arn))
}

/// Why somebody seems to have chosen the lower revision.
///
/// Of a rule the mark tells: the target had the revision, and has it no more. A schedule cannot carry tags, but says when it
/// was changed: whoever changed it after the revision was there left it at the lower one.
fn chosen(task: &Task, rule: Option<&Rule>, run: &Run) -> Option<String> {
    let (to, from) = (brief(&run.definition.arn), brief(&task.task_definition));
    if let Some(rule) = rule {
        return is_noted(rule, run).then(|| {
            format!("it had {to}, and somebody set it to {from}: left so until the next push")
        });
    }
    let Some(registered) = run.definition.raw.get("registeredAt").and_then(time) else {
        return Some(format!("ECS does not say when {to} was registered"));
    };
    let changed = task.changed.filter(|changed| *changed > registered)?;
    Some(format!(
        "somebody changed it at {}, after {to} was registered, and left it at {from}: left so until the next push",
        changed.format("%Y-%m-%dT%H:%M:%SZ")
    ))
}

/// In what two revisions differ besides the images of the explained repositories and ecroll's own tags.
fn differences(base: &Definition, run: &Run) -> BTreeSet<String> {
    let (old, new) = (
        without_images(&base.raw),
        without_images(&run.definition.raw),
    );
    let empty = serde_json::Map::new();
    let (old, new) = (
        old.as_object().unwrap_or(&empty),
        new.as_object().unwrap_or(&empty),
    );
    let members: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut differ: BTreeSet<String> = members
        .into_iter()
        .filter(|member| old.get(*member) != new.get(*member))
        .cloned()
        .collect();
    if images(base, run) != images(&run.definition, run) {
        differ.insert("other images".to_owned());
    }
    if tags(base) != tags(&run.definition) {
        differ.insert("tags".to_owned());
    }
    differ
}

/// The containers' images; of explained repositories only which they are.
fn images(definition: &Definition, run: &Run) -> Vec<String> {
    let containers = definition.raw.get("containerDefinitions");
    let containers = containers.and_then(Value::as_array);
    let containers = containers.into_iter().flatten().enumerate();
    containers
        .map(|(index, container)| match definition.images.get(&index) {
            Some((_, image)) if run.explained.contains(&image.repository) => {
                image.repository.to_string()
            }
            _ => container
                .get("image")
                .map(Value::to_string)
                .unwrap_or_default(),
        })
        .collect()
}

/// The tags that neither ecroll nor AWS writes.
fn tags(definition: &Definition) -> BTreeSet<&(String, String)> {
    let theirs =
        |key: &str| crate::ledger::is_key(key) || key.to_ascii_lowercase().starts_with("aws:");
    let tags = definition.tags.iter();
    tags.filter(|(key, _)| !theirs(key)).collect()
}

#[cfg(test)]
mod tests;
