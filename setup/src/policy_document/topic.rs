//! Who may publish on the alarm's topic.

use serde_json::json;

use super::Document;
use crate::names::{Names, Place};

/// CloudWatch may publish, and only on behalf of our alarm in our account.
#[must_use]
pub fn alarm_topic(names: &Names, place: &Place) -> Document {
    Document::new(&[json!({
        "Sid": "AlarmPublishes",
        "Effect": "Allow",
        "Principal": { "Service": "cloudwatch.amazonaws.com" },
        "Action": "SNS:Publish",
        "Resource": place.arn("sns", &names.base),
        "Condition": {
            "ArnLike": { "aws:SourceArn": place.arn("cloudwatch", &format!("alarm:{}", names.alarm)) },
            "StringEquals": { "aws:SourceAccount": place.account },
        },
    })])
}
