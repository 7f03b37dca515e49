//! What an operator sees who may not see everything, and the policy with which one may.

use handler::config::Config;
use serde_json::{Value, json};
use setup::exit::Exit;
use setup::names::{Names, Place};
use setup::policy_document::operator;
use setup::ui::Output;

use super::scene::{Scene, all, config};

/// Everything but these actions.
fn but(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "But", "Effect": "Deny", "Action": actions, "Resource": "*"},
    ]})
}

async fn rolled_back() -> Scene {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    // By now only the registry knows of it.
    scene.push("web:v1", 'c');
    let account = scene.pocket.account();
    account
        .doze_until(account.clock().now() + chrono::TimeDelta::days(2))
        .await;
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    // Somebody's own revision: its age must be asked for.
    scene.define("web", &["web:v1"]);
    scene.deploy("web", "web");
    scene.minutes(20).await;
    scene
}

async fn seen(scene: Scene, policy: &Value) -> (anyhow::Result<Exit>, String, Scene) {
    let pocket = scene.pocket.deployer(policy);
    let never = std::future::pending();
    let (exit, out, _) = pocket.verb_status(&all(), Output::Text, never).await;
    let answers = scene.answers;
    (exit, out, Scene { pocket, answers })
}

#[tokio::test(start_paused = true)]
async fn each_call_that_is_denied_is_named_and_the_rest_is_shown() {
    let calls = [
        "ecs:ListServices",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:ListServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "ecr:DescribeImages",
        "logs:FilterLogEvents",
        "lambda:GetFunction",
    ];
    for call in calls {
        let (exit, out, _) = seen(rolled_back().await, &but(&[call])).await;
        assert_eq!(exit.unwrap(), Exit::Done, "{call}: {out}");
        let flat = out.split_whitespace().collect::<Vec<_>>().join(" ");
        let age = call == "ecr:DescribeImages";
        assert!(age || flat.contains(call), "{call}: {out}");
        let all_of_it = [
            "ecs:ListServices",
            "ecs:DescribeServices",
            "ecs:DescribeTaskDefinition",
        ];
        if !all_of_it.contains(&call) {
            assert!(out.contains("prod/web  held"), "{call}: {out}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_list_of_clusters_there_is_nothing_to_say() {
    let (exit, out, _) = seen(rolled_back().await, &but(&["ecs:ListClusters"])).await;
    let error = exit.unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Refused);
    assert!(error.to_string().contains("ecs:ListClusters"), "{error}");
    assert_eq!(out, "");
}

#[tokio::test(start_paused = true)]
async fn rule_08_the_operators_policy_allows_every_call() {
    let place = Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "*".to_owned(),
    };
    let names = Names::new("ecroll", None, &place);
    let policy = operator(&Config::default(), &names, &place);
    let policy = serde_json::to_value(policy).unwrap();
    let (exit, out, scene) = seen(rolled_back().await, &policy).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(
        out.contains("put an older image back") && !out.contains("not seen"),
        "{out}"
    );
    let asked = scene.pocket.account().permissions();
    let user = "arn:aws:iam::000000000000:user/deployer";
    let asked: Vec<_> = asked.iter().filter(|a| a.principal == user).collect();
    for action in [
        "ecs:ListServiceDeployments",
        "ecr:DescribeImages",
        "logs:FilterLogEvents",
    ] {
        assert!(
            asked.iter().any(|asked| asked.action == action),
            "{action} is not tried"
        );
    }
    let refused: Vec<_> = asked.iter().filter(|a| a.statement.is_none()).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn rule_08_with_targets_the_operator_may_reach_what_the_handler_reaches() {
    let place = Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
    };
    let names = Names::new("ecroll", None, &place);
    let config = config(
        "[[targets]]\naccount = \"222222222222\"\nregion = \"eu-west-1\"\n\
         role = \"arn:aws:iam::222222222222:role/ecroll\"\n\
         [[targets]]\naccount = \"111122223333\"\nregion = \"us-east-1\"\n",
    );
    let policy = serde_json::to_value(operator(&config, &names, &place)).unwrap();
    let statement = |sid: &str| {
        let mut statements = policy["Statement"].as_array().unwrap().iter();
        statements.find(|s| s["Sid"] == sid).unwrap().clone()
    };
    let reach = statement("PreviewTargets");
    assert_eq!(
        reach["Resource"],
        json!(["arn:aws:iam::222222222222:role/ecroll"])
    );
    assert_eq!(reach["Action"], json!(["sts:AssumeRole"]));
    for sid in ["ListServices", "ReadServices", "PreviewHistory"] {
        let text = statement(sid).to_string();
        assert!(
            text.contains("ecs:us-east-1:111122223333:"),
            "{sid}: {text}"
        );
        assert!(
            text.contains("ecs:eu-west-1:111122223333:"),
            "{sid}: {text}"
        );
    }
}
