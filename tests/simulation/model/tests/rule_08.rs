use super::stage::{Stage, image, nothing, service, settings};

#[tokio::test(start_paused = true)]
async fn rule_08_a_call_that_the_handler_has_no_need_of_is_caught() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.wrong(|actor| async move {
        actor.ecs.describe_clusters().send().await.unwrap();
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(8);
}
