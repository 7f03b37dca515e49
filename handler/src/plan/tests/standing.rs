//! How services stand: the ledger's table once more, told instead of acted upon.

use serde_json::json;

use super::builders::{Scene, arn, at, definition, record, repository, rolled, writes_nothing};
use super::cases::history;
use super::dates::origin;
use super::waves::scene;
use crate::inventory::Origin;
use crate::plan::{By, Deployed, History, InWave, Noted, Standing, Standings, standings};
use crate::report::{DRY_RUN, Outcome};

fn judged(scene: &Scene) -> Standings {
    let Scene {
        inventory,
        histories,
        config,
        ..
    } = scene;
    standings(&scene.pushes(), inventory, histories, config)
}

fn only(scene: &Scene) -> Standing {
    let mut judged = judged(scene);
    assert_eq!(
        (judged.doubts.as_slice(), judged.undated.as_slice()),
        (&[][..], &[][..])
    );
    assert_eq!(judged.standings.len(), 1);
    judged.standings.pop().unwrap()
}

#[test]
fn what_no_push_has_brought_is_known_by_its_tag_alone() {
    let standing = only(&Scene::new(&["web:v1"]));
    assert_eq!(standing.noted, Noted::Nothing);
    assert_eq!(standing.running.tag.as_deref(), Some("v1"));
    assert_eq!(standing.running.pushed_at, None);
    assert!(standing.followed && standing.objection.is_none());
}

#[test]
fn a_push_is_awaited_then_runs_and_stays_known_when_the_log_forgets_it() {
    let mut scene = Scene::new(&["web:v1"]).pushed("web:v2", "aa", 0);
    let before = only(&scene);
    let (pushed, decision) = &before.decisions[0];
    assert_eq!((*pushed, decision.outcome), (at(0), Outcome::Held));
    assert!(decision.reason.starts_with(DRY_RUN), "{}", decision.reason);
    let _ = scene.look_up(5);
    for forgotten in [false, true] {
        if forgotten {
            scene.records.clear();
        }
        let after = only(&scene);
        assert!(matches!(&after.noted, Noted::Runs(entry) if entry.tag == "v2"));
        assert_eq!(after.running.digest.as_deref(), Some("sha256:aa"));
        assert_eq!(after.running.pushed_at, Some(at(0)));
    }
}

