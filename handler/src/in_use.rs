//! The in-use tag: a tag of the registry that names what runs, so that lifecycle policies keep the image and people see it.
//!
//! It is put on when a deployment that ecroll began has completed, and looked after every time everything is read. Where
//! several services share a repository and the tag, it names the image of the newest push that one of them runs. What is
//! known is the digest that ecroll noted on the revision: an image that somebody else deployed, and one that is only
//! deployed anew, get no tag. Setting it makes a record of `PutImage`, which is no push because of its tag
//! ([`crate::config::Config::is_in_use_tag`]).

use std::collections::BTreeMap;

use crate::concurrent;
use crate::config::{Config, OwnTags};
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecr::{self, ImageId};
use crate::error::AwsError;
use crate::image::Repository;
use crate::inventory::{Inventory, Rollout};
use crate::ledger::Stamp;
use crate::plan::settings;

/// Which tag is to name which digest.
type Marks = BTreeMap<(Repository, String), String>;

/// What the tags are to name: of the services at rest, the newest push in each repository. A tag stays where it is while a service
/// with a newer one is not at rest, or anything cannot be read just now.
fn marks(inventory: &Inventory, config: &Config) -> Marks {
    let mut newest: BTreeMap<(Repository, String), Stamp> = BTreeMap::new();
    let mut open: Vec<((Repository, String), Stamp)> = Vec::new();
    if inventory.gaps.iter().any(|gap| gap.retryable) {
        return Marks::new();
    }
    let known = inventory.services.iter();
    for service in known.filter(|service| service.rollout != Some(Rollout::Failed)) {
        let Some(definition) = inventory.definitions.get(&service.task_definition) else {
            continue;
        };
        let own = OwnTags::read(&service.tags);
        for repository in definition.repositories() {
            let asked = settings(service, &own, repository, config).in_use_tag;
            let stamp = definition.stamp(repository);
            // Where another push was found running in the stamp's place, its digest is not known in full.
            let stamp = stamp.filter(|stamp| service.found_instead(repository, stamp).is_none());
            let (Some(tag), Some(stamp)) = (asked, stamp) else {
                continue;
            };
            let key = (repository.clone(), tag);
            if service.is_deploying() {
                open.push((key, stamp));
                continue;
            }
            if newest.get(&key).is_none_or(|known| known.time < stamp.time) {
                newest.insert(key, stamp);
            }
        }
    }
    newest
        .into_iter()
        .filter(|(key, stamp)| {
            let mut newer = open.iter().filter(|(of, _)| of == key);
            !newer.any(|(_, open)| open.time > stamp.time)
        })
        .map(|(key, stamp)| (key, stamp.digest))
        .collect()
}

/// Lets the tags name what runs. That this failed is told in the log, once; nothing else depends on it.
pub(crate) async fn mark(context: &Context, inventory: &Inventory, until: Deadline) {
    if !context.config.marks_images() {
        return;
    }
    let marks = marks(inventory, &context.config);
    let put = marks
        .into_iter()
        .map(|((repository, tag), digest)| async move {
            if !until.allows(context.now()) {
                return;
            }
            match put(context, &repository, &tag, &digest).await {
                Ok(true) => tracing::info!(%repository, tag, digest, "in-use tag"),
                Ok(false) => {}
                Err(error) => {
                    let remark =
                        format!("{repository}: `in_use_tag` {tag} is not put on {digest}: {error}");
                    if context.is_news(&remark) {
                        tracing::warn!(
                            remark,
                            "in-use tag; allow ecr:PutImage, and exempt the tag from immutability"
                        );
                    }
                }
            }
        });
    concurrent::all(put).await;
}

/// Whether the tag had to be moved.
async fn put(
    context: &Context,
    repository: &Repository,
    tag: &str,
    digest: &str,
) -> Result<bool, AwsError> {
    let ecr = context.ecr(&repository.region);
    let id = ImageId::Tag(tag.to_owned());
    let found = ecr::describe(&ecr, repository, std::slice::from_ref(&id)).await?;
    if found.get(&id).is_some_and(|found| found.digest == digest) {
        return Ok(false);
    }
    ecr::put_tag(&ecr, repository, digest, tag).await?;
    Ok(true)
}

#[cfg(test)]
mod tests;
