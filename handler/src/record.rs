//! One CloudTrail record of a PutImage, as far as a push can be read from it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::image::Repository;
use crate::manifest::Kind;

/// A tagged PutImage that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The repository pushed to.
    pub repository: Repository,
    /// The tag.
    pub tag: String,
    /// The digest that the tag now names.
    pub digest: String,
    /// When the push happened; whole seconds, so two pushes can tie.
    pub time: DateTime<Utc>,
    /// What makes two records the same push: `addendum.originalEventID`, else `sharedEventID`, else `eventID`.
    pub id: String,
    /// What the manifest describes.
    pub kind: Kind,
}

/// Why a record is no push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPush {
    /// Another call, a refused one, or an untagged child of an index: nothing is amiss.
    NotOurs,
    /// It should be a push, but a part is missing or cannot be read: which, and where.
    Unreadable(String),
}

impl Record {
    /// Reads a record. Members may be missing or of the wrong type; unknown ones are passed over.
    ///
    /// # Errors
    /// [`NoPush`] says whether the record is simply something else or should have been a push.
    ///
    /// Shape: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html>
    pub fn read(record: &Value) -> Result<Self, NoPush> {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        let ours = text("/eventSource") == Some("ecr.amazonaws.com")
            && text("/eventName") == Some("PutImage");
        if !ours || record.get("errorCode").is_some_and(|code| !code.is_null()) {
            return Err(NoPush::NotOurs);
        }
        let request = "/requestParameters";
        let response = "/responseElements/image";
        let Some(tag) = text(&format!("{request}/imageTag"))
            .or_else(|| text(&format!("{response}/imageId/imageTag")))
        else {
            return Err(NoPush::NotOurs);
        };
        let id = text("/addendum/originalEventID")
            .or_else(|| text("/sharedEventID"))
            .or_else(|| text("/eventID"))
            .ok_or_else(|| NoPush::Unreadable("the record has no eventID".to_owned()))?;
        let lacks = |what: &str| NoPush::Unreadable(format!("record {id} has no {what}"));
        let name = text(&format!("{request}/repositoryName"))
            .or_else(|| text(&format!("{response}/repositoryName")))
            .ok_or_else(|| lacks("repositoryName"))?;
        let digest = text(&format!("{response}/imageId/imageDigest"))
            .or_else(|| text(&format!("{request}/imageDigest")))
            .ok_or_else(|| lacks("imageDigest"))?;
        if !is_tag(tag) {
            return Err(NoPush::Unreadable(format!(
                "record {id} has an imageTag that no registry takes: `{tag}`"
            )));
        }
        if !is_digest(digest) {
            return Err(NoPush::Unreadable(format!(
                "record {id} has an imageDigest that is none: `{digest}`"
            )));
        }
        let region = text("/awsRegion").ok_or_else(|| lacks("awsRegion"))?;
        let account = text(&format!("{response}/registryId"))
            .or_else(|| text(&format!("{request}/registryId")))
            .or_else(|| text("/resources/0/ARN").and_then(account_of))
            .or_else(|| text("/recipientAccountId"))
            .ok_or_else(|| lacks("registryId"))?;
        let time = text("/eventTime").ok_or_else(|| lacks("eventTime"))?;
        let time = DateTime::parse_from_rfc3339(time).map_err(|_| {
            NoPush::Unreadable(format!(
                "record {id} has an eventTime that is no time: `{time}`"
            ))
        })?;
        let manifest = text(&format!("{request}/imageManifest"))
            .or_else(|| text(&format!("{response}/imageManifest")));
        Ok(Self {
            repository: Repository {
                account: account.to_owned(),
                region: region.to_owned(),
                name: name.to_owned(),
            },
            tag: tag.to_owned(),
            digest: digest.to_owned(),
            time: time.with_timezone(&Utc),
            id: id.to_owned(),
            kind: Kind::of(manifest),
        })
    }
}

/// Whether a registry takes a tag: letters, digits, `_`, `.` and `-`, not beginning with the last two, 128 at most.
///
/// Source: the distribution specification of the Open Container Initiative, "Pulling manifests".
pub(crate) fn is_tag(tag: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(letter)
        && tag.bytes().all(|b| letter(b) || b == b'.' || b == b'-')
}

