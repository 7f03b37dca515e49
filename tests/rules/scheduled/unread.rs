//! What cannot be read holds up the tasks and families about which it may decide, for as long as it may, and nothing else.

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use handler::report::Outcome;
use local::faults::{Kind, Planned};
use serde_json::{Value, json};

use super::{call, of, rule, runs, target};
use crate::families::{newest, register};
use crate::road::context;
use crate::world::{World, image};

const CLOSED: &str = "arn:aws:ecs:eu-west-1:000000000000:cluster/closed";

fn both() -> Value {
    json!({"families": "all", "service": {"scheduled": true}})
}

/// The service `web` and the family `report`, and a second cluster, which starts tasks of `web` too.
async fn world() -> World {
    let config = Config::from_json(&both()).unwrap();
    let world = World::with(&[("web", &image("web", "seed"))], &config).await;
    call(
        &world,
        "ecs",
        "CreateCluster",
        json!({"clusterName": "closed"}),
    );
    register(&world, "report", &image("batch", "1.0.0"));
    rule(&world, "here", &[target("1", "web:1")]);
    let mut there = target("1", "web:1");
    there["Arn"] = json!(CLOSED);
    rule(&world, "there", &[there]);
    world.set_up(&config).await;
    world.minutes(10).await;
    world
}

#[tokio::test(start_paused = true)]
async fn rule_01_what_cannot_be_read_for_good_holds_its_own_tasks_and_nothing_else() {
    let mut world = world().await;
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ecs:ListServices",
        "Resource": "*", "Condition": {"ArnEquals": {"ecs:cluster": CLOSED}}}]});
    let policy = json!({"RoleName": "ecroll-eu-west-1-handler", "PolicyName": "closed",
        "PolicyDocument": deny.to_string()});
    call(&world, "iam", "PutRolePolicy", policy.clone());
    world.refused = vec!["ecs:ListServices"];
    world.push("web", "v1", "one", 3);
    world.push("batch", "2.0.0", "two", 3);
    world.minutes(60).await;
    assert_eq!(runs(&world, "here"), "web:2");
    assert_eq!(newest(&world, "report").0, 2);
    assert_eq!(
        runs(&world, "there"),
        "web:1",
        "a service of its cluster may decide"
    );
    let decisions = world.decisions();
    let events = of(&decisions, "events");
    let there: Vec<_> = events
        .iter()
        .filter(|decision| decision.service == "default/there/1")
        .collect();
    let told = there.last().unwrap();
    assert_eq!((told.outcome, told.tag.as_str()), (Outcome::Held, "v1"));
    for part in ["waits for closed", "AccessDenied", "leave the cluster out"] {
        assert!(told.reason.contains(part), "{part}: {}", told.reason);
    }
    // Whoever asks what would happen hears the same.
    let asking = context(&world, &both());
    let rehearsal = handler::scheduled::rehearsal(&asking);
    let (said, _) = world.account.drive(Box::pin(rehearsal)).await.unwrap();
    let [one] = &said[..] else { panic!("{said:?}") };
    assert_eq!(
        (one.service.as_str(), one.outcome, &one.reason),
        ("default/there/1", Outcome::Held, &told.reason)
    );
    // Once it can be read it holds nothing.
    let mut undo = policy;
    undo.as_object_mut().unwrap().remove("PolicyDocument");
    call(&world, "iam", "DeleteRolePolicy", undo);
    world.minutes(12).await;
    assert_eq!(runs(&world, "there"), "web:2", "at the next sweep");
}

/// No cluster's services can be listed for a while.
fn throttled(from: DateTime<Utc>) -> Planned {
    Planned {
        kind: Kind::Throttled,
        from,
        until: from + TimeDelta::minutes(20),
        operation: Some("ListServices".to_owned()),
        skip: 0,
        times: 10_000,
        amount: TimeDelta::zero(),
    }
}

#[tokio::test(start_paused = true)]
async fn rule_08_whoever_asks_for_the_roles_hears_what_may_be_missing_among_them() {
    let world = world().await;
    let asking = context(&world, &json!({"service": {"scheduled": true}}));
    let roles = handler::scheduled::roles(&asking);
    let roles = world.account.drive(Box::pin(roles)).await.unwrap();
    assert_eq!((roles.events.len(), roles.hidden.len()), (1, 0));
    world.account.plan_faults(vec![throttled(world.now())]);
    let roles = handler::scheduled::roles(&asking);
    let roles = world.account.drive(Box::pin(roles)).await.unwrap();
    assert!(roles.events.is_empty(), "no service leads the family");
    assert!(roles.hidden.iter().any(|gap| gap.retryable), "{roles:?}");
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_family_waits_while_a_service_that_may_run_it_cannot_be_read() {
    let mut world = world().await;
    let from = world.now();
    world.account.plan_faults(vec![throttled(from)]);
    world.push("batch", "2.0.0", "two", 3);
    world.minutes(18).await;
    assert_eq!(newest(&world, "report").0, 1);
    let decisions = world.decisions();
    let families = of(&decisions, "families");
    let waits = families
        .iter()
        .find(|decision| decision.service == "report")
        .unwrap();
    assert_eq!(waits.outcome, Outcome::Held);
    assert!(
        waits.reason.contains("cannot be read") && waits.reason.contains("next look-up"),
        "{}",
        waits.reason
    );
    world.minutes(30).await;
    assert_eq!(newest(&world, "report").0, 2);
}
