//! Two look-ups at once: whether what runs is ecroll's own for another push.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Deciding, Deployed};
use crate::image::Repository;
use crate::ledger::{Entry, RevisionName, Stamp};

/// As long as a look-up may last at most, and with it the time in which two are at work at once.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html>
pub(super) const LONGEST: TimeDelta = TimeDelta::minutes(15);

impl Deciding<'_> {
    /// Whether ecroll made what runs for the push of another repository.
    pub(super) fn is_anothers(&self, repository: &Repository) -> bool {
        self.others(repository).next().is_some()
    }

    /// When the pushes of other repositories happened for which ecroll made what runs, and from which revision it did. Such a
    /// revision is stamped; one that somebody else made may have been found running, and then the ledger names it too. The ledger
    /// may have gone on to a later tag of the same image since.
    pub(super) fn others(
        &self,
        repository: &Repository,
    ) -> impl Iterator<Item = (DateTime<Utc>, RevisionName)> {
        let others = self.definition.repositories().into_iter();
        let others = others.filter(move |other| *other != repository);
        others.filter_map(|other| {
            let (stamp, entry) = (self.definition.stamp(other)?, self.service.entry(other)?);
            let runs = entry.new.names(&self.service.task_definition);
            runs.then(|| (stamp.time.min(entry.time), entry.base))
        })
    }

    /// Two look-ups at once: what runs is ecroll's own for another push, and came over this one. It did not where somebody else
    /// deployed over this push first: whoever did so chose what runs, and what came then began from there.
    pub(super) fn is_raced(
        &self,
        repository: &Repository,
        entry: &Entry,
        deployed: &[Deployed],
        own: &[DateTime<Utc>],
    ) -> bool {
        let first = |name: &RevisionName| {
            let of = deployed
                .iter()
                .filter(|past| name.names(&past.task_definition));
            of.map(|past| past.at).min()
        };
        let new = first(&entry.new);
        // What was found running and noted later than it was deployed was overwritten by nobody at once.
        if !entry.is_deployment() && new.is_none() {
            return false;
        }
        // What was deployed before the roll began is no answer to it.
        let base = first(&entry.base).filter(|base| *base > entry.since());
        let since = new.or(base).unwrap_or(entry.since());
        let over = || deployed.iter().filter(|past| past.at > since);
        let somebodys = |past: &Deployed| {
            let revision = RevisionName::of(&past.task_definition);
            past.made.is_none() && !self.is_own(&revision)
        };
        // What somebody deployed over this, and the circuit breaker undid: what came then began from what that brought back.
        let runs = over().filter(|past| past.task_definition == self.service.task_definition);
        let runs = runs.map(|past| past.at).max();
        let mut before = over().filter(|past| runs.is_some_and(|runs| past.at < runs));
        if before.any(|past| past.undone && somebodys(past)) {
            return false;
        }
        let next = over().map(|past| past.at).min();
        if next
            .zip(new)
            .is_some_and(|(next, new)| next - new > LONGEST)
        {
            return false;
        }
        let chosen = |past: &Deployed| {
            let revision = RevisionName::of(&past.task_definition);
            let runs = revision.names(&self.service.task_definition);
            somebodys(past) && !past.undone && !runs && !revision.is(&entry.base)
        };
        let mut others = self.others(repository);
        if others.any(|(_, base)| base.is(&entry.new)) || over().any(chosen) {
            return false;
        }
        own.iter()
            .any(|at| (*at - entry.time).abs() <= self.reach())
    }

    /// How far a look-up sees.
    pub(super) fn reach(&self) -> TimeDelta {
        TimeDelta::from_std(self.config.look_back).unwrap_or(TimeDelta::MAX)
    }

    /// Whether the ledger tells of a revision as one that ecroll made.
    fn is_own(&self, revision: &RevisionName) -> bool {
        let entries = self.service.tags.iter();
        let mut entries = entries.filter_map(|(_, value)| Entry::read(value));
        entries.any(|entry| entry.new.is(revision) && entry.is_deployment())
    }

    /// When the pushes happened that ecroll made what runs for, other than the entry's own: an older one of the same
    /// repository by the revision's stamp, those of others by their ledger entries.
    pub(super) fn makers(&self, repository: &Repository, entry: &Entry) -> Vec<DateTime<Utc>> {
        let stamp = self.definition.stamp(repository);
        // Two pushes may be of one second.
        let other = |s: &Stamp| s.id != entry.word() && !entry.is_of(&s.digest);
        let older = stamp.filter(|s| s.time < entry.time || s.time == entry.time && other(s));
        let older = older.map(|stamp| stamp.time);
        let others = self.others(repository).map(|(time, _)| time);
        older.into_iter().chain(others).collect()
    }
}
