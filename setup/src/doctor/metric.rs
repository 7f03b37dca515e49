//! From the log group to the metric: the filter, tried on records, and what it counted.

use aws_sdk_cloudwatch::types::{Datapoint, Statistic};
use chrono::{DateTime, TimeDelta, Utc};
use filters::Pattern;
use futures_util::join;
use handler::config::TriggerKind;
use serde_json::{Value, json};

use super::ground::Ground;
use super::link::{Link, SETUP};
use super::order::{LAST_PUSH, METRIC, METRIC_FILTER};
use super::resources::{Inspected, judge};
use super::time::{ago, of_millis, theirs};
use crate::error::{Called, Error, Result};
use crate::names;

/// How far back the last push is looked for.
const DAY: TimeDelta = TimeDelta::hours(24);

/// A match becomes a datapoint within minutes; AWS names no limit.
const COUNTED_BY: TimeDelta = TimeDelta::minutes(15);

/// Pages of the log that are read at most: a busy one should not hold everything up.
const MOST_PAGES: usize = 50;

/// A push in the log group.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    record: String,
    /// When it reached the log group.
    at: DateTime<Utc>,
}

/// The live filter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Live {
    pattern: String,
    created: DateTime<Utc>,
}

/// Which of the records the live filter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tried {
    synthetic: bool,
    last: bool,
}

/// The pushes that were counted, by datapoint; none where there is no datapoint at all.
type Counted = Option<f64>;

/// Without the alarm road nothing is counted, and there are no such links.
pub(super) async fn links(ground: &Ground<'_>, found: &[Inspected]) -> Vec<Link> {
    if !ground.config.takes(TriggerKind::Alarm) {
        return Vec::new();
    }
    let repositories = &ground.config.repositories;
    let pattern = filters::put_image::pattern(repositories);
    let (live, last, counted) = join!(
        Box::pin(live(ground)),
        Box::pin(last_push(ground, &pattern)),
        Box::pin(counted(ground)),
    );
    let record = last.as_ref().ok().and_then(Option::as_ref);
    let tried = match &live {
        Ok(Some(live)) => Some(tried(ground, live, record).await),
        _ => None,
    };
    let base = judge(METRIC_FILTER, found);
    let base = base.unwrap_or_else(|| Link::skip(METRIC_FILTER, "not wanted"));
    vec![
        filter(base, tried.as_ref()),
        on_last_push(&last, tried.as_ref(), ground.now),
        metric(&counted, record, live.ok().flatten().as_ref(), ground.now),
    ]
}

async fn live(ground: &Ground<'_>) -> Result<Option<Live>> {
    let names = &ground.names;
    let call = ground.clients.logs.describe_metric_filters();
    let call = call
        .log_group_name(&names.log_group)
        .filter_name_prefix(&names.base);
    let mut filters = call.into_paginator().items().send();
    while let Some(next) = filters.next().await {
        let absent = ["ResourceNotFoundException"];
        let Some(next) = next.found("logs:DescribeMetricFilters", &names.base, &absent)? else {
            return Ok(None);
        };
        if next.filter_name() == Some(&names.base) {
            return Ok(Some(Live {
                pattern: next.filter_pattern().unwrap_or_default().to_owned(),
                created: of_millis(next.creation_time().unwrap_or_default()),
            }));
        }
    }
    Ok(None)
}

