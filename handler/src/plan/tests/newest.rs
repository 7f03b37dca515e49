//! `newest-semver`: only upwards, whatever order things come in.

use serde_json::json;

use super::builders::{Scene, arn, at, definition, image, outcomes, rolled, writes_nothing};
use super::dates::origin;
use crate::plan::{Deployed, History, Source};
use crate::report::Outcome::{self, Held, Skipped, Unchanged};

/// Only upwards.
pub(super) fn scene(images: &[&str]) -> Scene {
    Scene::new(images).configured(&json!({"service": {"tags": "newest-semver"}}))
}

/// Revision and minute of what was deployed to the service `web`.
fn past(scene: &mut Scene, past: &[(&str, i64)]) {
    let past = past
        .iter()
        .map(|(revision, minute)| Deployed::new((*revision).to_owned(), at(*minute)));
    let past = History::whole(past.collect());
    let web = scene.web().arn.clone();
    scene.histories.insert(web, past);
}

fn reason(plan: &crate::plan::Plan, tag: &str) -> (Outcome, String) {
    let mut decisions = plan.decisions.iter();
    let decision = decisions.find(|decision| decision.tag == tag).unwrap();
    (decision.outcome, decision.reason.clone())
}

#[test]
fn the_highest_of_several_pushes_rolls_not_the_latest() {
    let mut scene = scene(&["web:seed"])
        .pushed("web:1.9.4", "d1", 0)
        .pushed("web:v2.0.0", "d2", 1)
        .pushed("web:1.9.5", "d3", 2)
        .pushed("web:2.1.0-rc.1", "d4", 3)
        .pushed("web:latest", "d5", 4);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:v2.0.0"]);
    assert_eq!(reason(&plan, "1.9.5").0, Skipped);
    assert!(
        reason(&plan, "1.9.5").1.contains("the highest version"),
        "{plan:#?}"
    );
    assert!(reason(&plan, "latest").1.contains("policy newest-semver"));
    assert!(
        reason(&plan, "2.1.0-rc.1")
            .1
            .contains("policy newest-semver")
    );
    let again = scene.look_up(10);
    writes_nothing(&again);
    assert_eq!(reason(&again, "v2.0.0").0, Unchanged);
    let (outcome, why) = reason(&again, "1.9.5");
    assert_eq!(outcome, Skipped);
    assert!(why.contains("1.9.5 is not above 2.0.0"), "{why}");
}

#[test]
fn a_patch_of_an_older_line_is_skipped_however_late_it_comes() {
    for runs in ["web:2.0.0", "web:v2.0.0"] {
        let mut scene = scene(&[runs]).pushed("web:1.9.5", "d1", 100);
        let plan = scene.look_up(105);
        assert_eq!(outcomes(&plan), [(Skipped, "1.9.5")]);
        assert!(plan.decisions[0].reason.contains("not above 2.0.0"));
        writes_nothing(&plan);
    }
}

