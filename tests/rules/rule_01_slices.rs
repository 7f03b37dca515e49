//! The log is read newest slice first, from a mark on while the function is warm, and nothing is lost by either.

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use handler::report::{Decision, Outcome, Report};
use handler::{Deadline, Error};
use local::faults::{Kind, Planned};
use local::{LogTimestamp, Options, What};
use serde_json::{Value, json};

use crate::road::{batch, context, invoke};
use crate::world::{World, image, record};

/// The readings of the log since an index of the journal: when, from, to.
fn readings(world: &World, since: usize) -> Vec<(DateTime<Utc>, DateTime<Utc>, Option<i64>)> {
    let journal = world.account.journal_since(since);
    let readings = journal.into_iter().filter_map(|entry| match entry.what {
        What::Call {
            operation, input, ..
        } if operation == "FilterLogEvents" && input["nextToken"].is_null() => {
            let from = input["startTime"].as_i64().unwrap();
            let from = DateTime::from_timestamp_millis(from).unwrap();
            Some((entry.at, from, input["endTime"].as_i64()))
        }
        _ => None,
    });
    readings.collect()
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_cold_look_up_reads_all_of_the_span_newest_first() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    let before = world.account.journal_len();
    let now = world.now();
    let report = invoke(&world, &context(&world, &json!({})), &json!({})).await;
    let readings = readings(&world, before);
    let back: Vec<i64> = readings
        .iter()
        .map(|(_, from, _)| (now - *from).num_minutes())
        .collect();
    assert_eq!(back, [30, 270, 24 * 60]);
    assert_eq!(readings[0].2, None);
    for pair in readings.windows(2) {
        assert_eq!(pair[1].2, Some(pair[0].1.timestamp_millis() - 1));
    }
    assert_eq!(
        report.unwrap().window.unwrap().from,
        now - TimeDelta::hours(24)
    );
}

#[tokio::test(start_paused = true)]
async fn rule_01_records_in_every_slice_and_at_its_edges_are_found_once() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    let now = world.now();
    let mut expected = Vec::new();
    // Delivered around the edges of the slices of a look-up six hours later.
    let look_up = now + TimeDelta::hours(6);
    for (number, minutes) in [1, 29, 30, 31, 269, 270, 271, 350].into_iter().enumerate() {
        for millis in [-1, 0, 1] {
            let at = look_up - TimeDelta::minutes(minutes) + TimeDelta::milliseconds(millis);
            let id = format!("other-{number}-{millis}");
            let pushed = at - TimeDelta::seconds(1);
            world
                .account
                .deliver(record("other", &id, &id, pushed, &id), at);
            expected.push(id);
        }
    }
    world.account.run_until(look_up).await;
    let report = invoke(&world, &context(&world, &json!({})), &json!({})).await;
    let mut found: Vec<String> = report
        .unwrap()
        .pushes
        .into_iter()
        .map(|push| push.event_id)
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// An account in which v1 was rolled, and where nobody looks any more unless told to.
async fn quiet() -> World {
    let config = Config {
        sweep: None,
        ..Config::default()
    };
    let world = World::with(&[("web", &image("web", "seed"))], &config).await;
    world.push("web", "v1", "one", 1);
    world.minutes(20).await;
    assert_eq!(world.deployments("web"), 1);
    let alarms = json!({"AlarmNames": ["ecroll-pushes"]});
    world
        .account
        .call("cloudwatch", "DisableAlarmActions", alarms)
        .unwrap();
    world
}

