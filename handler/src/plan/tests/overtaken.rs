//! What became of a push in an earlier wave before another one came there under another tag.

use serde_json::json;

use super::builders::{Scene, arn, at, definition, record, rolled, service};
use super::waves::{canary, scene, services};
use crate::inventory::{Definition, Rollout};
use crate::plan::{Deployed, History, Plan};
use crate::report::Outcome::Held;

/// The canary takes any tag, the other service versions only.
pub(super) fn of_two_policies() -> Scene {
    let mut scene = scene();
    let tags = "ecroll:tags".to_owned();
    scene.web().tags.insert(tags, "prefix:v".to_owned());
    scene
}

/// The canary had the version from minute 5 on, and `main` from minute 21 on.
pub(super) fn overtaken() -> (Scene, Deployed, Deployed) {
    let mut scene = of_two_policies();
    let deployed = |scene: &mut Scene, minute| {
        let revision = canary(scene).task_definition.clone();
        let own: &Definition = &scene.inventory.definitions[&revision];
        let (made, names) = (own.made(), own.names());
        Deployed {
            made,
            names,
            ..Deployed::new(revision, at(minute))
        }
    };
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    let version = deployed(&mut scene, 5);
    let mut scene = scene.pushed("web:main", "d2", 20);
    let mut plan = scene.asked();
    plan.rolls.retain(|roll| roll.service.name == "canary");
    scene.carry_out(&plan, 21);
    let main = deployed(&mut scene, 21);
    (scene, version, main)
}

/// The plan, where this was deployed to the canary.
pub(super) fn with(scene: &Scene, past: &[&Deployed]) -> Plan {
    let mut scene = scene.clone();
    let arn = canary(&mut scene).arn.clone();
    let past = past.iter().map(|past| (*past).clone()).collect();
    scene.histories.insert(arn, History::whole(past));
    scene.settled()
}

/// Why the service of the later wave has to wait.
pub(super) fn why(plan: &Plan) -> &str {
    let mut held = plan.decisions.iter();
    let held = held.find(|one| one.service == "web" && one.outcome == Held);
    held.map_or("", |held| &held.reason)
}

#[test]
fn rule_01_what_an_earlier_wave_had_undone_goes_no_further_when_a_newer_image_came_there_by_another_tag()
 {
    let mut scene = of_two_policies();
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    let stood = scene.clone();
    let arn = canary(&mut scene).arn.clone();
    scene.deploy(&arn, 2, 8);
    for (undone, mut scene) in [(true, scene), (false, stood)] {
        scene = scene.pushed("web:main", "d2", 20);
        let mut plan = scene.asked();
        plan.rolls.retain(|roll| roll.service.name == "canary");
        assert_eq!(rolled(&plan), ["web:main"], "{plan:#?}");
        scene.carry_out(&plan, 21);
        // What became of the version is asked first.
        let plan = scene.first_plan(&scene.inventory);
        assert_eq!(plan.doubts.len(), 1, "{plan:#?}");
        assert_eq!(plan.doubts[0].service, arn);
        assert!(
            plan.doubts[0].since < at(0) && plan.waiting,
            "clocks differ"
        );
        let mut unknown = scene.clone();
        let why = History::Unknown("AccessDeniedException".to_owned());
        unknown.histories.insert(arn.clone(), why);
        assert_eq!(services(&unknown.plan()), Vec::<&str>::new());
        let plan = scene.asked();
        let next: &[&str] = if undone { &[] } else { &["web"] };
        assert_eq!(services(&plan), next, "{plan:#?}");
        let mut held = plan.decisions.iter();
        let held = held.find(|decision| decision.outcome == Held);
        assert_eq!(held.is_some(), undone);
        assert!(held.is_none_or(|held| held.reason.contains("had it undone before")));
        // The same version pushed again begins anew.
        scene.records.push(record("web:v1", "d1", 30, "again"));
        let plan = scene.asked();
        assert_eq!(services(&plan), ["canary"], "{plan:#?}");
    }
}

#[test]
fn rule_01_what_stood_in_an_earlier_wave_until_a_newer_image_came_goes_on() {
    let (scene, version, main) = overtaken();
    let theirs = definition(300, &["web:v1"]);
    let theirs = Deployed {
        names: theirs.names(),
        ..Deployed::new(arn(300), at(10))
    };
    let failing = Deployed {
        failed: true,
        ..Deployed::new(arn(301), at(10))
    };
    let along = Deployed {
        failed: true,
        at: at(10),
        ..version.clone()
    };
    // Somebody deployed the same image in a revision of their own; or another, which the service did not keep; or the breaker
    // undid a roll for another repository; or the version never came there.
    for past in [
        &[&version, &main][..],
        &[&version, &theirs, &main],
        &[&version, &failing, &main],
        &[&version, &along, &main],
        &[&main],
    ] {
        let plan = with(&scene, past);
        assert_eq!(services(&plan), ["web"], "{past:#?}\n{plan:#?}");
    }
    // What could not start, with nothing to go back to, leaves its tasks alone.
    let mut scene = scene;
    canary(&mut scene).rollout = Some(Rollout::Failed);
    let failed = Deployed {
        failed: true,
        ..main
    };
    assert_eq!(services(&with(&scene, &[&version, &failed])), ["web"]);
}

