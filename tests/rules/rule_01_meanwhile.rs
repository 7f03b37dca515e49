//! Somebody deploys while a look-up is at work.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use local::{Caller, What};
use serde_json::json;

use crate::world::{World, image, record};

/// Whenever it happens: the push rolls from what was deployed, or that came after the roll and stays.
#[tokio::test(start_paused = true)]
async fn rule_01_a_deployment_in_the_middle_of_a_roll_does_not_lose_the_push() {
    let mut between = 0;
    for after in (20..=400).step_by(20) {
        let world = World::new(&[("web", &image("web", "seed"))]).await;
        let sdk = world.sdk();
        let config = handler::config::Config {
            log_group: Some("/ecroll/trail".to_owned()),
            ..handler::config::Config::default()
        };
        let clock = world.account.clock().clone();
        let now = std::sync::Arc::new(move || clock.now());
        let context = handler::Context::new(config, &sdk, now);
        let push = record("web", "v1", "one", world.now(), "event-1");
        let soon = world.now() + TimeDelta::milliseconds(1);
        world.account.deliver(push, soon);
        world
            .account
            .run_until(soon + TimeDelta::milliseconds(1))
            .await;
        let event = json!({});
        world
            .account
            .drive(Box::pin(async {
                let person = async {
                    tokio::time::sleep(Duration::from_millis(after)).await;
                    let containers = json!([{"name": "app", "image": image("web", "seed"),
                        "environment": [{"name": "MINE", "value": "1"}]}]);
                    let call = |operation: &str, input| {
                        world.account.call("ecs", operation, input).unwrap()
                    };
                    let definition = json!({"family": "web", "memory": "512",
                        "containerDefinitions": containers});
                    let made = call("RegisterTaskDefinition", definition);
                    let arn = made["taskDefinition"]["taskDefinitionArn"].clone();
                    let update = json!({"cluster": "default", "service": "web",
                        "taskDefinition": arn});
                    let before = world.deployments("web");
                    call("UpdateService", update);
                    before
                };
                let (handled, before) = tokio::join!(handler::handle(&event, &context), person);
                handled.unwrap();
                between += usize::from(before == 0 && world.deployments("web") == 1);
            }))
            .await;
        world.minutes(60).await;
        let updates = updates(&world);
        // An update that was on its way already still comes last; nobody can tell.
        let crossed = updates[1].0 - updates[0].0 <= TimeDelta::milliseconds(40);
        let mine = &world.definition("web")["taskDefinition"]["containerDefinitions"][0];
        let stays = mine["environment"] == json!([{"name": "MINE", "value": "1"}]);
        assert!(stays || crossed, "after {after} ms");
        let follows = world.image_of("web", 0) == image("web", "v1");
        assert!(follows || updates[0].1, "after {after} ms");
    }
    assert!(between > 5, "the roll was never held up: {between}");
}

/// When the service was updated, once by the person and once by ecroll, and whether it was ecroll.
fn updates(world: &World) -> [(DateTime<Utc>, bool); 2] {
    let journal = world.account.journal();
    let updates = journal.iter().filter_map(|entry| match &entry.what {
        What::Call { operation, by, .. } if operation == "UpdateService" => {
            Some((entry.at, *by == Caller::Sdk))
        }
        _ => None,
    });
    let updates: Vec<(DateTime<Utc>, bool)> = updates.collect();
    updates.try_into().unwrap()
}
