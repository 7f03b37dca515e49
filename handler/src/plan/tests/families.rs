//! Families that no service runs.

use std::sync::Arc;

use super::builders::{Scene, record, rolled};
use crate::inventory::Definition;
use crate::plan::Plan;
use crate::plan::families::families;

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
