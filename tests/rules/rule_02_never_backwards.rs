//! ecroll never moves a service from a newer push to an older one.

use chrono::TimeDelta;
use handler::report::Outcome;
use serde_json::json;

use crate::world::{World, image, record};

#[tokio::test(start_paused = true)]
async fn rule_02_an_older_record_that_arrives_late_does_not_roll_back() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    let older = world.push("web", "v1", "one", 90);
    world.minutes(10).await;
    world.push("web", "v2", "two", 5);
    world.minutes(120).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    assert_eq!(world.deployments("web"), 1);
    assert_eq!(world.last("web", &older).unwrap().0, Outcome::Skipped);
}

#[tokio::test(start_paused = true)]
async fn rule_02_not_even_when_the_newer_record_has_left_the_window() {
    // Nothing is read that is older than a week, however late a record comes.
    let config = handler::config::Config {
        look_back: std::time::Duration::from_hours(1),
        sweep: None,
        ..handler::config::Config::default()
    };
    let mut world = World::with(&[("web", &image("web", "seed"))], &config).await;
    let days = 8 * 24 * 60;
    let older = world.push("web", "v1", "one", days);
    world.minutes(10).await;
    world.push("web", "v2", "two", 5);
    world.minutes(days + 60).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    assert_eq!(world.deployments("web"), 1);
    let (outcome, reason) = world.last("web", &older).unwrap();
    assert_eq!(outcome, Outcome::Skipped);
    assert!(reason.contains("older"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn rule_02_what_a_person_deployed_counts_as_well() {
    let mut world = World::new(&[("web", &image("web", "seed"))]).await;
    let older = world.push("web", "v1", "one", 60);
    world.minutes(5).await;
    world.push("web", "v2", "two", 5);
    // The pipeline of a team deploys its own push before the record of it arrives.
    let containers = json!([{"name": "app", "image": image("web", "v2")}]);
    let definition = json!({"family": "web", "containerDefinitions": containers});
    world
        .account
        .call("ecs", "RegisterTaskDefinition", definition)
        .unwrap();
    world.minutes(1).await;
    let update = json!({"cluster": "default", "service": "web", "taskDefinition": "web"});
    world.account.call("ecs", "UpdateService", update).unwrap();
    world.minutes(120).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    assert_eq!(world.deployments("web"), 1, "the person's own");
    assert_eq!(world.last("web", &older).unwrap().0, Outcome::Skipped);
}

#[tokio::test(start_paused = true)]
async fn rule_02_any_order_of_arrival_moves_every_service_forwards_only() {
    for seed in 0..10 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let world = World::new(&[("web", &image("web", "seed"))]).await;
        let from = world.now();
        let mut newest = 0;
        for number in 0..15_u32 {
            let at = from + TimeDelta::seconds(chance.i64(0..3600));
            let seconds = u32::try_from((at - from).num_seconds()).unwrap();
            newest = newest.max(seconds);
            let tag = format!("at-{seconds:05}-{number}");
            let record = record("web", &tag, &tag, at, &tag);
            world
                .account
                .deliver(record, at + TimeDelta::minutes(chance.i64(1..120)));
        }
        world.minutes(240).await;
        let revisions = world.rolled_to("web");
        let tags: Vec<String> = revisions
            .iter()
            .map(|arn| {
                let input = json!({"taskDefinition": arn});
                let answer = world
                    .account
                    .call("ecs", "DescribeTaskDefinition", input)
                    .unwrap();
                let image = &answer["taskDefinition"]["containerDefinitions"][0]["image"];
                image.as_str().unwrap().rsplit_once(':').unwrap().1[..8].to_owned()
            })
            .collect();
        assert!(tags.is_sorted(), "seed {seed}: {tags:?}");
        assert_eq!(tags.last(), Some(&format!("at-{newest:05}")), "seed {seed}");
    }
}
