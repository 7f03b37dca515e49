//! The facts of each push and service, put together. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use handler::ledger;
use handler::report::Outcome;

use super::ask::Asked;
use super::sentence;
use super::{Case, Explanation, Over, Overtaken, Ran, Step, Told};
use crate::history::{Decided, Ended, History, Pushed};

/// How many pushes are told of unless all are wanted.
pub const SHOWN: usize = 5;

/// What a history is called, and what is known not to be in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Where it is from.
    pub name: String,
    /// What it does not tell.
    pub gaps: Vec<String>,
}

/// Answers what was asked. `all` tells of every push, however many there are.
#[must_use]
pub fn explain(
    history: &History,
    asked: &Asked,
    words: &str,
    origin: Origin,
    all: bool,
) -> Explanation {
    let of_each = by_push(history);
    let concerns = |at: usize| match asked {
        Asked::Pushes(wanted) => wanted.contains(&at),
        Asked::Service { .. } => of_each
            .get(&at)
            .is_some_and(|all| all.iter().any(|decided| asked.takes(&decided.decision))),
    };
    let mut told: Vec<Told> = Vec::new();
    for (at, push) in history.pushed.iter().enumerate() {
        if concerns(at) {
            let decisions = of_each.get(&at).map_or(&[][..], Vec::as_slice);
            told.push(one(history, asked, push, decisions));
        }
    }
    told.sort_by_key(|told| std::cmp::Reverse(told.when()));
    let earlier = if all {
        0
    } else {
        told.len().saturating_sub(SHOWN)
    };
    told.truncate(told.len() - earlier);
    Explanation {
        asked: words.to_owned(),
        source: origin.name,
        pushes: told,
        earlier,
        gaps: origin.gaps,
    }
}

impl Told {
    fn when(&self) -> Option<DateTime<Utc>> {
        let mut steps = self.services.iter().flat_map(|case| &case.steps);
        self.push
            .pushed_at
            .or_else(|| steps.next().map(|step| step.at))
    }
}

impl History {
    /// The push that a decision is about, as its place in `pushed`.
    pub(super) fn push_of(&self, decided: &Decided) -> Option<usize> {
        let decision = &decided.decision;
        let word = ledger::word(&decision.push);
        let named = |push: &Pushed| push.event_ids.iter().any(|id| ledger::word(id) == word);
        let same = |push: &Pushed| {
            push.repository == decision.repository
                && push.digest == decision.digest
                && push.pushed_at.is_none_or(|at| at <= decided.at)
        };
        let place = self.pushed.iter().position(named);
        // A log of before the decisions named their pushes.
        place.or_else(|| {
            decision
                .push
                .is_empty()
                .then(|| self.pushed.iter().rposition(same))
                .flatten()
        })
    }

    /// The same with a push for each decision: of one that no report names, what the decision says of it.
    #[must_use]
    pub fn completed(mut self) -> Self {
        for at in 0..self.decisions.len() {
            let Some(decided) = self.decisions.get(at) else {
                break;
            };
            if self.push_of(decided).is_some() {
                continue;
            }
            let decision = &decided.decision;
            let push = Pushed {
                account: String::new(),
                region: String::new(),
                repository: decision.repository.clone(),
                tags: vec![decision.tag.clone()],
                digest: decision.digest.clone(),
                pushed_at: None,
                event_ids: vec![decision.push.clone()],
                by: None,
                no_image: None,
            };
            self.pushed.push(push);
        }
        self
    }
}

fn by_push(history: &History) -> BTreeMap<usize, Vec<&Decided>> {
    let mut of_each: BTreeMap<usize, Vec<&Decided>> = BTreeMap::new();
    for decided in &history.decisions {
        if let Some(at) = history.push_of(decided) {
            of_each.entry(at).or_default().push(decided);
        }
    }
    of_each
}

