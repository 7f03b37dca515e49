//! The function's subscription to the topic.

use serde_json::{Value, json};

use super::{Kind, Live, Note};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Result};

/// A subscription; it belongs to the topic and carries no tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Topic and function, as `topic -> function`.
    pub name: String,
    /// The topic's ARN.
    pub topic: String,
    /// The function's ARN.
    pub function: String,
    /// Where messages go that cannot be delivered: the queue's ARN.
    pub dead_letters: Option<String>,
    /// A filter that somebody put on it; it would swallow messages.
    pub filter: Option<String>,
}

impl Subscription {
    /// The function's subscription, with its dead-letter queue.
    #[must_use]
    pub fn new(name: &str, topic: &str, function: &str, dead_letters: &str) -> Self {
        Self {
            name: format!("{name} -> {name}"),
            topic: topic.to_owned(),
            function: function.to_owned(),
            dead_letters: Some(dead_letters.to_owned()),
            filter: None,
        }
    }

    fn redrive(&self) -> String {
        json!({ "deadLetterTargetArn": self.dead_letters }).to_string()
    }

    /// The subscription's own ARN, which ends in something random.
    async fn arn(&self, clients: &Clients) -> Result<Option<String>> {
        let call = clients
            .sns
            .list_subscriptions_by_topic()
            .topic_arn(&self.topic);
        let mut subscriptions = call.into_paginator().items().send();
        while let Some(next) = subscriptions.next().await {
            let next = next.found("sns:ListSubscriptionsByTopic", &self.name, &["NotFound"])?;
            let Some(subscription) = next else {
                return Ok(None);
            };
            if subscription.endpoint() == Some(&self.function)
                && subscription.protocol() == Some("lambda")
            {
                return Ok(subscription.subscription_arn);
            }
        }
        Ok(None)
    }

    async fn set(&self, clients: &Clients, arn: &str, name: &str, value: &str) -> Result<()> {
        let call = clients
            .sns
            .set_subscription_attributes()
            .subscription_arn(arn);
        let call = call
            .attribute_name(name)
            .attribute_value(value)
            .send()
            .await;
        call.called("sns:SetSubscriptionAttributes", &self.name)?;
        Ok(())
    }
}

impl Kind for Subscription {
    const KIND: &'static str = "subscription";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .with_some("dead-letter queue", self.dead_letters.as_ref())
            .with_some("filter", self.filter.as_ref())
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let Some(arn) = self.arn(clients).await? else {
            return Ok(None);
        };
        let found = clients
            .sns
            .get_subscription_attributes()
            .subscription_arn(arn)
            .send()
            .await;
        let found = found.called("sns:GetSubscriptionAttributes", &self.name)?;
        let found = found.attributes.unwrap_or_default();
        let redrive = found.get("RedrivePolicy").map_or("", String::as_str);
        let redrive: Value = serde_json::from_str(redrive).unwrap_or_default();
        let target = redrive.get("deadLetterTargetArn").and_then(Value::as_str);
        let filter = found
            .get("FilterPolicy")
            .filter(|filter| !["", "{}"].contains(&filter.as_str()));
        let state = Self {
            dead_letters: target.map(ToOwned::to_owned),
            filter: filter.cloned(),
            ..self.clone()
        };
        Ok(Some(Live { state, owned: true }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        let call = clients
            .sns
            .subscribe()
            .topic_arn(&self.topic)
            .protocol("lambda");
        let call = call
            .endpoint(&self.function)
            .attributes("RedrivePolicy", self.redrive());
        call.return_subscription_arn(true)
            .send()
            .await
            .called("sns:Subscribe", &self.name)?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, change: &Change) -> Result<Note> {
        let Some(arn) = self.arn(clients).await? else {
            return Err(Error::Wrong(format!(
                "subscription `{}` has vanished since the plan",
                self.name
            )));
        };
        if change.touches(&["dead-letter queue"]) {
            self.set(clients, &arn, "RedrivePolicy", &self.redrive())
                .await?;
        }
        if change.touches(&["filter"]) {
            self.set(clients, &arn, "FilterPolicy", "{}").await?;
        }
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let Some(arn) = self.arn(clients).await? else {
            return Ok(None);
        };
        let call = clients.sns.unsubscribe().subscription_arn(arn).send().await;
        call.found("sns:Unsubscribe", &self.name, &["NotFound"])?;
        Ok(None)
    }
}
