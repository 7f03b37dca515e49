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

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::stack::{Condition, Stack, Try};
use super::token::Token;
use crate::config::{Config, StackRule};
use crate::image::Repository;
use crate::manifest::Kind;
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
        let direct = |tagged: &Tagged| tagged.id.starts_with(crate::ledger::DIRECT);
        let allowed = |tagged: &&Tagged| policy.allows(&tagged.tag) || direct(tagged);
        let allowed: Vec<&Tagged> = push.tagged.iter().filter(allowed).collect();
        let Some(last) = allowed.last() else {
            let tag = push.tag();
            return Err(format!("policy {policy} does not take the tag {tag}"));
        };
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

    /// Under `newest-semver`: the highest version above the one that the parameter has, among those that were not tried
    /// before and are not older than what was; else the newest push of what it has, or of what was tried last.
    fn highest(&self, candidates: &[Candidate<'_>]) -> Option<usize> {
        let floor = self.value().and_then(version);
        let tried = |one: &Candidate<'_>| self.tries().any(|past| past.token.names(one.push));
        let late = |one: &Candidate<'_>| self.tries().any(|past| past.token.time > one.record.time);
        let contends = |one: &Candidate<'_>| version(&one.tag) > floor && !tried(one) && !late(one);
        let places = || candidates.iter().enumerate();
        let best = places()
            .filter(|(_, one)| contends(one))
            .max_by_key(|(at, one)| (version(&one.tag), *at));
        let other =
            || places().rfind(|(_, one)| tried(one) || Some(one.tag.as_str()) == self.value());
        best.or_else(other).map(|(at, _)| at)
    }

    /// Why another push counts, where that is a matter of versions.
    fn passed_over(
        &self,
        one: &Candidate<'_>,
        best: &Candidate<'_>,
        by_version: bool,
    ) -> Option<String> {
        if !by_version {
            return None;
        }
        let floor = self.value().and_then(version);
        let own = version(&one.tag);
        if floor.is_some() && own <= floor {
            return Some(self.not_above(one));
        }
        let (tag, at) = (&best.tag, time(best.push.time()));
        (own <= version(&best.tag))
            .then(|| format!("superseded by {tag} of {at}, the highest version"))
    }

    fn not_above(&self, one: &Candidate<'_>) -> String {
        let value = self.value().unwrap_or_default();
        format!("{} is not above {value}, which the stack has", one.tag)
    }

    fn fate(&self, one: &Candidate<'_>) -> Fate {
        let Self { rule, stack, .. } = self;
        let is = |outcome, reason: String| Fate::Is(outcome, reason, false);
        let Condition::Ready = stack.condition() else {
            return self.not_ready();
        };
        let parameter = &rule.parameter;
        let Some(value) = self.value() else {
            let known: Vec<&str> = stack.parameters.keys().map(String::as_str).collect();
            return is(
                Outcome::Refused,
                format!(
                    "the template has no parameter {parameter} (it has: {}): add it, or correct `parameter` in \
                     `[[stacks]]`",
                    known.join(", ")
                ),
            );
        };
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
        if stack.role.is_none() {
            return is(
                Outcome::Refused,
                format!(
                    "the stack has no role, so CloudFormation would need the permissions of everything in its template \
                     from this function, for the rollback as well: give it one (`aws cloudformation update-stack \
                     --stack-name {} --use-previous-template --role-arn …`)",
                    stack.name
                ),
            );
        }
        if self.dry {
            return is(Outcome::Held, DRY_RUN.to_owned());
        }
        if self.config.service.hold {
            return is(Outcome::Held, "`hold` is set".to_owned());
        }
        let at = time(one.push.time());
        is(Outcome::Rolled, format!("{} was pushed at {at}", one.tag))
    }

    fn not_ready(&self) -> Fate {
        let Stack { status, .. } = self.stack;
        match self.stack.condition() {
            Condition::Broken(mend) => Fate::Is(
                Outcome::Refused,
                format!("the stack is {status} and cannot be updated: {mend}"),
                false,
            ),
            Condition::Busy | Condition::Ready => {
                let reason = format!("the stack is {status}: the next look-up decides");
                Fate::Is(Outcome::Held, reason, true)
            }
        }
    }

    /// What follows from what was done to the stack since the push; `None`: nothing.
    fn since_then(&self, one: &Candidate<'_>, value: &str) -> Option<Fate> {
        if !self.was_changed_after(one.record.time - SLACK) {
            return None;
        }
        let tag = &one.tag;
        match self.past {
            None => return Some(Fate::AskPast),
            Some(Past::Unknown(why, passes)) => {
                let reason = format!("whether {tag} was rolled back before cannot be known: {why}");
                return Some(Fate::Is(Outcome::Held, reason, *passes));
            }
            Some(Past::Known(_)) => {}
        }
        if let Some(past) = self.tries().find(|past| past.token.names(one.push)) {
            return Some(Fate::Is(Outcome::Held, undone(past, value), false));
        }
        let newer = |past: &&Try| past.token.time > one.record.time;
        if let Some(past) = self.tries().find(newer) {
            return Some(Fate::Is(Outcome::Skipped, older_than(&past.token), false));
        }
        self.behind(one, value)
    }

    /// Whether the tag that the parameter has was pushed after this push, as far as that can be known.
    fn behind(&self, one: &Candidate<'_>, value: &str) -> Option<Fate> {
        let skipped = |at: DateTime<Utc>| {
            (at > one.record.time).then(|| {
                let reason = format!("older than {value}, which was pushed at {}", time(at));
                Fate::Is(Outcome::Skipped, reason, false)
            })
        };
        let records = self.pushes.iter().flat_map(|push| &push.tagged);
        let set =
            records.filter(|tagged| tagged.tag == value && self.was_changed_after(tagged.time));
        if let Some(at) = set.map(|tagged| tagged.time).max() {
            return skipped(at);
        }
        let mut tries = self.tries();
        if let Some(past) = tries.find(|past| past.token.tag.as_deref() == Some(value)) {
            return skipped(past.token.time);
        }
        match self.dated {
            None => Some(Fate::AskDate(value.to_owned())),
            Some(Dated::Nowhere) => None,
            Some(Dated::Image(digest, _)) if *digest == one.push.digest => {
                let reason = format!("{} is {value}, which names this image", self.rule.parameter);
                Some(Fate::Is(Outcome::Unchanged, reason, false))
            }
            Some(Dated::Image(_, at)) => skipped(*at),
            Some(Dated::Unknown(why, passes)) => {
                let reason = format!("when {value} was pushed cannot be known: {why}");
                Some(Fate::Is(Outcome::Held, reason, *passes))
            }
        }
    }
}

fn older_than(token: &Token) -> String {
    let tag = token.tag.as_deref().unwrap_or("another tag");
    format!("older than {tag} of {}, which was rolled", time(token.time))
}

fn undone(past: &Try, value: &str) -> String {
    let until = "left until the next push";
    match &past.end {
        Some(end) if !end.is_complete() => {
            let (at, reason) = (time(end.at), end.reason.trim_end_matches('.'));
            format!(
                "CloudFormation rolled it back at {at} ({}: {reason}): {until}",
                end.status
            )
        }
        _ => {
            let at = time(past.began);
            format!("updated at {at}, and set back to {value} by somebody since: {until}")
        }
    }
}
