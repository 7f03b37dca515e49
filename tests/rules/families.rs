//! Task definitions that no service runs follow: `families = "all"`; and with `scheduled` what starts them moves along.

use handler::config::Config;
use handler::report::{Decision, Outcome};
use local::Options;
use local::faults::{Kind, Planned};
use serde_json::{Value, json};

use crate::road::{context, invoke};
use crate::scheduled::{call, revision, rule, runs};
use crate::world::{World, image};

fn config(more: &Value) -> Config {
    let mut config = json!({"families": "all"});
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    Config::from_json(&config).unwrap()
}

pub(crate) fn register(world: &World, family: &str, image: &str) {
    let definition = json!({
        "family": family, "memory": "512", "cpu": "256", "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"], "ephemeralStorage": {"sizeInGiB": 30},
        "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
        "tags": [{"key": "team", "value": "shop"}], "ofTomorrow": {"deep": [1]},
        "containerDefinitions": [
            {"name": "proxy", "image": "nginx:1"},
            {"name": "app", "image": image, "newKnob": "on"},
        ],
    });
    call(world, "ecs", "RegisterTaskDefinition", definition);
}

/// The newest ACTIVE revision: its number, the image of its second container, the whole answer.
pub(crate) fn newest(world: &World, family: &str) -> (u64, String, Value) {
    let input = json!({"taskDefinition": family, "include": ["TAGS"]});
    let told = call(world, "ecs", "DescribeTaskDefinition", input);
    let definition = &told["taskDefinition"];
    let image = definition["containerDefinitions"][1]["image"]
        .as_str()
        .unwrap()
        .to_owned();
    (definition["revision"].as_u64().unwrap(), image, told)
}

/// The service `web`, and the family `report` of the repository `batch`, which no service runs.
async fn world(more: &Value) -> World {
    let config = config(more);
    let world = World::with(&[("web", &image("web", "seed"))], &config).await;
    register(&world, "report", &image("batch", "1.0.0"));
    world.set_up(&config).await;
    world.minutes(10).await;
    world
}

/// The same where two pushes made the revisions 2 and 3 of `report`.
async fn pushed_twice() -> World {
    let world = world(&json!({})).await;
    for (tag, digest) in [("2.0.0", "two"), ("3.0.0", "three")] {
        world.push("batch", tag, digest, 3);
        world.minutes(20).await;
    }
    assert_eq!(newest(&world, "report").0, 3);
    world
}

fn of(world: &mut World, family: &str) -> Vec<Decision> {
    let mut of = world.decisions();
    of.retain(|decision| decision.cluster == "families" && decision.service == family);
    of
}

#[tokio::test(start_paused = true)]
async fn rule_05_a_push_registers_one_revision_with_every_field_kept() {
    let mut world = world(&json!({})).await;
    register(&world, "api-batch", &image("batch-admin", "1.0.0"));
    register(&world, "web-tool", &image("web", "seed"));
    let (_, _, before) = newest(&world, "report");
    let push = world.push("batch", "2.0.0", "two", 3);
    // The record comes again, and again.
    world.minutes(180).await;
    let (number, new, after) = newest(&world, "report");
    assert_eq!(
        (number, new.as_str()),
        (2, image("batch", "2.0.0").as_str())
    );
    let mut expected = before["taskDefinition"].clone();
    let mut copy = after["taskDefinition"].clone();
    expected["containerDefinitions"][1]["image"] = json!(new);
    for definition in [&mut expected, &mut copy] {
        for member in handler::revision::OUTPUT_ONLY {
            definition.as_object_mut().unwrap().remove(*member);
        }
    }
    assert_eq!(copy, expected);
    let tags = after["tags"].as_array().unwrap();
    assert!(tags.contains(&json!({"key": "team", "value": "shop"})));
    assert_eq!(tags.len(), 2, "its own, and the push that it was made for");
    let rolled = of(&mut world, "report");
    let rolled: Vec<_> = rolled
        .iter()
        .filter(|d| d.outcome == Outcome::Rolled)
        .collect();
    let [one] = rolled[..] else {
        panic!("{rolled:?}")
    };
    assert_eq!(
        (one.push.as_str(), one.tag.as_str()),
        (push.as_str(), "2.0.0")
    );
    assert_eq!(
        (one.from.clone(), one.to.clone()),
        (Some(revision("report:1")), Some(revision("report:2")))
    );
    // Others have another repository, or none that was pushed.
    assert_eq!(newest(&world, "api-batch").0, 1);
    assert_eq!(newest(&world, "web-tool").0, 1);
    // The family of a service gets its revision from the service, and only one.
    world.push("web", "v1", "one", 3);
    world.minutes(30).await;
    assert_eq!(world.definition("web")["taskDefinition"]["revision"], 2);
    let next = json!({"taskDefinition": "web:3"});
    assert!(
        world
            .account
            .call("ecs", "DescribeTaskDefinition", next)
            .is_err()
    );
    assert_eq!(newest(&world, "web-tool").0, 2);
    assert!(of(&mut world, "web").is_empty());
}

