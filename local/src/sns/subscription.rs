//! Subscriptions: their attributes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::service::{Fault, Place};

/// One subscription of a topic.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) arn: String,
    pub(crate) topic: String,
    pub(crate) protocol: String,
    pub(crate) endpoint: String,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Subscription {
    pub(super) fn describe(&self, place: &Place) -> Value {
        let mut attributes = self.attributes.clone();
        let mut add = |key: &str, value: &str| {
            attributes
                .entry(key.to_owned())
                .or_insert_with(|| value.to_owned());
        };
        add("SubscriptionArn", &self.arn);
        add("TopicArn", &self.topic);
        add("Protocol", &self.protocol);
        add("Endpoint", &self.endpoint);
        add("Owner", &place.account);
        add("ConfirmationWasAuthenticated", "true");
        add("PendingConfirmation", "false");
        add("RawMessageDelivery", "false");
        json!(attributes)
    }

    /// The queue for messages that the subscriber refused.
    pub(crate) fn dead_letter_queue(&self) -> Option<String> {
        let policy: Value = serde_json::from_str(self.attributes.get("RedrivePolicy")?).ok()?;
        Some(policy.get("deadLetterTargetArn")?.as_str()?.to_owned())
    }

    /// Whether a queue gets the bare message instead of the notification around it.
    pub(crate) fn is_raw(&self) -> bool {
        self.attributes
            .get("RawMessageDelivery")
            .is_some_and(|value| value == "true")
    }
}

/// Whether an attribute may be set to this value.
pub(super) fn check(name: &str, value: &str) -> Result<(), Fault> {
    let invalid = |what: String| Err(Fault::client("InvalidParameter", what));
    match name {
        "RawMessageDelivery" | "DeliveryPolicy" => Ok(()),
        "RedrivePolicy" => {
            let policy: Option<Value> = serde_json::from_str(value).ok();
            let target = policy
                .as_ref()
                .and_then(|policy| policy.get("deadLetterTargetArn"));
            match target.and_then(Value::as_str) {
                Some(arn) if arn.contains(":sqs:") => Ok(()),
                _ => invalid("Invalid parameter: RedrivePolicy: invalid value".to_owned()),
            }
        }
        "FilterPolicy" | "FilterPolicyScope" => {
            let message = "the pocket account does not simulate SNS filter policies";
            Err(Fault::client("NotImplemented", message).with_status(501))
        }
        _ => invalid("Invalid parameter: AttributeName".to_owned()),
    }
}
