//! `action = "force"`: the revision stays, a push deploys it anew, once.

use std::sync::Arc;

use handler::config::Config;
use handler::report::Outcome;
use serde_json::json;

use crate::world::{World, digest, image, record};

fn forcing() -> Config {
    Config::from_json(&json!({"service": {"action": "force"}})).unwrap()
}

/// The digests that the service's tasks run.
fn digests(world: &World, service: &str) -> Vec<String> {
    let input = json!({"cluster": "default", "serviceName": service});
    let tasks = world.account.call("ecs", "ListTasks", input).unwrap()["taskArns"].clone();
    let input = json!({"cluster": "default", "tasks": tasks});
    let tasks = world.account.call("ecs", "DescribeTasks", input).unwrap();
    let containers = tasks["tasks"].as_array().unwrap().iter();
    let digests = containers.map(|task| task["containers"][0]["imageDigest"].clone());
    digests
        .map(|digest| digest.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_force_deploys_the_same_revision_anew_once() {
    let mut world = World::with(&[("web", &image("web", "latest"))], &forcing()).await;
    let before = world.describe("web")["taskDefinition"].clone();
    let from = world.account.journal_len();
    let push = world.push("web", "latest", "one", 5);
    let other = world.push("web", "v7", "other", 5);
    world.minutes(120).await;
    assert_eq!(world.describe("web")["taskDefinition"], before);
    assert_eq!(world.deployments("web"), 1);
    assert_eq!(digests(&world, "web"), [digest("one"), digest("one")]);
    assert_eq!(world.last("web", &push).unwrap().0, Outcome::Unchanged);
    assert_eq!(world.last("web", &other).unwrap().0, Outcome::Skipped);
    let calls = world.calls(from);
    let count = |name: &str| calls.iter().filter(|call| *call == name).count();
    assert_eq!(
        (
            count("RegisterTaskDefinition"),
            count("TagResource"),
            count("UpdateService")
        ),
        (0, 1, 1)
    );
    world.push("web", "latest", "two", 5);
    world.minutes(60).await;
    assert_eq!(world.deployments("web"), 2);
    assert_eq!(digests(&world, "web"), [digest("two"), digest("two")]);
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_force_that_the_breaker_undid_is_not_fought() {
    let mut world = World::with(&[], &forcing()).await;
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let containers = json!([{"name": "app", "image": image("web", "latest")}]);
    world.service("web", &breaker, &containers);
    world.minutes(10).await;
    let good = digests(&world, "web");
    // One image under two tags is one push.
    let push = world.push("web", "crash", "bad", 5);
    world.push("web", "latest", "bad", 5);
    world.minutes(180).await;
    assert_eq!(world.deployments("web"), 1);
    assert_eq!(digests(&world, "web"), good, "the breaker undid it");
    assert_eq!(world.last("web", &push).unwrap().0, Outcome::Unchanged);
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_force_whose_update_was_not_lived_to_is_done_by_the_next_look_up() {
    for calls in 1..12 {
        let world = World::with(&[("web", &image("web", "latest"))], &forcing()).await;
        let log_group = Some("/ecroll/trail".to_owned());
        let config = Config {
            log_group,
            ..forcing()
        };
        let clock = world.account.clock().clone();
        let sdk = world.sdk();
        let context = handler::Context::new(config, &sdk, Arc::new(move || clock.now()));
        let at = world.now();
        let name = image("web", "x").rsplit_once(':').unwrap().0.to_owned();
        world
            .account
            .with_ecs(|ecs, _| ecs.push_image(&name, "latest", &digest("one")));
        let push = record("web", "latest", "one", at, "event-1");
        world
            .account
            .deliver(push, at + chrono::TimeDelta::seconds(2));
        world
            .account
            .run_until(at + chrono::TimeDelta::seconds(3))
            .await;
        let event = json!({});
        let dying = tokio::time::timeout(
            std::time::Duration::from_millis(calls * 40 + 20),
            handler::handle(&event, &context),
        );
        let _ = world.account.drive(Box::pin(dying)).await;
        world.minutes(60).await;
        assert_eq!(world.deployments("web"), 1, "died after {calls} calls");
        assert_eq!(digests(&world, "web"), [digest("one"), digest("one")]);
    }
}
