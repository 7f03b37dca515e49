//! The same push by two roads rolls once.

use chrono::TimeDelta;
use handler::report::Outcome;
use serde_json::{Value, json};

use crate::proxy::{Reply, Script};
use crate::road::{IMAGE, batch, context, event, invoke, put};
use crate::world::{World, image, record};

async fn world() -> World {
    World::new(&[("web", &image("web", "seed"))]).await
}

/// A person goes back to the first revision.
fn undo(world: &World) {
    let back = json!({"cluster": "default", "service": "web", "taskDefinition": "web:1"});
    world.account.call("ecs", "UpdateService", back).unwrap();
}

#[tokio::test(start_paused = true)]
async fn rule_01_an_event_of_ecr_rolls_at_once_and_the_record_changes_nothing() {
    let mut world = world().await;
    let push = world.push("web", "v1", "one", 5);
    let told = event("web", "v1", "one", world.now() + TimeDelta::seconds(2));
    let report = invoke(&world, &context(&world, &json!({})), &told).await;
    let report = report.unwrap();
    assert_eq!(report.trigger, "ecr-event");
    assert_eq!(report.window, None);
    assert_eq!(report.decisions[0].outcome, Outcome::Rolled);
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    world.minutes(60).await;
    assert_eq!(world.deployments("web"), 1);
    assert_eq!(world.last("web", &push).unwrap().0, Outcome::Unchanged);
}

#[tokio::test(start_paused = true)]
async fn rule_03_what_an_event_rolled_and_a_person_undid_stays_so_when_the_record_comes() {
    let mut world = world().await;
    let push = world.push("web", "v1", "one", 5);
    let told = event("web", "v1", "one", world.now() + TimeDelta::seconds(2));
    let context = context(&world, &json!({}));
    invoke(&world, &context, &told).await.unwrap();
    world.minutes(1).await;
    undo(&world);
    world.minutes(60).await;
    assert_eq!(world.image_of("web", 0), image("web", "seed"));
    assert_eq!(world.last("web", &push).unwrap().0, Outcome::Held);
    world.push("web", "v2", "two", 5);
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
}

#[tokio::test(start_paused = true)]
async fn rule_03_an_event_that_comes_after_the_record_is_the_same_push() {
    let world = world().await;
    let pushed = world.now();
    world.push("web", "v1", "one", 3);
    world.minutes(10).await;
    assert_eq!(world.deployments("web"), 1);
    undo(&world);
    world.minutes(1).await;
    let told = event("web", "v1", "one", pushed + TimeDelta::seconds(2));
    let context = context(&world, &json!({}));
    let report = invoke(&world, &context, &told).await.unwrap();
    assert_eq!(report.decisions[0].outcome, Outcome::Held);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "seed"));
}

#[tokio::test(start_paused = true)]
async fn rule_03_cloudtrails_other_roads_carry_the_record_itself() {
    for subscription in [true, false] {
        let mut world = world().await;
        let push = world.push("web", "v1", "one", 5);
        let record = record("web", "v1", "one", world.now(), &push);
        let (told, name) = if subscription {
            (batch(&[record]), "log-subscription")
        } else {
            let envelope = json!({"detail-type": "AWS API Call via CloudTrail", "detail": record});
            (envelope, "cloudtrail-event")
        };
        let context = context(&world, &json!({}));
        let report = invoke(&world, &context, &told).await.unwrap();
        assert_eq!((report.trigger.as_str(), report.pushes.len()), (name, 1));
        assert_eq!(report.decisions[0].outcome, Outcome::Rolled);
        world.minutes(60).await;
        assert_eq!(world.deployments("web"), 1, "{name}");
        assert_eq!(world.last("web", &push).unwrap().0, Outcome::Unchanged);
    }
}

