//! Waves: who takes a push first, and who waits.

use serde_json::json;

use super::builders::{Scene, arn, at, definition, outcomes, repository, rolled, service};
use crate::inventory::{Gap, Rollout};
use crate::ledger::{self, Entry, RevisionName};
use crate::plan::{Deployed, History, Plan, Source};
use crate::report::Outcome::{Held, Unchanged};

/// A canary, and one service in no wave.
pub(super) fn scene() -> Scene {
    let mut scene = Scene::new(&["web:seed"]);
    scene.define(definition(2, &["web:seed"]));
    scene.inventory.services.push(service("canary", 2));
    scene
        .configured(&json!({"waves": [{"services": ["canary"]}]}))
        .pushed("web:v1", "d1", 0)
}

/// The same with two repositories, of which the canary took a push each at minute 5.
pub(super) fn two_at_once() -> Scene {
    let mut scene = Scene::new(&["a:seed", "b:seed"]);
    scene.define(definition(2, &["a:seed", "b:seed"]));
    scene.inventory.services.push(service("canary", 2));
    let mut scene = scene
        .configured(&json!({"waves": [{"services": ["canary"]}]}))
        .pushed("a:v1", "d1", 0)
        .pushed("b:v1", "d2", 1);
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    scene
}

pub(super) fn services(plan: &Plan) -> Vec<&str> {
    plan.rolls
        .iter()
        .map(|roll| roll.service.name.as_str())
        .collect()
}

pub(super) fn canary(scene: &mut Scene) -> &mut crate::inventory::Service {
    let mut services = scene.inventory.services.iter_mut();
    services.find(|service| service.name == "canary").unwrap()
}

#[test]
fn the_first_wave_goes_alone_and_the_rest_when_it_has_completed() {
    let mut scene = scene();
    let plan = scene.look_up(5);
    assert_eq!(services(&plan), ["canary"]);
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    assert_eq!(
        plan.decisions[0].reason,
        "waits for main/canary of wave 1 to run it"
    );
    assert!(plan.waiting, "the next look-up has to see the push again");
    canary(&mut scene).rollout = Some(Rollout::UnderWay);
    let plan = scene.look_up(6);
    assert_eq!(services(&plan), Vec::<&str>::new());
    assert!(outcomes(&plan).contains(&(Held, "v1")) && plan.waiting);
    canary(&mut scene).rollout = Some(Rollout::Completed);
    let plan = scene.look_up(10);
    assert_eq!(services(&plan), ["web"]);
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    assert!(!plan.waiting);
}

#[test]
fn rule_03_what_was_undone_in_a_wave_goes_no_further_until_the_next_push() {
    let mut scene = scene();
    let _ = scene.look_up(5);
    let first = canary(&mut scene).task_definition.clone();
    arn(2).clone_into(&mut canary(&mut scene).task_definition);
    canary(&mut scene).deployed_at = Some(at(8));
    let _ = first;
    let plan = scene.asked();
    assert_eq!(rolled(&plan), Vec::<String>::new());
    assert!(
        plan.decisions
            .iter()
            .all(|decision| decision.outcome == Held)
    );
    let web = plan
        .decisions
        .iter()
        .find(|decision| decision.service == "web")
        .unwrap();
    assert!(
        web.reason
            .starts_with("main/canary of wave 1 had it undone"),
        "{}",
        web.reason
    );
    assert!(!plan.waiting, "there is nothing to wait for");
    let mut scene = scene.pushed("web:v2", "d2", 20);
    let plan = scene.asked();
    assert_eq!(services(&plan), ["canary"]);
    scene.carry_out(&plan, 21);
    let plan = scene.asked();
    assert_eq!(services(&plan), ["web"]);
}

#[test]
fn what_the_first_wave_could_not_start_goes_no_further() {
    let mut scene = scene();
    let _ = scene.look_up(5);
    // The service never ran anything well, so the breaker has nothing to go back to.
    canary(&mut scene).rollout = Some(Rollout::Failed);
    let plan = scene.look_up(6);
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    let mut held = plan.decisions.iter();
    let held = held.find(|decision| decision.outcome == Held).unwrap();
    assert_eq!(
        held.reason,
        "main/canary of wave 1 could not start it: the push stops there; the next one begins anew"
    );
    // It was for another push that the deployment failed: this one ran well before.
    let mut others = scene.clone();
    others.define(definition(300, &["web:v1", "api:v2"]));
    arn(300).clone_into(&mut canary(&mut others).task_definition);
    others.origin = Some(super::dates::origin("d1", Some(0)));
    let plan = others.asked();
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    assert!(plan.waiting, "{plan:#?}");
    // Behind a Classic Load Balancer ECS does not tell how a deployment stands.
    canary(&mut scene).rollout = None;
    assert_eq!(services(&scene.look_up(7)), ["web"]);
}

