//! "Deploy Docker images pushed to ECR" (ecr-deploy) as it is done here: CloudTrail's event of PutImage, every service that
//! runs the repository, a new revision with the pushed tag. With it the defects of the original, each shown absent.

use handler::config::Config;
use handler::report::Outcome;
use serde_json::{Value, json};

use crate::families::{newest, register};
use crate::scheduled::{call, revision, rule, runs};
use crate::world::{World, image, record};

fn config(tags: &str) -> Config {
    let config = json!({"triggers": ["cloudtrail-events"], "service": {"tags": tags}});
    Config::from_json(&config).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_push_rolls_every_service_of_the_repository_in_seconds_and_no_other() {
    let api = image("api", "1.0.0");
    let mut names: Vec<String> = (0..12).map(|n| format!("api-{n}")).collect();
    names.push("worker".to_owned());
    let admin = image("api-admin", "1.0.0");
    let mut services: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), &*api)).collect();
    services.push(("api-admin", &admin));
    let mut world = World::with(&services, &config("any")).await;
    let before = world.now();
    world.push("api", "2.0.0", "two", 600);
    world.minutes(2).await;
    // Twelve and one: more than one page, more than DescribeServices takes at once.
    for name in &names {
        assert_eq!(world.image_of(name, 0), image("api", "2.0.0"), "{name}");
    }
    assert_eq!(world.image_of("api-admin", 0), admin);
    let heard = world.heard();
    let rolled = heard
        .iter()
        .find(|answer| !answer.report.decisions.is_empty());
    let rolled = rolled.unwrap();
    assert_eq!(rolled.report.trigger, "cloudtrail-event");
    assert!((rolled.at - before).num_seconds() < 60, "{}", rolled.at);
    world.minutes(660).await;
    assert!(names.iter().all(|name| world.deployments(name) == 1));
}

