//! What the configuration, and a service's own tags, say about which services change and how.

use handler::config::Config;
use handler::report::Outcome;
use serde_json::json;

use crate::world::{REGISTRY, World, digest, image, record};

fn tag(world: &World, service: &str, key: &str, value: &str) {
    let arn = world.describe(service)["serviceArn"].clone();
    let input = json!({"resourceArn": arn, "tags": [{"key": key, "value": value}]});
    world.account.call("ecs", "TagResource", input).unwrap();
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_services_own_tags_win_and_wrong_ones_stop_it_alone() {
    let seed = image("web", "seed");
    let config = Config::from_json(&json!({"service": {"tags": "prefix:main-"}})).unwrap();
    let services = [("web", &*seed), ("free", &*seed), ("wrong", &*seed)];
    let mut world = World::with(&services, &config).await;
    tag(&world, "free", "ecroll:tags", "any");
    tag(&world, "free", "ecroll:pin", "digest");
    tag(&world, "wrong", "ecroll:hold", "perhaps");
    let push = world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), seed);
    let pinned = format!("{}@{}", seed.rsplit_once(':').unwrap().0, digest("one"));
    assert_eq!(world.image_of("free", 0), pinned);
    let (outcome, reason) = world.last("wrong", &push).unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(
        reason.contains("`ecroll:hold`") && reason.contains("`perhaps`"),
        "{reason}"
    );
    assert_eq!(world.image_of("wrong", 0), seed);

    // Mended, the next sweep decides as for all others.
    tag(&world, "wrong", "ecroll:hold", "false");
    tag(&world, "wrong", "ecroll:tags", "exact:v1");
    world.minutes(10).await;
    assert_eq!(world.image_of("wrong", 0), image("web", "v1"));
    // A further push moves the pinned one, and the digest once more stands for what was pushed.
    world.push("web", "v2", "two", 5);
    world.minutes(30).await;
    assert!(world.image_of("free", 0).ends_with(&digest("two")));
    assert_eq!(world.deployments("free"), 2);
    assert_eq!(world.describe("free")["runningCount"], json!(2));
}

#[tokio::test(start_paused = true)]
async fn rule_04_by_name_a_service_is_deployed_anew_only_within_its_account() {
    let config = json!({"service": {"match": "name-prefix", "action": "force"}});
    let config = Config::from_json(&config).unwrap();
    let services = [
        ("api", "nginx:latest"),
        ("api-worker", "nginx:latest"),
        ("apis", "nginx:latest"),
        ("api-pinned", "nginx:1.27"),
    ];
    let world = World::with(&services, &config).await;
    let before = world.describe("api")["taskDefinition"].clone();
    let deployments = |world: &World| services.map(|(name, _)| world.deployments(name));
    world.push("api", "latest", "one", 5);
    world.minutes(30).await;
    assert_eq!(deployments(&world), [0, 0, 0, 0], "another account's push");

    let at = world.now();
    let text = record("api", "latest", "two", at, "own-1").to_string();
    let own = serde_json::from_str(&text.replace(REGISTRY, "000000000000")).unwrap();
    world
        .account
        .deliver(own, at + chrono::TimeDelta::minutes(5));
    world.minutes(60).await;
    assert_eq!(deployments(&world), [1, 1, 0, 0]);
    assert_eq!(world.describe("api")["taskDefinition"], before);
}
