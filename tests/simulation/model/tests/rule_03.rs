use serde_json::json;

use super::stage::{Stage, image, nothing, service, settings};

#[tokio::test(start_paused = true)]
async fn rule_03_a_push_that_rolls_twice_is_caught() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.push("web", "v1", "one", 2);
    stage.minutes(20).await;
    stage.holds();
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &image("web", "v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(3);
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_fight_with_a_person_is_caught() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    let seed = stage.describe("web")["taskDefinition"].clone();
    stage.push("web", "v1", "one", 2);
    stage.minutes(20).await;
    stage.update("web", &json!({"taskDefinition": seed}));
    stage.minutes(20).await;
    stage.holds();
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &image("web", "v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(3);
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_deployment_forced_for_nothing_is_caught() {
    let services = [service("web", &image("web", "latest"))];
    let mut forcing = settings();
    forcing.service.force = Some(true);
    let mut stage = Stage::new(&forcing, &services).await;
    stage.push("web", "latest", "one", 0);
    stage.wrong(|actor| async move {
        for _ in 0..2 {
            let update = actor.ecs.update_service().cluster("default").service("web");
            update.force_new_deployment(true).send().await.unwrap();
        }
        Ok(nothing())
    });
    stage.minutes(1).await;
    stage.minutes(6).await;
    stage.caught(3);
}
