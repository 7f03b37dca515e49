//! Which of the pushes that may roll a service is the one that counts. The page of [`crate::plan`] has the rules.

use semver::Version;

use super::running::Running;
use super::verdict::{Candidate, newer, time};
use super::{Deciding, History};
use crate::image::Repository;
use crate::ledger::Entry;
use crate::policy::{TagPolicy, version};
use crate::push::Push;

/// The push that counts, and the others, each with the reason why it does not.
pub(super) type Choice<'p> = (Option<Candidate<'p>>, Vec<(Candidate<'p>, String)>);

impl Deciding<'_> {
    /// Chooses among pushes that may roll, oldest first.
    pub(super) fn choose<'p>(
        &self,
        repository: &Repository,
        mut candidates: Vec<Candidate<'p>>,
        entry: Option<&Entry>,
        pushed: &[&'p Push],
    ) -> Choice<'p> {
        if self.settings(repository).tags == TagPolicy::NewestSemver {
            return self.highest(repository, candidates, entry, pushed);
        }
        let newest = candidates.pop();
        let by = newest.as_ref().map(|newest| {
            let (tag, at) = (newest.push.tag(), time(newest.push.time()));
            format!("superseded by {tag} of {at}")
        });
        let others = candidates.into_iter();
        let others = others.map(|other| (other, by.clone().unwrap_or_default()));
        (newest, others.collect())
    }

    /// Whether a push takes the place of the one that the ledger names.
    pub(super) fn passes(&self, one: &Candidate<'_>, entry: &Entry, pushed: &[&Push]) -> bool {
        let policy = self.settings(&one.push.repository).tags;
        let lower = policy == TagPolicy::NewestSemver
            && version(&entry.tag) > version(&one.tag)
            && !self.is_undone(entry);
        newer(one, entry, pushed) && !lower
    }

    fn highest<'p>(
        &self,
        repository: &Repository,
        candidates: Vec<Candidate<'p>>,
        entry: Option<&Entry>,
        pushed: &[&'p Push],
    ) -> Choice<'p> {
        let running = self.running(repository, pushed);
        let floor = self.version_of(repository, &running, entry);
        let guess = match floor {
            Some(_) => None,
            None => self.guessed(repository, &running, entry),
        };
        let floor = floor.as_ref().or(guess.as_ref());
        // Of the same version as the ledger's, over an image of which none is known.
        let equals = |one: &Candidate<'_>| guess.is_some() && version(&one.tag) == guess;
        let runs = |one: &Candidate<'_>| running.digest.as_ref() == Some(&one.push.digest);
        let named = |one: &Candidate<'_>| entry.is_some_and(|entry| entry.names(one.push));
        let late = |one: &Candidate<'_>| {
            running.is_ahead_of(one) || entry.is_some_and(|entry| !newer(one, entry, pushed))
        };
        let contends = |one: &Candidate<'_>| {
            let in_time = if named(one) {
                !entry.is_some_and(|entry| self.is_undone(entry))
            } else {
                !late(one)
            };
            let above = version(&one.tag).as_ref() > floor || equals(one);
            !runs(one) && above && in_time
        };
        let places = || candidates.iter().enumerate();
        let best = places()
            .filter(|(_, one)| contends(one))
            .max_by_key(|(place, one)| (version(&one.tag), *place));
        // Where none may roll, what is to be said is about the last one that did, or was to: an image that runs may have been
        // pushed once more since the ledger named it.
        let once_more = |one: &Candidate<'_>| {
            runs(one) && entry.is_none_or(|entry| entry.is_of(&one.push.digest))
        };
        let other = || {
            let mut last = places().filter(|(_, one)| named(one) || once_more(one));
            last.next_back()
                .or_else(|| places().rfind(|(_, one)| runs(one)))
        };
        let chosen = best.or_else(other).map(|(place, _)| place);
        let by = chosen.and_then(|place| candidates.get(place));
        let by = by.map(|by| {
            (
                version(&by.tag),
                format!("{} of {}", by.tag, time(by.push.time())),
            )
        });
        let mut counts = None;
        let mut others = Vec::new();
        for (place, one) in candidates.into_iter().enumerate() {
            if Some(place) == chosen {
                counts = Some(one);
                continue;
            }
            let own = version(&one.tag);
            let reason = match (floor, &by) {
                (Some(floor), _) if own.as_ref() <= Some(floor) => {
                    let whose = match guess {
                        Some(_) => "the ledger names",
                        None => "the service runs",
                    };
                    format!("{} is not above {floor}, which {whose}", one.tag)
                }
                (_, Some((best, text))) if own <= *best => {
                    format!("superseded by {text}, the highest version")
                }
                (_, Some((_, text))) => {
                    format!("a higher version than {text}, but pushed before what came first")
                }
                (_, None) => "pushed before what came first".to_owned(),
            };
            others.push((one, reason));
        }
        (counts, others)
    }

    /// Whether what runs is known by a higher version than the tag by which a push would roll, where versions count.
    pub(super) fn is_above(
        &self,
        repository: &Repository,
        running: &Running<'_>,
        candidate: &Candidate<'_>,
    ) -> bool {
        let floor = self.version_of(repository, running, None);
        self.is_by_version(repository) && floor > version(&candidate.tag)
    }

    /// What is said of such a push.
    pub(super) fn not_above(candidate: &Candidate<'_>) -> String {
        format!("{} is not above what the service runs", candidate.tag)
    }

    /// The highest version that what runs is known by.
    fn version_of(
        &self,
        repository: &Repository,
        running: &Running<'_>,
        entry: Option<&Entry>,
    ) -> Option<Version> {
        let images = self.definition.images.values();
        let images = images.filter(|(_, image)| image.repository == *repository);
        let pushed = running.push.into_iter().flat_map(|push| &push.tagged);
        let pushed = pushed.map(|tagged| tagged.tag.as_str());
        // A pre-release among the tags of a release says nothing to the service.
        let taken = |tag: &&str| TagPolicy::NewestSemver.allows(tag);
        let released = pushed.clone().any(|tag| taken(&tag));
        let pushed = pushed.filter(|tag| !released || taken(tag));
        // A later roll for another repository carries the stamp on into its own revision. A digest without a stamp has the
        // ledger's version where it is the ledger's image, and an entry noted for a later tag of the stamp's push has another
        // identity. But what ran before the ledger's push is not that push.
        let stamp = self.definition.stamp(repository);
        let back = |entry: &Entry| {
            entry.is_deployment() && entry.base.names(&self.service.task_definition)
        };
        let noted = entry.filter(|entry| {
            let mut digests = images
                .clone()
                .filter_map(|(_, image)| image.digest.as_ref());
            let silent = !back(entry) && digests.any(|digest| entry.is_of(digest));
            let its = stamp.as_ref().is_some_and(|s| entry.is_of(&s.digest));
            let noted = silent && (!entry.is_deployment() || its);
            let stamped = stamp.as_ref().map_or(silent, |stamp| {
                stamp.id == entry.word() || (noted && stamp.time <= entry.time)
            });
            stamped || entry.new.names(&self.service.task_definition)
        });
        let noted = noted.map(|entry| entry.tag.as_str());
        let own = images.filter_map(|(_, image)| image.tag.as_deref());
        own.chain(pushed).chain(noted).filter_map(version).max()
    }

    /// The ledger's version, where nothing tells that of what runs: a digest that somebody deployed may be higher than all that
    /// is in sight, and nothing lower than the ledger's rolls over it.
    fn guessed(
        &self,
        repository: &Repository,
        running: &Running<'_>,
        entry: Option<&Entry>,
    ) -> Option<Version> {
        let images = self.definition.images.values();
        let mut images = images.filter(|(_, image)| image.repository == *repository);
        let unnamed = images.all(|(_, image)| image.tag.is_none());
        let unknown = running.push.is_none() && self.definition.stamp(repository).is_none();
        let entry = entry.filter(|entry| {
            let back = entry.is_deployment() && entry.base.names(&self.service.task_definition);
            unnamed && unknown && !back
        });
        version(&entry?.tag)
    }

    /// Whether the ledger's revision is known not to wait for its deployment any more.
    fn is_undone(&self, entry: &Entry) -> bool {
        let deployed = match self.history {
            None => false,
            Some(History::Unknown(_)) => true,
            Some(History::Known(_, deployed)) => deployed
                .iter()
                .any(|past| entry.new.names(&past.task_definition)),
        };
        deployed || !entry.base.names(&self.service.task_definition)
    }
}
