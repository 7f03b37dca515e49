//! Services in other accounts and Regions: each is reached by its own way, and follows exactly the repository that its image
//! names.

use chrono::TimeDelta;
use handler::config::{Config, Target};
use handler::report::{Outcome, Report};
use handler::{Context, Error, Place, places};
use local::{Account, Options};
use serde_json::{Value, json};

use crate::fleet::{asleep, config, deliver, fill, now, push};
use crate::proxy::{Reply, Script};
use crate::world::{HANDLER, REGISTRY, World, image, record};

/// An account of another number and Region on the clock of the world.
fn other(world: &World, account: &str, region: &str) -> Account {
    let options = Options {
        account: account.to_owned(),
        region: region.to_owned(),
        ..Options::default()
    };
    Account::new(world.account.clock().clone(), options)
}

fn target(account: &str, region: &str, role: Option<&str>) -> Target {
    Target {
        account: account.to_owned(),
        region: region.to_owned(),
        role: role.map(str::to_owned),
        external_id: role.map(|_| "secret/1".to_owned()),
    }
}

fn place(account: &str, region: &str) -> Place {
    Place {
        account: account.to_owned(),
        region: region.to_owned(),
    }
}

async fn look_up(world: &World, context: &Context) -> Result<Report, Error> {
    let event = json!({});
    world
        .account
        .drive(Box::pin(handler::handle(&event, context)))
        .await
}

fn runs(account: &Account, service: &str) -> String {
    let input = json!({"cluster": "default", "services": [service]});
    let answer = account.call("ecs", "DescribeServices", input).unwrap();
    let arn = answer["services"][0]["taskDefinition"].clone();
    let input = json!({"taskDefinition": arn});
    let answer = account
        .call("ecs", "DescribeTaskDefinition", input)
        .unwrap();
    let containers = &answer["taskDefinition"]["containerDefinitions"];
    containers[0]["image"].as_str().unwrap().to_owned()
}

fn service(account: &Account, name: &str, image: &str) {
    let definition = json!({"family": name, "memory": "512",
        "containerDefinitions": [{"name": "app", "image": image}]});
    account
        .call("ecs", "RegisterTaskDefinition", definition)
        .unwrap();
    let input = json!({"cluster": "default", "serviceName": name, "taskDefinition": name, "desiredCount": 1});
    account.call("ecs", "CreateService", input).unwrap();
}

