//! What a service runs of one repository, by the best evidence there is.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::Deciding;
use super::doubt::SKEW;
use super::verdict::Candidate;
use crate::image::Repository;
use crate::ledger::{self, Stamp};
use crate::push::{Order, Push, Tagged};

/// What is known of the image that runs.
pub(super) struct Running<'p> {
    pub(super) digest: Option<String>,
    /// The push that brought it, where the window holds it.
    pub(super) push: Option<&'p Push>,
    /// When that push happened, where it is known at all.
    pub(super) time: Option<DateTime<Utc>>,
}

impl Running<'_> {
    /// Whether what runs was pushed after a push.
    pub(super) fn is_ahead_of(&self, candidate: &Candidate<'_>) -> bool {
        match (self.push, self.time) {
            (Some(runs), _) => runs.order > candidate.push.order,
            (None, Some(at)) => at > candidate.record.time,
            (None, None) => false,
        }
    }

    /// Whether what runs, another image, was pushed after a push had set the tag by which it would roll: the tag may be that one's
    /// by now.
    pub(super) fn may_have_taken(&self, candidate: &Candidate<'_>) -> bool {
        let Candidate { push, tag, .. } = candidate;
        let set = push.tagged.iter().filter(|tagged| tagged.tag == *tag);
        let set = set.map(|tagged| tagged.time).max();
        set.is_some_and(|set| self.time.is_some_and(|runs| runs > set))
    }
}