#[test]
fn rule_03_what_an_earlier_wave_did_not_keep_goes_no_further_whoever_undid_it() {
    let (scene, version, main) = overtaken();
    // Somebody stopped the deployment, or the breaker had nothing to go back to.
    let stopped = Deployed {
        failed: true,
        ..version.clone()
    };
    let older = Deployed::new(arn(2), at(10));
    let failed = Deployed {
        failed: true,
        ..main.clone()
    };
    let theirs = Deployed {
        names: version.names.clone(),
        ..Deployed::new(arn(300), at(9))
    };
    let begun = Deployed {
        completed: false,
        ..version.clone()
    };
    let crashed = Deployed {
        failed: true,
        ..Deployed::new(arn(301), at(10))
    };
    // By name, as somebody asked for it.
    let mut direct = main.clone();
    let brought = &mut direct.made.as_mut().unwrap().brought;
    for stamp in brought.values_mut() {
        stamp.id = "direct:1".to_owned();
    }
    for past in [
        &[&stopped, &main][..],
        &[&version, &older, &main],
        &[&version, &theirs, &older, &main],
        &[&begun, &crashed, &main],
        &[&version, &direct],
        // The way back is no deployment of its own, and what was tried since did not stay.
        &[&version, &failed],
    ] {
        let plan = with(&scene, past);
        assert_eq!(services(&plan), Vec::<&str>::new(), "{past:#?}");
        assert!(why(&plan).contains("had it undone before"), "{plan:#?}");
        assert!(!plan.waiting);
    }
    let mut scene = scene;
    canary(&mut scene).rollout = Some(Rollout::UnderWay);
    let plan = with(&scene, &[&version, &failed]);
    assert_eq!(services(&plan), Vec::<&str>::new());
    assert!(
        plan.waiting && why(&plan).contains("under way"),
        "{plan:#?}"
    );
}

#[test]
fn rule_01_what_stands_in_every_earlier_wave_goes_on_though_a_newer_image_is_to_come_there() {
    let mut scene = of_two_policies();
    scene.define(definition(3, &["web:seed"]));
    scene.inventory.services.push(service("stage", 3));
    scene.config.waves = Scene::default()
        .configured(&json!({"waves": [{"services": ["canary"]}, {"services": ["stage"]}]}))
        .config
        .waves;
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    assert_eq!(services(&scene.look_up(8)), ["stage"]);
    // The canary could not keep `main`, which goes no further.
    let mut scene = scene.pushed("web:main", "d2", 10);
    let before = canary(&mut scene).task_definition.clone();
    let mut plan = scene.asked();
    plan.rolls.retain(|roll| roll.service.name == "canary");
    assert_eq!(rolled(&plan), ["web:main"]);
    scene.carry_out(&plan, 12);
    canary(&mut scene).task_definition = before;
    let plan = scene.asked();
    assert_eq!(services(&plan), ["web"], "{plan:#?}");
    assert_eq!(rolled(&plan), ["web:v1"]);
}

#[test]
fn rule_01_whatever_tag_the_ledger_has_an_earlier_wave_holds_up_what_its_push_has_no_tag_of() {
    let mut scene = Scene::new(&["web:latest"]);
    scene.inventory.services.push(service("canary", 1));
    let waves = json!({"waves": [{"services": ["canary"]}]});
    let mut scene = scene
        .configured(&waves)
        .pushed("web:latest", "d1", 0)
        .pushed("web:v2", "d1", 10);
    canary(&mut scene).deployed_at = Some(at(5));
    scene.web().deployed_at = Some(at(5));
    let own = ("ecroll:tags".to_owned(), "exact:latest".to_owned());
    scene.web().tags.extend([own]);
    // Two tags of one image: the ledger has the one that the service names. Then it was heard what came between.
    let plan = scene.asked();
    scene.carry_out(&plan, 11);
    let noted = canary(&mut scene).tags.values().next().cloned();
    assert!(noted.is_some_and(|value| value.contains(" latest ")));
    let mut scene = scene.pushed("web:latest", "d2", 8);
    let plan = scene.asked();
    assert_eq!(services(&plan), ["web"], "{plan:#?}");
}

#[test]
fn rule_01_an_image_that_an_earlier_wave_had_undone_goes_no_further_by_a_record_that_came_late() {
    let mut scene = scene();
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    let undone = Deployed {
        undone: true,
        ..Deployed::new(canary(&mut scene).task_definition.clone(), at(5))
    };
    arn(2).clone_into(&mut canary(&mut scene).task_definition);
    canary(&mut scene).deployed_at = Some(at(7));
    // The same image once more, with another between, both pushed before it was deployed.
    let scene = scene.pushed("web:v2", "d2", 1).pushed("web:v3", "d1", 2);
    let plan = with(&scene, &[&undone]);
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    assert!(why(&plan).contains("had it undone"), "{plan:#?}");
}
