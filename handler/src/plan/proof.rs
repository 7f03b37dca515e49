//! What proves which image runs: what ECS pulled, before what the records say of a tag; and by which tag a push is named for
//! certain.

use super::Deciding;
use super::missing::is_found;
use super::verdict::{Candidate, Verdict, settled};
use crate::image::Repository;
use crate::ledger::{self, Entry};
use crate::policy::TagPolicy;
use crate::push::{Push, Tagged};
use crate::report::Outcome;

impl Deciding<'_> {
    /// Whether a record tells of a push since what runs was deployed: to an image that ran by then, once more.
    pub(super) fn is_again(&self, record: &Tagged) -> bool {
        let deployed = self.service.deployed_at;
        deployed.is_some_and(|at| at <= record.time)
    }

    /// Whether a record tells of a push of the ledger's image that the ledger does not know yet. What is found in the registry has
    /// another identity each time.
    pub(super) fn is_further(record: &Tagged, entry: &Entry) -> bool {
        let other = record.time >= entry.time && ledger::word(&record.id) != entry.word();
        other && !is_found(record)
    }

    /// Whether the ledger's own deployment of this very image is under way: until that is over it tells what ran before, and how
    /// it ends, and what is tried alone, go by it.
    pub(super) fn is_deploying_its(&self, push: &Push, entry: &Entry) -> bool {
        let its_own = entry.is_deployment() && entry.new.names(&self.service.task_definition);
        self.service.is_deploying() && its_own && entry.is_of(&push.digest)
    }

    /// What must be known before it is taken for certain that an image runs, or that it does not: a tag tells what it named,
    /// not what ECS pulled.
    pub(super) fn unproved<'p>(
        &self,
        repository: &Repository,
        of: &Candidate<'p>,
    ) -> Option<Verdict<'p>> {
        let mut images = self.definition.images.values();
        if !images.any(|(_, i)| i.repository == *repository && i.digest.is_none()) {
            return None;
        }
        if self.origin(repository).is_none() {
            let question = self.question(repository, self.service.deployed_at?);
            return Some(Verdict::Undated(Box::new(question)));
        }
        self.unanswered(repository, of)
    }

    /// It fails, where what runs could not be asked just then and another time may tell.
    pub(super) fn unanswered<'p>(
        &self,
        repository: &Repository,
        of: &Candidate<'p>,
    ) -> Option<Verdict<'p>> {
        let origin = self.origin(repository)?;
        let open = origin.retryable && origin.digest.is_none() && origin.latest.is_none();
        let why = origin.unknown.as_ref().filter(|_| open)?;
        let reason = format!("which image runs could not be asked: {why}");
        Some(settled(of.clone(), Outcome::Failed, reason))
    }

    /// Whether ECR says that the tag of the revision names another image by now, where no task tells what it pulled.
    pub(super) fn has_tag_moved(&self, repository: &Repository, from: &str) -> bool {
        let origin = self.origin(repository).filter(|o| o.digest.is_none());
        let named = origin.and_then(|origin| origin.named.as_ref());
        named.is_some_and(|named| named != from)
    }

    /// Whether no task runs, and the first one would start this image, as ECR says.
    pub(super) fn would_start(&self, repository: &Repository, digest: &str) -> bool {
        let origin = self.origin(repository).filter(|o| o.digest.is_none());
        let named = origin.and_then(|origin| origin.named.as_ref());
        let mut images = self.definition.images.values();
        let by_tag = images.all(|(_, i)| i.repository != *repository || i.digest.is_none());
        self.service.desired == 0 && by_tag && named.is_some_and(|named| named == digest)
    }

    /// Whether the tag by which a push would roll names another image by now.
    pub(super) fn is_taken(&self, repository: &Repository, candidate: &Candidate<'_>) -> bool {
        let moved = self.has_tag_moved(repository, &candidate.push.digest);
        moved && self.names_tag(repository, &candidate.tag)
    }

    /// Whether ECS has looked up the tag by which a push would roll since the push set it, and the push was named otherwise only
    /// then: what ECS found counts. Had it another name before, the tag may have been moved after that, unheard.
    pub(super) fn was_tag_deployed(
        &self,
        repository: &Repository,
        candidate: &Candidate<'_>,
    ) -> bool {
        let Candidate { push, tag, record } = candidate;
        let set = push.tagged.iter().filter(|tagged| tagged.tag == *tag);
        let set = set.map(|tagged| tagged.time).max();
        let deployed = set.is_some_and(|set| self.was_deployed_since(set));
        let named_since = self.service.deployed_at.is_some_and(|at| record.time >= at);
        self.names_tag(repository, tag) && deployed && named_since
    }

    /// The same push by the tag that it set last, which names it for certain; among versions by the highest all the same.
    pub(super) fn by_its_record<'p>(&self, candidate: Candidate<'p>) -> Candidate<'p> {
        if self.is_by_version(&candidate.push.repository) {
            return candidate;
        }
        let tag = candidate.record.tag.clone();
        Candidate { tag, ..candidate }
    }

    /// The same push by a tag that stands for it: not by that of what runs, where this is another image by now.
    pub(super) fn by_what_it_stands_for<'p>(
        &self,
        repository: &Repository,
        candidate: Candidate<'p>,
    ) -> Candidate<'p> {
        let pulled = self.origin(repository).and_then(|o| o.digest.as_ref());
        let moved = pulled.is_some_and(|digest| *digest != candidate.push.digest);
        let by_version =
            self.is_by_version(repository) && self.names_tag(repository, &candidate.tag);
        if moved && !by_version {
            self.by_its_record(candidate)
        } else {
            candidate
        }
    }

    /// Whether the service goes by versions, and only upwards.
    pub(super) fn is_by_version(&self, repository: &Repository) -> bool {
        self.settings(repository).tags == TagPolicy::NewestSemver
    }
}
