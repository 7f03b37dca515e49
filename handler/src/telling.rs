//! Telling: the log, the metrics and, where asked for, a topic hear what a look-up concluded.
//!
//! A look-up sees every push of its window each time. The log gets all of it; metrics and topic hear only what is
//! `news`. Nothing here can fail an invocation: what cannot be told is a warning in the log.

mod message;
mod metrics;
pub(crate) mod news;

use aws_sdk_sns::Client;
use chrono::{DateTime, Utc};

use crate::concurrent;
use crate::context::Context;
use crate::error::AwsError;
use crate::logged;
use crate::report::Report;
use message::Message;
use news::News;

/// Tells what was concluded by the look-up that began at `began`.
pub(crate) async fn tell(context: &Context, report: &Report, began: DateTime<Utc>) {
    log(report);
    let now = context.now();
    let news = context.news().of(report, &context.config, now);
    context.measure(&metrics::line(
        report,
        &news,
        &context.config.name,
        began,
        now,
    ));
    if let Some(topic) = &context.config.notify {
        publish(context, topic, report, &news).await;
    }
}

/// One line per decision, and the whole report in one more.
fn log(report: &Report) {
    for decision in &report.decisions {
        let line = serde_json::to_string(decision).unwrap_or_default();
        tracing::info!(decision = line, "decision");
    }
    let line = serde_json::to_string(report).unwrap_or_default();
    tracing::info!(report = line, "{}", logged::REPORT);
}

/// One message per push. What could not be published is news again at the next look-up.
async fn publish(context: &Context, topic: &str, report: &Report, news: &News<'_>) {
    let messages = message::messages(report, news);
    if messages.is_empty() {
        return;
    }
    let sns = &context.sns();
    let sent = messages.iter().map(|message| async move {
        if let Err(error) = send(sns, topic, message).await {
            tracing::warn!(topic, push = message.push, %error, "not notified; the next look-up tries again");
            context.news().forget(&message.push);
        }
    });
    concurrent::all(sent).await;
}

/// Publishes one text for mail and another for everything else.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html>
async fn send(sns: &Client, topic: &str, message: &Message) -> Result<(), AwsError> {
    let chat = message.chat.to_string();
    let texts = serde_json::json!({"default": chat, "email": message.mail});
    let request = sns
        .publish()
        .topic_arn(topic)
        .subject(&message.subject)
        .message_structure("json")
        .message(texts.to_string());
    let answer = request.send().await;
    answer
        .map(drop)
        .map_err(|error| AwsError::new("Publish", &error))
}