fn one(history: &History, asked: &Asked, push: &Pushed, decisions: &[&Decided]) -> Told {
    let mut services: BTreeMap<(&str, &str), Vec<&Decided>> = BTreeMap::new();
    for decided in decisions {
        if asked.takes(&decided.decision) {
            let name = (
                decided.decision.cluster.as_str(),
                decided.decision.service.as_str(),
            );
            services.entry(name).or_default().push(decided);
        }
    }
    let services: Vec<Case> = services
        .into_values()
        .filter_map(|steps| case(history, push, &steps))
        .collect();
    Told {
        push: push.clone(),
        sentences: sentence::of_push(push, decisions.is_empty()),
        services,
    }
}

fn case(history: &History, push: &Pushed, decided: &[&Decided]) -> Option<Case> {
    let (first, last) = (decided.first()?, decided.last()?);
    let steps = decided.iter().map(|decided| Step {
        at: decided.at,
        trigger: decided.road.clone(),
        window: decided.window,
        outcome: decided.decision.outcome,
        reason: decided.decision.reason.clone(),
        from: decided.decision.from.clone(),
        to: decided.decision.to.clone(),
    });
    let rolled = decided
        .iter()
        .rfind(|decided| decided.decision.outcome == Outcome::Rolled);
    let mut case = Case {
        cluster: last.decision.cluster.clone(),
        service: last.decision.service.clone(),
        tag: last.decision.tag.clone(),
        outcome: last.decision.outcome,
        reason: last.decision.reason.clone(),
        policy: last.policy.clone(),
        ran: first
            .decision
            .from
            .clone()
            .map(|revision| ran(history, first, revision)),
        steps: steps.collect(),
        ended: rolled.and_then(|rolled| over(history, push, rolled)),
        overtaken: overtaken(history, push, rolled.unwrap_or(last))
            // What was left out of itself is no matter of what came after.
            .filter(|_| last.decision.outcome != Outcome::Skipped),
        next: String::new(),
        sentences: Vec::new(),
    };
    case.next = sentence::next(&case, push);
    case.sentences = sentence::of_case(&case, push);
    Some(case)
}

fn is_of(one: &Decided, other: &Decided) -> bool {
    (&one.decision.cluster, &one.decision.service)
        == (&other.decision.cluster, &other.decision.service)
}

/// What ran, with the tag for which an earlier decision made it.
fn ran(history: &History, decided: &Decided, revision: String) -> Ran {
    let mut before = history.decisions.iter().rev().filter(|before| {
        is_of(before, decided)
            && before.at < decided.at
            && before.decision.repository == decided.decision.repository
    });
    let made = before.find(|before| before.decision.to.as_ref() == Some(&revision));
    Ran {
        tag: made.map(|made| made.decision.tag.clone()),
        revision,
    }
}

/// How a roll ended: by its revision, else by its push.
fn over(history: &History, push: &Pushed, rolled: &Decided) -> Option<Over> {
    let named = |id: &String| {
        let word = ledger::word(id);
        push.event_ids.iter().any(|id| ledger::word(id) == word)
    };
    let of = |ended: &&Ended| {
        let here = (&ended.cluster, &ended.service)
            == (&rolled.decision.cluster, &rolled.decision.service);
        let its = match (&ended.to, &ended.event_id) {
            (Some(to), _) => rolled.decision.to.as_ref() == Some(to),
            (None, Some(id)) => named(id),
            (None, None) => false,
        };
        here && its && ended.at >= rolled.at
    };
    let ended = history.ended.iter().find(of)?;
    Some(Over {
        at: ended.at,
        state: ended.state,
        runs: ended.runs.clone(),
        reason: ended.reason.clone(),
    })
}

/// The first roll of another push of the repository after a decision.
fn overtaken(history: &History, push: &Pushed, decided: &Decided) -> Option<Overtaken> {
    let later = history.decisions.iter().find(|later| {
        is_of(later, decided)
            && later.at > decided.at
            && later.decision.outcome == Outcome::Rolled
            && later.decision.repository == decided.decision.repository
            && history.push_of(later).and_then(|at| history.pushed.get(at)) != Some(push)
    })?;
    Some(Overtaken {
        at: later.at,
        tag: later.decision.tag.clone(),
        to: later.decision.to.clone(),
    })
}
