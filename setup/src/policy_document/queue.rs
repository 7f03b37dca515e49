//! Who may send to the dead-letter queue of the subscription.

use serde_json::json;

use super::Document;
use crate::names::{Names, Place};

/// SNS may send what it could not deliver, for our topic only. The queue of the function's failures needs no policy:
/// Lambda sends there with the function's own role.
#[must_use]
pub fn undelivered_queue(names: &Names, place: &Place) -> Document {
    Document::new(&[json!({
        "Sid": "TopicSendsUndelivered",
        "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": place.arn("sqs", &names.undelivered),
        "Condition": { "ArnEquals": { "aws:SourceArn": place.arn("sns", &names.base) } },
    })])
}
