//! Which push an entry of the ledger means, now that more of the log is known.

use super::Deciding;
use super::doubt::SKEW;
use crate::image::Repository;
use crate::ledger::{self, ECR, Entry};
use crate::push::Push;

impl Deciding<'_> {
    /// What the ledger says of a repository.
    ///
    /// An image that is tagged again is one push as long as no other is seen between, and the ledger then goes by the later
    /// record. Another that arrives late, with a time between the two, parts them: the entry means the earlier one.
    ///
    /// An event of ECR and the record of the same push differ in their times. Where the image was pushed twice within so short a
    /// time, and another one between, the entry means the push on its own side of that one.
    pub(super) fn entry(&self, repository: &Repository, pushed: &[&Push]) -> Option<Entry> {
        let entry = self.service.entry(repository)?;
        let named = || pushed.iter().filter(|push| entry.names(push));
        let Some(first) = named().next() else {
            return Some(entry);
        };
        if first.has_id(entry.word()) {
            // The record of an event that was noted has a time of its own.
            let later = first.time() > entry.time && !entry.word().starts_with(ECR);
            let parted = later
                && others(pushed, first)
                    .any(|other| other.time() > entry.time && other.order < first.order);
            return Some(if parted { entry.unnamed() } else { entry });
        }
        let beyond = |push: &&&Push| {
            others(pushed, push).any(|other| {
                let before = push.order < other.order && other.time() < entry.time - SKEW;
                let after = other.order < push.order && other.time() > entry.time + SKEW;
                before || after
            })
        };
        if !beyond(&first) {
            return Some(entry);
        }
        let nearest = |push: &Push| {
            let tagged = push.tagged.iter();
            tagged.min_by_key(|t| (t.time - entry.time).abs()).cloned()
        };
        let mut own = named().filter(|push| !beyond(push));
        Some(match own.find_map(|push| Some((push, nearest(push)?))) {
            Some((push, record)) => Entry {
                id: ledger::mark(&record.id, &push.digest),
                ..entry
            },
            None => entry.unnamed(),
        })
    }
}

/// The images that are not of a push.
fn others<'a>(pushed: &'a [&'a Push], of: &'a Push) -> impl Iterator<Item = &'a &'a Push> {
    let images = pushed.iter().filter(|push| push.kind.is_image());
    images.filter(move |push| push.digest != of.digest)
}
