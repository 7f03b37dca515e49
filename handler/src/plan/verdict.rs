//! One service and one repository: which push counts, and what is to become of it.

use chrono::{DateTime, Utc};

use super::running::Running;
use super::{Deciding, Plan, Undated};
use crate::config::Action;
use crate::image::Repository;
use crate::ledger::{self, Entry, RevisionName};
use crate::policy::version;
use crate::push::{Push, Tagged};
use crate::report::Outcome;

/// A push that may roll a service.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'p> {
    pub(super) push: &'p Push,
    /// The tag by which it rolls.
    pub(super) tag: String,
    /// The newest of its records that may roll the service. The ledger names the push by this one: earlier records leave
    /// the window first, and a record that arrives late may still come between it and them.
    pub(super) record: &'p Tagged,
}

/// What is to become of the newest push that may roll.
pub(super) enum Verdict<'p> {
    /// There is no such push, and nothing is left over from before.
    Nothing,
    /// Nothing is to be rolled.
    Settled(Settled<'p>),
    /// It is to be rolled.
    Roll {
        candidate: Candidate<'p>,
        reason: String,
    },
    /// Its revision is registered and noted, but was never deployed.
    Resume {
        entry: Entry,
        candidate: Option<Candidate<'p>>,
        revision: String,
    },
    /// The revision that runs names its tag: it is to be deployed anew.
    Force {
        candidate: Candidate<'p>,
        reason: String,
    },
    /// The circuit breaker undid it together with pushes of other repositories: it is to be rolled without them.
    Alone {
        candidate: Candidate<'p>,
        reason: String,
    },
    /// That depends on what was deployed since.
    Doubt { since: DateTime<Utc> },
    /// That depends on when the image that runs was pushed.
    Undated(Box<Undated>),
}

/// A push about which nothing is to be done, except that the ledger may have to learn of it.
pub(super) struct Settled<'p> {
    pub(super) candidate: Candidate<'p>,
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    pub(super) note: Option<Entry>,
}

