//! S3 as far as the bucket of a trail needs it: the bucket, its settings, and that it holds objects.

mod objects;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::input::{Input, not_implemented};
use crate::policy::{self, Ask};
use crate::service::{Answer, Fault, Scope};

/// The buckets of the account.
#[derive(Debug, Default)]
pub(crate) struct S3 {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    created: DateTime<Utc>,
    policy: Option<String>,
    /// The keys of its objects; what is in them nobody reads.
    objects: BTreeSet<String>,
    /// The settings by the name of their member, as they were put.
    settings: BTreeMap<&'static str, Value>,
}

/// A setting of a bucket: the operations' common name, the member that carries it, the code for one
/// that was never put.
const SETTINGS: [(&str, &str, &str); 5] = [
    (
        "PublicAccessBlock",
        "PublicAccessBlockConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
    ),
    (
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    ),
    (
        "BucketLifecycleConfiguration",
        "LifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
    ),
    ("BucketTagging", "Tagging", "NoSuchTagSet"),
    ("BucketVersioning", "VersioningConfiguration", ""),
];

impl S3 {
    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(input, "InvalidRequest");
        if operation == "ListBuckets" {
            return Ok(self.list());
        }
        let name = input.need("Bucket")?;
        if operation == "CreateBucket" {
            return self.create(name, input, scope);
        }
        let bucket = self.buckets.get_mut(name).ok_or_else(|| {
            let message = "The specified bucket does not exist";
            Fault::client("NoSuchBucket", message).with_status(404)
        })?;
        match operation {
            "HeadBucket" => Ok(json!({"BucketRegion": scope.place.region})),
            "GetBucketLocation" => Ok(json!({"LocationConstraint": scope.place.region})),
            "DeleteBucket" => {
                if !bucket.objects.is_empty() {
                    let message = "The bucket you tried to delete is not empty";
                    return Err(Fault::client("BucketNotEmpty", message).with_status(409));
                }
                self.buckets.remove(name);
                Ok(json!({}))
            }
            "PutBucketPolicy" => {
                let document = input.need("Policy")?;
                policy::parse(document).map_err(|why| {
                    Fault::client(
                        "MalformedPolicy",
                        format!("Policy has invalid syntax: {why}"),
                    )
                })?;
                bucket.policy = Some(document.to_owned());
                Ok(json!({}))
            }
            "GetBucketPolicy" => {
                let document = bucket.policy.as_ref().ok_or_else(|| {
                    let message = "The bucket policy does not exist";
                    Fault::client("NoSuchBucketPolicy", message).with_status(404)
                })?;
                Ok(json!({"Policy": document}))
            }
            "DeleteBucketPolicy" => {
                bucket.policy = None;
                Ok(json!({}))
            }
            "PutObject" => bucket.put_object(input),
            "ListObjectsV2" => Ok(bucket.list_objects(name, input)),
            "ListObjectVersions" => Ok(bucket.list_versions(name, input)),
            "DeleteObjects" => bucket.delete_objects(input),
            _ => bucket.setting(operation, input),
        }
    }

    pub(crate) fn exists(&self, bucket: &str) -> bool {
        self.buckets.contains_key(bucket)
    }

    /// The bucket's policy.
    pub(crate) fn policy(&self, bucket: &str) -> Option<Value> {
        let document = self.buckets.get(bucket)?.policy.as_deref()?;
        policy::parse(document).ok()
    }

    /// Whether the bucket's policy admits the request.
    pub(crate) fn admits(&self, bucket: &str, ask: &Ask<'_>) -> bool {
        self.policy(bucket)
            .is_some_and(|document| policy::admits(&document, ask))
    }

    fn create(&mut self, name: &str, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if !(3..=63).contains(&name.len()) || !name.chars().all(legal) {
            let message = "The specified bucket is not valid.";
            return Err(Fault::client("InvalidBucketName", message));
        }
        if self.exists(name) {
            let message = "Your previous request to create the named bucket succeeded and you \
                           already own it.";
            return Err(Fault::client("BucketAlreadyOwnedByYou", message).with_status(409));
        }
        let mut settings = BTreeMap::new();
        let configuration = input.get("CreateBucketConfiguration");
        if let Some(tags) = configuration.and_then(|configuration| configuration.get("Tags")) {
            settings.insert("BucketTagging", json!({"TagSet": tags}));
        }
        let bucket = Bucket {
            created: scope.now,
            policy: None,
            objects: BTreeSet::new(),
            settings,
        };
        self.buckets.insert(name.to_owned(), bucket);
        Ok(json!({"Location": format!("/{name}")}))
    }

    fn list(&self) -> Value {
        let buckets = self.buckets.iter().map(
            |(name, bucket)| json!({"Name": name, "CreationDate": bucket.created.timestamp()}),
        );
        json!({"Buckets": buckets.collect::<Vec<_>>()})
    }
}

