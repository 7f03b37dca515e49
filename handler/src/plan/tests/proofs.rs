//! What is proof of an image that runs, what is none, and by which tag and version the ledger knows it from then on.

use serde_json::json;

use super::builders::{
    Scene, arn, at, definition, made_at, outcomes, record, repository, rolled, writes_nothing,
};
use super::cases::history;
use super::dates::origin;
use super::evidence::named;
use crate::inventory::Rollout;
use crate::ledger::Entry;
use crate::plan::{Deployed, History};
use crate::report::Outcome::{Held, Skipped, Unchanged};

/// What the ledger says of the repository `web`.
fn ledger(scene: &mut Scene) -> Entry {
    let entry = scene.web().entry(&repository("web"));
    entry.unwrap()
}

#[test]
fn rule_02_a_digest_that_runs_is_known_by_the_version_of_its_push_and_nobody_is_asked() {
    let mut scene = Scene::new(&["web@sha256:d2"])
        .configured(&json!({"service": {"tags": "newest-semver"}}))
        .pushed("web:2.0.0", "d2", 0)
        .pushed("web:1.9.5", "d3", 20);
    scene.web().deployed_at = Some(at(5));
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated, [], "{plan:#?}");
    let told = [(Skipped, "1.9.5"), (Unchanged, "2.0.0")];
    assert_eq!(outcomes(&plan), told, "{plan:#?}");
}

#[test]
fn rule_03_only_what_ecroll_is_deploying_just_then_is_told_again() {
    // Somebody deploys an image: it is noted as what runs, by each of its tags.
    let mut theirs = Scene::new(&["web:v1"]).pushed("web:v1", "d1", 0);
    theirs.web().deployed_at = Some(at(3));
    theirs.web().rollout = Some(Rollout::UnderWay);
    assert_eq!(outcomes(&theirs.look_up(5)), [(Unchanged, "v1")]);
    // ecroll did, and that is over.
    let mut over = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&over.look_up(5)), ["web:v1"]);
    over.origin = Some(origin("d1", Some(0)));
    // Or it has not come to its end yet.
    let mut under_way = over.clone();
    under_way.web().rollout = Some(Rollout::UnderWay);
    for (scene, again) in [(theirs, false), (over, false), (under_way, true)] {
        let mut scene = scene.pushed("web:v2", "d1", 8);
        assert_eq!(outcomes(&scene.look_up(9)), [(Unchanged, "v1")]);
        let entry = ledger(&mut scene);
        assert_eq!(entry.time, at(8), "known by the later record");
        let told = (entry.first.is_some(), entry.is_deployment());
        assert_eq!(told, (again, again), "{entry:?}");
    }
}

#[test]
fn rule_03_an_image_that_the_first_task_would_start_is_not_rolled_for_a_push_before_its_deployment()
{
    let mut scene = Scene::new(&["web:v1", "side@sha256:d3"]).pushed("web:v1", "d1", 0);
    scene.web().deployed_at = Some(at(3));
    assert_eq!(outcomes(&scene.look_up(5)), [(Unchanged, "v1")]);
    // Somebody deploys a tag of which no record tells.
    scene.define(definition(7, &["web:stable", "side@sha256:d3"]));
    let web = scene.web().arn.clone();
    scene.deploy(&web, 7, 30);
    scene.records = vec![record("web:v5", "d1", 20, "again")];
    // It names this image or another one; and what tasks have pulled, nobody can tell.
    for (desired, digest, minute, rolls) in [
        (0, "d1", 0, false),
        (0, "d9", -60, true),
        (2, "d1", 0, true),
    ] {
        scene.web().desired = desired;
        scene.origin = Some(named(digest, Some(minute)));
        let plan = scene.clone().asked();
        assert_eq!(
            plan.rolls.len() == 1,
            rolls,
            "{desired} {digest}: {plan:#?}"
        );
        let unchanged = outcomes(&plan) == [(Unchanged, "v5")];
        assert_eq!(unchanged, !rolls, "{desired} {digest}: {plan:#?}");
    }
}

#[test]
fn rule_03_where_tasks_run_it_does_not_matter_what_their_tag_names_by_now() {
    let mut scene = Scene::new(&["web:latest"])
        .pushed("web:latest", "d1", 0)
        .pushed("web:v9", "d1", 60);
    scene.web().deployed_at = Some(at(12));
    scene.origin = Some(named("d2", Some(-60)));
    assert_eq!(outcomes(&scene.clone().settled()), [(Unchanged, "latest")]);
    scene.web().desired = 0;
    assert_eq!(rolled(&scene.settled()), ["web:v9"]);
}

