//! A replay's story with its parts joined: which push a decision is about, which decisions are shown. Pure.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use handler::report::Outcome;

use crate::explain::Case;
use crate::explain::ask::Asked;
use crate::explain::judge::{Origin, explain};
use crate::history::{Decided, History, Pushed};
use crate::replay::Story;

/// How many decisions the table holds: a page of some megabytes, which every browser opens.
pub(super) const ROWS: usize = 2_000;

/// The story with what joins it.
pub(super) struct Joined<'s> {
    pub(super) story: &'s Story,
    /// Of each decision the place of its push.
    pub(super) places: Vec<Option<usize>>,
    /// Of each push the places of its decisions.
    pub(super) decided: Vec<Vec<usize>>,
    /// What there is to say of each shown push and service.
    cases: BTreeMap<(usize, String, String), Case>,
}

impl<'s> Joined<'s> {
    pub(super) fn new(story: &'s Story) -> Self {
        let history = History {
            pushed: story.pushed.clone(),
            decisions: story.decisions.clone(),
            ended: story.ended.clone(),
        };
        let places = history.places();
        let mut decided: Vec<Vec<usize>> = vec![Vec::new(); story.pushed.len()];
        for (at, place) in places.iter().enumerate() {
            let of = place.and_then(|place| decided.get_mut(place));
            if let Some(of) = of {
                of.push(at);
            }
        }
        let shown = places.iter().skip(left_out(story));
        let mut wanted: Vec<usize> = shown.filter_map(|place| *place).collect();
        wanted.sort_unstable();
        wanted.dedup();
        // The newest first, as they are answered.
        let told = explain(
            &history,
            &Asked::Pushes(wanted),
            "",
            Origin::default(),
            true,
        );
        let by_ids: BTreeMap<(&str, &[String]), usize> = (0..)
            .zip(&story.pushed)
            .map(|(at, push)| ((push.repository.as_str(), push.event_ids.as_slice()), at))
            .collect();
        let mut cases = BTreeMap::new();
        for told in &told.pushes {
            let push = (
                told.push.repository.as_str(),
                told.push.event_ids.as_slice(),
            );
            for case in &told.services {
                if let Some(at) = by_ids.get(&push) {
                    let key = (*at, case.cluster.clone(), case.service.clone());
                    cases.insert(key, case.clone());
                }
            }
        }
        Self {
            story,
            places,
            decided,
            cases,
        }
    }

    /// How many of the oldest decisions are not in the table.
    pub(super) fn left_out(&self) -> usize {
        left_out(self.story)
    }

    /// The push that a decision is about.
    pub(super) fn push(&self, decision: usize) -> Option<&'s Pushed> {
        let place = self.places.get(decision).copied().flatten()?;
        self.story.pushed.get(place)
    }

    /// Everything about the push of a decision at its service.
    pub(super) fn case(&self, at: usize, decided: &Decided) -> Option<&Case> {
        let place = self.places.get(at).copied().flatten()?;
        let decision = &decided.decision;
        let key = (place, decision.cluster.clone(), decision.service.clone());
        self.cases.get(&key)
    }

    /// Where the record of a decision is.
    pub(super) fn href(&self, decision: usize) -> Option<String> {
        (decision >= self.left_out()).then(|| format!("#d{decision}"))
    }

    /// How long after its push a decision was taken.
    pub(super) fn waited(&self, at: usize, decided: &Decided) -> Option<TimeDelta> {
        Some(decided.at - self.push(at)?.pushed_at?)
    }

    /// How long each roll came after its push.
    pub(super) fn waits(&self) -> Vec<TimeDelta> {
        let all = self.story.decisions.iter().enumerate();
        all.filter(|(_, decided)| decided.decision.outcome == Outcome::Rolled)
            .filter_map(|(at, decided)| self.waited(at, decided))
            .collect()
    }

    /// The pushes on which nothing was decided, with their places.
    pub(super) fn undecided(&self) -> impl Iterator<Item = (usize, &'s Pushed)> {
        let all = self.story.pushed.iter().enumerate();
        all.filter(|(at, _)| self.decided.get(*at).is_none_or(Vec::is_empty))
    }
}

fn left_out(story: &Story) -> usize {
    story.decisions.len().saturating_sub(ROWS)
}

/// The outcomes, the one to look at first before the others.
pub(super) const GRAVE_FIRST: [Outcome; 6] = [
    Outcome::Failed,
    Outcome::Refused,
    Outcome::Held,
    Outcome::Rolled,
    Outcome::Unchanged,
    Outcome::Skipped,
];
