//! `action = "force"` and `match = "name-prefix"`.

use serde_json::json;

use super::builders::{
    Scene, arn, at, definition, outcomes, record, repository, rolled, service, writes_nothing,
};
use super::dates::origin;
use crate::plan::{Deployed, History, Plan, Source, registrations};
use crate::report::Outcome::{Held, Refused, Skipped, Unchanged};

fn forcing(images: &[&str]) -> Scene {
    Scene::new(images).configured(&json!({"service": {"action": "force"}}))
}

fn forces(plan: &Plan) -> bool {
    let same = plan.rolls.iter().all(|roll| roll.source == Source::Same);
    same && registrations(&plan.rolls).is_empty() && plan.rolls.len() == 1
}

#[test]
fn the_same_revision_is_deployed_anew_once() {
    let mut scene = forcing(&["web:latest"]).pushed("web:latest", "d1", 0);
    let plan = scene.look_up(5);
    assert!(forces(&plan), "{plan:#?}");
    assert_eq!(scene.images(), ["web:latest"]);
    let entry = scene.web().entry(&repository("web")).unwrap();
    assert!(entry.new.names(&arn(1)) && entry.base.names(&arn(1)));
    for minute in [6, 60] {
        let plan = scene.look_up(minute);
        assert_eq!(outcomes(&plan), [(Unchanged, "latest")]);
        writes_nothing(&plan);
    }
    let mut scene = scene.pushed("web:latest", "d2", 100);
    assert!(forces(&scene.look_up(105)));
    writes_nothing(&scene.look_up(106));
}

#[test]
fn only_a_tag_that_the_container_names_counts() {
    let mut scene = forcing(&["web:latest"])
        .pushed("web:latest", "d1", 0)
        .pushed("web:v2", "d2", 1);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:latest"], "v2 does not hide it");
    assert_eq!(outcomes(&plan), [(Skipped, "v2")]);
    assert!(
        plan.decisions[0]
            .reason
            .contains("does not name the tag v2")
    );
    let both = forcing(&["web:latest"])
        .pushed("web:v2", "d1", 0)
        .pushed("web:latest", "d1", 1);
    assert_eq!(rolled(&both.settled()), ["web:latest"]);
    let untagged = forcing(&["web"]).pushed("web:latest", "d1", 0);
    assert_eq!(rolled(&untagged.settled()), ["web:latest"]);
}

#[test]
fn rule_10_a_digest_cannot_be_forced() {
    for image in ["web@sha256:aa", "web:latest@sha256:aa"] {
        let plan = forcing(&[image]).pushed("web:latest", "d1", 0).settled();
        assert_eq!(outcomes(&plan), [(Refused, "latest")]);
        assert!(plan.decisions[0].reason.contains("names a digest"));
        writes_nothing(&plan);
    }
}

#[test]
fn rule_01_a_force_that_died_between_ledger_and_update_is_done_again() {
    let mut scene = died();
    let plan = scene.asked();
    assert!(forces(&plan), "{plan:#?}");
    // Also when the push is out of sight.
    let mut unseen = died();
    unseen.records.clear();
    let plan = unseen.asked();
    assert!(forces(&plan), "{plan:#?}");
    unseen.carry_out(&plan, 5);
    writes_nothing(&unseen.look_up(6));
    // Where nobody can tell, it is held.
    let web = arn_of_web(&mut scene);
    let unknown = History::Unknown("denied".to_owned());
    scene.histories.insert(web, unknown);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "latest")]);
    assert!(plan.decisions[0].reason.contains("cannot be known: denied"));
    writes_nothing(&plan);
    scene.records.clear();
    writes_nothing(&scene.settled());
    // On hold there is nothing to ask.
    let mut scene = died();
    scene.records.clear();
    let hold = ("ecroll:hold".to_owned(), "true".to_owned());
    scene.web().tags.extend([hold]);
    assert_eq!(scene.plan().doubts, []);
}

/// The ledger names a push, and ECS shows no deployment since.
fn died() -> Scene {
    forcing(&["web:latest"])
        .pushed("web:latest", "d1", 0)
        .noted("web", "d1-web-latest", 0, 1, 1)
}