#[test]
fn the_same_version_again_is_skipped_with_another_digest_and_unchanged_with_the_same() {
    let mut scene = scene(&["web:seed"]).pushed("web:2.0.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(1)), ["web:2.0.0"]);
    let mut moved = scene.clone().pushed("web:2.0.0", "d2", 100);
    let plan = moved.look_up(105);
    writes_nothing(&plan);
    assert_eq!(outcomes(&plan), [(Skipped, "2.0.0"), (Unchanged, "2.0.0")]);
    let mut renamed = scene.pushed("web:v2.0.0", "d1", 100);
    assert_eq!(rolled(&renamed.look_up(105)), Vec::<String>::new());
    assert_eq!(renamed.images(), ["web:2.0.0"]);
}

#[test]
fn what_runs_is_known_by_the_pushs_other_tags_and_by_the_ledger() {
    // The container names `latest`, whose push was 2.0.0 as well.
    let mut latest = scene(&["web:latest"])
        .pushed("web:2.0.0", "d1", 0)
        .pushed("web:latest", "d1", 0)
        .pushed("web:1.9.5", "d2", 50);
    latest.web().deployed_at = Some(at(10));
    let plan = latest.look_up(60);
    assert_eq!(rolled(&plan), Vec::<String>::new());
    assert!(
        reason(&plan, "1.9.5").1.contains("not above 2.0.0"),
        "{plan:#?}"
    );
    // The container names a digest; only the ledger knows that it is 2.0.0.
    let mut pinned = Scene::new(&["web:seed"])
        .configured(&json!({"service": {"tags": "newest-semver", "pin": "digest"}}))
        .pushed("web:2.0.0", "d1", 0);
    let _ = pinned.look_up(5);
    assert_eq!(pinned.images(), ["web@sha256:d1"]);
    pinned.records.clear();
    let mut pinned = pinned
        .pushed("web:1.9.5", "d2", 50)
        .pushed("web:2.0.1", "d3", 60);
    assert_eq!(rolled(&pinned.clone().look_up(70)), ["web:2.0.1"]);
    pinned.records.retain(|found| found.record.tag == "1.9.5");
    let plan = pinned.look_up(70);
    assert_eq!(outcomes(&plan), [(Skipped, "1.9.5")]);
    // And still after a roll for another repository.
    let mut two = Scene::new(&["web:seed", "proxy:seed"])
        .configured(&json!({"service": {"tags": "newest-semver", "pin": "digest"}}))
        .pushed("web:2.0.0", "d1", 0);
    let _ = two.look_up(5);
    let mut two = two.pushed("proxy:1.0.0", "d2", 10);
    assert_eq!(rolled(&two.look_up(15)), ["proxy:1.0.0"]);
    two.records.clear();
    let mut two = two.pushed("web:1.9.5", "d3", 50);
    assert_eq!(outcomes(&two.look_up(60)), [(Skipped, "1.9.5")]);
}

#[test]
fn a_release_is_above_its_pre_release_and_where_nothing_has_a_version_all_are_above() {
    for (runs, pushed, rolls) in [
        ("web:2.1.0-rc.1", "web:2.1.0", true),
        ("web:2.1.0-rc.1", "web:2.0.9", false),
        ("web:latest", "web:0.0.1", true),
        ("web:1.10.0", "web:1.9.9", false),
        ("web:1.9.9", "web:1.10.0", true),
    ] {
        let mut scene = scene(&[runs]).pushed(pushed, "d1", 0);
        assert_eq!(
            rolled(&scene.look_up(5)).len() == 1,
            rolls,
            "{runs} {pushed}"
        );
    }
}

#[test]
fn of_one_push_with_several_versions_the_highest_tag_is_taken() {
    let mut scene = scene(&["web:1.0.0"])
        .pushed("web:1.10.0", "d1", 0)
        .pushed("web:1.9.0", "d1", 1)
        .pushed("web:stable", "d1", 2);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:1.10.0"]);
    writes_nothing(&scene.look_up(6));
}

#[test]
fn rule_02_a_higher_version_that_was_pushed_before_what_runs_does_not_go_back_in_time() {
    let mut scene = scene(&["web:seed"]).pushed("web:1.9.5", "d1", 10);
    assert_eq!(rolled(&scene.look_up(12)), ["web:1.9.5"]);
    // Its record is late.
    let mut scene = scene.pushed("web:2.0.0", "d2", 5);
    let plan = scene.look_up(15);
    writes_nothing(&plan);
    assert!(
        reason(&plan, "2.0.0").1.contains("pushed before"),
        "{plan:#?}"
    );
    // And it does not hide what comes next.
    let mut scene = scene.pushed("web:1.9.6", "d3", 20);
    assert_eq!(rolled(&scene.look_up(25)), ["web:1.9.6"]);
    // Nor does it come back when what came first has left the window.
    scene.records.retain(|found| found.record.tag == "2.0.0");
    let plan = scene.look_up(30);
    assert_eq!(outcomes(&plan), [(Skipped, "2.0.0")]);
    writes_nothing(&plan);
}

#[test]
fn rule_03_after_a_rollback_the_next_push_above_what_runs_rolls() {
    let mut scene = scene(&["web:1.9.0"]).pushed("web:2.0.0", "d2", 0);
    let _ = scene.look_up(5);
    let new = scene.web().task_definition.clone();
    scene.web().task_definition = arn(1);
    scene.web().deployed_at = Some(at(30));
    past(&mut scene, &[(&new, 5), (&arn(1), 30)]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "2.0.0")]);
    writes_nothing(&plan);
    let mut next = scene.clone().pushed("web:1.9.5", "d3", 60);
    let plan = next.settled();
    assert_eq!(rolled(&plan), ["web:1.9.5"], "{plan:#?}");
    // And 2.0.0 stays undone afterwards.
    let plan = next.look_up(65);
    assert_eq!(rolled(&plan), ["web:1.9.5"]);
    let plan = next.asked();
    writes_nothing(&plan);
    assert_eq!(reason(&plan, "2.0.0").0, Skipped);
}