impl Deciding<'_> {
    /// What the service's containers of this repository run, by the best evidence there is.
    pub(super) fn running<'p>(&self, repository: &Repository, pushed: &[&'p Push]) -> Running<'p> {
        // What ECS pulled, where it was asked, is better than what the tag named when the revision was made.
        let pulled = self.origin(repository).and_then(|o| o.digest.as_ref());
        let latest = self.origin(repository).and_then(|o| o.latest.as_ref());
        if let Some(latest) = latest {
            // A stamp is of one digest, and they run several.
            let push = self.pushed_last(repository, latest, pushed, true);
            return Running {
                digest: None,
                push,
                time: self.origin(repository).and_then(|o| o.pushed_at),
            };
        }
        let stamp = self.definition.stamp(repository);
        let stamp = stamp.filter(|s| pulled.is_none_or(|pulled| *pulled == s.digest));
        let known = stamp.map(|stamp| self.known(repository, stamp, pushed));
        let known = known.or_else(|| self.noted_out_of_sight(repository, pushed));
        let stays = |known: &Running<'_>| {
            !self.has_moved(repository, known, pushed)
                && !self.is_overtaken(repository, known.digest.as_ref(), known.time)
        };
        if let Some(known) = known.filter(stays) {
            return known;
        }
        let images = self
            .definition
            .images
            .values()
            .filter(|(_, i)| i.repository == *repository);
        let mut digests = BTreeSet::new();
        let mut newest: Option<&'p Push> = None;
        for (_, image) in images {
            let push = match (&image.digest, &image.tag, self.service.deployed_at) {
                (Some(digest), ..) => pushed.iter().rev().find(|push| push.digest == *digest),
                // ECS resolved the tag when the deployment began: to the last push of it before that.
                (None, Some(tag), Some(at)) => pushed
                    .iter()
                    .filter_map(|push| Some((tagged_before(push, tag, at)?, push)))
                    .max_by(|(a, _), (b, _)| a.cmp(b))
                    .map(|(_, push)| push),
                _ => None,
            }
            .copied();
            let digest = image.digest.as_ref().or(push.map(|push| &push.digest));
            digests.insert(digest.cloned());
            newest = newest
                .into_iter()
                .chain(push)
                .max_by(|a, b| a.order.cmp(&b.order));
        }
        // Containers that disagree run no one digest; the newest of them says what is older.
        let digest = digests.pop_first().flatten().filter(|_| digests.is_empty());
        let time = newest.map(Push::time);
        let Some(origin) = self.origin(repository) else {
            let push = newest;
            return Running { digest, push, time };
        };
        // What ECS and ECR say is better than what the window lets one suppose.
        let push = origin.digest.as_ref().map_or(newest, |digest| {
            self.pushed_last(repository, digest, pushed, origin.pushed_at.is_some())
        });
        let supposed = push.map(|push| &push.digest);
        if self.is_overtaken(repository, supposed, push.map(Push::time)) {
            return Running {
                digest: None,
                push: None,
                time: origin.pushed_at,
            };
        }
        Running {
            digest: origin.digest.clone().or(digest),
            push,
            time: origin.pushed_at.max(push.map(Push::time)),
        }
    }

    /// Whether a tag of the revision that runs names an image that was pushed after the one which is supposed to run, and before
    /// the deployment: asked of ECR where ECS has pulled nothing yet. Only where the two cannot be told apart, the times have to
    /// be further from each other than clocks are.
    pub(super) fn is_overtaken(
        &self,
        repository: &Repository,
        supposed: Option<&String>,
        since: Option<DateTime<Utc>>,
    ) -> bool {
        let Some(origin) = self.origin(repository).filter(|o| o.digest.is_none()) else {
            return false;
        };
        let other = origin.named.as_ref().zip(supposed).map(|(a, b)| a != b);
        let apart = if other == Some(true) {
            TimeDelta::zero()
        } else {
            SKEW
        };
        let named = origin.pushed_at.zip(since);
        other != Some(false) && named.is_some_and(|(at, since)| at > since + apart)
    }

    /// The push that dates a digest which was deployed: the last one by then under a tag that the policy takes, since the
    /// others say nothing to the service. Without any it is the first of all, of which ECR knows the time if it told it.
    fn pushed_last<'p>(
        &self,
        repository: &Repository,
        digest: &str,
        pushed: &[&'p Push],
        is_dated: bool,
    ) -> Option<&'p Push> {
        let policy = self.settings(repository).tags;
        let by_then = |push: &&Push| self.service.deployed_at.is_none_or(|at| push.time() <= at);
        let all = pushed.iter().copied().filter(by_then);
        let mut of = all.filter(|push| push.digest == digest);
        let taken = |push: &&Push| push.tagged.iter().any(|t| policy.allows(&t.tag));
        let last = of.clone().rfind(taken);
        last.or_else(|| of.next().filter(|_| !is_dated))
    }

    /// What a stamp says, or what the ledger found in its place. The ledger keeps eight digits of a digest: which it is, is
    /// known where a push in sight has it.
    fn known<'p>(&self, repository: &Repository, stamp: Stamp, pushed: &[&'p Push]) -> Running<'p> {
        let mut pushed = pushed.iter().copied();
        let asked = self.origin(repository).is_some_and(|o| o.digest.is_some());
        let found = self.service.found_instead(repository, &stamp);
        match found.filter(|_| !asked) {
            None => Running {
                push: pushed.find(|push| stamp.names(push)),
                digest: Some(stamp.digest),
                time: Some(stamp.time),
            },
            Some(entry) => Running {
                push: pushed.clone().find(|push| entry.names(push)),
                digest: pushed
                    .find(|push| entry.is_of(&push.digest))
                    .map(|push| push.digest.clone()),
                time: Some(entry.time),
            },
        }
    }

    /// What was found with a revision that nobody stamped, where its push is not in sight: a look-up may read but what came
    /// lately, and an older record of the tag, delivered twice, is no better evidence.
    fn noted_out_of_sight<'p>(
        &self,
        repository: &Repository,
        pushed: &[&'p Push],
    ) -> Option<Running<'p>> {
        let asked = self.origin(repository).is_some_and(|o| o.digest.is_some());
        let entry = self.service.entry(repository).filter(|_| !asked)?;
        let mut images = self.definition.images.values();
        let own = images.all(|(_, image)| {
            let tag = image.digest.is_none() && image.tag.as_ref() == Some(&entry.tag);
            image.repository != *repository || tag
        });
        let before = self
            .service
            .deployed_at
            .is_some_and(|at| entry.since() <= at);
        let runs = entry.new.names(&self.service.task_definition) && before && own;
        let in_sight = pushed.iter().any(|push| entry.names(push));
        let mut pushed = pushed.iter();
        (runs && !in_sight).then(|| Running {
            push: None,
            digest: pushed
                .find(|push| entry.is_of(&push.digest))
                .map(|push| push.digest.clone()),
            time: Some(entry.time),
        })
    }

    /// Whether another push set a tag of the revision that runs, after the one that is known to have run with it and before
    /// it was deployed: somebody deployed an old revision again, and ECS resolved its tag anew.
    fn has_moved(&self, repository: &Repository, known: &Running<'_>, pushed: &[&Push]) -> bool {
        let Some(at) = self.service.deployed_at else {
            return false;
        };
        let images = self.definition.images.values();
        let by_tag = images.filter(|(_, i)| i.repository == *repository && i.digest.is_none());
        let mut tags = by_tag.filter_map(|(_, image)| image.tag.as_deref());
        let is_known = |push: &Push| known.digest.as_ref() == Some(&push.digest);
        let others = || pushed.iter().filter(|push| !is_known(push));
        tags.any(|tag| {
            let mut set = others().filter_map(|push| tagged_before(push, tag, at));
            set.any(|(time, _)| known.time.is_some_and(|since| time > since))
        })
    }
}

/// When a push last set this tag, if it did so by then; with the order to break ties. Of what only the registry told, the tag may
/// have come at any time until it did.
fn tagged_before(push: &Push, tag: &str, at: DateTime<Utc>) -> Option<(DateTime<Utc>, Order)> {
    let set = |t: &&Tagged| {
        let latest = ledger::found_until(&t.id).unwrap_or(t.time);
        t.tag == tag && latest <= at
    };
    let times = push.tagged.iter().filter(set).map(|t| t.time);
    Some((times.max()?, push.order.clone()))
}
