//! What no look-up heard of: tags that moved, deployments that somebody stopped, revisions of somebody's own.

use chrono::TimeDelta;
use serde_json::json;

use super::builders::{Scene, arn, at, definition, outcomes, rolled, service, writes_nothing};
use super::dates::origin;
use super::evidence::named;
use super::missing::{listed, told};
use super::waves::{canary, services};
use crate::ledger::Entry;
use crate::plan::{Deployed, History, Source};
use crate::report::Outcome::{Held, Skipped, Unchanged};

#[test]
fn rule_01_what_was_left_undone_is_taken_up_where_ecs_went_back_from_somebodys_own_deployment() {
    for (failed, resumed) in [(true, true), (false, false)] {
        let scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
        let mut scene = scene.noted("web", "d1-web-v1", 0, 2, 1);
        scene.web().deployed_at = Some(at(20));
        let stopped = Deployed {
            failed,
            ..Deployed::new(arn(3), at(15))
        };
        let web = scene.web().arn.clone();
        let past = History::whole(vec![stopped]);
        scene.histories.insert(web, past);
        let plan = scene.settled();
        let sources: Vec<_> = plan.rolls.iter().map(|roll| &roll.source).collect();
        let own = Source::Registered(arn(2));
        let expected: &[&Source] = if resumed { &[&own] } else { &[] };
        assert_eq!(sources, expected, "{plan:#?}");
        if !resumed {
            assert_eq!(outcomes(&plan), [(Held, "v1")]);
        }
    }
}

#[test]
fn rule_01_an_image_pushed_again_before_its_tag_brought_another_one_is_rolled() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:main", "d0", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:main"]);
    let scene = scene.pushed("web:main", "d1", 1);
    let mut scene = scene.pushed("web:v3", "d0", 2);
    // What ECS pulled is asked first.
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1, "{plan:#?}");
    scene.origin = Some(origin("d1", Some(1)));
    let plan = scene.asked();
    assert_eq!(rolled(&plan), ["web:v3"], "{plan:#?}");
    scene.origin = Some(origin("d0", Some(0)));
    assert_eq!(rolled(&scene.asked()), Vec::<String>::new());
}

#[test]
fn rule_02_what_a_tag_was_moved_to_within_a_minute_stays() {
    // (seconds after the push when what the tag names was pushed; whether that stays)
    for (seconds, digest, stays) in [(24, "d9", true), (24, "d1", false), (-24, "d9", false)] {
        let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
        assert_eq!(rolled(&scene.look_up(3)), ["web:v1"]);
        let mut scene = scene.pushed("web:v0", "d2", 0);
        let later = &mut scene.records.last_mut().unwrap().record.time;
        *later += TimeDelta::seconds(10);
        let mut names = named(digest, Some(0));
        names.pushed_at = Some(at(0) + TimeDelta::seconds(seconds));
        scene.origin = Some(names);
        let plan = scene.settled();
        let expected: &[&str] = if stays { &[] } else { &["web:v0"] };
        assert_eq!(rolled(&plan), expected, "{seconds} {digest} {plan:#?}");
        if stays {
            let reason = &plan.decisions.last().unwrap().reason;
            assert!(reason.contains("older than what runs"), "{reason}");
        }
    }
}

#[test]
fn rule_02_what_another_repositorys_roll_brought_by_a_version_gives_way_to_no_lower_one() {
    let mut scene = Scene::new(&["web:seed", "side:seed"])
        .configured(&json!({"service": {"tags": "newest-semver"}}))
        .pushed("web:1.10.0", "d10", 0);
    assert_eq!(rolled(&scene.look_up(3)), ["web:1.10.0"]);
    let scene = scene.pushed("web:1.10.0", "d11", 5);
    let mut scene = scene.pushed("web:1.2.0", "d10", 60);
    scene.origin = Some(origin("d10", Some(0)));
    let plan = scene.asked();
    scene.carry_out(&plan, 61);
    let mut scene = scene.pushed("side:1.0.0", "s1", 100);
    let plan = scene.asked();
    assert_eq!(rolled(&plan), ["side:1.0.0"]);
    scene.carry_out(&plan, 101);
    scene.origin = Some(origin("d11", Some(5)));
    let plan = scene.asked();
    assert_eq!(rolled(&plan), Vec::<String>::new(), "{plan:#?}");
    let reason = "1.2.0 is not above what the service runs";
    assert!(plan.decisions.iter().any(|one| one.reason == reason));
    // Where versions do not count, the newest push does.
    scene.config = crate::config::Config::default();
    assert_eq!(rolled(&scene.asked()), ["web:1.2.0"]);
}

