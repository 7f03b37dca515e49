//! The facts of each push and service, put together. Pure.

use std::collections::{BTreeMap, BTreeSet};

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
    let placed = Placed::of(history);
    let (wanted, earlier) = placed.wanted(asked, all);
    let told = wanted
        .into_iter()
        .filter_map(|at| Some(placed.told(at, history.pushed.get(at)?, asked)));
    Explanation {
        asked: words.to_owned(),
        source: origin.name,
        pushes: told.collect(),
        earlier,
        gaps: origin.gaps,
    }
}

/// The places of the pushes that [`explain`] would tell of.
pub(super) fn wanted(history: &History, asked: &Asked, all: bool) -> Vec<usize> {
    Placed::of(history).wanted(asked, all).0
}

impl History {
    /// Of each decision the push that it is about, as its place in `pushed`.
    pub(crate) fn places(&self) -> Vec<Option<usize>> {
        // One image in two repositories may have one identity; a scheduled task's decision may name no repository.
        let mut by_name: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        let mut by_digest: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (at, push) in self.pushed.iter().enumerate() {
            for id in &push.event_ids {
                let word = ledger::word(id);
                by_id.entry(word.clone()).or_insert(at);
                by_name.entry((&push.repository, word)).or_insert(at);
            }
            let image = (push.repository.as_str(), push.digest.as_str());
            by_digest.entry(image).or_default().push(at);
        }
        let place = |decided: &Decided| {
            let decision = &decided.decision;
            if !decision.push.is_empty() {
                let word = ledger::word(&decision.push);
                let of = (decision.repository.as_str(), word.clone());
                return by_name.get(&of).or_else(|| by_id.get(&word)).copied();
            }
            // A log of before the decisions named their pushes: the last push of the image by then.
            let image = (decision.repository.as_str(), decision.digest.as_str());
            let by_then = |at: &&usize| {
                let pushed = self.pushed.get(**at).and_then(|push| push.pushed_at);
                pushed.is_none_or(|pushed| pushed <= decided.at)
            };
            by_digest.get(&image)?.iter().rfind(by_then).copied()
        };
        self.decisions.iter().map(place).collect()
    }

    /// The same without the pushes before a time about which nothing but the repeated was said since: each look-up names all
    /// that it has in sight. Whether there were any.
    pub(super) fn without_repeated(mut self, from: DateTime<Utc>) -> (Self, bool) {
        let places = self.places();
        let mut repeated: Vec<bool> = self
            .pushed
            .iter()
            .map(|push| push.pushed_at.is_some_and(|at| at < from))
            .collect();
        for (decided, place) in self.decisions.iter().zip(&places) {
            let settled = matches!(
                decided.decision.outcome,
                Outcome::Unchanged | Outcome::Skipped
            );
            if let Some(repeated) = place.and_then(|at| repeated.get_mut(at)) {
                *repeated &= settled;
            }
        }
        let is = |at: usize| repeated.get(at).copied().unwrap_or_default();
        let mut of = places.iter();
        self.decisions
            .retain(|_| !of.next().copied().flatten().is_some_and(is));
        let mut at = 0..;
        self.pushed.retain(|_| !at.next().is_some_and(is));
        (self, repeated.contains(&true))
    }

    /// The same with a push for each decision: of one that no report names, what the decision says of it.
    #[must_use]
    pub fn completed(mut self) -> Self {
        let places = self.places();
        let mut known: BTreeSet<String> = BTreeSet::new();
        for (decided, place) in self.decisions.iter().zip(places) {
            let decision = &decided.decision;
            let id = format!(
                "{} {} {}",
                decision.push, decision.repository, decision.digest
            );
            if place.is_some() || !known.insert(id) {
                continue;
            }
            self.pushed.push(Pushed {
                account: String::new(),
                region: String::new(),
                repository: decision.repository.clone(),
                tags: vec![decision.tag.clone()],
                digest: decision.digest.clone(),
                pushed_at: None,
                event_ids: vec![decision.push.clone()],
                by: None,
                no_image: None,
            });
        }
        self
    }
}

/// A history with its decisions by push.
struct Placed<'h> {
    history: &'h History,
    places: Vec<Option<usize>>,
    by_push: BTreeMap<usize, Vec<&'h Decided>>,
}

impl<'h> Placed<'h> {
    fn of(history: &'h History) -> Self {
        let places = history.places();
        let mut by_push: BTreeMap<usize, Vec<&Decided>> = BTreeMap::new();
        for (decided, place) in history.decisions.iter().zip(&places) {
            if let Some(at) = place {
                by_push.entry(*at).or_default().push(decided);
            }
        }
        Self {
            history,
            places,
            by_push,
        }
    }

