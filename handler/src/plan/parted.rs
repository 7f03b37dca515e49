//! Which push an entry of the ledger means, now that more of the log is known.

use super::Deciding;
use crate::image::Repository;
use crate::ledger::{ECR, Entry};
use crate::push::Push;

impl Deciding<'_> {
    /// What the ledger says of a repository.
    ///
    /// An image that is tagged again is one push as long as no other is seen between, and the ledger then goes by the later
    /// record. Another that arrives late, with a time between the two, parts them: the entry means the earlier one.
    pub(super) fn entry(&self, repository: &Repository, pushed: &[&Push]) -> Option<Entry> {
        let entry = self.service.entry(repository)?;
        let named = pushed.iter().find(|push| entry.names(push));
        // An event of ECR and the record of the same push differ in their times.
        let named = named.filter(|push| push.time() > entry.time && !entry.word().starts_with(ECR));
        let parted = named.is_some_and(|named| {
            pushed.iter().any(|other| {
                let between = other.time() > entry.time && other.order < named.order;
                other.kind.is_image() && other.digest != named.digest && between
            })
        });
        Some(if parted { entry.unnamed() } else { entry })
    }
}