#[test]
fn rule_01_after_a_rollback_to_a_digest_the_same_version_pushed_again_is_above_it() {
    let seed = format!("web@sha256:{}", "5".repeat(64));
    let mut scene = scene(&[&seed]).pushed("web:2.0.0", "d2", 0);
    assert_eq!(rolled(&scene.look_up(5)).len(), 1);
    let new = scene.web().task_definition.clone();
    let mut scene = scene.pushed("web:2.0.0", "d3", 20);
    let plan = scene.look_up(25);
    assert_eq!(reason(&plan, "2.0.0"), {
        let why = "2.0.0 is not above 2.0.0, which the service runs";
        (Skipped, why.to_owned())
    });
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 30);
    past(&mut scene, &[(&new, 5), (&arn(1), 30)]);
    let plan = scene.settled();
    assert_eq!(plan.rolls[0].cargo[0].digest, "sha256:d3", "{plan:#?}");
}

#[test]
fn rule_01_a_roll_that_died_is_resumed_before_a_lower_version_that_came_later() {
    let died = scene(&["web:1.9.0"])
        .pushed("web:2.0.0", "d2", 0)
        .noted("web", "d2-web-2.0.0", 0, 2, 1)
        .pushed("web:1.9.5", "d3", 20);
    assert_eq!(died.plan().doubts.len(), 1, "history decides");
    let plan = died.clone().deployed(&[]).settled();
    assert_eq!(rolled(&plan), ["web:2.0.0"], "{plan:#?}");
    assert_eq!(plan.rolls[0].source, Source::Registered(arn(2)));
    assert_eq!(outcomes(&plan), [(Skipped, "1.9.5")]);
    // Likewise when its record has left the window.
    let mut unseen = died;
    unseen.records.retain(|found| found.record.tag == "1.9.5");
    assert_eq!(unseen.plan().doubts.len(), 1, "history decides");
    let plan = unseen.clone().deployed(&[]).settled();
    assert_eq!(plan.rolls[0].source, Source::Registered(arn(2)));
    assert_eq!(outcomes(&plan), [(Skipped, "1.9.5")]);
    let plan = unseen.deployed(&[(2, 5)]).settled();
    assert_eq!(rolled(&plan), ["web:1.9.5"], "2.0.0 was undone");
}

#[test]
fn semver_is_a_filter_the_newest_push_that_it_takes_rolls() {
    let config = json!({"service": {"tags": "semver:>=1.9, <3"}});
    let mut scene = Scene::new(&["web:2.0.0"])
        .configured(&config)
        .pushed("web:2.1.0", "d1", 0)
        .pushed("web:1.9.5", "d2", 1)
        .pushed("web:3.0.0", "d3", 2);
    assert_eq!(rolled(&scene.look_up(5)), ["web:1.9.5"]);
}

