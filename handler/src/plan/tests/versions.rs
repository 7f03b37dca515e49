//! By which version what runs is known; and what needs no asking, and whom a name does not concern.

use serde_json::json;

use super::builders::{Scene, arn, definition, outcomes, rolled, service, writes_nothing};
use super::cases::{history, redeploy};
use super::newest::scene;
use crate::report::Outcome::{Held, Skipped, Unchanged};

/// Only upwards, and revisions name digests, which say nothing of a version.
fn pinned(images: &[&str]) -> Scene {
    let config = json!({"service": {"tags": "newest-semver", "pin": "digest"}});
    Scene::new(images).configured(&config)
}

/// Somebody deploys a revision to the service `web`; 101 is the first that a look-up makes.
fn deploy(scene: &mut Scene, revision: u32, minute: i64) {
    let web = scene.web().arn.clone();
    scene.deploy(&web, revision, minute);
}

#[test]
fn rule_01_the_same_version_pushed_again_rolls_in_place_of_a_roll_that_died() {
    let died = scene(&["web:1.9.0"])
        .pushed("web:2.0.0", "d2", 0)
        .noted("web", "d2-web-2.0.0", 0, 2, 1)
        .deployed(&[]);
    let plan = died.clone().pushed("web:2.0.0", "d3", 20).settled();
    assert_eq!(plan.rolls[0].cargo[0].digest, "sha256:d3", "{plan:#?}");
    // Where versions do not count, so does whatever came later.
    let any = died.configured(&json!({}));
    let plan = any.pushed("web:1.9.5", "d3", 20).settled();
    assert_eq!(rolled(&plan), ["web:1.9.5"], "{plan:#?}");
}

#[test]
fn rule_02_a_version_that_an_image_got_while_it_ran_counts_after_another_repositorys_roll() {
    let mut scene = pinned(&["web:seed", "api:seed"]).pushed("web:1.0.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:1.0.0"]);
    let mut scene = scene.pushed("web:2.0.0", "d1", 10);
    assert_eq!(outcomes(&scene.look_up(15)), [(Unchanged, "2.0.0")]);
    let mut scene = scene.pushed("api:1.0.0", "a1", 20);
    assert_eq!(rolled(&scene.look_up(25)), ["api:1.0.0"]);
    // Nothing but the ledger still tells of it.
    scene.records.clear();
    let plan = scene.pushed("web:1.5.0", "d2", 50).settled();
    assert_eq!(outcomes(&plan), [(Skipped, "1.5.0")], "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn rule_02_an_image_to_which_somebody_went_back_is_known_by_the_version_that_it_got_since() {
    let mut scene = pinned(&["web:seed"]).pushed("web:1.0.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:1.0.0"]);
    let mut scene = scene.pushed("web:2.0.0", "d2", 10);
    assert_eq!(rolled(&scene.look_up(15)), ["web:2.0.0"]);
    // The first image once more, in a third revision; then its first one is deployed again.
    let mut scene = scene.pushed("web:3.0.0", "d1", 20);
    assert_eq!(rolled(&scene.look_up(25)), ["web:3.0.0"]);
    deploy(&mut scene, 101, 30);
    scene.records.clear();
    let plan = scene.pushed("web:2.5.0", "d4", 60).settled();
    assert_eq!(outcomes(&plan), [(Skipped, "2.5.0")], "{plan:#?}");
    let reason = &plan.decisions[0].reason;
    assert!(reason.contains("not above 3.0.0"), "{reason}");
}

#[test]
fn rule_03_what_was_undone_keeps_no_later_push_back_by_a_version_that_it_got_while_it_ran() {
    let mut scene = pinned(&["web:seed"]).pushed("web:1.0.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:1.0.0"]);
    let mut scene = scene.pushed("web:2.0.0", "d2", 10);
    assert_eq!(rolled(&scene.look_up(15)), ["web:2.0.0"]);
    let mut scene = scene.pushed("web:2.5.0", "d2", 20);
    let told = [(Skipped, "1.0.0"), (Unchanged, "2.5.0")];
    assert_eq!(outcomes(&scene.look_up(25)), told);
    deploy(&mut scene, 101, 30);
    let plan = scene.pushed("web:1.5.0", "d3", 60).settled();
    assert_eq!(rolled(&plan), ["web:1.5.0"], "{plan:#?}");
}

#[test]
fn rule_02_a_tag_beside_the_digest_does_not_hide_the_version_of_the_ledgers_image() {
    let mut scene = scene(&["web:seed"]).pushed("web:2.0.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:2.0.0"]);
    scene.define(definition(200, &["web:stable@sha256:d1"]));
    deploy(&mut scene, 200, 15);
    scene.records.clear();
    let plan = scene.pushed("web:1.9.5", "d2", 20).settled();
    assert_eq!(outcomes(&plan), [(Skipped, "1.9.5")], "{plan:#?}");
}

#[test]
fn rule_01_over_what_has_no_version_any_rolls_whatever_the_ledger_names() {
    let mut scene = scene(&["web:seed"]).pushed("web:2.0.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:2.0.0"]);
    let scene = scene.pushed("web:main", "d2", 10);
    // Somebody deploys a tag of which no push is known, or what was pushed as no version.
    for image in ["web:stable", "web@sha256:d2"] {
        let mut own = scene.clone();
        own.define(definition(200, &[image]));
        deploy(&mut own, 200, 15);
        let plan = own.pushed("web:1.0.0", "d3", 20).settled();
        assert_eq!(rolled(&plan), ["web:1.0.0"], "{image}: {plan:#?}");
    }
}

#[test]
fn rule_01_over_a_digest_that_ecroll_brought_a_later_push_rolls_and_nothing_is_asked() {
    let mut scene = Scene::new(&["web:latest"])
        .configured(&json!({"service": {"pin": "digest"}}))
        .pushed("web:latest", "d0", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:latest"]);
    // Pushed before that deployment, and heard of after it: no tag can have moved between.
    let scene = scene.pushed("web:v1", "d1", 1);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated, [], "{plan:#?}");
    assert_eq!(rolled(&plan), ["web:v1"]);
}

#[test]
fn rule_03_what_was_rolled_back_is_held_and_nobody_is_asked_what_runs() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    let undone = scene.web().task_definition.clone();
    redeploy(&mut scene, &arn(1), 30);
    history(&mut scene, &[(&undone, 5), (&arn(1), 30)]);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated, [], "{plan:#?}");
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    writes_nothing(&plan);
}

#[test]
fn rule_04_a_name_rolls_no_service_but_those_that_are_matched_by_it() {
    let mut scene = Scene::new(&["x:latest"]).pushed("web:latest", "d1", 0);
    // A name counts within the account alone.
    "000000000000".clone_into(&mut scene.records[0].record.repository.account);
    let mut other = service("web-worker", 1);
    for (key, value) in [("ecroll:match", "name-prefix"), ("ecroll:action", "force")] {
        other.tags.insert(key.to_owned(), value.to_owned());
    }
    scene.inventory.services.push(other);
    let plan = scene.settled();
    let services: Vec<&str> = plan.rolls.iter().map(|roll| &*roll.service.name).collect();
    assert_eq!(services, ["web-worker"], "{plan:#?}");
}
