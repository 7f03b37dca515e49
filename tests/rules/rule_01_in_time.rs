//! A short invocation, or an account full of services: what does not fit is left whole to the next look-up, and our own pace
//! keeps ECS from refusing calls.

use std::time::Duration;

use chrono::TimeDelta;
use handler::report::Outcome;
use handler::{Deadline, Error};

use crate::fleet::{asleep, context, fill, look_up, look_up_by, push, refused, states, throttle};
use crate::proxy::Script;

#[tokio::test(start_paused = true)]
async fn rule_01_what_an_invocation_has_no_time_for_is_left_whole_to_the_next() {
    for (latency, seconds, services) in [(40, 15, 60), (250, 15, 40), (1000, 16, 40)] {
        let options = local::Options {
            call_latency: Duration::from_millis(latency),
            ..local::Options::default()
        };
        let world = asleep(options).await;
        fill(&world.account, services, services, 2);
        throttle(&world.account);
        push(&world, "v1", "event-1").await;
        let context = context(&world, &Script::default());
        let mut rounds = 0;
        loop {
            rounds += 1;
            assert!(rounds < 20, "{latency} ms: no end");
            let end = world.now() + TimeDelta::seconds(seconds);
            let done = look_up_by(&world, &context, Deadline::at(end)).await;
            assert!(
                world.now() <= end,
                "{latency} ms: Lambda would have ended it"
            );
            // Whatever was begun is done: no ledger names a revision that does not run.
            world
                .account
                .with_ecs(|ecs, _| ecs.settings_mut().throttle = false);
            for (runs, ledger) in states(&world.account, services, 2) {
                assert!(
                    ledger.is_none_or(|new| new == runs),
                    "{latency} ms: half done"
                );
            }
            throttle(&world.account);
            match done {
                Ok(_) => break,
                Err(Error::Retryable { report, .. }) => {
                    let report = report.unwrap();
                    let left = |outcome| {
                        report
                            .decisions
                            .iter()
                            .filter(|d| d.outcome == outcome)
                            .count()
                    };
                    assert!(
                        left(Outcome::Failed) > 0 && left(Outcome::Rolled) > 0,
                        "{latency} ms: {report:?}"
                    );
                    let failed = report
                        .decisions
                        .iter()
                        .find(|d| d.outcome == Outcome::Failed)
                        .unwrap();
                    assert!(
                        failed.reason.contains("left to the next look-up"),
                        "{}",
                        failed.reason
                    );
                }
                Err(other) => panic!("{latency} ms: {other}"),
            }
            world
                .account
                .run_until(world.now() + TimeDelta::minutes(1))
                .await;
        }
        assert!(
            rounds > 1,
            "{latency} ms: everything fitted, so nothing was tested"
        );
        world
            .account
            .with_ecs(|ecs, _| ecs.settings_mut().throttle = false);
        for (number, (runs, _)) in states(&world.account, services, 2).iter().enumerate() {
            assert_eq!(*runs, format!("f{number}:2"), "{latency} ms");
            assert_eq!(world.deployments(&format!("s{number}")), 1, "{latency} ms");
        }
        assert_eq!(refused(&world, 0, "ThrottlingException"), 0, "{latency} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_without_time_for_anything_nothing_is_written() {
    let world = asleep(local::Options::default()).await;
    fill(&world.account, 3, 3, 1);
    push(&world, "v1", "event-1").await;
    let context = context(&world, &Script::default());
    let before = world.account.journal_len();
    for milliseconds in [50, 400, 1_400, 1_550] {
        let soon = Deadline::at(world.now() + TimeDelta::milliseconds(milliseconds));
        let done = look_up_by(&world, &context, soon).await;
        assert!(matches!(done, Err(Error::Retryable { .. })), "{done:?}");
    }
    let calls = world.calls(before);
    let writes = ["RegisterTaskDefinition", "TagResource", "UpdateService"];
    let written = calls.iter().any(|call| writes.contains(&call.as_str()));
    assert!(!written, "{calls:?}");
    look_up(&world, &context).await.unwrap();
    world.minutes(1).await;
    assert_eq!(world.deployments("s0"), 1);
}

/// How long a look-up of so many services took that rolled all of them, in virtual seconds.
async fn seconds(services: usize, definitions: usize, clusters: usize) -> f64 {
    let world = asleep(local::Options::default()).await;
    fill(&world.account, services, definitions, clusters);
    throttle(&world.account);
    push(&world, "v1", "event-1").await;
    let context = context(&world, &Script::default());
    let (begun, journal) = (world.now(), world.account.journal_len());
    let report = look_up(&world, &context).await.unwrap();
    let took = (world.now() - begun).as_seconds_f64();
    let rolled = report
        .decisions
        .iter()
        .filter(|d| d.outcome == Outcome::Rolled)
        .count();
    assert_eq!(rolled, services);
    assert_eq!(refused(&world, journal, "ThrottlingException"), 0);
    took
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_hundred_services_end_at_the_bound_of_the_buckets() {
    // Beyond the burst one registration a second; before that 50 of 100 definitions are read at 20 a second.
    let bound = 80.0 + 2.5;
    let took = seconds(100, 100, 5).await;
    assert!(took >= 80.0 && took < bound + 1.0, "{took}");
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_thousand_services_end_at_the_bound_of_the_buckets() {
    // Beyond the burst five updates a second.
    let bound = 190.0;
    let took = seconds(1_000, 10, 10).await;
    assert!(took >= bound && took < bound + 3.0, "{took}");
}