#[test]
fn an_image_waits_for_the_first_wave_whatever_tag_that_one_knows_it_by() {
    let mut scene = scene();
    let tags = "ecroll:tags".to_owned();
    canary(&mut scene).tags.insert(tags, "prefix:v".to_owned());
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    // A batch of the log tells of the image's other tag alone, which the canary does not take.
    scene.records.clear();
    let mut scene = scene.pushed("web:stable", "d1", 6);
    canary(&mut scene).rollout = Some(Rollout::UnderWay);
    let plan = scene.plan();
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    canary(&mut scene).rollout = Some(Rollout::Completed);
    assert_eq!(services(&scene.plan()), ["web"]);
    let stops = |scene: &Scene| {
        let plan = scene.plan();
        assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
        assert!(!plan.waiting, "the push goes no further");
    };
    let mut failed = scene.clone();
    canary(&mut failed).rollout = Some(Rollout::Failed);
    stops(&failed);
    arn(2).clone_into(&mut canary(&mut scene).task_definition);
    stops(&scene);
    // Likewise where it takes that tag, which came before the one that it knows; its record came late.
    canary(&mut scene).tags.remove("ecroll:tags");
    scene.records.clear();
    stops(&scene.pushed("web:stable", "d1", -6));
}

#[test]
fn rule_01_an_older_push_that_comes_alone_waits_for_the_newer_one_of_an_earlier_wave() {
    let mut scene = scene().pushed("web:v1", "d2", 1);
    let _ = scene.look_up(5);
    canary(&mut scene).rollout = Some(Rollout::UnderWay);
    // A batch of the log holds only the older one.
    scene.records.pop();
    let plan = scene.plan();
    assert_eq!(services(&plan), Vec::<&str>::new());
    let why = |plan: &Plan| {
        let mut decisions = plan.decisions.iter();
        let of = decisions.find(|decision| decision.service == "web");
        of.map(|decision| decision.reason.clone())
            .unwrap_or_default()
    };
    assert!(
        why(&plan).starts_with("waits for main/canary of wave 1 to run v1 of"),
        "{}",
        why(&plan)
    );
    assert!(plan.waiting);
    // It runs there: what is next for the others is that one, and the tag would bring it.
    let mut through = scene.clone();
    canary(&mut through).rollout = Some(Rollout::Completed);
    let plan = through.plan();
    assert_eq!(services(&plan), Vec::<&str>::new());
    assert!(
        plan.waiting && why(&plan).contains("runs v1 of"),
        "{plan:#?}"
    );
    // It was undone there: the older one, under the same tag, might bring the same image.
    canary(&mut scene).rollout = Some(Rollout::Completed);
    arn(2).clone_into(&mut canary(&mut scene).task_definition);
    let plan = scene.asked();
    assert_eq!(services(&plan), Vec::<&str>::new());
    assert!(
        why(&plan).starts_with("main/canary of wave 1 had v1 of"),
        "{}",
        why(&plan)
    );
    assert!(!plan.waiting);
    // A push that the earlier wave leaves out concerns nobody there.
    let mut other = scene.clone();
    let policy = ("ecroll:tags".to_owned(), "exact:v2".to_owned());
    canary(&mut other).tags.extend([policy]);
    assert_eq!(services(&other.plan()), ["web"]);
    // Nor does one that is on hold, and another tag cannot bring the newer image.
    canary(&mut scene)
        .tags
        .extend([("ecroll:hold".to_owned(), "true".to_owned())]);
    assert_eq!(services(&scene.plan()), ["web"]);
    canary(&mut scene).tags.remove("ecroll:hold");
    scene.records.clear();
    let scene = scene.pushed("web:v0", "d0", 0);
    assert_eq!(services(&scene.plan()), ["web"]);
}

#[test]
fn who_takes_no_part_lets_the_next_wave_go() {
    for tag in [("ecroll:tags", "exact:other"), ("ecroll:hold", "true")] {
        let mut scene = scene();
        canary(&mut scene)
            .tags
            .insert(tag.0.to_owned(), tag.1.to_owned());
        assert_eq!(services(&scene.settled()), ["web"], "{tag:?}");
    }
    // One that runs nothing of the repository.
    let mut scene = scene();
    scene.define(definition(2, &["api:seed"]));
    assert_eq!(services(&scene.settled()), ["web"]);
}