#[tokio::test(start_paused = true)]
async fn rule_04_what_ecr_says_is_no_image_does_not_roll() {
    let world = world().await;
    let context = context(&world, &json!({}));
    put(
        &world,
        "web",
        "chart",
        "chart",
        "application/vnd.cncf.helm.config.v1+json",
    );
    put(&world, "web", "good", "good", IMAGE);
    let tell = |tag: &str, image: &str| event("web", tag, image, world.now());
    for (tag, image, words) in [
        ("chart", "chart", "helm"),
        ("gone", "gone", "holds no image"),
    ] {
        let report = invoke(&world, &context, &tell(tag, image)).await.unwrap();
        assert_eq!(report.decisions[0].outcome, Outcome::Skipped);
        let reason = &report.decisions[0].reason;
        assert!(reason.contains(words), "{reason}");
    }
    let report = invoke(&world, &context, &tell("good", "good"))
        .await
        .unwrap();
    assert_eq!(report.decisions[0].outcome, Outcome::Rolled);
}

#[tokio::test(start_paused = true)]
async fn rule_02_an_event_that_was_held_up_does_not_go_back() {
    let world = world().await;
    let late = event("web", "v1", "one", world.now());
    world.push("web", "v1", "one", 50);
    world.minutes(1).await;
    world.push("web", "v2", "two", 5);
    world.minutes(10).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    let context = context(&world, &json!({}));
    let report = invoke(&world, &context, &late).await.unwrap();
    assert_eq!(report.decisions[0].outcome, Outcome::Skipped);
    world.minutes(60).await;
    assert_eq!(world.deployments("web"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_push_reads_nothing_at_all() {
    let world = world().await;
    let mut told = event("web", "v1", "one", world.now());
    told["detail"]["action-type"] = json!("DELETE");
    let before = world.account.journal_len();
    let context = context(&world, &json!({}));
    let report = invoke(&world, &context, &told).await.unwrap();
    assert_eq!((report.pushes.len(), report.decisions.len()), (0, 0));
    assert_eq!(world.calls(before), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn rule_10_any_event_ends_in_a_report_or_a_clear_refusal() {
    let world = world().await;
    let context = context(&world, &json!({}));
    let events: [Value; 9] = [
        json!(null),
        json!([[]]),
        json!({"Records": [{"EventSource": "aws:sns", "Sns": 5}]}),
        json!({"awslogs": {"data": "H4sI"}}),
        json!({"detail-type": "ECR Image Action", "detail": {"action-type": "PUSH", "result": "SUCCESS", "image-tag": []}}),
        json!({"detail-type": "AWS API Call via CloudTrail"}),
        json!({"detail-type": 5, "detail": []}),
        json!({"look_back": {}}),
        json!({"repository": {}, "tag": []}),
    ];
    for event in events {
        match invoke(&world, &context, &event).await {
            Ok(report) => assert!(report.window.is_some(), "{event}"),
            Err(error) => {
                assert_eq!(error.kind(), "Permanent", "{event}");
                assert!(error.to_string().contains("direct use takes"), "{error}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_push_that_ecr_does_not_explain_yet_holds_up_no_other() {
    let services = [
        ("web", &*image("web", "seed")),
        ("api", &image("api", "seed")),
    ];
    let world = World::new(&services).await;
    put(&world, "api", "v1", "two", IMAGE);
    let pushed = record("web", "v1", "one", world.now(), "push-of-web");
    let mut replica = record("api", "v1", "two", world.now(), "replica-of-api");
    replica["eventName"] = json!("ReplicateImage");
    let script = Script::default();
    let throttled = Reply::error(400, "ThrottlingException", "Rate exceeded");
    script.say("BatchGetImage", 3, &throttled);
    let context = crate::fleet::context(&world, &script);
    let batch = batch(&[replica, pushed]);
    let first = invoke(&world, &context, &batch).await.unwrap_err();
    assert!(matches!(first, handler::Error::Retryable { .. }), "{first}");
    assert!(first.to_string().contains("BatchGetImage"), "{first}");
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.image_of("api", 0), image("api", "seed"));
    let second = invoke(&world, &context, &batch).await.unwrap();
    assert_eq!(second.decisions.len(), 2);
    assert_eq!(world.image_of("api", 0), image("api", "v1"));
    assert_eq!(world.deployments("web"), 1);
}
