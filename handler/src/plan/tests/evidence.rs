//! What proves which image runs: ECS before the records, and the ledger where neither can tell.

use serde_json::json;

use super::builders::{Scene, arn, at, definition, outcomes, record, rolled, writes_nothing};
use super::dates::origin;
use crate::inventory::{Origin, Rollout};
use crate::report::Outcome::{Held, Skipped, Unchanged};

/// No container tells what it runs; its tag names this image by now.
pub(super) fn named(digest: &str, minute: Option<i64>) -> Origin {
    Origin {
        named: Some(format!("sha256:{digest}")),
        pushed_at: minute.map(at),
        ..Origin::default()
    }
}

/// Containers run several images of the repository, this the newest of them.
fn several(digest: &str, minute: i64) -> Origin {
    Origin {
        latest: Some(format!("sha256:{digest}")),
        pushed_at: Some(at(minute)),
        ..Origin::default()
    }
}

#[test]
fn rule_03_what_the_breaker_brought_back_and_was_noted_is_asked_about_before_it_is_rolled_again() {
    let mut scene = Scene::new(&["web:v1"]);
    scene.web().deployed_at = Some(at(12));
    scene.origin = Some(origin("d1", Some(0)));
    // The breaker brought revision 1 back at minute 12, with what `v1` named before minute 10.
    let mut scene = scene.pushed("web:v1", "d1", 0).pushed("web:v9", "d1", 20);
    assert_eq!(outcomes(&scene.look_up(21)), [(Unchanged, "v1")]);
    let mut scene = scene.pushed("web:v1", "d2", 10);
    let asked = scene.origin.take();
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1, "{plan:#?}");
    writes_nothing(&plan);
    scene.origin = asked;
    let plan = scene.asked();
    assert_eq!(
        outcomes(&plan),
        [(Skipped, "v1"), (Skipped, "v1"), (Unchanged, "v9")]
    );
}

#[test]
fn rule_01_an_image_that_is_pushed_again_rolls_where_its_tag_had_moved_unheard() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:v1"]);
    let scene = scene.pushed("web:v2", "d1", 8);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1, "{plan:#?}");
    writes_nothing(&plan);
    let mut same = scene.clone();
    same.origin = Some(origin("d1", Some(0)));
    assert_eq!(outcomes(&same.asked()), [(Unchanged, "v1")]);
    // The record of what `v1` names by now was lost.
    let mut moved = scene;
    moved.origin = Some(origin("d7", Some(1)));
    assert_eq!(rolled(&moved.look_up(9)), ["web:v2"]);
    moved.origin = None;
    assert_eq!(outcomes(&moved.asked()), [(Unchanged, "v2")]);
}

#[test]
fn rule_01_an_older_record_that_comes_twice_does_not_tell_what_runs() {
    let mut scene = Scene::new(&["web:latest"]);
    scene.web().deployed_at = Some(at(12));
    let scene = scene.pushed("web:latest", "d1", 0);
    let mut scene = scene.pushed("web:latest", "d2", 5);
    let plan = scene.look_up(15);
    let first = [(Skipped, "latest"), (Unchanged, "latest")];
    assert_eq!(outcomes(&plan), first);
    // A warm look-up reads what came since: the first record once more, and its image under another tag.
    scene.records.remove(1);
    assert_eq!(outcomes(&scene.settled()), [(Skipped, "latest")]);
    let scene = scene.pushed("web:v9", "d1", 60);
    assert_eq!(
        rolled(&scene.settled()),
        ["web:v9"],
        "`latest` names another image by now"
    );
}

#[test]
fn rule_01_without_tasks_a_tag_that_names_another_image_by_now_is_left() {
    let mut scene = Scene::new(&["web:latest"]);
    scene.web().deployed_at = Some(at(12));
    scene.web().desired = 0;
    let scene = scene.pushed("web:latest", "d1", 0);
    let mut scene = scene.pushed("web:v9", "d1", 60);
    let names = |digest, minute| Some(named(digest, Some(minute)));
    scene.origin = names("d1", 0);
    assert_eq!(outcomes(&scene.settled()), [(Unchanged, "latest")]);
    scene.origin = names("d2", -60);
    assert_eq!(rolled(&scene.settled()), ["web:v9"]);
    scene.origin = names("d2", 5);
    assert_eq!(rolled(&scene.look_up(61)), ["web:v9"]);
    assert_eq!(outcomes(&scene.settled()), [(Unchanged, "v9")]);
}

