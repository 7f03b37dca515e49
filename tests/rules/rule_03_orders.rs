//! The same push by four roads, in every order and with doubles, rolls once: through the rules, the subscription filter and
//! the alarm that setup made, in an account that is as slow on each road as the order asks for.

use std::time::Duration;

use chrono::TimeDelta;
use handler::config::{Config, TriggerKind};
use handler::report::Outcome;
use local::Options;
use local::faults::{Kind, Planned};
use serde_json::json;

use crate::world::{World, digest, image, record};

/// When the record reaches the log group, after the push.
const RECORDED: u64 = 60;
/// How long after the record the alarm tells its topic: the minute's end, the evaluation, and something to spare.
const NOTICED: u64 = 100;
/// When the first road arrives, and how far the others are apart.
const FIRST: u64 = 240;
const APART: u64 = 240;

/// Every order of the four.
fn orders() -> Vec<[TriggerKind; 4]> {
    let mut orders = Vec::new();
    for a in TriggerKind::ALL {
        for b in TriggerKind::ALL {
            for c in TriggerKind::ALL {
                for d in TriggerKind::ALL {
                    let order = [a, b, c, d];
                    if TriggerKind::ALL.iter().all(|road| order.contains(road)) {
                        orders.push(order);
                    }
                }
            }
        }
    }
    orders
}

/// The name of a road in the handler's reports.
fn told(road: TriggerKind) -> &'static str {
    match road {
        TriggerKind::Alarm => "alarm",
        TriggerKind::EcrEvents => "ecr-event",
        TriggerKind::CloudtrailEvents => "cloudtrail-event",
        TriggerKind::LogSubscription => "log-subscription",
    }
}

/// An account in which the roads arrive in this order.
fn slow(order: [TriggerKind; 4]) -> Options {
    let after = |road: TriggerKind| {
        let rank = order.iter().position(|other| *other == road).unwrap();
        FIRST + APART * u64::try_from(rank).unwrap()
    };
    Options {
        event_delay: Duration::from_secs(after(TriggerKind::EcrEvents)),
        api_call_delay: Duration::from_secs(after(TriggerKind::CloudtrailEvents)),
        subscription_delay: Duration::from_secs(after(TriggerKind::LogSubscription) - RECORDED),
        notification_delay: Duration::from_secs(after(TriggerKind::Alarm) - RECORDED - NOTICED),
        ..Options::default()
    }
}

/// The roads by which the handler heard of the push, each when it came first.
fn heard(world: &mut World) -> Vec<String> {
    let mut roads = Vec::new();
    for answer in world.heard() {
        let road = answer.report.trigger;
        if !answer.report.pushes.is_empty() && !roads.contains(&road) {
            roads.push(road);
        }
    }
    roads
}

/// The push by all roads, each twice, the record too. Somebody may undo what came of the first road.
async fn pushed(order: [TriggerKind; 4], undone: bool) -> World {
    // Without the sweep, so that nothing but the four roads is looked at.
    let config = Config {
        triggers: TriggerKind::ALL.to_vec(),
        sweep: None,
        ..Config::default()
    };
    let services = [("web", &*image("web", "seed"))];
    let world = World::built(&services, &config, slow(order)).await;
    let at = world.now();
    world.account.plan_faults(vec![Planned {
        kind: Kind::EventDoubled,
        from: at,
        until: at + TimeDelta::hours(2),
        operation: None,
        skip: 0,
        times: 100,
        amount: TimeDelta::seconds(7),
    }]);
    let name = image("web", "x").rsplit_once(':').unwrap().0.to_owned();
    world
        .account
        .with_ecs(|ecs, _| ecs.push_image(&name, "v1", &digest("one")));
    for again in [0, 5] {
        let seconds = i64::try_from(RECORDED).unwrap() + again;
        let push = record("web", "v1", "one", at, "push-of-web");
        world
            .account
            .deliver(push, at + TimeDelta::seconds(seconds));
    }
    let first = i64::try_from(FIRST + APART / 2).unwrap();
    world
        .account
        .run_until(at + TimeDelta::seconds(first))
        .await;
    assert_eq!(
        world.deployments("web"),
        1,
        "the first road rolls: {order:?}"
    );
    if undone {
        let back = json!({"cluster": "default", "service": "web", "taskDefinition": "web:1"});
        world.account.call("ecs", "UpdateService", back).unwrap();
    }
    world.minutes(60).await;
    world
}

#[tokio::test(start_paused = true)]
async fn rule_03_the_same_push_by_four_roads_in_every_order_rolls_once() {
    let orders = orders();
    assert_eq!(orders.len(), 24);
    for order in orders {
        let mut world = pushed(order, false).await;
        let wanted: Vec<&str> = order.iter().map(|road| told(*road)).collect();
        assert_eq!(heard(&mut world), wanted);
        assert_eq!(world.deployments("web"), 1, "{order:?}");
        assert_eq!(world.image_of("web", 0), image("web", "v1"), "{order:?}");
        let decisions = world.decisions();
        let count = |outcome| decisions.iter().filter(|d| d.outcome == outcome).count();
        assert_eq!(count(Outcome::Rolled), 1, "{order:?}");
        // Each road came twice; the alarm looks again when it ends.
        assert!(count(Outcome::Unchanged) >= 7, "{order:?}: {decisions:?}");
        assert_eq!(
            count(Outcome::Rolled) + count(Outcome::Unchanged),
            decisions.len()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rule_03_what_was_undone_after_the_first_road_stays_so_whichever_roads_follow() {
    for order in orders() {
        let mut world = pushed(order, true).await;
        assert_eq!(world.image_of("web", 0), image("web", "seed"), "{order:?}");
        let decisions = world.decisions();
        let count = |outcome| decisions.iter().filter(|d| d.outcome == outcome).count();
        assert_eq!(count(Outcome::Rolled), 1, "{order:?}");
        assert!(count(Outcome::Held) >= 6, "{order:?}: {decisions:?}");
    }
}
