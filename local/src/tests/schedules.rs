//! EventBridge rules on a rate.

use serde_json::json;

use super::{FUNCTION, QUEUE, RULE, World};
use crate::{Options, What};

fn rule(world: &World, target: &serde_json::Value) {
    let rule = json!({"Name": "sweep", "ScheduleExpression": "rate(5 minutes)"});
    world.call("events", "PutRule", rule);
    world.call(
        "events",
        "PutTargets",
        json!({"Rule": "sweep", "Targets": [target]}),
    );
}

#[tokio::test(start_paused = true)]
async fn a_rule_invokes_the_function_that_admits_it() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    rule(&world, &json!({"Id": "1", "Arn": FUNCTION}));
    world.until("00:06:00").await;
    assert_eq!(world.runs(), [""; 0]);
    world.permit("events.amazonaws.com", RULE);
    world.until("00:16:00").await;
    assert_eq!(world.runs(), ["00:10:15", "00:15:15"]);
    let event = world.seen.lock().unwrap()[0].1.event.clone();
    assert_eq!(event["source"], "aws.events");
    assert_eq!(event["detail-type"], "Scheduled Event");
    assert_eq!(event["time"], "2026-03-01T00:10:15Z");
    assert_eq!(event["resources"], json!([RULE]));
    let fired = world.journal().into_iter().filter(|entry| {
        entry.what
            == What::Scheduled {
                rule: "sweep".to_owned(),
            }
    });
    assert_eq!(fired.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_constant_input_replaces_the_event_and_failures_have_a_queue() {
    let world = World::new(Options::default());
    world.queue().function(|_| Ok(json!(null))).await;
    let target = json!({"Id": "1", "Arn": FUNCTION, "Input": "{\"look_back\":\"24h\"}",
                        "DeadLetterConfig": {"Arn": QUEUE}});
    rule(&world, &target);
    world.until("00:06:00").await;
    assert_eq!(world.in_queue(), ["{\"look_back\":\"24h\"}"]);
    world.permit("events.amazonaws.com", RULE);
    world.until("00:11:00").await;
    assert_eq!(
        world.seen.lock().unwrap()[0].1.event,
        json!({"look_back": "24h"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_rule_with_targets_cannot_be_deleted_and_a_disabled_one_rests() {
    let world = World::new(Options::default());
    rule(&world, &json!({"Id": "1", "Arn": FUNCTION}));
    let name = json!({"Name": "sweep"});
    assert_eq!(
        world.refused("events", "DeleteRule", name.clone()),
        "ValidationException"
    );
    world.call("events", "DisableRule", name.clone());
    world.until("01:00:00").await;
    assert!(
        !world
            .journal()
            .iter()
            .any(|entry| matches!(entry.what, What::Scheduled { .. }))
    );
    world.call(
        "events",
        "RemoveTargets",
        json!({"Rule": "sweep", "Ids": ["1"]}),
    );
    world.call("events", "DeleteRule", name.clone());
    assert_eq!(
        world.refused("events", "DescribeRule", name),
        "ResourceNotFoundException"
    );
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_a_target_are_found_by_it() {
    let world = World::new(Options::default());
    for name in ["one", "two"] {
        let rule = json!({"Name": name, "ScheduleExpression": "rate(1 day)"});
        world.call("events", "PutRule", rule);
    }
    let targets = json!({"Rule": "two", "Targets": [{"Id": "1", "Arn": FUNCTION}]});
    world.call("events", "PutTargets", targets);
    let found = world.call(
        "events",
        "ListRuleNamesByTarget",
        json!({"TargetArn": FUNCTION}),
    );
    assert_eq!(found["RuleNames"], json!(["two"]));
    let none = world.call(
        "events",
        "ListRuleNamesByTarget",
        json!({"TargetArn": RULE}),
    );
    assert_eq!(none["RuleNames"], json!([]));
}
