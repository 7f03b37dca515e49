//! The two queues that keep what went wrong.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Result};
use crate::names::OWNER_TAG;
use crate::policy_document::Document;
use crate::retry::{patiently, queue};

/// What SQS answers for a queue that is not there, in its old and its new wire format.
const ABSENT: [&str; 2] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
];

/// A standard queue, encrypted with a key of SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Value of the owner tag.
    pub owner: String,
    /// How long it keeps a message, in seconds.
    pub retention: String,
    /// Whether SQS encrypts it.
    pub encrypted: bool,
    /// Who may send besides the account's own roles; `None` where nobody.
    pub policy: Option<Document>,
}

impl Queue {
    fn attributes(&self) -> HashMap<QueueAttributeName, String> {
        let mut attributes = HashMap::from([
            (
                QueueAttributeName::MessageRetentionPeriod,
                self.retention.clone(),
            ),
            (
                QueueAttributeName::SqsManagedSseEnabled,
                self.encrypted.to_string(),
            ),
        ]);
        if let Some(policy) = &self.policy {
            attributes.insert(QueueAttributeName::Policy, policy.to_string());
        }
        attributes
    }

    async fn url(&self, clients: &Clients) -> Result<Option<String>> {
        let url = clients
            .sqs
            .get_queue_url()
            .queue_name(&self.name)
            .send()
            .await;
        let url = url.found("sqs:GetQueueUrl", &self.name, &ABSENT)?;
        Ok(url.and_then(|found| found.queue_url))
    }
}

impl Kind for Queue {
    const KIND: &'static str = "queue";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .with("retention in seconds", &self.retention)
            .with("encrypted", self.encrypted)
            .with_policy("policy", self.policy.as_ref())
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let (client, name) = (&clients.sqs, &self.name);
        let Some(url) = self.url(clients).await? else {
            return Ok(None);
        };
        let tags = client.list_queue_tags().queue_url(&url).send().await;
        let tags = tags
            .called("sqs:ListQueueTags", name)?
            .tags
            .unwrap_or_default();
        let tags = tags
            .iter()
            .map(|(key, value)| (Some(key.as_str()), Some(value.as_str())));
        let owned = owned(&self.owner, tags);
        let call = client.get_queue_attributes().queue_url(&url);
        let found = call.attribute_names(QueueAttributeName::All).send().await;
        let found = found
            .called("sqs:GetQueueAttributes", name)?
            .attributes
            .unwrap_or_default();
        let get = |name: QueueAttributeName| found.get(&name).filter(|value| !value.is_empty());
        let state = Self {
            retention: get(QueueAttributeName::MessageRetentionPeriod)
                .cloned()
                .unwrap_or_default(),
            encrypted: get(QueueAttributeName::SqsManagedSseEnabled).is_some_and(|on| on == "true"),
            policy: get(QueueAttributeName::Policy).map(|text| Document::parse(text)),
            ..self.clone()
        };
        Ok(Some(Live { state, owned }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        let call = patiently(queue, || {
            let call = clients.sqs.create_queue().queue_name(&self.name);
            call.tags(OWNER_TAG, &self.owner)
                .set_attributes(Some(self.attributes()))
                .send()
        });
        call.await.called("sqs:CreateQueue", &self.name)?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, _: &Change) -> Result<Note> {
        let Some(url) = self.url(clients).await? else {
            return Err(Error::Wrong(format!(
                "queue `{}` has vanished since the plan",
                self.name
            )));
        };
        let mut attributes = self.attributes();
        // An empty policy is how SQS spells none.
        attributes.entry(QueueAttributeName::Policy).or_default();
        let call = clients.sqs.set_queue_attributes().queue_url(url);
        let call = call.set_attributes(Some(attributes)).send().await;
        call.called("sqs:SetQueueAttributes", &self.name)?;
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let Some(url) = self.url(clients).await? else {
            return Ok(None);
        };
        let call = clients.sqs.delete_queue().queue_url(url).send().await;
        call.found("sqs:DeleteQueue", &self.name, &ABSENT)?;
        Ok(None)
    }
}
