use super::stage::{Stage, image, nothing, service, settings};

#[tokio::test(start_paused = true)]
async fn rule_05_a_member_that_is_lost_on_the_way_is_caught() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.push("web", "v1", "one", 0);
    // A typed copy knows neither the unknown member nor the tags.
    stage.wrong(|actor| async move {
        actor.roll_typed("web", &image("web", "v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(5);
}
