//! Every row of the ledger's table.

use super::builders::{Scene, arn, at, definition, outcomes, rolled, writes_nothing};
use super::dates::origin;
use crate::inventory::Origin;
use crate::plan::{Deployed, History, Source};
use crate::report::Outcome::{Held, Unchanged};

/// A service on revision 2, which ecroll made of revision 1 for the push of `web:v1`; the ledger says so.
fn after_a_roll() -> Scene {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:v1"]);
    scene
}

/// Lets the service `web` run another revision.
fn redeploy(scene: &mut Scene, arn: &str, minute: i64) {
    arn.clone_into(&mut scene.web().task_definition);
    scene.web().deployed_at = Some(at(minute));
}

#[test]
fn rule_03_the_ledgers_push_runs_unchanged() {
    let mut scene = after_a_roll();
    let plan = scene.look_up(10);
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    writes_nothing(&plan);
}

#[test]
fn rule_03_a_push_older_than_the_ledgers_that_runs_again_is_unchanged() {
    let mut scene = after_a_roll();
    let first = scene.web().task_definition.clone();
    let mut scene = scene.pushed("web:v2", "d2", 20);
    let _ = scene.look_up(25);
    let second = scene.web().task_definition.clone();
    redeploy(&mut scene, &first, 30);
    // The newer record is out of sight by now.
    scene.records.retain(|found| found.record.tag == "v1");
    let mut scene = scene.deployed(&[]);
    let web = scene.web().arn.clone();
    let History::Known(_, past) = scene.histories.get_mut(&web).unwrap() else {
        unreachable!()
    };
    for (revision, minute) in [(first, 5), (second, 25)] {
        past.push(crate::plan::Deployed::new(revision, at(minute)));
    }
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    writes_nothing(&plan);
}

#[test]
fn rule_01_a_roll_that_died_before_the_update_is_resumed_with_its_revision() {
    let scene =
        Scene::new(&["web:seed"])
            .pushed("web:v1", "d1", 0)
            .noted("web", "d1-web-v1", 0, 2, 1);
    let plan = scene.plan();
    assert_eq!(plan.doubts.len(), 1, "history decides");
    writes_nothing(&plan);
    let plan = scene.deployed(&[]).settled();
    assert_eq!(rolled(&plan), ["web:v1"]);
    assert_eq!(plan.rolls[0].source, Source::Registered(arn(2)));
    assert!(plan.decisions.is_empty());
}

#[test]
fn rule_01_it_is_resumed_also_when_the_log_shows_nothing() {
    let scene = Scene::new(&["web:seed"]).noted("web", "direct:now", 0, 2, 1);
    assert_eq!(scene.plan().doubts.len(), 1);
    let plan = scene.deployed(&[]).settled();
    assert_eq!(plan.rolls[0].source, Source::Registered(arn(2)));
}

