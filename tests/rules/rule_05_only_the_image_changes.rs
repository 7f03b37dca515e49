//! The new revision equals the old one, known and unknown members alike, except the image of the matching containers
//! and ecroll's own tags.

use handler::revision::without_images;
use serde_json::{Value, json};

use crate::world::{World, image};

#[tokio::test(start_paused = true)]
async fn rule_05_members_that_no_sdk_knows_survive_the_roll() {
    let world = World::new(&[]).await;
    let definition = json!({
        "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"], "pidMode": "task",
        "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
        "taskRoleArn": "arn:aws:iam::000000000000:role/task",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 40}, "enableFaultInjection": false, "volumes": [],
        "aMemberOfTomorrow": {"nested": [1, 2.5, null, {"deep": true}]},
        "containerDefinitions": [{
            "name": "app", "image": image("web", "seed"), "cpu": 0, "essential": true,
            "environment": [{"name": "EMPTY", "value": ""}], "command": [],
            "versionConsistency": "enabled", "aKnobOfTomorrow": {"level": 11},
        }],
        "tags": [{"key": "team", "value": "shop"}, {"key": "empty", "value": ""}],
    });
    world
        .account
        .call("ecs", "RegisterTaskDefinition", definition)
        .unwrap();
    let service = json!({"cluster": "default", "serviceName": "web", "taskDefinition": "web",
        "desiredCount": 3, "tags": [{"key": "owner", "value": "me"}]});
    world.account.call("ecs", "CreateService", service).unwrap();
    // Its roles may be passed on from setup's next run on.
    world.set_up(&handler::config::Config::default()).await;
    world.minutes(5).await;
    let (before, service_before) = (world.definition("web"), world.describe("web"));
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    let (after, service_after) = (world.definition("web"), world.describe("web"));

    assert_ne!(
        before["taskDefinition"]["revision"],
        after["taskDefinition"]["revision"]
    );
    assert_eq!(
        without_images(&before["taskDefinition"]),
        without_images(&after["taskDefinition"]),
    );
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(others(&before["tags"]), others(&after["tags"]));
    assert_eq!(
        others(&service_before["tags"]),
        others(&service_after["tags"])
    );
    for kept in [
        "desiredCount",
        "deploymentConfiguration",
        "deploymentController",
        "launchType",
    ] {
        assert_eq!(service_before[kept], service_after[kept], "{kept}");
    }
}

/// The tags that are not ecroll's, whatever their order.
fn others(tags: &Value) -> Vec<(String, String)> {
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
    let all = tags.as_array().cloned().unwrap_or_default();
    let mut others: Vec<(String, String)> = all
        .iter()
        .map(|tag| (text(tag, "key"), text(tag, "value")))
        .filter(|(key, _)| !key.starts_with("ecroll:"))
        .collect();
    others.sort();
    others
}

#[tokio::test(start_paused = true)]
async fn rule_05_the_copy_is_of_what_runs_not_of_the_familys_newest() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    let unfinished = json!({"family": "web", "containerDefinitions": [
        {"name": "app", "image": image("web", "seed"), "environment": [{"name": "WIP", "value": "1"}]}]});
    world
        .account
        .call("ecs", "RegisterTaskDefinition", unfinished)
        .unwrap();
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    let definition = world.definition("web");
    let container = &definition["taskDefinition"]["containerDefinitions"][0];
    assert_eq!(container["image"], json!(image("web", "v1")));
    assert!(
        container
            .get("environment")
            .is_none_or(|e| e.as_array().is_some_and(Vec::is_empty))
    );
}

#[tokio::test(start_paused = true)]
async fn rule_05_services_that_share_a_revision_share_the_new_one() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    for name in ["web-a", "web-b", "web-c"] {
        let service = json!({"cluster": "default", "serviceName": name, "taskDefinition": "web:1",
            "desiredCount": 1});
        world.account.call("ecs", "CreateService", service).unwrap();
    }
    let before = world.account.journal_len();
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    let calls = world.calls(before);
    let registered = calls
        .iter()
        .filter(|call| *call == "RegisterTaskDefinition")
        .count();
    assert_eq!(registered, 1);
    for name in ["web", "web-a", "web-b", "web-c"] {
        assert_eq!(world.image_of(name, 0), image("web", "v1"), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_05_the_two_percentages_are_sent_where_configured_and_nothing_else() {
    let config = json!({"service": {"minimum_healthy_percent": 50, "maximum_percent": 150}});
    let config = handler::config::Config::from_json(&config).unwrap();
    let world = World::with(&[("web", &image("web", "seed"))], &config).await;
    let before = world.describe("web");
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    let after = world.describe("web");
    let mut expected = before["deploymentConfiguration"].clone();
    expected["minimumHealthyPercent"] = json!(50);
    expected["maximumPercent"] = json!(150);
    assert_eq!(after["deploymentConfiguration"], expected);
    assert_eq!(after["desiredCount"], before["desiredCount"]);
}
