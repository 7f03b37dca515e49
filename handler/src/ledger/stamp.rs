//! What stands on a revision that ecroll made.

use chrono::{DateTime, Utc};

use super::identity::{same, short, word};
use super::{read_time, time};
use crate::push::{Push, Tagged};

/// What a revision says of one repository: the push it was made for, and the images that it then had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When the push happened.
    pub time: DateTime<Utc>,
    /// The push's identity, as [`word`] writes it.
    pub id: String,
    /// The digest that was pushed.
    pub digest: String,
    images: String,
}

impl Stamp {
    /// The stamp for a push, named by one of its records; `images` are the image strings of the repository's containers, in their order.
    #[must_use]
    pub fn new(push: &Push, record: &Tagged, images: &[&str]) -> Self {
        Self {
            time: record.time,
            id: word(&record.id),
            digest: push.digest.clone(),
            images: short(&images.join(" ")),
        }
    }

    /// Whether the revision was made for this push, whichever road brought it then and now.
    #[must_use]
    pub fn names(&self, push: &Push) -> bool {
        same(&self.id, Some(&short(&self.digest)), self.time, push)
    }

    /// Whether the stamp still speaks of these images: somebody may have copied the tags and changed an image.
    #[must_use]
    pub fn fits(&self, images: &[&str]) -> bool {
        self.images == short(&images.join(" "))
    }

    /// The tag's value.
    #[must_use]
    pub fn value(&self) -> String {
        format!(
            "{} {} {} {}",
            time(self.time),
            self.id,
            self.digest,
            self.images
        )
    }

    /// Reads a tag's value; `None` for text that ecroll did not write.
    #[must_use]
    pub fn read(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        let stamp = Self {
            time: read_time(parts.next()?)?,
            id: parts.next()?.to_owned(),
            digest: parts.next()?.to_owned(),
            images: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(stamp)
    }
}
