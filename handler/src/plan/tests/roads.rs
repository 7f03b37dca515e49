//! The same push by two roads: the trail's record, and an event of ECR under an identity of its own.

use super::builders::{Scene, arn, at, outcomes, record, repository, rolled, writes_nothing};
use super::dates::origin;
use crate::inventory::Rollout;
use crate::ledger;
use crate::plan::{Deployed, History};
use crate::push::Found;
use crate::report::Outcome::{Held, Skipped, Unchanged};

/// The push of `name:tag` as ECR's event tells it, some seconds after the record's time.
fn event(name_and_tag: &str, digest: &str, minute: i64, seconds: i64) -> Found {
    let id = format!("{}{digest}-{minute}-{seconds}", ledger::ECR);
    let mut found = record(name_and_tag, digest, minute, &id);
    found.record.time += chrono::TimeDelta::seconds(seconds);
    found
}

/// Rolls `first`, rolls back, then sees `second` alone: the plan.
fn undone_then_seen_again(first: Found, second: Found) -> crate::plan::Plan {
    let mut scene = Scene::new(&["web:seed"]);
    scene.records = vec![first];
    let _ = scene.look_up(5);
    let rolled_to = scene.web().task_definition.clone();
    scene.web().task_definition = arn(1);
    scene.web().deployed_at = Some(at(30));
    let past = [(rolled_to, 5), (arn(1), 30)]
        .map(|(task_definition, minute)| Deployed::new(task_definition, at(minute)));
    let web = scene.web().arn.clone();
    scene.histories.insert(web, History::whole(past.to_vec()));
    scene.records = vec![second];
    scene.settled()
}

#[test]
fn rule_03_the_record_of_a_push_that_an_event_brought_is_the_same_push() {
    for seconds in [-3, 0, 2, 600] {
        let (event, record) = (
            event("web:v1", "d1", 0, seconds),
            record("web:v1", "d1", 0, "trail"),
        );
        for (first, second) in [(event.clone(), record.clone()), (record, event)] {
            let plan = undone_then_seen_again(first.clone(), second.clone());
            assert_eq!(outcomes(&plan), [(Held, "v1")], "{seconds} s");
            assert_eq!(plan.rolls, []);
            // Nor where it still runs.
            let mut scene = Scene::new(&["web:seed"]);
            scene.records = vec![first];
            let _ = scene.look_up(5);
            scene.records = vec![second];
            assert_eq!(outcomes(&scene.look_up(10)), [(Unchanged, "v1")]);
            writes_nothing(&scene.look_up(11));
        }
    }
}

#[test]
fn rule_03_the_same_digest_long_after_is_a_push_of_its_own() {
    let (first, later) = (
        record("web:v1", "d1", 0, "trail"),
        event("web:v1", "d1", 120, 0),
    );
    assert_eq!(rolled(&undone_then_seen_again(first, later)), ["web:v1"]);
}

#[test]
fn rule_01_another_digest_by_another_road_is_another_push() {
    let (first, later) = (
        record("web:v1", "d1", 0, "trail"),
        event("web:v1", "d2", 1, 0),
    );
    assert_eq!(rolled(&undone_then_seen_again(first, later)), ["web:v1"]);
}

#[test]
fn rule_02_between_the_times_of_the_two_roads_the_logs_order_holds() {
    // D1 was pushed at 0 s and told by an event at 30 s; D2, pushed at 10 s, has a record only.
    let mut scene = Scene::new(&["web:seed"]);
    scene.records = vec![event("web:a", "d1", 0, 30)];
    let _ = scene.look_up(1);
    let mut second = record("web:b", "d2", 0, "b");
    second.record.time += chrono::TimeDelta::seconds(10);
    scene.records = vec![record("web:a", "d1", 0, "a"), second];
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:b"]);
    assert_eq!(outcomes(&plan), [(Skipped, "a")]);
    writes_nothing(&scene.look_up(10));
}

#[test]
fn rule_02_what_was_deployed_by_name_stays_though_its_own_push_is_in_sight() {
    let mut scene = Scene::new(&["web:seed"])
        .pushed("web:v1", "d1", 0)
        .pushed("web:v2", "d2", 1);
    let _ = scene.look_up(5);
    let all = std::mem::take(&mut scene.records);
    let direct = format!("{}{}", ledger::DIRECT, at(6).to_rfc3339());
    scene.records = vec![record("web:v1", "d1", 6, &direct)];
    assert_eq!(rolled(&scene.look_up(6)), ["web:v1"]);
    scene.records = all;
    let plan = scene.look_up(10);
    assert_eq!(plan.rolls, []);
    assert_eq!(scene.images(), ["web:v1"]);
    let mut scene = scene.pushed("web:v3", "d3", 20);
    assert_eq!(rolled(&scene.look_up(25)), ["web:v3"]);
}