#[test]
fn who_is_in_doubt_is_waited_for() {
    let mut scene = scene();
    // Noted, and another image runs: the past decides.
    let entry = "2026-03-01T08:00:00Z d1-web-v1 v1 web:9 web:2";
    let key = crate::ledger::key(&super::builders::repository("web"));
    canary(&mut scene).tags.insert(key, entry.to_owned());
    let plan = scene.plan();
    assert_eq!(plan.doubts.len(), 1);
    assert_eq!(services(&plan), Vec::<&str>::new());
    // It was never deployed: taken up again, and still the others wait.
    let plan = scene.asked();
    assert_eq!(services(&plan), ["canary"]);
    assert_eq!(plan.rolls[0].source, Source::Registered(arn(9)));
}

#[test]
fn what_waits_for_one_repository_holds_up_no_other() {
    let mut scene = scene();
    scene.define(definition(1, &["web:seed", "proxy:seed"]));
    let scene = scene.pushed("proxy:v7", "d7", 1);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["proxy:v7", "web:v1"]);
    let held: Vec<_> = plan
        .decisions
        .iter()
        .map(|d| (d.service.as_str(), d.tag.as_str()))
        .collect();
    assert_eq!(held, [("web", "v1")]);
}

#[test]
fn rule_01_what_would_bring_a_waiting_tag_along_waits_with_it() {
    let scene = |image: &str| {
        let mut scene = scene();
        scene.define(definition(1, &[image, "proxy:seed"]));
        scene.pushed("proxy:v7", "d7", 1)
    };
    let mut tagged = scene("web:v1");
    let plan = tagged.look_up(5);
    assert_eq!(services(&plan), ["canary"], "{plan:#?}");
    let why: Vec<_> = plan.decisions.iter().map(|d| d.reason.as_str()).collect();
    assert!(
        why.contains(&"waits with web:v1, which it would bring along"),
        "{why:?}"
    );
    assert!(plan.waiting);
    assert_eq!(services(&tagged.look_up(10)), ["web"]);
    let other = scene("web:v0").settled();
    assert_eq!(services(&other), ["web", "canary"]);
}

/// What could not be read may be a canary that fails.
#[test]
fn who_could_not_be_read_is_waited_for() {
    let gap = |cluster: &str, service: &str| Gap {
        place: None,
        cluster: cluster.to_owned(),
        service: service.to_owned(),
        reason: "ThrottlingException".to_owned(),
        retryable: true,
    };
    // Its revision, the service itself, its cluster, the whole of a target.
    for (place, gap) in [gap("main", "canary"), gap("main", ""), gap("*", "")]
        .into_iter()
        .enumerate()
    {
        let mut scene = scene();
        if place == 0 {
            scene.inventory.definitions.remove(&arn(2));
        } else {
            scene
                .inventory
                .services
                .retain(|service| service.name != "canary");
        }
        scene.inventory.gaps.push(gap);
        let plan = scene.settled();
        assert_eq!(services(&plan), Vec::<&str>::new(), "{place}");
        let web = plan
            .decisions
            .iter()
            .find(|decision| decision.service == "web")
            .unwrap();
        assert!(web.reason.contains("could not be read"), "{}", web.reason);
        assert!(plan.waiting, "{place}");
    }
    // What belongs to no earlier wave is not waited for.
    let mut scene = scene();
    scene
        .inventory
        .services
        .retain(|service| service.name != "canary");
    scene.inventory.gaps.push(gap("main", "other"));
    assert_eq!(services(&scene.settled()), ["web"]);
    scene.config.waves[0].services = vec!["main/canary".to_owned()];
    scene.inventory.gaps.push(gap("elsewhere", ""));
    assert_eq!(services(&scene.settled()), ["web"]);
}

#[test]
fn what_was_undone_stays_so_when_another_repository_is_rolled_there() {
    let mut scene = scene();
    scene.define(definition(2, &["web:seed", "api:seed"]));
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    let canary_arn = canary(&mut scene).arn.clone();
    scene.deploy(&canary_arn, 2, 10);
    let mut scene = scene.pushed("api:v9", "d9", 20);
    let plan = scene.asked();
    assert_eq!(rolled(&plan), ["api:v9"], "{plan:#?}");
    scene.carry_out(&plan, 21);
    // A batch of the log tells of the image's other tag alone, an older one.
    scene.records.clear();
    let scene = scene.pushed("web:stable", "d1", -6);
    let plan = scene.plan();
    assert_eq!(services(&plan), Vec::<&str>::new(), "{plan:#?}");
    assert!(!plan.waiting, "the push goes no further");
}

