//! The doubtful rows of the ledger's table: the ledger names a push, and yet another image runs.

use chrono::{DateTime, TimeDelta, Utc};

use super::missing::is_found;
use super::running::Running;
use super::verdict::{Candidate, Settled, Verdict, behind, settled};
use super::{Deciding, Deployed, History};
use crate::config::Action;
use crate::image::Repository;
use crate::ledger::{self, Entry};
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
        if running.digest.is_none()
            && its_own
            && let Some(undated) = self.undated(repository, &candidate)
        {
            return Verdict::Undated(Box::new(undated));
        }
        let several = self.origin(repository).is_some_and(|o| o.latest.is_some());
        let another = (running.digest.is_some() || several) && its_own;
        // What the circuit breaker brought back runs whatever the records say.
        if another && let Some(verdict) = self.unproved(repository, &candidate) {
            return verdict;
        }
        // Its tag had moved when it was deployed, and no record told in time. The one of the last push names it for certain.
        let by_version =
            self.is_by_version(repository) && self.names_tag(repository, &candidate.tag);
        if another && self.is_again(record) && !by_version {
            let candidate = self.by_its_record(candidate);
            let reason = format!("pushed again as {}", candidate.tag);
            return Verdict::Roll { candidate, reason };
        }
        // A further tag of the same push: the ledger names it by that one from now on.
        let other = record.time >= entry.time && ledger::word(&record.id) != entry.word();
        let renamed = other && !is_found(record);
        let note = renamed.then(|| entry.clone().renamed(push, record));
        let pulled = self.origin(repository).and_then(|o| o.digest.as_ref());
        let moved = pulled.is_some_and(|digest| *digest != push.digest) && !by_version;
        let ahead = running.is_ahead_of(&candidate);
        match self.doubtful(repository, entry, Some(candidate.clone())) {
            Verdict::Settled(settled) => Verdict::Settled(Settled { note, ..settled }),
            // A roll for another repository, or whoever went back, pulled what a tag named by then, and no record tells of that yet.
            Verdict::Roll { .. } | Verdict::Alone { .. } | Verdict::Resume { .. } if ahead => {
                settled(candidate, Outcome::Skipped, behind(running))
            }
            resume @ Verdict::Resume { .. } => match self.undated(repository, &candidate) {
                Some(undated) => Verdict::Undated(Box::new(undated)),
                None => resume,
            },
            // The tag of what runs names another image by now.
            Verdict::Roll { candidate, reason } if moved => {
                let candidate = self.by_its_record(candidate);
                Verdict::Roll { candidate, reason }
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
        let noted_only = entry.base == entry.new;
        let followed = self.config.follows_repository(&repository.name);
        if !base_runs || noted_only || !followed {
            return Verdict::Nothing;
        }
        match self.doubtful(repository, entry, None) {
            Verdict::Settled(_) => Verdict::Nothing,
            other => other,
        }
    }

    /// The ledger names this push, and yet another image runs: what happened since tells why.
    pub(super) fn doubtful<'p>(
        &self,
        repository: &Repository,
        entry: Entry,
        candidate: Option<Candidate<'p>>,
    ) -> Verdict<'p> {
        let runs = &self.service.task_definition;
        let held = |candidate: Option<Candidate<'p>>, reason: &str| {
            candidate.map_or(Verdict::Nothing, |candidate| {
                Verdict::Settled(Settled {
                    candidate,
                    outcome: Outcome::Held,
                    reason: reason.to_owned(),
                    note: None,
                })
            })
        };
        if entry.new.names(runs) {
            let reason = "its revision runs, with another image by now; the next push rolls";
            return held(candidate, reason);
        }
        let own = self.makers(repository, &entry);
        let deployed = match self.history {
            None => {
                let since = own.into_iter().fold(entry.time, DateTime::min) - SKEW;
                return Verdict::Doubt { since };
            }
            Some(History::Unknown(why)) => {
                let reason = format!("whether it was rolled back cannot be known: {why}");
                return held(candidate, &reason);
            }
            Some(History::Known(deployed)) => deployed,
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
            if now.is_none() && self.service.deployed_at.is_some_and(|at| at > entry.time) {
                // It does not even show the deployment that runs. Source, ninety days:
                // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>
                let reason = "whether it was rolled back cannot be known: ECS no longer shows deployments of that time";
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
        if undone || back {
            let reason =
                "rolled back since, by a person or the circuit breaker; the next push rolls";
            return held(candidate, reason);
        }
        // Two look-ups at once: what runs is ecroll's own for another push, and came after this one's, or instead of it.
        // What was found running and noted later than it was deployed was overwritten by nobody at once.
        let found = entry.new == entry.base && new.is_none();
        let raced = !found && now.is_some_and(|now| now >= new.unwrap_or(entry.time)) && {
            let reach = TimeDelta::from_std(self.config.look_back).unwrap_or(TimeDelta::MAX);
            own.iter().any(|at| (*at - entry.time).abs() <= reach)
        };
        match candidate {
            Some(candidate) if self.has_pulled(repository, &candidate) => held(
                Some(candidate),
                "what runs names its tag, with another image by now; the next push rolls",
            ),
            Some(candidate) if raced => Verdict::Roll {
                candidate,
                reason: "another look-up at the same time deployed its own: rolled again"
                    .to_owned(),
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

    /// Whether ECS has looked up a push's tag for every container since it was pushed: another revision that names it
    /// would bring nothing else.
    fn has_pulled(&self, repository: &Repository, candidate: &Candidate<'_>) -> bool {
        let images = self.definition.images.values();
        let mut images = images.filter(|(_, image)| image.repository == *repository);
        let since = self.was_deployed_since(candidate.record.time);
        since && images.all(|(_, i)| i.digest.is_none() && i.tag.as_ref() == Some(&candidate.tag))
    }

    /// Whether ecroll made what runs for the push of another repository.
    fn is_anothers(&self, repository: &Repository) -> bool {
        self.others(repository).next().is_some()
    }

    /// When the pushes of other repositories happened for which ecroll made what runs. Such a revision is stamped; one that
    /// somebody else made may have been found running, and then the ledger names it too. The ledger may have gone on to a later
    /// tag of the same image since.
    fn others(&self, repository: &Repository) -> impl Iterator<Item = DateTime<Utc>> {
        let others = self.definition.repositories().into_iter();
        let others = others.filter(move |other| *other != repository);
        others.filter_map(|other| {
            let (stamp, entry) = (self.definition.stamp(other)?, self.service.entry(other)?);
            let runs = entry.new.names(&self.service.task_definition);
            runs.then(|| stamp.time.min(entry.time))
        })
    }

    /// When the pushes happened that ecroll made what runs for, other than the entry's own: an older one of the same
    /// repository by the revision's stamp, those of others by their ledger entries.
    fn makers(&self, repository: &Repository, entry: &Entry) -> Vec<DateTime<Utc>> {
        let stamp = self.definition.stamp(repository);
        let older = stamp.map(|s| s.time).filter(|time| *time < entry.time);
        older.into_iter().chain(self.others(repository)).collect()
    }
}

/// Whether what ran before an entry's push, or an older revision still, was deployed after the push's revision: a roll for another
/// repository then began from there.
fn went_back(entry: &Entry, deployed: &[Deployed], new: DateTime<Utc>) -> bool {
    let mut since = deployed.iter().filter(|past| past.at > new);
    since.any(|past| entry.base.is_since(&past.task_definition))
}
