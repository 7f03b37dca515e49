//! The image that a push brings runs already.

use super::Deciding;
use super::verdict::{Candidate, Settled, Verdict, settled};
use crate::image::Repository;
use crate::ledger::Entry;
use crate::push::Push;
use crate::report::Outcome;

impl Deciding<'_> {
    /// The service runs the image already, as far as is known.
    pub(super) fn same<'p>(
        &self,
        repository: &Repository,
        candidate: Candidate<'p>,
        entry: Option<Entry>,
        pushed: &[&'p Push],
    ) -> Verdict<'p> {
        let Candidate { push, record, .. } = &candidate;
        // The circuit breaker brings back what a revision pulled before, whatever its tags name by now; a roll for
        // another repository pulls what they name by now, whether or not the log told of it. So what nobody noted of
        // this very revision is asked about, and what was pushed once more: as soon as it has pulled.
        let noted = |entry: &Entry| {
            let again = Self::is_further(record, entry) && !self.service.is_deploying();
            entry.names(push) && entry.new.names(&self.service.task_definition) && !again
        };
        let noted = entry.as_ref().is_some_and(noted);
        if !noted && let Some(verdict) = self.unproved(repository, &candidate) {
            return verdict;
        }
        if !noted && self.service.desired == 0 && self.has_tag_moved(repository, &push.digest) {
            if self.is_overtaken(repository, Some(&push.digest), Some(record.time)) {
                let reason =
                    "no task runs, and its tag names an image by now that was pushed later";
                return settled(candidate, Outcome::Skipped, reason.to_owned());
            }
            let other = self.by_its_record(candidate.clone());
            if !self.names_tag(repository, &other.tag) {
                // Unless somebody went back to it since.
                let chosen = |entry: &Entry| {
                    let own = entry.new.names(&self.service.task_definition);
                    entry.names(push) && !own && !self.is_below(repository, entry)
                };
                if let Some(entry) = entry.filter(chosen) {
                    return self.doubtful(repository, entry, Some(other), false);
                }
                let reason = "no task runs, and its tag names another image by now".to_owned();
                let candidate = other;
                return Verdict::Roll { candidate, reason };
            }
        }
        let note = self.news(repository, &candidate, entry, pushed);
        Verdict::Settled(Settled {
            candidate,
            outcome: Outcome::Unchanged,
            reason: "the service runs this image".to_owned(),
            note,
        })
    }
}
