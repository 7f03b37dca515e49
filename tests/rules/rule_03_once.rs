//! The same push rolls the same service once; what was rolled back afterwards stays so until the next push.

use chrono::TimeDelta;
use handler::report::Outcome;
use local::faults::{Kind, Planned};
use serde_json::json;

use crate::fleet;
use crate::proxy::Script;
use crate::road::deploy;
use crate::world::{World, digest, image, record};

#[tokio::test(start_paused = true)]
async fn rule_03_a_push_seen_many_times_rolls_once() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    let at = world.now();
    let original = record("web", "v1", "one", at, "event-1");
    for minutes in [3, 3, 4, 11, 45] {
        world
            .account
            .deliver(original.clone(), at + TimeDelta::minutes(minutes));
    }
    let mut updated = record("web", "v1", "one", at, "event-2");
    updated["addendum"] = json!({"reason": "UPDATED_DATA", "originalEventID": "event-1"});
    world.account.deliver(updated, at + TimeDelta::minutes(70));
    world.minutes(120).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.deployments("web"), 1);
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_look_up_with_nothing_new_writes_nothing() {
    let world = World::new(&[("web", &image("web", "seed")), ("nginx", "nginx:1")]).await;
    world.push("web", "v1", "one", 5);
    world.minutes(40).await;
    let before = world.account.journal_len();
    world.minutes(60).await;
    let calls = world.calls(before);
    assert!(
        calls.iter().any(|call| call == "FilterLogEvents"),
        "there were look-ups"
    );
    let reads = ["Filter", "List", "Describe"];
    let writes: Vec<_> = calls
        .iter()
        .filter(|call| !reads.iter().any(|read| call.starts_with(read)))
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
    let described = calls
        .iter()
        .filter(|call| *call == "DescribeTaskDefinition")
        .count();
    assert_eq!(described, 0, "revisions never change and are read once");
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_rollback_by_a_person_stays_until_the_next_push() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    let push = world.push("web", "v1", "one", 5);
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    let back = json!({"cluster": "default", "service": "web", "taskDefinition": "web:1"});
    world.account.call("ecs", "UpdateService", back).unwrap();
    world.minutes(60).await;
    assert_eq!(world.image_of("web", 0), image("web", "seed"));
    let (outcome, reason) = world.last("web", &push).unwrap();
    assert_eq!(outcome, Outcome::Held, "{reason}");
    world.push("web", "v2", "two", 5);
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_rollback_by_the_circuit_breaker_stays_until_the_next_push() {
    let mut world = World::new(&[]).await;
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    world.service("web", &breaker, &containers);
    world.minutes(10).await;
    let push = world.push("web", "crash", "bad", 5);
    world.minutes(120).await;
    assert_eq!(
        world.image_of("web", 0),
        image("web", "seed"),
        "the breaker undid it"
    );
    let (outcome, reason) = world.last("web", &push).unwrap();
    assert_eq!(outcome, Outcome::Held, "{reason}");
    assert_eq!(world.deployments("web"), 1, "and it was not tried again");
    world.push("web", "good", "fixed", 5);
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 0), image("web", "good"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_where_somebody_stopped_a_deployment_what_was_completed_before_runs() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    world.push("web", "latest", "one", 5);
    world.minutes(30).await;
    let second = world.push("web", "latest", "two", 1);
    while world.deployments("web") < 2 {
        let next = world.now() + TimeDelta::seconds(1);
        world.account.run_until(next).await;
    }
    // Back to the first image's revision, of which ECS makes a new service revision; and further, which is stopped.
    for revision in ["web:2", "web:1"] {
        let back = json!({"cluster": "default", "service": "web", "taskDefinition": revision});
        world.account.call("ecs", "UpdateService", back).unwrap();
        let next = world.now() + TimeDelta::seconds(5);
        world.account.run_until(next).await;
    }
    let service = json!({"cluster": "default", "service": "web"});
    let list = world.account.call("ecs", "ListServiceDeployments", service);
    let newest = list.unwrap()["serviceDeployments"][0]["serviceDeploymentArn"].clone();
    let stop = json!({"serviceDeploymentArn": newest, "stopType": "ROLLBACK"});
    world
        .account
        .call("ecs", "StopServiceDeployment", stop)
        .unwrap();
    world.minutes(60).await;
    assert_eq!(world.image_of("web", 0), image("web", "latest"));
    let (outcome, reason) = world.last("web", &second).unwrap();
    assert_eq!(outcome, Outcome::Held, "it runs the first image: {reason}");
}

#[tokio::test(start_paused = true)]
async fn rule_03_an_image_that_somebody_deployed_already_is_left_and_its_rollback_seen() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    let push = world.push("web", "v1", "one", 20);
    let containers = json!([{"name": "app", "image": image("web", "v1")}]);
    let definition = json!({"family": "web", "containerDefinitions": containers});
    world
        .account
        .call("ecs", "RegisterTaskDefinition", definition)
        .unwrap();
    world.minutes(1).await;
    let update = json!({"cluster": "default", "service": "web", "taskDefinition": "web"});
    world.account.call("ecs", "UpdateService", update).unwrap();
    world.minutes(60).await;
    assert_eq!(world.deployments("web"), 1, "only the person's");
    assert_eq!(world.last("web", &push).unwrap().0, Outcome::Unchanged);
    let back = json!({"cluster": "default", "service": "web", "taskDefinition": "web:1"});
    world.account.call("ecs", "UpdateService", back).unwrap();
    world.minutes(60).await;
    assert_eq!(world.image_of("web", 0), image("web", "seed"));
    assert_eq!(world.last("web", &push).unwrap().0, Outcome::Held);
}