#[test]
fn rule_03_what_was_deployed_and_has_ended_is_held_until_the_next_push() {
    let scene = Scene::new(&["web:seed"])
        .pushed("web:v1", "d1", 0)
        .noted("web", "d1-web-v1", 0, 2, 1)
        .deployed(&[(2, 5), (1, 30)]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    assert!(plan.decisions[0].reason.contains("rolled back"));
    writes_nothing(&plan);
    let plan = scene.pushed("web:v2", "d2", 60).settled();
    assert_eq!(rolled(&plan), ["web:v2"]);
}

#[test]
fn rule_02_an_older_revision_of_ecrolls_that_came_after_is_rolled_forward() {
    // Two handlers raced: the older push's revision was deployed after the newer one's.
    let mut scene = after_a_roll();
    let older = scene.web().task_definition.clone();
    let mut scene = scene
        .pushed("web:v2", "d2", 2)
        .noted("web", "d2-web-v2", 2, 3, 1);
    redeploy(&mut scene, &older, 6);
    let (web, older) = (scene.web().arn.clone(), older);
    let deployed =
        |task_definition, minute| crate::plan::Deployed::new(task_definition, at(minute));
    let past = vec![deployed(arn(3), 5), deployed(older, 6)];
    scene.histories.insert(web, History::whole(past));
    assert_eq!(rolled(&scene.settled()), ["web:v2"]);
}

#[test]
fn rule_03_what_somebody_else_deployed_is_left_alone() {
    let mut scene =
        Scene::new(&["web:seed"])
            .pushed("web:v1", "d1", 0)
            .noted("web", "d1-web-v1", 0, 2, 1);
    scene.define(definition(7, &["web:mine"]));
    redeploy(&mut scene, &arn(7), 9);
    for past in [&[(7, 9)][..], &[(2, 5), (7, 9)]] {
        let plan = scene.clone().deployed(past).settled();
        assert_eq!(outcomes(&plan), [(Held, "v1")]);
        assert!(plan.decisions[0].reason.contains("somebody"));
        writes_nothing(&plan);
    }
}

#[test]
fn rule_03_an_image_that_runs_without_a_ledger_is_noted_once() {
    let mut scene = Scene::new(&["web:v1"]).pushed("web:v1", "d1", 0);
    scene.web().deployed_at = Some(at(3));
    let plan = scene.look_up(5);
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    assert_eq!((plan.rolls.len(), plan.notes.len()), (0, 1));
    writes_nothing(&scene.look_up(10));
    // And when it is rolled back later, that is seen.
    scene.define(definition(7, &["web:seed"]));
    redeploy(&mut scene, &arn(7), 30);
    let plan = scene.deployed(&[(1, 3), (7, 30)]).settled();
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
}

#[test]
fn rule_03_an_older_ledger_learns_of_what_somebody_deployed() {
    let scene = after_a_roll();
    let mut scene = scene.pushed("web:v2", "d2", 20);
    scene.define(definition(7, &["web:v2"]));
    redeploy(&mut scene, &arn(7), 22);
    let plan = scene.look_up(25);
    assert_eq!(plan.notes.len(), 1);
    assert_eq!(rolled(&plan), Vec::<String>::new());
    writes_nothing(&scene.look_up(30));
}

#[test]
fn rule_01_a_push_newer_than_the_ledgers_rolls() {
    let mut scene = after_a_roll().pushed("web:v2", "d2", 20);
    let plan = scene.look_up(25);
    assert_eq!(rolled(&plan), ["web:v2"]);
    assert_eq!(scene.images(), ["web:v2"]);
}

#[test]
fn rule_03_a_history_that_cannot_be_read_holds() {
    let mut scene =
        Scene::new(&["web:seed"])
            .pushed("web:v1", "d1", 0)
            .noted("web", "d1-web-v1", 0, 2, 1);
    let web = scene.web().arn.clone();
    let unknown = History::Unknown("AccessDenied".to_owned());
    scene.histories.insert(web, unknown);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    assert!(plan.decisions[0].reason.contains("AccessDenied"));
    writes_nothing(&plan);
}

/// A tag pushed again is one push with the first as long as nothing is known to lie between, and the ledger takes its
/// identity; what arrives late may make it a push of its own.
#[test]
fn rule_01_a_record_that_arrives_late_parts_a_push_from_the_one_that_was_rolled_back() {
    let mut scene = after_a_roll();
    redeploy(&mut scene, &arn(1), 30);
    let mut scene = scene.pushed("web:again", "d1", 60);
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Held, "again")], "one push, as it seems");
    for note in &plan.notes {
        let (key, value) = note.tag.clone();
        scene.web().tags.insert(key, value);
    }
    assert!(
        scene
            .web()
            .tags
            .values()
            .any(|value| value.contains("d1-web-again"))
    );
    // Pushed before it, and seen after it.
    let mut scene = scene.pushed("web:between", "d2", 50);
    assert_eq!(rolled(&scene.asked()), ["web:again"]);
}

#[test]
fn rule_01_what_a_direct_push_left_undone_is_taken_up_before_another_repository_rolls() {
    let mut scene = Scene::new(&["a:seed", "b:seed"])
        .noted("a", "direct:0-v1", 0, 2, 1)
        .deployed(&[])
        .pushed("b:v2", "d2", 3);
    scene.define(definition(2, &["a:v1", "b:seed"]));
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["a:v1"]);
    assert_eq!(plan.rolls[0].source, Source::Registered(arn(2)));
    assert_eq!(outcomes(&plan), [(Held, "v2")]);
    assert!(plan.waiting, "its push has to be seen again");
    // What could not be taken up for a day keeps nobody waiting.
    let late = scene.clone().pushed("b:v3", "d3", 1500);
    assert_eq!(rolled(&late.settled()), ["b:v3"]);
    scene.carry_out(&plan, 5);
    assert_eq!(rolled(&scene.asked()), ["b:v2"]);
}

