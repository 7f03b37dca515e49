//! The registry: which images its repositories hold, and since when.
//!
//! | behaviour | rule | source |
//! |---|---|---|
//! | what is there | every image put by [`Ecr::put`], and every PutImage record given to [`Account::deliver`], from its own `eventTime` on | |
//! | a tag | names one digest; a push moves it, and the image that had it stays | API model, `PutImage` |
//! | `imagePushedAt` | the first push of the digest; a further tag does not change it | <https://github.com/aws/containers-roadmap/issues/214>, <https://github.com/aws/containers-roadmap/issues/2746> |
//! | `DescribeImages` | by digest or tag, 100 at most, and one that is missing refuses them all with `ImageNotFoundException`; without `imageIds` everything, in pages of 100 or of `maxResults` (1,000 at most) | API model |
//! | `BatchGetImage` | 100 at most; what is missing is in `failures[]`, and so is a manifest of a type that is not accepted only if the caller lists types | API model |
//! | `ECR Image Action` | one event for each push that changed something, [`Options::event_delay`] after it, to the rules that take it; without `image-tag` where the push had none; an image that was there already makes none; every [`Options::lost_event_every`]th is lost | ECR guide, events and EventBridge (best effort) |
//! | events of other registries and Regions | those of other registries come as if they were forwarded to this bus, under their own account; those of other Regions do not | EventBridge guide, sending events between buses |
//! | `PutImage` | for a person who pushes through the API; the same tag with the same image is `ImageAlreadyExistsException` | API model |
//! | repositories | are created by `CreateRepository`, or come to be with the first image that a record tells of; one with images is deleted only by force | API model |
//! | `DescribePullThroughCacheRules` | those that [`Ecr::pull_through`] made; only the own registry tells | API model |
//! | `ListImages` | one entry for each tag, and one for each image without | API model |
//! | other registries | are told apart by `registryId` and answer as if their repository policies admitted the account, unless [`Ecr::deny`] says otherwise | ECR guide, repository policies |
//! | Regions | each has a registry of its own under the same number; a call goes to that of the Region it is signed for | ECR guide, private registry |
//!
//! Not simulated: layers, scans, deletion of images by the API, immutability, tags
//! of repositories.
//!
//! [`Account::deliver`]: crate::Account::deliver
//! [`Options::event_delay`]: crate::Options::event_delay
//! [`Options::lost_event_every`]: crate::Options::lost_event_every

mod answer;
mod event;
mod repositories;
mod store;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::input::not_implemented;
use crate::service::{Answer, Fault, Scope};
use store::Repository;

/// One image as somebody pushes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Twelve digits.
    pub registry: String,
    /// For example `eu-west-1`.
    pub region: String,
    /// For example `team/web`.
    pub repository: String,
    /// The tag; `None` for the children of an index.
    pub tag: Option<String>,
    /// `sha256:…`.
    pub digest: String,
    /// The manifest, as text.
    pub manifest: String,
}

/// What tells repositories apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    registry: String,
    region: String,
    name: String,
}

/// Every registry that the account can reach, its own among them.
#[derive(Debug, Default)]
pub struct Ecr {
    repositories: BTreeMap<Key, Repository>,
    denied: BTreeSet<String>,
    /// The prefixes of repositories that hold what was pulled through, by the registry.
    caches: BTreeSet<(String, String)>,
}

impl Ecr {
    /// Puts an image at a time; a push older than what a tag names already leaves the tag.
    /// Whether that was news: a new image, or a tag that now names another.
    pub fn put(&mut self, image: Pushed, at: DateTime<Utc>) -> bool {
        let key = Key {
            registry: image.registry.clone(),
            region: image.region.clone(),
            name: image.repository.clone(),
        };
        self.repositories.entry(key).or_default().put(image, at)
    }

    /// Removes an image and its tags, as a lifecycle policy would, in every Region. Whether it was there.
    pub fn remove(&mut self, registry: &str, repository: &str, digest: &str) -> bool {
        let all = self.repositories.iter_mut();
        let of = all.filter(|(key, _)| key.registry == registry && key.name == repository);
        of.fold(false, |any, (_, held)| held.remove(digest) || any)
    }

    /// Makes a rule by which repositories with this prefix are caches of another registry, in every Region.
    pub fn pull_through(&mut self, registry: &str, prefix: &str) {
        self.caches.insert((registry.to_owned(), prefix.to_owned()));
    }

