//! The doubtful rows of the ledger's table: the ledger names a push, and yet another image runs.

use chrono::{DateTime, TimeDelta, Utc};

use super::running::Running;
use super::verdict::{Candidate, Settled, Verdict, behind, settled};
use super::{Deciding, Deployed, History};
use crate::config::Action;
use crate::image::Repository;
use crate::ledger::Entry;
use crate::report::Outcome;

/// The clocks of ECR and ECS may differ: an event of a push rolls within a second of it.
pub(super) const SKEW: TimeDelta = TimeDelta::minutes(1);

impl Deciding<'_> {
    /// The ledger names this push, and another image runs, or nobody knows which.
    pub(super) fn named<'p>(
        &self,
        repository: &Repository,
        candidate: Candidate<'p>,
        entry: Entry,
        running: &Running<'p>,
    ) -> Verdict<'p> {
        let Candidate { push, record, .. } = &candidate;
        let its_own = entry.new.names(&self.service.task_definition);
        // Noted when it ran already: whether it still does may need asking.
        let below = self.is_below(repository, &entry);
        if running.digest.is_none()
            && (its_own || below)
            && let Some(undated) = self.undated(repository, &candidate)
        {
            return Verdict::Undated(Box::new(undated));
        }
        let known = self.is_known(repository, running.digest.as_ref());
        // A revision of somebody's own may have brought the very image.
        let anothers = !its_own && !below && !entry.base.names(&self.service.task_definition);
        if !known
            && anothers
            && let Some(verdict) = self.unproved(repository, &candidate)
        {
            return verdict;
        }
        let another = known && its_own;
        // What the circuit breaker brought back runs whatever the records say.
        if another && let Some(verdict) = self.unproved(repository, &candidate) {
            return verdict;
        }
        // Its tag had moved when it was deployed, and no record told in time. The one of the last push names it for certain.
        let by_version =
            self.is_by_version(repository) && self.names_tag(repository, &candidate.tag);
        let ahead = running.is_ahead_of(&candidate);
        let renamed = Self::is_further(record, &entry);
        let again = self.is_again(record) || renamed && !ahead;
        if another && again && !by_version {
            let candidate = self.by_its_record(candidate);
            let reason = format!("pushed again as {}", candidate.tag);
            return Verdict::Roll { candidate, reason };
        }
        // A further tag of the same push: the ledger names it by that one from now on.
        let note = renamed.then(|| entry.clone().renamed(push, record));
        let candidate = self.by_what_it_stands_for(repository, candidate);
        let brought = below && (known || ahead);
        match self.doubtful(repository, entry, Some(candidate.clone()), brought) {
            Verdict::Settled(settled) => Verdict::Settled(Settled { note, ..settled }),
            // The ledger's tag brought that, under a version above the other tags of the push.
            Verdict::Roll { candidate, .. } | Verdict::Alone { candidate, .. }
                if self.is_above(repository, running, &candidate) =>
            {
                let reason = Self::not_above(&candidate);
                settled(candidate, Outcome::Skipped, reason)
            }
            // A roll for another repository, or whoever went back, pulled what a tag named by then, and no record tells of that yet.
            Verdict::Roll { .. } | Verdict::Alone { .. } | Verdict::Resume { .. } if ahead => {
                settled(candidate, Outcome::Skipped, behind(running))
            }
            verdict @ (Verdict::Resume { .. } | Verdict::Roll { .. } | Verdict::Alone { .. }) => {
                match self.undated(repository, &candidate) {
                    Some(undated) => Verdict::Undated(Box::new(undated)),
                    None => self.unanswered(repository, &candidate).unwrap_or(verdict),
                }
            }
            other => other,
        }
    }

    /// Without the ledger's own push in sight: whether it was left undeployed.
    pub(super) fn left_over<'p>(&self, repository: &Repository, entry: Entry) -> Verdict<'p> {
        if self.settings(repository).action == Action::Force {
            return self.left_unforced(repository, entry);
        }
        let base_runs = entry.base.names(&self.service.task_definition);
        let followed = self.config.follows_repository(&repository.name);
        if !base_runs || !entry.is_deployment() || !followed {
            return Verdict::Nothing;
        }
        match self.doubtful(repository, entry, None, false) {
            Verdict::Settled(_) => Verdict::Nothing,
            other => other,
        }
    }

    /// The ledger names this push, and yet another image runs: what happened since tells why. `brought`: it is known that a roll
    /// for another repository, from the push's own revision, brought that image.
    pub(super) fn doubtful<'p>(
        &self,
        repository: &Repository,
        entry: Entry,
        candidate: Option<Candidate<'p>>,
        brought: bool,
    ) -> Verdict<'p> {
        let runs = &self.service.task_definition;
        if entry.new.names(runs) {
            let reason = "its revision runs, with another image by now; the next push rolls";
            return held(candidate, reason);
        }
        let own = self.makers(repository, &entry);
        let since = self.since(&entry, &own);
        let deployed = match self.history {
            Some(History::Unknown(why)) => {
                let reason = format!("whether it was rolled back cannot be known: {why}");
                return held(candidate, &reason);
            }
            Some(History::Known(from, deployed)) if *from <= since => deployed,
            // For the sake of another push it may have been read from a later time on.
            Some(History::Known(..)) | None => return Verdict::Doubt { since },
        };
        let first = |revision: &dyn Fn(&str) -> bool| {
            let of = deployed
                .iter()
                .filter(|past| revision(&past.task_definition));
            of.map(|past| past.at).min()
        };
        let new = first(&|arn| entry.new.names(arn));
        let now = first(&|arn| arn == runs);
        let mut undone = deployed.iter().filter(|past| past.undone);
        let undone = undone.any(|past| entry.new.names(&past.task_definition));
        if let Some(candidate) = candidate.clone().filter(|_| entry.shared && undone)
            && (entry.base.names(runs) || self.is_anothers(repository))
        {
            let reason =
                "the circuit breaker undid it together with another push: tried once alone";
            let reason = reason.to_owned();
            return Verdict::Alone { candidate, reason };
        }
        if entry.base.names(runs) {
            if new.is_some() {
                let reason =
                    "rolled back since, by a person or the circuit breaker; the next push rolls";
                return held(candidate, reason);
            }
            if self.is_hidden(&entry, deployed) {
                let reason = "whether it was rolled back cannot be known: ECS does not show the deployment that runs";
                return held(candidate, reason);
            }
            return match entry.new.beside(runs) {
                Some(revision) => Verdict::Resume {
                    entry,
                    candidate,
                    revision,
                },
                None => held(
                    candidate,
                    "the revision that the ledger names is of another family",
                ),
            };
        }
        let back = new.is_some_and(|new| went_back(&entry, deployed, new));
        // Given up, and what ran before could not start again either.
        let failed = |past: &Deployed| past.failed && entry.new.names(&past.task_definition);
        if undone || back || deployed.iter().any(failed) {
            let reason =
                "rolled back since, by a person or the circuit breaker; the next push rolls";
            return held(candidate, reason);
        }
        if let Some(candidate) = candidate.clone().filter(|_| fell(&entry, deployed)) {
            let reason = "the circuit breaker undid what it was to follow: rolled anew".to_owned();
            return Verdict::Roll { candidate, reason };
        }
        let since = now.is_some_and(|now| now >= new.unwrap_or(entry.since()));
        let why = if brought {
            Some("a roll for another repository brought another image")
        } else {
            let raced = self.is_raced(repository, &entry, deployed, &own);
            raced.then_some("another look-up at the same time deployed its own: rolled again")
        };
        match candidate {
            Some(candidate) if self.has_pulled(repository, &candidate) => held(
                Some(candidate),
                "what runs names its tag, with another image by now; the next push rolls",
            ),
            Some(candidate) if since && why.is_some() => Verdict::Roll {
                candidate,
                reason: why.unwrap_or_default().to_owned(),
            },
            candidate if new.is_some() => held(
                candidate,
                "somebody deployed another revision since; the next push rolls",
            ),
            candidate => held(
                candidate,
                "somebody deployed another revision before this push could roll",
            ),
        }
    }

    /// Whether what ECS tells of the past lacks the very deployment that runs: it keeps ninety days, and may be some seconds behind.
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>
    fn is_hidden(&self, entry: &Entry, deployed: &[Deployed]) -> bool {
        let began = self.service.deployed_at.filter(|at| *at > entry.since());
        let Some(began) = began else {
            return false;
        };
        let runs = &self.service.task_definition;
        let shown = deployed
            .iter()
            .any(|past| past.task_definition == *runs && (past.at - began).abs() <= SKEW);
        // The way back from what the breaker undid, or somebody stopped, is no deployment of its own.
        let last = deployed.iter().max_by_key(|past| past.at);
        !shown && !last.is_some_and(|past| past.undone || past.failed)
    }

    /// Whether the revision of an entry ran at a time or was deployed after it; or that cannot be known.
    ///
    /// # Errors
    /// What was deployed since this time has to be asked first.
    pub(super) fn ran_at(
        &self,
        repository: &Repository,
        entry: &Entry,
        time: DateTime<Utc>,
    ) -> Result<bool, DateTime<Utc>> {
        // Whatever runs was there before.
        if !entry.is_deployment() || !self.was_deployed_since(time) {
            return Ok(false);
        }
        let since = self.since(entry, &self.makers(repository, entry));
        let deployed = match self.history {
            Some(History::Unknown(_)) => return Ok(true),
            Some(History::Known(from, deployed)) if *from <= since => deployed,
            Some(History::Known(..)) | None => return Err(since),
        };
        let own = |past: &&Deployed| entry.new.names(&past.task_definition);
        let before = deployed.iter().filter(|past| past.at <= time);
        let last = before.max_by_key(|past| past.at).filter(own);
        let later = || deployed.iter().filter(|past| past.at > time);
        // The way back is no deployment of its own: when that was, only the service tells, and only until the next one.
        let ran = last.is_some_and(|last| !last.undone && !last.failed || later().next().is_none());
        Ok(ran || later().any(|past| own(&past)))
    }

    /// From when on it matters what was deployed.
    fn since(&self, entry: &Entry, own: &[DateTime<Utc>]) -> DateTime<Utc> {
        let runs = &self.service.task_definition;
        let earliest = own.iter().copied().fold(entry.since(), DateTime::min) - SKEW;
        // What it was to come on top of was deployed before it, and may have been given up.
        if entry.is_deployment() && entry.base.is_since(runs) && !entry.base.names(runs) {
            earliest
                .checked_sub_signed(self.reach())
                .unwrap_or(earliest)
        } else {
            earliest
        }
    }

    /// Whether what runs was made by a roll for another repository from an entry's own revision.
    pub(super) fn is_below(&self, repository: &Repository, entry: &Entry) -> bool {
        let mut others = self.others(repository);
        others.any(|(_, base)| base.is(&entry.new))
    }

    /// Whether it is known which image of a repository runs, or that there are several.
    pub(super) fn is_known(&self, repository: &Repository, digest: Option<&String>) -> bool {
        let several = self.origin(repository).is_some_and(|o| o.latest.is_some());
        digest.is_some() || several
    }

    /// Whether ECS has looked up a push's tag for every container since it was pushed: another revision that names it
    /// would bring nothing else.
    fn has_pulled(&self, repository: &Repository, candidate: &Candidate<'_>) -> bool {
        let images = self.definition.images.values();
        let mut images = images.filter(|(_, image)| image.repository == *repository);
        let since = self.was_deployed_since(candidate.record.time);
        since && images.all(|(_, i)| i.digest.is_none() && i.tag.as_ref() == Some(&candidate.tag))
    }
}

/// Held, where there is a push to say it of.
fn held<'p>(candidate: Option<Candidate<'p>>, reason: &str) -> Verdict<'p> {
    let held = |candidate| settled(candidate, Outcome::Held, reason.to_owned());
    candidate.map_or(Verdict::Nothing, held)
}

/// Whether what ran before an entry's push, or an older revision still, was deployed after the push's revision: a roll for another
/// repository then began from there.
fn went_back(entry: &Entry, deployed: &[Deployed], new: DateTime<Utc>) -> bool {
    let mut since = deployed.iter().filter(|past| past.at > new);
    since.any(|past| entry.base.is_since(&past.task_definition))
}

/// Whether the circuit breaker undid what an entry's push was to come on top of, before that push was deployed, and nothing was
/// deployed since: nobody chose what runs.
fn fell(entry: &Entry, deployed: &[Deployed]) -> bool {
    let last = deployed.iter().max_by_key(|past| past.at);
    let base = last.filter(|past| past.undone && entry.base.names(&past.task_definition));
    base.is_some() && entry.is_deployment()
}
