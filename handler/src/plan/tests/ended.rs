//! How rolls ended: what a deployment's end means, told by the ledger and by what runs.

use super::builders::{Scene, arn, at, definition};
use crate::deployment::{Change, End, Ended, ended};
use crate::plan::{Deployed, History};

fn change(completed: bool) -> Change {
    Change {
        service: "arn:aws:ecs:eu-west-1:000000000000:service/main/web".to_owned(),
        completed,
        reason: "said so".to_owned(),
        at: None,
    }
}

fn ends(scene: &Scene, completed: bool) -> Vec<Ended> {
    ended(
        &change(completed),
        &scene.inventory,
        &scene.histories,
        &scene.pushes(),
    )
}

fn states(scene: &Scene, completed: bool) -> Vec<End> {
    ends(scene, completed)
        .iter()
        .map(|ended| ended.state)
        .collect()
}

/// Revision 2 was made for the push `d2-web-v2`; the service runs so.
fn rolled(runs: u32) -> Scene {
    let mut scene = Scene::new(&["web:v1"]).pushed("web:v2", "d2", 10);
    scene.define(definition(2, &["web:v2"]));
    scene.web().task_definition = arn(runs);
    scene.noted("web", "d2-web-v2", 10, 2, 1)
}

#[test]
fn its_own_revision_completed_or_is_stuck() {
    let scene = rolled(2);
    let ended = &ends(&scene, true)[0];
    assert_eq!(
        (ended.state, ended.tag.as_str(), ended.push.as_str()),
        (End::Completed, "v2", "d2-web-v2")
    );
    assert_eq!(ended.revision, arn(2));
    assert_eq!(states(&scene, false), [End::Stuck]);
}

#[test]
fn the_old_revision_after_the_new_one_was_deployed_is_a_rollback() {
    let scene = rolled(1).deployed(&[(2, 12), (1, 20)]);
    assert_eq!(states(&scene, true), [End::RolledBack]);
    assert_eq!(states(&scene, false), [End::RolledBack]);
}

#[test]
fn the_old_revision_that_ends_before_the_new_one_begins_says_nothing() {
    assert_eq!(states(&rolled(1).deployed(&[(1, 9)]), true), []);
    assert_eq!(
        states(&rolled(1), true),
        [],
        "nobody knows what was deployed"
    );
}

#[test]
fn what_ecroll_did_not_roll_is_not_told() {
    let scene = Scene::new(&["web:v1"]);
    assert_eq!(states(&scene, true), [], "no ledger");
    let mut other = rolled(2);
    other.define(definition(3, &["web:v3"]));
    other.web().task_definition = arn(3);
    assert_eq!(
        states(&other.deployed(&[(2, 12), (3, 20)]), true),
        [],
        "somebody else's revision"
    );
    let noted = Scene::new(&["web:v1"]).noted("web", "d1-web-v1", 5, 1, 1);
    assert_eq!(states(&noted, true), [], "noted, not rolled");
}

#[test]
fn an_event_of_the_roll_before_says_nothing_of_the_one_that_has_begun_since() {
    let mut scene = rolled(2);
    scene.web().deployed_at = Some(at(12));
    let told = |minute: i64, completed: bool| {
        let change = Change {
            at: Some(at(minute)),
            ..change(completed)
        };
        ended(&change, &scene.inventory, &scene.histories, &scene.pushes()).len()
    };
    assert_eq!((told(11, true), told(11, false)), (0, 0));
    assert_eq!((told(14, true), told(14, false)), (1, 1));
}

#[test]
fn a_rollback_beyond_what_never_completed_is_told() {
    let mut scene = rolled(2).noted("web", "d2-web-v2", 10, 3, 2);
    scene.define(definition(1, &["web:v1"]));
    scene.web().task_definition = arn(1);
    let past = [(2, 5, false), (3, 12, true)].map(|(revision, minute, undone)| Deployed {
        undone,
        ..Deployed::new(arn(revision), at(minute))
    });
    let web = scene.web().arn.clone();
    let history = History::whole(past.to_vec());
    scene.histories.insert(web, history);
    assert_eq!(states(&scene, true), [End::RolledBack]);
    assert_eq!(states(&scene, false), [End::RolledBack]);
    // Whatever somebody deploys afterwards is no end of it.
    let scene = scene.deployed(&[(3, 12), (1, 30)]);
    assert_eq!(states(&scene, true), []);
}
