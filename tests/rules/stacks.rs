//! CloudFormation stacks that follow: `[[stacks]]`, from the push to the end of the update.

use std::collections::BTreeSet;

use handler::config::Config;
use handler::deployment::End;
use handler::report::Outcome;
use local::cloudformation::Doomed;
use local::{Caller, What};
use serde_json::{Value, json};

use crate::road::{IMAGE, context, event, invoke, put};
use crate::world::{HANDLER, REGION, REGISTRY, World};

const ROLE: &str = "arn:aws:iam::000000000000:role/shop-stack";

pub(crate) fn entry() -> Value {
    let repository = format!("{REGISTRY}.dkr.ecr.{REGION}.amazonaws.com/shop");
    json!({"stack": "shop", "repository": repository, "parameter": "ImageTag"})
}

fn config(stacks: &[Value]) -> Config {
    Config::from_json(&json!({"stacks": stacks})).unwrap()
}

fn call(world: &World, operation: &str, input: Value) -> Value {
    let answer = world.account.call("cloudformation", operation, input);
    answer.unwrap()
}

/// A stack of a service with its role, an IAM resource, and parameters besides the tag.
fn create(world: &World, name: &str, role: Option<&str>) {
    let template = json!({
        "Parameters": {"ImageTag": {"Type": "String"}, "Worker": {"Type": "String", "Default": "w0"},
            "DesiredCount": {"Type": "Number", "Default": "1"}},
        "Resources": {"Service": {"Type": "AWS::ECS::Service"}, "Task": {"Type": "AWS::IAM::Role"}},
    });
    let mut input = json!({"StackName": name, "TemplateBody": template.to_string(),
        "Capabilities": ["CAPABILITY_IAM"], "Tags": [{"Key": "team", "Value": "shop"}],
        "NotificationARNs": ["arn:aws:sns:eu-west-1:000000000000:stack-events"],
        "Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": "v1"},
            {"ParameterKey": "DesiredCount", "ParameterValue": "6"}]});
    if let Some(role) = role {
        input["RoleARN"] = json!(role);
    }
    call(world, "CreateStack", input);
}

/// A pipeline with the stack `shop`.
pub(crate) async fn following(stacks: &[Value]) -> World {
    let world = World::with(&[], &Config::default()).await;
    create(&world, "shop", Some(ROLE));
    world.minutes(5).await;
    world.set_up(&config(stacks)).await;
    world.minutes(10).await;
    world
}

pub(crate) fn stack(world: &World) -> Value {
    call(world, "DescribeStacks", json!({"StackName": "shop"}))["Stacks"][0].clone()
}

pub(crate) fn value(world: &World, parameter: &str) -> String {
    let stack = stack(world);
    let mut parameters = stack["Parameters"].as_array().unwrap().iter();
    let one = parameters
        .find(|one| one["ParameterKey"] == parameter)
        .unwrap();
    one["ParameterValue"].as_str().unwrap().to_owned()
}

/// The updates that were asked for, each with its input and whether it was refused.
pub(crate) fn updates(world: &World) -> Vec<(Value, Option<String>)> {
    let journal = world.account.journal().into_iter();
    let updates = journal.filter_map(|entry| match entry.what {
        What::Call {
            operation,
            input,
            error,
            by: Caller::Sdk,
            ..
        } if operation == "UpdateStack" => Some((input, error)),
        _ => None,
    });
    updates.collect()
}

/// What was told of ends, with the state and the tag.
fn ends(world: &mut World) -> Vec<(End, String)> {
    let heard = world.heard().into_iter();
    let all = heard.flat_map(|answer| answer.report.ended);
    all.map(|ended| (ended.state, ended.tag)).collect()
}

fn set(world: &World, tag: &str) {
    let input = json!({"StackName": "shop", "UsePreviousTemplate": true, "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": tag},
            {"ParameterKey": "DesiredCount", "UsePreviousValue": true}]});
    call(world, "UpdateStack", input);
}

