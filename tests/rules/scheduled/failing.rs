//! Everything is read, what cannot be moved is told, and nothing that fails hides or repeats anything else.

use chrono::TimeDelta;
use handler::report::Outcome;
use local::faults::{Kind, Planned};
use serde_json::json;

use super::{brief, call, config, create, put, rule, runs, schedule, scheduled, target, world};
use crate::road::context;
use crate::world::{World, image};

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
