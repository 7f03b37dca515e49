//! Events that carry the push: those of ECR, and CloudTrail's records by way of EventBridge.
//!
//! Shapes: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::image::Repository;
use crate::ledger;
use crate::push::Found;
use crate::record::{NoPush, Record, is_digest, is_tag};

/// What ECR tells through EventBridge. Only two of them can be pushes; the others need no look-up.
pub(super) const ECR_EVENTS: &[&str] = &[
    "ECR Image Action",
    "ECR Replication Action",
    "ECR Pull Through Cache Action",
    "ECR Referrer Action",
    "ECR Image Scan",
    "ECR Scan Resource Change",
];

/// A push that an event carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The push, as the log would have shown it.
    pub found: Found,
    /// The road carries no manifest: ECR must be asked what was pushed.
    pub bare: bool,
}

/// The push in an event of ECR; none where it tells of anything else, or of an untagged child of an index.
pub(super) fn ecr(event: &Value) -> Result<Vec<Carried>, String> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let is = |kind: &str, action: &str| {
        text("/detail-type") == Some(kind) && text("/detail/action-type") == Some(action)
    };
    // A replica is pushed to the repository that it arrives in; replication writes no PutImage there.
    // Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html>
    let push = is("ECR Image Action", "PUSH") || is("ECR Replication Action", "REPLICATE");
    if !push || text("/detail/result") != Some("SUCCESS") {
        return Ok(Vec::new());
    }
    let Some(tag) = event.pointer("/detail/image-tag") else {
        return Ok(Vec::new());
    };
    let need = |pointer: &str| {
        text(pointer)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| {
                format!(
                    "the event of ECR has no `{}`",
                    pointer.replace('/', " ").trim()
                )
            })
    };
    let tag = tag.as_str().filter(|tag| is_tag(tag)).ok_or_else(|| {
        format!("the event of ECR has an image-tag that no registry takes: {tag}")
    })?;
    let digest = need("/detail/image-digest")?;
    if !is_digest(digest) {
        return Err(format!(
            "the event of ECR has an image-digest that is none: `{digest}`"
        ));
    }
    let time = need("/time")?;
    let time = DateTime::parse_from_rfc3339(time)
        .map_err(|_| format!("the event of ECR has a time that is none: `{time}`"))?;
    let record = Record {
        repository: Repository {
            account: need("/account")?.to_owned(),
            region: need("/region")?.to_owned(),
            name: need("/detail/repository-name")?.to_owned(),
        },
        tag: tag.to_owned(),
        digest: digest.to_owned(),
        time: time.with_timezone(&Utc),
        id: format!("{}{}", ledger::ECR, need("/id")?),
        kind: crate::manifest::Kind::of(None),
    };
    Ok(vec![carried(record, true)])
}

/// The push in a record that EventBridge brings: the whole record is its detail.
pub(super) fn cloudtrail(event: &Value) -> Result<Vec<Carried>, String> {
    match event.get("detail").map(from_record) {
        Some(Ok(push)) => Ok(vec![push]),
        Some(Err(NoPush::NotOurs)) => Ok(Vec::new()),
        Some(Err(NoPush::Unreadable(why))) => Err(why),
        None => Err("the event of CloudTrail has no `detail`".to_owned()),
    }
}

/// A push from a record, whoever delivered it. A replica's record has the members of a push but for the manifest.
pub(super) fn from_record(record: &Value) -> Result<Carried, NoPush> {
    if record.get("eventName").and_then(Value::as_str) != Some("ReplicateImage") {
        return Record::read(record).map(|record| carried(record, false));
    }
    let mut record = record.clone();
    if let Some(name) = record.get_mut("eventName") {
        *name = json!("PutImage");
    }
    Record::read(&record).map(|record| carried(record, true))
}

