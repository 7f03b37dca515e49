//! Rules and schedules that start tasks of a followed family move along, once the services' deployment is over and well.

mod chosen;
mod failing;
mod unread;

use chrono::TimeDelta;
use handler::config::Config;
use handler::report::{Decision, Outcome};
use serde_json::{Value, json};

use crate::world::{World, image};

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:000000000000:cluster/default";
const ROLE: &str = "arn:aws:iam::000000000000:role/starts-tasks";

pub(crate) fn revision(name: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/{name}")
}

fn config() -> Config {
    Config::from_json(&json!({"service": {"scheduled": true}})).unwrap()
}

pub(crate) fn call(world: &World, service: &str, operation: &str, input: Value) -> Value {
    world.account.call(service, operation, input).unwrap()
}

/// A target with everything that a target can say of a task, and something that nobody knows yet.
fn target(id: &str, task: &str) -> Value {
    json!({
        "Id": id, "Arn": CLUSTER, "RoleArn": ROLE, "Input": "{\"containerOverrides\": []}",
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:000000000000:dead"},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 120},
        "OfTomorrow": {"deep": [1, {"x": true}]},
        "EcsParameters": {
            "TaskDefinitionArn": revision(task), "TaskCount": 2, "Group": "batch", "PlatformVersion": "1.4.0",
            "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["s"], "SecurityGroups": ["g"],
                "AssignPublicIp": "DISABLED"}},
            "CapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
            "Tags": [{"Key": "team", "Value": "shop"}], "PropagateTags": "TASK_DEFINITION",
            "EnableECSManagedTags": true, "EnableExecuteCommand": false, "ReferenceId": "r", "Sooner": "or later",
        },
    })
}

pub(crate) fn rule(world: &World, name: &str, targets: &[Value]) {
    let rule = json!({"Name": name, "ScheduleExpression": "rate(1 day)"});
    call(world, "events", "PutRule", rule);
    put(world, name, targets);
}

fn put(world: &World, name: &str, targets: &[Value]) {
    let put = json!({"Rule": name, "Targets": targets});
    call(world, "events", "PutTargets", put);
}

fn targets(world: &World, name: &str) -> Vec<Value> {
    let told = call(world, "events", "ListTargetsByRule", json!({"Rule": name}));
    told["Targets"].as_array().unwrap().clone()
}

/// What the first target of a rule runs, `family:revision`.
pub(crate) fn runs(world: &World, name: &str) -> String {
    let target = targets(world, name).remove(0);
    brief(&target["EcsParameters"]["TaskDefinitionArn"])
}

fn brief(arn: &Value) -> String {
    arn.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn schedule(name: &str, task: &str) -> Value {
    let mut target = target("x", task);
    target.as_object_mut().unwrap().remove("Id");
    json!({
        "Name": name, "GroupName": "jobs", "ScheduleExpression": "cron(0 3 * * ? *)", "State": "DISABLED",
        "ScheduleExpressionTimezone": "Europe/Berlin", "Description": "every night",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "KmsKeyArn": "arn:aws:kms:eu-west-1:000000000000:key/k", "EndDate": 1_999_999_999.5,
        "ActionAfterCompletion": "NONE", "OfTomorrow": [{"y": null}, 2], "Target": target,
    })
}

fn create(world: &World, schedule: &Value) {
    let group = json!({"Name": "jobs"});
    // It may be there.
    let _ = world
        .account
        .call("scheduler", "CreateScheduleGroup", group);
    call(world, "scheduler", "CreateSchedule", schedule.clone());
}

fn told(world: &World, name: &str) -> Value {
    let name = json!({"Name": name, "GroupName": "jobs"});
    call(world, "scheduler", "GetSchedule", name)
}

fn scheduled(world: &World, name: &str) -> String {
    brief(&told(world, name)["Target"]["EcsParameters"]["TaskDefinitionArn"])
}

/// A service `web`, a rule and a schedule of its family, each with the seed's revision, and setup after them: it names the
/// roles of the targets that it sees.
async fn world() -> World {
    let world = World::with(&[("web", &image("web", "seed"))], &config()).await;
    rule(&world, "nightly", &[target("1", "web:1")]);
    create(&world, &schedule("nightly", "web:1"));
    world.set_up(&config()).await;
    world.minutes(10).await;
    world
}

/// How often an operation was called since an index of the journal.
fn count(world: &World, since: usize, operation: &str) -> usize {
    let calls = world.calls(since);
    calls.iter().filter(|call| *call == operation).count()
}

fn of<'a>(decisions: &'a [Decision], cluster: &str) -> Vec<&'a Decision> {
    let of = decisions.iter();
    of.filter(|decision| decision.cluster == cluster).collect()
}

