//! What ecroll noted on a rule about one of its targets: a tag, the ledger of a target.
//!
//! EventBridge does not say when a target was changed, and a rule's targets have no tags of their own. So the rule gets one
//! tag for each target that ecroll moves. It is written before the target is put, as `moving`: without the permission nothing
//! moves. Afterwards it says `moved`, and from then on a lower revision is what somebody chose.

use crate::ledger::{RevisionName, short};

const MOVING: &str = "moving";
const MOVED: &str = "moved";

/// What the tag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The target was put, or was found, and not only meant to be.
    pub moved: bool,
    /// The revision that it was to have.
    pub revision: RevisionName,
}

impl Mark {
    /// The key of the tag for a target.
    #[must_use]
    pub fn key(target: &str) -> String {
        format!("ecroll:{}", short(&format!("target {target}")))
    }

    /// Reads a tag's value; `None` for text that ecroll did not write.
    #[must_use]
    pub fn read(value: &str) -> Option<Self> {
        let (word, revision) = value.split_once(' ')?;
        let moved = match word {
            MOVED => true,
            MOVING => false,
            _ => return None,
        };
        Some(Self {
            moved,
            revision: RevisionName::of(revision),
        })
    }

    /// The tag's value for a revision, named by its ARN.
    #[must_use]
    pub fn value(moved: bool, revision: &str) -> String {
        let word = if moved { MOVED } else { MOVING };
        format!("{word} {}", RevisionName::of(revision).brief())
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;

    #[test]
    fn a_mark_reads_back_what_it_wrote_and_fits_the_longest_family() {
        for family in ["web".to_owned(), "f".repeat(255)] {
            let arn =
                format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/{family}:1000000");
            let value = Mark::value(false, &arn);
            assert!(value.len() <= 256, "{}", value.len());
            let mark = Mark::read(&value).unwrap();
            assert!(!mark.moved && mark.revision.names(&arn));
            assert!(Mark::read(&Mark::value(true, &arn)).unwrap().moved);
        }
        for other in ["", "moved", "put web:1"] {
            assert_eq!(Mark::read(other), None, "{other}");
        }
        assert_ne!(Mark::key("1"), Mark::key("2"));
    }
}
