use aws_sdk_ecs::types::DeploymentConfiguration;

use super::stage::{Stage, image, nothing, service, settings};

#[tokio::test(start_paused = true)]
async fn rule_07_fewer_healthy_tasks_than_asked_for_are_caught() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|actor| async move {
        let arn = actor.register_raw("web", &image("web", "v1")).await;
        let fewer = DeploymentConfiguration::builder()
            .minimum_healthy_percent(0)
            .build();
        actor.update("web", &arn, Some(fewer)).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(7);
}

#[tokio::test(start_paused = true)]
async fn rule_07_a_count_that_is_sent_along_is_caught() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|actor| async move {
        let arn = actor.register_raw("web", &image("web", "v1")).await;
        let update = actor.ecs.update_service().cluster("default").service("web");
        update
            .task_definition(arn)
            .desired_count(1)
            .send()
            .await
            .unwrap();
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(7);
}