    fn decisions(&self, push: usize) -> &[&'h Decided] {
        self.by_push.get(&push).map_or(&[], Vec::as_slice)
    }

    /// The pushes to tell of, the newest first, and how many older ones are left out.
    fn wanted(&self, asked: &Asked, all: bool) -> (Vec<usize>, usize) {
        let every = 0..self.history.pushed.len();
        let mut wanted: Vec<(Option<DateTime<Utc>>, usize)> = every
            .filter(|at| self.concerns(*at, asked))
            .map(|at| (self.when(at), at))
            .collect();
        wanted.sort_by(|a, b| b.cmp(a));
        let most = if all { wanted.len() } else { SHOWN };
        let earlier = wanted.len().saturating_sub(most);
        let wanted = wanted.into_iter().take(most).map(|(_, at)| at);
        (wanted.collect(), earlier)
    }

    fn concerns(&self, push: usize, asked: &Asked) -> bool {
        let mut decisions = self.decisions(push).iter();
        match asked {
            // They are in order.
            Asked::Pushes(wanted) => wanted.binary_search(&push).is_ok(),
            Asked::Service { .. } => decisions.any(|decided| asked.takes(&decided.decision)),
        }
    }

    /// When it was pushed, else when something was decided about it.
    fn when(&self, push: usize) -> Option<DateTime<Utc>> {
        let decided = self.decisions(push).first().map(|decided| decided.at);
        let pushed = self.history.pushed.get(push);
        pushed.and_then(|push| push.pushed_at).or(decided)
    }

    fn told(&self, at: usize, push: &Pushed, asked: &Asked) -> Told {
        let decisions = self.decisions(at);
        let mut services: BTreeMap<(&str, &str), Vec<&Decided>> = BTreeMap::new();
        for decided in decisions {
            let decision = &decided.decision;
            if asked.takes(decision) {
                let name = (decision.cluster.as_str(), decision.service.as_str());
                services.entry(name).or_default().push(decided);
            }
        }
        let cases = services.into_values();
        Told {
            push: push.clone(),
            sentences: sentence::of_push(push, decisions.is_empty()),
            services: cases
                .filter_map(|steps| self.case((at, push), &steps))
                .collect(),
        }
    }

    fn case(&self, (at, push): (usize, &Pushed), decided: &[&Decided]) -> Option<Case> {
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
        let mut rolls = decided.iter().rev();
        let rolled = rolls.find(|decided| decided.decision.outcome == Outcome::Rolled);
        let ran = first.decision.from.clone();
        let mut case = Case {
            cluster: last.decision.cluster.clone(),
            service: last.decision.service.clone(),
            tag: last.decision.tag.clone(),
            outcome: last.decision.outcome,
            reason: last.decision.reason.clone(),
            policy: last.policy.clone(),
            ran: ran.map(|revision| self.ran(first, revision)),
            steps: steps.collect(),
            ended: rolled.and_then(|rolled| over(self.history, push, rolled)),
            overtaken: self
                .overtaken(at, rolled.unwrap_or(last))
                // What was left out of itself is no matter of what came after.
                .filter(|_| last.decision.outcome != Outcome::Skipped),
            next: String::new(),
            sentences: Vec::new(),
        };
        case.next = sentence::next(&case, push);
        case.sentences = sentence::of_case(&case, push);
        Some(case)
    }

    /// What ran, with the tag for which an earlier decision made it.
    fn ran(&self, decided: &Decided, revision: String) -> Ran {
        let mut before = self.history.decisions.iter().rev();
        let made = before.find(|before| {
            before.at < decided.at
                && before.decision.to.as_ref() == Some(&revision)
                && is_of(before, decided)
        });
        Ran {
            tag: made.map(|made| made.decision.tag.clone()),
            revision,
        }
    }

    /// The first roll of another push of the repository after a decision.
    fn overtaken(&self, push: usize, decided: &Decided) -> Option<Overtaken> {
        let mut all = self.history.decisions.iter().zip(&self.places);
        let (later, _) = all.find(|(later, place)| {
            later.at > decided.at
                && later.decision.outcome == Outcome::Rolled
                && **place != Some(push)
                && is_of(later, decided)
        })?;
        Some(Overtaken {
            at: later.at,
            tag: later.decision.tag.clone(),
            to: later.decision.to.clone(),
        })
    }
}

/// Whether both are of the same repository at the same service.
fn is_of(one: &Decided, other: &Decided) -> bool {
    let (one, other) = (&one.decision, &other.decision);
    (&one.cluster, &one.service, &one.repository)
        == (&other.cluster, &other.service, &other.repository)
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