fn arn_of_web(scene: &mut Scene) -> String {
    scene.web().arn.clone()
}

#[test]
fn rule_03_a_force_that_only_the_past_shows_by_now_is_not_done_again() {
    // (when the past's deployment began, in minutes; whether the push is in sight; whether it is deployed once more)
    let cases = [
        (0, true, false),
        (3, true, false),
        (3, false, false),
        (-1, true, true),
        (-1, false, true),
    ];
    for (began, seen, again) in cases {
        let mut scene = died();
        if !seen {
            scene.records.clear();
        }
        assert_eq!(scene.plan().doubts.len(), 1);
        let past = Deployed::new(arn(1), at(began));
        let web = arn_of_web(&mut scene);
        // Read for another's sake from a later time on, it does not tell.
        let late = History::Known(at(1), vec![]);
        scene.histories.insert(web.clone(), late);
        assert_eq!(scene.plan().doubts.len(), 1);
        scene.histories.insert(web, History::whole(vec![past]));
        let plan = scene.settled();
        assert_eq!(forces(&plan), again, "{began} {seen} {plan:#?}");
        if !again {
            writes_nothing(&plan);
        }
    }
}

#[test]
fn rule_03_what_was_deployed_after_the_push_is_left_alone_whoever_did_it() {
    // A rollback by the breaker is a newer deployment of the same revision.
    let mut scene = forcing(&["web:latest"]).pushed("web:latest", "d1", 0);
    let _ = scene.look_up(5);
    scene.web().deployed_at = Some(at(20));
    writes_nothing(&scene.look_up(30));
    // A person's deployment of another revision.
    scene.define(definition(7, &["web:mine"]));
    scene.web().task_definition = arn(7);
    scene.web().deployed_at = Some(at(40));
    let plan = scene.look_up(50);
    assert_eq!(outcomes(&plan), [(Skipped, "latest")]);
    writes_nothing(&plan);
    scene.records.clear();
    writes_nothing(&scene.look_up(60));
}

#[test]
fn rule_03_a_service_deployed_after_the_push_is_noted_and_not_deployed_again() {
    let mut scene = forcing(&["web:latest"]).pushed("web:latest", "d1", 0);
    scene.web().deployed_at = Some(at(3));
    let plan = scene.look_up(5);
    assert_eq!((plan.rolls.len(), plan.notes.len()), (0, 1));
    assert_eq!(outcomes(&plan), [(Unchanged, "latest")]);
    writes_nothing(&scene.look_up(6));
    // Within the push's second nobody knows which came first, so it is deployed.
    let mut tie = forcing(&["web:latest"]).pushed("web:latest", "d1", 0);
    tie.web().deployed_at = Some(at(0) + chrono::TimeDelta::milliseconds(400));
    assert!(forces(&tie.look_up(5)));
    writes_nothing(&tie.look_up(6));
}

#[test]
fn rule_02_an_older_push_than_the_ledgers_is_not_forced() {
    let mut scene = forcing(&["web:latest", "web:edge"])
        .pushed("web:latest", "d1", 50)
        .noted("web", "direct-latest", 60, 1, 1);
    scene.web().deployed_at = Some(at(10));
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Skipped, "latest")]);
}

#[test]
fn rule_03_where_ecs_shows_no_deployment_nothing_is_forced() {
    let mut scene = forcing(&["web:latest"]).pushed("web:latest", "d1", 0);
    scene.web().deployed_at = None;
    assert_eq!(outcomes(&scene.settled()), [(Held, "latest")]);
}

#[test]
fn a_stamp_of_an_earlier_revision_does_not_keep_forcing() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:latest", "d1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["web:latest"]);
    let mut scene = scene
        .configured(&json!({"service": {"action": "force"}}))
        .pushed("web:latest", "d2", 10);
    assert!(forces(&scene.look_up(15)));
    writes_nothing(&scene.look_up(16));
    // And back: the ledger knows the newer push.
    let mut scene = scene.configured(&json!({}));
    let plan = scene.look_up(20);
    assert_eq!(rolled(&plan), Vec::<String>::new());
    let mut scene = scene.pushed("web:latest", "d3", 30);
    assert_eq!(rolled(&scene.look_up(35)), ["web:latest"]);
}