#[tokio::test(start_paused = true)]
async fn rules_and_schedules_move_along_when_the_deployment_is_over() {
    let mut world = world().await;
    let before = world.account.journal_len();
    let push = world.push("web", "v1", "one", 3);
    // As long as the deployment may still be rolled back they stay.
    while world.image_of("web", 0) == image("web", "seed") {
        world
            .account
            .run_until(world.now() + TimeDelta::seconds(5))
            .await;
    }
    let state = |world: &World| world.describe("web")["deployments"][0]["rolloutState"].clone();
    while state(&world) != "COMPLETED" {
        assert_eq!(
            (runs(&world, "nightly"), scheduled(&world, "nightly")),
            ("web:1".into(), "web:1".into())
        );
        world
            .account
            .run_until(world.now() + TimeDelta::seconds(5))
            .await;
    }
    world.minutes(1).await;
    assert_eq!(runs(&world, "nightly"), "web:2");
    assert_eq!(scheduled(&world, "nightly"), "web:2");
    world.minutes(180).await;
    assert_eq!(
        count(&world, before, "PutTargets"),
        1,
        "once, over all look-ups"
    );
    assert_eq!(count(&world, before, "UpdateSchedule"), 1);
    let decisions = world.decisions();
    for (cluster, name) in [
        ("events", "default/nightly/1"),
        ("scheduler", "jobs/nightly"),
    ] {
        let of = of(&decisions, cluster);
        let [one] = of[..] else { panic!("{of:?}") };
        assert_eq!((one.service.as_str(), one.outcome), (name, Outcome::Rolled));
        assert_eq!(
            (one.from.clone(), one.to.clone()),
            (Some(revision("web:1")), Some(revision("web:2")))
        );
        assert_eq!(
            (one.tag.as_str(), one.repository.as_str(), &one.push),
            ("v1", "web", &push)
        );
    }
    let woken = world
        .heard()
        .into_iter()
        .find(|answer| !of(&answer.report.decisions, "events").is_empty());
    assert_eq!(woken.unwrap().report.trigger, "deployment");
}

/// Rule 5 for targets: read, modified in one place, and written with everything else.
#[tokio::test(start_paused = true)]
async fn rule_05_every_field_of_targets_and_schedules_is_kept() {
    let world = World::with(&[("web", &image("web", "seed"))], &config()).await;
    let mut free = target("4", "web");
    free["EcsParameters"]["TaskDefinitionArn"] = json!(revision("web"));
    let function = json!({"Id": "5", "Arn": "arn:aws:lambda:eu-west-1:000000000000:function:f"});
    let all = [
        target("1", "web:1"),
        target("2", "other:1"),
        target("3", "web:1"),
        free,
        function,
    ];
    rule(&world, "nightly", &all);
    let put = schedule("nightly", "web:1");
    create(&world, &put);
    world.set_up(&config()).await;
    world.minutes(10).await;
    let before = told(&world, "nightly");
    world.push("web", "v1", "one", 3);
    world.minutes(30).await;
    let mut expected = all.to_vec();
    for moved in [0, 2] {
        expected[moved]["EcsParameters"]["TaskDefinitionArn"] = json!(revision("web:2"));
    }
    assert_eq!(targets(&world, "nightly"), expected);
    let (mut before, mut after) = (before, told(&world, "nightly"));
    assert_ne!(
        before["LastModificationDate"],
        after["LastModificationDate"]
    );
    for told in [&mut before, &mut after] {
        told.as_object_mut().unwrap().remove("LastModificationDate");
    }
    before["Target"]["EcsParameters"]["TaskDefinitionArn"] = json!(revision("web:2"));
    assert_eq!(after, before);
}

#[tokio::test(start_paused = true)]
async fn rule_08_without_the_key_nothing_is_asked_and_nothing_allowed() {
    let world = World::with(&[("web", &image("web", "seed"))], &Config::default()).await;
    rule(&world, "nightly", &[target("1", "web:1")]);
    let before = world.account.journal_len();
    world.push("web", "v1", "one", 3);
    world.minutes(90).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(runs(&world, "nightly"), "web:1");
    let calls = world.calls(before);
    let asked = ["ListEventBuses", "ListRuleNamesByTarget", "ListSchedules"];
    assert!(!calls.iter().any(|call| asked.contains(&call.as_str())));
    let policy = json!({"RoleName": "ecroll-eu-west-1-handler", "PolicyName": "ecroll"});
    let policy = call(&world, "iam", "GetRolePolicy", policy).to_string();
    assert!(
        !policy.contains("scheduler") && !policy.contains("events%3A"),
        "{policy}"
    );
}
