//! How services stand: what tells that the ledger's push runs, what is told of waves, and what is told once.

use super::builders::{Scene, arn, at, definition, record, repository, rolled, writes_nothing};
use super::dates::origin;
use super::waves::scene;
use crate::plan::{By, Deployed, History, InWave, Noted, Standing, Standings, standings};

fn judged(scene: &Scene) -> Standings {
    let Scene {
        inventory,
        histories,
        config,
        ..
    } = scene;
    standings(&scene.pushes(), inventory, histories, config)
}

/// How the one service stands, where nothing is left to ask.
fn only(scene: &Scene) -> Standing {
    let mut judged = judged(scene);
    assert_eq!((judged.doubts.len(), judged.undated.len()), (0, 0));
    assert_eq!(judged.standings.len(), 1);
    judged.standings.pop().unwrap()
}

#[test]
fn rule_01_a_service_of_a_later_wave_says_what_it_waits_for() {
    let waves = judged(&scene()).standings.into_iter();
    let waves: Vec<_> = waves.map(|standing| standing.wave).collect();
    let reason = "waits for main/canary of wave 1 to run it".to_owned();
    let (web, canary) = (
        InWave {
            number: 2,
            held: Some((reason, false)),
        },
        InWave {
            number: 1,
            held: None,
        },
    );
    assert_eq!(waves, [Some(web), Some(canary)]);
    assert_eq!(only(&Scene::new(&["web:v1"])).wave, None);
}

#[test]
fn rule_01_each_push_is_told_of_once_and_the_newest_first() {
    let scene = Scene::new(&["web:v1"])
        .pushed("web:v2", "aa", 0)
        .pushed("web:v3", "bb", 10);
    let decisions = only(&scene).decisions;
    let told: Vec<_> = decisions
        .iter()
        .map(|(pushed, decision)| (*pushed, decision.tag.as_str()))
        .collect();
    assert_eq!(told, [(at(10), "v3"), (at(0), "v2")]);
}

#[test]
fn rule_03_of_two_pushes_of_one_second_the_one_runs_and_the_other_was_undone() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    let mut scene = scene.pushed("web:v2", "d2", 0);
    assert_eq!(rolled(&scene.look_up(6)), ["web:v2"]);
    scene.fall_back(101, 10);
    let undone = Deployed {
        undone: true,
        ..Deployed::new(arn(102), at(6))
    };
    let past = vec![Deployed::new(arn(101), at(5)), undone];
    let web = scene.web().arn.clone();
    scene.histories.insert(web, History::whole(past));
    let standing = only(&scene);
    assert_eq!(standing.running.digest.as_deref(), Some("sha256:d1"));
    let breaker =
        matches!(&standing.noted, Noted::Undone(entry, By::CircuitBreaker, _) if entry.tag == "v2");
    assert!(breaker, "{standing:#?}");
}

/// Its revision was stamped with that push.
#[test]
fn rule_03_a_push_runs_though_the_ledger_says_nothing_of_its_digest() {
    let mut scene = Scene::new(&["web:v1"]).pushed("web:v2", "aa", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:v2"]);
    let standing = only(&scene.noted("web", "aa-web-v2", 0, 101, 1));
    assert!(matches!(standing.noted, Noted::Runs(_)), "{standing:#?}");
}

#[test]
fn rule_03_what_was_found_running_runs_when_the_log_has_forgotten_it() {
    let mut scene = Scene::new(&["web:v1"]).noted("web", "aa-v1", 0, 1, 1);
    scene.web().deployed_at = Some(at(5));
    let standing = only(&scene);
    assert!(matches!(standing.noted, Noted::Runs(_)), "{standing:#?}");
    assert_eq!(standing.running.pushed_at, Some(at(0)));
}

/// For a push that came before the deployment, and for the ledger's that it took the place of.
#[test]
fn rule_02_the_age_of_what_somebody_deployed_is_asked_for_once() {
    let mut scene = Scene::new(&["web:v1"])
        .noted("web", "aa-v2", 0, 2, 1)
        .deployed(&[(2, 1), (3, 5)])
        .pushed("web:v3", "bb", 3);
    scene.define(definition(3, &["web:v0"]));
    scene.web().task_definition = arn(3);
    scene.web().deployed_at = Some(at(5));
    let judged = judged(&scene);
    assert_eq!(judged.undated.len(), 1, "{judged:#?}");
    assert!(matches!(judged.standings[0].noted, Noted::Undone(..)));
}

#[test]
fn rule_02_what_came_before_an_event_that_rolled_stays_older_whatever_the_trail_tells_of_it() {
    let mut scene = Scene::new(&["web:seed"]);
    scene.records = vec![record("web:stable", "d1", 5, "ecr:event")];
    assert_eq!(rolled(&scene.look_up(6)), ["web:stable"]);
    // The trail tells of the same image twice, and of another between. By now the service is to take versions only.
    scene.records = vec![
        record("web:v1", "d1", 0, "first"),
        record("web:v2", "d2", 2, "other"),
        record("web:stable", "d1", 5, "second"),
    ];
    let policy = ("ecroll:tags".to_owned(), "prefix:v".to_owned());
    scene.web().tags.extend([policy]);
    let plan = scene.settled();
    writes_nothing(&plan);
    let decided = plan.decisions.iter();
    let mut decided = decided.filter(|decision| decision.tag == "v2");
    assert!(decided.any(|decision| decision.reason.starts_with("older than stable of")));
}

#[test]
fn rule_02_what_ecs_pulled_says_before_the_stamp_whether_the_ledgers_push_runs() {
    let mut scene = Scene::new(&["web:latest"]).pushed("web:latest", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:latest"]);
    // Its tag had moved before it was deployed; a further record of the push has ECS asked.
    scene.records.push(record("web:latest", "d1", 3, "again"));
    let key = (scene.web().arn.clone(), repository("web"));
    scene.inventory.origins.insert(key, origin("d9", Some(4)));
    let standing = only(&scene);
    let undone = matches!(standing.noted, Noted::Undone(..));
    assert!(undone, "{standing:#?}");
}