#[test]
fn rule_02_without_tasks_no_version_gives_way_to_a_lower_one() {
    let mut scene = Scene::new(&["web:2.0.0"])
        .configured(&json!({"service": {"tags": "newest-semver"}}))
        .pushed("web:2.0.0", "d1", 0)
        .pushed("web:1.9.0", "d1", 8);
    scene.web().deployed_at = Some(at(5));
    scene.web().desired = 0;
    scene.origin = Some(named("d7", None));
    assert_eq!(rolled(&scene.settled()), Vec::<String>::new());
}

#[test]
fn rule_02_no_version_gives_way_to_a_lower_one_of_an_image_pushed_again() {
    let mut scene = Scene::new(&["web:1.0.0"])
        .configured(&json!({"service": {"tags": "newest-semver"}}))
        .pushed("web:2.0.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:2.0.0"]);
    let mut scene = scene.pushed("web:1.9.0", "d1", 8);
    scene.origin = Some(origin("d7", Some(1)));
    assert_eq!(rolled(&scene.asked()), Vec::<String>::new());
}

#[test]
fn rule_01_an_image_pushed_again_rolls_where_containers_run_several() {
    let pinned = format!("web@sha256:{}", "0".repeat(64));
    let mut scene = Scene::new(&[&pinned, "web:v0"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(10)), ["web:v1"]);
    let mut scene = scene.pushed("web:v2", "d1", 20);
    scene.origin = Some(several("d3", 6));
    assert_eq!(rolled(&scene.asked()), ["web:v2"]);
}

#[test]
fn rule_03_an_image_pushed_again_is_asked_about_before_records_are_believed() {
    // `latest` named d1 when it was deployed, in a record that was lost.
    let mut scene = Scene::new(&["web:latest"]).pushed("web:latest", "d0", 0);
    scene.web().deployed_at = Some(at(12));
    scene.origin = Some(origin("d1", Some(5)));
    let mut scene = scene.pushed("web:v9", "d1", 5);
    let told = [(Skipped, "latest"), (Unchanged, "v9")];
    assert_eq!(outcomes(&scene.look_up(13)), told);
    let mut scene = scene.pushed("web:v10", "d1", 20);
    let known = scene.origin.take();
    assert_eq!(scene.first_plan(&scene.inventory).undated.len(), 1);
    scene.origin = known;
    let told = [(Skipped, "latest"), (Unchanged, "v10")];
    assert_eq!(outcomes(&scene.look_up(21)), told);
}

#[test]
fn rule_01_what_could_not_be_asked_is_asked_again_before_anything_is_noted() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(3);
    let mut scene = scene.pushed("web:v2", "d1", 8);
    scene.origin = Some(Origin {
        pushed_at: Some(at(1)),
        unknown: Some("throttled".to_owned()),
        retryable: true,
        ..Origin::default()
    });
    let plan = scene.asked();
    assert_eq!(outcomes(&plan).len(), 1);
    assert!(plan.decisions[0].retryable, "{plan:#?}");
    writes_nothing(&plan);
    // Where nothing has pulled it yet, there is nothing to ask.
    scene.web().rollout = Some(Rollout::UnderWay);
    scene.origin = None;
    assert_eq!(scene.first_plan(&scene.inventory).undated, []);
    assert_eq!(outcomes(&scene.look_up(9)), [(Unchanged, "v1")]);
    // And what was noted is not asked about at every look-up.
    scene.web().rollout = Some(Rollout::Completed);
    scene.origin = Some(Origin {
        digest: Some("sha256:d1".to_owned()),
        pushed_at: Some(at(0)),
        ..Origin::default()
    });
    assert_eq!(outcomes(&scene.look_up(10)), [(Unchanged, "v1")]);
    assert_eq!(scene.first_plan(&scene.inventory).undated, []);
}

