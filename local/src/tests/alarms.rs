//! Alarms: when they are evaluated, when they change, what they tell.

use serde_json::{Value, json};

use super::{FUNCTION, TOPIC, World, at};
use crate::{Options, What};

#[tokio::test(start_paused = true)]
async fn rule_4_1_7_creation_alone_sends_one_message() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    world.topic().permit("sns.amazonaws.com", TOPIC);
    world.subscribe();
    world.alarm(&json!({}));
    world.until("01:00:00").await;
    assert_eq!(world.changes(), ["00:00:20 OK"]);
    let seen = world.seen.lock().unwrap();
    let [(_, run)] = seen.as_slice() else {
        panic!("one run: {seen:?}")
    };
    let record = &run.event["Records"][0];
    assert_eq!(record["EventSource"], "aws:sns");
    let text = record["Sns"]["Message"].as_str().unwrap();
    let message: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(message["OldStateValue"], "INSUFFICIENT_DATA");
    assert_eq!(message["NewStateValue"], "OK");
    assert_eq!(message["Region"], "EU (Ireland)");
    assert_eq!(message["StateChangeTime"], "2026-03-01T00:00:20.000+0000");
    assert_eq!(message["Trigger"]["Statistic"], "SUM");
    assert_eq!(record["Sns"]["Subject"], "OK: \"pushes\" in EU (Ireland)");
}

