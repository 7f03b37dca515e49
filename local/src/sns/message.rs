//! A published message, and the shapes in which subscribers receive it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::Subscription;
use crate::input::present;

/// A published message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(super) topic: String,
    pub(super) subject: Option<String>,
    pub(super) text: String,
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
                "Message": self.text,
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
            return self.text.clone();
        }
        let region = region(&self.topic);
        present(json!({
            "Type": "Notification",
            "MessageId": self.id,
            "TopicArn": self.topic,
            "Subject": self.subject,
            "Message": self.text,
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
