//! The topic between the alarm and the function.

use aws_sdk_sns::types::Tag;

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Result};
use crate::names::OWNER_TAG;
use crate::policy_document::Document;

/// A topic with an access policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Value of the owner tag.
    pub owner: String,
    /// Who may publish.
    pub policy: Option<Document>,
    /// The key with which somebody had its messages encrypted. Setup sets none and takes none away.
    pub key: Option<String>,
}

impl Topic {
    async fn put_policy(&self, clients: &Clients) -> Result<()> {
        let Some(policy) = &self.policy else {
            return Ok(());
        };
        let call = clients.sns.set_topic_attributes().topic_arn(&self.arn);
        let call = call
            .attribute_name("Policy")
            .attribute_value(policy.to_string())
            .send()
            .await;
        call.called("sns:SetTopicAttributes", &self.name)?;
        Ok(())
    }
}

impl Kind for Topic {
    const KIND: &'static str = "topic";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        Fields::new().with_policy("policy", self.policy.as_ref())
    }

    /// An alarm's message to a topic whose key CloudWatch may not use is lost without a word.
    /// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>, event sources and encrypted topics.
    fn warning(&self) -> Note {
        let key = self.key.as_ref()?;
        let arn = &self.arn;
        let off = format!(
            "`aws sns set-topic-attributes --topic-arn {arn} --attribute-name KmsMasterKeyId --attribute-value ''`"
        );
        let admits = "lets cloudwatch.amazonaws.com use kms:Decrypt and kms:GenerateDataKey*";
        Some(if key.ends_with("alias/aws/sns") {
            format!(
                "it is encrypted with `{key}`, which CloudWatch may not use, so the alarm's messages are lost and only \
                 the sweep finds pushes: take a key of your own whose policy {admits}, or none: {off}"
            )
        } else {
            format!(
                "it is encrypted with `{key}`: unless that key's policy {admits}, the alarm's messages are lost and \
                 only the sweep finds pushes; without encryption: {off}"
            )
        })
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let topic = clients
            .sns
            .get_topic_attributes()
            .topic_arn(&self.arn)
            .send()
            .await;
        let topic = topic.found("sns:GetTopicAttributes", &self.name, &["NotFound"])?;
        let Some(topic) = topic else { return Ok(None) };
        let tags = clients
            .sns
            .list_tags_for_resource()
            .resource_arn(&self.arn)
            .send()
            .await;
        let tags = tags.called("sns:ListTagsForResource", &self.name)?;
        let tags = tags
            .tags()
            .iter()
            .map(|tag| (Some(tag.key()), Some(tag.value())));
        let policy = topic
            .attributes()
            .and_then(|attributes| attributes.get("Policy"));
        let policy = policy.map(|text| Document::parse(text));
        let attributes = topic.attributes();
        let key = attributes.and_then(|attributes| attributes.get("KmsMasterKeyId"));
        let key = key.filter(|key| !key.is_empty()).cloned();
        let owned = owned(&self.owner, tags);
        Ok(Some(Live {
            state: Self {
                policy,
                key,
                ..self.clone()
            },
            owned,
        }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        let tag = Tag::builder().key(OWNER_TAG).value(&self.owner).build();
        let tag = tag.map_err(|error| Error::Wrong(error.to_string()))?;
        let call = clients
            .sns
            .create_topic()
            .name(&self.name)
            .tags(tag)
            .send()
            .await;
        call.called("sns:CreateTopic", &self.name)?;
        self.put_policy(clients).await?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, _: &Change) -> Result<Note> {
        self.put_policy(clients).await?;
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let call = clients.sns.delete_topic().topic_arn(&self.arn).send().await;
        call.found("sns:DeleteTopic", &self.name, &["NotFound"])?;
        Ok(None)
    }
}
