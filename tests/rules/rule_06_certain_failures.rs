//! What cannot work is refused before anything is registered: another platform, percentages, kinds of services.

use handler::config::Config;
use handler::report::Outcome;
use serde_json::{Value, json};

use crate::world::{World, image, record};

/// Nothing was written since.
fn wrote_nothing(world: &World, since: usize) {
    let writes = ["RegisterTaskDefinition", "UpdateService", "TagResource"];
    let calls = world.calls(since);
    let written: Vec<_> = calls
        .iter()
        .filter(|call| writes.contains(&call.as_str()))
        .collect();
    assert!(written.is_empty(), "{written:?}");
}

/// Delivers the push of an index of these platforms.
fn push_index(world: &World, tag: &str, platforms: &[(&str, &str)]) -> String {
    let entries: Vec<Value> = platforms
        .iter()
        .map(|(os, architecture)| {
            json!({"mediaType": "application/vnd.oci.image.manifest.v1+json",
                "platform": {"os": os, "architecture": architecture}})
        })
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries});
    let at = world.now();
    let id = format!("index-{tag}");
    let mut record = record("web", tag, tag, at, &id);
    record["requestParameters"]["imageManifest"] = json!(index.to_string());
    world
        .account
        .deliver(record, at + chrono::TimeDelta::minutes(5));
    id
}

#[tokio::test(start_paused = true)]
async fn rule_06_an_image_for_another_platform_is_refused_and_hides_nothing() {
    let mut world = World::new(&[("any", &image("web", "seed"))]).await;
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    let definition = json!({"family": "arm", "memory": "512", "containerDefinitions": containers,
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}});
    world
        .account
        .call("ecs", "RegisterTaskDefinition", definition)
        .unwrap();
    let service = json!({"cluster": "default", "serviceName": "arm", "taskDefinition": "arm", "desiredCount": 1});
    world.account.call("ecs", "CreateService", service).unwrap();
    world.minutes(5).await;
    let attestation = ("unknown", "unknown");
    let both = [("linux", "amd64"), ("linux", "arm64"), attestation];
    push_index(&world, "v1", &both);
    world.minutes(1).await;
    let push = push_index(&world, "v2", &[("linux", "amd64"), attestation]);
    world.minutes(60).await;
    assert_eq!(world.image_of("arm", 0), image("web", "v1"));
    assert_eq!(
        world.image_of("any", 0),
        image("web", "v2"),
        "the instance decides"
    );
    let (outcome, reason) = world.last("arm", &push).unwrap();
    assert_eq!(outcome, Outcome::Refused);
    let sides = "the image is for linux/amd64, the service needs linux/arm64";
    assert!(reason.contains(sides), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn rule_06_percentages_that_ecs_would_not_take_are_refused_not_sent() {
    let config = json!({"service": {"minimum_healthy_percent": 0, "maximum_percent": 100}});
    let config = Config::from_json(&config).unwrap();
    // Availability Zone rebalancing is on by default.
    let mut world = World::with(&[("web", &image("web", "seed"))], &config).await;
    let before = world.account.journal_len();
    let push = world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    let (outcome, reason) = world.last("web", &push).unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(reason.contains("Availability Zone"), "{reason}");
    wrote_nothing(&world, before);
    let off =
        json!({"cluster": "default", "service": "web", "availabilityZoneRebalancing": "DISABLED"});
    world.account.call("ecs", "UpdateService", off).unwrap();
    world.minutes(10).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_06_kinds_of_services_that_cannot_roll_are_told_and_left() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    let daemon = json!({"schedulingStrategy": "DAEMON",
        "deploymentConfiguration": {"minimumHealthyPercent": 100}});
    let express = json!({"resourceManagementType": "ECS"});
    for (name, mut extra) in [("daemon", daemon), ("express", express)] {
        if name == "daemon" {
            extra["desiredCount"] = Value::Null;
        }
        world.service(name, &extra, &containers);
    }
    // One whose task definition nobody names: nothing to say per push, and it hides no other.
    let bare = json!({"cluster": "default", "serviceName": "bare", "desiredCount": 1,
        "deploymentController": {"type": "EXTERNAL"}});
    world.account.call("ecs", "CreateService", bare).unwrap();
    world.minutes(5).await;
    let push = world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    for (name, word) in [("daemon", "daemon service"), ("express", "Express")] {
        let (outcome, reason) = world.last(name, &push).unwrap();
        assert_eq!(outcome, Outcome::Refused, "{name}");
        assert!(reason.contains(word), "{reason}");
        assert_eq!(world.image_of(name, 0), image("web", "seed"));
    }
    assert_eq!(world.last("bare", &push), None);
}
