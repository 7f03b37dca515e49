//! What cannot or may not roll, and what is said about it.

use std::fmt::Write as _;

use serde_json::json;

use super::builders::{Scene, at, definition, outcomes, rolled, writes_nothing};
use crate::inventory::{Controller, Service};
use crate::manifest::Kind;
use crate::report::Outcome::{Held, Refused, Unchanged};

/// A name and what makes a service so.
type Change = (&'static str, fn(&mut Service));

fn said(about: &str, scene: &Scene, text: &mut String) {
    let plan = scene.settled();
    writes_nothing(&plan);
    for decision in &plan.decisions {
        writeln!(text, "{about}: {} — {}", decision.outcome, decision.reason).unwrap();
    }
}

#[test]
fn rule_10_every_refusal_says_why_and_what_would_help() {
    let mut text = String::new();
    let services: [Change; 13] = [
        ("draining", |s| "DRAINING".clone_into(&mut s.status)),
        ("inactive", |s| "INACTIVE".clone_into(&mut s.status)),
        ("express", |s| s.express = true),
        ("code deploy", |s| {
            s.controller = Controller::Foreign("CODE_DEPLOY".to_owned());
        }),
        ("external", |s| {
            s.controller = Controller::Foreign("EXTERNAL".to_owned());
        }),
        ("short arn", |s| {
            "arn:aws:ecs:eu-west-1:000000000000:service/web".clone_into(&mut s.arn);
        }),
        ("1 of 50/100", |s| {
            (s.desired, s.minimum_healthy_percent, s.maximum_percent) = (1, 50, 100);
        }),
        ("1 of 100/150", |s| {
            (s.desired, s.maximum_percent) = (1, 150);
        }),
        ("2 of 75/100", |s| {
            (s.minimum_healthy_percent, s.maximum_percent) = (75, 100);
        }),
        ("3 of 100/125", |s| {
            (s.desired, s.maximum_percent) = (3, 125);
        }),
        ("daemon of 100/100", |s| {
            (s.daemon, s.maximum_percent) = (true, 100);
        }),
        ("largest", |s| {
            (s.desired, s.maximum_percent) = (i32::MAX, 100);
        }),
        ("no room", |s| {
            s.tags
                .extend((0..50).map(|n| (format!("k{n}"), String::new())));
        }),
    ];
    for (about, change) in services {
        let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
        change(scene.web());
        said(about, &scene, &mut text);
    }
    let configs = [
        ("hold", json!({"service": {"hold": true}})),
        ("policy", json!({"service": {"tags": "prefix:release-"}})),
        ("since", json!({"since": at(1).to_rfc3339()})),
        ("repositories", json!({"repositories": ["shop"]})),
    ];
    for (about, config) in configs {
        let scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
        said(about, &scene.configured(&config), &mut text);
    }
    let percentages = json!({"minimum_healthy_percent": 100, "maximum_percent": 150});
    let blocked = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let mut blocked = blocked.configured(&json!({"service": percentages}));
    blocked.web().desired = 1;
    said("1 asked 100/150", &blocked, &mut text);
    blocked.dry = true;
    said("the same, dry run", &blocked, &mut text);
    let asked = |percentages: serde_json::Value, change: fn(&mut Service)| {
        let scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
        let mut scene = scene.configured(&json!({"service": percentages}));
        change(scene.web());
        scene
    };
    let zones = asked(
        json!({"minimum_healthy_percent": 0, "maximum_percent": 100}),
        |s| {
            s.zone_rebalancing = true;
        },
    );
    said("zones asked 100", &zones, &mut text);
    let none = asked(json!({"maximum_percent": 100}), |s| s.desired = 0);
    said("0 asked 100/100", &none, &mut text);
    let daemon = asked(json!({"minimum_healthy_percent": 100}), |s| {
        (s.daemon, s.minimum_healthy_percent, s.maximum_percent) = (true, 0, 100);
    });
    said("daemon asked 100", &daemon, &mut text);
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    scene.dry = true;
    said("dry run", &scene, &mut text);
    scene.dry = false;
    scene.records[0].record.kind = Kind::Other("config of type helm".to_owned());
    said("no image", &scene, &mut text);
    let foreign =
        Scene::new(&["web:seed"])
            .pushed("web:v1", "d1", 0)
            .noted("web", "d1-web-v1", 0, 2, 1);
    said(
        "rolled back",
        &foreign.clone().deployed(&[(2, 5)]),
        &mut text,
    );
    insta::assert_snapshot!(text);
}

#[test]
fn rule_06_what_can_move_is_not_refused() {
    let possible: [Change; 9] = [
        ("1 of 50/200", |s| {
            (s.desired, s.minimum_healthy_percent) = (1, 50);
        }),
        ("1 of 0/100", |s| {
            (s.desired, s.minimum_healthy_percent, s.maximum_percent) = (1, 0, 100);
        }),
        ("4 of 100/125", |s| {
            (s.desired, s.maximum_percent) = (4, 125);
        }),
        ("none", |s| (s.desired, s.maximum_percent) = (0, 100)),
        ("daemon", |s| {
            (s.daemon, s.minimum_healthy_percent, s.maximum_percent) = (true, 99, 100);
        }),
        ("daemon without instances", |s| {
            (s.daemon, s.desired, s.maximum_percent) = (true, 0, 100);
        }),
        ("zones, and no percentages to send", |s| {
            (s.zone_rebalancing, s.desired) = (true, 4);
            (s.minimum_healthy_percent, s.maximum_percent) = (50, 100);
        }),
        ("blue/green", |s| {
            s.controller = Controller::Strategy("BLUE_GREEN".to_owned());
            s.maximum_percent = 100;
        }),
        ("negative", |s| s.desired = -1),
    ];
    for (about, change) in possible {
        let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
        change(scene.web());
        assert_eq!(scene.settled().rolls.len(), 1, "{about}");
    }
}

#[test]
fn rule_07_percentages_are_sent_only_where_asked_for_different_and_meant() {
    let config = json!({"service": {"minimum_healthy_percent": 50, "maximum_percent": 200}});
    let sent = |change: fn(&mut Service)| {
        let mut scene = Scene::new(&["web:seed"])
            .pushed("web:v1", "d1", 0)
            .configured(&config);
        change(scene.web());
        let plan = scene.settled();
        let roll = &plan.rolls[0];
        (roll.minimum_healthy_percent, roll.maximum_percent)
    };
    assert_eq!(sent(|_| ()), (Some(50), None));
    assert_eq!(sent(|s| s.maximum_percent = 150), (Some(50), Some(200)));
    assert_eq!(sent(|s| s.minimum_healthy_percent = 50), (None, None));
    let daemon = sent(|s| (s.daemon, s.maximum_percent) = (true, 100));
    assert_eq!(daemon, (Some(50), None));
    let blue_green = sent(|s| s.controller = Controller::Strategy("CANARY".to_owned()));
    assert_eq!(blue_green, (None, None));
}

#[test]
fn rule_10_a_service_without_a_task_definition_is_told_once_and_not_per_push() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    scene.web().task_definition.clear();
    scene.web().controller = Controller::Foreign("EXTERNAL".to_owned());
    let plan = scene.settled();
    assert_eq!(plan.decisions, []);
    writes_nothing(&plan);
    let remarks: Vec<&String> = plan.remarks.iter().collect();
    assert!(
        remarks.len() == 1 && remarks[0].contains("service/main/web"),
        "{remarks:?}"
    );
}