#[test]
fn rule_03_a_history_that_was_read_for_one_repository_is_read_further_back_for_another() {
    let mut scene = Scene::new(&["app:latest", "side:v1"]).pushed("app:latest", "d1", 0);
    assert_eq!(rolled(&scene.look_up(1)), ["app:latest"]);
    scene.fall_back(1, 5);
    let mut scene = scene.pushed("side:v2", "s2", 10);
    // What ECS pulled, as it tells when it is asked.
    scene.origin = Some(Origin {
        digest: Some("sha256:d0".to_owned()),
        ..Origin::default()
    });
    let plan = scene.asked();
    assert_eq!(rolled(&plan), ["side:v2"]);
    scene.carry_out(&plan, 12);
    let last = Deployed {
        undone: true,
        ..Deployed::new(scene.web().task_definition.clone(), at(12))
    };
    scene.fall_back(1, 15);
    // Read for the second push, it tells nothing of the first one's deployment.
    let web = scene.web().arn.clone();
    let short = History::Known(at(9), vec![last]);
    scene.histories.insert(web, short);
    let plan = scene.plan();
    writes_nothing(&plan);
    assert!(plan.doubts[0].since < at(1), "{plan:#?}");
    scene.histories.clear();
    let plan = scene.asked();
    writes_nothing(&plan);
    assert_eq!(outcomes(&plan), [(Held, "latest"), (Held, "v2")]);
}

#[test]
fn rule_03_a_history_that_is_behind_what_runs_says_nothing_of_a_rollback() {
    let mut scene = after_a_roll();
    redeploy(&mut scene, &arn(1), 20);
    // As it was when somebody had deployed what ran before the roll.
    let scene = scene.deployed(&[(1, 2)]);
    let plan = scene.settled();
    writes_nothing(&plan);
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    assert!(plan.decisions[0].reason.contains("cannot be known"));
    // Somebody deployed that once more, before the roll could begin.
    let plan = scene.deployed(&[(1, 20)]).settled();
    assert_eq!(rolled(&plan), ["web:v1"]);
}

#[test]
fn rule_03_what_could_neither_start_nor_be_rolled_back_stays_undone_after_another_roll() {
    let mut scene = Scene::new(&["a:seed", "b:seed"]).pushed("a:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["a:v1"]);
    let given_up = Deployed {
        failed: true,
        ..Deployed::new(scene.web().task_definition.clone(), at(5))
    };
    redeploy(&mut scene, &arn(1), 8);
    let mut scene = scene.pushed("b:v1", "d2", 10);
    let web = scene.web().arn.clone();
    let so_far = History::whole(vec![given_up.clone(), Deployed::new(arn(1), at(8))]);
    scene.histories.insert(web.clone(), so_far);
    assert_eq!(rolled(&scene.look_up(12)), ["b:v1"]);
    let next = Deployed::new(scene.web().task_definition.clone(), at(12));
    scene
        .histories
        .insert(web, History::whole(vec![given_up, next]));
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "v1"), (Unchanged, "v1")]);
    assert_eq!(plan.rolls, []);
}

#[test]
fn rule_03_a_push_before_the_ledgers_push_of_its_image_was_deployed_is_not_tried_again() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:1.10.0", "d1", 0);
    assert_eq!(rolled(&scene.look_up(10)), ["web:1.10.0"]);
    scene.fall_back(1, 12);
    // Another image, of which was heard late, parts the pushes of this one.
    let scene = scene.pushed("web:v4", "d2", 4);
    let mut before = scene.clone().pushed("web:1.2.0", "d1", 6);
    let plan = before.asked();
    assert_eq!(rolled(&plan), Vec::<String>::new(), "{plan:#?}");
    assert!(outcomes(&plan).contains(&(Held, "1.2.0")), "{plan:#?}");
    before.carry_out(&plan, 20);
    writes_nothing(&before.asked());
    // Nor where the image ran already, and was undone afterwards.
    let mut while_it_ran = scene.clone().pushed("web:1.2.0", "d1", 11);
    assert_eq!(rolled(&while_it_ran.asked()), Vec::<String>::new());
    // Whether it was undone cannot be known.
    let mut unknown = scene.clone().pushed("web:1.2.0", "d1", 6);
    let denied = History::Unknown("denied".to_owned());
    let web = unknown.web().arn.clone();
    unknown.histories.insert(web, denied);
    assert_eq!(rolled(&unknown.settled()), Vec::<String>::new());
    let mut since = scene.clone().pushed("web:1.2.0", "d1", 20);
    assert_eq!(rolled(&since.asked()), ["web:1.2.0"]);
    // Whatever was deployed later, it was made when the image had been undone.
    let service = since.web().arn.clone();
    since.deploy(&service, 1, 30);
    since.histories.clear();
    since.origin = Some(origin("d0", Some(-9)));
    assert_eq!(rolled(&since.asked()), ["web:1.2.0"]);
}
