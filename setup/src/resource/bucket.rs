//! The bucket that every trail must have, although the pipeline never reads from it.

use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::operation::get_bucket_tagging::GetBucketTaggingOutput;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, CreateBucketConfiguration, Delete,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, ObjectIdentifier,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
};

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Refusal, Result};
use crate::names::OWNER_TAG;
use crate::policy_document::Document;

/// What S3 answers for a bucket that is not there.
const ABSENT: [&str; 1] = ["NoSuchBucket"];

/// The identifier of the lifecycle rule.
pub(crate) const RULE: &str = "ecroll";

/// How often a bucket is emptied again, and after which pause, when something was written meanwhile.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_secs(10);

/// A private bucket with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name, unique in the world.
    pub name: String,
    /// Where it lives.
    pub region: String,
    /// The account that it must belong to.
    pub account: String,
    /// Value of the owner tag.
    pub owner: String,
    /// Who may write to it; `None` where there is no policy.
    pub policy: Option<Document>,
    /// Whether all four switches against public access are on.
    pub private: bool,
    /// Whether S3 encrypts what is put there, with whatever key.
    pub encrypted: bool,
    /// Days after which a file is removed; `None` is never.
    pub expiry: Option<i32>,
}

impl Bucket {
    async fn tagged(&self, clients: &Clients) -> Result<bool> {
        let call = clients
            .s3
            .get_bucket_tagging()
            .bucket(&self.name)
            .send()
            .await;
        let tags = call.found("s3:GetBucketTagging", &self.name, &["NoSuchTagSet"])?;
        let tags = tags.iter().flat_map(GetBucketTaggingOutput::tag_set);
        Ok(owned(
            &self.owner,
            tags.map(|tag| (Some(tag.key()), Some(tag.value()))),
        ))
    }

    async fn put_tags(&self, clients: &Clients, tag: Tag) -> Result<()> {
        let tagging = Tagging::builder().tag_set(tag).build();
        let tagging = tagging.map_err(|error| Error::Wrong(error.to_string()))?;
        let call = clients
            .s3
            .put_bucket_tagging()
            .bucket(&self.name)
            .tagging(tagging);
        call.send()
            .await
            .called("s3:PutBucketTagging", &self.name)?;
        Ok(())
    }

