//! Whose choice it is that a service does not run what only a registry tells of.
//!
//! Whoever deployed the service after the image was pushed chose what runs. What ecroll deployed meanwhile for other pushes is
//! nobody's choice, and neither is the way back from what the circuit breaker or somebody stopped.

use chrono::{DateTime, Utc};

use super::doubt::SKEW;
use super::race::LONGEST;
use super::{Deciding, Deployed, History};
use crate::ledger::Entry;

/// Whose choice it is that a service does not run what a registry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// Nobody's: it was missed.
    Nobodys,
    /// Somebody has deployed the service since.
    Somebodys,
    /// That depends on what was deployed since this time, and by whom.
    Asked(DateTime<Utc>),
    /// Nobody can tell: why.
    Unknown(String),
}

impl Deciding<'_> {
    /// Whose choice it is that what runs is not what was pushed at a time.
    pub(super) fn chosen_since(&self, time: DateTime<Utc>) -> Whose {
        if !self.was_deployed_since(time) {
            return Whose::Nobodys;
        }
        let Some(from) = self.ecrolls_part(time) else {
            return Whose::Somebodys;
        };
        let deployed = match self.history {
            Some(History::Unknown(why)) => return Whose::Unknown(why.clone()),
            Some(History::Known(since, deployed)) if *since <= from => deployed,
            Some(History::Known(..)) | None => return Whose::Asked(from),
        };
        if self.is_ecrolls(deployed, from, time) {
            Whose::Nobodys
        } else {
            Whose::Somebodys
        }
    }

    /// From when on the past tells what ecroll has to do with what runs. `None` where it has nothing to do with it: it made
    /// neither what runs nor, as far as a look-up sees, what was undone.
    fn ecrolls_part(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let runs = &self.service.task_definition;
        let undone = |entry: &Entry| entry.is_deployment() && entry.base.is_since(runs);
        let repositories = self.definition.repositories().into_iter();
        let entries = repositories.filter_map(|of| self.service.entry(of));
        let seen = time.checked_sub_signed(self.reach()).unwrap_or(time);
        // What was found in the registry, or left undone, may have rolled long after it was pushed.
        let undone = entries.filter(undone).map(|entry| entry.since().max(seen));
        let made = self.definition.made().map(|made| made.at);
        let parts = undone.chain(made.filter(|at| *at >= seen));
        parts.min().map(|at| time.min(at - SKEW))
    }

    /// Whether ecroll alone deployed since a time: ever newer revisions, each made since then or left to it by an earlier
    /// look-up; or nobody did, and the way back from what began before is what runs. `from`: none is missing since then.
    fn is_ecrolls(&self, deployed: &[Deployed], from: DateTime<Utc>, time: DateTime<Utc>) -> bool {
        let mut since: Vec<&Deployed> = deployed.iter().filter(|past| past.at >= time).collect();
        if since.is_empty() {
            // The way back is no deployment of its own.
            let last = deployed.iter().max_by_key(|past| past.at);
            return last.is_some_and(|last| last.undone || last.failed);
        }
        let made = |past: &Deployed| past.made.as_ref().map(|made| made.at);
        // Somebody went back to it from what was made later.
        let back = |past: &Deployed| {
            let mut before = deployed.iter().filter(|other| other.at < past.at);
            before.any(|other| made(other) > made(past))
        };
        // The first deployment of a revision is ecroll's, however late, where the past goes back to when it was made.
        let first = |past: &Deployed| {
            let mut before = deployed.iter().filter(|other| other.at < past.at);
            !before.any(|other| other.task_definition == past.task_definition)
        };
        let own = |past: &Deployed| {
            let left = |at| from <= at && first(past) && past.at - at <= self.reach();
            let soon = |at| past.at - at <= LONGEST;
            made(past).is_some_and(|at| at >= time || soon(at) || left(at)) && !back(past)
        };
        since.sort_by_key(|past| past.at);
        let onwards = since.is_sorted_by(|one, next| made(one) < made(next));
        onwards && since.into_iter().all(own)
    }
}
