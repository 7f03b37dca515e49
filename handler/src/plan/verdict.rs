//! One service and one repository: which push counts, and what is to become of it.

use chrono::{DateTime, Utc};

use super::{Deciding, History, Plan};
use crate::image::Repository;
use crate::ledger::Entry;
use crate::manifest::Kind;
use crate::push::{Order, Push};
use crate::report::Outcome;

/// What is to become of the newest push that may roll.
pub(super) enum Verdict<'p> {
    /// There is no such push, and nothing is left over from before.
    Nothing,
    /// Nothing is to be done.
    Settled {
        push: &'p Push,
        tag: String,
        outcome: Outcome,
        reason: String,
    },
    /// Its image runs; the ledger may have to learn of it.
    Runs {
        push: &'p Push,
        tag: String,
        note: bool,
    },
    /// It is to be rolled.
    Roll {
        push: &'p Push,
        tag: String,
        reason: String,
    },
    /// Its revision is registered and noted, but was never deployed.
    Resume {
        entry: Entry,
        push: Option<&'p Push>,
        revision: String,
    },
    /// That depends on what was deployed since.
    Doubt { since: DateTime<Utc> },
}

/// What is known of the image that runs.
struct Running<'p> {
    digest: Option<String>,
    /// The push that brought it, where the window holds it.
    push: Option<&'p Push>,
    /// When that push happened, where it is known at all.
    time: Option<DateTime<Utc>>,
}

