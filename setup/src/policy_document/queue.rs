//! Who may send to the dead-letter queue of the subscription and of the rules.

use handler::config::{Config, TriggerKind};
use serde_json::{Value, json};

use super::Document;
use crate::names::{Names, Place};

/// SNS and EventBridge may send what they could not deliver, for our topic and for the rules of the roads that are taken;
/// `None` where neither has anything to deliver. The queue of the function's failures needs no policy: Lambda sends there
/// with the function's own role.
#[must_use]
pub fn undelivered_queue(config: &Config, names: &Names, place: &Place) -> Option<Document> {
    let send = |sid: &str, service: &str, source: Value| {
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sqs:SendMessage",
            "Resource": place.arn("sqs", &names.undelivered),
            "Condition": { "ArnEquals": { "aws:SourceArn": source } },
        })
    };
    let mut statements = Vec::new();
    if config.takes(TriggerKind::Alarm) {
        let topic = json!(place.arn("sns", &names.base));
        statements.push(send("TopicSendsUndelivered", "sns.amazonaws.com", topic));
    }
    let roads = [
        (TriggerKind::EcrEvents, &names.ecr_events),
        (TriggerKind::CloudtrailEvents, &names.cloudtrail_events),
    ];
    let rules = roads.iter().filter(|(road, _)| config.takes(*road));
    let rules: Vec<String> = rules
        .map(|(_, name)| place.arn("events", &format!("rule/{name}")))
        .collect();
    let rules = match rules.as_slice() {
        [] => None,
        [only] => Some(json!(only)),
        several => Some(json!(several)),
    };
    statements
        .extend(rules.map(|rules| send("RulesSendUndelivered", "events.amazonaws.com", rules)));
    (!statements.is_empty()).then(|| Document::new(&statements))
}
