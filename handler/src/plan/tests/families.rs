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