fn carried(record: Record, bare: bool) -> Carried {
    let timestamp = record.time.timestamp_millis();
    let found = Found {
        record,
        timestamp,
        ingestion: timestamp,
    };
    Carried { found, bare }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::trigger::{Task, Trigger};

    fn event(kind: &str, detail: &Value) -> Value {
        let mut event = json!({
            "version": "0", "id": "6a1c9a0e-0000-4000-8000-000000000001", "detail-type": kind,
            "source": "aws.ecr", "account": "111122223333", "time": "2026-03-01T10:00:02Z",
            "region": "eu-west-1", "resources": [],
            "detail": {"result": "SUCCESS", "repository-name": "team/web", "image-digest": "sha256:aa",
                "action-type": "PUSH", "image-tag": "v1"}
        });
        for (key, value) in detail.as_object().unwrap() {
            event["detail"][key] = value.clone();
        }
        event
    }

    fn pushes(event: &Value) -> Vec<String> {
        let trigger = Trigger::read(event);
        assert_eq!(trigger.warning, None, "{event}");
        let Task::Pushes(pushes) = trigger.task else {
            panic!("{trigger:?}")
        };
        let name = |push: super::Carried| {
            let record = push.found.record;
            format!(
                "{} {} {} {}",
                record.repository, record.tag, record.digest, push.bare
            )
        };
        pushes.into_iter().map(name).collect()
    }

    #[test]
    fn rule_01_pushes_and_replicas_are_carried() {
        let one = ["111122223333/eu-west-1/team/web v1 sha256:aa true"];
        assert_eq!(pushes(&event("ECR Image Action", &json!({}))), one);
        let replica = json!({"action-type": "REPLICATE", "source-account": "444455556666",
            "source-region": "us-east-1"});
        assert_eq!(pushes(&event("ECR Replication Action", &replica)), one);
    }

    #[test]
    fn what_else_happens_in_a_registry_is_no_push_and_no_look_up() {
        let mut untagged = event("ECR Image Action", &json!({}));
        untagged["detail"]
            .as_object_mut()
            .unwrap()
            .remove("image-tag");
        let table = [
            untagged,
            event("ECR Image Action", &json!({"action-type": "DELETE"})),
            event("ECR Image Action", &json!({"result": "FAILURE"})),
            event(
                "ECR Image Action",
                &json!({"action-type": "UPDATE_STORAGE_CLASS",
                "target-storage-class": "STANDARD"}),
            ),
            event(
                "ECR Replication Action",
                &json!({"action-type": "REPLICATE", "result": "FAILED"}),
            ),
            event(
                "ECR Pull Through Cache Action",
                &json!({"sync-status": "SUCCESS"}),
            ),
            event("ECR Referrer Action", &json!({})),
            event("ECR Image Scan", &json!({"scan-status": "COMPLETE"})),
        ];
        for event in table {
            assert_eq!(Trigger::read(&event).name, "ecr-event");
            assert_eq!(pushes(&event), [""; 0], "{event}");
        }
    }

    #[test]
    fn rule_10_a_push_that_lacks_something_is_looked_up_and_said() {
        for (member, value) in [
            ("/time", json!("yesterday")),
            ("/time", json!(5)),
            ("/id", json!(null)),
            ("/account", json!("")),
            ("/region", json!([])),
            ("/detail/repository-name", json!({})),
            ("/detail/image-digest", json!("aa")),
            ("/detail/image-tag", json!("a b")),
            ("/detail/image-tag", json!(7)),
        ] {
            let mut event = event("ECR Image Action", &json!({}));
            *event.pointer_mut(member).unwrap() = value;
            let trigger = Trigger::read(&event);
            assert_eq!(trigger.task, Task::LookUp, "{event}");
            let last = member.rsplit('/').next().unwrap();
            assert!(trigger.warning.unwrap().contains(last), "{member}");
        }
    }

    #[test]
    fn a_record_by_way_of_eventbridge_is_the_record() {
        let record = json!({
            "eventSource": "ecr.amazonaws.com", "eventName": "PutImage", "eventID": "e1",
            "eventTime": "2026-03-01T10:00:00Z", "awsRegion": "eu-west-1",
            "requestParameters": {"repositoryName": "team/web", "imageTag": "v1", "imageManifest": "{}"},
            "responseElements": {"image": {"registryId": "111122223333",
                "imageId": {"imageDigest": "sha256:aa"}}}
        });
        let envelope = |record: &Value| json!({"detail-type": "AWS API Call via CloudTrail", "detail": record});
        let one = "111122223333/eu-west-1/team/web v1 sha256:aa";
        assert_eq!(pushes(&envelope(&record)), [format!("{one} false")]);
        let mut other = record.clone();
        other["eventName"] = json!("ReplicateImage");
        assert_eq!(pushes(&envelope(&other)), [format!("{one} true")]);
        other["eventName"] = json!("DescribeImages");
        assert_eq!(pushes(&envelope(&other)), [""; 0]);
        other["eventName"] = json!("PutImage");
        other["eventTime"] = json!(1);
        let trigger = Trigger::read(&envelope(&other));
        assert!(trigger.warning.unwrap().contains("eventTime"));
        assert_eq!(trigger.task, Task::LookUp);
    }
}
