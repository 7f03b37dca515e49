//! What a person deployed counts for "never backwards", though the push of it is not in the log.

use handler::report::Outcome;

use crate::road::{IMAGE, deploy, put};
use crate::world::{REGISTRY, World, digest, image};

/// `v1` is pushed, its record takes an hour; meanwhile `tag` is pushed without a record, and a person deploys `what`.
async fn overtaken(what: &str, after: impl FnOnce(&World)) -> (World, String) {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    put(&world, "web", "seed", "zero", IMAGE);
    world.minutes(1).await;
    let older = world.push("web", "v1", "one", 60);
    world.minutes(5).await;
    put(&world, "web", "stable", "two", IMAGE);
    world.minutes(1).await;
    deploy(&world, what);
    world.minutes(10).await;
    after(&world);
    world.minutes(120).await;
    let _ = world.decisions();
    (world, older)
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_late_push_does_not_undo_what_a_person_deployed_by_tag() {
    let (mut world, older) = overtaken(&image("web", "stable"), |_| ()).await;
    assert_eq!(world.image_of("web", 0), image("web", "stable"));
    assert_eq!(world.deployments("web"), 1, "the person's own");
    let (outcome, reason) = world.last("web", &older).unwrap();
    assert_eq!(outcome, Outcome::Skipped);
    assert!(reason.contains("older than what runs"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn rule_02_nor_by_digest() {
    let by_digest = image("web", "x").replace(":x", &format!("@{}", digest("two")));
    let (mut world, older) = overtaken(&by_digest, |_| ()).await;
    assert_eq!(world.image_of("web", 0), by_digest);
    assert_eq!(world.last("web", &older).unwrap().0, Outcome::Skipped);
}

#[tokio::test(start_paused = true)]
async fn rule_02_what_the_tag_names_by_now_does_not_matter() {
    // After the deployment the tag goes back to an old image: what runs is still the newer one.
    let back = |world: &World| put(world, "web", "stable", "zero", IMAGE);
    let (mut world, older) = overtaken(&image("web", "stable"), back).await;
    assert_eq!(world.image_of("web", 0), image("web", "stable"));
    assert_eq!(world.last("web", &older).unwrap().0, Outcome::Skipped);
}

#[tokio::test(start_paused = true)]
async fn rule_02_an_old_image_that_a_person_deployed_does_not_stop_the_push() {
    let (mut world, older) = overtaken(&image("web", "seed"), |_| ()).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.last("web", &older).unwrap().0, Outcome::Unchanged);
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_registry_that_does_not_tell_is_said_in_the_reason() {
    let deny = |world: &World| world.account.with_ecr(|ecr, _| ecr.deny(REGISTRY));
    let (mut world, older) = overtaken(&image("web", "stable"), deny).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    let rolled = world.decisions();
    let rolled = rolled
        .iter()
        .find(|d| d.push == older && d.outcome == Outcome::Rolled);
    let reason = &rolled.unwrap().reason;
    assert!(
        reason.contains("not known") && reason.contains("AccessDenied"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn rule_02_nothing_is_asked_where_the_push_came_after_the_deployment() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    let before = world.account.journal_len();
    world.push("web", "v1", "one", 5);
    world.minutes(60).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    let asked = ["DescribeImages", "ListServiceDeployments"];
    let calls = world.calls(before);
    assert!(!calls.iter().any(|call| asked.contains(&call.as_str())));
}
