//! Driving, rest, jumps, and one seed for one history.

use chrono::TimeDelta;
use serde_json::json;

use super::{TOPIC, World, at};
use crate::{Options, What};

/// A pipeline whole, with two pushes.
async fn history(seed: u64) -> World {
    let world = World::new(Options {
        seed,
        ..Options::default()
    });
    world.trail().await.filter(Some(0.0));
    world
        .slow_function(TimeDelta::seconds(20), |_| Ok(json!(null)))
        .await;
    world
        .topic()
        .permit("sns.amazonaws.com", TOPIC)
        .alarm(&json!({}));
    world.subscribe();
    world.account.deliver(World::push("1"), at("00:05:10"));
    world.account.deliver(World::push("2"), at("00:20:10"));
    assert!(world.account.run_until_quiet(at("02:00:00")).await);
    world
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_history() {
    let (first, again, other) = (history(7).await, history(7).await, history(8).await);
    assert_eq!(first.journal(), again.journal());
    assert_ne!(first.journal(), other.journal());
    assert_eq!(
        first.changes(),
        [
            "00:01:20 OK",
            "00:06:20 ALARM",
            "00:13:20 OK",
            "00:21:20 ALARM",
            "00:28:20 OK"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_quiet_account_can_jump_over_months() {
    let world = history(0).await;
    let rule = json!({"Name": "sweep", "ScheduleExpression": "rate(5 minutes)"});
    world.call("events", "PutRule", rule);
    assert!(world.account.is_quiet());
    let later = at("00:00:00") + TimeDelta::days(200);
    let before = world.account.journal_len();
    world.account.skip_to(later);
    assert_eq!(world.account.clock().now(), later);
    world
        .account
        .deliver(World::push("3"), later + TimeDelta::minutes(1));
    assert!(!world.account.is_quiet());
    world.account.skip_to(later + TimeDelta::days(1));
    assert_eq!(
        world.account.clock().now(),
        later,
        "an account that waits does not jump"
    );
    assert!(
        world
            .account
            .run_until_quiet(later + TimeDelta::hours(1))
            .await
    );
    let entries = world.account.journal_since(before);
    assert!(entries.iter().all(|entry| entry.at >= later));
    let is_alarm = |what: &What| matches!(what, What::Alarm { .. });
    assert_eq!(
        entries.iter().filter(|entry| is_alarm(&entry.what)).count(),
        2
    );
    assert!(
        entries
            .iter()
            .any(|entry| matches!(entry.what, What::Scheduled { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_goes_on_in_the_next_drive() {
    let world = World::new(Options::default());
    world
        .slow_function(TimeDelta::seconds(60), |_| Ok(json!("done")))
        .await;
    world.until("00:01:00").await;
    world.invoke(&json!({}));
    world.until("00:01:30").await;
    let answered = |world: &World| {
        let what = |what: &What| matches!(what, What::Answered { result: Ok(_), .. });
        world
            .journal()
            .iter()
            .filter(|entry| what(&entry.what))
            .count()
    };
    assert_eq!(answered(&world), 0);
    assert!(!world.account.is_quiet());
    world.until("00:03:00").await;
    assert_eq!(answered(&world), 1);
    assert!(world.account.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_not_simulated_says_so() {
    let world = World::new(Options::default());
    for service in [
        "iam",
        "sts",
        "s3",
        "sqs",
        "sns",
        "events",
        "cloudtrail",
        "logs",
        "cloudwatch",
        "lambda",
        "x",
    ] {
        let input = json!({"Bucket": "b"});
        let fault = world.account.call(service, "Juggle", input).unwrap_err();
        assert_eq!(
            (fault.code.as_str(), fault.status),
            ("NotImplemented", 501),
            "{service}"
        );
        assert!(fault.message.contains("Juggle"), "{}", fault.message);
    }
}
