//! Which tags roll.

mod expression;
mod version;

use std::fmt;
use std::str::FromStr;

pub use expression::Expression;
pub use version::{Requirement, version};

/// Decides by a tag's name alone which pushes may roll.
///
/// | written | takes | in an ECS tag |
/// |---|---|---|
/// | `any` | every tag | yes |
/// | `exact:prod` | this tag | yes |
/// | `prefix:main-` | tags that begin so | yes |
/// | `glob:v*-prod` | tags that fit; `*` is any run of characters | no: `*` |
/// | `regex:v[0-9]+` | tags that match as a whole | hardly: letters, digits and `+ - = . _ : / @` only |
/// | `semver:2.x` | versions that satisfy it, whatever their order | `2.x`, `1.4.x`, `=1.4.2`, `2`; not `^ ~ < > , *` |
/// | `newest-semver` | versions, and only upwards | yes |
///
/// The last column: ECS allows letters, digits, spaces and `+ - = . _ : / @` in the value of a tag. What needs more is
/// written in the configuration, in a `[[services]]` entry.
///
/// `newest-semver` takes no pre-releases. It is the one policy for which the order of pushes is not enough: how it
/// chooses is told in [`mod@crate::plan`].
///
/// ```
/// use handler::policy::TagPolicy;
/// let policy: TagPolicy = "prefix:main-".parse().unwrap();
/// assert!(policy.allows("main-42"));
/// assert!(!policy.allows("feature-42"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagPolicy {
    /// Every tag.
    Any,
    /// This tag only.
    Exact(String),
    /// Tags that begin so.
    Prefix(String),
    /// Tags that fit; `*` stands for any characters.
    Glob(String),
    /// Tags that match as a whole.
    Regex(Expression),
    /// Versions that satisfy a requirement.
    Semver(Requirement),
    /// Versions without pre-release, of which only a higher one rolls.
    NewestSemver,
}

impl TagPolicy {
    /// Whether a push of this tag may roll.
    #[must_use]
    pub fn allows(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(name) => tag == name,
            Self::Prefix(prefix) => tag.starts_with(prefix.as_str()),
            Self::Glob(glob) => filters::glob::matches(glob, tag),
            Self::Regex(expression) => expression.matches(tag),
            Self::Semver(requirement) => requirement.takes(tag),
            Self::NewestSemver => version(tag).is_some_and(|version| version.pre.is_empty()),
        }
    }
}

impl fmt::Display for TagPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Exact(name) => write!(f, "exact:{name}"),
            Self::Prefix(prefix) => write!(f, "prefix:{prefix}"),
            Self::Glob(glob) => write!(f, "glob:{glob}"),
            Self::Regex(expression) => write!(f, "regex:{}", expression.text()),
            Self::Semver(requirement) => write!(f, "semver:{}", requirement.text()),
            Self::NewestSemver => f.write_str("newest-semver"),
        }
    }
}

impl FromStr for TagPolicy {
    type Err = String;

    /// Reads a policy; the error says what would be right, without naming the key it stood in.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "any" => return Ok(Self::Any),
            "newest-semver" => return Ok(Self::NewestSemver),
            _ => {}
        }
        let kinds = "any, exact:TAG, prefix:TEXT, glob:PATTERN, regex:EXPRESSION, semver:REQUIREMENT or newest-semver";
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match (kind, rest) {
            ("exact" | "prefix" | "glob" | "regex" | "semver", "") => Err(format!(
                "needs something after `{kind}:`; policies are {kinds}"
            )),
            ("exact", name) => Ok(Self::Exact(name.to_owned())),
            ("prefix", prefix) => Ok(Self::Prefix(prefix.to_owned())),
            ("glob", glob) => Ok(Self::Glob(glob.to_owned())),
            ("regex", expression) => Expression::new(expression).map(Self::Regex),
            ("semver", requirement) => Requirement::new(requirement).map(Self::Semver),
            _ => Err(format!("must be {kinds}; found `{text}`")),
        }
    }
}

#[cfg(test)]
mod tests;
