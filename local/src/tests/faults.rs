//! What goes wrong on purpose: messages, events, instances, and what people do for a time.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::{TOPIC, World, at};
use crate::faults::{Kind, Planned, delivered};
use crate::{Invocation, Options, What};

fn planned(kind: Kind, amount: TimeDelta) -> Planned {
    Planned {
        kind,
        from: at("00:10:00"),
        until: at("03:00:00"),
        operation: None,
        skip: 1,
        times: 1,
        amount,
    }
}

/// Three messages, a minute apart; the second is befallen. When the function ran.
async fn runs(kind: Kind, amount: TimeDelta) -> Vec<String> {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    world.topic().permit("sns.amazonaws.com", TOPIC);
    world.subscribe();
    world.account.plan_faults(vec![planned(kind, amount)]);
    for minute in ["00:11:00", "00:12:00", "00:13:00"] {
        world.until(minute).await;
        let publish = json!({"TopicArn": TOPIC, "Message": "look"});
        world.call("sns", "Publish", publish);
    }
    world.until("04:00:00").await;
    let told = world.journal().into_iter();
    let told = told.filter(|entry| matches!(entry.what, What::Fault { kind: k, .. } if k == kind));
    assert_eq!(told.count(), 1, "{kind}");
    assert_eq!(world.account.faults().len(), 1, "{kind}");
    world.runs()
}

#[tokio::test(start_paused = true)]
async fn messages_and_events_are_lost_doubled_and_late() {
    let usual = ["00:11:00", "00:12:00", "00:13:00"];
    for kind in [Kind::MessageLost, Kind::EventLost] {
        let lost = runs(kind, TimeDelta::zero()).await;
        assert_eq!(lost, [usual[0], usual[2]], "{kind}");
    }
    for kind in [Kind::MessageDoubled, Kind::EventDoubled] {
        let doubled = runs(kind, TimeDelta::seconds(5)).await;
        assert_eq!(
            doubled,
            [usual[0], usual[1], "00:12:05", usual[2]],
            "{kind}"
        );
    }
    for kind in [
        Kind::MessageDelayed,
        Kind::EventDelayed,
        Kind::MessageReordered,
    ] {
        let late = runs(kind, TimeDelta::hours(2)).await;
        assert_eq!(late, [usual[0], usual[2], "02:12:00"], "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_gone_or_its_clock_askew_while_the_plan_says_so() {
    let world = World::new(Options::default());
    let told = Arc::clone(&world.seen);
    world.function(|_| Ok(json!(null))).await;
    let skew = TimeDelta::seconds(-90);
    let plan = vec![
        planned(Kind::ColdStart, TimeDelta::zero()),
        Planned {
            skip: 0,
            ..planned(Kind::ClockSkew, skew)
        },
    ];
    world.account.plan_faults(plan);
    for minute in ["00:09:00", "00:11:00", "00:12:00", "03:30:00"] {
        world.until(minute).await;
        world.invoke(&json!({}));
    }
    world.until("04:00:00").await;
    let seen: Vec<Invocation> = told
        .lock()
        .unwrap()
        .iter()
        .map(|run| run.1.clone())
        .collect();
    let of: Vec<_> = seen.iter().map(|run| (run.cold, run.skew)).collect();
    let none = TimeDelta::zero();
    assert_eq!(
        of,
        [(false, none), (false, skew), (true, skew), (false, none)]
    );
    assert_eq!(world.account.calm_since(), Some(at("03:00:00")));
}

#[tokio::test(start_paused = true)]
async fn what_people_change_for_a_time_is_as_before_afterwards() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    world.alarm(&json!({}));
    let reserve = json!({"FunctionName": "ecroll", "ReservedConcurrentExecutions": 1});
    world.call("lambda", "PutFunctionConcurrency", reserve);
    let alarm = || {
        let alarms = world.call("cloudwatch", "DescribeAlarms", json!({}));
        let alarm = &alarms["MetricAlarms"][0];
        (
            alarm["ActionsEnabled"].clone(),
            alarm["Period"].clone(),
            alarm["OKActions"].clone(),
        )
    };
    let reserved = || {
        let named = json!({"FunctionName": "ecroll"});
        let answer = world.call("lambda", "GetFunctionConcurrency", named);
        answer["ReservedConcurrentExecutions"].clone()
    };
    let before = (alarm(), reserved());
    for kind in [Kind::AlarmDisabled, Kind::AlarmChanged, Kind::Unreserved] {
        let now = world.account.clock().now();
        let plan = Planned {
            from: now + TimeDelta::minutes(1),
            until: now + TimeDelta::minutes(5),
            ..planned(kind, TimeDelta::zero())
        };
        world.account.plan_faults(vec![plan]);
        world.pass(TimeDelta::minutes(2)).await;
        assert_ne!((alarm(), reserved()), before, "{kind}");
        assert_eq!(world.account.calm_since(), None, "{kind}");
        world.pass(TimeDelta::minutes(5)).await;
        assert_eq!((alarm(), reserved()), before, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mute_rule_withholds_actions_and_runs_those_of_the_last_state_at_its_end() {
    for (until, runs) in [
        // The alarm of 00:12:20 is still on when the window ends.
        ("00:15:00", ["00:00:20", "00:15:00", "00:19:20"].as_slice()),
        // It came and went: only that all is well again is told.
        ("00:40:00", &["00:00:20", "00:40:00"]),
    ] {
        let world = World::new(Options::default());
        world.function(|_| Ok(json!(null))).await;
        world.topic().permit("sns.amazonaws.com", TOPIC);
        world.subscribe();
        world.alarm(&json!({}));
        let plan = Planned {
            until: at(until),
            ..planned(Kind::AlarmMuted, TimeDelta::zero())
        };
        world.account.plan_faults(vec![plan]);
        let rules = || {
            let answer = world.call("cloudwatch", "ListAlarmMuteRules", json!({}));
            answer["AlarmMuteRuleSummaries"].as_array().unwrap().len()
        };
        world.until("00:11:10").await;
        assert_eq!(rules(), 1);
        world.samples(&[("00:11:10", 1.0)]);
        world.until("01:00:00").await;
        let changes = ["00:00:20 OK", "00:12:20 ALARM", "00:19:20 OK"];
        assert_eq!(world.changes(), changes, "{until}");
        assert_eq!(world.runs(), runs, "{until}");
        assert_eq!(rules(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cloudtrail_holds_back_comes_at_the_end_of_the_stop() {
    let world = World::new(Options::default());
    world.trail().await;
    let plan = vec![Planned {
        skip: 0,
        ..planned(Kind::DeliveryStops, TimeDelta::zero())
    }];
    world.account.plan_faults(plan.clone());
    let due = [at("00:09:00"), at("00:30:00"), at("03:00:00")];
    for (number, due) in due.iter().enumerate() {
        let record = World::push(&format!("push {number}"));
        world.account.deliver(record, *due);
    }
    world.until("04:00:00").await;
    let arrived: Vec<_> = world
        .journal()
        .into_iter()
        .filter(|entry| matches!(entry.what, What::Delivered { .. }))
        .map(|entry| entry.at)
        .collect();
    assert_eq!(arrived, [at("00:09:00"), at("03:00:00"), at("03:00:00")]);
    assert_eq!(delivered(&plan, due[1]), at("03:00:00"));
    assert_eq!(delivered(&plan, due[0]), due[0]);
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.name()), Some(kind));
    }
}
