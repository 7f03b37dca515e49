//! Where a rule begins and ends: to the second, the minute and the tag.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::builders::{
    Scene, arn, at, definition, made_at, outcomes, record, repository, rolled, writes_nothing,
};
use super::dates::origin;
use crate::plan::families::families;
use crate::plan::missing::{Listed, Listings, missing, questions};
use crate::plan::{Deployed, History, Plan, refusal};
use crate::push::Found;
use crate::report::Outcome::{Held, Skipped, Unchanged};

/// From when on the past of services has to be known.
fn doubts(scene: &Scene) -> Vec<DateTime<Utc>> {
    let doubts = scene.plan().doubts.into_iter();
    doubts.map(|doubt| doubt.since).collect()
}

/// Rolled at minute 5 for a push at minute 0; somebody went back at minute 30.
fn undone() -> Scene {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 30);
    scene
}

/// The same, and the ledger knows the push by a later record of its image: the first one is out of sight.
fn known_by(later: Found) -> Scene {
    let mut scene = undone();
    scene.records.push(later);
    let plan = scene.asked();
    assert_eq!((plan.rolls.len(), plan.notes.len()), (0, 1), "{plan:#?}");
    scene.carry_out(&plan, 61);
    scene.records.remove(0);
    scene
}

#[test]
fn rule_03_an_image_that_came_no_later_than_the_first_of_two_tags_does_not_part_them() {
    for minute in [-10, 0] {
        let scene = known_by(record("web:again", "d1", 60, "again"));
        let plan = scene.pushed("web:other", "d2", minute).asked();
        let told = [(Skipped, "other"), (Held, "again")];
        assert_eq!(outcomes(&plan), told, "{minute}: {plan:#?}");
    }
}

#[test]
fn rule_03_what_came_before_the_event_of_a_push_and_after_its_record_does_not_part_them() {
    let scene = known_by(record("web:again", "d1", 2, "ecr:event"));
    let plan = scene.pushed("web:other", "d2", 1).asked();
    assert_eq!(outcomes(&plan), [(Skipped, "other"), (Held, "again")]);
    writes_nothing(&plan);
}

#[test]
fn rule_01_an_image_pushed_again_after_another_is_not_the_push_that_an_event_told_of() {
    // Clocks differ by a minute.
    for (between, rolls) in [(-5, false), (1, false), (3, true)] {
        let mut scene = Scene::new(&["web:seed"]);
        scene.records = vec![record("web:v1", "d1", 0, "ecr:event")];
        assert_eq!(rolled(&scene.look_up(1)), ["web:v1"]);
        let web = scene.web().arn.clone();
        scene.deploy(&web, 1, 2);
        scene.records = vec![record("web:v1", "d1", 5, "trail")];
        let plan = scene.pushed("web:v2", "d2", between).asked();
        assert_eq!(plan.rolls.len() == 1, rolls, "{between}: {plan:#?}");
    }
}

#[test]
fn rule_02_what_came_more_than_a_minute_before_an_event_is_older_than_its_push() {
    // The trail tells of an earlier push of the event's image, and of another one after that.
    for (between, rolls) in [(3, false), (4, true)] {
        let mut scene = Scene::new(&["web:seed"]);
        scene.records = vec![record("web:v1", "d1", 5, "ecr:event")];
        assert_eq!(rolled(&scene.look_up(6)), ["web:v1"]);
        scene.records = vec![record("web:v1", "d1", 0, "trail")];
        let plan = scene.pushed("web:v2", "d2", between).settled();
        assert_eq!(plan.rolls.len() == 1, rolls, "{between}: {plan:#?}");
    }
}

/// A push of which nothing but the registry told, an hour into the story.
fn found(minute: i64) -> Found {
    let id = format!("ecr:found-d1-0-{}", at(60).timestamp());
    record("web:v1", "d1", minute, &id)
}

/// ecroll rolled another repository of the service, by a revision that it made at minute 12.
fn after_another() -> Scene {
    let mut scene = Scene::new(&["web:seed", "side:seed"]).pushed("side:v2", "s2", 10);
    assert_eq!(rolled(&scene.look_up(12)), ["side:v2"]);
    scene
}

#[test]
fn rule_01_the_registry_is_asked_for_what_can_roll() {
    let held = json!({"services": [{"repository": "side", "hold": true}]});
    let scene = Scene::new(&["web:seed", "side:seed"]).configured(&held);
    let asked = questions(&scene.inventory, &scene.config);
    assert_eq!(asked, BTreeSet::from([repository("web")]));
}

#[test]
fn rule_03_what_was_rolled_alone_and_undone_is_not_missed() {
    let mut scene = undone();
    scene.records.clear();
    let is_missed = |digest: &str, minute: i64| {
        let image = Listed {
            digest: format!("sha256:{digest}"),
            tags: vec!["v1".to_owned()],
            pushed_at: at(minute),
        };
        let listings = Listings::from([(repository("web"), vec![image])]);
        let Scene {
            inventory, config, ..
        } = &scene;
        !missing(&listings, &[], inventory, config, at(600)).is_empty()
    };
    assert!(!is_missed("d1", 0));
    assert!(is_missed("d2", 40), "the next image");
}

