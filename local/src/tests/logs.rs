//! Log groups, their filters, and reading them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{GROUP, World, at};
use crate::Options;

fn put(world: &World, times: impl Iterator<Item = i64>) {
    let stream = json!({"logGroupName": GROUP, "logStreamName": "s"});
    world.call("logs", "CreateLogStream", stream);
    let events: Vec<_> = times
        .map(|time| json!({"timestamp": time, "message": format!("event {time}")}))
        .collect();
    let input = json!({"logGroupName": GROUP, "logStreamName": "s", "logEvents": events});
    world.call("logs", "PutLogEvents", input);
}

/// All pages: how many events each had.
fn pages(world: &World, mut input: Value) -> Vec<usize> {
    let mut pages = Vec::new();
    loop {
        let answer = world.call("logs", "FilterLogEvents", input.clone());
        pages.push(answer["events"].as_array().unwrap().len());
        match answer.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return pages,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_3_8_pages_may_be_empty_yet_carry_a_token() {
    let world = World::new(Options::default());
    world.group();
    let start = at("00:00:00").timestamp_millis();
    put(&world, start..start + 10);
    let input = json!({"logGroupName": GROUP, "limit": 4});
    assert_eq!(pages(&world, input.clone()), [4, 4, 0, 2]);
    // The last page of the second reading would have been empty: it comes anyway.
    assert_eq!(pages(&world, input), [4, 0, 4, 2]);
    let world = World::new(Options {
        empty_page_every: 1,
        ..Options::default()
    });
    world.group();
    put(&world, start..start + 3);
    assert_eq!(
        pages(&world, json!({"logGroupName": GROUP, "limit": 2})),
        [0, 2, 0, 1]
    );
}

#[tokio::test(start_paused = true)]
async fn rule_3_8_the_window_holds_both_its_ends() {
    let world = World::new(Options {
        empty_page_every: 0,
        ..Options::default()
    });
    world.group();
    let start = at("00:00:00").timestamp_millis();
    put(&world, start..start + 10);
    let window = |from: i64, to: i64| json!({"logGroupName": GROUP, "startTime": start + from, "endTime": start + to});
    assert_eq!(pages(&world, window(2, 5)), [4]);
    assert_eq!(pages(&world, window(5, 5)), [1]);
    assert_eq!(pages(&world, window(5, 2)), [0]);
    assert_eq!(pages(&world, window(20, 30)), [0]);
}

#[tokio::test(start_paused = true)]
async fn rule_3_8_events_come_by_timestamp_then_ingestion_and_once() {
    let world = World::new(Options {
        empty_page_every: 2,
        ..Options::default()
    });
    world.group();
    let start = at("00:00:00").timestamp_millis();
    put(&world, [start + 5, start + 9].into_iter());
    let events = json!([{"timestamp": start + 1, "message": "late"}, {"timestamp": start + 5, "message": "tie"}]);
    let input = json!({"logGroupName": GROUP, "logStreamName": "s", "logEvents": events});
    world.call("logs", "PutLogEvents", input);
    let mut input = json!({"logGroupName": GROUP, "limit": 1});
    let mut messages = Vec::new();
    let mut ids = BTreeSet::new();
    loop {
        let answer = world.call("logs", "FilterLogEvents", input.clone());
        for event in answer["events"].as_array().unwrap() {
            messages.push(event["message"].as_str().unwrap().to_owned());
            assert!(ids.insert(event["eventId"].to_string()));
        }
        match answer.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    let tie = format!("event {}", start + 5);
    assert_eq!(
        messages,
        ["late", &tie, "tie", &format!("event {}", start + 9)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_ends_at_about_a_megabyte() {
    let world = World::new(Options {
        empty_page_every: 0,
        ..Options::default()
    });
    world.trail().await;
    for (id, time) in ["00:01:00", "00:02:00", "00:03:00", "00:04:00", "00:05:00"]
        .iter()
        .enumerate()
    {
        let mut record = World::push(&id.to_string());
        record["padding"] = "x".repeat(250_000).into();
        world.account.deliver(record.clone(), at(time));
        world.account.deliver(record, at(time));
    }
    world.until("00:06:00").await;
    assert_eq!(pages(&world, json!({"logGroupName": GROUP})), [5, 5]);
}

#[tokio::test(start_paused = true)]
async fn rule_3_5_the_limits_of_metric_filters() {
    let world = World::new(Options::default());
    world.group();
    let filter = |name: &str, pattern: &str, transformations: &Value| {
        json!({"logGroupName": GROUP, "filterName": name, "filterPattern": pattern,
               "metricTransformations": transformations})
    };
    let one = json!({"metricName": "m", "metricNamespace": "n", "metricValue": "1"});
    let mut both = one.clone();
    both["defaultValue"] = 0.0.into();
    both["dimensions"] = json!({"a": "$.a"});
    for bad in [
        filter("f", "{ $.a = 1 }", &json!([])),
        filter("f", "{ $.a = 1 }", &json!([one, one])),
        filter("f", "{ $.a = 1 }", &json!([both])),
        filter("f", "{ $.a = ", &json!([one])),
        filter(
            "f",
            &format!("{{ $.a = \"{}\" }}", "x".repeat(1024)),
            &json!([one]),
        ),
    ] {
        let code = world.refused("logs", "PutMetricFilter", bad);
        assert_eq!(code, "InvalidParameterException");
    }
    for number in 0..100 {
        let name = format!("f{number}");
        world.call(
            "logs",
            "PutMetricFilter",
            filter(&name, "{ $.a = 1 }", &json!([one])),
        );
    }
    let more = filter("more", "{ $.a = 1 }", &json!([one]));
    assert_eq!(
        world.refused("logs", "PutMetricFilter", more),
        "LimitExceededException"
    );
    let again = filter("f7", "{ $.a = 2 }", &json!([one]));
    world.call("logs", "PutMetricFilter", again);
    let missing = json!({"logGroupName": GROUP, "filterName": "no"});
    assert_eq!(
        world.refused("logs", "DeleteMetricFilter", missing),
        "ResourceNotFoundException"
    );
    let mut input = json!({"logGroupName": GROUP});
    let mut names = BTreeSet::new();
    loop {
        let answer = world.call("logs", "DescribeMetricFilters", input.clone());
        for filter in answer["metricFilters"].as_array().unwrap() {
            assert!(names.insert(filter["filterName"].to_string()));
        }
        match answer.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(names.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_retention_is_not_read() {
    let world = World::new(Options {
        empty_page_every: 0,
        ..Options::default()
    });
    world.group();
    let start = at("00:00:00").timestamp_millis();
    put(&world, [start - 3 * 86_400_000, start].into_iter());
    assert_eq!(pages(&world, json!({"logGroupName": GROUP})), [2]);
    let retention = json!({"logGroupName": GROUP, "retentionInDays": 1});
    world.call("logs", "PutRetentionPolicy", retention);
    assert_eq!(pages(&world, json!({"logGroupName": GROUP})), [1]);
    let odd = json!({"logGroupName": GROUP, "retentionInDays": 2});
    assert_eq!(
        world.refused("logs", "PutRetentionPolicy", odd),
        "InvalidParameterException"
    );
}

#[tokio::test(start_paused = true)]
async fn tags_take_the_arn_without_its_star() {
    let world = World::new(Options::default());
    world.group();
    let groups = world.call(
        "logs",
        "DescribeLogGroups",
        json!({"logGroupNamePrefix": GROUP}),
    );
    let group = &groups["logGroups"][0];
    let tag = |arn: &Value| json!({"resourceArn": arn, "tags": {"a": "b"}});
    assert_eq!(
        world.refused("logs", "TagResource", tag(&group["arn"])),
        "InvalidParameterException"
    );
    world.call("logs", "TagResource", tag(&group["logGroupArn"]));
    let list = json!({"resourceArn": group["logGroupArn"]});
    assert_eq!(
        world.call("logs", "ListTagsForResource", list),
        json!({"tags": {"a": "b"}})
    );
}
