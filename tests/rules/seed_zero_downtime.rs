//! "Automate Zero Downtime Deployment with Amazon ECS and Lambda" as it is done here: trail, log group, metric filter, alarm,
//! topic, function; a new revision and an update within 50 and 200 percent. With it the hazards of the original, each shown
//! absent.

use chrono::TimeDelta;
use handler::config::Config;
use serde_json::json;

use crate::world::{World, image, record};

/// Four tasks of each of these services, rolled as the article rolls.
async fn world(names: &[&str]) -> World {
    let config = json!({"service": {"minimum_healthy_percent": 50, "maximum_percent": 200}});
    let config = Config::from_json(&config).unwrap();
    let world = World::with(&[], &config).await;
    for name in names {
        let containers = json!([{"name": "app", "image": image(name, "seed"),
            "environment": [{"name": "MODE", "value": "blue"}]}]);
        world.service(name, &json!({"desiredCount": 4}), &containers);
    }
    world.minutes(30).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_push_rolls_within_50_and_200_percent_and_half_of_the_tasks_run_throughout() {
    let mut world = world(&["web"]).await;
    let push = world.push("web", "v1", "one", 5);
    let mut least = 4;
    for _ in 0..(15 * 60 / 5) {
        let next = world.now() + TimeDelta::seconds(5);
        world.account.run_until(next).await;
        let running = world.describe("web")["runningCount"].as_i64().unwrap();
        least = least.min(running);
    }
    assert!(least >= 2, "{least} of 4 ran");
    assert!(world.last("web", &push).is_some());
    let service = world.describe("web");
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    // Public relatives of the original set one task and register a definition of their own.
    assert_eq!(
        (&service["desiredCount"], &service["runningCount"]),
        (&json!(4), &json!(4))
    );
    assert_eq!(
        service["deploymentConfiguration"]["minimumHealthyPercent"],
        50
    );
    assert_eq!(service["deploymentConfiguration"]["maximumPercent"], 200);
    let app = &world.definition("web")["taskDefinition"]["containerDefinitions"][0];
    assert_eq!(
        app["environment"],
        json!([{"name": "MODE", "value": "blue"}])
    );
}

/// One filter and one alarm for all; SNS hears of a change of the alarm's state alone, and its message names no image.
#[tokio::test(start_paused = true)]
async fn pushes_while_the_alarm_is_on_are_not_silent_and_one_pipeline_is_enough() {
    let names = ["web", "api", "team/jobs"];
    let world = world(&["web", "api"]).await;
    let containers = json!([{"name": "app", "image": image(names[2], "seed")}]);
    world.service("jobs", &json!({}), &containers);
    for (minutes, name) in (5..).zip(names) {
        world.push(name, "v1", "one", minutes);
    }
    world.minutes(1).await;
    world.push("web", "v2", "two", 6);
    world.minutes(20).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    assert_eq!(world.image_of("api", 0), image("api", "v1"));
    assert_eq!(world.image_of("jobs", 0), image(names[2], "v1"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_push_deploys_nothing_and_a_record_that_comes_twice_deploys_once() {
    let world = world(&["web"]).await;
    let mut refused = record("web", "v9", "nine", world.now(), "refused");
    refused["errorCode"] = json!("ImageTagAlreadyExistsException");
    refused["responseElements"] = json!(null);
    let soon = world.now() + TimeDelta::minutes(2);
    world.account.deliver(refused, soon);
    world.minutes(15).await;
    assert_eq!(world.deployments("web"), 0);
    let push = record("web", "v1", "one", world.now(), "twice");
    for minutes in [2, 9, 40] {
        let at = world.now() + TimeDelta::minutes(minutes);
        world.account.deliver(push.clone(), at);
    }
    world.minutes(90).await;
    assert_eq!(world.deployments("web"), 1);
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
}
