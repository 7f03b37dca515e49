//! How an entry names a revision.

use super::LONGEST;
use super::identity::short;

/// A task definition revision, `family:revision`; a family too long for the tag is told by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionName(pub(super) String);

impl RevisionName {
    /// The name of the revision with this ARN.
    #[must_use]
    pub fn of(arn: &str) -> Self {
        Self(arn.rsplit('/').next().unwrap_or(arn).to_owned())
    }

    pub(super) fn hashed(&self) -> Self {
        match self.0.rsplit_once(':') {
            Some((family, revision)) if !family.starts_with('@') => {
                Self(format!("@{}:{revision}", short(family)))
            }
            _ => self.clone(),
        }
    }

    /// As a tag's value holds it beside little else.
    pub(crate) fn brief(&self) -> String {
        if self.0.len() > LONGEST / 2 {
            self.hashed().0
        } else {
            self.0.clone()
        }
    }

    /// Whether both name one revision, be it that one of them is shortened.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.hashed() == other.hashed()
    }

    /// Whether an ARN is that of this revision.
    #[must_use]
    pub fn names(&self, arn: &str) -> bool {
        let other = Self::of(arn);
        *self == other || *self == other.hashed()
    }

    /// Whether an ARN is that of this revision or of an older one of its family.
    #[must_use]
    pub(crate) fn is_since(&self, arn: &str) -> bool {
        let number = |text: &str| text.rsplit_once(':')?.1.parse::<u64>().ok();
        self.beside(arn).is_some() && number(arn) <= number(&self.0)
    }

    /// The ARN of this revision, given that of another revision of its family; `None` when the family is another.
    #[must_use]
    pub fn beside(&self, arn: &str) -> Option<String> {
        let (family, _) = arn.rsplit_once(':')?;
        let (_, revision) = self.0.rsplit_once(':')?;
        let arn = format!("{family}:{revision}");
        self.names(&arn).then_some(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, RevisionName};

    fn arn(family: &str) -> String {
        format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/{family}:7")
    }

    #[test]
    fn a_shortened_name_is_that_of_the_same_revision() {
        let (name, other) = (RevisionName::of(&arn("web")), RevisionName::of(&arn("api")));
        assert!(name.is(&name.hashed()) && name.hashed().is(&name));
        assert_eq!(name.hashed().hashed(), name.hashed());
        assert!(!name.is(&other) && !name.hashed().is(&other));
        assert!(name.hashed().names(&arn("web")) && !name.hashed().names(&arn("api")));
    }

    #[test]
    fn beside_little_else_only_a_long_name_is_shortened() {
        // Half of what a tag takes, with the colon and the revision.
        let fits = "f".repeat(LONGEST / 2 - 2);
        assert_eq!(RevisionName::of(&arn(&fits)).brief(), format!("{fits}:7"));
        let longer = RevisionName::of(&arn(&"f".repeat(LONGEST / 2 - 1)));
        assert_eq!(longer.brief(), longer.hashed().0);
    }
}
