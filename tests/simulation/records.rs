//! CloudTrail's records of pushes, and records that are none.

use serde_json::{Value, json};

use crate::history::{HOME, OTHER};
use crate::trace::{Kind, Push};

/// The record of a push as CloudTrail writes it.
pub(crate) fn record(push: &Push) -> Value {
    let request = json!({
        "registryId": push.account,
        "repositoryName": push.repository,
        "imageTag": push.tag,
        "imageManifest": manifest(push).to_string(),
    });
    let mut record = json!({
        "eventVersion": "1.11", "eventSource": "ecr.amazonaws.com", "eventName": "PutImage",
        "eventTime": push.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "awsRegion": push.region, "readOnly": false, "managementEvent": true,
        "eventCategory": "Management", "eventID": push.id,
        "recipientAccountId": if push.account == OTHER { OTHER } else { HOME },
        "requestParameters": without_null(request),
    });
    if push.kind == Kind::Refused {
        record["errorCode"] = "ImageTagAlreadyExistsException".into();
        record["errorMessage"] = "The image tag already exists and cannot be overwritten".into();
        record["responseElements"] = Value::Null;
    } else {
        let id = json!({"imageDigest": push.digest, "imageTag": push.tag});
        record["responseElements"] = json!({"image": {"registryId": push.account,
            "repositoryName": push.repository, "imageId": without_null(id)}});
    }
    record
}

/// The manifest of what was pushed.
pub(crate) fn manifest(push: &Push) -> Value {
    let config = match push.kind {
        Kind::Image | Kind::Refused => "application/vnd.docker.container.image.v1+json",
        Kind::Chart => "application/vnd.cncf.helm.config.v1+json",
        Kind::Signature => "application/vnd.dev.cosign.simplesigning.v1+json",
    };
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": config, "digest": push.digest},
        "layers": [],
    })
}

fn without_null(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    value
}

/// What else gets into a log group, by the name under which a history does it.
pub(crate) const GARBAGE: [(&str, &str); 7] = [
    ("garbage record: no JSON", "START RequestId: PutImage"),
    (
        "garbage record: cut off",
        r#"{"eventSource":"ecr.amazonaws.com","eventName":"PutImage","requestParameters":{"imageTag":"v1""#,
    ),
    (
        "garbage record: a list",
        r#"[{"eventSource":"ecr.amazonaws.com","eventName":"PutImage"}]"#,
    ),
    (
        "garbage record: no time",
        r#"{"eventSource":"ecr.amazonaws.com","eventName":"PutImage","requestParameters":{"imageTag":"v1","repositoryName":"api"},"awsRegion":"eu-west-1","eventID":"no-time","responseElements":{"image":{"imageId":{"imageDigest":"sha256:00"}}}}"#,
    ),
    (
        "garbage record: wrong kinds",
        r#"{"eventSource":"ecr.amazonaws.com","eventName":"PutImage","requestParameters":{"imageTag":["v1"],"repositoryName":7},"eventTime":12,"awsRegion":{},"eventID":null,"responseElements":"no"}"#,
    ),
    (
        "garbage record: far future",
        r#"{"eventSource":"ecr.amazonaws.com","eventName":"PutImage","requestParameters":{"imageTag":"v1"},"eventTime":"99999-01-01T00:00:00Z","eventID":"far"}"#,
    ),
    ("garbage record: empty", " "),
];

/// What else may invoke the function, likewise.
pub(crate) const EVENTS: [(&str, &str); 7] = [
    ("garbage event: null", "null"),
    ("garbage event: a text", r#""hello""#),
    ("garbage event: empty", "{}"),
    ("garbage event: no message", r#"{"Records":[{"Sns":{}}]}"#),
    (
        "garbage event: a subscription that is none",
        r#"{"awslogs":{"data":"bm90IGd6aXA="}}"#,
    ),
    (
        "garbage event: a direct use of nothing",
        r#"{"repository":"nobody","tag":"nothing"}"#,
    ),
    ("garbage event: bad look_back", r#"{"look_back":"soon"}"#),
];
