use aws_sdk_ecs::types::Tag;
use serde_json::json;

use super::stage::{Stage, image, nothing, service, settings};

async fn tagging(service: &'static str, key: &'static str) -> Stage {
    let services = [
        super::stage::service("web", &image("web", "seed")),
        super::stage::service("nginx", "nginx:latest"),
    ];
    let mut stage = Stage::new(&settings(), &services).await;
    stage.push("web", "v1", "one", 1);
    stage.minutes(10).await;
    stage.holds();
    let arn = stage.describe(service)["serviceArn"]
        .as_str()
        .unwrap()
        .to_owned();
    stage.wrong(move |actor| {
        let arn = arn.clone();
        async move {
            let tag = Tag::builder().key(key).value("x").build();
            let call = actor.ecs.tag_resource().resource_arn(arn).tags(tag);
            call.send().await.unwrap();
            Ok(nothing())
        }
    });
    stage.minutes(6).await;
    stage
}

#[tokio::test(start_paused = true)]
async fn rule_09_a_tag_on_a_service_that_is_not_followed_is_caught() {
    tagging("nginx", "ecroll:0a0a0a0a").await.caught(9);
}

#[tokio::test(start_paused = true)]
async fn rule_09_a_tag_that_is_not_ecrolls_own_is_caught() {
    tagging("web", "team").await.caught(9);
}

#[tokio::test(start_paused = true)]
async fn rule_09_what_changes_behind_the_handlers_back_is_caught_in_the_end() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.minutes(6).await;
    let rule = json!({"Name": "somebody's", "ScheduleExpression": "rate(1 day)"});
    stage.account.call("events", "PutRule", rule).unwrap();
    stage.end().await;
    stage.caught(9);
}
