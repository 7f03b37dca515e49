//! What runs counts for "never backwards" whoever deployed it.

use serde_json::json;

use super::builders::{Scene, arn, at, outcomes, record, rolled, writes_nothing};
use crate::inventory::Origin;
use crate::report::Outcome::{Failed, Held, Skipped, Unchanged};

pub(super) fn origin(digest: &str, minute: Option<i64>) -> Origin {
    Origin {
        digest: Some(format!("sha256:{digest}")),
        pushed_at: minute.map(at),
        unknown: minute.is_none().then(|| "AccessDenied".to_owned()),
        ..Origin::default()
    }
}

/// The service runs `web:seed` since minute 10; the record of a push at minute 0 shows up now.
fn deployed_since() -> Scene {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:late", "d1", 0);
    scene.web().deployed_at = Some(at(10));
    scene
}

#[test]
fn rule_02_a_push_from_before_the_deployment_asks_what_runs() {
    let scene = deployed_since();
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1);
    assert_eq!(plan.undated[0].deployed_at, at(10));
    assert_eq!(plan.undated[0].images.len(), 1);
    writes_nothing(&plan);
    assert_eq!(plan.decisions, []);
}

#[test]
fn rule_02_a_push_from_after_the_deployment_asks_nothing() {
    let scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated, []);
    assert_eq!(rolled(&plan), ["web:v1"]);
}

#[test]
fn rule_02_what_runs_and_was_pushed_later_stays() {
    let mut scene = deployed_since();
    scene.origin = Some(origin("d2", Some(5)));
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Skipped, "late")]);
    assert!(plan.decisions[0].reason.contains("older than what runs"));
    writes_nothing(&plan);
}

#[test]
fn rule_02_what_runs_and_was_pushed_earlier_rolls() {
    let mut scene = deployed_since();
    scene.origin = Some(origin("d2", Some(-5)));
    assert_eq!(rolled(&scene.settled()), ["web:late"]);
}

#[test]
fn rule_01_a_tag_that_the_policy_leaves_out_does_not_make_what_runs_newer() {
    let mut scene = Scene::new(&["web:v3"])
        .configured(&json!({"service": {"tags": "semver:1.x"}}))
        .pushed("web:v3", "d2", 0)
        .pushed("web:1.0.0", "d1", 60)
        .pushed("web:2.0.0", "d2", 90);
    scene.web().deployed_at = Some(at(600));
    for pushed_at in [Some(0), None] {
        scene.origin = Some(origin("d2", pushed_at));
        assert_eq!(rolled(&scene.settled()), ["web:1.0.0"], "{pushed_at:?}");
    }
    // One that it takes does.
    let mut scene = scene.pushed("web:1.1.0", "d2", 120);
    scene.origin = Some(origin("d2", Some(0)));
    assert_eq!(rolled(&scene.settled()), Vec::<String>::new());
}

/// What was pushed after the deployment says nothing of what was deployed.
#[test]
fn rule_01_a_later_push_of_the_same_image_does_not_date_the_deployment() {
    let mut scene = Scene::new(&["web:seed"])
        .configured(&json!({"service": {"tags": "semver:1.x"}}))
        .pushed("web:1.0.0", "d1", 5)
        .pushed("web:2.0.0", "d2", 30);
    scene.web().deployed_at = Some(at(10));
    scene.origin = Some(origin("d2", None));
    assert_eq!(rolled(&scene.settled()), ["web:1.0.0"]);
}

/// Nor does one under a tag that the policy leaves out, where ECR tells of the first.
#[test]
fn rule_01_the_registry_dates_an_image_better_than_a_tag_that_says_nothing() {
    let mut scene = Scene::new(&["web:seed"])
        .configured(&json!({"service": {"tags": "semver:1.x"}}))
        .pushed("web:1.0.0", "d1", 60)
        .pushed("web:2.0.0", "d2", 90);
    scene.web().deployed_at = Some(at(600));
    scene.origin = Some(origin("d2", Some(0)));
    assert_eq!(rolled(&scene.settled()), ["web:1.0.0"]);
    scene.origin = Some(origin("d2", None));
    assert_eq!(rolled(&scene.settled()), Vec::<String>::new());
}

