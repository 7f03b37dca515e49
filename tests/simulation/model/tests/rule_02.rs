use super::stage::{Stage, following, image, nothing, service, settings};

#[tokio::test(start_paused = true)]
async fn rule_02_a_roll_to_an_older_push_is_caught() {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.push("web", "v1", "one", 2);
    stage.minutes(1).await;
    stage.push("web", "v2", "two", 2);
    stage.minutes(30).await;
    stage.holds();
    assert_eq!(stage.image_of("web"), image("web", "v2"));
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &image("web", "v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(2);
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_roll_to_what_is_older_than_a_persons_deployment_is_caught() {
    let services = [following("web", &image("web", "seed"), "prefix:v")];
    let mut stage = Stage::new(&settings(), &services).await;
    stage.push("web", "v1", "one", 10);
    stage.minutes(1).await;
    stage.push("web", "fix", "two", 2);
    stage.deploy("web", &image("web", "fix"));
    stage.minutes(20).await;
    stage.holds();
    assert_eq!(stage.image_of("web"), image("web", "fix"));
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &image("web", "v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(2);
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_lower_version_is_caught() {
    let services = [following("web", &image("web", "1.0.0"), "newest-semver")];
    let mut stage = Stage::new(&settings(), &services).await;
    stage.push("web", "2.0.0", "two", 2);
    stage.minutes(20).await;
    stage.push("web", "1.9.5", "patch", 2);
    stage.minutes(20).await;
    stage.holds();
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &image("web", "1.9.5")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(2);
}
