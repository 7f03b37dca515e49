//! From the record to the metric.

use serde_json::json;

use super::{GROUP, World, at};
use crate::{LogTimestamp, Options, What};

/// The datapoints of the metric as `hh:mm value`.
fn datapoints(world: &World) -> Vec<String> {
    let input = json!({
        "Namespace": "ecroll", "MetricName": "Pushes", "Period": 60, "Statistics": ["Sum"],
        "StartTime": at("00:00:00").timestamp(), "EndTime": at("01:00:00").timestamp(),
    });
    let answer = world.call("cloudwatch", "GetMetricStatistics", input);
    let datapoints = answer["Datapoints"].as_array().unwrap();
    datapoints
        .iter()
        .map(|datapoint| {
            let time = datapoint["Timestamp"].as_i64().unwrap();
            let time = chrono::DateTime::from_timestamp(time, 0).unwrap();
            format!("{} {}", time.format("%H:%M"), datapoint["Sum"])
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_record_becomes_an_event_and_a_datapoint() {
    let world = World::new(Options::default());
    world.trail().await.filter(None);
    world.account.deliver(World::push("1"), at("00:05:10"));
    world.until("00:06:00").await;
    let what = What::Delivered {
        log_group: GROUP.to_owned(),
        message_id: Some("1".to_owned()),
        matched: vec!["pushes".to_owned()],
    };
    assert!(
        world
            .journal()
            .iter()
            .any(|entry| entry.at == at("00:05:10") && entry.what == what)
    );
    assert_eq!(datapoints(&world), ["00:05 1.0"]);
    let streams = world.call("logs", "DescribeLogStreams", json!({"logGroupName": GROUP}));
    assert_eq!(
        streams["logStreams"][0]["logStreamName"],
        "000000000000_CloudTrail_eu-west-1"
    );
}

#[tokio::test(start_paused = true)]
async fn rule_1_1_8_the_timestamp_is_the_delivery_or_the_event_time() {
    for (log_timestamp, expected) in [
        (LogTimestamp::Delivery, at("00:05:10")),
        (LogTimestamp::EventTime, at("00:00:30")),
    ] {
        let world = World::new(Options {
            log_timestamp,
            ..Options::default()
        });
        world.trail().await.filter(None);
        world.account.deliver(World::push("1"), at("00:05:10"));
        world.until("00:06:00").await;
        let found = world.call("logs", "FilterLogEvents", json!({"logGroupName": GROUP}));
        assert_eq!(found["events"][0]["timestamp"], expected.timestamp_millis());
        assert_eq!(
            found["events"][0]["ingestionTime"],
            at("00:05:10").timestamp_millis()
        );
        assert_eq!(
            datapoints(&world),
            [format!("{} 1.0", expected.format("%H:%M"))]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rule_3_2_a_slow_metric_has_the_default_of_every_minute_all_the_same() {
    let world = World::new(Options {
        metric_delay: std::time::Duration::from_secs(150),
        ..Options::default()
    });
    world.trail().await.filter(Some(0.0));
    for minute in 5..9 {
        let mut record = World::push(&format!("{minute}"));
        if minute != 7 {
            record["eventName"] = json!("DeleteRepository");
        }
        let time = at(&format!("00:{minute:02}:30"));
        world.account.deliver(record, time);
    }
    world.until("00:20:00").await;
    let expected = ["00:05 0.0", "00:06 0.0", "00:07 1.0", "00:08 0.0"];
    assert_eq!(datapoints(&world), expected);
}

#[tokio::test(start_paused = true)]
async fn rule_3_2_the_default_counts_minutes_with_events_of_which_none_matched() {
    let world = World::new(Options::default());
    world.trail().await.filter(Some(0.0));
    let mut other = World::push("2");
    other["eventName"] = "CreateRepository".into();
    world.account.deliver(other.clone(), at("00:05:10"));
    world.account.deliver(other.clone(), at("00:07:10"));
    world.account.deliver(World::push("1"), at("00:07:20"));
    world.account.deliver(other, at("00:07:30"));
    world.until("00:20:00").await;
    // Nothing for the minutes without ingestion.
    assert_eq!(datapoints(&world), ["00:05 0.0", "00:07 1.0"]);
}

#[tokio::test(start_paused = true)]
async fn rule_3_1_a_filter_counts_only_what_comes_after_it() {
    let world = World::new(Options::default());
    world.trail().await;
    world.account.deliver(World::push("1"), at("00:05:10"));
    world.until("00:06:00").await;
    world.filter(None);
    world.until("00:20:00").await;
    assert_eq!(datapoints(&world), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn rule_1_1_9_records_above_256_kb_never_arrive() {
    let world = World::new(Options::default());
    world.trail().await;
    let mut large = World::push("1");
    large["requestParameters"] = json!({"imageManifest": "x".repeat(256 * 1024)});
    world.account.deliver(large, at("00:05:10"));
    world.until("00:06:00").await;
    let withheld = world
        .journal()
        .into_iter()
        .find_map(|entry| match entry.what {
            What::Withheld { reason, .. } => Some(reason),
            _ => None,
        });
    assert_eq!(withheld.as_deref(), Some("it is above 256 KB"));
}

#[tokio::test(start_paused = true)]
async fn what_the_trail_leaves_out_is_not_delivered() {
    let world = World::new(Options::default());
    world.trail().await;
    let mut read = World::push("1");
    read["readOnly"] = true.into();
    let mut old = World::push("2");
    old.as_object_mut().unwrap().remove("readOnly");
    old["eventName"] = "DescribeImages".into();
    let mut data = World::push("3");
    data["eventCategory"] = "Data".into();
    for (record, time) in [read, old, data]
        .into_iter()
        .zip(["00:01:00", "00:02:00", "00:03:00"])
    {
        world.account.deliver(record, at(time));
    }
    world.until("00:04:00").await;
    world.call("cloudtrail", "StopLogging", json!({"Name": "ecroll"}));
    world.account.deliver(World::push("4"), at("00:05:00"));
    world.until("00:06:00").await;
    let reasons: Vec<_> = world
        .journal()
        .into_iter()
        .filter_map(|entry| match entry.what {
            What::Withheld { reason, .. } => Some(reason),
            What::Delivered { .. } => panic!("nothing is delivered"),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "the trail's event selectors leave it out",
            "the trail's event selectors leave it out",
            "it is no management event",
            "the trail is not logging",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn rule_1_1_12_the_status_shows_a_broken_delivery() {
    let world = World::new(Options::default());
    world.trail().await;
    let policy = json!({"RoleName": "trail", "PolicyName": "p"});
    world.call("iam", "DeleteRolePolicy", policy);
    world.account.deliver(World::push("1"), at("00:05:00"));
    world.until("00:06:00").await;
    let status = world.call("cloudtrail", "GetTrailStatus", json!({"Name": "ecroll"}));
    assert_eq!(status["LatestCloudWatchLogsDeliveryError"], "AccessDenied");
    assert_eq!(status["IsLogging"], true);
}

#[tokio::test(start_paused = true)]
async fn a_record_as_text_is_the_record() {
    let told = |text: bool| async move {
        let world = World::new(Options::default());
        world.trail().await.filter(None);
        let mut records: Vec<_> = ["1", "2", "3", "4", "5"].map(World::push).into();
        records[1]["readOnly"] = true.into();
        records[2]["eventCategory"] = "Data".into();
        records[3]["errorCode"] = "AccessDenied".into();
        records[4]["eventTime"] = "2026-03-01T00:09:00Z".into();
        for (number, record) in records.iter_mut().enumerate() {
            let digest = format!("sha256:{number}");
            record["responseElements"] = json!({"image": {"registryId": "000000000000",
                "repositoryName": "web", "imageId": {"imageDigest": digest}}});
        }
        for record in records {
            let late = at("00:10:00");
            if text {
                world
                    .account
                    .deliver_text(record.to_string(), late)
                    .unwrap();
            } else {
                world.account.deliver(record, late);
            }
        }
        world.until("00:11:00").await;
        let images = json!({"repositoryName": "web"});
        let images = world.call("ecr", "DescribeImages", images);
        (world.journal(), images, datapoints(&world))
    };
    let (journal, images, counted) = told(true).await;
    assert_eq!(images["imageDetails"].as_array().unwrap().len(), 4);
    assert_eq!(counted, ["00:10 3.0"]);
    assert_eq!((journal, images, counted), told(false).await);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_no_record_is_refused() {
    let world = World::new(Options::default());
    for wrong in [
        "",
        "{",
        "[]",
        r#"{"eventName": 7}"#,
        r#"{"readOnly": false} {}"#,
    ] {
        let refused = world.account.deliver_text(wrong, at("00:10:00"));
        assert!(refused.is_err(), "{wrong}");
    }
    world.until("00:11:00").await;
    assert_eq!(world.journal(), []);
}
