//! Somebody deploys while a look-up is at work.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use handler::ledger::Entry;
use local::{Caller, What};
use serde_json::{Value, json};

use crate::road::context;
use crate::world::{World, image, record};

/// How a look-up ended that somebody got in the way of.
struct Ended {
    /// He deployed between the look at the service and the update, so that none was made.
    between: bool,
    /// When the service was updated, once by the person and once by ecroll, and whether it was ecroll.
    updates: [(DateTime<Utc>, bool); 2],
}

/// A look-up that finds a push of this tag, while so many milliseconds after its beginning somebody deploys what
/// `choose` names; and what the look-ups after it made of that.
async fn meanwhile(
    world: &World,
    tag: &str,
    after: u64,
    choose: impl Fn(&World) -> Value,
) -> Ended {
    let context = context(world, &json!({}));
    let since = world.account.journal_len();
    let begun = world.deployments("web");
    let soon = world.now() + TimeDelta::milliseconds(1);
    let push = record("web", tag, tag, world.now(), &format!("event-{tag}"));
    world.account.deliver(push, soon);
    world
        .account
        .run_until(soon + TimeDelta::milliseconds(1))
        .await;
    let event = json!({});
    let mut between = false;
    world
        .account
        .drive(Box::pin(async {
            let person = async {
                tokio::time::sleep(Duration::from_millis(after)).await;
                let update = json!({"cluster": "default", "service": "web",
                    "taskDefinition": choose(world)});
                let before = world.deployments("web");
                world.account.call("ecs", "UpdateService", update).unwrap();
                before
            };
            let (handled, before) = tokio::join!(handler::handle(&event, &context), person);
            handled.unwrap();
            between = before == begun && world.deployments("web") == begun + 1;
        }))
        .await;
    world.minutes(60).await;
    let updates = updates(world, since);
    Ended { between, updates }
}

/// Whenever it happens: the push rolls from what was deployed, or that came after the roll and stays.
#[tokio::test(start_paused = true)]
async fn rule_01_a_deployment_in_the_middle_of_a_roll_does_not_lose_the_push() {
    let mut held_up = 0;
    for after in (20..=400).step_by(20) {
        let world = World::new(&[("web", &image("web", "seed"))]).await;
        let own = |world: &World| {
            let containers = json!([{"name": "app", "image": image("web", "seed"),
                "environment": [{"name": "MINE", "value": "1"}]}]);
            let definition = json!({"family": "web", "memory": "512",
                "containerDefinitions": containers});
            let register = "RegisterTaskDefinition";
            let made = world.account.call("ecs", register, definition).unwrap();
            made["taskDefinition"]["taskDefinitionArn"].clone()
        };
        let Ended { between, updates } = meanwhile(&world, "v1", after, own).await;
        held_up += usize::from(between);
        // An update that was on its way already still comes last; nobody can tell.
        let crossed = updates[1].0 - updates[0].0 <= TimeDelta::milliseconds(40);
        let mine = &world.definition("web")["taskDefinition"]["containerDefinitions"][0];
        let stays = mine["environment"] == json!([{"name": "MINE", "value": "1"}]);
        assert!(stays || crossed, "after {after} ms");
        let follows = world.image_of("web", 0) == image("web", "v1");
        assert!(follows || updates[0].1, "after {after} ms");
    }
    assert!(held_up > 5, "the roll was never held up: {held_up}");
}

/// Nor does it where what is deployed is ecroll's own, of a push before: that is no other look-up at this one.
#[tokio::test(start_paused = true)]
async fn rule_01_nor_does_a_rollback_in_the_middle_of_a_roll() {
    let mut held_up = 0;
    for after in (40..=400).step_by(40) {
        let world = World::new(&[("web", &image("web", "seed"))]).await;
        for tag in ["v1", "v2"] {
            world.push("web", tag, tag, 3);
            world.minutes(20).await;
        }
        assert_eq!(world.image_of("web", 0), image("web", "v2"));
        let older = |_: &World| json!("web:2");
        let Ended { between, updates } = meanwhile(&world, "v3", after, older).await;
        held_up += usize::from(between);
        let follows = world.image_of("web", 0) == image("web", "v3");
        assert!(follows || updates[0].1, "after {after} ms");
    }
    assert!(held_up > 2, "the roll was never held up: {held_up}");
}

/// Whoever of two look-ups at one push comes second: the ledger names the revision that runs, so that undoing it is seen.
#[tokio::test(start_paused = true)]
async fn rule_03_after_two_look_ups_at_once_the_ledger_names_what_runs() {
    for after in (0..=300).step_by(20) {
        let world = World::new(&[("web", &image("web", "seed"))]).await;
        let (one, two) = (context(&world, &json!({})), context(&world, &json!({})));
        let soon = world.now() + TimeDelta::milliseconds(1);
        let push = record("web", "v1", "one", world.now(), "event-1");
        world.account.deliver(push, soon);
        let then = soon + TimeDelta::milliseconds(1);
        world.account.run_until(then).await;
        let event = json!({});
        let both = async {
            let later = async {
                tokio::time::sleep(Duration::from_millis(after)).await;
                handler::handle(&event, &two).await
            };
            tokio::join!(handler::handle(&event, &one), later)
        };
        let (one, two) = world.account.drive(Box::pin(both)).await;
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        let service = world.describe("web");
        let runs = service["taskDefinition"].as_str().unwrap();
        let tags = service["tags"].as_array().unwrap().iter();
        let mut entries = tags.filter_map(|tag| Entry::read(tag["value"].as_str()?));
        let entry = entries.next().unwrap();
        assert!(entry.new.names(runs), "after {after} ms: {entry:?}, {runs}");
    }
}

fn updates(world: &World, since: usize) -> [(DateTime<Utc>, bool); 2] {
    let journal = world.account.journal_since(since);
    let updates = journal.iter().filter_map(|entry| match &entry.what {
        What::Call { operation, by, .. } if operation == "UpdateService" => {
            Some((entry.at, *by == Caller::Sdk))
        }
        _ => None,
    });
    let updates: Vec<(DateTime<Utc>, bool)> = updates.collect();
    updates.try_into().unwrap()
}