    /// From now on this registry's policies do not admit the account, in any Region.
    pub fn deny(&mut self, registry: &str) {
        self.denied.insert(registry.to_owned());
    }

    /// Whether a record is of a push that worked.
    pub(crate) fn is_told_by(record: &Value) -> bool {
        let is = |member: &str, text: &str| record.get(member).is_some_and(|value| value == text);
        is("eventSource", "ecr.amazonaws.com")
            && is("eventName", "PutImage")
            && !record.get("errorCode").is_some_and(Value::is_string)
    }

    /// Takes in what a CloudTrail record of a successful PutImage says, in the Region `home` unless it names one; answers the
    /// image where that was news.
    pub(crate) fn learn(
        &mut self,
        record: &Value,
        home: &str,
        at: DateTime<Utc>,
    ) -> Option<Pushed> {
        let image = pushed(record, home)?;
        self.put(image.clone(), at).then_some(image)
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let input = crate::input::Input::new(input, "InvalidParameterException");
        let registry = input.text("registryId").unwrap_or(&scope.place.account);
        if operation == "DescribeRepositories" {
            return self.describe_repositories(registry, input, scope.place);
        }
        if operation == "DescribePullThroughCacheRules" {
            let rules = self.caches.iter().filter(|(of, _)| of == registry);
            let rules =
                rules.map(|(of, prefix)| json!({"registryId": of, "ecrRepositoryPrefix": prefix}));
            return Ok(json!({"pullThroughCacheRules": rules.collect::<Vec<_>>()}));
        }
        if !matches!(
            operation,
            "CreateRepository"
                | "DeleteRepository"
                | "PutImage"
                | "DescribeImages"
                | "ListImages"
                | "BatchGetImage"
        ) {
            return Err(not_implemented("ecr", operation));
        }
        let name = input.need("repositoryName")?;
        if self.denied.contains(registry) {
            let resource = format!(
                "arn:{}:ecr:{}:{registry}:repository/{name}",
                scope.place.partition, scope.place.region
            );
            let message = format!(
                "User: arn:aws:sts::{}:assumed-role/pocket/account is not authorized to perform: ecr:{operation} on \
                 resource: {resource} because no resource-based policy allows the ecr:{operation} action",
                scope.place.account
            );
            return Err(Fault::client("AccessDeniedException", message));
        }
        let key = Key {
            registry: registry.to_owned(),
            region: scope.place.region.clone(),
            name: name.to_owned(),
        };
        if operation == "CreateRepository" {
            return self.create_repository(key, input, scope);
        }
        let Some(repository) = self.repositories.get(&key) else {
            return Err(no_such_repository(&key));
        };
        match operation {
            "DeleteRepository" => self.delete_repository(&key, input, scope.place),
            "PutImage" => self.put_image(key, input, scope.now),
            "DescribeImages" => repository.describe(&key, input),
            "ListImages" => repository.list(input),
            "BatchGetImage" => repository.batch_get(&key, input),
            _ => Err(not_implemented("ecr", operation)),
        }
    }
}

fn no_such_repository(key: &Key) -> Fault {
    let Key { registry, name, .. } = key;
    let message = format!(
        "The repository with name '{name}' does not exist in the registry with id '{registry}'"
    );
    Fault::client("RepositoryNotFoundException", message)
}

/// The image in a record of PutImage; `None` for anything else, and for pushes that were refused.
fn pushed(record: &Value, home: &str) -> Option<Pushed> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let either = |request: &str, response: &str| {
        text(&format!("/requestParameters/{request}"))
            .or_else(|| text(&format!("/responseElements/image/{response}")))
            .map(str::to_owned)
    };
    if !Ecr::is_told_by(record) {
        return None;
    }
    Some(Pushed {
        registry: either("registryId", "registryId")
            .or_else(|| text("/recipientAccountId").map(str::to_owned))?,
        region: text("/awsRegion").unwrap_or(home).to_owned(),
        repository: either("repositoryName", "repositoryName")?,
        tag: either("imageTag", "imageId/imageTag"),
        digest: text("/responseElements/image/imageId/imageDigest")?.to_owned(),
        manifest: either("imageManifest", "imageManifest").unwrap_or_default(),
    })
}