#[test]
fn rule_03_where_ecroll_made_neither_what_runs_nor_what_was_undone_somebody_chose() {
    // The ledger tells of what was found running, or of a roll between other revisions.
    for (new, base, doubts) in [(1, 1, 0), (3, 2, 1)] {
        let mut scene = Scene::new(&["web:seed"]).noted("web", "d0-web-v0", 0, new, base);
        scene.web().deployed_at = Some(at(30));
        scene.records = vec![found(20)];
        assert_eq!(scene.plan().doubts.len(), doubts);
        let plan = scene.asked();
        assert_eq!(outcomes(&plan), [(Skipped, "v1")]);
        writes_nothing(&plan);
    }
}

#[test]
fn rule_01_what_one_look_up_made_and_the_next_deployed_within_a_quarter_of_an_hour_is_nobodys_choice()
 {
    // Deployed by both.
    for (minute, nobodys) in [(27, true), (28, false)] {
        let mut scene = after_another();
        scene.web().deployed_at = Some(at(minute));
        scene.records = vec![found(minute)];
        let runs = scene.web().task_definition.clone();
        let past = |minute| Deployed {
            made: Some(made_at(12)),
            ..Deployed::new(runs.clone(), at(minute))
        };
        let web = scene.web().arn.clone();
        let history = History::whole(vec![past(13), past(minute)]);
        scene.histories.insert(web, history);
        let expected: &[&str] = if nobodys { &["web:v1"] } else { &[] };
        assert_eq!(rolled(&scene.settled()), expected, "{minute}");
    }
    // Longer ago than a look-up reads there is nothing to ask.
    let mut scene = after_another();
    scene.web().deployed_at = Some(at(10_000));
    scene.records = vec![found(10_000)];
    assert_eq!(outcomes(&scene.settled()), [(Skipped, "v1")]);
}

#[test]
fn rule_01_ever_newer_revisions_of_ecroll_are_nobodys_choice_and_the_same_once_more_is() {
    let mut same = after_another();
    let mut newer = same.clone().pushed("side:v3", "s3", 20);
    assert_eq!(rolled(&newer.look_up(22)), ["side:v3"]);
    newer.records = vec![found(5)];
    assert_eq!(rolled(&newer.asked()), ["web:v1"]);
    let (web, runs) = (same.web().arn.clone(), same.web().task_definition.clone());
    let number = runs.rsplit(':').next().unwrap().parse().unwrap();
    same.deploy(&web, number, 30);
    same.records = vec![found(5)];
    assert_eq!(outcomes(&same.asked()), [(Skipped, "v1")]);
}

#[test]
fn rule_03_a_history_that_begins_after_what_the_registry_told_of_is_read_further_back() {
    let mut scene = after_another();
    scene.records = vec![found(5)];
    let web = scene.web().arn.clone();
    let short = History::Known(at(9), Vec::new());
    scene.histories.insert(web, short);
    assert_eq!(doubts(&scene), [at(5)]);
}

#[test]
fn rule_01_what_came_later_and_is_not_what_runs_or_not_taken_keeps_no_tag_from_being_forced() {
    for (tags, later) in [("any", "d3"), ("exact:latest", "d1")] {
        let config = json!({"service": {"action": "force", "tags": tags}});
        let scene = Scene::new(&["web:latest"]).configured(&config);
        let scene = scene.pushed("web:latest", "d2", 40);
        let mut scene = scene.pushed("web:rc", later, 41);
        scene.origin = Some(origin("d1", Some(0)));
        assert_eq!(rolled(&scene.settled()), ["web:latest"], "{tags}");
    }
}

#[test]
fn rule_03_a_force_whose_deployment_began_in_the_ledgers_second_is_not_done_again() {
    for (minute, rolls) in [(-1, true), (0, false)] {
        let scene = Scene::new(&["web:latest"]).noted("web", "direct-latest", 0, 1, 1);
        let mut scene = scene.configured(&json!({"service": {"action": "force"}}));
        scene.web().deployed_at = Some(at(minute));
        let plan = scene.asked();
        assert_eq!(plan.rolls.len() == 1, rolls, "{minute}: {plan:#?}");
    }
}

#[test]
fn rule_06_what_could_not_roll_is_told_before_anything_is_pushed() {
    let mut scene = Scene::new(&["web:seed"]);
    let told = |scene: &Scene| {
        let Scene {
            inventory, config, ..
        } = scene;
        let definition = &inventory.definitions[&arn(1)];
        refusal(
            &inventory.services[0],
            definition,
            &repository("web"),
            config,
        )
    };
    assert_eq!(told(&scene), None);
    scene.web().maximum_percent = 100;
    let why = told(&scene).unwrap_or_default();
    assert!(why.contains("set maximum percent to 150"), "{why}");
}

#[test]
fn rule_01_a_service_with_all_its_tags_rolls_where_one_of_them_is_the_ledgers() {
    let mut scene = Scene::new(&["web:seed"])
        .noted("web", "d0-web-v0", -10, 1, 1)
        .pushed("web:v1", "d1", 0);
    let own = (0..49).map(|n| (format!("own-{n}"), String::new()));
    scene.web().tags.extend(own);
    assert_eq!(scene.web().tags.len(), 50);
    assert_eq!(rolled(&scene.settled()), ["web:v1"]);
}