#[test]
fn an_image_that_gets_a_lower_version_as_well_stays_known_by_the_higher() {
    let config = json!({"service": {"tags": "newest-semver", "pin": "digest"}});
    let mut scene = Scene::new(&["web:seed"])
        .configured(&config)
        .pushed("web:2.0.1", "d1", 0);
    let _ = scene.look_up(5);
    scene.records.clear();
    let mut scene = scene.pushed("web:1.9.0", "d1", 10);
    let _ = scene.look_up(15);
    scene.records.clear();
    let mut scene = scene.pushed("web:2.0.0", "d2", 20);
    assert_eq!(outcomes(&scene.look_up(25)), [(Skipped, "2.0.0")]);
}

#[test]
fn rule_03_an_image_that_got_another_version_while_it_ran_stays_undone() {
    for version in ["2.0.0", "1.9.0"] {
        let mut scene = scene(&["web:seed"]).pushed("web:1.10.0", "d1", 0);
        assert_eq!(rolled(&scene.look_up(1)), ["web:1.10.0"]);
        // Another image between the two makes them two pushes.
        let again = format!("web:{version}");
        let mut scene = scene.pushed("web:main", "d3", 40).pushed(&again, "d1", 50);
        scene.origin = Some(origin("d1", Some(0)));
        let plan = scene.look_up(51);
        assert_eq!(reason(&plan, version).0, Unchanged, "{plan:#?}");
        let web = scene.web().arn.clone();
        scene.deploy(&web, 1, 90);
        scene.origin = Some(origin("d0", Some(-500)));
        let plan = scene.asked();
        assert_eq!(rolled(&plan), Vec::<String>::new(), "{version}: {plan:#?}");
        assert_eq!(reason(&plan, version).0, Held, "{plan:#?}");
    }
}

#[test]
fn rule_01_over_a_digest_that_somebody_deployed_the_version_of_the_ledger_rolls_again() {
    let mut scene = scene(&["web:seed"]).pushed("web:1.10.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:1.10.0"]);
    let web = scene.web().arn.clone();
    let digest = format!("{}@sha256:d0", image("web:x").trim_end_matches(":x"));
    scene.define(definition(200, &[&digest]));
    scene.deploy(&web, 200, 10);
    assert_eq!(outcomes(&scene.asked()), [(Held, "1.10.0")]);
    let mut scene = scene.pushed("web:1.10.0", "d3", 20);
    assert_eq!(rolled(&scene.clone().asked()), ["web:1.10.0"]);
    // Where they deployed the ledger's own image, it is the version that runs.
    let own = digest.replace("d0", "d1");
    scene.define(definition(200, &[&own]));
    for forgotten in [false, true] {
        if forgotten {
            scene
                .records
                .retain(|found| found.record.digest != "sha256:d1");
        }
        let plan = scene.asked();
        assert_eq!(rolled(&plan), Vec::<String>::new(), "{plan:#?}");
    }
    // Nothing lower rolls over what somebody deployed.
    scene.define(definition(200, &[&digest]));
    let mut scene = scene.pushed("web:1.9.5", "d4", 30);
    scene.records.retain(|found| found.record.tag == "1.9.5");
    let plan = scene.asked();
    assert_eq!(reason(&plan, "1.9.5").0, Skipped, "{plan:#?}");
}

#[test]
fn a_pre_release_among_the_tags_of_what_runs_is_no_version_of_it() {
    let mut scene = scene(&["web:seed"]).pushed("web:1.0.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(1)), ["web:1.0.0"]);
    let mut scene = scene
        .pushed("web:2.0.0-rc.1", "d1", 2)
        .pushed("web:1.2.0", "d2", 3);
    assert_eq!(rolled(&scene.look_up(4)), ["web:1.2.0"]);
}
