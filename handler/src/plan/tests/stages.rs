//! Waves: whom a push concerns in an earlier wave, and what its past there says.

use serde_json::json;

use super::builders::{Scene, arn, at, definition, service};
use super::overtaken::{of_two_policies, overtaken, why, with};
use super::waves::{canary, scene, services, two_at_once};
use crate::inventory::{Origin, Rollout};
use crate::plan::{Deployed, History};

fn own_policy(service: &mut crate::inventory::Service, policy: &str) {
    let tags = "ecroll:tags".to_owned();
    service.tags.insert(tags, policy.to_owned());
}

/// The canary rolls what it is to, at a minute, and nobody else does.
fn canary_rolls(scene: &mut Scene, minute: i64) -> Deployed {
    let mut plan = scene.asked();
    plan.rolls.retain(|roll| roll.service.name == "canary");
    assert_eq!(plan.rolls.len(), 1, "{plan:#?}");
    scene.carry_out(&plan, minute);
    let revision = canary(scene).task_definition.clone();
    let made = scene.inventory.definitions[&revision].made();
    Deployed {
        made,
        ..Deployed::new(revision, at(minute))
    }
}

#[test]
fn rule_03_what_an_earlier_wave_had_undone_goes_no_further_while_a_newer_image_is_to_come_there() {
    let mut scene = of_two_policies();
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    let of = canary(&mut scene).arn.clone();
    scene.deploy(&of, 2, 8);
    let mut scene = scene.pushed("web:main", "d2", 20);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(
        why(&plan),
        "waits for what became of it in main/canary of wave 1: that is not known yet"
    );
    assert!(
        plan.doubts[0].for_waves,
        "the canary rolls `main` in any case"
    );
    let plan = scene.asked();
    assert_eq!(services(&plan), ["canary"], "{plan:#?}");
    assert_eq!(
        why(&plan),
        "main/canary of wave 1 had it undone before a newer one came there: the push stops there; the next one begins anew"
    );
}

#[test]
fn rule_01_a_push_that_an_earlier_wave_does_not_take_goes_on_whatever_came_there() {
    let mut scene = of_two_policies().pushed("web:main", "d2", 20);
    own_policy(canary(&mut scene), "exact:main");
    let _ = canary_rolls(&mut scene, 21);
    let plan = scene.settled();
    assert_eq!(services(&plan), ["web"], "{plan:#?}");
}

#[test]
fn rule_03_the_past_of_an_earlier_wave_has_to_reach_back_to_a_minute_before_the_push() {
    let (scene, version, main) = overtaken();
    for (since, known) in [(-1, true), (0, false)] {
        let mut scene = scene.clone();
        let of = canary(&mut scene).arn.clone();
        let past = vec![version.clone(), main.clone()];
        scene.histories.insert(of, History::Known(at(since), past));
        let plan = scene.plan();
        assert_eq!(plan.doubts.is_empty(), known, "{since}: {plan:#?}");
        let next: &[&str] = if known { &["web"] } else { &[] };
        assert_eq!(services(&plan), next, "{since}: {plan:#?}");
    }
}

/// What such a service runs has no image of the repository: nothing but the push says from when on its past matters.
#[test]
fn rule_03_so_has_that_of_a_service_which_follows_by_its_name() {
    let images = ["000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:seed"];
    let mut scene = Scene::new(&images)
        .pushed("web:v1", "d1", 0)
        .pushed("web:main", "d2", 20);
    // A name counts within the account alone.
    for found in &mut scene.records {
        "000000000000".clone_into(&mut found.record.repository.account);
    }
    scene.define(definition(2, &["mirror:v1", "mirror:main"]));
    scene.inventory.services.push(service("web-canary", 2));
    let mut scene = scene.configured(&json!({
        "waves": [{"services": ["web-canary"]}],
        "services": [
            {"service": "web-canary", "match": "name-prefix", "action": "force"},
            {"service": "web", "tags": "prefix:v"}
        ]
    }));
    let mut plan = scene.settled();
    plan.rolls.retain(|roll| roll.service.name == "web-canary");
    assert_eq!(plan.rolls.len(), 1, "{plan:#?}");
    scene.carry_out(&plan, 21);
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.doubts.len(), 1, "{plan:#?}");
    assert_eq!(plan.doubts[0].since, at(-1), "clocks differ");
    assert_eq!(services(&scene.asked()), ["web"]);
}