#[test]
fn rule_02_where_the_date_cannot_be_read_it_rolls_and_says_so() {
    let mut scene = deployed_since();
    scene.origin = Some(origin("d2", None));
    let plan = scene.settled();
    let reason = &plan.rolls[0].cargo[0].reason;
    assert!(reason.contains("not known: AccessDenied"), "{reason}");
}

#[test]
fn rule_03_the_pushed_digest_that_runs_under_another_tag_is_left() {
    let mut scene = deployed_since();
    scene.origin = Some(origin("d1", Some(0)));
    let plan = scene.look_up(20);
    assert_eq!(outcomes(&plan), [(Unchanged, "late")]);
    let plan = scene.look_up(25);
    assert_eq!(outcomes(&plan), [(Unchanged, "late")]);
    writes_nothing(&plan);
}

/// Rolled for a push of `latest` at minute 3; what was pushed at minute 1 shows up after that.
fn stamped() -> Scene {
    let mut scene = Scene::new(&["web:latest"]).pushed("web:latest", "d0", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:latest"]);
    scene.pushed("web:v1", "d1", 1)
}

#[test]
fn rule_02_a_tag_that_moved_on_before_the_deployment_is_not_taken_for_the_push_that_rolled() {
    // `latest` was pushed again at minute 2, so that is what the deployment pulled; its record has not come yet.
    let mut scene = stamped();
    scene.origin = Some(origin("d2", Some(2)));
    let plan = scene.look_up(5);
    assert_eq!(outcomes(&plan), [(Skipped, "latest"), (Skipped, "v1")]);
    writes_nothing(&plan);
}

#[test]
fn rule_02_a_tag_that_did_not_move_gives_way_to_a_newer_push() {
    let mut scene = stamped();
    scene.origin = Some(origin("d0", Some(0)));
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
}

#[test]
fn rule_02_a_stamp_counts_where_nobody_can_say_what_runs() {
    assert_eq!(rolled(&stamped().look_up(5)), ["web:v1"]);
}

#[test]
fn rule_02_a_push_from_after_the_deployment_trusts_the_stamp() {
    let mut scene = Scene::new(&["web:latest"]).pushed("web:latest", "d0", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:latest"]);
    let scene = scene.pushed("web:v1", "d1", 4);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated, []);
    assert_eq!(rolled(&plan), ["web:v1"]);
}

#[test]
fn rule_01_an_old_revision_that_is_deployed_again_runs_what_its_tag_names_by_then() {
    let mut scene = Scene::new(&["web:latest"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:v1"]);
    let first = scene.web().task_definition.clone();
    // The same tag, another image.
    let mut scene = scene.pushed("web:v1", "d4", 10);
    assert_eq!(rolled(&scene.look_up(13)), ["web:v1"]);
    // Somebody goes back a revision, and that names v1 as well. Then the first image is pushed once more.
    scene.web().task_definition = first;
    scene.web().deployed_at = Some(at(60));
    let again = record("web:latest", "d1", 90, "again");
    scene.records.push(again);
    assert_eq!(rolled(&scene.settled()), ["web:latest"]);
}

#[test]
fn rule_03_what_the_breaker_brought_back_is_not_what_its_tag_names_by_then() {
    let mut scene = Scene::new(&["web:latest"]).pushed("web:latest", "d1", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:latest"]);
    // The breaker deploys revision 1 again, which names `latest` too, and pulls what it pulled before.
    scene.web().task_definition = arn(1);
    scene.web().deployed_at = Some(at(5));
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1, "{plan:#?}");
    scene.origin = Some(origin("d0", Some(-500)));
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Held, "latest")], "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn rule_01_a_push_between_a_roll_and_its_undoing_is_not_taken_for_what_came_back() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:latest", "d1", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:latest"]);
    // The breaker undid a later roll at minute 65, so that this revision was deployed again, with what it pulled before.
    scene.web().deployed_at = Some(at(65));
    scene.origin = Some(origin("d1", Some(0)));
    // The record of a push at minute 60 comes after that.
    let scene = scene.pushed("web:latest", "d2", 60);
    assert_eq!(rolled(&scene.settled()), ["web:latest"]);
}

#[test]
fn rule_01_what_was_found_in_place_of_a_stamp_counts_when_its_record_is_gone() {
    // `latest` moved at minute 5, before the deployment; a look-up found what it pulled, and noted that.
    let mut scene = Scene::new(&["web:latest"]).pushed("web:latest", "d1", 0);
    assert_eq!(rolled(&scene.look_up(10)), ["web:latest"]);
    let mut scene = scene.pushed("web:latest", "d2", 5);
    scene.origin = Some(origin("d2", Some(5)));
    let plan = scene.look_up(15);
    assert_eq!(
        outcomes(&plan),
        [(Skipped, "latest"), (Unchanged, "latest")]
    );
    // Days later.
    scene.records.clear();
    scene.origin = None;
    let first = scene.clone().pushed("web:v9", "d1", 6000);
    assert_eq!(rolled(&first.settled()), ["web:v9"]);
    let second = scene.pushed("web:v9", "d2", 6000);
    assert_eq!(outcomes(&second.settled()), [(Unchanged, "v9")]);
}

#[test]
fn rule_01_what_was_noted_as_running_rolls_when_a_late_record_tells_that_it_never_did() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:v1"]);
    let mut scene = scene.pushed("web:v3", "d1", 8);
    assert_eq!(outcomes(&scene.look_up(9)), [(Unchanged, "v1")]);
    // Its tag had moved before the deployment.
    let mut scene = scene.pushed("web:v1", "d2", 1);
    assert_eq!(rolled(&scene.asked()), ["web:v3"]);
    // Whoever deployed it again since did so with what the tag names.
    scene.web().deployed_at = Some(at(12));
    assert_eq!(rolled(&scene.asked()), Vec::<String>::new());
}

