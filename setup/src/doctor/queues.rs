//! The two queues: what was given up, since when, and what to do about it.

use aws_sdk_cloudwatch::types::{Dimension, Statistic};
use aws_sdk_sqs::types::QueueAttributeName;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::join;

use super::ground::Ground;
use super::link::Link;
use super::order::{FAILURES, UNDELIVERED};
use super::resources::{Inspected, judge};
use super::time::{ago, ours, theirs};
use crate::error::{Called, Result};

/// As long as the queues keep a message.
const KEPT: TimeDelta = TimeDelta::days(14);

/// Seconds of one datapoint when the beginning is looked for: 336 of them in all.
const HOUR: i32 = 3600;

/// What a queue holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    url: String,
    /// Messages that wait, and messages that somebody reads now.
    pub(super) messages: u64,
    /// Since about when it has not been empty; none where nobody told.
    since: Option<DateTime<Utc>>,
}

pub(super) async fn links(ground: &Ground<'_>, found: &[Inspected]) -> Vec<Link> {
    let names = &ground.names;
    let (failures, undelivered) = join!(
        Box::pin(held(ground, &names.failures)),
        Box::pin(held(ground, &names.undelivered)),
    );
    let base = |link| judge(link, found).unwrap_or_else(|| Link::skip(link, "not wanted"));
    vec![
        judged(base(FAILURES), &failures, &names.base, ground.now),
        judged(base(UNDELIVERED), &undelivered, &names.base, ground.now),
    ]
}

/// What a queue holds; `None` where there is no queue.
pub(super) async fn held(ground: &Ground<'_>, name: &str) -> Result<Option<Held>> {
    let client = &ground.clients.sqs;
    let url = client.get_queue_url().queue_name(name).send().await;
    let absent = [
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    ];
    let url = url.found("sqs:GetQueueUrl", name, &absent)?;
    let Some(url) = url.and_then(|found| found.queue_url) else {
        return Ok(None);
    };
    let counts = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let call = client.get_queue_attributes().queue_url(&url);
    let call = call.set_attribute_names(Some(counts.to_vec())).send().await;
    let found = call.called("sqs:GetQueueAttributes", name)?;
    let found = found.attributes.unwrap_or_default();
    let count = |name| found.get(name).and_then(|text| text.parse::<u64>().ok());
    let messages = counts.iter().filter_map(count).sum();
    let since = match messages {
        0 => None,
        // Only a help for whoever reads it, so its refusal is none of the queue.
        _ => depths(ground, name)
            .await
            .ok()
            .and_then(|depths| filled(&depths)),
    };
    Ok(Some(Held {
        url,
        messages,
        since,
    }))
}

/// The greatest depth of each hour, in their order.
async fn depths(ground: &Ground<'_>, name: &str) -> Result<Vec<(DateTime<Utc>, f64)>> {
    let queue = Dimension::builder().name("QueueName").value(name).build();
    let call = ground.clients.cloudwatch.get_metric_statistics();
    let call = call
        .namespace("AWS/SQS")
        .metric_name("ApproximateNumberOfMessagesVisible")
        .dimensions(queue)
        .start_time(theirs(ground.now - KEPT))
        .end_time(theirs(ground.now))
        .period(HOUR)
        .statistics(Statistic::Maximum);
    let answer = call.send().await;
    let answer = answer.called("cloudwatch:GetMetricStatistics", name)?;
    let points = answer.datapoints().iter();
    let points = points.filter_map(|point| Some((ours(point.timestamp()?), point.maximum()?)));
    let mut points: Vec<_> = points.collect();
    points.sort_by_key(|(at, _)| *at);
    Ok(points)
}

/// The beginning of the last hours without an empty one.
fn filled(depths: &[(DateTime<Utc>, f64)]) -> Option<DateTime<Utc>> {
    let full = depths.iter().rev().take_while(|(_, depth)| *depth > 0.0);
    full.last().map(|(at, _)| *at)
}

fn judged(base: Link, held: &Result<Option<Held>>, function: &str, now: DateTime<Utc>) -> Link {
    if !base.is_ok() {
        return base;
    }
    let link = base.link;
    let held = match held {
        Err(error) => return Link::refused(link, error),
        Ok(None) => return base,
        Ok(Some(held)) => held,
    };
    if held.messages == 0 {
        return Link::ok(link, "empty");
    }
    let what = match (held.messages, link) {
        (1, FAILURES) => "1 event that the function gave up".to_owned(),
        (many, FAILURES) => format!("{many} events that the function gave up"),
        (1, _) => "1 message that could not be delivered to the function".to_owned(),
        (many, _) => format!("{many} messages that could not be delivered to the function"),
    };
    let since = held.since.map_or_else(String::new, |since| {
        format!(", the first {} or less", ago(since, now))
    });
    let hours = held.since.map_or(24, |since| (now - since).num_hours() + 1);
    // A message says no more than "look": one look-up that goes back far enough makes up for all of them.
    let mend = format!(
        "read one (`aws sqs receive-message --queue-url {url}`) and mend its cause; make up for all of them with `aws lambda \
         invoke --function-name {function} --cli-binary-format raw-in-base64-out --payload '{{\"look_back\": \"{hours}h\"}}' \
         out.json`; then `aws sqs purge-queue --queue-url {url}`",
        url = held.url,
    );
    Link::ng(link, format!("{what}{since}"), mend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-01T{time}Z").parse().unwrap()
    }

    #[test]
    fn the_first_hour_without_an_empty_one_after_it_counts() {
        let depths = [
            (at("05:00:00"), 2.0),
            (at("06:00:00"), 0.0),
            (at("08:00:00"), 1.0),
            (at("09:00:00"), 3.0),
        ];
        assert_eq!(filled(&depths), Some(at("08:00:00")));
        assert_eq!(filled(&[(at("05:00:00"), 0.0)]), None);
        assert_eq!(filled(&[]), None);
    }

    #[test]
    fn messages_are_told_with_the_look_up_that_makes_up_for_them() {
        let held = |messages, since| {
            Ok(Some(Held {
                url: "https://q".to_owned(),
                messages,
                since,
            }))
        };
        let now = at("12:00:00");
        let base = || Link::ok(FAILURES, "as setup made it");
        assert_eq!(
            judged(base(), &held(0, None), "ecroll", now).detail,
            "empty"
        );
        let full = judged(base(), &held(2, Some(at("08:00:00"))), "ecroll", now);
        assert_eq!(full.result, Verdict::Ng);
        assert_eq!(
            full.detail,
            "2 events that the function gave up, the first 4 h ago or less"
        );
        let mend = full.mend.unwrap();
        assert!(
            mend.contains(r#"--payload '{"look_back": "5h"}'"#),
            "{mend}"
        );
    }
}
