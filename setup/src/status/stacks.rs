//! How the stacks of `[[stacks]]` stand. Pure.

use chrono::{DateTime, Utc};
use handler::deployment;
use handler::report::{DRY_RUN, Outcome};
use handler::standing::{Last, StackStanding};
use serde::Serialize;

use super::{State, Waiting, maybe_seconds, seconds, text};

/// How one entry of `[[stacks]]` stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackStatus {
    /// The stack's name.
    pub stack: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// The registry, where it is known.
    pub account: Option<String>,
    /// Its Region, likewise.
    pub region: Option<String>,
    /// The repository's name.
    pub repository: String,
    /// The parameter that takes the tag.
    pub parameter: String,
    /// Which tags move it.
    pub tags: String,
    /// The parameter's value.
    pub value: Option<String>,
    /// CloudFormation's word, for example `UPDATE_COMPLETE`.
    pub status: Option<String>,
    /// When its last operation began.
    #[serde(serialize_with = "maybe_seconds")]
    pub since: Option<DateTime<Utc>>,
    /// What is to be said of it.
    pub state: State,
    /// Why it is so.
    pub reason: Option<String>,
    /// Pushes in sight that did not move it.
    pub waiting: Vec<Waiting>,
    /// Ecroll's last update of it by this entry.
    pub last: Option<LastUpdate>,
}

/// An update that ecroll began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastUpdate {
    /// The tag that it set, where that was short enough to be kept.
    pub tag: Option<String>,
    /// When that was pushed, or named.
    #[serde(serialize_with = "seconds")]
    pub pushed_at: DateTime<Utc>,
    /// When CloudFormation took it.
    #[serde(serialize_with = "seconds")]
    pub began: DateTime<Utc>,
    /// When it ended.
    #[serde(serialize_with = "maybe_seconds")]
    pub ended: Option<DateTime<Utc>>,
    /// How.
    pub end: Option<StackEnd>,
    /// CloudFormation's own sentence on that.
    pub reason: Option<String>,
}

/// How an update of a stack ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StackEnd {
    /// The stack has the tag.
    Completed,
    /// CloudFormation went back to what the stack had.
    RolledBack,
    /// Neither: somebody has to mend it.
    Stuck,
}

impl StackStatus {
    /// An entry as it was seen, and what could not be read of it.
    pub(super) fn of(seen: &StackStanding) -> (Self, Option<String>) {
        let following = &seen.following;
        let rule = &following.rule;
        let stack = following.stack.as_ref().ok();
        let repository = following.repository.as_ref();
        let last = seen.last.as_ref().ok().and_then(Option::as_ref);
        let waiting: Vec<Waiting> = seen
            .decisions
            .iter()
            .filter(|(_, d)| {
                matches!(
                    d.outcome,
                    Outcome::Held | Outcome::Refused | Outcome::Failed
                )
            })
            .map(|(at, decision)| Waiting::of(*at, decision))
            .collect();
        let (state, reason) = state(seen, last, &waiting);
        let name = rule.name();
        let unread = seen.last.as_ref().err();
        let unread = unread.map(|why| format!("what was done to the stack {name} before: {why}"));
        let status = Self {
            stack: name.to_owned(),
            arn: stack.map(|stack| stack.id.clone()),
            account: repository.map(|repository| repository.account.clone()),
            region: repository.map(|repository| repository.region.clone()),
            repository: rule.repository_name(),
            parameter: rule.parameter.clone(),
            tags: following.tags.to_string(),
            value: stack.and_then(|stack| stack.parameters.get(&rule.parameter).cloned()),
            status: stack.map(|stack| stack.status.clone()),
            since: stack.map(|stack| stack.changed),
            state,
            reason,
            waiting,
            last: last.map(LastUpdate::of),
        };
        (status, unread)
    }
}

/// What is to be said of it, and why: the most urgent first.
fn state(
    seen: &StackStanding,
    last: Option<&Last>,
    waiting: &[Waiting],
) -> (State, Option<String>) {
    if let Some(reason) = &seen.following.refusal {
        return (State::Refused, Some(reason.clone()));
    }
    if let Err(error) = &seen.following.stack {
        return (State::Refused, Some(error.to_string()));
    }
    if seen.busy {
        return (State::Rolling, None);
    }
    if let Some(push) = waiting.first() {
        let state = match push.outcome.as_str() {
            "waiting" => State::Waiting,
            "refused" | "failed" => State::Refused,
            _ => State::Held,
        };
        let reason = format!("{} of {}: {}", push.tag, text(push.pushed_at), push.reason);
        return (state, Some(reason));
    }
    let runs = |(_, decision): &(DateTime<Utc>, handler::report::Decision)| {
        decision.outcome == Outcome::Unchanged
    };
    let unchanged = seen.decisions.iter().find(|told| runs(told));
    let completed = last.and_then(|last| last.end.as_ref());
    let completed = completed.is_some_and(|(_, end, _)| end.is_good());
    if unchanged.is_some() || completed {
        return (State::Current, None);
    }
    let newest = seen.decisions.first();
    let skipped =
        newest.map(|(at, told)| format!("{} of {} skipped: {}", told.tag, text(*at), told.reason));
    (State::NoPush, skipped)
}

impl LastUpdate {
    fn of(last: &Last) -> Self {
        let end = last.end.as_ref();
        Self {
            tag: last.tag.clone(),
            pushed_at: last.pushed_at,
            began: last.began,
            ended: end.map(|(at, ..)| *at),
            end: end.map(|(_, end, _)| match end {
                deployment::End::Completed => StackEnd::Completed,
                deployment::End::RolledBack => StackEnd::RolledBack,
                deployment::End::Stuck => StackEnd::Stuck,
            }),
            reason: end.map(|(.., reason)| reason.clone()),
        }
    }
}

impl Waiting {
    /// Whether the next look-up does it: nothing but the rehearsal held it.
    pub(super) fn is_rehearsed(outcome: Outcome, reason: &str) -> bool {
        outcome == Outcome::Held && reason.starts_with(DRY_RUN)
    }
}
