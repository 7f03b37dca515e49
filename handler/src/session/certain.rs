//! What may roll before the older part of the log is read. Pure.

use super::Session;
use crate::config::OwnTags;
use crate::image::Repository;
use crate::plan::{self, Cargo, Roll};
use crate::policy::TagPolicy;

impl Session<'_> {
    /// Whether no older push, not read yet, could change what counts. It might be the same image under another tag, and
    /// tags are not chased: so it must be known which digest of the rolled repositories runs.
    pub(super) fn is_certain(&self, roll: &Roll) -> bool {
        let definitions = &self.inventory.definitions;
        let Some(definition) = definitions.get(&roll.service.task_definition) else {
            return false;
        };
        // What is not read yet may hold a higher version.
        if self.goes_by_version(roll) {
            return false;
        }
        // How the earlier waves stand to a push goes by all its tags, and by what came after it.
        if plan::wave(&self.config, &roll.service) > 0 {
            return false;
        }
        // The same image again: with the older record it may be one push, and that may have been undone. What only the ledger
        // names is decided when its push is read.
        let again = |cargo: &Cargo| {
            let entry = roll.service.entry(&cargo.repository);
            cargo.digest.is_empty() || entry.is_some_and(|entry| entry.is_of(&cargo.digest))
        };
        if roll.cargo.iter().any(again) {
            return false;
        }
        let known = |repository: &Repository| {
            let mut images = definition.images.values();
            let key = (roll.service.arn.clone(), repository.clone());
            let origin = self.inventory.origins.get(&key);
            let stamp = definition.stamp(repository);
            // Deployed once more, a revision runs what its tags name by then.
            let entry = roll.service.entry(repository);
            let again = entry.is_some_and(|entry| !entry.new.names(&roll.service.task_definition));
            stamp.is_some_and(|s| !again && roll.service.found_instead(repository, &s).is_none())
                || origin.is_some_and(|origin| origin.digest.is_some())
                || images.all(|(_, i)| i.repository != *repository || i.digest.is_some())
        };
        roll.cargo.iter().all(|cargo| known(&cargo.repository))
    }

    /// Whether the highest version counts for anything that a roll brings, and not the last push.
    pub(super) fn goes_by_version(&self, roll: &Roll) -> bool {
        let own = OwnTags::read(&roll.service.tags);
        roll.cargo.iter().any(|cargo| {
            let settings = plan::settings(&roll.service, &own, &cargo.repository, &self.config);
            settings.tags == TagPolicy::NewestSemver
        })
    }
}