impl Deciding<'_> {
    /// Decides about the repository's pushes, oldest first; decisions on all but the one that counts go into the plan.
    pub(super) fn verdict<'p>(
        &self,
        repository: &Repository,
        pushed: &[&'p Push],
        plan: &mut Plan,
    ) -> Verdict<'p> {
        let candidates = self.candidates(pushed, plan);
        let entry = self.entry(repository, pushed);
        let (counts, others) = self.choose(repository, candidates, entry.as_ref(), pushed);
        for (Candidate { push, tag, .. }, reason) in others {
            plan.decisions
                .push(self.decision(push, &tag, Outcome::Skipped, reason));
        }
        let Some(counts) = counts else {
            // Nothing in sight: only what an earlier look-up left undone.
            return entry.map_or(Verdict::Nothing, |entry| self.left_over(repository, entry));
        };
        let unseen = entry
            .clone()
            .filter(|entry| !entry.names(counts.push) && !self.passes(&counts, entry, pushed))
            .map_or(Verdict::Nothing, |entry| self.left_over(repository, entry));
        match (self.newest(repository, counts, entry, pushed), unseen) {
            (verdict, Verdict::Nothing) => verdict,
            (Verdict::Settled(settled), unseen) => {
                self.settle(repository, settled, plan);
                unseen
            }
            (Verdict::Roll { candidate, .. }, unseen @ Verdict::Resume { .. }) => {
                let Candidate { push, tag, .. } = candidate;
                let reason =
                    "a higher version is taken up again that an earlier look-up left undone";
                let skipped = self.decision(push, &tag, Outcome::Skipped, reason.to_owned());
                plan.decisions.push(skipped);
                unseen
            }
            (_, unseen) => unseen,
        }
    }

    fn newest<'p>(
        &self,
        repository: &Repository,
        candidate: Candidate<'p>,
        entry: Option<Entry>,
        pushed: &[&'p Push],
    ) -> Verdict<'p> {
        if self.settings(repository).action == Action::Force {
            return self.forced(candidate, entry.as_ref(), pushed);
        }
        let running = self.running(repository, pushed);
        let Candidate { push, tag, record } = &candidate;
        if running.digest.as_deref() == Some(push.digest.as_str()) {
            return self.same(repository, candidate, entry, pushed);
        }
        // The ledger's image may run by a revision of somebody's own.
        let of_ledger = entry
            .as_ref()
            .is_some_and(|entry| entry.is_of(&push.digest));
        if let Some(entry) = entry.clone() {
            if entry.names(push) {
                return self.named(repository, candidate, entry, &running);
            }
            if !newer(&candidate, &entry, pushed) {
                let first = format!("{} of {}", entry.tag, time(entry.time));
                let reason = format!("older than {first}, which came first");
                return settled(candidate, Outcome::Skipped, reason);
            }
        }
        if running.is_ahead_of(&candidate) {
            return settled(candidate, Outcome::Skipped, behind(&running));
        }
        if let Some(undated) = self.undated(repository, &candidate) {
            return Verdict::Undated(Box::new(undated));
        }
        if let Some(verdict) = self.as_noted(repository, &candidate, entry.as_ref(), &running) {
            return verdict;
        }
        if of_ledger
            && running.digest.is_none()
            && let Some(verdict) = self.unproved(repository, &candidate)
        {
            return verdict;
        }
        if of_ledger
            && self.was_deployed_since(record.time)
            && self.would_start(repository, &push.digest)
        {
            let note = self.news(repository, &candidate, entry, pushed);
            return Verdict::Settled(Settled {
                candidate,
                outcome: Outcome::Unchanged,
                reason: "no task runs, and its tag names this image".to_owned(),
                note,
            });
        }
        let origin = self.origin(repository);
        if let Some(why) = origin
            .filter(|o| o.retryable)
            .and_then(|o| o.unknown.as_ref())
        {
            // What runs may be newer. A refusal for good is no reason to wait: then the push is all that is known.
            let reason = format!("when what runs was pushed could not be asked: {why}");
            return settled(candidate, Outcome::Failed, reason);
        }
        let mut reason = match running.push {
            Some(runs) if runs.tagged.iter().any(|tagged| tagged.tag == *tag) => {
                format!("{tag} was pushed again")
            }
            Some(runs) => format!("{tag} is newer than {}", runs.tag()),
            None => format!("{tag} is the newest push"),
        };
        if let Some(why) = origin.and_then(|o| o.unknown.as_ref()) {
            reason = format!("{reason}; when what runs was pushed is not known: {why}");
        }
        let taken = self.is_taken(repository, &candidate) || running.may_have_taken(&candidate);
        let candidate = if taken {
            self.by_its_record(candidate)
        } else if self.was_tag_deployed(repository, &candidate) {
            self.by_what_it_stands_for(repository, candidate)
        } else {
            candidate
        };
        Verdict::Roll { candidate, reason }
    }

    /// Pushed as the ledger's push, then another image, and then this one once more while the first was running: what became of
    /// that one counts. `None` where it was not: then it is a push of its own.
    fn as_noted<'p>(
        &self,
        repository: &Repository,
        candidate: &Candidate<'p>,
        entry: Option<&Entry>,
        running: &Running<'p>,
    ) -> Option<Verdict<'p>> {
        let entry = entry.filter(|entry| entry.is_of(&candidate.push.digest))?;
        // Its own revision has pulled another image: whatever ran by it before was deployed once more since.
        let others = entry.new.names(&self.service.task_definition)
            && self.is_known(repository, running.digest.as_ref());
        let by_tag = self.is_by_version(repository) && self.names_tag(repository, &candidate.tag);
        if others && !by_tag {
            return self.unproved(repository, candidate);
        }
        match self.ran_at(repository, entry, candidate.record.time) {
            Ok(true) => {
                let told = self.told_again(candidate, entry.clone());
                let verdict = self.named(repository, candidate.clone(), told.clone(), running);
                Some(noting(told, verdict))
            }
            Ok(false) => None,
            Err(since) => Some(Verdict::Doubt { since }),
        }
    }

    /// An entry whose revision was deployed for an earlier record of the same image: after whatever came between the two.
    fn told_again(&self, candidate: &Candidate<'_>, entry: Entry) -> Entry {
        let Candidate { push, tag, record } = candidate;
        // Among versions it stays known by the higher one.
        let lower = version(&entry.tag) > version(tag) && self.is_by_version(&push.repository);
        let tag = if lower { &entry.tag } else { tag }.clone();
        Entry {
            tag,
            ..entry.told_again(push, record)
        }
    }

    /// What the ledger has to learn of a push whose image runs, so that a later rollback is seen.
    pub(super) fn news(
        &self,
        repository: &Repository,
        candidate: &Candidate<'_>,
        entry: Option<Entry>,
        pushed: &[&Push],
    ) -> Option<Entry> {
        let Candidate { push, tag, record } = candidate;
        let runs = &self.service.task_definition;
        let mut fresh = Entry::new(push, record, tag, runs, runs);
        let Some(entry) = entry else {
            return Some(fresh);
        };
        if self.is_deploying_its(push, &entry) {
            return Self::is_further(record, &entry).then(|| self.told_again(candidate, entry));
        }
        let lower = version(&entry.tag) > version(tag) && entry.new.names(runs);
        if lower && self.is_by_version(repository) {
            // The same image under a lower version too: it stays known by the higher one.
            fresh.tag.clone_from(&entry.tag);
        }
        if !entry.names(push) {
            return newer(candidate, &entry, pushed).then_some(fresh);
        }
        let stamp = self.definition.stamp(repository);
        if !entry.new.names(runs) && stamp.is_some_and(|stamp| stamp.names(push)) {
            // Two look-ups made a revision each, and the other one's runs.
            let new = RevisionName::of(runs);
            return Some(Entry { new, ..entry });
        }
        if !entry.new.names(runs) && !entry.base.names(runs) && entry.is_deployment() {
            // It runs by a revision of somebody's own: to go back from there is to go back from the push.
            return Some(fresh);
        }
        Self::is_further(record, &entry).then_some(fresh)
    }
}

/// A push with which nothing is done, and which the ledger need not learn of.
pub(super) fn settled(candidate: Candidate<'_>, outcome: Outcome, reason: String) -> Verdict<'_> {
    Verdict::Settled(Settled {
        candidate,
        outcome,
        reason,
        note: None,
    })
}

/// The same verdict, and where nothing is to be rolled the ledger learns of an entry.
fn noting(entry: Entry, verdict: Verdict<'_>) -> Verdict<'_> {
    let note = Some(entry);
    match verdict {
        Verdict::Settled(settled) => Verdict::Settled(Settled { note, ..settled }),
        other => other,
    }
}

/// Why a push is left that came before what runs.
pub(super) fn behind(running: &Running<'_>) -> String {
    let since = running.time.map(time).unwrap_or_default();
    format!("older than what runs, pushed {since}")
}

/// Whether a push comes after the one that the ledger names; by the log's order where the log still holds both.
pub(super) fn newer(candidate: &Candidate<'_>, entry: &Entry, pushed: &[&Push]) -> bool {
    let Candidate { push, record, .. } = candidate;
    match pushed.iter().find(|other| entry.names(other)) {
        Some(noted) => push.order > noted.order,
        None => (record.time, ledger::word(&record.id).as_str()) > (entry.time, entry.word()),
    }
}

pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