#[test]
fn rule_01_a_newer_image_of_another_tag_in_an_earlier_wave_holds_nobody_up() {
    let mut scene = scene().pushed("web:latest", "d1", 1);
    let tags = "ecroll:tags".to_owned();
    scene.web().tags.insert(tags, "prefix:v".to_owned());
    assert_eq!(services(&scene.look_up(5)), ["canary"]);
    let mut scene = scene.pushed("web:latest", "d2", 10);
    canary(&mut scene).rollout = Some(Rollout::UnderWay);
    let mut plan = scene.asked();
    plan.rolls.retain(|roll| roll.service.name == "canary");
    scene.carry_out(&plan, 11);
    canary(&mut scene).rollout = Some(Rollout::Completed);
    let entry = canary(&mut scene).entry(&repository("web")).unwrap();
    assert_eq!(
        (entry.tag.as_str(), entry.is_of("sha256:d2")),
        ("latest", true)
    );
    let plan = scene.asked();
    assert_eq!(services(&plan), ["web"], "{plan:#?}");
    assert_eq!(rolled(&plan), ["web:v1"]);
}

#[test]
fn rule_01_what_is_still_to_be_tried_alone_in_the_first_wave_does_not_stop_there() {
    let mut scene = two_at_once();
    let (both, arn_of) = {
        let canary = canary(&mut scene);
        (canary.task_definition.clone(), canary.arn.clone())
    };
    canary(&mut scene).task_definition = arn(2);
    canary(&mut scene).deployed_at = Some(at(10));
    let undone = Deployed {
        undone: true,
        ..Deployed::new(both, at(5))
    };
    scene
        .histories
        .insert(arn_of.clone(), History::whole(vec![undone]));
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["a:v1"], "the canary alone, one of the two");
    let reasons: Vec<&str> = plan.decisions.iter().map(|d| d.reason.as_str()).collect();
    assert!(
        reasons.iter().all(|why| !why.contains("stops there")),
        "{reasons:#?}"
    );
    // Nor what nobody can tell of.
    let unknown = History::Unknown("denied".to_owned());
    scene.histories.insert(arn_of, unknown);
    let plan = scene.settled();
    assert_eq!(services(&plan), Vec::<&str>::new());
    assert!(plan.waiting);
    let reasons: Vec<&str> = plan.decisions.iter().map(|d| d.reason.as_str()).collect();
    assert!(
        reasons.iter().all(|why| !why.contains("stops there")),
        "{reasons:#?}"
    );
}

#[test]
fn rule_01_what_the_first_wave_puts_off_for_something_left_undone_waits_there() {
    let mut scene = Scene::new(&["a:seed", "b:seed"]).pushed("b:v2", "d2", 3);
    scene.define(definition(2, &["a:seed", "b:seed"]));
    scene.define(definition(3, &["a:v1", "b:seed"]));
    scene.inventory.services.push(service("canary", 2));
    let mut scene = scene.configured(&json!({"waves": [{"services": ["canary"]}]}));
    // A direct push to the canary was interrupted.
    let entry = Entry {
        time: at(0),
        id: "direct:0".to_owned(),
        tag: "v1".to_owned(),
        new: RevisionName::of(&arn(3)),
        base: RevisionName::of(&arn(2)),
        shared: false,
        first: None,
    };
    let key = ledger::key(&repository("a"));
    canary(&mut scene).tags.insert(key, entry.value());
    let of = canary(&mut scene).arn.clone();
    scene.histories.insert(of, History::whole(Vec::new()));
    let plan = scene.settled();
    assert_eq!(services(&plan), ["canary"]);
    assert_eq!(outcomes(&plan), [(Held, "v2"), (Held, "v2")]);
}

#[test]
fn rule_01_what_somebody_deploys_in_the_first_wave_by_its_tag_is_waited_for() {
    let mut scene = scene();
    // Nobody but the registry told of it, and the canary was deployed since.
    scene.records[0].record.id = "ecr:found-d1-0-1772352600".to_owned();
    scene.define(definition(3, &["web:v1"]));
    canary(&mut scene).task_definition = arn(3);
    canary(&mut scene).deployed_at = Some(at(9));
    canary(&mut scene).rollout = Some(Rollout::UnderWay);
    assert_eq!(services(&scene.settled()), Vec::<&str>::new());
    // What began before the push is not of it.
    let mut before = scene.clone();
    before.records[0].record.id = "told".to_owned();
    canary(&mut before).deployed_at = Some(at(-9));
    let policy = ("ecroll:tags".to_owned(), "exact:other".to_owned());
    canary(&mut before).tags.extend([policy]);
    assert_eq!(services(&before.settled()), ["web"]);
    canary(&mut scene).rollout = Some(Rollout::Completed);
    assert_eq!(services(&scene.settled()), ["web"]);
}
