//! What a registry holds and no log told of.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::builders::{
    Scene, arn, at, definition, image, made_at, outcomes, repository, rolled, writes_nothing,
};
use super::dates::origin;
use crate::inventory::{Definition, Origin};
use crate::ledger::{self, Stamp};
use crate::manifest::Kind;
use crate::plan::missing::{Listed, Listings, missing, questions};
use crate::plan::{Deployed, History};
use crate::push::Found;
use crate::record::Record;
use crate::report::Outcome::{Held, Skipped, Unchanged};

pub(super) fn listed(digest: &str, tags: &[&str], minute: i64) -> Listed {
    Listed {
        digest: format!("sha256:{digest}"),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        pushed_at: at(minute) + TimeDelta::milliseconds(400),
    }
}

/// The digests that are missing, an hour later.
fn missed(scene: &Scene, images: &[Listed]) -> Vec<String> {
    let listings = Listings::from([(repository("web"), images.to_vec())]);
    let found = missing(
        &listings,
        &scene.pushes(),
        &scene.inventory,
        &scene.config,
        at(60),
    );
    let found = found.into_values().flatten();
    found.map(|image| image.digest).collect()
}

/// As the edge hands it on, at an hour into the story.
pub(super) fn told(scene: &mut Scene, image: &Listed) {
    told_at(scene, image, 60);
}

fn told_at(scene: &mut Scene, image: &Listed, minute: i64) {
    let tags = image.tags.iter().enumerate();
    scene.records.extend(tags.map(|(place, tag)| Found {
        record: Record {
            repository: repository("web"),
            tag: tag.clone(),
            digest: image.digest.clone(),
            time: at((image.pushed_at - at(0)).num_minutes()),
            id: image.id(place, at(minute)),
            kind: Kind::Image,
        },
        timestamp: image.pushed_at.timestamp_millis(),
        ingestion: image.pushed_at.timestamp_millis(),
    }));
}

#[test]
fn rule_01_the_newest_image_that_the_policy_takes_is_missed_where_nothing_tells_of_it() {
    let scene = Scene::new(&["web:seed"]);
    let images = [
        listed("d1", &["v1"], 0),
        listed("d2", &["v2"], 10),
        listed("d3", &["rc"], 20),
    ];
    assert_eq!(missed(&scene, &images), ["sha256:d3"]);
    let scene = scene.configured(&json!({"service": {"tags": "prefix:v"}}));
    assert_eq!(missed(&scene, &images), ["sha256:d2"]);
    let scene = scene.configured(&json!({"service": {"tags": "newest-semver"}}));
    let versions = [listed("d1", &["2.0.0"], 0), listed("d2", &["1.9.0"], 10)];
    assert_eq!(missed(&scene, &versions), ["sha256:d1"]);
}

#[test]
fn rule_01_it_rolls_as_any_push_and_is_known_by_the_ledger_from_then_on() {
    let mut scene = Scene::new(&["web:seed"]);
    let image = listed("d1", &["v1", "latest"], 0);
    told(&mut scene, &image);
    assert_eq!(rolled(&scene.look_up(60)), ["web:latest"]);
    scene.records.clear();
    assert_eq!(missed(&scene, &[image]), Vec::<String>::new());
    // Its record arrives after all.
    let mut scene = scene.pushed("web:v1", "d1", 0);
    assert_eq!(rolled(&scene.look_up(90)), Vec::<String>::new());
}

#[test]
fn rule_03_what_is_explained_is_not_missed() {
    let image = [listed("d2", &["v2"], 10)];
    let told_of = Scene::new(&["web:seed"]).pushed("web:v2", "d2", 10);
    let noted = Scene::new(&["web:seed"]).noted("web", "x-v3", 30, 2, 1);
    let mut deployed = Scene::new(&["web:seed"]);
    deployed.web().deployed_at = Some(at(11));
    let mut never = Scene::new(&["web:seed"]);
    never.web().deployed_at = None;
    let held = Scene::new(&["web:seed"]).configured(&json!({"service": {"hold": true}}));
    let since = json!({"since": at(11).to_rfc3339()});
    let before = Scene::new(&["web:seed"]).configured(&since);
    let other = Scene::new(&["web:seed"]).configured(&json!({"repositories": ["api"]}));
    let scenes = [told_of, noted, deployed, never, held, before, other];
    for (place, scene) in scenes.iter().enumerate() {
        assert_eq!(missed(scene, &image), Vec::<String>::new(), "{place}");
    }
    assert_eq!(
        questions(&scenes[4].inventory, &scenes[4].config).len(),
        0,
        "not even asked about"
    );
    let young = [listed("d2", &["v2"], 50)];
    assert_eq!(
        missed(&Scene::new(&["web:seed"]), &young),
        Vec::<String>::new(),
        "its record may be on its way"
    );
}