/// Members that the original dropped: Fargate refuses a copy without them, or it runs as somebody else.
#[tokio::test(start_paused = true)]
async fn the_copy_keeps_what_the_original_dropped_and_starts_from_what_runs() {
    let mut world = World::with(&[], &config("any")).await;
    // Roles of services have to be there when setup looks.
    let role = |name: &str| format!("arn:aws:iam::000000000000:role/{name}");
    let rest = json!({
        "cpu": "256", "memory": "512", "networkMode": "awsvpc", "executionRoleArn": role("execution"),
        "requiresCompatibilities": ["FARGATE"], "ephemeralStorage": {"sizeInGiB": 30},
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "tags": [{"key": "team", "value": "shop"}],
    });
    let mut definition = rest.clone();
    definition["family"] = json!("shop");
    let containers = |tag: &str| json!([{"name": "app", "image": image("shop", tag)}]);
    definition["containerDefinitions"] = containers("1.0.0");
    let call = |operation, input| world.account.call("ecs", operation, input).unwrap();
    call("RegisterTaskDefinition", definition.clone());
    let service = json!({"cluster": "default", "serviceName": "shop", "taskDefinition": "shop",
        "desiredCount": 2, "launchType": "FARGATE"});
    call("CreateService", service);
    // Half-made work that nobody has deployed.
    let mut half = definition.clone();
    half["memory"] = json!("1024");
    half["containerDefinitions"] = containers("broken");
    call("RegisterTaskDefinition", half);
    world.set_up(&config("any")).await;
    world.minutes(5).await;
    world.push("shop", "2.0.0", "two", 600);
    world.minutes(3).await;
    assert_eq!(world.image_of("shop", 0), image("shop", "2.0.0"));
    let copy = world.definition("shop");
    for (member, value) in rest.as_object().unwrap() {
        if member != "tags" {
            assert_eq!(&copy["taskDefinition"][member], value, "{member}");
        }
    }
    let tags: Vec<&Value> = copy["tags"].as_array().unwrap().iter().collect();
    assert!(
        tags.contains(&&json!({"key": "team", "value": "shop"})),
        "{tags:?}"
    );
    assert!(!world.decisions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn tag_policies_stand_in_for_deploy_latest_and_what_is_no_version_or_older_is_left() {
    let services = [
        ("web", &*image("web", "1.0.0")),
        ("floating", &image("web", "latest")),
    ];
    let mut world = World::with(&services, &config("semver:^1")).await;
    world.push("web", "latest", "zero", 600);
    world.push("web", "1.2.0", "two", 600);
    world.minutes(2).await;
    for name in ["web", "floating"] {
        assert_eq!(world.image_of(name, 0), image("web", "1.2.0"), "{name}");
    }
    world.push("web", "2.0.0", "three", 600);
    world.push("web", "nightly", "four", 600);
    world.minutes(5).await;
    assert_eq!(world.image_of("web", 0), image("web", "1.2.0"));
    // Untagged manifests of a multi-platform push, and pushes that ECR refused: no event, no failure.
    let now = world.now();
    let untagged = |id: &str, error: Option<&str>| {
        let mut record = record("web", "x", id, now, id);
        let members = record["requestParameters"].as_object_mut().unwrap();
        match error {
            None => drop(members.remove("imageTag")),
            Some(code) => record["errorCode"] = json!(code),
        }
        record
    };
    let later = now + chrono::TimeDelta::minutes(600);
    let before = world.heard().len();
    world.account.deliver(untagged("child", None), later);
    let refused = untagged("refused", Some("ImageTagAlreadyExistsException"));
    world.account.deliver(refused, later);
    world.minutes(3).await;
    let heard = world.heard();
    let woken = heard
        .iter()
        .skip(before)
        .filter(|answer| answer.report.trigger == "cloudtrail-event");
    assert_eq!(woken.count(), 0);
    assert!(heard.iter().all(|answer| !answer.failed));
    let held = world
        .decisions()
        .into_iter()
        .any(|d| d.outcome == Outcome::Failed);
    assert!(!held);
}

/// The original gave families that nothing uses a new revision at every push, whatever the tag, while what starts their tasks
/// still named the old one; and of two pushes at once either won. Here they follow where somebody asks for it.
#[tokio::test(start_paused = true)]
async fn families_that_no_service_runs_and_what_starts_their_tasks_follow_where_somebody_asks() {
    let keys = json!({"triggers": ["cloudtrail-events"], "families": "all",
        "service": {"tags": "semver:*", "scheduled": true}});
    let config = Config::from_json(&keys).unwrap();
    let mut world = World::with(&[("api", &image("api", "1.0.0"))], &config).await;
    register(&world, "report", &image("api", "1.0.0"));
    register(&world, "admin", &image("api-admin", "1.0.0"));
    let target = |task: &str| {
        json!({"Id": "1", "Arn": "arn:aws:ecs:eu-west-1:000000000000:cluster/default",
            "RoleArn": "arn:aws:iam::000000000000:role/starts-tasks",
            "EcsParameters": {"TaskDefinitionArn": revision(task)}})
    };
    rule(&world, "report", &[target("report:1")]);
    rule(&world, "api", &[target("api:1")]);
    world.set_up(&config).await;
    world.minutes(5).await;
    // Two pushes in a row, one that is no version, and records that come again hours later.
    world.push("api", "2.0.0", "two", 600);
    world
        .account
        .run_until(world.now() + chrono::TimeDelta::seconds(2))
        .await;
    world.push("api", "2.1.0", "three", 600);
    world.push("api", "nightly", "four", 600);
    world.minutes(3).await;
    assert_eq!(world.image_of("api", 0), image("api", "2.1.0"));
    // Families wait for a sweep.
    world.minutes(6).await;
    world.minutes(700).await;
    let registered = world.calls(0);
    let registered = registered
        .iter()
        .filter(|call| *call == "RegisterTaskDefinition");
    assert!(
        registered.count() <= 4,
        "at most one a push for the service and one for the family"
    );
    assert_eq!(newest(&world, "report").1, image("api", "2.1.0"));
    assert_eq!(newest(&world, "admin").0, 1);
    assert_eq!(
        runs(&world, "report"),
        format!("report:{}", newest(&world, "report").0)
    );
    let api = call(
        &world,
        "ecs",
        "DescribeTaskDefinition",
        json!({"taskDefinition": "api"}),
    );
    assert_eq!(
        runs(&world, "api"),
        format!("api:{}", api["taskDefinition"]["revision"])
    );
    assert!(world.heard().iter().all(|answer| !answer.failed));
}