#[test]
fn rule_02_what_ecr_says_of_a_tag_counts_more_than_what_was_noted_before_it_moved() {
    let mut scene = Scene::new(&["web:latest"]).pushed("web:latest", "d2", 0);
    scene.web().deployed_at = Some(at(2));
    assert_eq!(outcomes(&scene.look_up(3)), [(Unchanged, "latest")]);
    // It moved at minute 40, its record was lost, and somebody deployed the revision again.
    scene.records.clear();
    scene.web().deployed_at = Some(at(50));
    scene.origin = Some(Origin {
        pushed_at: Some(at(40)),
        ..Origin::default()
    });
    let late = scene.clone().pushed("web:v8", "d5", 20);
    assert_eq!(outcomes(&late.settled()), [(Skipped, "v8")]);
    let again = scene.pushed("web:v9", "d2", 60);
    assert_eq!(rolled(&again.settled()), ["web:v9"]);
}

#[test]
fn rule_03_what_was_found_running_is_not_rolled_for_the_stamp_alone() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    scene.web().desired = 0;
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    // The registry tells that the tag had moved; then nobody tells any more.
    let mut scene = scene.pushed("web:v1", "d2", 3);
    let told = [(Skipped, "v1"), (Unchanged, "v1")];
    assert_eq!(outcomes(&scene.look_up(6)), told);
    let _ = scene.records.pop();
    let mut scene = scene.pushed("web:v3", "d2", 60);
    let told = [(Skipped, "v1"), (Unchanged, "v3")];
    assert_eq!(outcomes(&scene.look_up(61)), told);
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), told, "{plan:#?}");
    writes_nothing(&plan);
}

/// `v1` had moved when the first roll deployed it beside a container that names a digest, and the record was late.
#[test]
fn rule_02_containers_that_run_several_images_are_as_new_as_the_newest() {
    let pinned = format!("web@sha256:{}", "0".repeat(64));
    let mut scene = Scene::new(&[&pinned, "web:v0"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(10)), ["web:v1"]);
    let mut scene = scene.pushed("web:v2", "d2", 3);
    assert_eq!(scene.first_plan(&scene.inventory).undated.len(), 1);
    scene.origin = Some(several("d3", 6));
    let plan = scene.settled();
    let skipped = [(Skipped, "v1"), (Skipped, "v2")];
    assert_eq!(outcomes(&plan), skipped, "{plan:#?}");
    writes_nothing(&plan);
    // Once it is heard of, every container gets it.
    let scene = scene.pushed("web:v1", "d3", 6);
    assert_eq!(rolled(&scene.settled()), ["web:v1"]);
}

#[test]
fn rule_01_without_tasks_an_image_rolls_by_another_tag_where_that_of_its_revision_moved_on() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:latest", "d6", 0);
    scene.web().desired = 0;
    assert_eq!(rolled(&scene.look_up(1)), ["web:latest"]);
    // `latest` moved, unheard, and then the service was deployed again.
    scene.web().deployed_at = Some(at(20));
    scene.records.clear();
    let mut scene = scene.pushed("web:v2", "d6", 16);
    scene.origin = Some(named("d1", Some(-30)));
    assert_eq!(rolled(&scene.asked()), ["web:v2"]);
    // Or to what is newer, of which the record is under way.
    scene.origin = Some(named("d1", Some(18)));
    assert_eq!(outcomes(&scene.asked()), [(Skipped, "v2")]);
    scene.origin = Some(named("d6", Some(0)));
    assert_eq!(outcomes(&scene.asked()), [(Unchanged, "v2")]);
}

