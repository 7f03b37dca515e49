//! What never reaches the log heals: every twelfth sweep asks the registry.

use chrono::TimeDelta;
use handler::config::Config;
use handler::report::Outcome;
use local::ecr::Pushed;
use serde_json::json;

use crate::world::{REGION, World, digest, image, record};

/// The account's own registry: of others nobody here knows which repositories are caches.
pub(crate) const HOME: &str = "000000000000";

pub(crate) fn own(repository: &str, tag: &str) -> String {
    image(repository, tag).replace(crate::world::REGISTRY, HOME)
}

/// Pushes an image of which no record ever arrives.
pub(crate) fn push_unheard(world: &World, repository: &str, tag: &str, name: &str) {
    let record = record(repository, tag, name, world.now(), "never");
    let manifest = record["requestParameters"]["imageManifest"]
        .as_str()
        .unwrap()
        .to_owned();
    let pushed = Pushed {
        registry: HOME.to_owned(),
        region: REGION.to_owned(),
        repository: repository.to_owned(),
        tag: Some(tag.to_owned()),
        digest: digest(name),
        manifest,
    };
    let now = world.now();
    world.account.with_ecr(|ecr, _| ecr.put(pushed, now));
    let image = own(repository, tag);
    let host = image.rsplit_once(':').unwrap().0;
    world
        .account
        .with_ecs(|ecs, _| ecs.push_image(host, tag, &digest(name)));
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_push_whose_record_never_arrives_rolls_within_twelve_sweeps_and_once() {
    let mut world = World::new(&[("web", &own("web", "seed")), ("api", &own("api", "seed"))]).await;
    push_unheard(&world, "web", "v1", "one");
    world.minutes(90).await;
    assert_eq!(world.image_of("web", 0), own("web", "v1"));
    assert_eq!(world.image_of("api", 0), own("api", "seed"));
    let mut heard = world.heard().into_iter();
    let by = heard
        .find(|answer| !answer.report.decisions.is_empty())
        .unwrap();
    assert_eq!(by.report.trigger, "reconcile");
    world.minutes(24 * 60).await;
    assert_eq!(world.deployments("web"), 1);
    // A person who goes back is left alone.
    let back = json!({"cluster": "default", "service": "web", "taskDefinition": "web:1"});
    world.account.call("ecs", "UpdateService", back).unwrap();
    world.minutes(3 * 60).await;
    assert_eq!(world.image_of("web", 0), own("web", "seed"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_lifted_hold_heals_by_itself() {
    let config = json!({"service": {"hold": true}});
    let config = Config::from_json(&config).unwrap();
    let world = World::with(&[("web", &own("web", "seed"))], &config).await;
    push_unheard(&world, "web", "v1", "one");
    world.minutes(26 * 60).await;
    assert_eq!(world.image_of("web", 0), own("web", "seed"));
    world.set_up(&Config::default()).await;
    world.minutes(90).await;
    assert_eq!(world.image_of("web", 0), own("web", "v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_04_what_was_pulled_through_from_elsewhere_is_no_push() {
    for (prefix, rolls) in [("cache", false), ("ROOT", false), ("cach", true)] {
        let world = World::new(&[("web", &own("cache/web", "seed"))]).await;
        world
            .account
            .with_ecr(|ecr, _| ecr.pull_through(HOME, prefix));
        push_unheard(&world, "cache/web", "v1", "one");
        world.minutes(90).await;
        let tag = if rolls { "v1" } else { "seed" };
        assert_eq!(world.image_of("web", 0), own("cache/web", tag), "{prefix}");
    }
}

#[tokio::test(start_paused = true)]
async fn reconciling_can_be_switched_off_and_asks_nothing_then() {
    let config = Config::from_json(&json!({"reconcile": false})).unwrap();
    let mut world = World::with(&[("web", &own("web", "seed"))], &config).await;
    push_unheard(&world, "web", "v1", "one");
    let before = world.account.journal_len();
    world.minutes(3 * 60).await;
    assert_eq!(world.image_of("web", 0), own("web", "seed"));
    assert!(
        !world
            .calls(before)
            .iter()
            .any(|call| call == "DescribeImages")
    );
    assert!(
        world
            .decisions()
            .iter()
            .all(|decision| decision.outcome != Outcome::Rolled)
    );
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_sweep_that_has_something_to_roll_only_puts_it_off_to_the_next() {
    let services = [("web", &*own("web", "seed")), ("api", &*own("api", "seed"))];
    let world = World::new(&services).await;
    push_unheard(&world, "api", "v1", "one");
    // The sweep of five past nine is the twelfth; a record arrives right before it.
    let record = record("web", "v1", "two", world.now(), "event-1");
    let record = record.to_string().replace(crate::world::REGISTRY, HOME);
    let at = world.now() + TimeDelta::minutes(35) + TimeDelta::seconds(25);
    world
        .account
        .deliver(serde_json::from_str(&record).unwrap(), at);
    world.minutes(36).await;
    assert_eq!(world.image_of("web", 0), own("web", "v1"));
    assert_eq!(world.image_of("api", 0), own("api", "seed"));
    world.minutes(6).await;
    assert_eq!(world.image_of("api", 0), own("api", "v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_what_ecroll_rolled_meanwhile_for_another_repository_hides_nothing() {
    let mut world = World::new(&[]).await;
    let containers = json!([{"name": "app", "image": own("web", "seed")},
        {"name": "side", "image": image("side", "seed")}]);
    world.service("web", &json!({}), &containers);
    world.minutes(1).await;
    push_unheard(&world, "web", "v1", "one");
    world.minutes(5).await;
    world.push("side", "v2", "two", 2);
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 1), image("side", "v2"));
    assert_eq!(world.image_of("web", 0), own("web", "seed"));
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 0), own("web", "v1"));
    assert_eq!(world.image_of("web", 1), image("side", "v2"));
    world.minutes(3 * 60).await;
    assert_eq!(world.deployments("web"), 2, "one for each push");
    let decisions = world.decisions();
    let rolled = decisions.iter().filter(|d| d.outcome == Outcome::Rolled);
    assert_eq!(rolled.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_01_the_later_waves_take_what_the_registry_told_without_another_hour() {
    let config = json!({"waves": [{"services": ["canary-*"]}]});
    let seed = own("web", "seed");
    let services = [("canary-web", &*seed), ("web", &*seed)];
    let world = World::with(&services, &Config::from_json(&config).unwrap()).await;
    push_unheard(&world, "web", "v1", "one");
    world.minutes(37).await;
    assert_eq!(world.image_of("canary-web", 0), own("web", "v1"));
    assert_eq!(world.image_of("web", 0), own("web", "seed"));
    world.minutes(10).await;
    assert_eq!(world.image_of("web", 0), own("web", "v1"));
    world.minutes(24 * 60).await;
    assert_eq!(world.deployments("web"), 1);
    assert_eq!(world.deployments("canary-web"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_another_region_holds_under_the_same_name_is_not_missed() {
    let mut world = World::new(&[("web", &own("web", "seed"))]).await;
    let record = record("web", "v1", "one", world.now(), "never");
    let pushed = |region: &str| Pushed {
        registry: HOME.to_owned(),
        region: region.to_owned(),
        repository: "web".to_owned(),
        tag: Some("v1".to_owned()),
        digest: digest("one"),
        manifest: record["requestParameters"]["imageManifest"]
            .as_str()
            .unwrap()
            .to_owned(),
    };
    let now = world.now();
    let elsewhere = pushed("us-east-1");
    world.account.with_ecr(|ecr, _| ecr.put(elsewhere, now));
    world.minutes(90).await;
    assert_eq!(world.decisions(), []);
    // The same in its own Region.
    let (here, now) = (pushed(REGION), world.now());
    world.account.with_ecr(|ecr, _| ecr.put(here, now));
    world.minutes(90).await;
    assert!(!world.decisions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_image_is_not_missed() {
    let mut world = World::new(&[("web", &own("web", "seed"))]).await;
    let pushed = Pushed {
        registry: HOME.to_owned(),
        region: REGION.to_owned(),
        repository: "web".to_owned(),
        tag: Some("v1".to_owned()),
        digest: digest("one"),
        manifest: "{}".to_owned(),
    };
    let now = world.now();
    world.account.with_ecr(|ecr, _| ecr.put(pushed, now));
    world.minutes(90).await;
    assert_eq!(world.decisions(), []);
    assert!(
        world
            .heard()
            .iter()
            .all(|answer| answer.report.trigger != "reconcile")
    );
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_signature_that_follows_an_image_does_not_hide_it() {
    let world = World::new(&[("web", &own("web", "seed"))]).await;
    push_unheard(&world, "web", "v1", "one");
    world.minutes(1).await;
    // Signed with an image's own kind of configuration: a registry lists it as it lists an image.
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json"},
        "layers": [{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json"}],
    });
    let signature = Pushed {
        registry: HOME.to_owned(),
        region: REGION.to_owned(),
        repository: "web".to_owned(),
        tag: Some("sha256-one.sig".to_owned()),
        digest: digest("signature"),
        manifest: manifest.to_string(),
    };
    let now = world.now();
    world.account.with_ecr(|ecr, _| ecr.put(signature, now));
    world.minutes(90).await;
    assert_eq!(world.image_of("web", 0), own("web", "v1"));
}
