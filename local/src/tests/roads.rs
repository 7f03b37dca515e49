//! The quick roads: what the registry and CloudTrail tell the event bus, and what a subscription filter sends on.

use std::io::Read as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::{FUNCTION, GROUP, QUEUE, World, at};
use crate::{LogTimestamp, Options};

const LOGS: &str = "arn:aws:logs:eu-west-1:000000000000:log-group:/ecroll/trail:*";

/// A record of a push at so many seconds past midnight.
fn record(id: &str, tag: Option<&str>, digest: &str, second: i64) -> Value {
    let mut record = World::push(id);
    let time = at("00:00:00") + TimeDelta::seconds(second);
    record["eventTime"] = json!(time.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    record["requestParameters"] = json!({"registryId": "000000000000", "repositoryName": "web",
        "imageManifest": "{}"});
    if let Some(tag) = tag {
        record["requestParameters"]["imageTag"] = json!(tag);
    }
    record["responseElements"] = json!({"image": {"registryId": "000000000000",
        "repositoryName": "web", "imageId": {"imageDigest": digest}}});
    record
}

/// A rule with the function as its target, and the queue for what cannot be delivered.
fn rule(world: &World, name: &str, pattern: &Value) {
    let rule = json!({"Name": name, "EventPattern": pattern.to_string()});
    world.call("events", "PutRule", rule);
    let target = json!({"Id": "1", "Arn": FUNCTION, "DeadLetterConfig": {"Arn": QUEUE},
        "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600}});
    let targets = json!({"Rule": name, "Targets": [target]});
    world.call("events", "PutTargets", targets);
}

fn image_pushed() -> Value {
    json!({"source": ["aws.ecr"], "detail-type": ["ECR Image Action"],
        "detail": {"action-type": ["PUSH"], "result": ["SUCCESS"]}})
}

fn called() -> Value {
    json!({"source": ["aws.ecr"], "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["ecr.amazonaws.com"], "eventName": ["PutImage"],
            "errorCode": [{"exists": false}]}})
}

async fn listening(options: Options, name: &str, pattern: &Value) -> World {
    let world = World::new(options);
    world.queue().function(|_| Ok(json!(null))).await;
    let arn = format!("arn:aws:events:eu-west-1:000000000000:rule/{name}");
    world.permit("events.amazonaws.com", &arn);
    rule(&world, name, pattern);
    world
}

/// The events that the function got, after its control messages.
fn events(world: &World) -> Vec<Value> {
    let seen = world.seen.lock().unwrap();
    seen.iter().map(|(_, run)| run.event.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_push_is_told_by_the_registry_seconds_later_and_once() {
    let world = listening(Options::default(), "pushes", &image_pushed()).await;
    let late = at("00:10:00");
    world
        .account
        .deliver(record("a", Some("v1"), "sha256:aa", 60), late);
    world.until("00:01:02").await;
    assert_eq!(world.runs(), [""; 0]);
    world.until("00:02:00").await;
    assert_eq!(world.runs(), ["00:01:02"]);
    let event = events(&world).remove(0);
    assert!(event["id"].is_string());
    let mut told = event.clone();
    told["id"] = json!("");
    let documented = json!({
        "version": "0", "id": "", "detail-type": "ECR Image Action", "source": "aws.ecr",
        "account": "000000000000", "time": "2026-03-01T00:01:00Z", "region": "eu-west-1",
        "resources": [],
        "detail": {"result": "SUCCESS", "repository-name": "web", "image-digest": "sha256:aa",
            "action-type": "PUSH", "image-tag": "v1"},
    });
    assert_eq!(told, documented);
    // The record comes twice, and the image is put a second time: nothing was pushed.
    world
        .account
        .deliver(record("a", Some("v1"), "sha256:aa", 60), late);
    world.until("00:03:00").await;
    assert_eq!(world.runs().len(), 1);
    // A child of an index has no tag; a tag that moves there and back is three pushes.
    for (id, tag, digest, second) in [
        ("b", None, "sha256:child", 200),
        ("c", Some("v1"), "sha256:bb", 210),
        ("d", Some("v1"), "sha256:aa", 220),
    ] {
        world.account.deliver(record(id, tag, digest, second), late);
    }
    world.until("00:05:00").await;
    let all = events(&world);
    let digests: Vec<&Value> = all.iter().map(|e| &e["detail"]["image-digest"]).collect();
    assert_eq!(
        digests,
        ["sha256:aa", "sha256:child", "sha256:bb", "sha256:aa"]
    );
    assert_eq!(all[1]["detail"].get("image-tag"), None);
    // What a person puts by the API is told as well.
    let put = json!({"repositoryName": "web", "imageTag": "v2", "imageManifest": "{}"});
    world.call("ecr", "PutImage", put);
    world.until("00:06:00").await;
    assert_eq!(events(&world).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn other_regions_are_not_told_here_and_every_nth_event_may_be_lost() {
    let options = Options {
        lost_event_every: 2,
        ..Options::default()
    };
    let world = listening(options, "pushes", &image_pushed()).await;
    let mut elsewhere = record("a", Some("v1"), "sha256:aa", 60);
    elsewhere["awsRegion"] = json!("us-east-1");
    world.account.deliver(elsewhere, at("00:10:00"));
    for (id, digest, second) in [
        ("b", "sha256:bb", 61),
        ("c", "sha256:cc", 62),
        ("d", "sha256:dd", 63),
    ] {
        let record = record(id, Some("v1"), digest, second);
        world.account.deliver(record, at("00:10:00"));
    }
    world.until("00:05:00").await;
    let all = events(&world);
    let digests: Vec<&Value> = all.iter().map(|e| &e["detail"]["image-digest"]).collect();
    assert_eq!(digests, ["sha256:bb", "sha256:dd"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_function_refuses_goes_to_the_queue_with_why_and_at_once() {
    let world = World::new(Options::default());
    world.queue().function(|_| Ok(json!(null))).await;
    rule(&world, "pushes", &image_pushed());
    world
        .account
        .deliver(record("a", Some("v1"), "sha256:aa", 60), at("00:10:00"));
    world.until("00:01:05").await;
    let input = json!({"QueueUrl": "https://sqs/000000000000/failures",
        "MessageAttributeNames": ["All"], "VisibilityTimeout": 0});
    let answer = world.call("sqs", "ReceiveMessage", input);
    let message = &answer["Messages"][0];
    let body: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
    assert_eq!(body["detail"]["image-tag"], "v1");
    let said = |name: &str| message["MessageAttributes"][name]["StringValue"].clone();
    assert_eq!(said("ERROR_CODE"), "NO_PERMISSIONS", "{message}");
    assert_eq!(said("TARGET_ARN"), FUNCTION);
    assert_eq!(world.dropped().len(), 1);
    for (policy, why) in [
        (json!({"MaximumRetryAttempts": 186}), "185"),
        (json!({"MaximumEventAgeInSeconds": 59}), "60"),
    ] {
        let target = json!({"Id": "1", "Arn": FUNCTION, "RetryPolicy": policy});
        let input = json!({"Rule": "pushes", "Targets": [target]});
        let fault = world.account.call("events", "PutTargets", input);
        assert!(fault.unwrap_err().message.contains(why));
    }
    let topic = json!({"Id": "1", "Arn": FUNCTION, "DeadLetterConfig": {"Arn": super::TOPIC}});
    let input = json!({"Rule": "pushes", "Targets": [topic]});
    assert_eq!(
        world.refused("events", "PutTargets", input),
        "ValidationException"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_is_told_by_cloudtrail_if_a_trail_logs_it() {
    let world = World::new(Options::default());
    world.trail().await;
    world.queue().function(|_| Ok(json!(null))).await;
    let arn = "arn:aws:events:eu-west-1:000000000000:rule/calls";
    world.permit("events.amazonaws.com", arn);
    rule(&world, "calls", &called());
    let late = at("00:10:00");
    let push = record("a", Some("v1"), "sha256:aa", 60);
    world.account.deliver(push.clone(), late);
    let mut refused = record("b", Some("v1"), "sha256:bb", 61);
    refused["errorCode"] = json!("ImageTagAlreadyExistsException");
    world.account.deliver(refused, late);
    let mut large = record("c", Some("v2"), "sha256:cc", 62);
    large["requestParameters"]["imageManifest"] = json!("x".repeat(257 * 1024));
    world.account.deliver(large, late);
    world.until("00:05:00").await;
    assert_eq!(world.runs(), ["00:01:30"]);
    let event = events(&world).remove(0);
    assert_eq!(event["detail"], push);
    assert_eq!(
        (&event["source"], &event["account"], &event["time"]),
        (
            &json!("aws.ecr"),
            &json!("000000000000"),
            &json!("2026-03-01T00:01:00Z")
        )
    );
    world.call("cloudtrail", "StopLogging", json!({"Name": "ecroll"}));
    world
        .account
        .deliver(record("d", Some("v3"), "sha256:dd", 360), late);
    world.until("00:09:00").await;
    assert_eq!(world.runs().len(), 1);
}

fn filter(name: &str) -> Value {
    json!({"logGroupName": GROUP, "filterName": name,
        "filterPattern": "{ $.eventName = \"PutImage\" }", "destinationArn": FUNCTION})
}

/// What a batch says, unpacked.
fn unpacked(event: &Value) -> Value {
    let data = event["awslogs"]["data"].as_str().unwrap();
    let packed = BASE64_STANDARD.decode(data).unwrap();
    let mut text = String::new();
    GzDecoder::new(packed.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_subscription_filter_sends_what_it_takes_in_batches_of_a_stream() {
    let world = World::new(Options {
        log_timestamp: LogTimestamp::EventTime,
        ..Options::default()
    });
    world.trail().await;
    world.function(|_| Ok(json!(null))).await;
    assert_eq!(
        world.refused("logs", "PutSubscriptionFilter", filter("ecroll")),
        "InvalidParameterException",
        "the function does not admit CloudWatch Logs"
    );
    world.permit("logs.amazonaws.com", LOGS);
    world.call("logs", "PutSubscriptionFilter", filter("ecroll"));
    world.until("00:01:00").await;
    let control = unpacked(&events(&world)[0]);
    assert_eq!(control["messageType"], "CONTROL_MESSAGE");
    let first = record("a", Some("v1"), "sha256:aa", 30);
    world.account.deliver(first.clone(), at("00:05:00"));
    let second = record("b", Some("v2"), "sha256:bb", 31);
    world.account.deliver(second, at("00:05:01"));
    let mut other = record("c", Some("v2"), "sha256:bb", 32);
    other["eventName"] = json!("DeleteRepository");
    world.account.deliver(other, at("00:05:01"));
    world.until("00:06:00").await;
    assert_eq!(world.runs().last().unwrap(), "00:05:02");
    let batch = unpacked(&events(&world)[1]);
    assert_eq!(batch["messageType"], "DATA_MESSAGE");
    assert_eq!(batch["owner"], "000000000000");
    assert_eq!(batch["logGroup"], GROUP);
    assert_eq!(batch["logStream"], "000000000000_CloudTrail_eu-west-1");
    assert_eq!(batch["subscriptionFilters"], json!(["ecroll"]));
    let held = batch["logEvents"].as_array().unwrap();
    assert_eq!(held.len(), 2);
    let message: Value = serde_json::from_str(held[0]["message"].as_str().unwrap()).unwrap();
    assert_eq!(message, first);
    assert_eq!(held[0]["timestamp"], at("00:00:30").timestamp_millis());
    assert!(held[0]["id"].as_str().unwrap() < held[1]["id"].as_str().unwrap());
    assert_eq!(world.runs().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_too_large_is_sent_in_parts() {
    let world = World::new(Options::default());
    world.trail().await;
    world.function(|_| Ok(json!(null))).await;
    world.permit("logs.amazonaws.com", LOGS);
    world.call("logs", "PutSubscriptionFilter", filter("ecroll"));
    let mut noise = 7_u64;
    for number in 0..6 {
        let mut one = record("a", Some("v1"), &format!("sha256:{number}"), 60);
        let text: String = (0..120_000)
            .map(|_| {
                noise = noise
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b'0' + u8::try_from((noise >> 33) % 64).unwrap())
            })
            .filter(char::is_ascii_alphanumeric)
            .collect();
        one["requestParameters"]["imageManifest"] = json!(text);
        world.account.deliver(one, at("00:05:00"));
    }
    world.until("00:06:00").await;
    let all = events(&world);
    let sizes: Vec<usize> = all
        .iter()
        .skip(1)
        .map(|event| event["awslogs"]["data"].as_str().unwrap().len())
        .collect();
    assert!(
        sizes.len() > 1 && sizes.iter().all(|size| *size <= 256 * 1024),
        "{sizes:?}"
    );
    let held: usize = all
        .iter()
        .skip(1)
        .map(|event| unpacked(event)["logEvents"].as_array().unwrap().len())
        .sum();
    assert_eq!(held, 6);
}

#[tokio::test(start_paused = true)]
async fn a_group_has_two_subscription_filters_and_each_is_told_changed_and_removed() {
    let world = World::new(Options::default());
    world.group().function(|_| Ok(json!(null))).await;
    world.permit("logs.amazonaws.com", LOGS);
    for name in ["one", "two"] {
        world.call("logs", "PutSubscriptionFilter", filter(name));
    }
    assert_eq!(
        world.refused("logs", "PutSubscriptionFilter", filter("three")),
        "LimitExceededException"
    );
    let mut changed = filter("one");
    changed["filterPattern"] = json!("");
    world.call("logs", "PutSubscriptionFilter", changed);
    let described = world.call(
        "logs",
        "DescribeSubscriptionFilters",
        json!({"logGroupName": GROUP, "filterNamePrefix": "o"}),
    );
    let filters = described["subscriptionFilters"].as_array().unwrap();
    assert_eq!(filters.len(), 1);
    assert_eq!(filters[0]["filterPattern"], "");
    assert_eq!(filters[0]["destinationArn"], FUNCTION);
    assert_eq!(filters[0]["distribution"], "ByLogStream");
    let one = json!({"logGroupName": GROUP, "filterName": "one"});
    world.call("logs", "DeleteSubscriptionFilter", one.clone());
    assert_eq!(
        world.refused("logs", "DeleteSubscriptionFilter", one),
        "ResourceNotFoundException"
    );
    world.call("logs", "PutSubscriptionFilter", filter("three"));
    for (member, value, code) in [
        (
            "filterPattern",
            json!("{ $.a = "),
            "InvalidParameterException",
        ),
        (
            "filterPattern",
            json!("x".repeat(1025)),
            "InvalidParameterException",
        ),
        (
            "destinationArn",
            json!("arn:aws:kinesis:eu-west-1:000000000000:stream/s"),
            "NotImplemented",
        ),
        (
            "roleArn",
            json!("arn:aws:iam::000000000000:role/r"),
            "InvalidParameterException",
        ),
        ("logGroupName", json!("/none"), "ResourceNotFoundException"),
    ] {
        let mut wrong = filter("three");
        wrong[member] = value;
        assert_eq!(
            world.refused("logs", "PutSubscriptionFilter", wrong),
            code,
            "{member}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_refuses_lets_the_filter_rest_for_ten_minutes() {
    let world = World::new(Options::default());
    world.trail().await;
    world.function(|_| Ok(json!(null))).await;
    world.permit("logs.amazonaws.com", LOGS);
    world.call("logs", "PutSubscriptionFilter", filter("ecroll"));
    world.until("00:01:00").await;
    let statement = json!({"FunctionName": "ecroll", "StatementId": "logs-amazonaws-com"});
    world.call("lambda", "RemovePermission", statement);
    let deliver = |id: &str, digest: &str, time: &str| {
        world
            .account
            .deliver(record(id, Some("v1"), digest, 60), at(time));
    };
    deliver("a", "sha256:aa", "00:05:00");
    world.until("00:06:00").await;
    assert_eq!(world.dropped().len(), 1);
    world.permit("logs.amazonaws.com", LOGS);
    deliver("b", "sha256:bb", "00:10:00");
    deliver("c", "sha256:cc", "00:16:00");
    world.until("00:20:00").await;
    let ids: Vec<Value> = events(&world)
        .iter()
        .skip(1)
        .map(|event| {
            let batch = unpacked(event);
            let text = batch["logEvents"][0]["message"].as_str().unwrap();
            serde_json::from_str::<Value>(text).unwrap()["eventID"].clone()
        })
        .collect();
    assert_eq!(ids, ["c"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_under_way_where_nobody_listens() {
    let world = World::new(Options::default());
    world.queue().function(|_| Ok(json!(null))).await;
    world.until("00:01:00").await;
    let other = json!({"source": ["aws.ecs"]});
    rule(&world, "others", &other);
    world.call("ecr", "CreateRepository", json!({"repositoryName": "web"}));
    let quiet = json!({"repositoryName": "web", "imageManifest": "{}"});
    world.call("ecr", "PutImage", quiet);
    assert!(world.account.is_quiet());
    let pushed = json!({"repositoryName": "web", "imageTag": "v1", "imageManifest": "{}"});
    rule(&world, "others", &image_pushed());
    world.call("ecr", "PutImage", pushed);
    assert!(!world.account.is_quiet());
}