/// The newest push of the last day that the filter should take.
async fn last_push(ground: &Ground<'_>, pattern: &str) -> Result<Option<Seen>> {
    let wanted = Pattern::parse(pattern)
        .map_err(|error| Error::Wrong(format!("the pattern cannot be read: {error}")))?;
    let names = &ground.names;
    let call = ground.clients.logs.filter_log_events();
    let call = call
        .log_group_name(&names.log_group)
        .start_time((ground.now - DAY).timestamp_millis())
        .filter_pattern(pattern);
    let mut pages = call.into_paginator().send();
    let mut last: Option<Seen> = None;
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else {
            break;
        };
        let absent = ["ResourceNotFoundException"];
        let Some(page) = page.found("logs:FilterLogEvents", &names.log_group, &absent)? else {
            return Ok(None);
        };
        for event in page.events() {
            let message = event.message().unwrap_or_default();
            let at = of_millis(
                event
                    .ingestion_time()
                    .or(event.timestamp())
                    .unwrap_or_default(),
            );
            let newer = last.as_ref().is_none_or(|last| last.at <= at);
            // Not every endpoint filters.
            if newer && wanted.matches(message) {
                last = Some(Seen {
                    record: message.to_owned(),
                    at,
                });
            }
        }
    }
    Ok(last)
}

/// Tries the live filter on a record that nobody wrote, and on the last that was.
async fn tried(ground: &Ground<'_>, live: &Live, last: Option<&Seen>) -> Result<Tried> {
    let mut records = vec![synthetic(&ground.config.repositories, ground)];
    records.extend(last.map(|last| last.record.clone()));
    let call = ground.clients.logs.test_metric_filter();
    let call = call
        .filter_pattern(&live.pattern)
        .set_log_event_messages(Some(records));
    let answer = call.send().await;
    let answer = answer.called("logs:TestMetricFilter", &ground.names.base)?;
    let takes = |number: i64| {
        let mut matches = answer.matches().iter();
        matches.any(|found| found.event_number() == number)
    };
    Ok(Tried {
        synthetic: takes(1),
        last: takes(2),
    })
}

/// A record of a push to a repository that is followed.
fn synthetic(repositories: &[String], ground: &Ground<'_>) -> String {
    let repository = repositories.first().map_or("*", String::as_str);
    let repository = repository.replace('*', "ecroll-doctor");
    json!({
        "eventVersion": "1.11",
        "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImage",
        "awsRegion": ground.place.region,
        "recipientAccountId": ground.place.account,
        "requestParameters": {"repositoryName": repository, "imageTag": "doctor"},
        "responseElements": {"image": {"repositoryName": repository}},
    })
    .to_string()
}

/// The sum of the last day.
async fn counted(ground: &Ground<'_>) -> Result<Counted> {
    let call = ground.clients.cloudwatch.get_metric_statistics();
    let call = call
        .namespace(&ground.names.base)
        .metric_name(names::METRIC)
        .start_time(theirs(ground.now - DAY))
        .end_time(theirs(ground.now))
        .period(3600)
        .statistics(Statistic::Sum);
    let answer = call.send().await;
    let answer = answer.called("cloudwatch:GetMetricStatistics", names::METRIC)?;
    let sums = answer.datapoints().iter().filter_map(Datapoint::sum);
    let sums: Vec<f64> = sums.collect();
    Ok((!sums.is_empty()).then(|| sums.iter().sum()))
}

fn filter(base: Link, tried: Option<&Result<Tried>>) -> Link {
    if !base.is_ok() {
        return base;
    }
    match tried {
        Some(Ok(tried)) if !tried.synthetic => Link::ng(
            METRIC_FILTER,
            "its pattern is setup's, and CloudWatch Logs does not match it with a record of a push",
            "report this with the version; the sweep finds pushes all the same",
        ),
        Some(Ok(_)) => Link::ok(METRIC_FILTER, "takes the record of a push"),
        Some(Err(error)) => Link::refused(METRIC_FILTER, error),
        None => base,
    }
}

fn on_last_push(
    last: &Result<Option<Seen>>,
    tried: Option<&Result<Tried>>,
    now: DateTime<Utc>,
) -> Link {
    let seen = match last {
        Err(error) => return Link::refused(LAST_PUSH, error),
        Ok(None) => return Link::skip(LAST_PUSH, "the log group shows no push of the last day"),
        Ok(Some(seen)) => seen,
    };
    let what = format!("{}, recorded {}", named(&seen.record), ago(seen.at, now));
    match tried {
        Some(Err(error)) => Link::refused(LAST_PUSH, error),
        None => Link::ng(
            LAST_PUSH,
            format!("{what}: there is no metric filter to take it"),
            SETUP,
        ),
        Some(Ok(tried)) if tried.last => {
            Link::ok(LAST_PUSH, format!("{what}: the metric filter takes it"))
        }
        Some(Ok(_)) => Link::ng(
            LAST_PUSH,
            format!("{what}: the metric filter does not take it"),
            SETUP,
        ),
    }
}

