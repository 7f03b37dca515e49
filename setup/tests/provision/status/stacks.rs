//! Stacks and waves, as `status` tells of them.

use local::cloudformation::Doomed;
use serde_json::json;

use super::scene::{Scene, all, named};

const STACKS: &str = r#"
[[stacks]]
stack = "shop"
repository = "shop"
parameter = "ImageTag"
tags = "prefix:v"

[[stacks]]
stack = "gone"
repository = "shop"
parameter = "ImageTag"
"#;

/// An account with the stack `shop`.
async fn scene() -> Scene {
    let scene = Scene::bare();
    let template = json!({"Parameters": {"ImageTag": {"Type": "String"}},
        "Resources": {"Service": {"Type": "AWS::ECS::Service"}}});
    let input = json!({"StackName": "shop", "TemplateBody": template.to_string(),
        "RoleARN": "arn:aws:iam::000000000000:role/shop-stack",
        "Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": "v1"}]});
    scene.pocket.call("cloudformation", "CreateStack", input);
    scene.minutes(5).await;
    scene
        .pocket
        .set_up(&super::scene::config(STACKS))
        .await
        .unwrap();
    scene.minutes(5).await;
    scene
}

#[tokio::test(start_paused = true)]
async fn a_stack_is_shown_before_its_update_during_it_and_after() {
    let scene = scene().await;
    insta::assert_snapshot!("stack_before", scene.text(&all()).await);
    scene.push("shop:v2", 'a');
    scene.pocket.wait(chrono::TimeDelta::seconds(130)).await;
    insta::assert_snapshot!("stack_waiting", scene.text(&all()).await);
    while scene.json(&all()).await["stacks"][1]["state"] != "rolling" {
        scene.seconds(5).await;
    }
    insta::assert_snapshot!("stack_during", scene.text(&all()).await);
    scene.minutes(20).await;
    insta::assert_snapshot!("stack_after", scene.text(&all()).await);
    insta::assert_json_snapshot!("stack_after_json", scene.json(&all()).await);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_was_rolled_back_is_told_with_its_reason() {
    let scene = scene().await;
    scene.pocket.account().doom(Doomed {
        stack: "shop".to_owned(),
        value: "v2".to_owned(),
        reason: "The following resource(s) failed to update: [Service].".to_owned(),
    });
    scene.push("shop:v2", 'a');
    scene.minutes(20).await;
    let from = scene.pocket.account().journal_len();
    insta::assert_snapshot!("stack_rolled_back", scene.text(&all()).await);
    let json = scene.json(&all()).await;
    let shop = &json["stacks"][1];
    assert_eq!(
        (&shop["state"], &shop["value"]),
        (&json!("held"), &json!("v1"))
    );
    assert_eq!(shop["last"]["end"], "rolled_back");
    let journal = scene.pocket.account().journal_since(from);
    let written = journal.iter().any(|entry| {
        matches!(&entry.what, local::What::Call { operation, .. } if operation == "UpdateStack")
    });
    assert!(!written, "status changes nothing");
}

#[tokio::test(start_paused = true)]
async fn waves_are_shown_with_who_waits_for_whom() {
    let waves = "[[waves]]\nservices = [\"canary\"]\n[[waves]]\nservices = [\"prod/first-*\"]\n";
    let scene = Scene::new(waves).await;
    for name in ["canary", "first-web", "web", "worker"] {
        scene.serve(name, &["web:v1"], &json!({}));
    }
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.rolls("canary").await;
    insta::assert_snapshot!("waves_waiting", scene.text(&all()).await);
    let json = scene.json(&all()).await;
    insta::assert_json_snapshot!("waves_json", json["waves"]);
    assert_eq!(json["services"][2]["wave"], 3);
    let waiting = &json["services"][2]["images"][0]["waiting"][0];
    assert_eq!(waiting["outcome"], "waiting");
    // The one that it waits for need not be asked for.
    let one = scene.text(&named("worker")).await;
    assert!(one.contains("waits for prod/canary of wave 1"), "{one}");
    assert!(!one.contains("prod/canary  "), "{one}");
    scene.minutes(30).await;
    let json = scene.json(&all()).await;
    for service in json["services"].as_array().unwrap() {
        assert_eq!(service["state"], "current", "{service}");
    }
}
