//! Which tags roll.

use std::fmt;
use std::str::FromStr;

/// Decides by a tag's name alone. Written `any`, `exact:T`, `prefix:P` or `glob:G`.
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
        }
    }
}

impl FromStr for TagPolicy {
    type Err = String;

    /// Reads a policy; the error says what would be right, without naming the key it stood in.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "any" {
            return Ok(Self::Any);
        }
        let kinds = "any, exact:TAG, prefix:TEXT or glob:PATTERN";
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match (kind, rest) {
            ("exact" | "prefix" | "glob", "") => Err(format!(
                "needs something after `{kind}:`; policies are {kinds}"
            )),
            ("exact", name) => Ok(Self::Exact(name.to_owned())),
            ("prefix", prefix) => Ok(Self::Prefix(prefix.to_owned())),
            ("glob", glob) => Ok(Self::Glob(glob.to_owned())),
            ("regex" | "semver" | "newest-semver", _) => Err(format!(
                "asks for `{kind}`, which this version does not support yet: use {kinds}"
            )),
            _ => Err(format!("must be {kinds}; found `{text}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TagPolicy;

    #[test]
    fn each_policy_allows_what_it_says() {
        let table = [
            ("any", "anything", true),
            ("exact:prod", "prod", true),
            ("exact:prod", "prod-1", false),
            ("prefix:main-", "main-1", true),
            ("prefix:main-", "xmain-1", false),
            ("glob:v*.*", "v1.2", true),
            ("glob:v*.*", "v1", false),
        ];
        for (policy, tag, allowed) in table {
            let policy: TagPolicy = policy.parse().unwrap();
            assert_eq!(policy.allows(tag), allowed, "{policy} on {tag}");
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
    }

    #[test]
    fn rule_10_a_wrong_policy_is_refused_with_the_right_ones() {
        for wrong in ["", "exact", "exact:", "prefix:", "newest", "semver:^1"] {
            let error = wrong.parse::<TagPolicy>().unwrap_err();
            assert!(error.contains("exact:TAG"), "{wrong}: {error}");
        }
    }
}