impl Deciding<'_> {
    /// Decides about the repository's pushes, oldest first; decisions on all but the one that counts go into the plan.
    pub(super) fn verdict<'p>(
        &self,
        repository: &Repository,
        pushed: &[&'p Push],
        plan: &mut Plan,
    ) -> Verdict<'p> {
        let mut candidates: Vec<(&'p Push, String)> = Vec::new();
        for push in pushed.iter().copied() {
            match self.eligible(push) {
                Ok(tag) => candidates.push((push, tag)),
                Err(reason) => {
                    let skipped = self.decision(push, push.tag(), Outcome::Skipped, reason);
                    plan.decisions.push(skipped);
                }
            }
        }
        let entry = self.service.entry(repository);
        let Some((newest, tag)) = candidates.pop() else {
            // Nothing in sight: only what an earlier look-up left undone.
            return entry.map_or(Verdict::Nothing, |entry| self.left_over(entry));
        };
        for (push, tag) in candidates {
            let reason = format!("superseded by {} of {}", newest.tag(), time(newest.time()));
            plan.decisions
                .push(self.decision(push, &tag, Outcome::Skipped, reason));
        }
        self.newest(repository, newest, tag, entry, pushed)
    }

    /// The tag by which a push may roll this service, or why it may not.
    fn eligible(&self, push: &Push) -> Result<String, String> {
        if let Some(since) = self.config.since.filter(|since| push.time() < *since) {
            return Err(format!(
                "pushed before {}, when ecroll began here",
                time(since)
            ));
        }
        if !self.config.follows_repository(&push.repository.name) {
            return Err("the configuration's `repositories` leave this one out".to_owned());
        }
        if let Kind::Other(what) = &push.kind {
            return Err(format!("no image: {what}"));
        }
        let name = &push.repository.name;
        let policy = self
            .config
            .settings(self.service.cluster(), &self.service.name, name)
            .tags;
        let allowed: Vec<&str> = push
            .tagged
            .iter()
            .map(|tagged| tagged.tag.as_str())
            .filter(|tag| policy.allows(tag))
            .collect();
        // The service keeps its own tag if the push set it; else it takes the last one.
        let own = allowed
            .iter()
            .rev()
            .find(|tag| self.names_tag(&push.repository, tag));
        own.or(allowed.last())
            .map(|tag| (*tag).to_owned())
            .ok_or_else(|| format!("policy {policy} does not take the tag {}", push.tag()))
    }

    fn names_tag(&self, repository: &Repository, tag: &str) -> bool {
        let mut images = self.definition.images.values();
        images.any(|(_, i)| i.repository == *repository && i.tag.as_deref() == Some(tag))
    }

    fn newest<'p>(
        &self,
        repository: &Repository,
        push: &'p Push,
        tag: String,
        entry: Option<Entry>,
        pushed: &[&'p Push],
    ) -> Verdict<'p> {
        let running = self.running(repository, pushed);
        let settled = |outcome, reason: String| Verdict::Settled {
            push,
            tag: tag.clone(),
            outcome,
            reason,
        };
        if running.digest.as_deref() == Some(push.digest.as_str()) {
            let note = entry.is_none_or(|entry| newer(push, &entry, pushed) && !entry.names(push));
            return Verdict::Runs { push, tag, note };
        }
        if let Some(entry) = entry {
            if entry.names(push) {
                return self.doubtful(entry, Some(push));
            }
            if !newer(push, &entry, pushed) {
                let reason = format!(
                    "older than {} of {}, which came first",
                    entry.tag,
                    time(entry.time)
                );
                return settled(Outcome::Skipped, reason);
            }
        }
        let ahead = match (running.push, running.time) {
            (Some(runs), _) => runs.order > push.order,
            (None, Some(at)) => at > push.time(),
            (None, None) => false,
        };
        if ahead {
            let since = running.time.map(time).unwrap_or_default();
            return settled(
                Outcome::Skipped,
                format!("older than what runs, pushed {since}"),
            );
        }
        let reason = match running.push {
            Some(runs) if runs.tagged.iter().any(|tagged| tagged.tag == tag) => {
                format!("{tag} was pushed again")
            }
            Some(runs) => format!("{tag} is newer than {}", runs.tag()),
            None => format!("{tag} is the newest push"),
        };
        Verdict::Roll { push, tag, reason }
    }

    /// What the service's containers of this repository run, by the best evidence there is.
    fn running<'p>(&self, repository: &Repository, pushed: &[&'p Push]) -> Running<'p> {
        if let Some(stamp) = self.definition.stamp(repository) {
            let push = pushed.iter().copied().find(|push| push.has_id(&stamp.id));
            return Running {
                digest: Some(stamp.digest),
                push,
                time: Some(stamp.time),
            };
        }
        let images = self
            .definition
            .images
            .values()
            .filter(|(_, i)| i.repository == *repository);
        let mut found: Option<Running<'p>> = None;
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
            let digest = image
                .digest
                .clone()
                .or_else(|| push.map(|push| push.digest.clone()));
            let this = Running {
                digest,
                push,
                time: push.map(Push::time),
            };
            match &found {
                // Containers that disagree run no one push.
                Some(other) if other.digest != this.digest => {
                    return Running {
                        digest: None,
                        push: None,
                        time: None,
                    };
                }
                _ => found = Some(this),
            }
        }
        found.unwrap_or(Running {
            digest: None,
            push: None,
            time: None,
        })
    }

    /// Without a push in sight: whether the ledger's own was left undeployed.
    fn left_over<'p>(&self, entry: Entry) -> Verdict<'p> {
        let base_runs = entry.base.names(&self.service.task_definition);
        let noted_only = entry.base == entry.new;
        if !base_runs || noted_only {
            return Verdict::Nothing;
        }
        match self.doubtful(entry, None) {
            Verdict::Settled { .. } => Verdict::Nothing,
            other => other,
        }
    }

    /// The ledger names this push, and yet another image runs: what happened since tells why.
    fn doubtful<'p>(&self, entry: Entry, push: Option<&'p Push>) -> Verdict<'p> {
        let runs = &self.service.task_definition;
        let held = |reason: &str| {
            push.map_or(Verdict::Nothing, |push| Verdict::Settled {
                push,
                tag: entry.tag.clone(),
                outcome: Outcome::Held,
                reason: reason.to_owned(),
            })
        };
        let deployed = match self.history {
            None => return Verdict::Doubt { since: entry.time },
            Some(History::Unknown(why)) => {
                let reason = format!("whether it was rolled back cannot be known: {why}");
                return held(&reason);
            }
            Some(History::Known(deployed)) => deployed,
        };
        let first = deployed
            .iter()
            .filter(|past| entry.new.names(&past.task_definition))
            .map(|past| past.at)
            .min();
        match first {
            None if entry.base.names(runs) => match entry.new.beside(runs) {
                Some(revision) => Verdict::Resume {
                    entry,
                    push,
                    revision,
                },
                None => held("the revision that the ledger names is of another family"),
            },
            None => held("somebody deployed another revision before this push could roll"),
            Some(_) if entry.base.names(runs) => {
                held("rolled back since, by a person or the circuit breaker; the next push rolls")
            }
            Some(first) if self.overtaken(&entry, first, deployed) => {
                match entry.new.beside(runs) {
                    Some(revision) => Verdict::Resume {
                        entry,
                        push,
                        revision,
                    },
                    None => held("somebody deployed another family since"),
                }
            }
            Some(_) => held("somebody deployed another revision since; the next push rolls"),
        }
    }

    /// Two handlers raced: what runs is ecroll's own, made for an older push, and came after the ledger's revision.
    fn overtaken(&self, entry: &Entry, first: DateTime<Utc>, deployed: &[super::Deployed]) -> bool {
        let runs = &self.service.task_definition;
        let own = self
            .definition
            .repositories()
            .into_iter()
            .filter_map(|repository| self.definition.stamp(repository))
            .any(|stamp| stamp.time < entry.time);
        let began = deployed
            .iter()
            .filter(|past| past.task_definition == *runs)
            .map(|past| past.at)
            .min();
        own && began.is_some_and(|began| began >= first)
    }
}

/// When a push last set this tag, if it did so by then; with the order to break ties.
fn tagged_before(push: &Push, tag: &str, at: DateTime<Utc>) -> Option<(DateTime<Utc>, Order)> {
    let times = push
        .tagged
        .iter()
        .filter(|t| t.tag == tag && t.time <= at)
        .map(|t| t.time);
    Some((times.max()?, push.order.clone()))
}

/// Whether a push comes after the one that the ledger names; by the log's order where the log still holds both.
fn newer(push: &Push, entry: &Entry, pushed: &[&Push]) -> bool {
    match pushed.iter().find(|other| entry.names(other)) {
        Some(noted) => push.order > noted.order,
        None => (push.time(), push.id()) > (entry.time, entry.id.as_str()),
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