#[test]
fn rule_03_a_service_that_was_deployed_since_keeps_what_somebody_chose() {
    let mut scene = Scene::new(&["web:seed"]);
    scene.web().deployed_at = Some(at(30));
    told(&mut scene, &listed("d1", &["v1"], 0));
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Skipped, "v1")]);
    assert!(plan.decisions[0].reason.contains("chose what runs"));
}

/// ecroll rolls another repository of the service after the image was pushed, before it was missed.
fn after_another() -> Scene {
    let mut scene = Scene::new(&["web:seed", "side:seed"]).pushed("side:v2", "s2", 10);
    assert_eq!(rolled(&scene.look_up(12)), ["side:v2"]);
    scene.records.clear();
    scene
}

#[test]
fn rule_01_what_ecroll_deployed_for_another_push_is_nobodys_choice() {
    let mut scene = after_another();
    let image = listed("d1", &["v1"], 5);
    assert_eq!(missed(&scene, std::slice::from_ref(&image)), ["sha256:d1"]);
    told(&mut scene, &image);
    let doubts = scene.plan().doubts;
    assert_eq!(doubts[0].since, at(5), "{doubts:?}");
    let plan = scene.asked();
    assert_eq!(rolled(&plan), ["web:v1"]);
}

#[test]
fn rule_01_an_older_push_of_the_repository_that_rolled_late_is_nobodys_choice() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v0", "d0", 1);
    assert_eq!(rolled(&scene.look_up(12)), ["web:v0"]);
    told(&mut scene, &listed("d1", &["v1"], 5));
    assert_eq!(rolled(&scene.asked()), ["web:v1"]);
}

#[test]
fn rule_03_what_somebody_deployed_below_a_roll_of_ecroll_is_their_choice() {
    let mut scene = Scene::new(&["web:seed", "side:seed"]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 8);
    let mut scene = scene.pushed("side:v2", "s2", 10);
    assert_eq!(rolled(&scene.look_up(12)), ["side:v2"]);
    scene.records.clear();
    told(&mut scene, &listed("d1", &["v1"], 5));
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Skipped, "v1")]);
    assert!(plan.decisions[0].reason.contains("chose what runs"));
}

#[test]
fn rule_03_a_revision_that_ecroll_made_before_and_somebody_deployed_again_is_their_choice() {
    let mut scene = after_another();
    let made = scene.web().task_definition.clone();
    let image = listed("d1", &["v1"], 20);
    let web = scene.web().arn.clone();
    let number = made.rsplit(':').next().unwrap().parse().unwrap();
    scene.deploy(&web, number, 30);
    told(&mut scene, &image);
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Skipped, "v1")]);
}

#[test]
fn rule_01_a_service_that_took_it_keeps_it_while_others_wait_for_it() {
    let mut scene = Scene::new(&["web:seed"]);
    let image = listed("d1", &["v1"], 0);
    told(&mut scene, &image);
    assert_eq!(rolled(&scene.look_up(60)), ["web:v1"]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")], "known by the ledger");
    // The next sweep asks again, and the answer has another second: nothing is written for that, and reports call it the same.
    let before = scene.pushes()[0].id().to_owned();
    scene.records.clear();
    told_at(&mut scene, &image, 65);
    assert_eq!(scene.pushes()[0].id(), before);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    writes_nothing(&plan);
}

#[test]
fn rule_01_what_the_breaker_undid_together_with_another_push_is_still_tried_alone() {
    let mut scene = Scene::new(&["web:seed", "side:seed"]).pushed("side:v2", "s2", 5);
    let image = listed("d1", &["v1"], 0);
    told(&mut scene, &image);
    assert_eq!(rolled(&scene.look_up(60)), ["side:v2", "web:v1"]);
    let undone = scene.web().task_definition.clone();
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 62);
    scene.records.retain(|found| found.record.tag != "v1");
    assert_eq!(missed(&scene, std::slice::from_ref(&image)), ["sha256:d1"]);
    told_at(&mut scene, &image, 120);
    let past = Deployed {
        undone: true,
        made: Some(made_at(60)),
        ..Deployed::new(undone, at(60))
    };
    scene.histories.insert(web, History::whole(vec![past]));
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["web:v1"], "{plan:#?}");
}