    async fn put_private(&self, clients: &Clients) -> Result<()> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let call = clients.s3.put_public_access_block().bucket(&self.name);
        let call = call.public_access_block_configuration(block).send().await;
        call.called("s3:PutPublicAccessBlock", &self.name)?;
        Ok(())
    }

    async fn put_encrypted(&self, clients: &Clients) -> Result<()> {
        let own_key = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::Aes256)
            .build();
        let own_key = own_key.map_err(|error| Error::Wrong(error.to_string()))?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(own_key)
            .build();
        let encryption = ServerSideEncryptionConfiguration::builder().rules(rule);
        let encryption = encryption
            .build()
            .map_err(|error| Error::Wrong(error.to_string()))?;
        let call = clients.s3.put_bucket_encryption().bucket(&self.name);
        let call = call.server_side_encryption_configuration(encryption);
        call.send()
            .await
            .called("s3:PutBucketEncryption", &self.name)?;
        Ok(())
    }

    async fn put_expiry(&self, clients: &Clients) -> Result<()> {
        let Some(days) = self.expiry else {
            return Ok(());
        };
        let wrong = |error: aws_sdk_s3::error::BuildError| Error::Wrong(error.to_string());
        let rule = LifecycleRule::builder()
            .id(RULE)
            .status(ExpirationStatus::Enabled)
            // An empty prefix is every file.
            .filter(LifecycleRuleFilter::builder().prefix("").build())
            .expiration(LifecycleExpiration::builder().days(days).build())
            .build()
            .map_err(wrong)?;
        let lifecycle = BucketLifecycleConfiguration::builder().rules(rule);
        let lifecycle = lifecycle.build().map_err(wrong)?;
        let call = clients
            .s3
            .put_bucket_lifecycle_configuration()
            .bucket(&self.name);
        let call = call.lifecycle_configuration(lifecycle).send().await;
        call.called("s3:PutLifecycleConfiguration", &self.name)?;
        Ok(())
    }

    async fn is_encrypted(&self, clients: &Clients) -> Result<bool> {
        let call = clients.s3.get_bucket_encryption().bucket(&self.name);
        let absent = ["ServerSideEncryptionConfigurationNotFoundError"];
        let call = call.send().await;
        let found = call.found("s3:GetEncryptionConfiguration", &self.name, &absent)?;
        let rules = found.and_then(|found| found.server_side_encryption_configuration);
        Ok(rules.is_some_and(|rules| !rules.rules().is_empty()))
    }

    async fn live_expiry(&self, clients: &Clients) -> Result<Option<i32>> {
        let call = clients.s3.get_bucket_lifecycle_configuration();
        let call = call.bucket(&self.name).send().await;
        let absent = ["NoSuchLifecycleConfiguration"];
        let found = call.found("s3:GetLifecycleConfiguration", &self.name, &absent)?;
        let found =
            found.unwrap_or_else(|| GetBucketLifecycleConfigurationOutput::builder().build());
        let enabled = |rule: &&LifecycleRule| *rule.status() == ExpirationStatus::Enabled;
        let rules = found.rules().iter().filter(enabled);
        let days = |rule: &LifecycleRule| rule.expiration().and_then(LifecycleExpiration::days);
        Ok(rules.filter_map(days).min())
    }

    /// Removes every file in every version. CloudTrail may still write for a while after its trail is gone.
    async fn empty(&self, clients: &Clients) -> Result<()> {
        loop {
            let page = clients
                .s3
                .list_object_versions()
                .bucket(&self.name)
                .send()
                .await;
            let Some(page) = page.found("s3:ListBucketVersions", &self.name, &ABSENT)? else {
                return Ok(());
            };
            let versions = page.versions().iter().map(|v| (v.key(), v.version_id()));
            let markers = page.delete_markers().iter();
            let markers = markers.map(|marker| (marker.key(), marker.version_id()));
            let mut objects = Vec::new();
            for (key, version) in versions.chain(markers) {
                let object = ObjectIdentifier::builder().key(key.unwrap_or_default());
                let object = object
                    .set_version_id(version.map(ToOwned::to_owned))
                    .build();
                objects.push(object.map_err(|error| Error::Wrong(error.to_string()))?);
            }
            if objects.is_empty() {
                return Ok(());
            }
            let delete = Delete::builder()
                .set_objects(Some(objects))
                .quiet(true)
                .build();
            let delete = delete.map_err(|error| Error::Wrong(error.to_string()))?;
            let call = clients
                .s3
                .delete_objects()
                .bucket(&self.name)
                .delete(delete);
            let call = call.send().await;
            let answer = call.called("s3:DeleteObject", &self.name)?;
            // This call succeeds even when it refuses some.
            if let Some(refused) = answer.errors().first() {
                return Err(Error::Refused(Refusal {
                    call: "s3:DeleteObject",
                    name: format!("{}/{}", self.name, refused.key().unwrap_or_default()),
                    code: refused.code().unwrap_or_default().to_owned(),
                    message: refused.message().unwrap_or_default().to_owned(),
                }));
            }
        }
    }

    async fn put_policy(&self, clients: &Clients) -> Result<()> {
        let Some(policy) = &self.policy else {
            return Ok(());
        };
        let call = clients
            .s3
            .put_bucket_policy()
            .bucket(&self.name)
            .policy(policy.to_string());
        call.send().await.called("s3:PutBucketPolicy", &self.name)?;
        Ok(())
    }
}

