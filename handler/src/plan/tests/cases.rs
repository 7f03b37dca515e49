//! The cases beyond the table: several tags, several repositories, races, windows that move, what must not be written.

use serde_json::json;

use super::builders::{
    Scene, arn, at, outcomes, record, repository, rolled, service, writes_nothing,
};
use crate::ledger;
use crate::plan::{Deployed, History, Source};
use crate::report::Outcome::{Held, Refused, Skipped, Unchanged};

pub(super) fn history(scene: &mut Scene, past: &[(&str, i64)]) {
    let past = past
        .iter()
        .map(|(arn, minute)| Deployed::new((*arn).to_owned(), at(*minute)));
    let past = History::whole(past.collect());
    let web = scene.web().arn.clone();
    scene.histories.insert(web, past);
}

pub(super) fn redeploy(scene: &mut Scene, arn: &str, minute: i64) {
    arn.clone_into(&mut scene.web().task_definition);
    scene.web().deployed_at = Some(at(minute));
}

#[test]
fn a_tag_that_moves_there_and_back_is_three_pushes() {
    let mut scene = Scene::new(&["web:seed"])
        .pushed("web:a", "d1", 0)
        .pushed("web:b", "d2", 1)
        .pushed("web:c", "d1", 2);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:c"]);
    assert_eq!(outcomes(&plan), [(Skipped, "a"), (Skipped, "b")]);
    writes_nothing(&scene.look_up(10));
}

#[test]
fn rule_03_further_tags_of_a_digest_that_was_rolled_back_do_not_roll_it_again() {
    // v1 is rolled and rolled back; then the same digest gets a second tag; then the first record leaves the window.
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(5);
    let rolled_to = scene.web().task_definition.clone();
    redeploy(&mut scene, &arn(1), 30);
    let mut scene = scene.pushed("web:prod", "d1", 600);
    history(&mut scene, &[(&rolled_to, 5), (&arn(1), 30)]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "prod")]);
    assert_eq!(plan.rolls, []);
    scene.carry_out(&plan, 605);
    scene.records.retain(|found| found.record.tag == "prod");
    history(&mut scene, &[(&rolled_to, 5), (&arn(1), 30)]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "prod")]);
    writes_nothing(&plan);
}

#[test]
fn rule_03_nor_does_the_first_record_leaving_the_window() {
    let mut scene = Scene::new(&["web:seed"])
        .pushed("web:v1", "d1", 0)
        .pushed("web:prod", "d1", 1);
    let _ = scene.look_up(5);
    let rolled_to = scene.web().task_definition.clone();
    redeploy(&mut scene, &arn(1), 30);
    scene.records.retain(|found| found.record.tag == "prod");
    history(&mut scene, &[(&rolled_to, 5), (&arn(1), 30)]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "prod")]);
    writes_nothing(&plan);
}

#[test]
fn rule_03_an_earlier_record_that_arrives_later_changes_nothing() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:latest", "d1", 1);
    let _ = scene.look_up(5);
    let mut scene = scene.pushed("web:v1", "d1", 0);
    let plan = scene.look_up(10);
    assert_eq!(outcomes(&plan), [(Unchanged, "latest")]);
    writes_nothing(&plan);
}

#[test]
fn rule_02_a_late_record_between_two_tags_of_what_runs_is_older() {
    // What runs was tagged prod at 600; the record of 300 arrives alone, a day late.
    let mut scene = Scene::new(&["web:seed"])
        .pushed("web:v1", "d1", 0)
        .pushed("web:prod", "d1", 600);
    let _ = scene.look_up(605);
    scene.records.clear();
    let mut scene = scene.pushed("web:late", "d9", 300);
    let plan = scene.look_up(2000);
    assert_eq!(outcomes(&plan), [(Skipped, "late")]);
    assert_eq!(scene.images(), ["web:prod"]);
}

#[test]
fn rule_01_tags_that_the_policy_leaves_out_do_not_make_a_push_newer() {
    // The service follows prod only: dev at 600 says nothing about it, so prod at 300 is newer than prod at 0.
    let config = json!({"service": {"tags": "prefix:prod"}});
    let mut scene = Scene::new(&["web:seed"])
        .configured(&config)
        .pushed("web:prod", "d1", 0)
        .pushed("web:dev", "d1", 600);
    let _ = scene.look_up(605);
    let mut scene = scene.pushed("web:prod-2", "d9", 300);
    let plan = scene.look_up(700);
    assert_eq!(rolled(&plan), ["web:prod-2"]);
}

#[test]
fn rule_02_of_two_pushes_within_a_second_the_logs_order_decides() {
    let mut scene = Scene::new(&["web:seed"]);
    let mut second = record("web:b", "d2", 0, "a-smaller-id");
    second.timestamp += 5;
    scene.records = vec![second, record("web:a", "d1", 0, "z-greater-id")];
    assert_eq!(rolled(&scene.look_up(5)), ["web:b"]);
    writes_nothing(&scene.look_up(6));
}