#[tokio::test(start_paused = true)]
async fn rule_03_two_tags_of_one_digest_are_one_roll() {
    let world = World::new(&[("web", &image("web", "latest"))]).await;
    world.push("web", "v1", "one", 5);
    world.push("web", "latest", "one", 6);
    world.minutes(60).await;
    assert_eq!(world.deployments("web"), 1);
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_mutable_tag_pushed_again_rolls_again() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    world.push("web", "latest", "one", 5);
    world.minutes(30).await;
    world.push("web", "latest", "two", 5);
    world.minutes(30).await;
    assert_eq!(world.deployments("web"), 2);
    assert_eq!(world.image_of("web", 0), image("web", "latest"));
}

#[tokio::test(start_paused = true)]
async fn rule_03_two_handlers_at_once_do_no_harm() {
    for apart in [0, 10, 50, 90, 130, 170, 210, 250] {
        let world = World::new(&[("web", &image("web", "seed"))]).await;
        let sdk = world.sdk();
        let contexts: Vec<handler::Context> = (0..2)
            .map(|_| {
                let config = handler::config::Config {
                    log_group: Some("/ecroll/trail".to_owned()),
                    ..handler::config::Config::default()
                };
                let clock = world.account.clock().clone();
                handler::Context::new(config, &sdk, std::sync::Arc::new(move || clock.now()))
            })
            .collect();
        let push = record("web", "v1", "one", world.now(), "event-1");
        world
            .account
            .deliver(push, world.now() + TimeDelta::milliseconds(1));
        world
            .account
            .run_until(world.now() + TimeDelta::milliseconds(2))
            .await;
        let event = json!({});
        world
            .account
            .drive(Box::pin(async {
                let second = async {
                    tokio::time::sleep(std::time::Duration::from_millis(apart)).await;
                    handler::handle(&event, &contexts[1]).await
                };
                let (first, second) = tokio::join!(handler::handle(&event, &contexts[0]), second);
                first.unwrap();
                second.unwrap();
            }))
            .await;
        world.minutes(60).await;
        assert_eq!(
            world.image_of("web", 0),
            image("web", "v1"),
            "{apart} ms apart"
        );
        assert_eq!(
            world.describe("web")["runningCount"],
            json!(2),
            "{apart} ms apart"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rule_03_the_image_of_a_push_that_was_undone_is_decided_once_under_a_further_tag() {
    // What runs is known by its digest, so that the newest push need not wait for the older slices of the log.
    let seed = format!(
        "{}@{}",
        image("web", "x").trim_end_matches(":x"),
        crate::world::digest("seed")
    );
    let options = local::Options {
        log_timestamp: local::LogTimestamp::EventTime,
        ..local::Options::default()
    };
    let services = [("web", seed.as_str())];
    let mut world = World::built(&services, &handler::config::Config::default(), options).await;
    let first = world.push("web", "v1", "one", 5);
    world.minutes(60).await;
    let back = json!({"cluster": "default", "service": "web", "taskDefinition": "web:1"});
    world.account.call("ecs", "UpdateService", back).unwrap();
    world.minutes(180).await;
    let again = world.push("web", "v2", "one", 5);
    world.minutes(60).await;
    for answer in &world.heard() {
        let decisions = &answer.report.decisions;
        let of = decisions.iter().filter(|d| d.service == "web").count();
        assert!(of <= 1, "one push, decided at once: {decisions:?}");
    }
    let (outcome, reason) = world
        .last("web", &first)
        .or(world.last("web", &again))
        .unwrap();
    assert_eq!(outcome, Outcome::Held, "{reason}");
    assert_eq!(world.deployments("web"), 2, "the roll and the rollback");
}

#[tokio::test(start_paused = true)]
async fn rule_01_what_the_breaker_brought_back_under_the_same_revision_is_known_by_its_deployment()
{
    let mut world = World::new(&[]).await;
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let containers = json!([{"name": "app", "image": image("web", "v1")}]);
    world.service("web", &breaker, &containers);
    world.minutes(10).await;
    // v1 moves to an image that crashes; a person deploys the same revision, and the breaker goes back to the image of before.
    let late = world.push("web", "crash", "bad", 120);
    world.account.with_ecs(|ecs, _| {
        let name = image("web", "x");
        ecs.push_image(name.rsplit_once(':').unwrap().0, "v1", &digest("bad"));
    });
    let again = record("web", "v1", "bad", world.now(), "v1-again");
    world
        .account
        .deliver(again, world.now() + TimeDelta::minutes(121));
    world.minutes(1).await;
    let update = json!({"cluster": "default", "service": "web", "taskDefinition": "web:1", "forceNewDeployment": true});
    world.account.call("ecs", "UpdateService", update).unwrap();
    world.minutes(180).await;
    let (outcome, reason) = world.last("web", &late).unwrap();
    assert!(!reason.contains("runs this image"), "{outcome:?}: {reason}");
}

#[tokio::test(start_paused = true)]
async fn rule_03_an_update_that_may_have_been_accepted_is_not_sent_again_over_what_somebody_deployed()
 {
    for somebody in [true, false] {
        let world = World::new(&[("web", &image("web", "seed"))]).await;
        world.account.plan_faults(vec![Planned {
            kind: Kind::ErrorAfter,
            from: world.now(),
            until: world.now() + TimeDelta::hours(1),
            operation: Some("UpdateService".to_owned()),
            skip: 0,
            times: 1,
            amount: TimeDelta::zero(),
        }]);
        world.push("web", "v1", "one", 5);
        while world.deployments("web") == 0 {
            let soon = world.now() + TimeDelta::milliseconds(100);
            world.account.run_until(soon).await;
        }
        assert_eq!(world.account.faults().len(), 1);
        if somebody {
            deploy(&world, &image("web", "v0"));
        }
        world.minutes(60).await;
        let runs = if somebody { "v0" } else { "v1" };
        assert_eq!(world.image_of("web", 0), image("web", runs));
        let deployments = if somebody { 2 } else { 1 };
        assert_eq!(world.deployments("web"), deployments, "ecroll's is one");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_03_who_made_a_revision_of_the_past_is_asked_once() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    world.push("web", "v1", "one", 3);
    world.minutes(10).await;
    let back = json!({"cluster": "default", "service": "web", "taskDefinition": "web:1"});
    world.account.call("ecs", "UpdateService", back).unwrap();
    let script = Script::default();
    let context = fleet::context(&world, &script);
    for asked in [2, 2] {
        let report = fleet::look_up(&world, &context).await.unwrap();
        assert_eq!(report.decisions[0].outcome, Outcome::Held);
        assert_eq!(script.count("DescribeTaskDefinition"), asked);
    }
    assert_eq!(
        script.count("ListServiceDeployments"),
        2,
        "that may have changed"
    );
}
