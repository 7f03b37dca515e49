//! What is asked for: the file, and over it a service's own tags.

use regex_lite::Regex;

use crate::trace::{Policy, Settings};

use super::image::Repository;
use super::version::{self, Version};

/// The policy of a service: what its own tags say, else what the file says, else the documented default.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the keys of the configuration, as README lists them"
)]
pub(super) struct Asked {
    pub(super) tags: String,
    pub(super) force: bool,
    pub(super) name_prefix: bool,
    pub(super) pin_digest: bool,
    pub(super) hold: bool,
    pub(super) minimum: Option<u32>,
    pub(super) maximum: Option<u32>,
}

impl Asked {
    pub(super) fn new(file: &Policy, own: &Policy) -> Self {
        let tags = own.tags.clone().or_else(|| file.tags.clone());
        let flag = |own: Option<bool>, file: Option<bool>| own.or(file).unwrap_or(false);
        Self {
            tags: tags.unwrap_or_else(|| "any".to_owned()),
            force: flag(own.force, file.force),
            name_prefix: flag(own.name_prefix, file.name_prefix),
            pin_digest: flag(own.pin_digest, file.pin_digest),
            hold: flag(own.hold, file.hold),
            minimum: own.minimum.or(file.minimum),
            maximum: own.maximum.or(file.maximum),
        }
    }

    /// Whether the policy takes a tag; `None` where this model cannot tell.
    pub(super) fn takes(&self, tag: &str) -> Option<bool> {
        let (kind, rest) = self.tags.split_once(':').unwrap_or((&self.tags, ""));
        match kind {
            "any" => Some(true),
            "exact" => Some(tag == rest),
            "prefix" => Some(tag.starts_with(rest)),
            "glob" => Some(glob(rest, tag)),
            "semver" => match Version::read(tag) {
                None => Some(false),
                Some(version) => version::satisfies(&version, rest),
            },
            // As a whole, and here without any of the handler's limits.
            "regex" => Regex::new(&format!("^(?:{rest})$"))
                .ok()
                .map(|whole| whole.is_match(tag)),
            "newest-semver" => Some(Version::read(tag).is_some_and(|version| version.released)),
            _ => None,
        }
    }

    /// Whether only a higher version rolls.
    pub(super) fn by_version(&self) -> bool {
        self.tags == "newest-semver"
    }
}

/// Whether `repositories` of the file takes a repository.
pub(super) fn follows(settings: &Settings, repository: &Repository) -> bool {
    let mut globs = settings.repositories.iter();
    globs.any(|pattern| glob(pattern, &repository.name))
}

/// `*` stands for any characters, also none.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let mut tails = text.char_indices().map(|(i, _)| i).chain([text.len()]);
            tails.any(|i| text.get(i..).is_some_and(|tail| glob(rest, tail)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, glob};
    use crate::trace::Policy;

    fn takes(tags: &str, tag: &str) -> Option<bool> {
        let own = Policy {
            tags: Some(tags.to_owned()),
            ..Policy::default()
        };
        Asked::new(&Policy::default(), &own).takes(tag)
    }

    #[test]
    fn a_policy_takes_the_tags_that_readme_says() {
        assert_eq!(takes("any", "x"), Some(true));
        assert_eq!(takes("exact:prod", "prod"), Some(true));
        assert_eq!(takes("exact:prod", "prod2"), Some(false));
        assert_eq!(takes("prefix:main-", "main-7"), Some(true));
        assert_eq!(takes("glob:v*-prod", "v1-prod"), Some(true));
        assert_eq!(takes("semver:2.x", "v2.3.4"), Some(true));
        assert_eq!(takes("newest-semver", "2.0.0-rc.1"), Some(false));
        assert_eq!(takes("regex:v[0-9]+|main", "v12"), Some(true));
        assert_eq!(takes("regex:v[0-9]+|main", "v12-rc"), Some(false));
        assert_eq!(takes("regex:v[0-9", "v1"), None);
    }

    #[test]
    fn a_star_is_any_run_of_characters() {
        assert!(glob("*", "") && glob("a*c", "abbc") && glob("a*", "a"));
        assert!(!glob("a*c", "abd") && !glob("web", "web-admin"));
    }
}