#[tokio::test(start_paused = true)]
async fn rule_02_never_backwards_by_policy_and_never_over_what_somebody_registered() {
    let rules = json!([{"service": "report", "tags": "exact:never"}, {"repository": "batch", "tags": "semver:*"}]);
    let mut world = world(&json!({"services": rules})).await;
    let late = world.push("batch", "1.5.0", "older", 40);
    world.minutes(5).await;
    let first = world.push("batch", "2.0.0", "two", 3);
    world.push("batch", "nightly", "three", 3);
    world.minutes(60).await;
    assert_eq!(newest(&world, "report").1, image("batch", "2.0.0"));
    assert_eq!(newest(&world, "report").0, 2, "what came late is older");
    let said = of(&mut world, "report");
    let of_late: Vec<_> = said
        .iter()
        .filter(|d| d.push == late)
        .map(|d| d.outcome)
        .collect();
    assert!(
        !of_late.is_empty() && of_late.iter().all(|o| *o == Outcome::Skipped),
        "{of_late:?}"
    );
    // Somebody goes back, with the tags copied: that stays, also for a function that has just started.
    register(&world, "report", &image("batch", "1.0.0"));
    let config = json!({"families": "all", "services": rules});
    let sweep = json!({"detail-type": "Scheduled Event", "source": "aws.events"});
    let fresh = context(&world, &config);
    let report = invoke(&world, &fresh, &sweep).await.unwrap();
    world.minutes(60).await;
    assert_eq!(newest(&world, "report").0, 3);
    let mut said = report.decisions.iter();
    let said = said
        .find(|d| d.cluster == "families" && d.push == first)
        .unwrap();
    assert_eq!(said.outcome, Outcome::Skipped);
    assert!(
        said.reason.contains("whoever did so chose its image"),
        "{}",
        said.reason
    );
    // The next push moves it again; deregistered afterwards, that stays too.
    world.push("batch", "3.0.0", "four", 3);
    world.minutes(30).await;
    assert_eq!(newest(&world, "report").1, image("batch", "3.0.0"));
    let undo = json!({"taskDefinition": "report:4"});
    call(&world, "ecs", "DeregisterTaskDefinition", undo);
    let fresh = context(&world, &config);
    let report = invoke(&world, &fresh, &sweep).await.unwrap();
    world.minutes(60).await;
    assert_eq!(newest(&world, "report").0, 3);
    let mut said = report.decisions.iter();
    let said = said
        .find(|d| d.cluster == "families" && d.outcome == Outcome::Held)
        .unwrap();
    assert!(said.reason.contains("deregistered"), "{}", said.reason);
}

/// A sweep of a function that has just started, and what it decides about the family `report`.
async fn afresh(world: &World, config: &Value) -> Vec<Decision> {
    let sweep = json!({"detail-type": "Scheduled Event", "source": "aws.events"});
    let fresh = context(world, config);
    let report = invoke(world, &fresh, &sweep).await.unwrap();
    let of = report.decisions.into_iter();
    of.filter(|d| d.cluster == "families" && d.service == "report")
        .collect()
}

#[tokio::test(start_paused = true)]
async fn rule_03_an_older_revision_that_somebody_registered_again_with_all_its_tags_stays() {
    let world = pushed_twice().await;
    let input = json!({"taskDefinition": "report:2", "include": ["TAGS"]});
    let told = call(&world, "ecs", "DescribeTaskDefinition", input);
    let mut copy = told["taskDefinition"].clone();
    for member in handler::revision::OUTPUT_ONLY {
        copy.as_object_mut().unwrap().remove(*member);
    }
    copy["tags"] = told["tags"].clone();
    call(&world, "ecs", "RegisterTaskDefinition", copy);
    let said = afresh(&world, &json!({"families": "all"})).await;
    let held = said.iter().find(|d| d.outcome == Outcome::Held).unwrap();
    assert!(held.reason.contains("older one again"), "{}", held.reason);
    assert_eq!(newest(&world, "report").0, 4);
    assert_eq!(newest(&world, "report").1, image("batch", "2.0.0"));
}