#[test]
fn rule_01_what_an_earlier_wave_undid_and_leaves_out_by_now_is_a_new_push_after_another_image() {
    // (what came between; by whom it is known; whether it goes on)
    for (between, noted, goes_on) in [
        (true, true, true),
        (true, false, true),
        (false, false, false),
    ] {
        let mut scene = versions_first();
        let undone = canary(&mut scene).arn.clone();
        scene.deploy(&undone, 2, 4);
        if between {
            scene = scene.pushed("web:v5", "d5", 10);
            if noted {
                let plan = scene.asked();
                assert_eq!(services(&plan), ["web"]);
                scene.carry_out(&plan, 11);
                scene.records.clear();
            }
        }
        let scene = &mut scene.pushed("web:v2", "d3", 30);
        let plan = scene.asked();
        let expected: &[&str] = if goes_on { &["web"] } else { &[] };
        assert_eq!(services(&plan), expected, "{between} {noted} {plan:#?}");
    }
}

#[test]
fn rule_01_a_way_back_further_than_the_last_roll_is_nobodys_choice() {
    let scene = Scene::new(&["web:seed"]).configured(&json!({"reconcile": true}));
    let mut scene = scene.pushed("web:v1", "d1", 2);
    assert_eq!(rolled(&scene.look_up(8)), ["web:v1"]);
    let mut scene = scene.pushed("web:v2", "d2", 3);
    assert_eq!(rolled(&scene.look_up(9)), ["web:v2"]);
    scene.fall_back(1, 10);
    scene.records.clear();
    told(&mut scene, &listed("d4", &["v4"], 5));
    let plan = scene.asked();
    assert_eq!(rolled(&plan), ["web:v4"], "{plan:#?}");
    // Unless somebody asked for it.
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 12);
    scene.histories.clear();
    assert_eq!(outcomes(&scene.asked()), [(Skipped, "v4")]);
}

#[test]
fn rule_01_what_was_made_before_and_deployed_long_after_by_a_later_look_up_is_nobodys_choice() {
    let scene = Scene::new(&["web:seed"]).configured(&json!({"reconcile": true}));
    let mut scene = scene.pushed("web:v1", "d1", 0);
    let plan = scene.settled();
    // Made at minute 2, and deployed at minute 40.
    scene.carry_out(&plan, 2);
    let made = scene.web().task_definition.clone();
    let web = scene.web().arn.clone();
    let own = &scene.inventory.definitions[&made];
    let past = |minute| Deployed {
        made: own.made(),
        ..Deployed::new(made.clone(), at(minute))
    };
    let late = vec![past(40)];
    let again = vec![past(2), past(40)];
    scene.web().deployed_at = Some(at(40));
    scene.records.clear();
    told(&mut scene, &listed("d4", &["v4"], 20));
    assert!(scene.plan().doubts[0].since < at(2));
    scene.histories.insert(web.clone(), History::whole(late));
    assert_eq!(rolled(&scene.settled()), ["web:v4"]);
    // Somebody deployed it once more.
    scene.histories.insert(web, History::whole(again));
    assert_eq!(outcomes(&scene.settled()), [(Skipped, "v4")]);
}

#[test]
fn rule_01_a_way_back_from_what_began_before_the_image_is_nobodys_choice() {
    let scene = Scene::new(&["web:seed"]).configured(&json!({"reconcile": true}));
    let mut scene = scene.pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    scene.records.clear();
    // Pushed while it was being deployed.
    told(&mut scene, &listed("d4", &["v4"], 7));
    let mut undone = scene.clone();
    undone.fall_back(1, 9);
    assert!(undone.plan().doubts[0].since < at(0));
    let plan = undone.asked();
    assert_eq!(rolled(&plan), ["web:v4"], "{plan:#?}");
    // Somebody went back.
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 9);
    assert_eq!(outcomes(&scene.asked()), [(Skipped, "v4")]);
}