#[test]
fn rule_03_a_rollback_by_two_revisions_is_no_race() {
    // Three pushes, three revisions of ecroll's; a person goes back to the first.
    let mut scene = Scene::new(&["web:seed"]);
    let mut revisions = Vec::new();
    for (tag, digest, minute) in [
        ("web:v1", "d1", 0),
        ("web:v2", "d2", 20),
        ("web:v3", "d3", 40),
    ] {
        scene = scene.pushed(tag, digest, minute);
        let _ = scene.look_up(minute + 5);
        revisions.push(scene.web().task_definition.clone());
    }
    redeploy(&mut scene, &revisions[0], 60);
    let doubts = scene.plan().doubts;
    assert_eq!(doubts.len(), 1);
    assert!(
        doubts[0].since <= at(0),
        "far enough to see when it was first deployed"
    );
    let past = [(0, 60), (0, 5), (1, 25), (2, 45)].map(|(n, m): (usize, i64)| (&*revisions[n], m));
    let past: Vec<(&str, i64)> = past
        .into_iter()
        .filter(|(_, m)| at(*m) >= doubts[0].since)
        .collect();
    history(&mut scene, &past);
    let plan = scene.settled();
    assert!(outcomes(&plan).contains(&(Held, "v3")), "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn rule_03_a_history_that_no_longer_reaches_back_holds() {
    // ECS keeps ninety days: it does not even show the deployment that runs.
    let mut scene = Scene::new(&["web:seed"]).noted("web", "d1-web-v1", 0, 2, 1);
    redeploy(&mut scene, &arn(1), 30);
    let plan = scene.clone().deployed(&[]).settled();
    writes_nothing(&plan);
    let plan = scene.pushed("web:v1", "d1", 0).deployed(&[]).settled();
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    writes_nothing(&plan);
}

#[test]
fn rule_03_two_doubts_of_one_service_are_asked_about_once_and_from_the_earlier_on() {
    let scene = Scene::new(&["a:seed", "b:seed"])
        .pushed("a:v1", "d1", 0)
        .pushed("b:v1", "d2", 50)
        .noted("a", "d1-a-v1", 0, 2, 1)
        .noted("b", "d2-b-v1", 50, 3, 1);
    let doubts = scene.plan().doubts;
    assert_eq!(doubts.len(), 1, "{doubts:?}");
    // A minute earlier: clocks differ.
    assert_eq!(doubts[0].since, at(-1));
}

#[test]
fn rule_01_a_roll_with_two_pushes_that_died_is_resumed_with_both() {
    let scene = Scene::new(&["a:seed", "b:seed"])
        .pushed("a:v1", "d1", 0)
        .pushed("b:v1", "d2", 1)
        .noted("a", "d1-a-v1", 0, 2, 1)
        .noted("b", "d2-b-v1", 1, 2, 1)
        .deployed(&[]);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["a:v1", "b:v1"]);
    assert_eq!(plan.rolls.len(), 1);
    assert_eq!(plan.rolls[0].source, Source::Registered(arn(2)));
}

#[test]
fn rule_01_two_rolls_that_died_become_one() {
    let mut scene = Scene::new(&["a:seed", "b:seed"])
        .pushed("a:v1", "d1", 0)
        .pushed("b:v1", "d2", 1)
        .noted("a", "d1-a-v1", 0, 2, 1)
        .noted("b", "d2-b-v1", 1, 3, 1)
        .deployed(&[]);
    let plan = scene.look_up(9);
    assert_eq!(plan.rolls.len(), 1);
    assert_eq!(rolled(&plan).len(), 2);
    assert_eq!(scene.images(), ["a:v1", "b:v1"]);
}

#[test]
fn rule_01_a_newer_push_takes_the_place_of_a_roll_that_died() {
    let scene = Scene::new(&["web:seed"])
        .pushed("web:v1", "d1", 0)
        .pushed("web:v2", "d2", 9)
        .noted("web", "d1-web-v1", 0, 2, 1);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["web:v2"]);
    assert_eq!(outcomes(&plan), [(Skipped, "v1")]);
}

#[test]
fn rule_01_what_died_is_resumed_although_an_older_push_is_in_sight() {
    let scene = Scene::new(&["web:seed"])
        .pushed("web:v1", "d1", 0)
        .noted("web", "direct:now", 50, 2, 1)
        .deployed(&[]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Skipped, "v1")]);
    assert_eq!(plan.rolls[0].source, Source::Registered(arn(2)));
}

#[test]
fn rule_04_a_rule_that_holds_one_repository_lets_the_other_roll() {
    let config = json!({"services": [{"repository": "a", "hold": true}]});
    let mut scene = Scene::new(&["a:seed", "b:seed"])
        .configured(&config)
        .pushed("a:v1", "d1", 0)
        .pushed("b:v1", "d2", 1);
    let plan = scene.look_up(5);
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    assert_eq!(scene.images(), ["a:seed", "b:v1"]);
}

