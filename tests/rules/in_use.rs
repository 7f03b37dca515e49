//! The in-use tag: on what runs, moved when a roll has completed, and never a push.

use handler::config::Config;
use serde_json::{Value, json};

use crate::rule_01_reconcile::{HOME, own, push_unheard};
use crate::world::{World, digest, record};

/// The digest that a tag names in the registry.
fn named(world: &World, tag: &str) -> Option<String> {
    let input = json!({"repositoryName": "web", "imageIds": [{"imageTag": tag}]});
    let found = world.account.call("ecr", "DescribeImages", input).ok()?;
    found["imageDetails"][0]["imageDigest"]
        .as_str()
        .map(str::to_owned)
}

/// A push to the own registry, whose record arrives five minutes later.
fn push(world: &World, tag: &str, name: &str) {
    let record = record("web", tag, name, world.now(), &format!("push-{name}-{tag}"));
    let record = record.to_string().replace(crate::world::REGISTRY, HOME);
    let record: Value = serde_json::from_str(&record).unwrap();
    push_unheard(world, "web", tag, name);
    world
        .account
        .deliver(record, world.now() + chrono::TimeDelta::minutes(5));
}

async fn world() -> World {
    let config = json!({"service": {"in_use_tag": "ecroll-prod"}});
    let config = Config::from_json(&config).unwrap();
    World::with(&[("web", &own("web", "seed"))], &config).await
}

#[tokio::test(start_paused = true)]
async fn the_tag_names_what_runs_when_the_roll_has_completed() {
    let world = world().await;
    push(&world, "v1", "one");
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), own("web", "v1"));
    assert_eq!(named(&world, "ecroll-prod"), Some(digest("one")));
    push(&world, "v2", "two");
    world.minutes(30).await;
    assert_eq!(named(&world, "ecroll-prod"), Some(digest("two")));
    // Somebody moves it by hand: it is looked after.
    push_unheard(&world, "web", "ecroll-prod", "one");
    world.minutes(90).await;
    assert_eq!(named(&world, "ecroll-prod"), Some(digest("two")));
}

#[tokio::test(start_paused = true)]
async fn rule_02_setting_the_tag_is_no_push_whoever_does_it() {
    let mut world = world().await;
    push(&world, "v1", "one");
    world.minutes(5).await;
    push(&world, "v2", "two");
    world.minutes(30).await;
    let deployments = world.deployments("web");
    // The record of the tag on the older image comes last.
    push(&world, "ecroll-prod", "one");
    world.minutes(90).await;
    assert_eq!(world.image_of("web", 0), own("web", "v2"));
    assert_eq!(world.deployments("web"), deployments);
    let told = world.decisions();
    assert!(told.iter().all(|decision| decision.tag != "ecroll-prod"));
}

#[tokio::test(start_paused = true)]
async fn rule_08_nothing_may_be_put_into_a_registry_unless_the_tag_is_asked_for() {
    let policy = |world: &World| {
        let role = "ecroll-eu-west-1-handler";
        let names = world
            .account
            .call("iam", "ListRolePolicies", json!({"RoleName": role}));
        let name = names.unwrap()["PolicyNames"][0].clone();
        let input = json!({"RoleName": role, "PolicyName": name});
        world
            .account
            .call("iam", "GetRolePolicy", input)
            .unwrap()
            .to_string()
    };
    let without = World::new(&[("web", &own("web", "seed"))]).await;
    assert!(!policy(&without).contains("PutImage"));
    assert!(policy(&world().await).contains("PutImage"));
}
