//! Services in another account, read by the role that the configuration names.

use handler::report::Outcome;
use local::{Account, Options};
use serde_json::{Value, json};

use super::scene::{Scene, all};

const ROLE: &str = "arn:aws:iam::000000000001:role/ecroll";
const CONFIG: &str = "[[targets]]\naccount = \"000000000001\"\nregion = \"eu-west-1\"\n\
                      role = \"arn:aws:iam::000000000001:role/ecroll\"\nexternal_id = \"secret\"\n";

/// Another account with the service `prod/web`, and a role that this principal may assume.
fn partner(scene: &Scene, principal: &str) -> Account {
    let options = Options {
        account: "000000000001".to_owned(),
        ..Options::default()
    };
    let home = scene.pocket.account();
    let partner = Account::new(home.clock().clone(), options);
    home.beside(&partner);
    let there = |service, operation, input: Value| partner.call(service, operation, input).unwrap();
    let document =
        |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let trust = document(json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": principal},
        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}));
    let role = json!({"RoleName": "ecroll", "AssumeRolePolicyDocument": trust});
    there("iam", "CreateRole", role);
    let may = document(json!({"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}));
    let policy = json!({"RoleName": "ecroll", "PolicyName": "p", "PolicyDocument": may});
    there("iam", "PutRolePolicy", policy);
    there("ecs", "CreateCluster", json!({"clusterName": "prod"}));
    let containers = json!([{"name": "app", "memory": 128,
        "image": "000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:v1"}]);
    let definition = json!({"family": "web", "containerDefinitions": containers});
    there("ecs", "RegisterTaskDefinition", definition);
    let service = json!({"cluster": "prod", "serviceName": "web", "taskDefinition": "web",
        "desiredCount": 1});
    there("ecs", "CreateService", service);
    partner
}

#[tokio::test(start_paused = true)]
async fn services_of_targets_are_shown_with_their_place() {
    let scene = Scene::new(CONFIG).await;
    let _partner = partner(&scene, "*");
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    insta::assert_snapshot!(scene.text(&all()).await);
    // And the handler rolled both.
    let decisions = scene.answers.taken();
    let decisions = decisions.iter().flat_map(|answer| &answer.report.decisions);
    let rolled = decisions.filter(|decision| decision.outcome == Outcome::Rolled);
    assert_eq!(rolled.count(), 2);
    let json = scene.json(&all()).await;
    let places: Vec<&Value> = json["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| &service["account"])
        .collect();
    assert_eq!(places, ["000000000000", "000000000001"]);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_cannot_be_reached_is_named_and_the_rest_is_shown() {
    let scene = Scene::new(CONFIG).await;
    // Only the handler may, not whoever asks here.
    let handler = "arn:aws:iam::000000000000:role/ecroll-eu-west-1-handler";
    let _partner = partner(&scene, handler);
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    let text = scene.text(&all()).await;
    assert!(text.starts_with("prod/web  no push"), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("not seen: ListClusters: "), "{text}");
    assert!(
        flat.contains(ROLE) && flat.contains("sts:AssumeRole"),
        "{text}"
    );
    assert!(
        flat.contains("(target 000000000001 in eu-west-1)"),
        "{text}"
    );
}
