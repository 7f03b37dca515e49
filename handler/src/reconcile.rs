//! Reconciling: every time everything is read, ECR is asked for pushes that never reached the log.

use std::collections::BTreeSet;

use chrono::SubsecRound as _;

use crate::carried::kind;
use crate::concurrent;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecr;
use crate::error::AwsError;
use crate::image::Repository;
use crate::inventory::Inventory;
use crate::manifest::Kind;
use crate::plan::missing::{self, Listings};
use crate::push::{Found, Push};
use crate::record::Record;

/// The most images about which a look-up asks what they are, of all repositories together: what more signatures hide stays hidden.
const MOST: usize = 200;

/// The pushes that the log lacks. What cannot be asked is told in the log, once, and left to the next time.
///
/// Only the function's own registry is asked: whether a repository of another one is a cache of images pulled through is
/// told to its owner alone, and those come without a push.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>
pub(crate) async fn pushes(
    context: &Context,
    inventory: &Inventory,
    told: &[Push],
    until: Deadline,
) -> Vec<Found> {
    let (config, now) = (&context.config, context.now());
    let home = context.home();
    let wanted = missing::questions(inventory, config).into_iter();
    let own = wanted.filter(|of| home.as_ref().is_some_and(|home| home.account == of.account));
    let listed = own.map(|repository| async move {
        if !until.allows(context.now()) {
            return None;
        }
        let images = ecr::list(&context.ecr(&repository.region), &repository).await;
        noted(context, &repository, images).map(|images| (repository, images))
    });
    let mut listings: Listings = concurrent::all(listed)
        .await
        .into_iter()
        .flatten()
        .collect();
    for (repository, images) in &mut listings {
        let other = |digest: &str| {
            let mut others = told.iter().filter(|push| !push.kind.is_image());
            others.any(|push| push.repository == *repository && push.digest == digest)
        };
        images.retain(|image| !other(&image.digest));
        for image in images {
            image.tags.retain(|tag| !config.is_in_use_tag(tag));
        }
    }
    let mut found = Vec::new();
    let mut asked = BTreeSet::new();
    let (mut hidden, mut known) = (true, None);
    // A signature may follow an image, and a registry does not always tell which is which: what it hides is looked for again.
    while hidden && asked.len() < MOST && until.allows(context.now()) {
        hidden = false;
        let mut missing = missing::missing(&listings, told, inventory, config, now);
        missing.retain(|repository, images| {
            images.retain(|image| !asked.contains(&(repository.clone(), image.digest.clone())));
            !images.is_empty()
        });
        if missing.is_empty() {
            break;
        }
        let caches = match known.take() {
            Some(caches) => caches,
            None => caches(context, &listings).await,
        };
        missing.retain(|repository, _| !caches.contains(repository));
        known = Some(caches);
        for (repository, images) in missing {
            for image in images {
                asked.insert((repository.clone(), image.digest.clone()));
                match records(context, &repository, &image).await {
                    Some(all) if all.is_empty() => {
                        hidden = true;
                        if let Some(listed) = listings.get_mut(&repository) {
                            listed.retain(|other| other.digest != image.digest);
                        }
                    }
                    all => found.extend(all.into_iter().flatten()),
                }
            }
        }
    }
    found
}

/// The records that the log should have held of an image: one for each of its tags. Empty for what is no image: nobody
/// misses it. `None` where that could not be asked.
async fn records(
    context: &Context,
    repository: &Repository,
    image: &missing::Listed,
) -> Option<Vec<Found>> {
    let now = context.now();
    let record = |place: usize, tag: &String, kind: Kind| Record {
        repository: repository.clone(),
        tag: tag.clone(),
        digest: image.digest.clone(),
        time: image.pushed_at.trunc_subsecs(0),
        id: image.id(place, now),
        kind,
    };
    let first = record(0, image.tags.first()?, Kind::Image);
    let kind = noted(context, repository, kind(context, &first).await)?;
    if !kind.is_image() {
        return Some(Vec::new());
    }
    let tags = image.tags.iter().enumerate();
    let found = tags.map(|(place, tag)| Found {
        record: record(place, tag, kind.clone()),
        timestamp: image.pushed_at.timestamp_millis(),
        ingestion: image.pushed_at.timestamp_millis(),
    });
    Some(found.collect())
}

/// Those of the repositories that are, or may be, caches of images pulled through.
async fn caches(context: &Context, missing: &Listings) -> BTreeSet<Repository> {
    let regions: BTreeSet<&str> = missing.keys().map(|of| of.region.as_str()).collect();
    let asked = regions.into_iter().map(|region| async move {
        let prefixes = ecr::cache_prefixes(&context.ecr(region)).await;
        (region, prefixes)
    });
    let answers = concurrent::all(asked).await;
    let mut caches = BTreeSet::new();
    for (region, prefixes) in answers {
        for repository in missing.keys().filter(|of| of.region == region) {
            let is_cache = match &prefixes {
                Ok(prefixes) => prefixes.iter().any(|prefix| {
                    prefix == ecr::ROOT
                        || repository
                            .name
                            .strip_prefix(prefix.as_str())
                            .is_some_and(|rest| rest.starts_with('/'))
                }),
                Err(_) => true,
            };
            if is_cache {
                caches.insert(repository.clone());
            }
        }
        if let Err(error) = prefixes {
            remark(context, &format!("pull-through caches of {region}"), &error);
        }
    }
    caches
}

/// The answer, where there is one.
fn noted<T>(context: &Context, of: &Repository, answer: Result<T, AwsError>) -> Option<T> {
    answer
        .map_err(|error| remark(context, &of.to_string(), &error))
        .ok()
}

fn remark(context: &Context, of: &str, error: &AwsError) {
    let remark = format!("{of}: {error}");
    if context.is_news(&remark) {
        tracing::warn!(
            remark,
            "not reconciled with ECR; `reconcile = false` does without"
        );
    }
}