fn undone(scene: &Scene) -> (By, String) {
    match only(scene).noted {
        Noted::Undone(_, by, reason) => (by, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_rolled_back_is_told_apart_by_who_did_it() {
    let scene = Scene::new(&["web:v1"]).noted("web", "aa-v2", 0, 2, 1);
    let doubt = judged(&scene).doubts;
    assert_eq!(doubt.len(), 1, "what happened must be asked");

    let scene = scene.deployed(&[(2, 1), (1, 5)]);
    assert_eq!(undone(&scene).0, By::Somebody);
    let mut breaker = scene.clone();
    let past = |revision, minute, undone| Deployed {
        undone,
        ..Deployed::new(arn(revision), at(minute))
    };
    let history = History::whole(vec![past(2, 1, true)]);
    let web = breaker.web().arn.clone();
    breaker.histories.insert(web.clone(), history);
    assert_eq!(undone(&breaker).0, By::CircuitBreaker);
    breaker
        .histories
        .insert(web, History::Unknown("denied".to_owned()));
    let (by, reason) = undone(&breaker);
    assert_eq!(by, By::Unknown);
    assert!(reason.ends_with("denied"), "{reason}");
}

/// The revision of before names the same tag, and an older digest behind it.
#[test]
fn a_rollback_to_the_same_tag_is_one() {
    let scene = Scene::new(&["web:latest"])
        .noted("web", "aa-latest", 0, 2, 1)
        .deployed(&[(2, 1), (1, 5)]);
    assert_eq!(undone(&scene).0, By::Somebody);
}

#[test]
fn a_revision_that_was_never_deployed_waits_for_the_next_look_up() {
    let mut scene = Scene::new(&["web:v1"])
        .noted("web", "aa-v2", 0, 2, 1)
        .deployed(&[]);
    assert!(matches!(only(&scene).noted, Noted::Waits(..)));
    // Nobody knows where ECS shows no deployment of that time any more.
    scene.web().deployed_at = Some(at(5));
    assert_eq!(undone(&scene).0, By::Somebody);
}

#[test]
fn what_another_repository_brought_instead_waits_for_the_next_look_up() {
    let mut scene = Scene::new(&["web:latest", "api:seed"]).pushed("web:latest", "d1", 0);
    scene.web().deployed_at = Some(at(5));
    scene.origin = Some(origin("d1", Some(0)));
    let _ = scene.look_up(6);
    let mut scene = scene.pushed("web:v2", "d1", 700);
    let _ = scene.look_up(701);
    // `latest` had moved at minute 690, unheard.
    let mut scene = scene.pushed("api:v1", "d3", 800);
    let _ = scene.look_up(801);
    scene.origin = Some(origin("d7", Some(690)));
    assert_eq!(rolled(&scene.asked()), ["web:v2"]);
    let runs = scene.web().task_definition.clone();
    history(&mut scene, &[(&arn(1), 5), (&runs, 801)]);
    let key = (scene.web().arn.clone(), repository("web"));
    scene.inventory.origins.insert(key, origin("d7", Some(690)));
    let mut standings = judged(&scene).standings;
    standings.retain(|standing| standing.repository == repository("web"));
    assert!(
        matches!(standings[0].noted, Noted::Waits(..)),
        "{standings:#?}"
    );
}

#[test]
fn the_age_of_what_somebody_deployed_is_asked_for_and_counts() {
    let mut scene = Scene::new(&["web:v1"])
        .noted("web", "aa-v2", 0, 2, 1)
        .deployed(&[(2, 1), (3, 5)]);
    scene.define(definition(3, &["web:v0"]));
    scene.web().task_definition = arn(3);
    scene.web().deployed_at = Some(at(5));
    let asked = judged(&scene).undated;
    assert_eq!(asked.len(), 1);
    let key = (asked[0].service.clone(), repository("web"));
    let origin = Origin {
        digest: Some("sha256:00".to_owned()),
        pushed_at: Some(at(-60)),
        ..Origin::default()
    };
    scene.inventory.origins.insert(key, origin);
    let standing = only(&scene);
    assert_eq!(standing.running.pushed_at, Some(at(-60)));
    assert_eq!(standing.running.tag.as_deref(), Some("v0"));
    assert!(matches!(standing.noted, Noted::Undone(_, By::Somebody, _)));
}

#[test]
fn what_speaks_against_any_roll_is_told_without_a_push() {
    let scene = Scene::new(&["web:v1"]).configured(&json!({"service": {"hold": true}}));
    assert_eq!(only(&scene).objection.unwrap().0, Outcome::Held);
    let mut scene = Scene::new(&["web:v1"]);
    scene.web().maximum_percent = 100;
    assert_eq!(only(&scene).objection.unwrap().0, Outcome::Refused);
    let mut scene = Scene::new(&["web:v1"]);
    let wrong = ("ecroll:tags".to_owned(), "nonsense".to_owned());
    scene.web().tags.extend([wrong]);
    let (outcome, reason) = only(&scene).objection.unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(reason.contains("own tags are wrong"), "{reason}");
    let scene = Scene::new(&["web:v1"]).configured(&json!({"repositories": ["api"]}));
    assert!(!only(&scene).followed);
}

#[test]
fn pushes_of_one_repository_are_not_told_of_another() {
    let scene = Scene::new(&["web:v1", "api:v1"]).pushed("web:v2", "aa", 0);
    let told: Vec<_> = judged(&scene)
        .standings
        .iter()
        .map(|standing| (standing.repository.name.clone(), standing.decisions.len()))
        .collect();
    assert_eq!(told, [("api".to_owned(), 0), ("web".to_owned(), 1)]);
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
