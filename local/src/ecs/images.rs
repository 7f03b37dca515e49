//! The registry behind the tasks: which digest a tag names when a task pulls it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// What becomes of a task that pulls an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outlook {
    /// It runs and gets healthy.
    Runs,
    /// It exits after it has started.
    Exits,
    /// The image cannot be pulled.
    CannotPull,
}

/// The images that the account owner has pushed.
#[derive(Debug, Default, Clone)]
pub(super) struct Images {
    /// By repository (`host/path`), then tag: the digest.
    tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Repository and digest of images that exit: a service that pins the digest crashes as well.
    exiting: BTreeSet<(String, String)>,
}

impl Images {
    /// Makes a tag name a digest.
    pub(super) fn push(&mut self, repository: &str, tag: &str, digest: &str) {
        if outlook_of(tag) == Outlook::Exits {
            self.exiting
                .insert((repository.to_owned(), digest.to_owned()));
        }
        self.tags
            .entry(repository.to_owned())
            .or_default()
            .insert(tag.to_owned(), digest.to_owned());
    }

    /// The digest that an image string means now, and what becomes of a task that runs it.
    pub(super) fn pull(&self, image: &str) -> (Option<String>, Outlook) {
        let parts = Image::read(image);
        if let Some(digest) = parts.digest {
            let pushed = (parts.repository.to_owned(), digest.to_owned());
            let exits = self.exiting.contains(&pushed);
            let by_tag = parts.tag.map_or(Outlook::Runs, outlook_of);
            let outlook = if exits {
                by_tag.max(Outlook::Exits)
            } else {
                by_tag
            };
            return (Some(digest.to_owned()), outlook);
        }
        let tag = parts.tag.unwrap_or("latest");
        let outlook = outlook_of(tag);
        if outlook == Outlook::CannotPull {
            return (None, outlook);
        }
        let known = self
            .tags
            .get(parts.repository)
            .and_then(|tags| tags.get(tag))
            .cloned();
        let digest = known.unwrap_or_else(|| digest_of(&format!("{}:{tag}", parts.repository)));
        // The pushed image decides, whatever the tag is called: `stable` may name a crashing one.
        let pushed = (parts.repository.to_owned(), digest);
        let exits = outlook == Outlook::Exits || self.exiting.contains(&pushed);
        (
            Some(pushed.1),
            if exits { Outlook::Exits } else { Outlook::Runs },
        )
    }
}

/// A tag that contains `missing` cannot be pulled, one that contains `crash` exits.
fn outlook_of(tag: &str) -> Outlook {
    if tag.contains("missing") {
        Outlook::CannotPull
    } else if tag.contains("crash") {
        Outlook::Exits
    } else {
        Outlook::Runs
    }
}

/// A digest for an image that nobody has pushed here: the same string gives the same digest.
pub(crate) fn digest_of(image: &str) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(image.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

/// The parts of an image string.
struct Image<'a> {
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    fn read(image: &'a str) -> Self {
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (image, None),
        };
        // A colon before the last slash belongs to the registry's port.
        match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => Self {
                repository,
                tag: Some(tag),
                digest,
            },
            _ => Self {
                repository: name,
                tag: None,
                digest,
            },
        }
    }
}
