//! What is to become of a stack. Values in, a verdict out: nothing here talks to AWS.
//!
//! What the stack runs is the present value of its parameter: a tag, which has no date. Whatever was set before a push
//! happened cannot be newer than the push, and that is the usual case; only where the stack was changed after the push the
//! question arises what that was. Then ecroll's own updates are asked for (`token`), and, of a tag that is neither among them
//! nor among the pushes in sight, ECR.
//!
//! | since the push the stack was | and the parameter | then |
//! |---|---|---|
//! | not changed | has another tag | update |
//! | not changed | has a tag of the push already | update to another tag of it that the policy takes; `unchanged` where there is none, because CloudFormation sees no difference |
//! | changed | has a tag of the push | `unchanged` |
//! | updated by ecroll for this push | has another tag: rolled back, by CloudFormation or a person | `held` until the next push |
//! | updated by ecroll for a newer push | – | `skipped` |
//! | changed by somebody else | has a tag that was pushed later | `skipped` |
//! | changed by somebody else | has a tag that was pushed earlier, or that nobody knows | update |
//!
//! What a person set by hand and took back before a look-up leaves no trace: no ledger is written without an update.

mod highest;
mod since;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::refusal;
use super::stack::{Condition, Stack, Try};
use crate::config::{Config, StackRule};
use crate::image::Repository;
use crate::ledger;
use crate::manifest::Kind;
use crate::plan::missing::is_found;
use crate::policy::{TagPolicy, version};
use crate::push::{Push, Tagged};
use crate::report::{DRY_RUN, Outcome};

/// CloudTrail's clock and CloudFormation's need not agree to the second.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// What ecroll did to a stack before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Past {
    /// Its updates, newest first.
    Known(Vec<Try>),
    /// They cannot be known: why, and whether that may pass.
    Unknown(String, bool),
}

/// What ECR says of the tag that the parameter has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dated {
    /// Its image, and when that was pushed.
    Image(String, DateTime<Utc>),
    /// There is no such tag.
    Nowhere,
    /// It cannot be known: why, and whether that may pass.
    Unknown(String, bool),
}

/// What the verdict on one stack and one repository follows from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) config: &'a Config,
    pub(super) rule: &'a StackRule,
    pub(super) repository: &'a Repository,
    pub(super) stack: &'a Stack,
    /// The pushes of this repository, oldest first.
    pub(super) pushes: &'a [&'a Push],
    pub(super) past: Option<&'a Past>,
    pub(super) dated: Option<&'a Dated>,
    pub(super) dry: bool,
}

/// What became of one push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said<'a> {
    pub(super) push: &'a Push,
    pub(super) record: &'a Tagged,
    pub(super) tag: String,
    pub(super) outcome: Outcome,
    pub(super) reason: String,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict<'a> {
    /// What ecroll did before has to be known first.
    AskPast,
    /// When this tag was pushed has to be known first.
    AskDate(String),
    /// It is decided. The push that is outcome `Rolled` is to be rolled, to its tag; `waits`: something is left to the next
    /// look-up.
    Decided { said: Vec<Said<'a>>, waits: bool },
}

/// A push that may move the stack.
#[derive(Debug, Clone)]
struct Candidate<'a> {
    push: &'a Push,
    record: &'a Tagged,
    tag: String,
}

/// What is to happen with the push that counts.
enum Fate {
    AskPast,
    AskDate(String),
    /// Outcome, reason, whether it waits.
    Is(Outcome, String, bool),
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Whether somebody named the tag.
fn is_direct(record: &Tagged) -> bool {
    record.id.starts_with(ledger::DIRECT)
}

/// Who decides about what has to wait: a tag that somebody named is in no log.
pub(super) fn later(record: &Tagged) -> &'static str {
    if is_direct(record) {
        "name the tag again when that is over"
    } else {
        "the next look-up decides"
    }
}

pub(super) fn judge<'a>(case: &Case<'a>) -> Verdict<'a> {
    let mut said = Vec::new();
    let mut candidates = Vec::new();
    for push in case.pushes {
        match case.eligible(push) {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) => said.extend(push.tagged.last().map(|record| Said {
                push,
                record,
                tag: record.tag.clone(),
                outcome: Outcome::Skipped,
                reason,
            })),
        }
    }
    let by_version = case.policy() == TagPolicy::NewestSemver;
    if by_version && case.wants_past(candidates.first()) {
        return Verdict::AskPast;
    }
    let chosen = if by_version {
        case.highest(&candidates)
    } else {
        candidates.len().checked_sub(1)
    };
    let best = chosen.and_then(|at| candidates.get(at)).cloned();
    let mut waits = false;
    for (at, candidate) in candidates.into_iter().enumerate() {
        let (outcome, reason) = match &best {
            Some(best) if Some(at) != chosen => {
                let (tag, of) = (&best.tag, time(best.push.time()));
                let why = case.passed_over(&candidate, best, by_version);
                let why = why.unwrap_or_else(|| format!("superseded by {tag} of {of}"));
                (Outcome::Skipped, why)
            }
            _ => match case.fate(&candidate) {
                Fate::AskPast => return Verdict::AskPast,
                Fate::AskDate(tag) => return Verdict::AskDate(tag),
                Fate::Is(outcome, reason, left) => {
                    waits |= left;
                    (outcome, reason)
                }
            },
        };
        said.push(Said {
            push: candidate.push,
            record: candidate.record,
            tag: candidate.tag,
            outcome,
            reason,
        });
    }
    Verdict::Decided { said, waits }
}

