//! Rules and schedules that start tasks of a followed family move along, once the services' deployment is over and well.

use chrono::TimeDelta;
use handler::config::Config;
use handler::report::{Decision, Outcome};
use local::faults::{Kind, Planned};
use serde_json::{Value, json};

use crate::road::{context, invoke};
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
async fn rule_03_a_revision_that_was_rolled_back_is_not_moved_to() {
    let world = World::with(&[], &config()).await;
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    world.service("web", &breaker, &containers);
    rule(&world, "nightly", &[target("1", "web:1")]);
    create(&world, &schedule("nightly", "web:1"));
    world.set_up(&config()).await;
    world.minutes(10).await;
    let before = world.account.journal_len();
    world.push("web", "crash", "bad", 5);
    world.minutes(150).await;
    assert_eq!(world.deployments("web"), 1, "it was deployed, and undone");
    assert_eq!(
        count(&world, before, "PutTargets") + count(&world, before, "UpdateSchedule"),
        0
    );
    world.push("web", "good", "fixed", 5);
    world.minutes(30).await;
    let now = brief(&world.describe("web")["taskDefinition"]);
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        (now.clone(), now)
    );
}

#[tokio::test(start_paused = true)]
async fn rule_03_what_somebody_sets_back_stays_until_the_next_push() {
    let mut world = world().await;
    world.push("web", "v1", "one", 3);
    world.minutes(30).await;
    assert_eq!(runs(&world, "nightly"), "web:2");
    put(&world, "nightly", &[target("1", "web:1")]);
    let back = schedule("nightly", "web:1");
    call(&world, "scheduler", "UpdateSchedule", back);
    // Sweeps that look at everything among them.
    world.minutes(180).await;
    // And a function that has just started.
    let config = json!({"service": {"scheduled": true}});
    let fresh = context(&world, &config);
    let sweep = json!({"detail-type": "Scheduled Event", "source": "aws.events"});
    let report = invoke(&world, &fresh, &sweep).await.unwrap();
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        ("web:1".into(), "web:1".into())
    );
    for cluster in ["events", "scheduler"] {
        let of = of(&report.decisions, cluster);
        let [one] = of[..] else { panic!("{of:?}") };
        assert_eq!(one.outcome, Outcome::Held);
        assert!(one.reason.contains("until the next push"), "{}", one.reason);
    }
    world.push("web", "v2", "two", 3);
    world.minutes(30).await;
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        ("web:3".into(), "web:3".into())
    );
    assert!(world.heard().iter().all(|answer| !answer.failed));
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_target_with_a_higher_revision_stays_and_one_without_follows_by_itself() {
    let world = World::with(&[("web", &image("web", "seed"))], &config()).await;
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    for _ in 0..4 {
        let definition =
            json!({"family": "web", "memory": "512", "containerDefinitions": containers});
        call(&world, "ecs", "RegisterTaskDefinition", definition);
    }
    rule(&world, "higher", &[target("1", "web:9")]);
    rule(&world, "free", &[target("1", "web")]);
    create(&world, &schedule("higher", "web:9"));
    world.set_up(&config()).await;
    world.minutes(10).await;
    let before = world.account.journal_len();
    world.push("web", "v1", "one", 3);
    world.minutes(90).await;
    assert_eq!(brief(&world.describe("web")["taskDefinition"]), "web:6");
    assert_eq!(
        count(&world, before, "PutTargets") + count(&world, before, "UpdateSchedule"),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn what_differs_in_more_than_images_managed_rules_and_past_starts_are_refused() {
    let mut world = World::with(&[("web", &image("web", "seed"))], &config()).await;
    let other = json!({"family": "web", "memory": "1024", "cpu": "512",
        "containerDefinitions": [{"name": "app", "image": image("web", "seed")}]});
    call(&world, "ecs", "RegisterTaskDefinition", other);
    rule(&world, "bigger", &[target("1", "web:2")]);
    let managed = json!({"Name": "managed", "ScheduleExpression": "rate(1 day)",
        "ManagedBy": "batch.amazonaws.com"});
    call(&world, "events", "PutRule", managed);
    let put = json!({"Rule": "managed", "Targets": [target("1", "web:1")], "ManagedBy": "x"});
    call(&world, "events", "PutTargets", put);
    let mut begun = schedule("begun", "web:1");
    begun["StartDate"] = json!(world.now().timestamp());
    create(&world, &begun);
    world.set_up(&config()).await;
    world.minutes(10).await;
    world.push("web", "v1", "one", 3);
    world.minutes(30).await;
    assert_eq!(brief(&world.describe("web")["taskDefinition"]), "web:3");
    let decisions = world.decisions();
    let said = |service: &str| {
        let mut all = decisions
            .iter()
            .filter(|decision| decision.service == service);
        let one = all.next_back().unwrap();
        (one.outcome, one.reason.clone())
    };
    let (outcome, reason) = said("default/bigger/1");
    assert_eq!(outcome, Outcome::Refused);
    assert!(
        reason.contains("web:2 differs from web:3") && reason.contains("cpu, memory"),
        "{reason}"
    );
    let (outcome, reason) = said("default/managed/1");
    assert_eq!(outcome, Outcome::Refused);
    assert!(
        reason.contains("batch.amazonaws.com manages the rule"),
        "{reason}"
    );
    let (outcome, reason) = said("jobs/begun");
    assert_eq!(outcome, Outcome::Refused);
    assert!(
        reason.contains("5 minutes ago") && reason.contains("remove its start"),
        "{reason}"
    );
}

/// Every page, every bus, every group; and the second page of a list may fail.
#[tokio::test(start_paused = true)]
async fn every_page_bus_and_group_is_looked_at() {
    let world = World::with(&[("web", &image("web", "seed"))], &config()).await;
    for number in 0..105 {
        rule(&world, &format!("r{number:03}"), &[target("1", "web:1")]);
        create(&world, &schedule(&format!("s{number:03}"), "web:1"));
    }
    call(
        &world,
        "events",
        "CreateEventBus",
        json!({"Name": "orders"}),
    );
    let paid = json!({"Name": "paid", "EventBusName": "orders", "EventPattern": "{\"source\": [\"shop\"]}"});
    call(&world, "events", "PutRule", paid);
    let put = json!({"Rule": "paid", "EventBusName": "orders", "Targets": [target("1", "web:1")]});
    call(&world, "events", "PutTargets", put);
    let mut other = schedule("s", "web:1");
    other["GroupName"] = json!("default");
    call(&world, "scheduler", "CreateSchedule", other);
    world.set_up(&config()).await;
    world.minutes(10).await;
    world.push("web", "v1", "one", 3);
    let soon = world.now();
    // The second page of each list fails at the first time, harder than the SDK's own retries can mend.
    world.account.plan_faults(
        ["ListRuleNamesByTarget", "ListSchedules"]
            .map(|operation| Planned {
                kind: Kind::Throttled,
                from: soon,
                until: soon + TimeDelta::hours(1),
                operation: Some(operation.to_owned()),
                skip: 1,
                times: 3,
                amount: TimeDelta::zero(),
            })
            .to_vec(),
    );
    world.minutes(40).await;
    assert_eq!(world.account.faults().len(), 6);
    for number in 0..105 {
        assert_eq!(runs(&world, &format!("r{number:03}")), "web:2", "{number}");
        assert_eq!(
            scheduled(&world, &format!("s{number:03}")),
            "web:2",
            "{number}"
        );
    }
    let paid = json!({"Rule": "paid", "EventBusName": "orders"});
    let told = call(&world, "events", "ListTargetsByRule", paid);
    assert_eq!(
        brief(&told["Targets"][0]["EcsParameters"]["TaskDefinitionArn"]),
        "web:2"
    );
    let told = call(&world, "scheduler", "GetSchedule", json!({"Name": "s"}));
    assert_eq!(
        brief(&told["Target"]["EcsParameters"]["TaskDefinitionArn"]),
        "web:2"
    );
}

#[tokio::test(start_paused = true)]
async fn rule_03_two_look_ups_at_once_and_deaths_move_once() {
    let mut world = world().await;
    // The first function dies right after it put the target, and the next one before it notes that.
    let from = world.now();
    let death = |operation: &str, skip| Planned {
        kind: Kind::DeathAfter,
        from,
        until: from + TimeDelta::hours(2),
        operation: Some(operation.to_owned()),
        skip,
        times: 1,
        amount: TimeDelta::zero(),
    };
    world
        .account
        .plan_faults(vec![death("PutTargets", 0), death("UpdateSchedule", 0)]);
    world.push("web", "v1", "one", 3);
    world.minutes(60).await;
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        ("web:2".into(), "web:2".into())
    );
    // What was put is noted by whoever looks next: set back, it stays.
    put(&world, "nightly", &[target("1", "web:1")]);
    world.minutes(90).await;
    assert_eq!(runs(&world, "nightly"), "web:1");

    world.push("web", "v2", "two", 3);
    while world.describe("web")["deployments"][0]["rolloutState"] != "COMPLETED"
        || brief(&world.describe("web")["taskDefinition"]) != "web:3"
    {
        world
            .account
            .run_until(world.now() + TimeDelta::seconds(1))
            .await;
    }
    let config = json!({"service": {"scheduled": true}});
    let (one, two) = (context(&world, &config), context(&world, &config));
    let sweep = json!({"detail-type": "Scheduled Event", "source": "aws.events"});
    let both = async {
        let (one, two) = (handler::handle(&sweep, &one), handler::handle(&sweep, &two));
        tokio::join!(one, two)
    };
    let (one, two) = world.account.drive(Box::pin(both)).await;
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        ("web:3".into(), "web:3".into())
    );
    world.minutes(30).await;
    assert_eq!(runs(&world, "nightly"), "web:3");
    assert!(!world.decisions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_put_or_is_gone_is_told_and_hides_nothing_else() {
    let mut world = world().await;
    // A role that setup has not seen.
    let mut foreign = schedule("foreign", "web:1");
    foreign["Target"]["RoleArn"] = json!("arn:aws:iam::000000000000:role/new");
    create(&world, &foreign);
    world.refused = vec!["iam:PassRole"];
    world.push("web", "v1", "one", 3);
    world.minutes(30).await;
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        ("web:2".into(), "web:2".into())
    );
    assert_eq!(scheduled(&world, "foreign"), "web:1");
    let decisions = world.decisions();
    let denied = decisions
        .iter()
        .find(|decision| decision.service == "jobs/foreign")
        .unwrap();
    assert_eq!(denied.outcome, Outcome::Failed);
    assert!(
        denied.reason.contains("iam:PassRole") && denied.reason.contains("run `ecroll setup`"),
        "{}",
        denied.reason
    );
    // The next run of setup sees the role, and the next look at everything moves it.
    world.set_up(&config()).await;
    world.minutes(90).await;
    assert_eq!(scheduled(&world, "foreign"), "web:2");
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