/// Ten pages of pushes that concern nobody here.
fn backlog(world: &World) {
    let mut big = record("other", "t", "big", world.now(), "x");
    big["requestParameters"]["padding"] = json!("p".repeat(200_000));
    for number in 0..50 {
        big["eventID"] = json!(format!("big-{number}"));
        world.account.deliver(big.clone(), world.now());
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_busy_log_does_not_hold_up_the_newest_push() {
    let world = quiet().await;
    backlog(&world);
    world.minutes(120).await;
    let cold = context(&world, &json!({}));
    let at = world.now();
    let v2 = record("web", "v2", "two", at, "push-of-v2");
    world.account.deliver(v2, at + TimeDelta::milliseconds(1));
    world
        .account
        .run_until(at + TimeDelta::milliseconds(2))
        .await;
    let before = world.account.journal_len();
    let report = invoke(&world, &cold, &json!({})).await.unwrap();
    let calls = world.calls(before);
    let updated = calls.iter().position(|call| call == "UpdateService");
    let read = calls.iter().rposition(|call| call == "FilterLogEvents");
    assert!(updated.unwrap() < read.unwrap(), "{calls:?}");
    let of = |tag: &str| {
        let mut on = report.decisions.iter().filter(|d| d.tag == tag);
        (on.next().map(|d| d.outcome), on.next())
    };
    assert_eq!(of("v2"), (Some(Outcome::Rolled), None));
    assert_eq!(of("v1"), (Some(Outcome::Skipped), None));
    assert_eq!(world.deployments("web"), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_late_record_in_the_newest_slice_waits_for_what_is_newer() {
    // v3 was pushed after v2, but the record of v2 arrives last; nobody has looked yet, and the rest is long to read.
    let world = quiet().await;
    world.push("web", "v2", "two", 119);
    world.minutes(1).await;
    world.push("web", "v3", "three", 1);
    backlog(&world);
    world.minutes(120).await;
    let report = invoke(&world, &context(&world, &json!({})), &json!({})).await;
    let rolled: Vec<String> = report
        .unwrap()
        .decisions
        .into_iter()
        .filter(|d| d.outcome == Outcome::Rolled)
        .map(|d| d.tag)
        .collect();
    assert_eq!(rolled, ["v3"]);
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_higher_version_in_an_older_slice_is_waited_for() {
    let world = quiet().await;
    world.push("web", "2.0.0", "two", 1);
    world.minutes(120).await;
    backlog(&world);
    world.minutes(120).await;
    world.push("web", "1.9.5", "patch", 1);
    world.minutes(5).await;
    let cold = context(&world, &json!({"service": {"tags": "newest-semver"}}));
    invoke(&world, &cold, &json!({})).await.unwrap();
    assert_eq!(world.image_of("web", 0), image("web", "2.0.0"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_what_is_too_long_to_read_is_left_and_the_newest_push_rolls() {
    let world = quiet().await;
    for _ in 0..5 {
        backlog(&world);
    }
    world.minutes(120).await;
    world.push("web", "v2", "two", 1);
    world.minutes(5).await;
    let cold = context(&world, &json!({}));
    let soon = Deadline::at(world.now() + TimeDelta::seconds(4));
    let event = json!({});
    let work = Box::pin(handler::handle_by(&event, &cold, soon));
    let before = world.now();
    let left = world.account.drive(work).await.unwrap_err();
    assert!(matches!(left, Error::Retryable { .. }), "{left}");
    assert!(
        left.to_string().contains("left to the next look-up"),
        "{left}"
    );
    let spent = world.now() - before;
    assert!(
        spent < TimeDelta::seconds(3),
        "half of the time is for rolls: {spent}"
    );
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    // With time enough everything is read, and nothing is rolled again.
    let report = invoke(&world, &cold, &json!({})).await.unwrap();
    let window = report.window.unwrap();
    assert!(window.to - window.from >= TimeDelta::hours(24));
    assert_eq!(world.deployments("web"), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_02_where_older_pushes_could_not_be_read_no_version_rolls_before_they_are() {
    let world = quiet().await;
    world.push("web", "2.0.0", "two", 1);
    for _ in 0..5 {
        backlog(&world);
    }
    world.minutes(120).await;
    world.push("web", "1.9.5", "patch", 1);
    world.minutes(5).await;
    let ran = world.image_of("web", 0);
    let cold = context(&world, &json!({"service": {"tags": "newest-semver"}}));
    let soon = Deadline::at(world.now() + TimeDelta::seconds(4));
    let event = json!({});
    let work = Box::pin(handler::handle_by(&event, &cold, soon));
    let left = world.account.drive(work).await.unwrap_err();
    assert!(matches!(left, Error::Retryable { .. }), "{left}");
    assert_eq!(world.image_of("web", 0), ran);
    invoke(&world, &cold, &json!({})).await.unwrap();
    assert_eq!(world.image_of("web", 0), image("web", "2.0.0"));
}

#[tokio::test(start_paused = true)]
async fn rule_03_what_a_dry_run_showed_is_not_kept_in_sight() {
    let world = quiet().await;
    world.push("web", "v2", "two", 1);
    world.minutes(60).await;
    let ran = world.image_of("web", 0);
    let warm = context(&world, &json!({}));
    let shown = invoke(&world, &warm, &json!({"dry_run": true})).await;
    let held = |decision: &Decision| decision.outcome == Outcome::Held;
    assert!(shown.unwrap().decisions.iter().any(held));
    // Longer ago than any look-up reads that was not told to.
    world.minutes(30 * 60).await;
    let report = invoke(&world, &warm, &json!({})).await.unwrap();
    assert_eq!(report.decisions, []);
    assert_eq!(world.image_of("web", 0), ran);
}

/// How far back each look-up of a world reads during some hours after a push.
async fn reaches(options: Options) -> Vec<i64> {
    let services = [("web", &*image("web", "seed"))];
    let world = World::built(&services, &Config::default(), options).await;
    world.push("web", "v1", "one", 2);
    world.minutes(20).await;
    let before = world.account.journal_len();
    world.minutes(240).await;
    let mut reaches: Vec<(DateTime<Utc>, i64)> = Vec::new();
    for (at, from, to) in readings(&world, before) {
        let minutes = (at - from).num_minutes();
        match reaches.last_mut() {
            Some(last) if to.is_some() => last.1 = minutes,
            _ => reaches.push((at, minutes)),
        }
    }
    reaches.into_iter().map(|(_, minutes)| minutes).collect()
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_warm_look_up_starts_before_the_mark_and_every_twelfth_reads_all() {
    let reaches = reaches(Options::default()).await;
    assert!(reaches.len() >= 48, "{reaches:?}");
    let full = reaches
        .iter()
        .filter(|minutes| **minutes >= 24 * 60)
        .count();
    assert_eq!(full, reaches.len() / 12, "{reaches:?}");
    // The others reach back to half an hour before the one record that there is.
    let warm = reaches.iter().filter(|minutes| **minutes < 24 * 60);
    assert!(warm.clone().all(|minutes| *minutes <= 240 + 20 + 30));
    assert!(warm.clone().all(|minutes| *minutes >= 30));
}

#[tokio::test(start_paused = true)]
async fn rule_01_where_events_carry_the_time_of_the_call_a_late_one_is_not_missed() {
    let options = || Options {
        log_timestamp: LogTimestamp::EventTime,
        ..Options::default()
    };
    let reaches = reaches(options()).await;
    assert!(
        reaches.iter().all(|minutes| *minutes >= 24 * 60),
        "{reaches:?}"
    );

    let services = [("web", &*image("web", "seed"))];
    let mut world = World::built(&services, &Config::default(), options()).await;
    let late = world.push("web", "v1", "one", 150);
    let visible = world.now() + TimeDelta::minutes(150);
    world.minutes(1).await;
    world.push("web", "v2", "two", 5);
    world.minutes(240).await;
    let decided = world.first_decided("web", &late).expect("decided");
    assert!(decided - visible <= TimeDelta::seconds(330), "{decided}");
}

#[tokio::test(start_paused = true)]
async fn rule_01_the_mark_does_not_pass_a_roll_that_failed() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    // It fails for longer than the mark's overlap.
    world
        .account
        .with_ecs(|ecs, _| ecs.fail_registrations("web", 150));
    let push = world.push("web", "v1", "one", 5);
    world.minutes(5).await;
    for number in 0..30 {
        // Other pushes are handled meanwhile.
        world.push("other", &format!("t{number}"), &format!("o{number}"), 1);
        world.minutes(5).await;
    }
    world.minutes(60).await;
    let decisions = world.decisions();
    let failed = decisions.iter().filter(|d| d.outcome == Outcome::Failed);
    assert!(failed.count() > 5);
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert!(world.last("web", &push).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_look_back_that_is_named_reads_so_far() {
    let world = World::new(&[]).await;
    let before = world.account.journal_len();
    let now = world.now();
    let event: Value = json!({"look_back": "7d"});
    let report = invoke(&world, &context(&world, &json!({})), &event).await;
    let earliest = readings(&world, before).into_iter().map(|r| r.1).min();
    assert_eq!(earliest, Some(now - TimeDelta::days(7)));
    assert_eq!(
        report.unwrap().window.unwrap().from,
        now - TimeDelta::days(7)
    );
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_record_that_comes_hours_late_is_decided_with_what_was_pushed_since() {
    let world = quiet().await;
    let warm = context(&world, &json!({}));
    let before = world.now();
    world.push("web", "v2", "two", 1);
    world.minutes(2).await;
    let of = |report: &Report| -> Vec<(String, Outcome)> {
        let decisions = report.decisions.iter();
        decisions.map(|d| (d.tag.clone(), d.outcome)).collect()
    };
    let report = invoke(&world, &warm, &json!({})).await.unwrap();
    assert!(of(&report).contains(&("v2".to_owned(), Outcome::Rolled)));
    world.minutes(180).await;
    world.push("other", "x", "x", 1);
    world.minutes(2).await;
    // The first of the two moves the mark on.
    let _ = invoke(&world, &warm, &json!({})).await.unwrap();
    let report = invoke(&world, &warm, &json!({})).await.unwrap();
    let window = report.window.unwrap();
    assert!(window.from > before, "the function is warm: {window:?}");
    // Pushed before v2, and told only now.
    let pushed = before - TimeDelta::minutes(5);
    let late = record("web", "v1.5", "late", pushed, "push-of-v1.5");
    world.account.deliver(late, world.now());
    world.minutes(1).await;
    let report = invoke(&world, &warm, &json!({})).await.unwrap();
    assert_eq!(report.window.unwrap().from, pushed);
    let decided = of(&report);
    assert!(decided.contains(&("v1.5".to_owned(), Outcome::Skipped)));
    assert!(
        decided.contains(&("v2".to_owned(), Outcome::Unchanged)),
        "{decided:?}"
    );
    // Likewise where an event carries it.
    let late = record("web", "v1.6", "later", pushed, "push-of-v1.6");
    let report = invoke(&world, &warm, &batch(&[late])).await.unwrap();
    let decided = of(&report);
    assert!(decided.contains(&("v1.6".to_owned(), Outcome::Skipped)));
    assert!(
        decided.contains(&("v2".to_owned(), Outcome::Unchanged)),
        "{decided:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn rule_01_empty_pages_one_after_another_hide_nothing() {
    let world = World::new(&[("web", &image("web", "seed"))]).await;
    let faults = ["FilterLogEvents", "ListClusters", "ListServices"].map(|operation| Planned {
        kind: Kind::EmptyPage,
        from: world.now(),
        until: world.now() + TimeDelta::hours(1),
        operation: Some(operation.to_owned()),
        skip: 0,
        times: 4,
        amount: TimeDelta::zero(),
    });
    world.account.plan_faults(faults.to_vec());
    world.push("web", "v1", "one", 1);
    world.minutes(5).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
}
