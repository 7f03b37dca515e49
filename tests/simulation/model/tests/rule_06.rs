use super::stage::{Stage, image, nothing, says, service, settings};
use crate::trace::Service;

fn stuck() -> Service {
    Service {
        minimum: 75,
        maximum: 100,
        ..service("web", &image("web", "seed"))
    }
}

#[tokio::test(start_paused = true)]
async fn rule_06_a_roll_that_cannot_move_is_caught() {
    let mut stage = Stage::new(&settings(), &[stuck()]).await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &image("web", "v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(6);
}

#[tokio::test(start_paused = true)]
async fn rule_06_a_refusal_without_the_smallest_change_is_caught() {
    let mut stage = Stage::new(&settings(), &[stuck()]).await;
    stage.push("web", "v1", "one", 0);
    let reason = "no task may move: set maximum percent to 200 or more, or minimum to 0 or less";
    stage.wrong(move |_| async move { Ok(says("web", "v1", "one", "refused", reason)) });
    stage.minutes(6).await;
    stage.caught(6);
}

#[tokio::test(start_paused = true)]
async fn rule_06_a_refusal_of_what_can_move_is_caught() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.push("web", "v1", "one", 0);
    let reason = "no task may move with 50 % and 200 %";
    stage.wrong(move |_| async move { Ok(says("web", "v1", "one", "refused", reason)) });
    stage.minutes(6).await;
    stage.caught(6);
}
