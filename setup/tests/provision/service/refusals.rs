//! What is refused before anything is done, with the place and the way out.

use clap::Parser;
use local::Options;
use serde_json::{Value, json};
use setup::cli::Cli;
use setup::exit::Exit;

use super::scene::{Desk, definition, service};
use crate::pocket::Pocket;

#[tokio::test(start_paused = true)]
async fn rule_10_unknown_and_doubled_members_are_told_with_line_and_nearest_name() {
    let desk = Desk::new();
    let task = r#"{
  "family": "web",
  "taskRolArn": "x",
  "containerDefinitions": [
    {
      "name": "app",
      "image": "web:v1",
      "enviroment": [],
      "portMappings": [{"containerPort": 80,
        "hostport": 80}],
      "dockerLabels": {"anything": "goes"},
      "image": "web:v2"
    }
  ]
}"#;
    let service = r#"{"serviceName": "web", "desiredCount": 1,
  "deploymentConfiguration": {"minimumHealthPercent": 50},
  "forceNewDeployment": true,
  "launch_type": "FARGATE"}"#;
    desk.texts(task, service);
    insta::assert_snapshot!(desk.refused(&[]).await);
}

#[tokio::test(start_paused = true)]
async fn rule_10_files_that_cannot_be_used_are_told_with_their_place() {
    let desk = Desk::new();
    let good = (definition("web:v1").to_string(), service(1).to_string());
    let table: &[(&str, &str, &str)] = &[
        (
            "{\n \"family\": }",
            &good.1,
            "taskdef.json:2:12: is no JSON: expected value",
        ),
        (
            "[]",
            &good.1,
            "taskdef.json:1: the task definition must be an object",
        ),
        (
            "{\"containerDefinitions\": []}",
            &good.1,
            "taskdef.json: `family` is missing",
        ),
        (
            "{\"family\": \"web\"}",
            &good.1,
            "taskdef.json: `containerDefinitions` is missing",
        ),
        (&good.0, "{}", "service.json: `serviceName` is missing"),
        (
            &good.0,
            "{\"services\": []}",
            "service.json: holds 0 services",
        ),
        (
            &good.0,
            "{\"services\": [{}, {}]}",
            "holds 2 services: leave the one that is meant",
        ),
        (
            &good.0,
            "{\"serviceName\": \"web\", \"taskDefinition\": \"api:3\"}",
            "names the family `api`, and taskdef.json is of `web`",
        ),
    ];
    for (task, service, said) in table {
        desk.texts(task, service);
        let why = desk.refused(&[]).await;
        assert!(why.contains(said), "{why}");
    }
    desk.texts(&good.0, "{\"serviceName\": \"web\"}");
    let why = desk.refused(&[]).await;
    assert!(why.contains("pass --desired-count"), "{why}");
    let mut args = desk.args(&[]);
    args.service = "nowhere.json".into();
    let never = std::future::pending();
    let text = setup::ui::Output::Text;
    let (exit, _, _) = desk.pocket.verb_service(true, &args, text, never).await;
    let why = exit.unwrap_err().to_string();
    assert!(why.contains("cannot read `nowhere.json`"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_missing_or_deleted_is_refused_with_the_way_out() {
    let desk = Desk::with(Pocket::new(Options::default()));
    desk.files(&definition("web:v1"), &service(1));
    let why = desk.refused(&[]).await;
    assert!(
        why.contains("there is no cluster `prod`: make it with `aws ecs create-cluster"),
        "{why}"
    );
    desk.pocket
        .call("ecs", "CreateCluster", json!({"clusterName": "prod"}));
    desk.pocket
        .call("ecs", "DeleteCluster", json!({"cluster": "prod"}));
    let why = desk.refused(&[]).await;
    assert!(why.contains("the cluster `prod` is INACTIVE"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn what_an_update_cannot_change_is_refused_by_name_with_the_way_out() {
    let desk = Desk::standing().await;
    let mut other = service(2);
    other["launchType"] = json!("FARGATE");
    other["schedulingStrategy"] = json!("DAEMON");
    other["deploymentController"] = json!({"type": "CODE_DEPLOY"});
    other["role"] = json!("ecs-elb");
    desk.files(&definition("web:v2"), &other);
    insta::assert_snapshot!(desk.refused(&[]).await.replace("; `", ";\n`"));
    // What it is already is no change.
    let mut same = service(2);
    same["launchType"] = json!("EC2");
    same["schedulingStrategy"] = json!("REPLICA");
    same["deploymentController"] = json!({"type": "ECS"});
    same["loadBalancers"] = json!([]);
    desk.files(&definition("web:v1"), &same);
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(out.contains("nothing to do"), "{out}");
}

#[tokio::test(start_paused = true)]
async fn a_service_of_another_controller_is_refused_a_revision_and_takes_the_rest() {
    let desk = Desk::new();
    let mut foreign = service(2);
    foreign["deploymentController"] = json!({"type": "CODE_DEPLOY"});
    foreign["deploymentConfiguration"] = json!({});
    foreign["taskDefinition"] = json!("web");
    desk.pocket
        .call("ecs", "RegisterTaskDefinition", definition("web:v1"));
    let mut made = foreign.clone();
    made["cluster"] = json!("prod");
    desk.pocket.call("ecs", "CreateService", made);
    foreign["loadBalancers"] =
        json!([{"targetGroupArn": "arn", "containerName": "app", "containerPort": 80}]);
    desk.files(&definition("web:v2"), &foreign);
    let why = desk.refused(&[]).await;
    for said in [
        "its deployments belong to CODE_DEPLOY",
        "`loadBalancers: (none) -> [{",
        "aws deploy create-deployment",
    ] {
        assert!(why.contains(said), "{why}");
    }
    foreign["loadBalancers"] = json!([]);
    foreign["healthCheckGracePeriodSeconds"] = json!(9);
    desk.files(&definition("web:v1"), &foreign);
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    assert_eq!(desk.live()["healthCheckGracePeriodSeconds"], 9);
}

#[tokio::test(start_paused = true)]
async fn rule_06_percentages_with_which_it_could_never_roll_are_refused_with_the_smallest_change() {
    let with = |minimum: i32, maximum: i32, desired: u32| {
        let mut file = service(desired);
        file["deploymentConfiguration"] =
            json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum});
        file
    };
    // Anew, and on one that runs.
    for desk in [Desk::new(), Desk::standing().await] {
        desk.files(&definition("web:v2"), &with(100, 100, 2));
        let why = desk.refused(&[]).await;
        assert!(why.contains("set maximum percent to 150 or more"), "{why}");
        let flags = [
            "--minimum-healthy-percent",
            "75",
            "--maximum-percent",
            "100",
        ];
        let why = desk.refused(&flags).await;
        assert!(
            why.contains("or minimum healthy percent to 50 or less"),
            "{why}"
        );
        let flags = ["--maximum-percent", "150", "--wait"];
        let (exit, out, _) = desk.run(&flags).await;
        assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    }
    // The count that it will have is what counts: 75 of 100 leave room for four, not for two.
    let desk = Desk::standing().await;
    desk.files(&definition("web:v2"), &with(75, 100, 4));
    let mut file = with(75, 100, 4);
    file["availabilityZoneRebalancing"] = json!("DISABLED");
    desk.files(&definition("web:v2"), &file);
    desk.refused(&[]).await;
    let (exit, out, _) = desk.run(&["--desired-count", "4"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_service_takes_no_count() {
    let desk = Desk::new();
    let mut daemon: Value = service(1);
    daemon["schedulingStrategy"] = json!("DAEMON");
    daemon.as_object_mut().unwrap().remove("desiredCount");
    desk.files(&definition("web:v1"), &daemon);
    let why = desk.refused(&["--desired-count", "2"]).await;
    assert!(why.contains("leave --desired-count out"), "{why}");
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    let why = desk.refused(&["--desired-count", "2"]).await;
    assert!(why.contains("leave --desired-count out"), "{why}");
}

#[test]
fn rule_10_flags_that_mean_nothing_are_refused() {
    for line in [
        "ecroll service",
        "ecroll service a.json",
        "ecroll service a.json b.json c.json",
        "ecroll service a.json b.json --timeout 5",
        "ecroll service a.json b.json --desired-count=-1",
        "ecroll service a.json b.json --desired-count many",
        "ecroll service a.json b.json --handler x",
    ] {
        assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}