#[test]
fn rule_01_containers_that_disagree_get_the_image_by_their_own_tag_unless_it_names_another_by_now()
{
    let pinned = format!("web@sha256:{}", "0".repeat(64));
    let mut scene = Scene::new(&["web:rc", &pinned])
        .pushed("web:rc", "d4", 0)
        .pushed("web:v6", "d4", 8);
    scene.web().deployed_at = Some(at(9));
    assert_eq!(rolled(&scene.settled()), ["web:rc"]);
    // `rc` went back to an older image, unheard.
    scene.origin = Some(named("d5", Some(-60)));
    assert_eq!(rolled(&scene.settled()), ["web:v6"]);
}

#[test]
fn rule_03_what_was_undone_is_told_by_the_tag_that_the_service_goes_by() {
    let mut scene = Scene::new(&["web:stable@sha256:d0"])
        .pushed("web:stable", "d1", 0)
        .pushed("web:v1", "d1", 1);
    assert_eq!(rolled(&scene.look_up(5)), ["web:stable"]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 30);
    assert_eq!(outcomes(&scene.asked()), [(Held, "stable")]);
}

/// The other look-up saw `v1` only, and deployed at minute 6, over this one's roll of `v2`.
fn raced() -> (Scene, String) {
    let mut scene = Scene::new(&["web:seed", "side:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(6);
    let other = scene.web().task_definition.clone();
    let scene = scene.pushed("web:v2", "d2", 2);
    (scene.noted("web", "d2-web-v2", 2, 3, 1), other)
}

#[test]
fn rule_01_two_look_ups_are_at_work_at_once_for_a_quarter_of_an_hour() {
    for (minute, rolls) in [(20, true), (21, false)] {
        let (mut scene, other) = raced();
        history(&mut scene, &[(&arn(3), 5), (&other, minute)]);
        let plan = scene.settled();
        assert_eq!(plan.rolls.len() == 1, rolls, "{minute}: {plan:#?}");
    }
}

#[test]
fn rule_01_what_a_third_look_up_deployed_between_the_two_is_nobodys_choice() {
    // As the ledger of another repository tells, or the revision itself; without either it is somebody's.
    for (noted, made, rolls) in [
        (true, None, true),
        (false, Some(made_at(4)), true),
        (false, None, false),
    ] {
        let (mut scene, other) = raced();
        if noted {
            scene = scene.noted("side", "s1-side-v1", 1, 30, 1);
        }
        let third = Deployed {
            made,
            ..Deployed::new(arn(30), at(5))
        };
        let past = History::whole(vec![third, Deployed::new(other, at(6))]);
        let web = scene.web().arn.clone();
        scene.histories.insert(web, past);
        let plan = scene.settled();
        assert_eq!(plan.rolls.len() == 1, rolls, "{noted}: {plan:#?}");
    }
}

#[test]
fn rule_03_what_fell_with_somebodys_own_deployment_stays_after_another_repositorys_roll() {
    for minute in [10, 40] {
        fell_before_a_roll_at(minute);
    }
}

fn fell_before_a_roll_at(minute: i64) {
    let mut scene = Scene::new(&["web:seed", "side:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    let first = scene.web().task_definition.clone();
    // Somebody deploys over it before it has completed; the circuit breaker goes back to what ran before both.
    let theirs = Deployed {
        undone: true,
        ..Deployed::new(arn(9), at(6))
    };
    let mut past = vec![Deployed::new(first, at(5)), theirs];
    arn(1).clone_into(&mut scene.web().task_definition);
    let mut scene = scene.pushed("side:v1", "s1", minute);
    let web = scene.web().arn.clone();
    scene
        .histories
        .insert(web.clone(), History::whole(past.clone()));
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["side:v1"], "{plan:#?}");
    scene.carry_out(&plan, minute + 1);
    past.push(Deployed::new(
        scene.web().task_definition.clone(),
        at(minute + 1),
    ));
    scene.histories.insert(web, History::whole(past));
    let plan = scene.settled();
    let told = [(Unchanged, "v1"), (Held, "v1")];
    assert_eq!(outcomes(&plan), told, "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn rule_03_what_another_look_up_deployed_for_the_same_push_is_not_rolled_again() {
    let mut scene = Scene::new(&["web:latest"])
        .pushed("web:latest", "d1", 0)
        .pushed("web:v1", "d1", 1);
    assert_eq!(rolled(&scene.look_up(6)), ["web:latest"]);
    // This one noted a revision of its own. `latest` had gone back to an older image by then, unheard.
    let mut scene = scene.noted("web", "d1-web-v1", 1, 9, 1);
    scene.origin = Some(origin("d7", Some(-60)));
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Held, "v1")], "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn rule_01_what_runs_and_was_pushed_in_the_same_second_gives_way() {
    for (minute, rolls) in [(0, true), (1, false)] {
        let mut scene = Scene::new(&["web:seed"]).pushed("web:late", "d1", 0);
        scene.web().deployed_at = Some(at(10));
        scene.origin = Some(origin("d2", Some(minute)));
        let plan = scene.settled();
        assert_eq!(plan.rolls.len() == 1, rolls, "{minute}: {plan:#?}");
    }
}

#[test]
fn rule_02_what_was_noted_counts_more_than_an_older_record_whatever_runs_beside_it() {
    let mut scene = Scene::new(&["web:latest", "side:seed"])
        .pushed("web:latest", "d1", 0)
        .pushed("web:latest", "d2", 5);
    scene.web().deployed_at = Some(at(12));
    let told = [(Skipped, "latest"), (Unchanged, "latest")];
    assert_eq!(outcomes(&scene.look_up(15)), told);
    // A warm look-up sees the first record once more.
    scene.records.remove(1);
    assert_eq!(outcomes(&scene.settled()), [(Skipped, "latest")]);
}

#[test]
fn rule_03_what_was_noted_by_a_tag_that_no_container_names_is_asked_about_once_more() {
    // `latest` went on to d1 before the deployment, in a record that was lost.
    let mut scene = Scene::new(&["web:latest"])
        .pushed("web:latest", "d0", 0)
        .pushed("web:v9", "d1", 5);
    scene.web().deployed_at = Some(at(12));
    scene.origin = Some(origin("d1", Some(5)));
    let told = [(Skipped, "latest"), (Unchanged, "v9")];
    assert_eq!(outcomes(&scene.look_up(13)), told);
    // And back again before the next one, likewise.
    scene.web().deployed_at = Some(at(50));
    scene.records.remove(1);
    let mut scene = scene.pushed("web:v11", "d0", 60);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1, "{plan:#?}");
    writes_nothing(&plan);
    scene.origin = Some(origin("d0", Some(0)));
    assert_eq!(outcomes(&scene.settled()), [(Unchanged, "latest")]);
}

#[test]
fn rule_03_a_tag_that_another_repositorys_container_names_moves_nothing() {
    let mut scene = Scene::new(&["web:seed", "side:v2"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    // Its first record is out of sight.
    scene.records.clear();
    let scene = scene.pushed("web:v2", "d2", 3).pushed("web:v3", "d1", 60);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Skipped, "v2"), (Unchanged, "v3")]);
}

