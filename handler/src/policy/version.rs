//! Tags that are versions, and what `semver:` asks of them.

use semver::{Version, VersionReq};

/// The version that a tag is: `1.2.3` or `v1.2.3`, with a pre-release or without.
///
/// `2`, `2.1` and `latest` are none: such tags move from image to image. Nor is `2026.01.05`: a number of a version has
/// no leading zero. Source: <https://semver.org/spec/v2.0.0.html>, items 2 and 9. A tag cannot hold the `+` of build
/// metadata.
#[must_use]
pub fn version(tag: &str) -> Option<Version> {
    let digits = |text: &&str| text.starts_with(|c: char| c.is_ascii_digit());
    let bare = tag.strip_prefix('v').filter(digits).unwrap_or(tag);
    Version::parse(bare).ok()
}

/// What `semver:` asks for, in the syntax of the crate `semver`, which is Cargo's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    text: String,
    parsed: VersionReq,
}

impl Requirement {
    /// Reads a requirement.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence without a subject.
    pub fn new(text: &str) -> Result<Self, String> {
        match VersionReq::parse(text) {
            Ok(parsed) => Ok(Self {
                text: text.to_owned(),
                parsed,
            }),
            Err(error) => Err(format!(
                "is no version requirement: {error}; write one such as 2.x, ^2, ~1.4 or >=1.2, <2; found `{text}`"
            )),
        }
    }

    /// Whether a tag is a version that it takes. Pre-releases only where it names one of the same three numbers.
    #[must_use]
    pub fn takes(&self, tag: &str) -> bool {
        version(tag).is_some_and(|version| self.parsed.matches(&version))
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
