//! The calls on one repository.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::store::{Image, Repository};
use super::{Ecr, Key, Pushed};
use crate::input::{Input, page, present};
use crate::service::{Answer, Fault};

/// The most images that a call names.
const MOST_IDS: usize = 100;
/// A page of `DescribeImages`, and the largest.
const PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 1000;

fn text<'a>(id: &'a Value, member: &str) -> Option<&'a str> {
    id.get(member).and_then(Value::as_str)
}

/// A time as the API has it: seconds since 1970.
pub(super) fn epoch(time: DateTime<Utc>) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit")]
    let seconds = time.timestamp_millis() as f64 / 1000.0;
    json!(seconds)
}

impl Repository {
    pub(super) fn describe(&self, key: &Key, input: Input<'_>) -> Answer {
        let Key { registry, name, .. } = key;
        let detail = |digest: &String, image: &Image| {
            let tags = self.tags_of(digest);
            present(json!({
                "registryId": registry, "repositoryName": name, "imageDigest": digest,
                "imageTags": if tags.is_empty() { Value::Null } else { json!(tags) },
                "imagePushedAt": epoch(image.pushed_at),
                "imageManifestMediaType": image.media_type,
                "artifactMediaType": image.artifact,
                "imageStatus": "ACTIVE",
            }))
        };
        let ids = ids(input)?;
        if !ids.is_empty() {
            let mut details: Vec<Value> = Vec::new();
            for id in ids {
                let Some((digest, image)) = self.find(id) else {
                    let message = format!(
                        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the \
                         repository with name '{name}' in the registry with id '{registry}'",
                        text(id, "imageDigest").unwrap_or("null"),
                        text(id, "imageTag").unwrap_or("null"),
                    );
                    return Err(Fault::client("ImageNotFoundException", message));
                };
                let detail = detail(digest, image);
                if !details.contains(&detail) {
                    details.push(detail);
                }
            }
            return Ok(json!({"imageDetails": details}));
        }
        let limit = page_size(input)?;
        let status = input
            .get("filter")
            .and_then(|filter| text(filter, "tagStatus"));
        let wanted = self.images.iter().filter(|(digest, _)| match status {
            Some("TAGGED") => !self.tags_of(digest).is_empty(),
            Some("UNTAGGED") => self.tags_of(digest).is_empty(),
            _ => true,
        });
        let (page, next) = page(wanted, input.text("nextToken"), limit);
        let details: Vec<Value> = page
            .into_iter()
            .map(|(digest, image)| detail(digest, image))
            .collect();
        Ok(present(json!({"imageDetails": details, "nextToken": next})))
    }

    pub(super) fn list(&self, input: Input<'_>) -> Answer {
        let status = input
            .get("filter")
            .and_then(|filter| text(filter, "tagStatus"));
        let mut listed: Vec<(String, Value)> = Vec::new();
        for digest in self.images.keys() {
            let tags = self.tags_of(digest);
            if tags.is_empty() && status != Some("TAGGED") {
                listed.push((digest.clone(), json!({"imageDigest": digest})));
            }
            for tag in tags.into_iter().filter(|_| status != Some("UNTAGGED")) {
                let entry = json!({"imageDigest": digest, "imageTag": tag});
                listed.push((format!("{digest}:{tag}"), entry));
            }
        }
        let entries = listed.iter().map(|(name, entry)| (name, entry));
        let (page, next) = page(entries, input.text("nextToken"), page_size(input)?);
        let ids: Vec<&Value> = page.into_iter().map(|(_, entry)| entry).collect();
        Ok(present(json!({"imageIds": ids, "nextToken": next})))
    }

    pub(super) fn batch_get(&self, key: &Key, input: Input<'_>) -> Answer {
        let Key { registry, name, .. } = key;
        let ids = ids(input)?;
        if ids.is_empty() {
            return Err(input.fault("imageIds must not be empty"));
        }
        let accepted = input.texts("acceptedMediaTypes");
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for id in ids {
            let found = self
                .find(id)
                .filter(|(_, image)| accepted.is_empty() || accepted.contains(&image.media_type));
            let Some((digest, image)) = found else {
                failures.push(json!({"imageId": id, "failureCode": "ImageNotFound",
                    "failureReason": "Requested image not found"}));
                continue;
            };
            let tag = text(id, "imageTag");
            images.push(json!({
                "registryId": registry, "repositoryName": name,
                "imageId": present(json!({"imageDigest": digest, "imageTag": tag})),
                "imageManifest": image.manifest, "imageManifestMediaType": image.media_type,
            }));
        }
        Ok(json!({"images": images, "failures": failures}))
    }

    /// The image that an `imageId` names: by its digest, its tag, or both if they agree.
    fn find(&self, id: &Value) -> Option<(&String, &Image)> {
        let digest = match (text(id, "imageDigest"), text(id, "imageTag")) {
            (Some(digest), None) => digest,
            (None, Some(tag)) => self.tagged(tag)?,
            (Some(digest), Some(tag)) => self.tagged(tag).filter(|named| *named == digest)?,
            (None, None) => return None,
        };
        self.images.get_key_value(digest)
    }
}

/// The size of a page: 100 unless `maxResults` says otherwise.
pub(super) fn page_size(input: Input<'_>) -> Result<usize, Fault> {
    let limit = input.number("maxResults").unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(input.fault(format!(
            "1 validation error detected: Value '{limit}' at 'maxResults' failed to satisfy constraint: Member \
             must have value less than or equal to {LARGEST_PAGE}"
        )));
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

fn ids(input: Input<'_>) -> Result<&[Value], Fault> {
    let ids = input.list("imageIds");
    if ids.len() > MOST_IDS {
        return Err(input.fault(format!(
            "1 validation error detected: Value at 'imageIds' failed to satisfy constraint: Member must have length \
             less than or equal to {MOST_IDS}"
        )));
    }
    Ok(ids)
}

impl Ecr {
    pub(super) fn put_image(&mut self, key: Key, input: Input<'_>, now: DateTime<Utc>) -> Answer {
        let manifest = input.need("imageManifest")?.to_owned();
        let tag = input.text("imageTag").map(str::to_owned);
        let digest = input
            .text("imageDigest")
            .map_or_else(|| crate::ecs::digest_of(&manifest), str::to_owned);
        let Some(repository) = self.repositories.get_mut(&key) else {
            return Err(super::no_such_repository(&key));
        };
        let there = match &tag {
            Some(tag) => repository.tagged(tag) == Some(&digest),
            None => repository.images.contains_key(&digest),
        };
        if there {
            let message = format!(
                "Image with digest '{digest}' and tag '{}' already exists in the repository with name '{}' in \
                 registry with id '{}'",
                tag.as_deref().unwrap_or("null"),
                key.name,
                key.registry,
            );
            return Err(Fault::client("ImageAlreadyExistsException", message));
        }
        let id = present(json!({"imageDigest": digest, "imageTag": tag}));
        let Key {
            registry,
            region,
            name,
        } = key;
        let answer = json!({"image": {"registryId": registry, "repositoryName": name, "imageId": id,
            "imageManifest": manifest}});
        let pushed = Pushed {
            registry,
            region,
            repository: name,
            tag,
            digest,
            manifest,
        };
        repository.put(pushed, now);
        Ok(answer)
    }
}
