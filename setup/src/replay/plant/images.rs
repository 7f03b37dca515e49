//! What was there when the records begin: images before it stay, and what a snapshot says of later ones is forgotten.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use handler::ledger;
use handler::push::Push;
use handler::scheduled::time;
use local::Account;
use local::ecr::Pushed;
use serde_json::{Value, json};

use super::super::seed::host;
use super::text;
use crate::snapshot::Snapshot;

/// Puts the images that were there when the records begin into every registry; answers the digests of those that were not.
pub(super) fn images<'a>(
    snapshot: &Snapshot,
    accounts: impl Iterator<Item = &'a Account>,
    pushes: &[Push],
    first: DateTime<Utc>,
) -> BTreeSet<String> {
    let accounts: Vec<&Account> = accounts.collect();
    let mut later: BTreeSet<String> = pushes.iter().map(|push| push.digest.clone()).collect();
    for (repository, image) in &snapshot.images {
        let named = |member: &str| image.get(member).and_then(Value::as_str);
        let at = image.get("imagePushedAt").and_then(time);
        let (Some(digest), Some(at)) = (named("imageDigest"), at) else {
            continue;
        };
        if at >= first {
            later.insert(digest.to_owned());
            continue;
        }
        later.remove(digest);
        let tags = image.get("imageTags").and_then(Value::as_array);
        let tags = tags.into_iter().flatten().filter_map(Value::as_str);
        let mut tags: Vec<Option<&str>> = tags.map(Some).collect();
        if tags.is_empty() {
            tags.push(None);
        }
        let manifest = manifest(named("imageManifestMediaType"), named("artifactMediaType"));
        let location = format!("{}/{}", host(repository), repository.name);
        for (account, tag) in accounts
            .iter()
            .flat_map(|account| tags.iter().map(move |tag| (account, *tag)))
        {
            let put = Pushed {
                registry: repository.account.clone(),
                region: repository.region.clone(),
                repository: repository.name.clone(),
                tag: tag.map(str::to_owned),
                digest: digest.to_owned(),
                manifest: manifest.clone(),
            };
            account.with_ecr(|ecr, _| ecr.put(put, at));
            if let Some(tag) = tag {
                account.with_ecs(|ecs, _| ecs.push_image(&location, tag, digest));
            }
        }
    }
    later
}

/// A manifest that says no more than its kind, which is what a snapshot knows.
fn manifest(kind: Option<&str>, config: Option<&str>) -> String {
    let media = kind.unwrap_or("application/vnd.docker.distribution.manifest.v2+json");
    let list = media.contains("manifest.list") || media.contains("image.index");
    let config = config.unwrap_or("application/vnd.docker.container.image.v1+json");
    let text = if list {
        json!({"schemaVersion": 2, "mediaType": media, "manifests": []})
    } else {
        json!({"schemaVersion": 2, "mediaType": media, "config": {"mediaType": config}, "layers": []})
    };
    text.to_string()
}

/// Takes the notes of ecroll out that tell of pushes of a time or later; answers how many.
pub(super) fn forget(
    answer: &mut Value,
    dated: impl Fn(&str) -> Option<DateTime<Utc>>,
    first: DateTime<Utc>,
) -> usize {
    let Some(tags) = answer.get_mut("tags").and_then(Value::as_array_mut) else {
        return 0;
    };
    let before = tags.len();
    tags.retain(|tag| {
        let ours = ledger::is_key(text(tag, "key"));
        let at = ours.then(|| dated(text(tag, "value"))).flatten();
        at.is_none_or(|at| at < first)
    });
    before - tags.len()
}

/// Takes the digests out that were not there yet: what ECS resolved then is not known.
pub(super) fn forget_digests(revisions: &mut [Value], later: &BTreeSet<String>) {
    let lists = revisions
        .iter_mut()
        .filter_map(|revision| revision.get_mut("containerImages")?.as_array_mut());
    for image in lists.flatten().filter_map(Value::as_object_mut) {
        let digest = image.get("imageDigest").and_then(Value::as_str);
        if digest.is_some_and(|digest| later.contains(digest)) {
            image.remove("imageDigest");
        }
    }
}