#[test]
fn rule_01_a_further_tag_of_an_image_is_asked_about_once_and_rolls_where_another_runs() {
    let scene = Scene::new(&["web:seed"]).pushed("web:latest", "d6", 0);
    let mut scene = scene;
    assert_eq!(rolled(&scene.look_up(20)), ["web:latest"]);
    let mut scene = scene.pushed("web:v2", "d6", 10);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1, "{plan:#?}");
    writes_nothing(&plan);
    // `latest` had moved at minute 5, unheard, and what it names was pulled; or after minute 10.
    scene.origin = Some(origin("d9", Some(5)));
    assert_eq!(rolled(&scene.clone().asked()), ["web:v2"]);
    scene.origin = Some(origin("d9", Some(15)));
    assert_eq!(rolled(&scene.clone().asked()), Vec::<String>::new());
    scene.origin = Some(origin("d6", Some(0)));
    assert_eq!(outcomes(&scene.look_up(21)), [(Unchanged, "latest")]);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated, [], "{plan:#?}");
}

#[test]
fn rule_01_an_image_does_not_roll_by_a_tag_that_what_runs_has_taken() {
    // `rc` went on to an image of which no record told yet, and that was pulled.
    let mut scene = Scene::new(&["web:rc"])
        .pushed("web:rc", "d4", 0)
        .pushed("web:v6", "d4", 8);
    scene.web().deployed_at = Some(at(7));
    scene.origin = Some(origin("d5", Some(6)));
    assert_eq!(rolled(&scene.asked()), ["web:v6"]);
    // Nor where that image was pushed long before. But it may have been moved there after the push was named otherwise.
    scene.origin = Some(origin("d5", Some(-60)));
    assert_eq!(rolled(&scene.clone().asked()), ["web:v6"]);
    scene.web().deployed_at = Some(at(9));
    assert_eq!(rolled(&scene.asked()), ["web:rc"]);
}

#[test]
fn rule_03_what_somebody_deployed_of_the_ledgers_image_is_asked_about_before_it_rolls_again() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    // By a revision of their own; and the batch of the log that tells of the next push tells of nothing else.
    scene.define(definition(7, &["web:v1"]));
    scene.web().task_definition = arn(7);
    scene.web().deployed_at = Some(at(30));
    scene.records = vec![record("web:v1", "d1", 60, "again")];
    scene.origin = Some(origin("d1", Some(0)));
    assert_eq!(outcomes(&scene.asked()), [(Unchanged, "v1")]);
    scene.origin = Some(origin("d9", Some(20)));
    assert_eq!(rolled(&scene.clone().asked()), ["web:v1"]);
    // Without tasks nothing has pulled it yet.
    scene.web().desired = 0;
    scene.origin = Some(named("d1", Some(0)));
    let tag_named_another_then = rolled(&scene.clone().asked());
    assert_eq!(tag_named_another_then, ["web:v1"], "maybe");
    scene.records = vec![record("web:v1", "d1", 20, "again")];
    assert_eq!(outcomes(&scene.asked()), [(Unchanged, "v1")]);
}

#[test]
fn rule_03_without_tasks_what_somebody_went_back_to_stays_when_its_tag_moves() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    scene.web().desired = 0;
    assert_eq!(rolled(&scene.look_up(1)), ["web:v1"]);
    let first = scene.web().task_definition.clone();
    let mut scene = scene.pushed("web:v2", "d2", 2);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v2"]);
    // The tag had moved by then.
    let mut scene = scene.pushed("web:v2", "d1", 4);
    scene.origin = Some(named("d1", Some(0)));
    let again = scene.asked();
    assert!(outcomes(&again).contains(&(Unchanged, "v2")), "{again:#?}");
    scene.carry_out(&again, 6);
    // By a revision that names the same image, as long as `v1` does.
    let (web, number) = (scene.web().arn.clone(), first.rsplit(':').next().unwrap());
    scene.deploy(&web, number.parse().unwrap(), 7);
    let stays = scene.clone().asked();
    assert_eq!(
        outcomes(&stays).last(),
        Some(&(Unchanged, "v2")),
        "{stays:#?}"
    );
    scene.origin = Some(named("d9", Some(-60)));
    let plan = scene.asked();
    assert!(outcomes(&plan).contains(&(Held, "v2")), "{plan:#?}");
    writes_nothing(&plan);
}