#[test]
fn rule_04_hold_stops_what_died_as_well() {
    let config = json!({"services": [{"service": "web", "hold": true}]});
    let scene = Scene::new(&["web:seed"])
        .configured(&config)
        .noted("web", "direct:now", 0, 2, 1)
        .deployed(&[]);
    writes_nothing(&scene.settled());
    let plan = scene.pushed("web:v1", "d1", -5).settled();
    writes_nothing(&plan);
}

#[test]
fn rule_04_what_died_is_left_when_the_repository_is_followed_no_more() {
    let scene = Scene::new(&["web:seed"])
        .configured(&json!({"repositories": ["other"]}))
        .noted("web", "direct:now", 0, 2, 1)
        .deployed(&[]);
    writes_nothing(&scene.settled());
}

#[test]
fn percentages_of_a_rule_hold_for_what_died_as_well() {
    let config = json!({"services": [{"repository": "web", "minimum_healthy_percent": 50}]});
    let scene = Scene::new(&["web:seed"])
        .configured(&config)
        .noted("web", "direct:now", 0, 2, 1)
        .deployed(&[]);
    assert_eq!(scene.settled().rolls[0].minimum_healthy_percent, Some(50));
}

#[test]
fn hold_and_dry_run_write_no_note_either() {
    let mut scene = Scene::new(&["web:v1"]).pushed("web:v1", "d1", 0);
    scene.web().deployed_at = Some(at(3));
    assert_eq!(scene.settled().notes.len(), 1);
    let held = scene
        .clone()
        .configured(&json!({"service": {"hold": true}}));
    let plan = held.settled();
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    writes_nothing(&plan);
    scene.dry = true;
    writes_nothing(&scene.settled());
}

#[test]
fn rule_02_containers_at_different_tags_count_by_the_newer() {
    let mut scene = Scene::new(&["web:v2", "web:v1"])
        .pushed("web:v1", "d1", 0)
        .pushed("web:v2", "d2", 20);
    scene.web().deployed_at = Some(at(25));
    let mut both = scene.clone();
    assert_eq!(rolled(&both.look_up(30)), ["web:v2"], "the newest for both");
    assert_eq!(both.images(), ["web:v2", "web:v2"]);
    // Following a part of the tags only, the newest that may roll is older than one that runs.
    let config = json!({"service": {"tags": "prefix:old"}});
    let plan = scene
        .pushed("web:old", "d3", 10)
        .configured(&config)
        .settled();
    assert!(outcomes(&plan).contains(&(Skipped, "old")), "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn a_digest_stays_a_digest_and_the_form_of_the_host_stays() {
    let fips = "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com/web@sha256:aa";
    let mut scene = Scene::new(&[fips, "web:v1@sha256:aa"]).pushed("web:v2", "d2", 0);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:v2"]);
    assert_eq!(scene.images(), ["web@sha256:d2", "web@sha256:d2"]);
    writes_nothing(&scene.look_up(6));
}

#[test]
fn rule_03_identities_of_any_shape_are_found_again_in_the_ledger() {
    let long = "x".repeat(200);
    for id in ["with spaces in it", "ümlaut", long.as_str()] {
        let mut scene = Scene::new(&["web:seed"]);
        scene.records = vec![record("web:v1", "d1", 0, id)];
        let _ = scene.look_up(5);
        let key = ledger::key(&repository("web"));
        assert!(scene.web().tags[&key].len() <= 256);
        assert!(scene.web().entry(&repository("web")).is_some(), "{id}");
        redeploy(&mut scene, &arn(1), 30);
        assert_eq!(scene.plan().doubts.len(), 1, "{id}");
    }
}

#[test]
fn pushes_before_the_first_setup_are_passed_over() {
    let since = json!({"since": at(10).to_rfc3339()});
    let plan = Scene::new(&["web:seed"])
        .configured(&since)
        .pushed("web:v1", "d1", 9)
        .settled();
    assert_eq!(outcomes(&plan), [(Skipped, "v1")]);
    writes_nothing(&plan);
}

#[test]
fn services_that_share_a_revision_share_the_registration() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    scene.inventory.services.push(service("web-b", 1));
    let plan = scene.settled();
    assert_eq!(plan.rolls.len(), 2);
    assert_eq!(crate::plan::registrations(&plan.rolls).len(), 1);
}

#[test]
fn rule_03_a_ledger_whose_revision_runs_with_another_image_is_not_deployed_over_itself() {
    let mut scene =
        Scene::new(&["web:seed"])
            .pushed("web:v1", "d1", 0)
            .noted("web", "d1-web-v1", 0, 1, 1);
    scene.web().deployed_at = Some(at(-5));
    let plan = scene.deployed(&[]).settled();
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    writes_nothing(&plan);
}

#[test]
fn a_service_without_room_for_the_ledgers_tag_is_refused_before_anything_is_registered() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    for number in 0..50 {
        scene.web().tags.insert(format!("k{number}"), String::new());
    }
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Refused, "v1")]);
    writes_nothing(&plan);
}