#[test]
fn rule_03_a_person_who_goes_back_among_ecrolls_own_revisions_has_chosen() {
    let mut scene = after_another();
    let first = scene.web().task_definition.clone();
    let mut scene = scene.pushed("side:v3", "s3", 20);
    assert_eq!(rolled(&scene.look_up(22)), ["side:v3"]);
    scene.records.clear();
    let (web, number) = (scene.web().arn.clone(), first.rsplit(':').next().unwrap());
    scene.deploy(&web, number.parse().unwrap(), 30);
    told(&mut scene, &listed("d1", &["v1"], 5));
    assert_eq!(outcomes(&scene.asked()), [(Skipped, "v1")]);
}

#[test]
fn rule_03_where_nobody_can_tell_who_deployed_it_is_held_with_the_reason() {
    let mut scene = after_another();
    told(&mut scene, &listed("d1", &["v1"], 5));
    let web = scene.web().arn.clone();
    let denied = "ListServiceDeployments: AccessDenied".to_owned();
    scene.histories.insert(web, History::Unknown(denied));
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    assert!(plan.decisions[0].reason.contains("AccessDenied"));
}

#[test]
fn rule_03_a_tag_that_was_told_is_the_push_that_the_registry_tells_of_later() {
    // The image is older than its tag, of which the record told; the registry knows the image's time alone.
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 50);
    assert_eq!(rolled(&scene.look_up(55)), ["web:v1"]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 60);
    scene.records.clear();
    told_at(&mut scene, &listed("d1", &["v1"], 0), 800);
    assert_eq!(outcomes(&scene.asked()), [(Held, "v1")]);
}

#[test]
fn rule_03_images_that_begin_alike_are_pushes_of_their_own() {
    let long = |end: &str| Listed {
        digest: format!("sha256:{}{end}", "0".repeat(48)),
        ..listed("", &["v1"], 0)
    };
    let (one, other) = (long("20696d6167652031"), long("20696d6167652032"));
    assert_eq!(one.id(0, at(0)), "ecr:found-20696d6167652031-0-1772352000");
    assert_ne!(one.id(0, at(0)), other.id(0, at(0)));
    assert_ne!(one.id(0, at(0)), one.id(1, at(0)));
}

#[test]
fn a_revision_tells_when_ecroll_made_it() {
    let push = &Scene::new(&[]).pushed("web:v1", "d1", 0).pushes()[0];
    let stamp = Stamp::new(push, &push.tagged[0], &[&image("web:v1")]).value();
    let stamp = json!([{"key": ledger::key(&push.repository), "value": stamp}]);
    let made = |name: &str, tags: &Value| {
        let raw = json!({"taskDefinitionArn": "arn:x:task-definition/web:1", "registeredAt": 1_772_352_000.0,
            "containerDefinitions": [{"name": "app", "image": image(name)}]});
        Definition::read(&json!({"taskDefinition": raw, "tags": tags}))
            .unwrap()
            .made()
    };
    let own = made("web:v1", &stamp).unwrap();
    assert_eq!(own.at, at(0));
    let brought = &own.brought[&push.repository];
    assert_eq!((own.brought.len(), &brought.digest), (1, &push.digest));
    assert_eq!(made("web:v2", &stamp), None, "copied by somebody");
    assert_eq!(made("web:v1", &json!([])), None);
}

#[test]
fn rule_03_the_record_of_a_tag_that_came_long_after_the_image_is_of_the_push_that_was_found() {
    let mut scene = Scene::new(&["web:seed"]);
    let image = listed("d1", &["v1"], 0);
    told(&mut scene, &image);
    assert_eq!(rolled(&scene.look_up(60)), ["web:v1"]);
    let first = arn(1);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 65);
    assert_eq!(scene.web().task_definition, first);
    scene.records.clear();
    // The tag was set at 50; the registry was asked at 60.
    let mut scene = scene.pushed("web:v1", "d1", 50);
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Held, "v1")]);
    assert!(plan.decisions[0].reason.contains("rolled back since"));
    // Afterwards it is a push of its own.
    scene.records.clear();
    let mut scene = scene.pushed("web:v1", "d1", 66);
    assert_eq!(rolled(&scene.asked()), ["web:v1"]);
}