/// The seed pushes an image under a new tag, then updates the stack with `ImageTag` and the previous values. Its
/// defects: somebody else's template is applied; the pipeline is green before CloudFormation has rolled or rolled back; all
/// is allowed to it; a second update meets the first; one Region.
#[tokio::test(start_paused = true)]
async fn seed_automating_ecs_codepipeline_and_cloudformation() {
    let mut world = following(&[entry()]).await;
    let before = stack(&world);
    let push = world.push("shop", "20260301090000", "one", 3);
    world.minutes(30).await;

    // The stack has the tag, and of all else nothing has changed.
    let after = stack(&world);
    assert_eq!(after["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(value(&world, "ImageTag"), "20260301090000");
    assert_eq!(value(&world, "DesiredCount"), "6");
    for kept in ["Tags", "NotificationARNs", "RoleARN", "Capabilities"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    let updates_made = updates(&world);
    assert_eq!(updates_made.len(), 1, "once, over all look-ups");
    let sent = &updates_made[0].0;
    assert_eq!(sent["UsePreviousTemplate"], "true");
    for template in [
        "TemplateURL",
        "TemplateBody",
        "Tags",
        "NotificationARNs",
        "RoleARN",
    ] {
        assert!(sent.get(template).is_none(), "{template} is sent");
    }
    let decisions = world.decisions();
    let rolled: Vec<_> = decisions
        .iter()
        .filter(|d| d.outcome == Outcome::Rolled)
        .collect();
    let [one] = rolled[..] else {
        panic!("{rolled:?}");
    };
    assert_eq!(
        (one.cluster.as_str(), one.service.as_str()),
        ("cloudformation", "shop")
    );
    assert_eq!(one.from.as_deref(), Some("v1"));
    assert_eq!(one.to.as_deref(), Some("20260301090000"));
    assert_eq!(world.last("shop", &push).unwrap().0, Outcome::Unchanged);

    // Green comes when CloudFormation says so.
    let ended = ends(&mut world);
    assert!(!ended.is_empty());
    assert!(
        ended
            .iter()
            .all(|end| *end == (End::Completed, "20260301090000".to_owned())),
        "{ended:?}"
    );

    // Two pushes, the second while the first update runs: it waits, and then has its turn.
    world.push("shop", "20260301093000", "two", 1);
    world.minutes(6).await;
    world.push("shop", "20260301093600", "three", 1);
    world.minutes(30).await;
    assert_eq!(value(&world, "ImageTag"), "20260301093600");

    // It may do this with the stack that is named, and no more.
    let asked = world.account.permissions();
    let of: BTreeSet<Option<&str>> = asked
        .iter()
        .filter(|asked| asked.principal == HANDLER && asked.action.starts_with("cloudformation:"))
        .map(|asked| asked.statement.as_deref())
        .collect();
    assert_eq!(of, BTreeSet::from([Some("UpdateStacks")]));
}

#[tokio::test(start_paused = true)]
async fn rule_03_an_update_that_cloudformation_rolls_back_is_told_and_stays() {
    let mut world = following(&[entry()]).await;
    world.account.doom(Doomed {
        stack: "shop".to_owned(),
        value: "v2".to_owned(),
        reason: "The following resource(s) failed to update: [Service].".to_owned(),
    });
    let second = world.push("shop", "v2", "two", 3);
    world.minutes(60).await;
    assert_eq!(value(&world, "ImageTag"), "v1");
    assert_eq!(updates(&world).len(), 1);
    let (outcome, reason) = world.last("shop", &second).unwrap();
    assert_eq!(outcome, Outcome::Held);
    assert!(reason.contains("rolled it back"), "{reason}");
    assert!(reason.contains("[Service]"), "{reason}");
    let ended = ends(&mut world);
    assert!(
        !ended.is_empty()
            && ended
                .iter()
                .all(|end| *end == (End::RolledBack, "v2".to_owned())),
        "{ended:?}"
    );
    // A function that starts anew knows it as well, from the stack itself.
    let fresh = context(&world, &json!({"stacks": [entry()]}));
    let report = invoke(&world, &fresh, &json!({"look_back": "24h"}))
        .await
        .unwrap();
    let held = report.decisions.iter().find(|d| d.push == second).unwrap();
    assert_eq!(held.outcome, Outcome::Held);
    world.push("shop", "v3", "three", 3);
    world.minutes(30).await;
    assert_eq!(value(&world, "ImageTag"), "v3");
}

#[tokio::test(start_paused = true)]
async fn rule_03_what_a_person_sets_back_stays_and_an_older_push_changes_nothing() {
    let mut world = following(&[entry()]).await;
    let late = world.push("shop", "v0", "zero", 45);
    world.minutes(1).await;
    let second = world.push("shop", "v2", "two", 3);
    world.minutes(20).await;
    assert_eq!(value(&world, "ImageTag"), "v2");
    set(&world, "v1");
    world.minutes(60).await;
    assert_eq!(value(&world, "ImageTag"), "v1");
    assert_eq!(world.last("shop", &second).unwrap().0, Outcome::Held);
    let (outcome, reason) = world.last("shop", &late).unwrap();
    assert_eq!(outcome, Outcome::Skipped, "{reason}");
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_push_during_another_change_waits_however_long_that_takes() {
    let mut world = following(&[entry()]).await;
    let mut push = String::new();
    for round in 0..30 {
        // Somebody changes the stack again and again: it is never ready when somebody looks.
        if round == 3 {
            push = world.push("shop", "v2", "two", 1);
        }
        let changed = world.account.call(
            "cloudformation",
            "UpdateStack",
            json!({"StackName": "shop", "UsePreviousTemplate": true, "Capabilities": ["CAPABILITY_IAM"],
                "Parameters": [{"ParameterKey": "ImageTag", "UsePreviousValue": true},
                    {"ParameterKey": "DesiredCount", "ParameterValue": round.to_string()}]}),
        );
        drop(changed);
        world.minutes(2).await;
    }
    let held = world.decisions();
    assert!(
        held.iter()
            .any(|d| d.push == push && d.outcome == Outcome::Held),
        "it never met the change"
    );
    world.minutes(15).await;
    assert_eq!(value(&world, "ImageTag"), "v2");
    assert_eq!(world.last("shop", &push).unwrap().0, Outcome::Unchanged);
}

#[tokio::test(start_paused = true)]
async fn rule_03_an_event_and_the_trail_update_once() {
    let mut world = following(&[entry()]).await;
    let fresh = context(&world, &json!({"stacks": [entry()]}));
    put(&world, "shop", "v2", "two", IMAGE);
    world.push("shop", "v2", "two", 8);
    let told = event("shop", "v2", "two", world.now());
    let report = invoke(&world, &fresh, &told).await.unwrap();
    assert_eq!(
        report.decisions[0].outcome,
        Outcome::Rolled,
        "{:?}",
        report.decisions
    );
    world.minutes(30).await;
    let again = invoke(&world, &fresh, &told).await.unwrap();
    assert_eq!(again.decisions[0].outcome, Outcome::Unchanged);
    assert_eq!(updates(&world).len(), 1);
    assert!(
        world
            .decisions()
            .iter()
            .all(|d| d.outcome != Outcome::Rolled)
    );
}

#[tokio::test(start_paused = true)]
async fn rule_10_a_stack_that_cannot_be_updated_hinders_no_other() {
    let mut missing = entry();
    missing["stack"] = json!("gone");
    let mut other = entry();
    other["parameter"] = json!("Image");
    let mut bare = entry();
    bare["stack"] = json!("bare");
    let world = World::with(&[], &Config::default()).await;
    create(&world, "shop", Some(ROLE));
    create(&world, "bare", None);
    world.minutes(5).await;
    world
        .set_up(&config(&[missing, other, bare, entry()]))
        .await;
    world.minutes(10).await;
    let mut world = world;
    let push = world.push("shop", "v2", "two", 3);
    world.minutes(15).await;
    assert_eq!(value(&world, "ImageTag"), "v2");
    let said = |world: &mut World, stack: &str, words: &str| {
        let all = world.decisions();
        let mut of = all.iter().filter(|d| d.push == push && d.service == stack);
        let found = of.any(|d| d.outcome == Outcome::Refused && d.reason.contains(words));
        assert!(found, "{stack}: {all:#?}");
    };
    said(&mut world, "gone", "there is no stack gone here");
    said(&mut world, "shop", "no parameter Image ");
    said(&mut world, "bare", "has no role");
}

#[tokio::test(start_paused = true)]
async fn rule_08_a_denied_update_is_a_failure_and_setup_mends_it() {
    let mut world = following(&[entry()]).await;
    world.refused = vec!["iam:PassRole", "cloudformation:UpdateStack"];
    // The stack gets another role after setup ran: the handler may not pass that one.
    let input = json!({"StackName": "shop", "UsePreviousTemplate": true, "Capabilities": ["CAPABILITY_IAM"],
        "RoleARN": "arn:aws:iam::000000000000:role/another",
        "Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": "v1a"}]});
    call(&world, "UpdateStack", input);
    world.minutes(10).await;
    let push = world.push("shop", "v2", "two", 3);
    world.minutes(15).await;
    let (outcome, reason) = world.last("shop", &push).unwrap();
    assert_eq!(outcome, Outcome::Failed, "{reason}");
    assert!(reason.contains("iam:PassRole"), "{reason}");
    world.set_up(&config(&[entry()])).await;
    world.minutes(15).await;
    assert_eq!(value(&world, "ImageTag"), "v2");
}

#[tokio::test(start_paused = true)]
async fn without_an_entry_cloudformation_is_never_called_and_a_quiet_stack_costs_one_read() {
    let world = World::with(&[], &Config::default()).await;
    world.push("shop", "v2", "two", 3);
    world.minutes(30).await;
    let calls = |world: &World, from: usize| {
        let journal = world.account.journal_since(from).into_iter();
        let of = journal.filter_map(|entry| match entry.what {
            What::Call {
                service,
                operation,
                by: Caller::Sdk,
                ..
            } if service == "cloudformation" => Some(operation.clone()),
            _ => None,
        });
        of.collect::<Vec<String>>()
    };
    assert_eq!(calls(&world, 0), Vec::<String>::new());
    let world = following(&[entry()]).await;
    world.push("shop", "v2", "two", 3);
    world.minutes(60).await;
    let from = world.account.journal_len();
    world.minutes(30).await;
    let calls = calls(&world, from);
    assert!(
        calls.len() >= 5 && calls.iter().all(|call| call == "DescribeStacks"),
        "{calls:?}"
    );
}
