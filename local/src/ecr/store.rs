//! One repository: its images by digest, and what its tags name.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Pushed;

/// The images of one repository.
#[derive(Debug, Default)]
pub(super) struct Repository {
    /// Since when; `None` for one that came to be with its first image.
    pub(super) created: Option<DateTime<Utc>>,
    pub(super) images: BTreeMap<String, Image>,
    /// The digest that a tag names, and since when.
    pub(super) tags: BTreeMap<String, (String, DateTime<Utc>)>,
}

/// One image.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) manifest: String,
    pub(super) media_type: String,
    /// What the manifest's config is; indexes have none.
    pub(super) artifact: Option<String>,
    pub(super) pushed_at: DateTime<Utc>,
}

impl Repository {
    /// Takes an image in. Whether that was news: a new image, or a tag that now names another.
    pub(super) fn put(&mut self, pushed: Pushed, at: DateTime<Utc>) -> bool {
        let mut news = !self.images.contains_key(&pushed.digest);
        let image = self
            .images
            .entry(pushed.digest.clone())
            .or_insert_with(|| Image::new(pushed.manifest, at));
        // Records arrive in any order.
        image.pushed_at = image.pushed_at.min(at);
        if let Some(tag) = pushed.tag {
            news |= !self.tags.contains_key(&tag);
            let now = self
                .tags
                .entry(tag)
                .or_insert_with(|| (pushed.digest.clone(), at));
            if now.1 <= at {
                news |= now.0 != pushed.digest;
                *now = (pushed.digest, at);
            }
        }
        news
    }

    pub(super) fn remove(&mut self, digest: &str) -> bool {
        self.tags.retain(|_, (named, _)| named != digest);
        self.images.remove(digest).is_some()
    }

    /// The digest that a tag names now.
    pub(super) fn tagged(&self, tag: &str) -> Option<&String> {
        self.tags.get(tag).map(|(digest, _)| digest)
    }

    /// The tags that name a digest now.
    pub(super) fn tags_of(&self, digest: &str) -> Vec<&String> {
        let of = self.tags.iter().filter(|(_, (named, _))| named == digest);
        of.map(|(tag, _)| tag).collect()
    }
}

impl Image {
    fn new(manifest: String, pushed_at: DateTime<Utc>) -> Self {
        let read: Value = serde_json::from_str(&manifest).unwrap_or_default();
        let text = |pointer: &str| {
            read.pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let default = if read.get("manifests").is_some() {
            "application/vnd.oci.image.index.v1+json"
        } else {
            "application/vnd.oci.image.manifest.v1+json"
        };
        Self {
            media_type: text("/mediaType").unwrap_or_else(|| default.to_owned()),
            artifact: text("/artifactType").or_else(|| text("/config/mediaType")),
            manifest,
            pushed_at,
        }
    }
}
