//! Where running images come from, asked of ECS and ECR for those that no push in sight dates.
//!
//! A tag is resolved once per deployment and may have moved since, so the digest that runs is that of the service
//! revision: DescribeServiceRevisions names it. ECR says when that digest was pushed. Only where ECS knows no digest does
//! the tag's present one have to do, and it counts only if it was pushed before the deployment began.
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>, container image
//! resolution.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::concurrent;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecr::{self, Found, ImageId};
use crate::ecs;
use crate::error::AwsError;
use crate::image::Repository;
use crate::inventory::{Origin, Origins};
use crate::plan::Undated;

/// The digests of a service's images, by image string, as far as ECS knows them.
type Resolved = BTreeMap<String, String>;

/// Asks about every image that the plan cannot date. Each gets an answer; what cannot be known says why.
pub(crate) async fn origins(context: &Context, until: Deadline, undated: &[Undated]) -> Origins {
    let mut origins = Origins::new();
    let mut open: Vec<&Undated> = Vec::new();
    for one in undated {
        match context.origin(one) {
            Some(known) => {
                origins.insert(key(one), known);
            }
            None => open.push(one),
        }
    }
    let resolved = resolve(context, until, &open).await;
    let dates = dates(context, &open, &resolved).await;
    for one in open {
        let origin = origin(one, &resolved, &dates);
        context.remember_origin(one, &origin);
        origins.insert(key(one), origin);
    }
    origins
}

fn key(one: &Undated) -> (String, Repository) {
    (one.service.clone(), one.repository.clone())
}

/// What each service's tags were resolved to; by the ARN of the service.
async fn resolve(
    context: &Context,
    until: Deadline,
    open: &[&Undated],
) -> BTreeMap<String, Result<Resolved, AwsError>> {
    let asked: BTreeMap<&str, &Undated> = open
        .iter()
        .filter(|one| one.images.iter().any(|(_, image)| image.digest.is_none()))
        .map(|one| (one.service.as_str(), *one))
        .collect();
    let answers = asked.into_values().map(|one| async move {
        let (cluster, service) = (&one.cluster, &one.service);
        let digests = ecs::digests(
            context.where_is(service, until),
            cluster,
            service,
            &one.task_definition,
        )
        .await;
        (service.clone(), digests)
    });
    concurrent::all(answers).await.into_iter().collect()
}

/// What ECR says of the images, by repository.
type Dates = BTreeMap<Repository, Result<BTreeMap<ImageId, Found>, AwsError>>;

async fn dates(
    context: &Context,
    open: &[&Undated],
    resolved: &BTreeMap<String, Result<Resolved, AwsError>>,
) -> Dates {
    let mut wanted: BTreeMap<&Repository, BTreeSet<ImageId>> = BTreeMap::new();
    for one in open {
        let ids = ids(one, resolved).into_iter();
        wanted.entry(&one.repository).or_default().extend(ids);
    }
    let answers = wanted.into_iter().map(|(repository, ids)| async move {
        let ids: Vec<ImageId> = ids.into_iter().collect();
        let found = ecr::describe(&context.ecr(&repository.region), repository, &ids).await;
        (repository.clone(), found)
    });
    concurrent::all(answers).await.into_iter().collect()
}

/// What names a service's images to ECR: the digest where it is known, else the tag.
fn ids(one: &Undated, resolved: &BTreeMap<String, Result<Resolved, AwsError>>) -> Vec<ImageId> {
    let known = resolved
        .get(&one.service)
        .and_then(|answer| answer.as_ref().ok());
    let id = |(text, image): &(String, crate::image::ImageRef)| {
        let digest = image.digest.clone();
        let digest = digest.or_else(|| known.and_then(|known| known.get(text)).cloned());
        digest
            .map(ImageId::Digest)
            .or_else(|| image.tag.clone().map(ImageId::Tag))
    };
    one.images.iter().filter_map(id).collect()
}

fn origin(
    one: &Undated,
    resolved: &BTreeMap<String, Result<Resolved, AwsError>>,
    dates: &Dates,
) -> Origin {
    let mut digests: BTreeSet<Option<String>> = BTreeSet::new();
    let mut named: BTreeSet<Option<String>> = BTreeSet::new();
    let mut latest: Option<(DateTime<Utc>, String)> = None;
    let mut pushed_at = None;
    let mut unknown = None;
    let unresolved = resolved.get(&one.service).and_then(|r| r.as_ref().err());
    let unresolved = unresolved.filter(|error| error.retryable);
    let undated = dates.get(&one.repository).and_then(|d| d.as_ref().err());
    let retryable = unresolved.is_some() || undated.is_some_and(|error| error.retryable);
    for id in ids(one, resolved) {
        let found = match dates.get(&one.repository) {
            Some(Ok(found)) => found.get(&id),
            Some(Err(error)) => {
                unknown = Some(error.to_string());
                None
            }
            None => None,
        };
        if matches!(id, ImageId::Tag(_)) {
            named.insert(found.map(|found| found.digest.clone()));
        }
        match (&id, found) {
            (ImageId::Digest(digest), found) => {
                digests.insert(Some(digest.clone()));
                latest = latest.max(found.map(|found| (found.pushed_at, digest.clone())));
                pushed_at = pushed_at.max(found.map(|found| found.pushed_at));
                if found.is_none() && unknown.is_none() {
                    unknown = Some(format!("ECR no longer holds {digest}"));
                }
            }
            // What the tag names now is what runs only if it did not move since.
            (ImageId::Tag(_), Some(found)) if found.pushed_at <= one.deployed_at => {
                digests.insert(None);
                pushed_at = pushed_at.max(Some(found.pushed_at));
            }
            (ImageId::Tag(tag), _) => {
                digests.insert(None);
                let why = match resolved.get(&one.service) {
                    Some(Err(error)) => error.to_string(),
                    _ => format!("ECS does not say which digest {tag} was resolved to"),
                };
                unknown = unknown.or(Some(why));
            }
        }
    }
    let latest = latest.filter(|_| digests.len() > 1 && !digests.contains(&None));
    Origin {
        // Containers that disagree run no one digest.
        digest: digests.pop_first().flatten().filter(|_| digests.is_empty()),
        latest: latest.map(|(_, digest)| digest),
        named: named.pop_first().flatten().filter(|_| named.is_empty()),
        pushed_at,
        // A date by what a tag names now is no answer where ECS can be asked once more.
        unknown: unresolved
            .map(ToString::to_string)
            .or_else(|| unknown.filter(|_| pushed_at.is_none())),
        retryable: retryable && (pushed_at.is_none() || unresolved.is_some()),
    }
}