#[test]
fn rule_03_what_somebody_deployed_and_took_back_while_nothing_could_roll_stays_so() {
    let mut scene = Scene::new(&["web:seed"]);
    scene.define(definition(2, &["web:v1"]));
    (scene.web().desired, scene.web().maximum_percent) = (1, 150);
    let mut scene = scene.pushed("web:v1", "d1", 0);
    let plan = scene.look_up(5);
    assert_eq!(outcomes(&plan), [(Refused, "v1")]);
    writes_nothing(&plan);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 2, 10);
    let plan = scene.look_up(15);
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    assert_eq!(plan.notes.len(), 1);
    scene.deploy(&web, 1, 20);
    scene.web().desired = 0;
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
}

#[test]
fn a_service_on_hold_or_closed_to_ecroll_is_not_written_to() {
    let config = json!({"service": {"hold": true}});
    let held = Scene::new(&["web:v1"]).configured(&config);
    let mut closed = Scene::new(&["web:v1"]);
    closed.web().express = true;
    for scene in [held, closed] {
        let mut scene = scene.pushed("web:v1", "d1", -10);
        scene.web().deployed_at = Some(at(-5));
        let plan = scene.look_up(5);
        assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
        writes_nothing(&plan);
    }
}

#[test]
fn rule_07_of_two_repositories_in_one_roll_the_stricter_minimum_counts_and_both_can_move() {
    let sent = |one: serde_json::Value, two: serde_json::Value| {
        let mut rules = vec![json!({"repository": "a"}), json!({"repository": "b"})];
        for (rule, own) in rules.iter_mut().zip([one, two]) {
            let own = own.as_object().unwrap().clone();
            rule.as_object_mut().unwrap().extend(own);
        }
        let mut scene = Scene::new(&["a:seed", "b:seed"])
            .pushed("a:v1", "d1", 0)
            .pushed("b:v1", "d2", 1)
            .configured(&json!({"services": rules}));
        scene.web().minimum_healthy_percent = 50;
        let plan = scene.settled();
        assert_eq!(plan.rolls.len(), 1, "{plan:#?}");
        let roll = &plan.rolls[0];
        (roll.minimum_healthy_percent, roll.maximum_percent)
    };
    let minimum = |percent: i32| json!({"minimum_healthy_percent": percent});
    let maximum = |percent: i32| json!({"maximum_percent": percent});
    assert_eq!(sent(minimum(0), minimum(100)), (Some(100), None));
    assert_eq!(sent(minimum(75), maximum(125)), (Some(75), None));
    assert_eq!(
        sent(minimum(0), json!({})),
        (None, None),
        "the other asks for what is"
    );
}

#[test]
fn rule_06_what_the_ledger_has_no_room_for_beside_the_other_is_refused() {
    let mut scene = Scene::new(&["a:seed", "b:seed"])
        .pushed("a:v1", "d1", 0)
        .pushed("b:v1", "d2", 1);
    let own = (0..49).map(|n| (format!("own-{n}"), String::new()));
    scene.web().tags.extend(own);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["a:v1"]);
    assert_eq!(outcomes(&plan), [(Refused, "v1")]);
    assert!(plan.decisions[0].reason.contains("50 tags"), "{plan:#?}");
}
