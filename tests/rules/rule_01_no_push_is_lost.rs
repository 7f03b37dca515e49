//! Every eligible push that reaches the log group gets a decision for each service that runs its repository, within one
//! sweep of becoming visible.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use handler::config::Config;
use handler::report::Outcome;
use local::{FunctionError, Invocation};
use serde_json::json;
use setup::replay::host;

use crate::world::{World, image};

/// A sweep, and the time that an invocation needs to begin and end.
const SWEEP: TimeDelta = TimeDelta::seconds(5 * 60 + 30);

#[tokio::test(start_paused = true)]
async fn rule_01_a_push_rolls_the_service_that_runs_its_repository() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    let push = world.push("web", "v1", "one", 5);
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.deployments("web"), 1);
    let decisions = world.decisions();
    let first = decisions
        .iter()
        .find(|decision| decision.push == push)
        .unwrap();
    assert_eq!(first.outcome, Outcome::Rolled);
    assert_eq!(world.describe("web")["runningCount"], json!(2));
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_push_while_the_alarm_is_in_alarm_is_not_lost() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    for number in 0..12 {
        let push = world.push("web", &format!("v{number}"), &format!("image {number}"), 5);
        let visible = world.now() + TimeDelta::minutes(5);
        // Steady pushes keep the alarm in ALARM: after the first no message comes any more.
        world.minutes(1).await;
        world.account.run_until(visible + SWEEP).await;
        let decided = world.first_decided("web", &push).expect("decided");
        assert!(
            decided - visible <= SWEEP,
            "push {number}: {decided}, visible {visible}"
        );
    }
    assert_eq!(world.image_of("web", 0), image("web", "v11"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_dead_alarm_loses_nothing_to_the_sweep() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    let alarms = json!({"AlarmNames": ["ecroll-pushes"]});
    world
        .account
        .call("cloudwatch", "DisableAlarmActions", alarms)
        .unwrap();
    let push = world.push("web", "v1", "one", 5);
    let visible = world.now() + TimeDelta::minutes(5);
    world.account.run_until(visible + SWEEP).await;
    assert!(world.first_decided("web", &push).expect("decided") - visible <= SWEEP);
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_without_a_sweep_the_alarms_episode_finds_every_push() {
    let config = Config {
        sweep: None,
        ..Config::default()
    };
    let mut world = World::with(&[("web", &image("web", "seed"))], &config).await;
    let mut pushes = Vec::new();
    for number in 0..5 {
        pushes.push(world.push("web", &format!("v{number}"), &format!("image {number}"), 5));
        world.minutes(2).await;
    }
    world.minutes(30).await;
    for push in &pushes {
        assert!(world.last("web", push).is_some(), "{push}");
    }
    assert_eq!(world.image_of("web", 0), image("web", "v4"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_bursts_duplicates_and_late_records_all_get_their_decision() {
    for seed in 0..8 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let services = [("a", image("a", "seed")), ("b", image("b", "seed"))];
        let services: Vec<(&str, &str)> = services.iter().map(|(n, i)| (*n, i.as_str())).collect();
        let mut world = World::new(&services).await;
        let mut pushes = Vec::new();
        for number in 0..20 {
            let repository = if chance.bool() { "a" } else { "b" };
            let latency = if chance.u8(..5) == 0 {
                90
            } else {
                chance.i64(1..9)
            };
            let (tag, name) = (format!("v{number}"), format!("image {number}"));
            let push = world.push(repository, &tag, &name, latency);
            if chance.u8(..4) == 0 {
                world.push(repository, &tag, &name, latency + chance.i64(0..30));
            }
            pushes.push((repository, push, world.now() + TimeDelta::minutes(latency)));
            world
                .account
                .run_until(world.now() + TimeDelta::seconds(chance.i64(1..240)))
                .await;
        }
        world.minutes(150).await;
        for (repository, push, visible) in &pushes {
            let decided = world.first_decided(repository, push).expect("decided");
            assert!(
                decided - *visible <= SWEEP,
                "seed {seed}: {push} visible {visible}, {decided}"
            );
        }
        for repository in ["a", "b"] {
            let newest = pushes.iter().rev().find(|(name, ..)| name == &repository);
            if let Some((_, push, _)) = newest {
                let tag = push.split('-').nth(2).unwrap();
                assert_eq!(
                    world.image_of(repository, 0),
                    image(repository, tag),
                    "seed {seed}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_wherever_the_handler_dies_the_push_still_rolls_and_only_once() {
    // Every call takes 40 ms, so a death after n × 40 + 20 ms falls between two calls.
    for calls in 0..16 {
        let world = World::new(&[("web", &image("web", "seed"))]).await;
        die_once(&world, Duration::from_millis(calls * 40 + 20));
        world.push("web", "v1", "one", 5);
        world.minutes(40).await;
        assert_eq!(
            world.image_of("web", 0),
            image("web", "v1"),
            "died after {calls} calls"
        );
        assert_eq!(world.deployments("web"), 1, "died after {calls} calls");
    }
}

/// Lets the first invocation that sees a push die after a time, in the middle of whatever it does.
fn die_once(world: &World, after: Duration) {
    // The handler's own program is put behind the functions first, then taken into one that kills it.
    let inner = world.account.clone();
    let armed = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let config = std::sync::Mutex::new(None::<Arc<handler::Context>>);
    let config = Arc::new(config);
    world.account.host(Arc::new(move |invocation: Invocation| {
        let (account, armed, config) = (inner.clone(), Arc::clone(&armed), Arc::clone(&config));
        Box::pin(async move {
            let context = {
                let mut known = config.lock().unwrap();
                let context = known.get_or_insert_with(|| {
                    let text = &invocation.env["ECROLL_CONFIG"];
                    let config = Config::from_json_text(text).unwrap();
                    let clock = account.clock().clone();
                    let now = Arc::new(move || clock.now());
                    Arc::new(handler::Context::new(
                        config,
                        &account.sdk_config_as(&invocation.keys),
                        now,
                    ))
                });
                Arc::clone(context)
            };
            let alarm = invocation.event.get("Records").is_some();
            let work = handler::handle(&invocation.event, &context);
            let done = if alarm && armed.swap(false, std::sync::atomic::Ordering::Relaxed) {
                match tokio::time::timeout(after, work).await {
                    Ok(done) => done,
                    Err(_) => return Err(error("Runtime.ExitError")),
                }
            } else {
                work.await
            };
            done.map(|_| json!({}))
                .map_err(|failed| error(failed.kind()))
        })
    }));
}

fn error(kind: &str) -> FunctionError {
    FunctionError {
        error_type: kind.to_owned(),
        message: "died".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_refused_registration_is_tried_again() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    world
        .account
        .with_ecs(|ecs, _| ecs.fail_registrations("web", 7));
    let push = world.push("web", "v1", "one", 5);
    world.minutes(40).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.deployments("web"), 1);
    assert!(matches!(
        world.last("web", &push),
        Some((Outcome::Unchanged, _))
    ));
}

#[tokio::test(start_paused = true)]
async fn rule_01_more_services_than_a_page_or_a_batch_holds_all_roll() {
    let names: Vec<String> = (0..123).map(|number| format!("web-{number}")).collect();
    let one = image("web", "seed");
    let services: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), &*one)).collect();
    let mut world = World::new(&services).await;
    let _ = host(&world.account);
    world.answers = host(&world.account);
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    for name in &names {
        assert_eq!(world.image_of(name, 0), image("web", "v1"), "{name}");
        assert_eq!(world.deployments(name), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_an_empty_page_does_not_end_the_reading() {
    // Every reading begins with a page that holds nothing but a token.
    let options = local::Options {
        empty_page_every: 1,
        ..local::Options::default()
    };
    let services = [("web", &*image("web", "seed"))];
    let world = World::built(&services, &Config::default(), options).await;
    world.push("web", "v1", "one", 5);
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
}