#[test]
fn rule_03_what_an_earlier_wave_had_stopped_at_once_goes_no_further() {
    let (scene, version, main) = overtaken();
    // An event rolls within a second of its push.
    let stopped = Deployed {
        failed: true,
        at: at(0),
        ..version
    };
    let plan = with(&scene, &[&stopped, &main]);
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    assert!(why(&plan).contains("had it undone before"), "{plan:#?}");
}

#[test]
fn rule_03_nor_does_what_an_earlier_wave_went_back_beyond_even_if_that_fails_as_well() {
    let (mut scene, version, main) = overtaken();
    // The newer image came before the version's deployment had ended, so ECS goes back to what ran before both.
    let begun = Deployed {
        completed: false,
        ..version
    };
    let undone = Deployed {
        undone: true,
        failed: true,
        completed: false,
        ..main
    };
    canary(&mut scene).task_definition = arn(2);
    canary(&mut scene).rollout = Some(Rollout::Failed);
    let plan = with(&scene, &[&begun, &undone]);
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    assert!(why(&plan).contains("had it undone before"), "{plan:#?}");
}

#[test]
fn rule_01_what_fails_in_an_earlier_wave_once_a_newer_image_came_there_says_nothing_of_the_push_before()
 {
    let (scene, version, main) = overtaken();
    let begun = Deployed {
        completed: false,
        ..version
    };
    for minute in [21, 30] {
        let failed = Deployed {
            failed: true,
            ..Deployed::new(arn(301), at(minute))
        };
        let plan = with(&scene, &[&begun, &main, &failed]);
        assert_eq!(services(&plan), ["web"], "{minute}: {plan:#?}");
    }
}

#[test]
fn rule_01_what_is_decided_about_another_service_of_the_same_revision_is_not_of_the_first_wave() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    // The canary does not take the push; what a third service runs cannot be asked just now.
    let (mut first, mut third) = (service("canary", 1), service("third", 1));
    own_policy(&mut first, "exact:other");
    third.deployed_at = Some(at(10));
    scene.inventory.services.extend([first, third]);
    scene.origin = Some(Origin {
        unknown: Some("ThrottlingException".to_owned()),
        retryable: true,
        ..Origin::default()
    });
    let scene = scene.configured(&json!({"waves": [{"services": ["canary"]}]}));
    let plan = scene.settled();
    assert_eq!(services(&plan), ["web"], "{plan:#?}");
}

#[test]
fn rule_01_what_is_noted_on_another_service_is_not_of_one_that_is_on_hold() {
    let mut scene = scene();
    let hold = ("ecroll:hold".to_owned(), "true".to_owned());
    canary(&mut scene).tags.extend([hold]);
    // Somebody deployed the image to a third service, which is noted there.
    scene.define(definition(3, &["web@sha256:d1"]));
    scene.inventory.services.push(service("third", 3));
    let plan = scene.settled();
    assert_eq!(plan.notes.len(), 1, "{plan:#?}");
    assert_eq!(services(&plan), ["web"], "{plan:#?}");
}

#[test]
fn rule_03_two_pushes_that_somebody_undid_together_in_the_first_wave_stop_there() {
    let mut scene = two_at_once();
    let of = canary(&mut scene).arn.clone();
    scene.deploy(&of, 2, 10);
    let plan = scene.asked();
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    assert!(why(&plan).contains("had it undone"), "{plan:#?}");
    assert!(!plan.waiting, "nothing is tried alone: {plan:#?}");
}