#[test]
fn rule_01_what_was_pushed_in_the_second_in_which_ecroll_began_rolls() {
    let since = json!({"since": at(10).to_rfc3339()});
    let scene = Scene::new(&["web:seed"]).configured(&since);
    let scene = scene.pushed("web:v1", "d1", 10);
    assert_eq!(rolled(&scene.settled()), ["web:v1"]);
}

#[test]
fn a_tag_that_the_same_image_set_again_was_not_taken_from_it() {
    let mut scene = Scene::new(&["web:latest"]).pushed("web:latest", "d1", 50);
    assert_eq!(rolled(&scene.look_up(51)), ["web:latest"]);
    // Two earlier tags of the image are heard of late.
    scene.records = vec![
        record("web:latest", "d1", 10, "one"),
        record("web:v1", "d1", 11, "two"),
    ];
    assert_eq!(outcomes(&scene.settled()), [(Unchanged, "latest")]);
}

/// What a family gets of which no service runs a revision, and this is the newest.
fn of_family(scene: &Scene, newest: &str) -> Plan {
    let newest = Arc::clone(&scene.inventory.definitions[newest]);
    families(&scene.pushes(), &[newest], &scene.config, false)
}

#[test]
fn rule_03_a_family_gets_no_revision_for_a_further_push_of_the_image_that_it_names() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let begun = of_family(&scene, &arn(1));
    assert_eq!(rolled(&begun), ["web:v1"]);
    let made = scene.revision(&begun.rolls[0], 1);
    scene.records.clear();
    let plan = of_family(&scene.pushed("web:v2", "d1", 10), &made);
    assert_eq!(outcomes(&plan), [(Unchanged, "v2")]);
}

#[test]
fn rule_01_a_family_that_names_the_tag_gets_a_revision_where_digests_are_to_be_named() {
    let scene = Scene::new(&["web:v1"]).pushed("web:v1", "d1", 0);
    let plan = of_family(&scene, &arn(1));
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    let pinned = scene.configured(&json!({"service": {"pin": "digest"}}));
    assert_eq!(rolled(&of_family(&pinned, &arn(1))), ["web:v1"]);
}

/// Noted at minute 0 as revision 2 in place of revision 1, which runs.
fn noted() -> Scene {
    let scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    scene.noted("web", "d1-web-v1", 0, 2, 1)
}

#[test]
fn rule_03_where_what_ran_before_runs_again_nobody_is_asked_for_its_image() {
    let scene = noted().deployed(&[(2, 5), (1, 30)]);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated, []);
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
}

#[test]
fn rule_03_what_somebody_deployed_is_told_from_what_they_deployed_before_the_push_could_roll() {
    let mut scene = noted();
    scene.define(definition(7, &["web:mine"]));
    let web = scene.web().arn.clone();
    scene.deploy(&web, 7, 9);
    // Clocks differ by a minute; what was deployed before the push says nothing.
    assert_eq!(doubts(&scene), [at(-1)]);
    let why = |past: &[(u32, i64)]| {
        let mut plan = scene.clone().deployed(past).settled();
        plan.decisions.remove(0).reason
    };
    let (before, since) = (why(&[(7, 9)]), why(&[(2, 5), (7, 9)]));
    assert!(before.contains("before this push could roll"), "{before}");
    assert!(since.contains("another revision since"), "{since}");
}

#[test]
fn rule_01_a_deployment_of_the_pushs_own_second_is_no_unknown_rollback() {
    let mut scene = noted().deployed(&[]);
    scene.web().deployed_at = Some(at(0));
    assert_eq!(rolled(&scene.settled()), ["web:v1"]);
}

/// Rolled at minute 10 for a push of `d1` at minute 0; another image came at minute 4, of which was heard late.
fn parted() -> Scene {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(10)), ["web:v1"]);
    scene.pushed("web:v2", "d2", 4)
}

#[test]
fn rule_03_what_became_of_an_image_that_came_again_is_asked_from_its_first_push_on() {
    let mut scene = parted();
    scene.fall_back(1, 12);
    let mut scene = scene.pushed("web:v3", "d1", 6);
    let web = scene.web().arn.clone();
    let short = History::Known(at(5), Vec::new());
    scene.histories.insert(web, short);
    assert_eq!(doubts(&scene), [at(-1)]);
}

#[test]
fn rule_03_an_image_that_came_again_while_it_ran_is_undone_with_what_ran() {
    // The breaker may have undone it by then: when it did, nobody can tell once something else was deployed.
    for (by_breaker, again, rolls) in [(true, 10, true), (false, 20, false)] {
        let mut scene = parted();
        if by_breaker {
            scene.fall_back(1, 12);
        }
        let web = scene.web().arn.clone();
        scene.deploy(&web, 1, 30);
        let plan = scene.pushed("web:v3", "d1", again).asked();
        assert_eq!(plan.rolls.len() == 1, rolls, "{again}: {plan:#?}");
    }
}