impl Bucket {
    fn setting(&mut self, operation: &str, input: Input<'_>) -> Answer {
        let unknown = || not_implemented("s3", operation);
        // Deleting the lifecycle is the one operation with another name.
        let operation = match operation {
            "DeleteBucketLifecycle" => "DeleteBucketLifecycleConfiguration",
            "DeleteBucketLifecycleConfiguration" => return Err(unknown()),
            other => other,
        };
        let (name, member, missing) = SETTINGS
            .into_iter()
            .find(|(name, ..)| operation.ends_with(name))
            .ok_or_else(unknown)?;
        match operation.strip_suffix(name) {
            Some("Put") => {
                let value = input.get(member).cloned().ok_or_else(|| {
                    Fault::client("MalformedXML", "The XML you provided was not well-formed")
                })?;
                self.settings.insert(name, value);
                Ok(json!({}))
            }
            Some("Get") => match self.settings.get(name) {
                // These two answers name the configuration; the others are its members.
                Some(value) if matches!(name, "PublicAccessBlock" | "BucketEncryption") => {
                    Ok(json!({ member: value }))
                }
                Some(value) => Ok(value.clone()),
                // Buckets are encrypted and unversioned unless told otherwise.
                None if name == "BucketEncryption" => Ok(json!({member: {"Rules": [{
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                    "BucketKeyEnabled": false,
                }]}})),
                None if missing.is_empty() => Ok(json!({})),
                None => {
                    let message = format!("The configuration {name} does not exist");
                    Err(Fault::client(missing, message).with_status(404))
                }
            },
            Some("Delete") => {
                self.settings.remove(name);
                Ok(json!({}))
            }
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Account, Clock, Options};

    #[tokio::test(start_paused = true)]
    async fn a_bucket_keeps_the_tags_that_it_is_created_with() {
        let start = "2026-03-01T00:00:00Z".parse().unwrap();
        let account = Account::new(Clock::new(start), Options::default());
        let tags = json!([{"Key": "owner", "Value": "me"}]);
        let place = json!({"LocationConstraint": "eu-west-1", "Tags": tags});
        let create = json!({"Bucket": "mine", "CreateBucketConfiguration": place});
        account.call("s3", "CreateBucket", create).unwrap();
        let bucket = json!({"Bucket": "mine"});
        let tagging = account.call("s3", "GetBucketTagging", bucket).unwrap();
        assert_eq!(tagging, json!({"TagSet": tags}));

        account
            .call("s3", "CreateBucket", json!({"Bucket": "bare"}))
            .unwrap();
        let bucket = json!({"Bucket": "bare"});
        let fault = account.call("s3", "GetBucketTagging", bucket).unwrap_err();
        assert_eq!(fault.code, "NoSuchTagSet");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_goes_when_it_is_empty() {
        let start = "2026-03-01T00:00:00Z".parse().unwrap();
        let account = Account::new(Clock::new(start), Options::default());
        let call = |operation: &str, input: Value| account.call("s3", operation, input);
        let bucket = || json!({"Bucket": "mine"});
        call("CreateBucket", bucket()).unwrap();
        for number in 0..1001 {
            let object = json!({"Bucket": "mine", "Key": format!("log-{number:04}")});
            call("PutObject", object).unwrap();
        }
        assert_eq!(
            call("DeleteBucket", bucket()).unwrap_err().code,
            "BucketNotEmpty"
        );
        let page = call("ListObjectVersions", bucket()).unwrap();
        assert_eq!(page["Versions"].as_array().unwrap().len(), 1000);
        let next = json!({"Bucket": "mine", "KeyMarker": page["NextKeyMarker"]});
        let last = call("ListObjectVersions", next).unwrap();
        assert_eq!(last["IsTruncated"], false);
        for page in [page, last] {
            let delete = json!({"Bucket": "mine", "Delete": {"Objects": page["Versions"]}});
            call("DeleteObjects", delete).unwrap();
        }
        call("DeleteBucket", bucket()).unwrap();
        assert_eq!(call("HeadBucket", bucket()).unwrap_err().status, 404);
    }
}
