//! Families that no service runs.

use std::sync::Arc;

use serde_json::json;

use super::builders::{Scene, arn, at, image, outcomes, record, rolled};
use crate::inventory::Definition;
use crate::plan::Plan;
use crate::plan::families::families;
use crate::report::Outcome::{Held, Skipped};

/// What the newest revision that the scene knows gets from the pushes in sight.
fn plan(scene: &Scene, newest: &str) -> Plan {
    let newest: Arc<Definition> = Arc::clone(&scene.inventory.definitions[newest]);
    families(&scene.pushes(), &[newest], &scene.config, false)
}

#[test]
fn rule_01_of_two_pushes_within_a_second_the_logs_order_decides_for_a_family_too() {
    let mut scene = Scene::new(&["web:seed"]);
    let first = scene.web().task_definition.clone();
    scene.records = vec![record("web:a", "d1", 0, "z-greater-id")];
    let begun = plan(&scene, &first);
    assert_eq!(rolled(&begun), ["web:a"]);
    let made = scene.revision(&begun.rolls[0], 0);
    assert_eq!(rolled(&plan(&scene, &made)), Vec::<String>::new());

    let mut second = record("web:b", "d2", 0, "a-smaller-id");
    second.timestamp += 5;
    scene.records.push(second);
    let next = plan(&scene, &made);
    assert_eq!(rolled(&next), ["web:b"]);
    let made = scene.revision(&next.rolls[0], 0);
    assert_eq!(rolled(&plan(&scene, &made)), Vec::<String>::new());
}

#[test]
fn rule_01_what_only_the_registry_told_of_gets_a_decision_after_a_roll_for_another_repository() {
    let mut scene = Scene::new(&["app:seed", "lib:seed"]).pushed("lib:v2", "l2", 30);
    let first = scene.web().task_definition.clone();
    let begun = plan(&scene, &first);
    assert_eq!(rolled(&begun), ["lib:v2"]);
    let made = scene.revision(&begun.rolls[0], 30);
    scene.records = vec![record("app:v5", "a5", 0, "ecr:found-a5-0-1772355600")];
    assert_eq!(rolled(&plan(&scene, &made)), ["app:v5"]);
}

/// The family as it stands after somebody registered `web:seed` at a minute.
fn registered(minute: i64) -> Scene {
    let mut scene = Scene::new(&["web:seed"]);
    let raw = json!({"taskDefinitionArn": arn(1), "family": "web", "revision": 1,
        "registeredAt": at(minute).timestamp(),
        "containerDefinitions": [{"name": "app", "image": image("web:seed")}]});
    scene.define(Definition::read(&json!({"taskDefinition": raw, "tags": []})).unwrap());
    scene
}

#[test]
fn rule_09_whoever_registered_the_newest_revision_since_chose_its_image() {
    let scene = registered(20);
    for (minute, rolls) in [(19, false), (20, false), (21, true)] {
        let plan = plan(&scene.clone().pushed("web:v1", "d1", minute), &arn(1));
        assert_eq!(plan.rolls.len() == 1, rolls, "{minute}: {plan:#?}");
        if !rolls {
            assert_eq!(outcomes(&plan), [(Skipped, "v1")]);
            assert!(plan.decisions[0].reason.contains("chose its image"));
        }
    }
}

#[test]
fn rule_02_an_older_push_than_the_newest_revisions_is_skipped() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v2", "d2", 10);
    let begun = plan(&scene, &arn(1));
    let made = scene.revision(&begun.rolls[0], 11);
    // Its own record is out of sight; of the same second the greater identity is the later one.
    let id = "d2-web-v2".to_owned();
    for (minute, other, rolls) in [
        (9, "z".to_owned(), false),
        (10, "a".to_owned(), false),
        (10, "z".to_owned(), true),
        (11, "a".to_owned(), true),
        (10, id, false),
    ] {
        scene.records = vec![record("web:v1", "d1", minute, &other)];
        let plan = plan(&scene, &made);
        assert_eq!(plan.rolls.len() == 1, rolls, "{minute} {other}: {plan:#?}");
    }
}

#[test]
fn what_speaks_of_clusters_and_services_says_nothing_to_a_family() {
    let scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    for config in [
        json!({"service": {"action": "force"}}),
        json!({"service": {"match": "name-prefix"}}),
        json!({"services": [{"cluster": "*", "hold": true}]}),
        json!({"services": [{"service": "*", "hold": true}]}),
        json!({"services": [{"repository": "web", "action": "force"}]}),
        json!({"waves": [{"services": ["canary"]}]}),
    ] {
        let plan = plan(&scene.clone().configured(&config), &arn(1));
        assert_eq!(rolled(&plan), ["web:v1"], "{config}");
    }
    let held = json!({"services": [{"repository": "web", "hold": true}]});
    let plan = plan(&scene.configured(&held), &arn(1));
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
}