/// Repository and tag of a record.
fn named(record: &str) -> String {
    let record: Value = serde_json::from_str(record).unwrap_or_default();
    let text = |at: &str| record.pointer(at).and_then(Value::as_str).unwrap_or("?");
    let repository = text("/requestParameters/repositoryName");
    format!("{repository}:{}", text("/requestParameters/imageTag"))
}

fn metric(
    counted: &Result<Counted>,
    last: Option<&Seen>,
    live: Option<&Live>,
    now: DateTime<Utc>,
) -> Link {
    match counted {
        Err(error) => Link::refused(METRIC, error),
        Ok(Some(sum)) => Link::ok(METRIC, format!("{sum} counted in the last day")),
        Ok(None) => {
            // A filter counts what arrives after it was made.
            let due = |seen: &&Seen| {
                let since = live.is_some_and(|live| live.created < seen.at);
                since && now - seen.at > COUNTED_BY
            };
            match last.filter(due) {
                Some(seen) => Link::ng(
                    METRIC,
                    format!(
                        "{} was recorded {}, and there is no datapoint",
                        named(&seen.record),
                        ago(seen.at, now)
                    ),
                    "look at the filter's own test in the console; the sweep finds pushes all the same",
                ),
                None => Link::skip(
                    METRIC,
                    "no datapoint in the last day: nothing was to be counted",
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-01T{time}Z").parse().unwrap()
    }

    fn seen(time: &str) -> Seen {
        let record = r#"{"requestParameters": {"repositoryName": "web", "imageTag": "v1"}}"#;
        Seen {
            record: record.to_owned(),
            at: at(time),
        }
    }

    fn live(time: &str) -> Live {
        Live {
            pattern: String::new(),
            created: at(time),
        }
    }

    #[test]
    fn silence_is_a_fault_only_where_something_was_to_be_counted() {
        let now = at("12:00:00");
        let told = |seen: Option<Seen>, live: Live| {
            metric(&Ok(None), seen.as_ref(), Some(&live), now).result
        };
        assert_eq!(told(Some(seen("11:00:00")), live("10:00:00")), Verdict::Ng);
        // Too young; older than the filter; nothing at all.
        assert_eq!(
            told(Some(seen("11:50:00")), live("10:00:00")),
            Verdict::Skip
        );
        assert_eq!(
            told(Some(seen("11:00:00")), live("11:30:00")),
            Verdict::Skip
        );
        assert_eq!(told(None, live("10:00:00")), Verdict::Skip);
        let counted = metric(&Ok(Some(2.0)), None, None, now);
        assert_eq!(counted.detail, "2 counted in the last day");
    }

    #[test]
    fn a_filter_is_judged_by_what_cloudwatch_matches() {
        let now = at("12:00:00");
        let tried = |synthetic, last| Ok(Tried { synthetic, last });
        let base = || Link::ok(METRIC_FILTER, "as setup made it");
        assert!(filter(base(), Some(&tried(true, false))).is_ok());
        assert_eq!(
            filter(base(), Some(&tried(false, true))).result,
            Verdict::Ng
        );
        let last = Ok(Some(seen("11:00:00")));
        let taken = on_last_push(&last, Some(&tried(true, true)), now);
        assert_eq!(
            taken.detail,
            "web:v1, recorded 60 min ago: the metric filter takes it"
        );
        assert_eq!(
            on_last_push(&last, Some(&tried(true, false)), now).result,
            Verdict::Ng
        );
        assert_eq!(on_last_push(&Ok(None), None, now).result, Verdict::Skip);
    }
}