#[tokio::test(start_paused = true)]
async fn rule_4_1_8_a_closed_minute_alarms_seconds_after_it() {
    let world = World::new(Options::default());
    world.alarm(&json!({}));
    world.until("00:02:10").await;
    world.samples(&[("00:02:10", 1.0)]);
    world.until("00:30:00").await;
    // N = 5 and two more: the datapoint of 00:02 is seen until the evaluation at 00:09.
    assert_eq!(
        world.changes(),
        ["00:00:20 OK", "00:03:20 ALARM", "00:10:20 OK"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_evaluation_range_is_an_option() {
    let options = Options {
        evaluation_range_extra: 0,
        ..Options::default()
    };
    let world = World::new(options);
    world.alarm(&json!({}));
    world.until("00:02:10").await;
    world.samples(&[("00:02:10", 1.0)]);
    world.until("00:30:00").await;
    assert_eq!(
        world.changes(),
        ["00:00:20 OK", "00:03:20 ALARM", "00:08:20 OK"]
    );
}

#[tokio::test(start_paused = true)]
async fn rule_4_1_4_a_late_datapoint_behind_a_zero_is_never_seen_by_one_of_one() {
    let one = json!({"EvaluationPeriods": 1});
    for (changes, expected) in [(&one, 1), (&json!({}), 3)] {
        let world = World::new(Options::default());
        world.alarm(changes);
        world.until("00:05:30").await;
        world.samples(&[("00:04:00", 0.0), ("00:03:00", 1.0)]);
        world.until("01:00:00").await;
        assert_eq!(
            world.changes().len(),
            expected,
            "{changes} {:?}",
            world.changes()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn actions_run_on_change_only() {
    let world = World::new(Options::default());
    world.topic().alarm(&json!({}));
    world.until("00:02:10").await;
    for minute in 2..20 {
        world.until(&format!("00:{minute:02}:30")).await;
        world.samples(&[(&format!("00:{minute:02}:30"), 1.0)]);
    }
    world.until("01:00:00").await;
    assert_eq!(
        world.changes(),
        ["00:00:20 OK", "00:03:20 ALARM", "00:27:20 OK"]
    );
}

#[tokio::test(start_paused = true)]
async fn set_alarm_state_lasts_until_the_next_evaluation_and_runs_actions() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    world
        .topic()
        .permit("sns.amazonaws.com", TOPIC)
        .alarm(&json!({}));
    world.subscribe();
    world.until("00:02:10").await;
    world.samples(&[("00:02:10", 1.0)]);
    world.until("00:03:30").await;
    let rearm = json!({"AlarmName": "pushes", "StateValue": "OK", "StateReason": "re-arm"});
    world.call("cloudwatch", "SetAlarmState", rearm);
    world.until("00:05:00").await;
    assert_eq!(
        world.changes(),
        [
            "00:00:20 OK",
            "00:03:20 ALARM",
            "00:03:30 OK",
            "00:04:20 ALARM"
        ]
    );
    assert_eq!(world.runs().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn disabled_actions_run_nothing_and_nothing_is_made_up_for() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    world
        .topic()
        .permit("sns.amazonaws.com", TOPIC)
        .alarm(&json!({}));
    world.subscribe();
    world.until("00:02:10").await;
    world.call(
        "cloudwatch",
        "DisableAlarmActions",
        json!({"AlarmNames": ["pushes"]}),
    );
    world.samples(&[("00:02:10", 1.0)]);
    world.until("00:04:00").await;
    world.call(
        "cloudwatch",
        "EnableAlarmActions",
        json!({"AlarmNames": ["pushes"]}),
    );
    world.until("00:05:00").await;
    assert_eq!(world.changes(), ["00:00:20 OK", "00:03:20 ALARM"]);
    assert_eq!(world.runs(), ["00:00:20"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_keeps_state_and_tags_and_replaces_the_rest() {
    let world = World::new(Options::default());
    world.alarm(&json!({"Tags": [{"Key": "a", "Value": "b"}], "AlarmDescription": "first"}));
    world.until("00:01:00").await;
    world.alarm(&json!({"Tags": [{"Key": "c", "Value": "d"}]}));
    let answer = world.call(
        "cloudwatch",
        "DescribeAlarms",
        json!({"AlarmNames": ["pushes"]}),
    );
    let alarm = &answer["MetricAlarms"][0];
    assert_eq!(alarm["StateValue"], "OK");
    assert_eq!(alarm.get("AlarmDescription"), None);
    let arn = json!({"ResourceARN": alarm["AlarmArn"]});
    let tags = world.call("cloudwatch", "ListTagsForResource", arn);
    assert_eq!(tags, json!({"Tags": [{"Key": "a", "Value": "b"}]}));
    world.until("01:00:00").await;
    assert_eq!(world.changes(), ["00:00:20 OK"]);
}

#[tokio::test(start_paused = true)]
async fn a_direct_lambda_action_needs_its_own_permission() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    world.alarm(&json!({"AlarmActions": [FUNCTION], "OKActions": [FUNCTION]}));
    world.until("00:01:00").await;
    assert_eq!(world.runs(), [""; 0]);
    let source = "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:pushes";
    world.permit("lambda.alarms.cloudwatch.amazonaws.com", source);
    world.samples(&[("00:01:00", 2.0)]);
    world.until("00:03:00").await;
    let seen = world.seen.lock().unwrap();
    assert_eq!(seen[0].1.event["alarmData"]["state"]["value"], "ALARM");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_does_not_check_its_actions() {
    let world = World::new(Options::default());
    world.alarm(&json!({"OKActions": ["arn:aws:sns:eu-west-1:000000000000:nowhere"]}));
    world.until("00:01:00").await;
    assert_eq!(
        world.dropped(),
        [("the topic does not exist".to_owned(), None)]
    );
}

#[tokio::test(start_paused = true)]
async fn bad_alarms_are_refused() {
    let world = World::new(Options::default());
    world.alarm(&json!({}));
    let good = world.call("cloudwatch", "DescribeAlarms", json!({}))["MetricAlarms"][0].clone();
    for change in [
        json!({"Period": 61}),
        json!({"DatapointsToAlarm": 6}),
        json!({"EvaluationPeriods": 0}),
        json!({"EvaluationPeriods": 1500, "DatapointsToAlarm": 1}),
        json!({"TreatMissingData": "never"}),
        json!({"AlarmActions": ["topic"]}),
    ] {
        let mut alarm = good.clone();
        alarm
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        assert_eq!(
            world.refused("cloudwatch", "PutMetricAlarm", alarm),
            "ValidationError",
            "{change}"
        );
    }
    let missing = json!({"AlarmNames": ["pushes", "no"]});
    assert_eq!(
        world.refused("cloudwatch", "DeleteAlarms", missing),
        "ResourceNotFound"
    );
}

#[tokio::test(start_paused = true)]
async fn the_history_tells_changes_and_actions() {
    let world = World::new(Options::default());
    world.topic().alarm(&json!({}));
    world.until("00:01:00").await;
    let answer = world.call(
        "cloudwatch",
        "DescribeAlarmHistory",
        json!({"AlarmName": "pushes"}),
    );
    let kinds: Vec<_> = answer["AlarmHistoryItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["HistoryItemType"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["Action", "StateUpdate", "ConfigurationUpdate"]);
    let entry = world
        .journal()
        .into_iter()
        .find(|entry| matches!(entry.what, What::Alarm { .. }));
    assert_eq!(entry.unwrap().at, at("00:00:20"));
}

#[tokio::test(start_paused = true)]
async fn the_history_repeats_nothing_where_something_happens_between_two_pages() {
    for order in ["TimestampDescending", "TimestampAscending"] {
        let world = World::new(Options::default());
        world.topic().alarm(&json!({}));
        world.until("00:01:00").await;
        let ask = |token: &Value| {
            let mut input = json!({"AlarmName": "pushes", "MaxRecords": 2, "ScanBy": order});
            if !token.is_null() {
                input["NextToken"] = token.clone();
            }
            world.call("cloudwatch", "DescribeAlarmHistory", input)
        };
        let first = ask(&Value::Null);
        let alarm = json!({"AlarmName": "pushes", "StateValue": "ALARM", "StateReason": "by hand"});
        world.call("cloudwatch", "SetAlarmState", alarm);
        let second = ask(&first["NextToken"]);
        let items = |page: &Value| page["AlarmHistoryItems"].as_array().unwrap().clone();
        assert_eq!(items(&first).len(), 2);
        assert!(!items(&second).is_empty());
        let mut seen = items(&first).into_iter();
        assert!(
            seen.all(|item| !items(&second).contains(&item)),
            "{order}: {first:#} {second:#}"
        );
    }
}