#[test]
fn rule_02_the_record_of_an_earlier_push_of_an_image_is_not_the_event_of_its_later_one() {
    let mut scene = Scene::new(&["web:seed"]);
    for (tag, digest, minute) in [
        ("web:v1", "d1", 0),
        ("web:v2", "d2", 3),
        ("web:v1", "d1", 5),
    ] {
        scene.records = vec![event(tag, digest, minute, 0)];
        assert_eq!(rolled(&scene.look_up(minute + 1)), [tag]);
    }
    // The trail tells of the first two by now, of the third it does not yet.
    let (one, two) = (
        record("web:v1", "d1", 0, "one"),
        record("web:v2", "d2", 3, "two"),
    );
    scene.records = vec![one, two];
    let plan = scene.settled();
    writes_nothing(&plan);
    assert_eq!(outcomes(&plan), [(Skipped, "v1"), (Skipped, "v2")]);
    scene.records.push(record("web:v1", "d1", 5, "three"));
    let plan = scene.settled();
    assert_eq!(plan.rolls, [], "{plan:#?}");
    let all = [(Skipped, "v1"), (Skipped, "v2"), (Unchanged, "v1")];
    assert_eq!(outcomes(&plan), all);
    // And a fourth push of the other image is newer.
    scene.records.push(record("web:v2", "d2", 6, "four"));
    assert_eq!(rolled(&scene.settled()), ["web:v2"]);
}

#[test]
fn rule_03_a_second_tag_that_comes_while_the_image_is_deployed_names_the_same_deployment() {
    let mut scene = Scene::new(&["web:seed"]);
    scene.records = vec![event("web:v1", "d1", 0, 0)];
    assert_eq!(rolled(&scene.look_up(1)), ["web:v1"]);
    scene.web().rollout = Some(Rollout::UnderWay);
    let key = ledger::key(&repository("web"));
    let before = scene.web().tags[&key].clone();
    scene.records.push(event("web:latest", "d1", 0, 3));
    let plan = scene.look_up(2);
    assert_eq!(plan.rolls, []);
    // What ran before it, and which revision it was rolled by, and since when.
    let revisions = |value: &str| {
        let entry = ledger::Entry::read(value).unwrap();
        (entry.since() <= at(0), entry.new, entry.base)
    };
    assert_eq!(revisions(&scene.web().tags[&key]), revisions(&before));
    assert_ne!(scene.web().tags[&key], before);
    writes_nothing(&scene.settled());
}

#[test]
fn rule_02_what_came_between_two_pushes_of_an_image_does_not_take_the_place_of_the_second() {
    let mut scene = Scene::new(&["web:seed"]);
    scene.records = vec![record("web:v1", "d1", 0, "one")];
    assert_eq!(rolled(&scene.look_up(5)), ["web:v1"]);
    scene.web().rollout = Some(Rollout::UnderWay);
    // Each look-up reads one batch of the log.
    scene.records = vec![record("web:latest", "d1", 4, "three")];
    assert_eq!(outcomes(&scene.look_up(6)), [(Unchanged, "latest")]);
    scene.records = vec![record("web:v2", "d2", 3, "two")];
    assert_eq!(outcomes(&scene.settled()), [(Skipped, "v2")]);
}

#[test]
fn rule_03_another_image_that_its_deployment_pulled_is_noted_at_once() {
    let mut scene = Scene::new(&["web:seed"]);
    scene.records = vec![record("web:latest", "d1", 0, "one")];
    assert_eq!(rolled(&scene.look_up(2)), ["web:latest"]);
    scene.web().rollout = Some(Rollout::UnderWay);
    // `latest` had moved before the deployment began, and that record comes now.
    scene.records.push(record("web:latest", "d2", 1, "two"));
    let plan = scene.settled();
    assert_eq!(
        outcomes(&plan),
        [(Skipped, "latest"), (Unchanged, "latest")]
    );
    assert_eq!(plan.notes.len(), 1);
}

#[test]
fn the_ledger_names_the_push_by_the_tag_that_was_told_again() {
    let mut scene = Scene::new(&["web:seed"]);
    scene.records = vec![record("web:latest", "d1", 0, "one")];
    assert_eq!(rolled(&scene.look_up(5)), ["web:latest"]);
    scene.web().rollout = Some(Rollout::UnderWay);
    scene.records = vec![
        record("web:latest", "d2", 3, "two"),
        record("web:v1", "d1", 4, "three"),
    ];
    let noted = |mut scene: Scene| {
        scene.origin = Some(origin("d1", Some(0)));
        let _ = scene.look_up(6);
        let key = ledger::key(&repository("web"));
        let entry = ledger::Entry::read(&scene.web().tags[&key]).unwrap();
        (entry.tag.clone(), entry.called().to_owned())
    };
    let three = "three".to_owned();
    assert_eq!(noted(scene.clone()), ("v1".to_owned(), three.clone()));
    // Among versions it stays known by the highest.
    let config = serde_json::json!({"service": {"tags": "newest-semver"}});
    let mut versions = Scene::new(&["web:seed"]).configured(&config);
    versions.records = vec![record("web:2.0.0", "d1", 0, "one")];
    assert_eq!(rolled(&versions.look_up(5)), ["web:2.0.0"]);
    versions.web().rollout = Some(Rollout::UnderWay);
    versions.records.push(record("web:1.9.0", "d1", 4, "three"));
    assert_eq!(noted(versions).0, "2.0.0");
}