#[test]
fn rule_03_who_goes_back_from_their_own_deployment_of_a_push_goes_back_from_the_push() {
    // The ledger was written, and the update refused until somebody was faster.
    let scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let mut scene = scene.noted("web", "d1-web-v1", 0, 2, 1);
    scene.define(definition(3, &["web:v1"]));
    let web = scene.web().arn.clone();
    scene.deploy(&web, 3, 5);
    scene.origin = Some(origin("d1", Some(0)));
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    let note = Entry::read(&plan.notes[0].tag.1).unwrap();
    assert!(note.new.names(&arn(3)) && !note.is_deployment());
    scene.carry_out(&plan, 6);
    writes_nothing(&scene.asked());
    scene.deploy(&web, 1, 20);
    scene.origin = None;
    scene.histories.clear();
    assert_eq!(outcomes(&scene.asked()), [(Held, "v1")]);
}

#[test]
fn rule_01_a_way_back_from_somebodys_own_deployment_before_the_image_is_nobodys_choice() {
    let scene = Scene::new(&["web:seed"]).configured(&json!({"reconcile": true}));
    let mut scene = scene.pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(2)), ["web:v1"]);
    scene.records.clear();
    let (web, made) = (scene.web().arn.clone(), scene.web().task_definition.clone());
    let number = number(&made);
    scene.deploy(&web, 300, 5);
    told(&mut scene, &listed("d4", &["v4"], 7));
    scene.fall_back(number, 9);
    let plan = scene.asked();
    assert_eq!(rolled(&plan), ["web:v4"], "{plan:#?}");
}

#[test]
fn rule_03_who_goes_back_from_what_was_made_later_has_chosen_however_soon() {
    let scene = Scene::new(&["web:seed"]).configured(&json!({"reconcile": true}));
    let mut scene = scene.pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(1)), ["web:v1"]);
    let first = scene.web().task_definition.clone();
    let mut scene = scene.pushed("web:v2", "d2", 4);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v2"]);
    scene.records.clear();
    told(&mut scene, &listed("d4", &["v4"], 8));
    assert_eq!(rolled(&scene.asked()), ["web:v4"]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, number(&first), 12);
    scene.histories.clear();
    assert_eq!(outcomes(&scene.asked()), [(Skipped, "v4")]);
}

#[test]
fn rule_03_in_an_earlier_wave_who_goes_back_from_their_own_deployment_holds_its_other_tags_too() {
    let mut scene = versions_first();
    scene.define(definition(300, &["web:1.0.0"]));
    let own = canary(&mut scene).arn.clone();
    scene.deploy(&own, 300, 4);
    scene.origin = Some(origin("d3", Some(0)));
    let mut plan = scene.asked();
    plan.rolls.clear();
    scene.carry_out(&plan, 5);
    scene.deploy(&own, 2, 6);
    scene.origin = None;
    // The next look-up reads the other tag alone.
    scene.records.clear();
    let mut scene = scene.pushed("web:v2", "d3", 7);
    let plan = scene.asked();
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    // What somebody named by hand meanwhile was not pushed then, and parts nothing.
    let scene = &mut scene.noted("web", "direct:d5-web-v5", 1, 400, 1);
    let plan = scene.asked();
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
}

/// The number of a revision.
fn number(arn: &str) -> u32 {
    let (_, number) = arn.rsplit_once(':').unwrap();
    number.parse().unwrap()
}

/// The first wave takes versions only, and has the first one; the other service takes everything.
fn versions_first() -> Scene {
    let mut scene = Scene::new(&["web:seed"]);
    scene.define(definition(2, &["web:seed"]));
    scene.inventory.services.push(service("canary", 2));
    let mut scene = scene.configured(&json!({"waves": [{"services": ["canary"]}]}));
    let tags = ("ecroll:tags".to_owned(), "semver:1.x".to_owned());
    canary(&mut scene).tags.extend([tags]);
    let mut scene = scene.pushed("web:1.0.0", "d3", 0);
    assert_eq!(services(&scene.look_up(2)), ["canary"]);
    scene
}
