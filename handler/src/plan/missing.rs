//! Pushes of which the log never told: what a registry holds, next to what runs.
//!
//! A record above 256 KB never arrives, an event above 100 KB neither, a trail may have been stopped, and a service may have
//! been on hold when its push passed. Where ECR holds a newer image that the policy takes, no push in sight is of it, no
//! ledger speaks of it, and nobody has deployed the service since it was pushed, it is a push of its own. Whoever deployed
//! since chose what runs, and that stays; [`super::chosen`] tells who that was. What the circuit breaker undid together with another
//! push is still to be tried alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::Deciding;
use super::chosen::Whose;
use crate::config::{Config, Match};
use crate::image::Repository;
use crate::inventory::Inventory;
use crate::ledger::{self, ECR, FOUND};
use crate::policy::{TagPolicy, version};
use crate::push::{Push, Tagged};

/// So old is an image before it is missed: its record may be on its way.
const GRACE: TimeDelta = TimeDelta::minutes(15);

/// An image with tags, as a registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) digest: String,
    /// Without the in-use tag.
    pub(crate) tags: Vec<String>,
    /// The first push of the digest.
    pub(crate) pushed_at: DateTime<Utc>,
}

impl Listed {
    /// The identity of the push of one of its tags, which a registry held at a time. By that a record that arrives afterwards is
    /// known again: an image may have got a tag long after its first push.
    pub(crate) fn id(&self, place: usize, now: DateTime<Utc>) -> String {
        let hex = self.digest.rsplit(':').next().unwrap_or_default();
        let hex = hex.get(hex.len().saturating_sub(16)..).unwrap_or(hex);
        format!("{ECR}{FOUND}{hex}-{place}-{}", now.timestamp())
    }
}

/// Images by repository.
pub(crate) type Listings = BTreeMap<Repository, Vec<Listed>>;

/// Whether nothing but the registry told of a tag.
pub(crate) fn is_found(tagged: &Tagged) -> bool {
    ledger::found(&tagged.id).is_some()
}

/// The repositories in which something may be missing: those that services run which could be rolled.
pub(crate) fn questions(inventory: &Inventory, config: &Config) -> BTreeSet<Repository> {
    let mut wanted = BTreeSet::new();
    each(inventory, config, &mut |_, repository| {
        wanted.insert(repository.clone());
    });
    wanted
}

/// The images that some service should have been offered, by repository; one image may be missing to several services.
pub(crate) fn missing(
    listings: &Listings,
    pushes: &[Push],
    inventory: &Inventory,
    config: &Config,
    now: DateTime<Utc>,
) -> Listings {
    let mut missing = Listings::new();
    each(inventory, config, &mut |deciding, repository| {
        let listed = listings.get(repository).map_or(&[][..], Vec::as_slice);
        let Some(image) = deciding.newest_listed(repository, listed, now) else {
            return;
        };
        let policy = deciding.settings(repository).tags;
        let mut told = pushes.iter().filter(|push| push.repository == *repository);
        let told = told.any(|push| {
            let mut tags = push.tagged.iter();
            push.digest == image.digest && tags.any(|tagged| policy.allows(&tagged.tag))
        });
        if told || !deciding.misses(repository, image) {
            return;
        }
        let of = missing.entry(repository.clone()).or_default();
        if !of.contains(image) {
            of.push(image.clone());
        }
    });
    missing
}

/// Goes through the services that could be rolled, and their repositories.
fn each(inventory: &Inventory, config: &Config, look: &mut dyn FnMut(&Deciding<'_>, &Repository)) {
    for service in &inventory.services {
        let Some(definition) = inventory.definitions.get(&service.task_definition) else {
            continue;
        };
        let deciding = Deciding::new(service, definition, &inventory.origins, config);
        for repository in definition.repositories() {
            let by_image = deciding.settings(repository).matching == Match::Image;
            let follows = config.follows_repository(&repository.name) && by_image;
            let free = deciding.own.wrong.is_empty() && deciding.objection(repository).is_none();
            if follows && free && service.deployed_at.is_some() {
                look(&deciding, repository);
            }
        }
    }
}

impl Deciding<'_> {
    /// The image that counts among those that a registry lists: the newest that the policy takes, or its highest version.
    fn newest_listed<'l>(
        &self,
        repository: &Repository,
        listed: &'l [Listed],
        now: DateTime<Utc>,
    ) -> Option<&'l Listed> {
        let policy = self.settings(repository).tags;
        let since = self.config.since;
        let taken = listed.iter().filter(|image| {
            let takes = image.tags.iter().any(|tag| policy.allows(tag));
            takes && since.is_none_or(|since| image.pushed_at >= since)
        });
        let highest = |image: &Listed| image.tags.iter().filter_map(|tag| version(tag)).max();
        let newest = if policy == TagPolicy::NewestSemver {
            taken.max_by_key(|image| (highest(image), image.pushed_at))
        } else {
            taken.max_by_key(|image| image.pushed_at)
        };
        newest.filter(|image| image.pushed_at + GRACE <= now)
    }

    /// Whether neither the ledger nor a deployment explains that an image does not run.
    fn misses(&self, repository: &Repository, image: &Listed) -> bool {
        let pushed_at = image.pushed_at.trunc_subsecs(0);
        let runs = &self.service.task_definition;
        if let Some(entry) = self.service.entry(repository) {
            let one = entry.is_of(&image.digest);
            if one && entry.shared && !entry.new.names(runs) {
                return true;
            }
            if one || entry.time >= pushed_at {
                return false;
            }
        }
        self.chosen_since(pushed_at) != Whose::Somebodys
    }

    /// Whether somebody deployed the service after a time.
    pub(super) fn was_deployed_since(&self, time: DateTime<Utc>) -> bool {
        self.service.deployed_at.is_none_or(|at| at >= time)
    }
}