#[test]
fn rule_03_once_its_record_has_come_what_was_found_has_the_time_of_its_tag() {
    let config = json!({"service": {"tags": "semver:1.x"}});
    let mut scene = Scene::new(&["web:seed"]).configured(&config);
    let image = listed("d1", &["main", "1.2.0"], 0);
    told(&mut scene, &image);
    assert_eq!(rolled(&scene.look_up(60)), ["web:1.2.0"]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 65);
    scene.records.clear();
    let mut scene = scene.pushed("web:1.2.0", "d1", 50);
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), [(Held, "1.2.0")]);
    scene.carry_out(&plan, 66);
    // Another image between the image's first tag and this one does not make it a push that nobody rolled.
    scene.records.clear();
    let scene = scene.pushed("web:main", "d1", 0).pushed("web:v2", "d2", 5);
    let mut scene = scene.pushed("web:1.2.0", "d1", 50);
    let plan = scene.asked();
    assert_eq!(rolled(&plan), Vec::<String>::new());
    assert!(outcomes(&plan).contains(&(Held, "1.2.0")), "{plan:#?}");
}

#[test]
fn rule_01_a_tag_that_may_have_come_after_the_deployment_does_not_tell_what_runs() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v2", "d0", 2);
    scene.web().desired = 0;
    assert_eq!(rolled(&scene.look_up(9)), ["web:v2"]);
    // The image was pushed at 3 as v1; v2 moved to it at 34, and no record told.
    told_at(&mut scene, &listed("d1", &["v1", "v2"], 3), 45);
    scene.origin = Some(Origin {
        named: Some("sha256:d1".to_owned()),
        pushed_at: Some(at(3)),
        ..Origin::default()
    });
    let plan = scene.asked();
    assert_eq!(plan.rolls.len(), 1, "{plan:#?}");
    assert_eq!(plan.rolls[0].cargo[0].digest, "sha256:d1");
}

#[test]
fn rule_03_a_tag_that_came_after_the_rollback_makes_no_roll_of_it() {
    let config = json!({"service": {"tags": "semver:1.x"}});
    let mut scene = Scene::new(&["web:seed"]).configured(&config);
    told(&mut scene, &listed("d1", &["1.2.0"], 0));
    assert_eq!(rolled(&scene.look_up(60)), ["web:1.2.0"]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 65);
    scene.records.clear();
    let scene = scene.pushed("web:main", "d1", 0);
    let mut scene = scene.pushed("web:1.2.1", "d1", 500);
    for minute in [501, 502] {
        let plan = scene.asked();
        assert_eq!(rolled(&plan), Vec::<String>::new(), "{plan:#?}");
        scene.carry_out(&plan, minute);
    }
}

#[test]
fn rule_01_what_the_log_told_under_a_tag_that_the_policy_leaves_out_is_missed_under_another() {
    let config = json!({"service": {"tags": "semver:1.x"}});
    let scene = Scene::new(&["web:seed"]).configured(&config);
    let mut scene = scene.pushed("web:main", "d1", 0);
    let image = listed("d1", &["main", "1.2.0"], 0);
    assert_eq!(missed(&scene, std::slice::from_ref(&image)), ["sha256:d1"]);
    told(&mut scene, &image);
    assert_eq!(rolled(&scene.settled()), ["web:1.2.0"]);
    // Whoever deployed since chose what runs all the same.
    scene.web().deployed_at = Some(at(30));
    assert_eq!(outcomes(&scene.settled()), [(Skipped, "1.2.0")]);
    let scene = scene.pushed("web:1.2.0", "d1", 40);
    assert_eq!(rolled(&scene.settled()), ["web:1.2.0"], "told as well");
}

#[test]
fn rule_03_whether_a_revision_of_somebodys_own_brought_what_was_found_is_asked() {
    let mut scene = Scene::new(&["web:seed"]);
    let image = listed("d1", &["v1"], 0);
    told(&mut scene, &image);
    assert_eq!(rolled(&scene.look_up(60)), ["web:v1"]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 65);
    scene.define(definition(7, &["web:v1"]));
    scene.deploy(&web, 7, 70);
    scene.records.clear();
    // From the registry alone it is not known whether the tag named the image at 70.
    told_at(&mut scene, &image, 120);
    scene.origin = Some(origin("d1", Some(0)));
    assert_eq!(outcomes(&scene.asked()), [(Unchanged, "v1")]);
    scene.origin = Some(origin("d0", Some(-9)));
    assert_eq!(outcomes(&scene.asked()), [(Held, "v1")]);
}
