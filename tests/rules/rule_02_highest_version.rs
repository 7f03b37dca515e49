//! `newest-semver`: a service follows the highest version, not the latest push.

use handler::config::Config;
use handler::report::Outcome;
use serde_json::json;

use crate::world::{World, image};

#[tokio::test(start_paused = true)]
async fn rule_02_a_patch_of_an_older_line_does_not_replace_a_higher_version() {
    let config = Config::from_json(&json!({"service": {"tags": "newest-semver"}})).unwrap();
    let mut world = World::with(&[("web", &image("web", "1.9.4"))], &config).await;
    world.push("web", "2.0.0", "two", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "2.0.0"));
    let patch = world.push("web", "1.9.5", "patch", 5);
    let candidate = world.push("web", "2.1.0-rc.1", "candidate", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "2.0.0"));
    let (outcome, reason) = world.last("web", &patch).unwrap();
    assert_eq!(outcome, Outcome::Skipped);
    assert!(reason.contains("1.9.5 is not above 2.0.0"), "{reason}");
    assert_eq!(world.last("web", &candidate).unwrap().0, Outcome::Skipped);
    world.push("web", "2.0.1", "three", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "2.0.1"));
    assert_eq!(world.deployments("web"), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_02_of_several_pushes_the_highest_version_wins_whatever_arrives_first() {
    let config = Config::from_json(&json!({"service": {"tags": "newest-semver"}})).unwrap();
    let world = World::with(&[("web", &image("web", "seed"))], &config).await;
    world.push("web", "v2.0.0", "two", 9);
    world.minutes(1).await;
    world.push("web", "v1.9.5", "patch", 8);
    world.minutes(60).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2.0.0"));
    assert_eq!(world.deployments("web"), 1);
}