#[tokio::test(start_paused = true)]
async fn rule_04_one_push_rolls_services_in_other_accounts_and_regions() {
    let world = asleep(Options::default()).await;
    let abroad = other(&world, "000000000000", "us-east-1");
    let partner = other(&world, "000000000001", "eu-central-1");
    let replica = format!("{REGISTRY}.dkr.ecr.eu-central-1.amazonaws.com/web");
    for account in [&world.account, &abroad, &partner] {
        fill(account, 1, 1, 1);
    }
    service(&partner, "replica", &format!("{replica}:seed"));
    let ways = vec![
        (place("000000000000", "us-east-1"), abroad.sdk_config()),
        (place("000000000001", "eu-central-1"), partner.sdk_config()),
    ];
    let context = Context::with_places(config(), &world.sdk(), now(&world), ways);
    push(&world, "v1", "event-1").await;
    let report = look_up(&world, &context).await.unwrap();
    let rolled: Vec<&str> = report
        .decisions
        .iter()
        .filter(|decision| decision.outcome == Outcome::Rolled)
        .map(|decision| decision.to.as_deref().unwrap())
        .collect();
    assert_eq!(rolled.len(), 3, "{report:?}");
    for account in [&world.account, &abroad, &partner] {
        assert_eq!(runs(account, "s0"), image("web", "v1"));
        let of = account.place().arn("ecs", "task-definition/f0:2");
        assert!(rolled.contains(&of.as_str()), "{of} {rolled:?}");
    }
    // Who pulls a replica waits for the replica's own record.
    assert_eq!(runs(&partner, "replica"), format!("{replica}:seed"));
    let mut arrived: Value = record("web", "v1", "v1", world.now(), "event-2");
    arrived["awsRegion"] = json!("eu-central-1");
    deliver(&world, arrived).await;
    let report = look_up(&world, &context).await.unwrap();
    let rolled = report
        .decisions
        .iter()
        .filter(|d| d.outcome == Outcome::Rolled);
    assert_eq!(rolled.count(), 1, "{report:?}");
    assert_eq!(runs(&partner, "replica"), format!("{replica}:v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_target_that_cannot_be_read_hides_nothing_of_the_others() {
    let world = asleep(Options::default()).await;
    let partner = other(&world, "000000000001", "eu-central-1");
    let denied = Script::default();
    denied.say(
        "ListClusters",
        9,
        &Reply::error(400, "AccessDeniedException", "not yours"),
    );
    fill(&world.account, 1, 1, 1);
    fill(&partner, 1, 1, 1);
    let ways = vec![
        (
            place("000000000002", "eu-west-1"),
            denied.over(&partner.sdk_config()),
        ),
        // The credentials lead into another account than the one that is meant.
        (place("000000000003", "eu-west-1"), partner.sdk_config()),
        (place("000000000001", "eu-central-1"), partner.sdk_config()),
    ];
    let context = Context::with_places(config(), &world.sdk(), now(&world), ways);
    push(&world, "v1", "event-1").await;
    let report = look_up(&world, &context).await.unwrap();
    let of = |outcome| {
        report
            .decisions
            .iter()
            .filter(move |d| d.outcome == outcome)
    };
    assert_eq!(of(Outcome::Rolled).count(), 2, "{report:?}");
    let failed: Vec<&str> = of(Outcome::Failed).map(|d| d.reason.as_str()).collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(
        failed[0].contains("not yours (target 000000000002 in eu-west-1)"),
        "{failed:?}"
    );
    assert!(
        failed[1].contains("the credentials reach 000000000001 in eu-central-1"),
        "{failed:?}"
    );
    assert_eq!(runs(&partner, "s0"), image("web", "v1"));
}

/// A look-up with one target that names a role, whose trust asks for this external id.
async fn with_role(external_id: &str) -> (World, Report, Script) {
    let world = asleep(Options::default()).await;
    fill(&world.account, 1, 1, 1);
    let config = Config {
        targets: vec![target(
            "000000000000",
            "eu-west-1",
            Some("arn:aws:iam::000000000000:role/there"),
        )],
        ..config()
    };
    let document = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let trust = document(json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": HANDLER},
        "Condition": {"StringEquals": {"sts:ExternalId": external_id,
            "sts:RoleSessionName": "ecroll"}}}));
    let call = |operation, input| world.account.call("iam", operation, input).unwrap();
    call(
        "CreateRole",
        json!({"RoleName": "there", "AssumeRolePolicyDocument": trust.to_string()}),
    );
    let may = document(json!({"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}));
    call(
        "PutRolePolicy",
        json!({"RoleName": "there", "PolicyName": "p", "PolicyDocument": may.to_string()}),
    );
    // Setup lets the handler ask for it.
    world.set_up(&config).await;
    world.minutes(1).await;
    let script = Script::default();
    let sdk = script.over(&world.sdk());
    let ways = places(&config.targets, &sdk).await;
    let context = Context::with_places(config, &sdk, now(&world), ways);
    push(&world, "v1", "event-1").await;
    world
        .account
        .run_until(world.now() + TimeDelta::seconds(1))
        .await;
    let report = look_up(&world, &context).await.unwrap();
    (world, report, script)
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_target_is_reached_by_its_role_and_external_id() {
    let (_world, report, script) = Box::pin(with_role("secret/1")).await;
    assert_eq!(script.count("AssumeRole"), 1, "assumed once");
    // The target is the function's own place: its service is seen twice and rolled once.
    assert_eq!(report.decisions.len(), 1, "{report:?}");
    assert_eq!(report.decisions[0].outcome, Outcome::Rolled);
    assert_eq!(script.count("ListClusters"), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_role_that_may_not_be_assumed_is_no_reason_to_try_again() {
    let (_world, report, _) = Box::pin(with_role("another")).await;
    let of = |outcome| {
        report
            .decisions
            .iter()
            .filter(move |d| d.outcome == outcome)
    };
    assert_eq!(of(Outcome::Rolled).count(), 1, "{report:?}");
    let failed: Vec<_> = of(Outcome::Failed).collect();
    assert_eq!(failed.len(), 1, "{report:?}");
    assert!(
        failed[0].reason.contains("sts:AssumeRole") || failed[0].reason.contains("AccessDenied"),
        "{}",
        failed[0].reason
    );
}