#[test]
fn rule_02_an_earlier_record_of_the_same_second_does_not_tell_what_runs() {
    let mut scene = Scene::new(&["web:seed"]);
    let mut first = record("web:v1", "d0", 0, "a");
    first.timestamp -= 5;
    scene.records = vec![first, record("web:v1", "d1", 0, "b")];
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    scene.records.remove(1);
    assert_eq!(outcomes(&scene.settled()), [(Skipped, "v1")]);
}

#[test]
fn a_roll_says_whether_its_tag_moved_or_is_another_one() {
    for (tag, next, why) in [
        ("web:latest", "web:latest", "latest was pushed again"),
        ("web:v1", "web:v2", "v2 is newer than v1"),
    ] {
        let mut scene = Scene::new(&[tag])
            .pushed(tag, "d1", 0)
            .pushed(next, "d2", 10);
        scene.web().deployed_at = Some(at(5));
        let plan = scene.settled();
        assert_eq!(plan.rolls[0].cargo[0].reason, why, "{plan:#?}");
    }
}

#[test]
fn rule_02_among_versions_an_image_stays_known_by_the_highest_and_else_by_its_last_tag() {
    for (policy, first, again, known) in [
        ("newest-semver", "1.10.0", "1.9.0", "1.10.0"),
        ("newest-semver", "1.9.0", "1.10.0", "1.10.0"),
        ("newest-semver", "2.0.0", "v2.0.0", "v2.0.0"),
        ("any", "1.10.0", "1.9.0", "1.9.0"),
    ] {
        // While it is being deployed, and when that is over.
        for rollout in [Rollout::UnderWay, Rollout::Completed] {
            let mut scene = Scene::new(&["web:seed"])
                .configured(&json!({"service": {"tags": policy}}))
                .pushed(&format!("web:{first}"), "d1", 0);
            assert_eq!(scene.look_up(5).rolls.len(), 1);
            scene.web().rollout = Some(rollout);
            // A warm look-up reads what came lately.
            scene.records.clear();
            let mut scene = scene.pushed(&format!("web:{again}"), "d1", 8);
            assert_eq!(outcomes(&scene.look_up(9)), [(Unchanged, again)]);
            assert_eq!(ledger(&mut scene).tag, known, "{policy} {rollout:?}");
        }
    }
}
