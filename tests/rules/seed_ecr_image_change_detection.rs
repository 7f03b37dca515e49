//! "ECR Image Change Detection" as it is done here: an event of ECR, the services whose name begins with the repository's,
//! the same revision deployed anew. With it the defects of the original, each shown absent.

use handler::config::Config;
use handler::report::Outcome;
use serde_json::json;

use crate::road::{IMAGE, event, put};
use crate::world::{World, image};

fn config() -> Config {
    let service = json!({"match": "name-prefix", "action": "force"});
    Config::from_json(&json!({"triggers": ["ecr-events"], "service": service})).unwrap()
}

/// Puts an image into the registry by its API, as a container client does.
fn push(world: &World, repository: &str, tag: &str, image: &str) {
    // The record takes longer than the test looks at.
    world.push(repository, tag, image, 600);
}

#[tokio::test(start_paused = true)]
async fn a_push_deploys_the_services_of_the_name_anew_in_seconds_once_and_on_every_page() {
    // More than two pages of a list, names of today's long ARNs among them.
    let names: Vec<String> = (0..23).map(|n| format!("api-{n}")).collect();
    let latest = image("api", "latest");
    let services: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), &*latest)).collect();
    let mut world = World::with(&services, &config()).await;
    let arn = world.describe("api-0")["serviceArn"].clone();
    assert!(arn.as_str().unwrap().ends_with(":service/default/api-0"));
    push(&world, "api", "latest", "one");
    let before = world.now();
    world.minutes(1).await;
    for name in &names {
        assert_eq!(world.deployments(name), 1, "{name}");
        let revision = world.describe(name)["taskDefinition"].clone();
        assert!(revision.as_str().unwrap().ends_with(&format!("{name}:1")));
    }
    let heard = world.heard();
    let rolled = heard
        .iter()
        .find(|answer| !answer.report.decisions.is_empty());
    let rolled = rolled.unwrap();
    assert_eq!(rolled.report.trigger, "ecr-event");
    assert!((rolled.at - before).num_seconds() < 30, "{}", rolled.at);
    // The sweep and the record change nothing.
    world.minutes(660).await;
    assert!(names.iter().all(|name| world.deployments(name) == 1));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_only_begins_alike_and_a_tag_that_nobody_runs_are_left() {
    let api = image("api", "latest");
    let admin = image("api-admin", "latest");
    let services = [
        ("api", &*api),
        ("api-admin", &admin),
        ("apis", &api),
        ("api-pinned", &image("api", "v1")),
    ];
    let mut world = World::with(&services, &config()).await;
    push(&world, "api", "latest", "one");
    world.minutes(2).await;
    assert_eq!(world.deployments("api"), 1);
    for left in ["api-admin", "apis", "api-pinned"] {
        assert_eq!(world.deployments(left), 0, "{left}");
    }
    // A push of another tag would only deploy the old image again.
    push(&world, "api", "v2", "two");
    world.minutes(2).await;
    assert_eq!(
        (world.deployments("api"), world.deployments("api-pinned")),
        (1, 0)
    );
    let decisions = world.decisions();
    let last = decisions
        .iter()
        .rev()
        .find(|d| d.service == "api" && d.tag == "v2");
    assert_eq!(last.unwrap().outcome, Outcome::Skipped);
}

#[tokio::test(start_paused = true)]
async fn scans_deletions_and_failures_wake_nobody_and_bursts_lose_nothing() {
    let names = ["api", "web", "shop"];
    let images = names.map(|name| image(name, "latest"));
    let services: Vec<(&str, &str)> = names.into_iter().zip(images.iter().map(|i| &**i)).collect();
    let mut world = World::with(&services, &config()).await;
    for name in names {
        push(&world, name, "latest", name);
    }
    world.minutes(2).await;
    assert!(names.iter().all(|name| world.deployments(name) == 1));
    // The rule takes none of these; handed to the function all the same, they bring about nothing.
    put(&world, "api", "latest", "two", IMAGE);
    let clock = world.account.clock().clone();
    let told = |kind: &str, action: &str, result: &str| {
        let mut event = event("api", "latest", "two", clock.now());
        event["detail-type"] = json!(kind);
        event["detail"]["action-type"] = json!(action);
        event["detail"]["result"] = json!(result);
        event
    };
    let rule = json!({"Name": "ecroll-ecr-events"});
    let rule = world.account.call("events", "DescribeRule", rule).unwrap();
    let pattern = rule["EventPattern"].as_str().unwrap();
    assert!(
        pattern.contains("PUSH") && pattern.contains("SUCCESS"),
        "{pattern}"
    );
    let context = crate::road::context(&world, &config().to_json());
    for event in [
        told("ECR Image Scan", "", "COMPLETE"),
        told("ECR Image Action", "DELETE", "SUCCESS"),
        told("ECR Image Action", "PUSH", "FAILURE"),
        told("ECR Image Action", "UPDATE_STORAGE_CLASS", "SUCCESS"),
        told("ECR Pull Through Cache Action", "", "SUCCESS"),
    ] {
        let report = crate::road::invoke(&world, &context, &event).await.unwrap();
        assert_eq!(report.decisions, [], "{event}");
    }
    world.minutes(10).await;
    assert_eq!(world.deployments("api"), 1);
    let failed = world.heard().into_iter().any(|answer| answer.failed);
    assert!(!failed);
}