#[test]
fn rule_02_a_date_that_may_be_had_by_asking_again_is_waited_for() {
    let mut scene = deployed_since();
    let refused = origin("d0", None);
    scene.origin = Some(refused.clone());
    assert_eq!(rolled(&scene.settled()), ["web:late"], "refused for good");
    scene.origin = Some(Origin {
        unknown: Some("connection reset".to_owned()),
        retryable: true,
        ..refused
    });
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Failed, "late")]);
    assert!(plan.decisions[0].retryable && plan.decisions[0].reason.contains("reset"));
    writes_nothing(&plan);
}

/// The record of what moved the tag was lost; a roll for another repository pulled it.
#[test]
fn rule_01_what_a_roll_for_another_repository_pulled_is_asked_and_not_taken_from_the_stamp() {
    let mut scene = Scene::new(&["web:seed", "api:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(1);
    let mut scene = scene.pushed("api:v2", "d2", 30);
    let plan = scene.look_up(31);
    assert_eq!(rolled(&plan), ["api:v2"]);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1, "which image of web runs");
    // ECS says: another one than the stamp, which came with the first roll.
    scene.origin = Some(Origin {
        digest: Some("sha256:d9".to_owned()),
        pushed_at: Some(at(20)),
        ..Origin::default()
    });
    let plan = scene.asked();
    let runs = outcomes(&plan)
        .into_iter()
        .filter(|(outcome, _)| *outcome == Unchanged);
    assert_eq!(runs.collect::<Vec<_>>(), [(Unchanged, "v2")], "{plan:#?}");
}
