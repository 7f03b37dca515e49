//! That a bucket holds objects: their keys, for whoever has to empty it. No object has versions.

use serde_json::{Value, json};

use super::Bucket;
use crate::input::{Input, page, present};
use crate::service::{Answer, Fault};

/// The most keys of one answer, and of one deletion.
/// Source: `ListObjectVersions` and `DeleteObjects` in the S3 API reference.
const MOST: usize = 1000;

impl Bucket {
    pub(super) fn put_object(&mut self, input: Input<'_>) -> Answer {
        self.objects.insert(input.need("Key")?.to_owned());
        Ok(json!({}))
    }

    pub(super) fn list_objects(&self, name: &str, input: Input<'_>) -> Value {
        let (keys, next) = self.keys(input.text("ContinuationToken"), input);
        let contents: Vec<Value> = keys.iter().map(|key| json!({"Key": key})).collect();
        present(json!({
            "Name": name, "KeyCount": contents.len(), "MaxKeys": MOST, "Contents": contents,
            "IsTruncated": next.is_some(), "NextContinuationToken": next,
        }))
    }

    /// Without versioning, each object is its own latest version, `null`.
    pub(super) fn list_versions(&self, name: &str, input: Input<'_>) -> Value {
        let (keys, next) = self.keys(input.text("KeyMarker"), input);
        let version = |key: &String| json!({"Key": key, "VersionId": "null", "IsLatest": true});
        let versions: Vec<Value> = keys.iter().map(version).collect();
        let marker = next.as_ref().map(|_| "null");
        present(json!({
            "Name": name, "MaxKeys": MOST, "Versions": versions, "IsTruncated": next.is_some(),
            "NextKeyMarker": next, "NextVersionIdMarker": marker,
        }))
    }

    /// A key that is not there counts as deleted.
    pub(super) fn delete_objects(&mut self, input: Input<'_>) -> Answer {
        let asked = input
            .get("Delete")
            .map(|delete| Input::new(delete, "MalformedXML"));
        let objects = asked
            .map(|delete| delete.list("Objects"))
            .unwrap_or_default();
        if objects.is_empty() || objects.len() > MOST {
            let message = "The XML you provided was not well-formed";
            return Err(Fault::client("MalformedXML", message));
        }
        for object in objects {
            self.objects
                .remove(Input::new(object, "MalformedXML").need("Key")?);
        }
        Ok(json!({}))
    }

    fn keys(&self, after: Option<&str>, input: Input<'_>) -> (Vec<String>, Option<String>) {
        let prefix = input.text("Prefix").unwrap_or_default();
        let keys = self.objects.iter().filter(|key| key.starts_with(prefix));
        let (keys, next) = page(keys.map(|key| (key, ())), after, MOST);
        (
            keys.into_iter().map(|(key, ())| key.clone()).collect(),
            next,
        )
    }
}