impl Kind for Bucket {
    const KIND: &'static str = "bucket";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .with("public access blocked", self.private)
            .with("encrypted", self.encrypted)
            .with_some("files kept for days", self.expiry)
            .with_policy("policy", self.policy.as_ref())
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let name = &self.name;
        match clients.s3.head_bucket().bucket(name).send().await {
            Ok(_) => {}
            Err(SdkError::ServiceError(error)) if error.err().is_not_found() => return Ok(None),
            Err(SdkError::ServiceError(error)) if error.raw().status().as_u16() == 403 => {
                return Err(Error::Wrong(format!(
                    "bucket `{name}` belongs to another account, or s3:ListBucket on it is denied: \
                     choose another `name` in ecroll.toml, or allow the call"
                )));
            }
            Err(error) => return Err(crate::error::refusal("s3:HeadBucket", name, &error)),
        }
        if !self.tagged(clients).await? {
            return Ok(Some(Live {
                state: self.clone(),
                owned: false,
            }));
        }
        let policy = clients.s3.get_bucket_policy().bucket(name).send().await;
        let policy = policy.found("s3:GetBucketPolicy", name, &["NoSuchBucketPolicy"])?;
        let block = clients
            .s3
            .get_public_access_block()
            .bucket(name)
            .send()
            .await;
        let absent = ["NoSuchPublicAccessBlockConfiguration"];
        let block = block.found("s3:GetPublicAccessBlock", name, &absent)?;
        let block = block.and_then(|found| found.public_access_block_configuration);
        let private = block.is_some_and(|block| {
            block.block_public_acls() == Some(true)
                && block.ignore_public_acls() == Some(true)
                && block.block_public_policy() == Some(true)
                && block.restrict_public_buckets() == Some(true)
        });
        let policy = policy
            .and_then(|found| found.policy)
            .map(|text| Document::parse(&text));
        let state = Self {
            policy,
            private,
            encrypted: self.is_encrypted(clients).await?,
            expiry: self.live_expiry(clients).await?,
            ..self.clone()
        };
        Ok(Some(Live { state, owned: true }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        let tag = Tag::builder().key(OWNER_TAG).value(&self.owner).build();
        let tag = tag.map_err(|error| Error::Wrong(error.to_string()))?;
        // The tag goes with the creation, so that a run that ends here leaves no bucket that looks like somebody
        // else's. us-east-1 is the one Region that must not be named.
        let mut place = CreateBucketConfiguration::builder().tags(tag.clone());
        if self.region != "us-east-1" {
            place = place.location_constraint(BucketLocationConstraint::from(self.region.as_str()));
        }
        let call = clients.s3.create_bucket().bucket(&self.name);
        let call = call.create_bucket_configuration(place.build()).send().await;
        call.called("s3:CreateBucket", &self.name)?;
        // Endpoints that do not know tags at creation ignore them.
        if !self.tagged(clients).await? {
            self.put_tags(clients, tag).await?;
        }
        self.put_private(clients).await?;
        self.put_policy(clients).await?;
        // New buckets are encrypted by themselves, except at endpoints that know nothing of it.
        if !self.is_encrypted(clients).await? {
            self.put_encrypted(clients).await?;
        }
        self.put_expiry(clients).await?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, change: &Change) -> Result<Note> {
        if change.touches(&["public access blocked"]) {
            self.put_private(clients).await?;
        }
        if change.touches(&["policy."]) {
            self.put_policy(clients).await?;
        }
        if change.touches(&["encrypted"]) {
            self.put_encrypted(clients).await?;
        }
        if change.touches(&["files kept for days"]) {
            self.put_expiry(clients).await?;
        }
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let mut tries = 0;
        loop {
            self.empty(clients).await?;
            let call = clients.s3.delete_bucket().bucket(&self.name).send().await;
            match call.found("s3:DeleteBucket", &self.name, &ABSENT) {
                // A late file of CloudTrail came in between.
                Err(Error::Refused(refusal))
                    if refusal.code == "BucketNotEmpty" && tries < TRIES =>
                {
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other.map(|_| None),
            }
        }
    }
}
