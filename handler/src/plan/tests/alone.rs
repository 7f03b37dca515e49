//! The circuit breaker undid a revision with two new pushes: each is tried once alone.

use super::builders::{Scene, arn, at, definition, outcomes, repository, rolled, writes_nothing};
use crate::plan::{Deployed, History};
use crate::report::Outcome::{Held, Unchanged};

/// Two repositories, a push to each, rolled together. The second's push came first.
fn together() -> (Scene, String) {
    let mut scene = Scene::new(&["a:seed", "b:seed"])
        .pushed("a:v1", "d1", 1)
        .pushed("b:v1", "d2", 0);
    let plan = scene.look_up(5);
    assert_eq!(plan.rolls.len(), 1);
    let both = scene.web().task_definition.clone();
    assert!(scene.web().entry(&repository("a")).unwrap().shared);
    (scene, both)
}

/// What was deployed: revision, minute, and whether the breaker undid it.
fn past(scene: &mut Scene, past: &[(&str, i64, bool)]) {
    let past = past.iter().map(|(revision, minute, undone)| Deployed {
        undone: *undone,
        ..Deployed::new((*revision).to_owned(), at(*minute))
    });
    let past = History::whole(past.collect());
    let web = scene.web().arn.clone();
    scene.histories.insert(web, past);
}

fn back(scene: &mut Scene, arn: &str, minute: i64) {
    arn.clone_into(&mut scene.web().task_definition);
    scene.web().deployed_at = Some(at(minute));
}

#[test]
fn rule_03_each_is_tried_once_alone_and_the_good_one_stays() {
    let (mut scene, both) = together();
    back(&mut scene, &arn(1), 20);
    past(&mut scene, &[(&both, 5, true)]);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["b:v1"], "the one that was pushed first");
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    assert!(plan.decisions[0].reason.contains("tried alone"));
    scene.carry_out(&plan, 25);
    assert_eq!(scene.images(), ["a:seed", "b:v1"]);
    let with_b = scene.web().task_definition.clone();
    assert!(!scene.web().entry(&repository("b")).unwrap().shared);

    // While its deployment is under way, the other waits.
    scene.web().rollout = Some(crate::inventory::Rollout::UnderWay);
    past(&mut scene, &[(&both, 5, true), (&with_b, 25, false)]);
    let plan = scene.settled();
    writes_nothing(&plan);
    assert_eq!(outcomes(&plan), [(Unchanged, "v1"), (Held, "v1")]);

    // It fared well: now the other, on top of it.
    scene.web().rollout = Some(crate::inventory::Rollout::Completed);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["a:v1"]);
    scene.carry_out(&plan, 40);
    assert_eq!(scene.images(), ["a:v1", "b:v1"]);
    let last = scene.web().task_definition.clone();

    // That one is undone as well, and stays so.
    back(&mut scene, &with_b, 60);
    let all = [
        (both.as_str(), 5, true),
        (&with_b, 25, false),
        (&last, 40, true),
    ];
    past(&mut scene, &all);
    let plan = scene.settled();
    writes_nothing(&plan);
    assert_eq!(outcomes(&plan), [(Held, "v1"), (Unchanged, "v1")]);
}

#[test]
fn rule_03_where_the_first_fails_alone_the_second_is_still_tried_and_no_more() {
    let (mut scene, both) = together();
    back(&mut scene, &arn(1), 20);
    past(&mut scene, &[(&both, 5, true)]);
    let plan = scene.look_up(25);
    assert_eq!(rolled(&plan), ["b:v1"]);
    let with_b = scene.web().task_definition.clone();
    back(&mut scene, &arn(1), 40);
    past(&mut scene, &[(&both, 5, true), (&with_b, 25, true)]);
    let plan = scene.look_up(45);
    assert_eq!(rolled(&plan), ["a:v1"]);
    let with_a = scene.web().task_definition.clone();
    assert_eq!(scene.images(), ["a:v1", "b:seed"]);
    back(&mut scene, &arn(1), 60);
    let all = [
        (both.as_str(), 5, true),
        (&with_b, 25, true),
        (&with_a, 45, true),
    ];
    past(&mut scene, &all);
    let plan = scene.settled();
    writes_nothing(&plan);
    assert_eq!(outcomes(&plan), [(Held, "v1"), (Held, "v1")]);
}

#[test]
fn rule_03_a_rollback_by_a_person_is_not_tried_again() {
    let (mut scene, both) = together();
    back(&mut scene, &arn(1), 20);
    past(&mut scene, &[(&both, 5, false), (&arn(1), 20, false)]);
    let plan = scene.settled();
    writes_nothing(&plan);
    assert_eq!(outcomes(&plan), [(Held, "v1"), (Held, "v1")]);
}

#[test]
fn rule_03_nor_where_somebody_deployed_something_else_since() {
    let (mut scene, both) = together();
    scene.define(definition(7, &["a:mine", "b:mine"]));
    back(&mut scene, &arn(7), 20);
    past(&mut scene, &[(&both, 5, true), (&arn(7), 20, false)]);
    let plan = scene.settled();
    writes_nothing(&plan);
}

#[test]
fn rule_03_a_new_push_goes_first_and_the_other_is_tried_after_it() {
    let (mut scene, both) = together();
    back(&mut scene, &arn(1), 20);
    past(&mut scene, &[(&both, 5, true)]);
    let mut scene = scene.pushed("a:v2", "d3", 21);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["a:v2"]);
    scene.carry_out(&plan, 25);
    assert_eq!(scene.images(), ["a:v2", "b:seed"]);
    let with_a = scene.web().task_definition.clone();
    past(&mut scene, &[(&both, 5, true), (&with_a, 25, false)]);
    assert_eq!(rolled(&scene.settled()), ["b:v1"]);
}

#[test]
fn rule_01_two_rolls_that_died_together_are_still_known_to_be_shared() {
    let (mut scene, both) = together();
    back(&mut scene, &arn(1), -1000);
    past(&mut scene, &[]);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["a:v1", "b:v1"]);
    assert_eq!(plan.rolls[0].source, crate::plan::Source::Registered(both));
    scene.carry_out(&plan, 30);
    assert!(scene.web().entry(&repository("b")).unwrap().shared);
}

#[test]
fn rule_03_a_roll_for_another_repository_does_not_bring_back_what_was_rolled_back() {
    // a:v1 rolls alone and is undone, by a person or by the breaker; then b is pushed and rolls.
    for person in [true, false] {
        let mut scene = Scene::new(&["a:seed", "b:seed"]).pushed("a:v1", "d1", 0);
        let _ = scene.look_up(5);
        let with_a = scene.web().task_definition.clone();
        back(&mut scene, &arn(1), 20);
        let seed = arn(1);
        let so_far = |person: bool| {
            let mut past = vec![(with_a.as_str(), 5, !person)];
            past.extend(person.then_some((seed.as_str(), 20, false)));
            past
        };
        let mut scene = scene.pushed("b:v1", "d2", 30);
        past(&mut scene, &so_far(person));
        let plan = scene.look_up(35);
        assert_eq!(rolled(&plan), ["b:v1"]);
        let with_b = scene.web().task_definition.clone();
        let mut now = so_far(person);
        now.push((with_b.as_str(), 35, false));
        past(&mut scene, &now);
        let plan = scene.settled();
        writes_nothing(&plan);
        assert_eq!(outcomes(&plan), [(Held, "v1"), (Unchanged, "v1")]);
        assert!(
            plan.decisions[0].reason.contains("rolled back"),
            "{plan:#?}"
        );
    }
}
