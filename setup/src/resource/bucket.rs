//! The bucket that every trail must have, although the pipeline never reads from it.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_bucket_tagging::GetBucketTaggingOutput;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, PublicAccessBlockConfiguration, Tag,
    Tagging,
};

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Result};
use crate::names::OWNER_TAG;
use crate::policy_document::Document;

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
        Ok(None)
    }

    async fn change(&self, clients: &Clients, change: &Change) -> Result<Note> {
        if change.touches(&["public access blocked"]) {
            self.put_private(clients).await?;
        }
        if change.touches(&["policy."]) {
            self.put_policy(clients).await?;
        }
        Ok(None)
    }
}