#[test]
fn one_repository_by_revision_and_one_by_force_are_one_deployment() {
    let config = json!({"services": [{"repository": "proxy", "action": "force"}]});
    let mut scene = Scene::new(&["web:seed", "proxy:latest"])
        .configured(&config)
        .pushed("web:v1", "d1", 0)
        .pushed("proxy:latest", "d2", 1);
    let plan = scene.look_up(5);
    assert_eq!(plan.rolls.len(), 1);
    assert_eq!(registrations(&plan.rolls).len(), 1);
    assert_eq!(rolled(&plan), ["proxy:latest", "web:v1"]);
    assert_eq!(scene.images(), ["web:v1", "proxy:latest"]);
    writes_nothing(&scene.look_up(6));
}

/// Follows by name, with `force`, in the account and Region of the services.
fn named(service: &str, images: &[&str]) -> Scene {
    let mut scene = Scene::new(images)
        .configured(&json!({"service": {"match": "name-prefix", "action": "force"}}));
    service.clone_into(&mut scene.web().name);
    scene
}

fn here(mut scene: Scene) -> Scene {
    for found in &mut scene.records {
        "000000000000".clone_into(&mut found.record.repository.account);
    }
    scene
}

#[test]
fn rule_04_a_name_alone_forces_within_the_account_and_region() {
    let cache = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/mirror/api:latest";
    for (service, image, rolls) in [
        ("api", cache, true),
        ("api-worker", cache, true),
        ("api-worker", "nginx", true),
        ("api-worker", "localhost:5000/api:latest", true),
        ("apis", cache, false),
        ("my-api", cache, false),
        ("api-worker", "nginx:1.27", false),
        ("api-worker", "nginx@sha256:aa", false),
    ] {
        let mut scene = named(service, &["x:y"]).pushed("api:latest", "d1", 0);
        let definition = scene.inventory.definitions.get_mut(&arn(1)).unwrap();
        let raw = json!({"taskDefinitionArn": arn(1),
            "containerDefinitions": [{"name": "app", "image": image}]});
        *definition = std::sync::Arc::new(
            crate::inventory::Definition::read(&json!({"taskDefinition": raw})).unwrap(),
        );
        // Another account's push, by a name alone.
        writes_nothing(&scene.settled());
        let plan = here(scene).settled();
        assert_eq!(plan.rolls.len() == 1, rolls, "{service} {image}: {plan:#?}");
        if rolls {
            assert!(forces(&plan));
        }
    }
}

#[test]
fn rule_04_the_repository_that_fits_best_has_the_service() {
    // `api-admin` runs its own repository, which a push to `api` is not.
    let plan = here(named("api-admin", &["api-admin:latest"]).pushed("api:latest", "d1", 0));
    let plan = plan.settled();
    assert_eq!(plan.rolls, []);
    let plan = named("api-admin", &["api-admin:latest"]).pushed("api-admin:latest", "d1", 0);
    assert!(forces(&plan.settled()));
    // Of two that it runs, the one that it is named after.
    let scene = named("api-admin", &["api-admin:latest", "api:latest"])
        .pushed("api:latest", "d1", 0)
        .pushed("api-admin:latest", "d2", 1);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["api-admin:latest"]);
    assert!(
        plan.decisions[0].reason.contains("not named after api"),
        "{plan:#?}"
    );
}

