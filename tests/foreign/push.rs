//! A push, as CloudTrail records it.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::judge::REGION;

/// The account of the registry, another than that of the service.
const REGISTRY: &str = "111122223333";

/// The image string of a repository and a tag.
pub(crate) fn image(repository: &str, tag: &str) -> String {
    image_of(REGISTRY, REGION, repository, tag)
}

/// The same for any registry.
pub(crate) fn image_of(account: &str, region: &str, repository: &str, tag: &str) -> String {
    format!("{account}.dkr.ecr.{region}.amazonaws.com/{repository}:{tag}")
}

/// The digest that a push of this tag has.
pub(crate) fn digest(repository: &str, tag: &str) -> String {
    format!("sha256:{:064x}", hash((repository, tag)))
}

/// The identity of a push's record.
pub(crate) fn id(repository: &str, tag: &str, at: DateTime<Utc>) -> String {
    let number = hash((repository, tag, at.timestamp())) & 0xffff_ffff_ffff;
    format!("7c1e8f0a-5f0e-4a53-9d3b-{number:012x}")
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The record of a tagged push.
pub(crate) fn record(repository: &str, tag: &str, at: DateTime<Utc>) -> Value {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 1470,
                   "digest": format!("sha256:{:064x}", 1)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 3_402_542,
                    "digest": format!("sha256:{:064x}", 2)}],
    });
    let digest = digest(repository, tag);
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": REGISTRY, "userName": "build"},
        "eventTime": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": "ecr.amazonaws.com", "eventName": "PutImage", "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.7", "userAgent": "docker",
        "requestParameters": {"registryId": REGISTRY, "repositoryName": repository,
            "imageTag": tag, "imageManifest": manifest.to_string()},
        "responseElements": {"image": {"registryId": REGISTRY, "repositoryName": repository,
            "imageManifest": manifest.to_string(),
            "imageId": {"imageDigest": digest, "imageTag": tag}}},
        "eventID": id(repository, tag, at),
        "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
        "recipientAccountId": REGISTRY, "eventCategory": "Management",
    })
}

/// The record of a call that is no push, of which a log group holds many.
pub(crate) fn noise(at: DateTime<Utc>) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": "ecr.amazonaws.com", "eventName": "InitiateLayerUpload",
        "awsRegion": REGION, "requestParameters": {"repositoryName": "web"},
        "eventID": "0e7d3f55-9a4c-4b0e-8f6d-64b1c5a2e011", "readOnly": false,
        "recipientAccountId": REGISTRY,
    })
}
