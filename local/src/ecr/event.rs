//! What the registry tells the event bus.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>, event for a completed image push.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::Pushed;
use crate::input::present;

impl Pushed {
    /// The event of this push; the bus gives it its identity.
    pub(crate) fn event(&self, at: DateTime<Utc>) -> Value {
        json!({
            "version": "0",
            "detail-type": "ECR Image Action",
            "source": "aws.ecr",
            "account": self.registry,
            "time": at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "region": self.region,
            "resources": [],
            "detail": present(json!({
                "result": "SUCCESS",
                "repository-name": self.repository,
                "image-digest": self.digest,
                "action-type": "PUSH",
                "image-tag": self.tag,
            })),
        })
    }

    /// What PutImage took, from its answer and the Region in which it was called.
    pub(crate) fn answered(answer: &Value, region: &str) -> Option<Self> {
        let text = |pointer: &str| {
            let text = answer.pointer(pointer).and_then(Value::as_str);
            text.map(str::to_owned)
        };
        Some(Self {
            registry: text("/image/registryId")?,
            region: region.to_owned(),
            repository: text("/image/repositoryName")?,
            tag: text("/image/imageId/imageTag"),
            digest: text("/image/imageId/imageDigest")?,
            manifest: text("/image/imageManifest").unwrap_or_default(),
        })
    }
}
