//! A published message, and the shapes in which subscribers receive it.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::Subscription;
use crate::input::present;

/// The text of a message: one for all protocols, or one for each.
///
/// Source of the second: the Publish action in the SNS API reference, `MessageStructure`.
#[derive(Debug)]
pub(crate) enum Text {
    One(String),
    Each {
        default: String,
        of: BTreeMap<String, String>,
    },
}

impl Text {
    /// Reads the JSON of a message whose structure is `json`: texts by protocol, and one that is the default.
    pub(super) fn by_protocol(text: &str) -> Result<Self, &'static str> {
        let texts: BTreeMap<String, Value> =
            serde_json::from_str(text).map_err(|_| "JSON message body failed to parse")?;
        let of: BTreeMap<String, String> = texts
            .into_iter()
            .filter_map(|(protocol, text)| Some((protocol, text.as_str()?.to_owned())))
            .collect();
        let default = of.get("default").cloned();
        default
            .map(|default| Self::Each { default, of })
            .ok_or("No default entry in JSON message body")
    }

    fn over(&self, protocol: &str) -> &str {
        match self {
            Self::One(text) => text,
            Self::Each { default, of } => of.get(protocol).unwrap_or(default),
        }
    }
}

/// A published message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(super) topic: String,
    pub(super) subject: Option<String>,
    pub(super) text: Text,
    pub(super) at: DateTime<Utc>,
}

impl Message {
    /// The event that a subscribed function receives.
    pub(crate) fn lambda_event(&self, subscription: &Subscription) -> Value {
        let region = region(&self.topic);
        json!({"Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.arn,
            "Sns": {
                "Type": "Notification",
                "MessageId": self.id,
                "TopicArn": self.topic,
                "Subject": self.subject,
                "Message": self.text.over(&subscription.protocol),
                "Timestamp": self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
                "SignatureVersion": "1",
                "Signature": "UG9ja2V0IGFjY291bnQ=",
                "SigningCertUrl":
                    format!("https://sns.{region}.amazonaws.com/SimpleNotificationService-0.pem"),
                "UnsubscribeUrl": unsubscribe(region, subscription),
                "MessageAttributes": {},
            },
        }]})
    }

    /// The text that a subscribed queue receives.
    pub(crate) fn queue_body(&self, subscription: &Subscription) -> String {
        if subscription.is_raw() {
            return self.text.over(&subscription.protocol).to_owned();
        }
        let region = region(&self.topic);
        present(json!({
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": self.topic,
            "Subject": self.subject,
            "Message": self.text.over(&subscription.protocol),
            "Timestamp": self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "SignatureVersion": "1",
            "Signature": "UG9ja2V0IGFjY291bnQ=",
            "SigningCertURL":
                format!("https://sns.{region}.amazonaws.com/SimpleNotificationService-0.pem"),
            "UnsubscribeURL": unsubscribe(region, subscription),
        }))
        .to_string()
    }
}

fn region(topic: &str) -> &str {
    topic.split(':').nth(3).unwrap_or_default()
}

fn unsubscribe(region: &str, subscription: &Subscription) -> String {
    let arn = &subscription.arn;
    format!("https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={arn}")
}
