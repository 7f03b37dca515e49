//! Writing the ledger: before a roll, of what runs already, and back where a roll could not follow.

use std::collections::BTreeMap;

use super::{Stop, Work};
use crate::concurrent;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecs;
use crate::inventory::Inventory;
use crate::ledger::{self, Entry, RevisionName};
use crate::plan::{Note, Roll};

/// How many services that are not rolled get their ledger at once.
const NOTES: usize = 5;

impl Work<'_> {
    pub(super) async fn write_ledger(&self, roll: &Roll, revision: &str) -> Result<(), Stop> {
        if is_written(roll, revision) {
            return Ok(());
        }
        let service = &roll.service.arn;
        let at = self.context.where_is(service, self.until).leaving(2);
        let entries = roll.entries(revision);
        let written = ecs::tag(at, service, &entries).await;
        match &written {
            Ok(()) => {
                self.context
                    .remember_ledger(service, &roll.service.tags, &entries);
            }
            Err(error) if error.denied() => {
                self.context.remember_denial(service, &error.to_string());
            }
            Err(_) => {}
        }
        Ok(written?)
    }

    /// Lets the ledger say again what it said before: somebody deployed between the look at the service and the ledger, and
    /// with a push noted that was never to roll from there the next look-up would take that for a choice against it.
    ///
    /// If what runs was made for the same push, it was another look-up of ecroll's, and the ledger names its revision.
    pub(super) async fn take_back(
        &self,
        roll: &Roll,
        written: &BTreeMap<String, String>,
        runs: &str,
    ) {
        let service = &roll.service.arn;
        let at = self.context.where_is(service, self.until);
        let definition = match ecs::describe_task_definition(at, runs).await {
            Ok(definition) => definition,
            Err(error) => {
                tracing::warn!(service, %error, "ledger not taken back");
                return;
            }
        };
        let digests: BTreeMap<String, &str> = roll
            .cargo
            .iter()
            .map(|cargo| (ledger::key(&cargo.repository), cargo.digest.as_str()))
            .collect();
        let theirs = |key: &String, value: &String| {
            let mut repositories = definition.repositories().into_iter();
            let repository = repositories.find(|of| ledger::key(of) == *key)?;
            let stamp = definition.stamp(repository)?;
            let same = digests
                .get(key)
                .is_some_and(|digest| stamp.digest == **digest);
            let new = RevisionName::of(runs);
            same.then_some(Entry {
                new,
                ..Entry::read(value)?
            })
        };
        let tags = written.iter().map(|(key, value)| {
            let value = theirs(key, value).map_or_else(|| before(roll, key), |entry| entry.value());
            (key.clone(), value)
        });
        self.write_back(roll, written, tags.collect()).await;
    }

    /// Lets the ledger say again what it said before: nothing rolled.
    pub(super) async fn give_back(&self, roll: &Roll, written: &BTreeMap<String, String>) {
        let tags = written.keys().map(|key| (key.clone(), before(roll, key)));
        self.write_back(roll, written, tags.collect()).await;
    }

    async fn write_back(
        &self,
        roll: &Roll,
        written: &BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    ) {
        let service = &roll.service.arn;
        let at = self.context.where_is(service, self.until);
        match ecs::tag(at, service, &tags).await {
            Ok(()) => self.context.remember_ledger(service, written, &tags),
            Err(error) => tracing::warn!(service, %error, "ledger not taken back"),
        }
    }
}

/// What the ledger said before a roll.
fn before(roll: &Roll, key: &String) -> String {
    let before = roll.service.tags.get(key);
    before.cloned().unwrap_or(ledger::TAKEN_BACK.to_owned())
}

/// Whether the ledger says already what a roll would write.
pub(super) fn is_written(roll: &Roll, revision: &str) -> bool {
    roll.entries(revision)
        .iter()
        .all(|(key, value)| roll.service.tags.get(key) == Some(value))
}

/// Writes the ledger of services that run the newest push already. That it failed is told and left to the next look-up.
pub(super) async fn note(
    context: &Context,
    inventory: &Inventory,
    until: Deadline,
    notes: &[Note],
) {
    let allowed = notes
        .iter()
        .filter(|note| context.denial(&note.service).is_none());
    let written = allowed.map(|note| async move {
        let tags = BTreeMap::from([note.tag.clone()]);
        let at = context.where_is(&note.service, until);
        match ecs::tag(at, &note.service, &tags).await {
            Ok(()) => {
                let mut services = inventory.services.iter();
                if let Some(of) = services.find(|service| service.arn == note.service) {
                    context.remember_ledger(&of.arn, &of.tags, &tags);
                }
            }
            Err(error) => {
                if error.denied() {
                    context.remember_denial(&note.service, &error.to_string());
                }
                tracing::warn!(service = note.service, %error, "ledger not written");
            }
        }
    });
    // Few at a time: the rolls take their turns from the same bucket.
    concurrent::some(NOTES, written).await;
}
