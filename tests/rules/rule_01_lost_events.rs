//! The quick roads are best effort: what is lost on them is found by the net below, the alarm or the sweep, and so is what a
//! function that may not be invoked never got.

use handler::config::{Config, TriggerKind};
use handler::report::Outcome;
use local::{Options, What};
use serde_json::json;

use crate::world::{World, image};

fn config(triggers: &[TriggerKind], sweep: bool) -> Config {
    let defaults = Config::default();
    Config {
        triggers: triggers.to_vec(),
        sweep: defaults.sweep.filter(|_| sweep),
        ..defaults
    }
}

/// An account in which every so-manieth event is lost.
async fn losing(every: u32, config: &Config) -> World {
    let options = Options {
        lost_event_every: every,
        ..Options::default()
    };
    World::built(&[("web", &image("web", "seed"))], config, options).await
}

/// The road by which the service was rolled.
fn rolled_by(world: &mut World) -> Vec<String> {
    let rolled = world.heard().into_iter().filter(|answer| {
        let mut decisions = answer.report.decisions.iter();
        decisions.any(|decision| decision.outcome == Outcome::Rolled)
    });
    rolled.map(|answer| answer.report.trigger).collect()
}

#[tokio::test(start_paused = true)]
async fn rule_01_an_event_that_is_lost_is_made_up_for_by_the_net() {
    let all = TriggerKind::ALL;
    for (triggers, sweep, net) in [
        (&[TriggerKind::EcrEvents][..], true, "sweep"),
        (&[TriggerKind::CloudtrailEvents], true, "sweep"),
        (
            &[TriggerKind::Alarm, TriggerKind::EcrEvents],
            false,
            "alarm",
        ),
        (&all, false, "log-subscription"),
    ] {
        let mut world = losing(1, &config(triggers, sweep)).await;
        let push = world.push("web", "v1", "one", 5);
        world.minutes(15).await;
        assert_eq!(rolled_by(&mut world), [net], "{triggers:?}");
        assert_eq!(world.image_of("web", 0), image("web", "v1"));
        assert_ne!(world.last("web", &push), None, "{triggers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_of_two_events_the_second_is_lost_and_neither_push() {
    let mut world = losing(2, &config(&[TriggerKind::EcrEvents], true)).await;
    world.push("web", "v1", "one", 5);
    world.minutes(1).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    world.push("web", "v2", "two", 5);
    world.minutes(1).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    world.minutes(15).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    assert_eq!(rolled_by(&mut world), ["ecr-event", "sweep"]);
    assert_eq!(world.deployments("web"), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_01_an_event_that_the_function_does_not_admit_lies_in_the_queue_and_the_net_rolls() {
    let mut world = losing(0, &config(&[TriggerKind::EcrEvents], true)).await;
    let statement = json!({"FunctionName": "ecroll", "StatementId": "ecr-events"});
    world
        .account
        .call("lambda", "RemovePermission", statement)
        .unwrap();
    world.push("web", "v1", "one", 5);
    world.minutes(15).await;
    assert_eq!(rolled_by(&mut world), ["sweep"]);
    let queue = "arn:aws:sqs:eu-west-1:000000000000:ecroll-undelivered";
    let journal = world.account.journal();
    let kept = journal.iter().any(
        |entry| matches!(&entry.what, What::Dropped { kept_in, .. } if kept_in.as_deref() == Some(queue)),
    );
    assert!(kept, "setup's policy lets the rule send there");
}
