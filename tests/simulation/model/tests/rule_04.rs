use super::stage::{Stage, following, image, nothing, says, service, settings};
use crate::trace::{Policy, Service};

async fn caught(services: &[Service], rolled: &'static str, to: String) {
    let mut stage = Stage::new(&settings(), services).await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(move |actor| {
        let to = to.clone();
        async move {
            actor.roll_raw(rolled, &to).await;
            Ok(nothing())
        }
    });
    stage.minutes(6).await;
    stage.caught(4);
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_roll_of_another_repositorys_service_is_caught() {
    let services = [service("web-admin", &image("web-admin", "seed"))];
    caught(&services, "web-admin", image("web-admin", "v1")).await;
    caught(&services, "web-admin", image("web", "v1")).await;
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_roll_to_a_tag_that_the_policy_does_not_take_is_caught() {
    let services = [following("web", &image("web", "seed"), "prefix:main-")];
    caught(&services, "web", image("web", "v1")).await;
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_roll_of_a_service_on_hold_is_caught() {
    let own = Policy {
        hold: Some(true),
        ..Policy::default()
    };
    let held = Service {
        own,
        ..service("web", &image("web", "seed"))
    };
    caught(&[held], "web", image("web", "v1")).await;
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_container_of_another_repository_that_changes_is_caught() {
    let mut both = service("web", &image("web", "seed"));
    both.containers
        .push(("side".to_owned(), image("side", "seed")));
    // The wrong handler writes the pushed image into both containers.
    caught(&[both], "web", image("web", "v1")).await;
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_decision_on_a_service_that_does_not_run_the_repository_is_caught() {
    let services = [service("api", &image("api", "seed"))];
    let mut stage = Stage::new(&settings(), &services).await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|_| async { Ok(says("api", "v1", "one", "skipped", "not mine")) });
    stage.minutes(6).await;
    stage.caught(4);
}
