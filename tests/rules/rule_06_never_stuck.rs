//! A roll that cannot proceed is refused, with the smallest change that would let it.

use std::time::Duration;

use chrono::TimeDelta;
use handler::ledger::Entry;
use handler::report::Outcome;
use local::{Caller, What};
use serde_json::json;

use crate::road::context;
use crate::world::{World, image, record};

#[tokio::test(start_paused = true)]
async fn rule_06_impossible_percentages_are_refused_with_the_repair() {
    let mut world = World::new(&[]).await;
    let percentages = json!({"desiredCount": 2, "deploymentConfiguration":
        {"minimumHealthyPercent": 75, "maximumPercent": 100}});
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    world.service("web", &percentages, &containers);
    let push = world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "seed"));
    let (outcome, reason) = world.last("web", &push).unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(
        reason.contains("150 or more") && reason.contains("50 or less"),
        "{reason}"
    );

    // Mended as it says, the push rolls with the next sweep.
    let mend = json!({"cluster": "default", "service": "web",
        "deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 100}});
    world.account.call("ecs", "UpdateService", mend).unwrap();
    world.minutes(10).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_06_foreign_controllers_are_told_not_called() {
    let mut world = World::new(&[]).await;
    let foreign = json!({"deploymentController": {"type": "CODE_DEPLOY"}});
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    world.service("web", &foreign, &containers);
    let before = world.account.journal_len();
    let push = world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    let (outcome, reason) = world.last("web", &push).unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(reason.contains("CODE_DEPLOY"), "{reason}");
    let calls = world.calls(before);
    assert!(
        !calls
            .iter()
            .any(|call| call == "RegisterTaskDefinition" || call == "UpdateService")
    );
}

/// Whenever somebody scales the service to one task, with which nothing can move: no update that comes after it is sent.
#[tokio::test(start_paused = true)]
async fn rule_06_a_service_that_was_scaled_in_the_middle_of_a_roll_does_not_get_stuck() {
    let mut refused = 0;
    for after in (20..=400).step_by(20) {
        let world = World::new(&[]).await;
        let three = json!({"desiredCount": 3, "deploymentConfiguration":
            {"minimumHealthyPercent": 50, "maximumPercent": 125}});
        let containers = json!([{"name": "app", "image": image("web", "seed")}]);
        world.service("web", &three, &containers);
        let context = context(&world, &json!({}));
        let soon = world.now() + TimeDelta::milliseconds(1);
        let push = record("web", "v1", "one", world.now(), "event");
        world.account.deliver(push, soon);
        let until = soon + TimeDelta::milliseconds(1);
        world.account.run_until(until).await;
        let scaled = world.now() + TimeDelta::milliseconds(after);
        let event = json!({});
        let look_up = Box::pin(async {
            let person = async {
                let millis = u64::try_from(after).unwrap();
                tokio::time::sleep(Duration::from_millis(millis)).await;
                let one = json!({"cluster": "default", "service": "web", "desiredCount": 1});
                world.account.call("ecs", "UpdateService", one).unwrap();
            };
            let (handled, ()) = tokio::join!(handler::handle(&event, &context), person);
            handled.unwrap();
        });
        world.account.drive(look_up).await;
        let updated = world.account.journal().into_iter().filter(|entry| {
            matches!(&entry.what, What::Call { operation, by, .. }
                if operation == "UpdateService" && *by != Caller::Person)
        });
        let updated: Vec<_> = updated.map(|entry| entry.at).collect();
        // An update that was on its way already comes after it; nobody can tell.
        let crossed = scaled + TimeDelta::milliseconds(40);
        assert!(updated.iter().all(|at| *at <= crossed), "after {after} ms");
        // What was refused is not noted: whatever somebody does next, it rolls as soon as it can.
        let service = world.describe("web");
        let tags = service["tags"].as_array().into_iter().flatten();
        let noted = tags.filter_map(|tag| Entry::read(tag["value"].as_str()?));
        assert_eq!(noted.count(), updated.len(), "after {after} ms");
        refused += usize::from(updated.is_empty());
    }
    assert!(refused > 2, "the roll was never too late: {refused}");
}