/// `algorithm:encoded`, as in `sha256:…`.
pub(crate) fn is_digest(digest: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+._=-".contains(&b))
    };
    let parts = digest.split_once(':');
    digest.len() <= 150
        && parts.is_some_and(|(algorithm, encoded)| word(algorithm) && word(encoded))
}

/// The account in an ARN; `resources[].ARN` is upper case in ECR's records.
fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{NoPush, Record};

    fn record() -> Value {
        json!({
            "eventSource": "ecr.amazonaws.com", "eventName": "PutImage",
            "eventTime": "2026-03-01T10:00:00Z", "awsRegion": "eu-west-1",
            "eventID": "e1", "recipientAccountId": "999999999999",
            "requestParameters": {"repositoryName": "web", "imageTag": "v1", "imageManifest": "{}"},
            "responseElements": {"image": {"registryId": "111122223333",
                "imageId": {"imageDigest": "sha256:aa", "imageTag": "v1"}}}
        })
    }

    #[test]
    fn a_push_is_read_from_its_record() {
        let push = Record::read(&record()).unwrap();
        assert_eq!(push.repository.to_string(), "111122223333/eu-west-1/web");
        assert_eq!(
            (push.tag.as_str(), push.digest.as_str()),
            ("v1", "sha256:aa")
        );
        assert_eq!(push.id, "e1");
    }

    #[test]
    fn refused_pushes_untagged_children_and_other_calls_are_no_pushes() {
        let mut refused = record();
        refused["errorCode"] = json!("ImageTagAlreadyExistsException");
        let mut untagged = record();
        untagged["requestParameters"]
            .as_object_mut()
            .unwrap()
            .remove("imageTag");
        untagged["responseElements"]["image"]["imageId"]
            .as_object_mut()
            .unwrap()
            .remove("imageTag");
        let mut other = record();
        other["eventName"] = json!("BatchGetImage");
        for value in [refused, untagged, other, json!(null), json!([]), json!("x")] {
            assert_eq!(Record::read(&value), Err(NoPush::NotOurs), "{value}");
        }
    }

    #[test]
    fn rule_10_what_is_missing_is_named() {
        for (member, word) in [
            ("eventTime", "eventTime"),
            ("awsRegion", "awsRegion"),
            ("eventID", "eventID"),
        ] {
            let mut value = record();
            value.as_object_mut().unwrap().remove(member);
            let Err(NoPush::Unreadable(why)) = Record::read(&value) else {
                panic!("{member}")
            };
            assert!(why.contains(word), "{why}");
            value[member] = json!(17);
            assert!(Record::read(&value).is_err());
        }
    }

    #[test]
    fn rule_10_tags_and_digests_that_no_registry_takes_are_refused_with_their_record() {
        let (longest, longer) = ("t".repeat(128), "t".repeat(129));
        for (tag, good) in [
            (longest.as_str(), true),
            ("_1.2-x", true),
            (longer.as_str(), false),
            ("a b", false),
            ("-a", false),
            ("", false),
            ("ü", false),
        ] {
            let mut value = record();
            value["requestParameters"]["imageTag"] = json!(tag);
            assert_eq!(Record::read(&value).is_ok(), good, "{tag}");
        }
        for digest in ["", "sha256", "sha256:", ":aa", "sha256:a a", "sha256:a@b"] {
            let mut value = record();
            value["responseElements"]["image"]["imageId"]["imageDigest"] = json!(digest);
            let Err(NoPush::Unreadable(why)) = Record::read(&value) else {
                panic!("{digest}")
            };
            assert!(why.contains("e1") && why.contains("imageDigest"), "{why}");
        }
    }

    #[test]
    fn rule_03_the_same_push_has_one_identity() {
        let mut updated = record();
        updated["eventID"] = json!("e2");
        updated["addendum"] = json!({"reason": "UPDATED_DATA", "originalEventID": "e1"});
        assert_eq!(Record::read(&updated).unwrap().id, "e1");
        let mut shared = record();
        shared["sharedEventID"] = json!("s1");
        assert_eq!(Record::read(&shared).unwrap().id, "s1");
    }
}