#[test]
fn rule_04_by_name_and_revision_the_image_must_be_there_as_well() {
    let config = json!({"service": {"match": "name-prefix"}});
    let mut scene = Scene::new(&["api:seed"]).pushed("api:v1", "d1", 0);
    "api-worker".clone_into(&mut scene.web().name);
    let scene = scene.configured(&config);
    assert_eq!(rolled(&scene.settled()), ["api:v1"]);
    let other = Scene::new(&["api:seed"])
        .pushed("api:v1", "d1", 0)
        .configured(&config);
    assert_eq!(
        outcomes(&other.settled()),
        [(Skipped, "v1")],
        "`web` is another name"
    );
    let mut empty = Scene::new(&["proxy:seed"])
        .pushed("api:v1", "d1", 0)
        .configured(&config);
    "api".clone_into(&mut empty.web().name);
    let plan = here(empty).settled();
    assert_eq!(outcomes(&plan), [(Refused, "v1")]);
    assert!(plan.decisions[0].reason.contains("force"), "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn rule_04_that_one_service_is_matched_by_its_name_matches_no_other_so() {
    let mut scene = Scene::new(&["x:latest"]).pushed("web:latest", "d1", 0);
    let mut other = service("web-worker", 1);
    other
        .tags
        .insert("ecroll:match".to_owned(), "name-prefix".to_owned());
    scene.inventory.services.push(other);
    let plan = here(scene).settled();
    let mut decided = plan.decisions.iter().map(|decision| &*decision.service);
    assert!(decided.all(|service| service == "web-worker"), "{plan:#?}");
    assert_eq!(plan.decisions.len(), 1);
}

#[test]
fn a_name_matches_by_a_services_own_tag_as_well() {
    let mut scene = Scene::new(&["x:latest"]).pushed("web:latest", "d1", 0);
    for (key, value) in [("ecroll:match", "name-prefix"), ("ecroll:action", "force")] {
        scene.web().tags.insert(key.to_owned(), value.to_owned());
    }
    assert!(forces(&here(scene).settled()));
}

#[test]
fn rule_03_a_further_push_of_the_image_that_was_deployed_deploys_nothing() {
    let mut scene = forcing(&["web:latest"]).pushed("web:latest", "d1", 0);
    assert!(forces(&scene.look_up(5)));
    let mut again = super::builders::record("web:latest", "d1", 60, "again");
    again.ingestion += 1;
    scene.records.push(again);
    for minute in [61, 66, 70] {
        let plan = scene.look_up(minute);
        assert_eq!(plan.rolls, [], "minute {minute}: {plan:#?}");
    }
}

#[test]
fn rule_03_an_image_that_came_again_after_another_is_not_forced_while_it_runs() {
    let mut scene = forcing(&["web:latest"]).pushed("web:latest", "d1", 0);
    assert!(forces(&scene.look_up(5)));
    // The record of the image between the two comes last.
    let again = record("web:latest", "d1", 42, "again");
    scene.records.push(again);
    assert_eq!(outcomes(&scene.look_up(50)), [(Unchanged, "latest")]);
    let mut scene = scene.pushed("web:latest", "d2", 41);
    scene.origin = Some(origin("d1", Some(0)));
    let plan = scene.asked();
    assert_eq!(
        outcomes(&plan),
        [
            (Skipped, "latest"),
            (Skipped, "latest"),
            (Unchanged, "latest")
        ],
        "{plan:#?}"
    );
    writes_nothing(&plan);
    // The other one runs: somebody deployed the service between the two.
    scene.origin = Some(origin("d2", Some(41)));
    assert!(forces(&scene.asked()));
}

#[test]
fn rule_02_what_runs_and_came_again_under_another_tag_is_not_forced_back() {
    let mut scene = forcing(&["web:latest"]).pushed("web:latest", "d1", 0);
    assert!(forces(&scene.look_up(5)));
    let scene = scene.pushed("web:latest", "d2", 40);
    let mut scene = scene.pushed("web:rc", "d1", 41);
    scene.origin = Some(origin("d1", Some(0)));
    let mut before = scene.clone();
    let plan = scene.asked();
    writes_nothing(&plan);
    let last = plan.decisions.iter().find(|d| d.digest == "sha256:d2");
    assert_eq!(last.unwrap().outcome, Skipped, "{plan:#?}");
    // Without the other tag it is what the tag names that counts.
    before.records.pop();
    assert!(forces(&before.asked()));
}
