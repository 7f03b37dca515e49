//! `action = "force"`: no new revision; the one that runs is deployed anew, so that ECS resolves the tag again.
//!
//! ECS resolves a tag when a deployment begins. So what counts is whether the newest deployment began after the push, not
//! what stands in the revision, which stays the same. The ledger is written before the update as for every roll, with
//! this revision as both the new one and the base; an entry without a later deployment is a roll that was not lived to.
//! What came after the push in whatever way, a rollback among them, is left alone, whatever image it runs. An image that came
//! again after another is not deployed again while it runs, nor is what came before it.

use chrono::{DateTime, TimeDelta, Utc};

use super::missing::is_found;
use super::service::TAKEN_UP;
use super::verdict::{Candidate, Settled, Verdict, newer, time};
use super::{Deciding, History};
use crate::image::Repository;
use crate::ledger::{Entry, word};
use crate::push::Push;
use crate::report::Outcome;

/// What the past says of a forced deployment that the service does not show.
enum ByNow<'a> {
    /// It has to be asked first.
    Asked,
    /// It cannot be read: why.
    Unknown(&'a str),
    /// The service was deployed at this time.
    Deployed(DateTime<Utc>),
    /// It was not: the deployment was left undone.
    Left,
}

impl Deciding<'_> {
    /// What is to become of the newest push of a tag that the revision names.
    pub(super) fn forced<'p>(
        &self,
        candidate: Candidate<'p>,
        entry: Option<&Entry>,
        pushed: &[&'p Push],
    ) -> Verdict<'p> {
        let Candidate { push, tag, record } = &candidate;
        let runs = &self.service.task_definition;
        let named = entry.filter(|entry| entry.names(push));
        let later = entry.filter(|entry| !entry.names(push) && !newer(&candidate, entry, pushed));
        let settled = |candidate, outcome, reason, note| {
            Verdict::Settled(Settled {
                candidate,
                outcome,
                reason,
                note,
            })
        };
        let Some(deployed) = self.service.deployed_at else {
            let reason = "ECS shows no deployment of the service, so nobody knows what it runs";
            return settled(candidate, Outcome::Held, reason.to_owned(), None);
        };
        // The time of a push is cut to whole seconds: a deployment within its second may have come before it. The
        // ledger's own deployment came after.
        let since = match named {
            Some(entry) => entry.since().min(record.time),
            None => record.time + TimeDelta::seconds(1),
        };
        if deployed >= since {
            let reason = format!("deployed at {}, after this push", time(deployed));
            // A further record of the push that was deployed: its time is no reason to deploy again.
            let fresh = match named {
                Some(entry) => entry.clone().renamed(push, record),
                None => Entry::new(push, record, tag, runs, runs),
            };
            let same = |entry: &Entry| entry.word() == word(&record.id) || is_found(record);
            let knows = named.is_some_and(same);
            let note = (later.is_none() && !knows).then_some(fresh);
            return settled(candidate, Outcome::Unchanged, reason, note);
        }
        if let Some(entry) = later {
            let first = format!("{} of {}", entry.tag, time(entry.time));
            let reason = format!("older than {first}, which came first");
            return settled(candidate, Outcome::Skipped, reason, None);
        }
        if named.is_some() {
            return match self.by_now(since) {
                ByNow::Asked => Verdict::Doubt { since },
                ByNow::Unknown(why) => {
                    let reason = format!("whether it was deployed cannot be known: {why}");
                    settled(candidate, Outcome::Held, reason, None)
                }
                ByNow::Deployed(at) => {
                    let reason = format!("deployed at {}, after this push", time(at));
                    settled(candidate, Outcome::Unchanged, reason, None)
                }
                ByNow::Left => Verdict::Force {
                    candidate,
                    reason: TAKEN_UP.to_owned(),
                },
            };
        }
        let (of, digest) = (&push.repository, &push.digest);
        if let Some(verdict) = self.unproved(of, &candidate) {
            return verdict;
        }
        if let Some(pulled) = self.origin(of).and_then(|origin| origin.digest.as_ref()) {
            // Neither is noted: what the ledger names without a later deployment is still to be deployed.
            if pulled == digest {
                let reason = "the service runs this image".to_owned();
                return settled(candidate, Outcome::Unchanged, reason, None);
            }
            // It may have come again under a tag that no container names.
            let policy = self.settings(of).tags;
            let takes = |push: &&&Push| push.tagged.iter().any(|t| policy.allows(&t.tag));
            let mut later = pushed.iter().filter(|later| later.order > push.order);
            let again = later.find(|later| later.digest == *pulled && takes(later));
            if let Some(again) = again {
                let (tag, at) = (again.tag(), time(again.time()));
                let reason =
                    format!("older than what runs, which was pushed again as {tag} at {at}");
                return settled(candidate, Outcome::Skipped, reason, None);
            }
        }
        let reason = format!("{tag} was pushed since the service was deployed");
        Verdict::Force { candidate, reason }
    }

    /// Whether the service was deployed since a time, by its past: `DescribeServices` may be behind, and the ledger, which has an
    /// API of its own, then names what the same answer does not show yet.
    fn by_now(&self, since: DateTime<Utc>) -> ByNow<'_> {
        match self.history {
            Some(History::Unknown(why)) => ByNow::Unknown(why),
            Some(History::Known(from, deployed)) if *from <= since => {
                let began = deployed.iter().map(|past| past.at);
                let last = began.filter(|at| *at >= since).max();
                last.map_or(ByNow::Left, ByNow::Deployed)
            }
            Some(History::Known(..)) | None => ByNow::Asked,
        }
    }

    /// Without the ledger's push in sight: whether its deployment was left undone.
    pub(super) fn left_unforced<'p>(&self, repository: &Repository, entry: Entry) -> Verdict<'p> {
        let runs = self.service.task_definition.clone();
        let before = self
            .service
            .deployed_at
            .is_some_and(|at| at < entry.since());
        let followed = self.config.follows_repository(&repository.name);
        if !followed
            || !before
            || !entry.base.names(&runs)
            || !self.starts_tag(repository, &entry.tag)
            || self.objection(repository).is_some()
        {
            return Verdict::Nothing;
        }
        let since = entry.since();
        match self.by_now(since) {
            ByNow::Asked => Verdict::Doubt { since },
            ByNow::Deployed(_) | ByNow::Unknown(_) => Verdict::Nothing,
            ByNow::Left => Verdict::Resume {
                entry,
                candidate: None,
                revision: runs,
            },
        }
    }
}