#[test]
fn rule_01_an_older_push_waits_for_a_newer_one_that_somebody_deployed_in_an_earlier_wave() {
    let mut scene = scene().pushed("web:v1", "d2", 1);
    scene.define(definition(3, &["web:v1@sha256:d2"]));
    canary(&mut scene).task_definition = arn(3);
    canary(&mut scene).deployed_at = Some(at(3));
    let mut plan = scene.settled();
    assert_eq!(plan.notes.len(), 1, "{plan:#?}");
    plan.rolls.clear();
    scene.carry_out(&plan, 5);
    // A batch of the log holds only the older one.
    scene.records.pop();
    let plan = scene.settled();
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    let next = why(&plan).contains("main/canary of wave 1 runs v1 of");
    assert!(next && plan.waiting, "{plan:#?}");
}

/// The canary takes versions only, and rolled one; then a batch of the log tells of another tag of that image alone.
fn known_by_another_tag() -> Scene {
    let mut scene = scene();
    own_policy(canary(&mut scene), "prefix:v");
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    scene.records.clear();
    scene.pushed("web:stable", "d1", 9)
}

#[test]
fn rule_01_an_image_was_not_undone_in_an_earlier_wave_where_somebodys_own_revision_runs() {
    let mut scene = known_by_another_tag();
    scene.define(definition(300, &["web:v1"]));
    let of = canary(&mut scene).arn.clone();
    scene.deploy(&of, 300, 8);
    // How that one fares is not of the push.
    for rollout in [Rollout::Completed, Rollout::Failed] {
        canary(&mut scene).rollout = Some(rollout);
        let plan = scene.settled();
        assert_eq!(services(&plan), ["web"], "{rollout:?}: {plan:#?}");
    }
}

#[test]
fn rule_01_an_image_waits_for_its_roll_in_an_earlier_wave_that_is_taken_up_again_by_another_tag() {
    let mut scene = known_by_another_tag();
    // The look-up noted it, and ended before it could deploy it.
    canary(&mut scene).task_definition = arn(2);
    canary(&mut scene).deployed_at = Some(at(-1000));
    let plan = with(&scene, &[]);
    assert_eq!(services(&plan), ["canary"], "{plan:#?}");
    let waits = "waits for main/canary of wave 1 to run it";
    assert_eq!(why(&plan), waits, "{plan:#?}");
}

#[test]
fn rule_01_a_service_that_was_put_on_hold_when_its_roll_had_begun_holds_up_no_later_wave() {
    let mut scene = scene();
    let revision = scene.settled();
    let entries = revision.rolls[0].entries(&arn(9));
    let canary = canary(&mut scene);
    canary.tags.extend(entries);
    canary
        .tags
        .insert("ecroll:hold".to_owned(), "true".to_owned());
    let arn = canary.arn.clone();
    let unknown = History::Unknown("denied".to_owned());
    for past in [History::whole(Vec::new()), unknown] {
        scene.histories.insert(arn.clone(), past);
        let plan = scene.settled();
        assert_eq!(services(&plan), ["web"], "{plan:#?}");
    }
}

#[test]
fn rule_03_what_somebody_took_from_some_containers_of_an_earlier_wave_goes_no_further() {
    let (scene, version, main) = overtaken();
    assert_eq!(services(&with(&scene, &[&version, &main])), ["web"]);
    // Between the two, somebody's own revision, which leaves the version in one container, or in all.
    for (other, rolls) in [("web:seed", 0), ("web:v1", 1)] {
        let theirs = Deployed {
            names: definition(9, &["web:v1", other]).names(),
            ..Deployed::new(arn(9), at(10))
        };
        let plan = with(&scene, &[&version, &theirs, &main]);
        assert_eq!(services(&plan).len(), rolls, "{other}: {plan:#?}");
    }
}