#[tokio::test(start_paused = true)]
async fn rule_03_two_revisions_that_somebody_deregistered_do_not_come_back() {
    let world = pushed_twice().await;
    for undone in ["report:3", "report:2"] {
        let undo = json!({"taskDefinition": undone});
        call(&world, "ecs", "DeregisterTaskDefinition", undo);
    }
    let said = afresh(&world, &json!({"families": "all"})).await;
    assert!(said.iter().any(|d| d.reason.contains("deregistered")));
    assert_eq!(newest(&world, "report").0, 1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_push_that_comes_after_that_of_another_repository_is_not_lost() {
    let world = world(&json!({})).await;
    let containers = json!([{"name": "tool", "image": image("tool", "1.0.0")},
        {"name": "app", "image": image("batch", "1.0.0")}]);
    let both = json!({"family": "both", "memory": "512", "containerDefinitions": containers});
    call(&world, "ecs", "RegisterTaskDefinition", both);
    world.minutes(5).await;
    world.push("batch", "2.0.0", "late", 15);
    world.minutes(1).await;
    world.push("tool", "2.0.0", "soon", 2);
    world.minutes(10).await;
    assert_eq!(newest(&world, "both").0, 2);
    world.minutes(20).await;
    let (number, batch, told) = newest(&world, "both");
    assert_eq!((number, batch), (3, image("batch", "2.0.0")));
    let tool = &told["taskDefinition"]["containerDefinitions"][0]["image"];
    assert_eq!(*tool, image("tool", "2.0.0"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_an_image_that_is_tagged_again_for_the_policy_rolls() {
    let rules = json!([{"repository": "batch", "tags": "semver:*"}]);
    let world = world(&json!({"services": rules})).await;
    world.push("batch", "main-42", "two", 2);
    world.minutes(10).await;
    world.push("batch", "2.0.0", "two", 2);
    world.minutes(10).await;
    assert_eq!(newest(&world, "report").1, image("batch", "2.0.0"));
}

/// A tag that a family names is resolved whenever a task is started: there is nothing to register, except by digest.
#[tokio::test(start_paused = true)]
async fn a_tag_that_the_family_names_needs_no_revision_and_a_digest_does() {
    let mut world = world(&json!({"service": {"pin": "tag"}})).await;
    register(&world, "floating", &image("batch", "latest"));
    let pinned = format!(
        "{}@sha256:{}",
        image("batch", "x").replace(":x", ""),
        "0".repeat(64)
    );
    register(&world, "pinned", &pinned);
    world.minutes(1).await;
    world.push("batch", "latest", "two", 3);
    world.minutes(30).await;
    assert_eq!(newest(&world, "floating").0, 1);
    let (number, image, _) = newest(&world, "pinned");
    assert!(
        number == 2 && image.ends_with(&crate::world::digest("two")),
        "{image}"
    );
    let said = of(&mut world, "floating");
    assert!(
        said.iter().all(|d| d.outcome == Outcome::Unchanged),
        "{said:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_page_of_families_and_what_cannot_be_read_is_told() {
    let options = Options::default();
    let config = config(&json!({}));
    let mut world = World::built(&[("web", &image("web", "seed"))], &config, options).await;
    for number in 0..105 {
        register(&world, &format!("f{number:03}"), &image("batch", "1.0.0"));
    }
    world.set_up(&config).await;
    world.minutes(10).await;
    world.push("batch", "2.0.0", "two", 3);
    let from = world.now();
    world.account.plan_faults(vec![Planned {
        kind: Kind::Throttled,
        from,
        until: from + chrono::TimeDelta::hours(1),
        operation: Some("ListTaskDefinitionFamilies".to_owned()),
        skip: 1,
        times: 5,
        amount: chrono::TimeDelta::zero(),
    }]);
    world.minutes(60).await;
    for number in 0..105 {
        assert_eq!(newest(&world, &format!("f{number:03}")).0, 2, "{number}");
    }
    let failed = world
        .heard()
        .into_iter()
        .filter(|answer| answer.failed)
        .count();
    assert!(
        failed > 0,
        "the list that failed made the invocation fail, so that it was tried again"
    );
}

#[tokio::test(start_paused = true)]
async fn with_both_keys_a_rule_of_such_a_family_moves_to_its_revision() {
    let more = json!({"service": {"scheduled": true}});
    let world = world(&more).await;
    let target = json!({"Id": "1", "Arn": "arn:aws:ecs:eu-west-1:000000000000:cluster/default",
        "RoleArn": "arn:aws:iam::000000000000:role/starts-tasks",
        "EcsParameters": {"TaskDefinitionArn": revision("report:1")}});
    rule(&world, "nightly", std::slice::from_ref(&target));
    world.set_up(&config(&more)).await;
    world.minutes(10).await;
    world.push("batch", "2.0.0", "two", 3);
    world.minutes(30).await;
    assert_eq!(runs(&world, "nightly"), "report:2");
    let back = json!({"Rule": "nightly", "Targets": [target]});
    call(&world, "events", "PutTargets", back);
    world.minutes(120).await;
    assert_eq!(runs(&world, "nightly"), "report:1", "somebody set it back");
    world.push("batch", "3.0.0", "three", 3);
    world.minutes(30).await;
    assert_eq!(runs(&world, "nightly"), "report:3");
}

#[tokio::test(start_paused = true)]
async fn without_the_key_no_family_is_listed() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    register(&world, "report", &image("web", "seed"));
    let before = world.account.journal_len();
    world.push("web", "v1", "one", 3);
    world.minutes(60).await;
    assert_eq!(newest(&world, "report").0, 1);
    assert!(
        !world
            .calls(before)
            .iter()
            .any(|call| call == "ListTaskDefinitionFamilies")
    );
}