impl<'a> Case<'a> {
    fn policy(&self) -> TagPolicy {
        let own = self.rule.tags.clone();
        own.unwrap_or_else(|| self.config.service.tags.clone())
    }

    /// The parameter's present value.
    fn value(&self) -> Option<&'a str> {
        let value = self.stack.parameters.get(&self.rule.parameter);
        value.map(String::as_str)
    }

    /// The tag and the record by which a push may move the stack, or why it may not.
    fn eligible(&self, push: &'a Push) -> Result<Candidate<'a>, String> {
        if !self.config.follows_repository(&push.repository.name) {
            return Err("the configuration's `repositories` leave this one out".to_owned());
        }
        if let Kind::Other(what) = &push.kind {
            return Err(format!("no image: {what}"));
        }
        let policy = self.policy();
        let allowed = |tagged: &&Tagged| policy.allows(&tagged.tag) || is_direct(tagged);
        let allowed: Vec<&Tagged> = push.tagged.iter().filter(allowed).collect();
        let Some(last) = allowed.last() else {
            let tag = push.tag();
            return Err(format!("policy {policy} does not take the tag {tag}"));
        };
        let found = allowed.iter().all(|tagged| is_found(tagged));
        if found && self.was_changed_after(push.time()) {
            return Err(
                "the log never told of it, and the stack was changed since: whoever did so chose its tag"
                    .to_owned(),
            );
        }
        if let Some(since) = self.config.since.filter(|since| last.time < *since) {
            return Err(format!(
                "pushed before {}, when ecroll began here",
                time(since)
            ));
        }
        let value = self.value();
        let own = allowed.iter().find(|tagged| value == Some(&tagged.tag));
        let other = allowed
            .iter()
            .rev()
            .find(|tagged| value != Some(&tagged.tag));
        let highest = allowed.iter().max_by_key(|tagged| version(&tagged.tag));
        let record = match (policy, own, other) {
            (TagPolicy::NewestSemver, ..) => highest.unwrap_or(last),
            // It keeps its own tag where that was set after the tag was pushed: before, it names another image.
            (_, Some(own), _) if self.was_changed_after(own.time) => own,
            (_, _, Some(other)) => other,
            (_, Some(own), None) => own,
            _ => last,
        };
        Ok(Candidate {
            push,
            record,
            tag: record.tag.clone(),
        })
    }

    /// Whether anything was done to the stack since.
    fn was_changed_after(&self, at: DateTime<Utc>) -> bool {
        self.stack.changed >= at
    }

    /// Whether what ecroll did before may matter for a push, and is not known yet.
    fn wants_past(&self, one: Option<&Candidate<'_>>) -> bool {
        let changed = one.is_some_and(|one| self.was_changed_after(one.record.time - SLACK));
        changed && self.past.is_none() && self.stack.condition() == Condition::Ready
    }

    /// Ecroll's updates by this entry, newest first.
    fn tries(&self) -> impl Iterator<Item = &'a Try> {
        let known = match self.past {
            Some(Past::Known(tries)) => tries.as_slice(),
            _ => &[],
        };
        let (rule, repository) = (self.rule, self.repository);
        known
            .iter()
            .filter(move |one| one.token.is_by(rule, repository))
    }

    fn fate(&self, one: &Candidate<'_>) -> Fate {
        let Self { rule, stack, .. } = self;
        let is = |outcome, reason: String| Fate::Is(outcome, reason, false);
        if let Some(reason) = refusal::broken(stack) {
            return is(Outcome::Refused, reason);
        }
        if stack.condition() == Condition::Busy {
            let reason = format!("the stack is {}: {}", stack.status, later(one.record));
            return Fate::Is(Outcome::Held, reason, true);
        }
        let parameter = &rule.parameter;
        if let Some(reason) = refusal::unfit(rule, stack) {
            return is(Outcome::Refused, reason);
        }
        // That it has the parameter has just been said.
        let value = self.value().unwrap_or_default();
        if value == one.tag {
            let reason = if self.was_changed_after(one.record.time) {
                format!("{parameter} is {value}")
            } else {
                format!(
                    "{parameter} is {value} already, and CloudFormation sees no difference when a tag moves: push each \
                     image under a tag of its own"
                )
            };
            return is(Outcome::Unchanged, reason);
        }
        if let Some(fate) = self.since_then(one, value) {
            return fate;
        }
        if self.policy() == TagPolicy::NewestSemver
            && version(value).is_some()
            && version(&one.tag) <= version(value)
        {
            return is(Outcome::Skipped, self.not_above(one));
        }
        if let Some(reason) = refusal::no_role(stack) {
            return is(Outcome::Refused, reason);
        }
        if self.dry {
            return is(Outcome::Held, DRY_RUN.to_owned());
        }
        if self.config.service.hold {
            return is(Outcome::Held, "`hold` is set".to_owned());
        }
        let tag = &one.tag;
        let reason = if is_direct(one.record) {
            format!("{tag} was named directly: set whatever the stack had or was pushed before")
        } else {
            format!("{tag} was pushed at {}", time(one.push.time()))
        };
        is(Outcome::Rolled, reason)
    }
}
