//! A later wave waits for the earlier ones.

use serde_json::json;

use super::stage::{Stage, following, image, nothing, says, service, settings};
use crate::trace::{Policy, Service, Settings};

async fn stage() -> Stage {
    let settings = Settings {
        waves: vec![vec!["default/canary".to_owned()]],
        ..settings()
    };
    let canary = Service {
        breaker: true,
        rollback: true,
        ..service("canary", &image("web", "seed"))
    };
    Stage::new(&settings, &[canary, service("web", &image("web", "seed"))]).await
}

#[tokio::test(start_paused = true)]
async fn waves_in_their_order_break_no_rule() {
    let mut stage = stage().await;
    stage.push("web", "v1", "one", 2);
    for _ in 0..6 {
        stage.minutes(10).await;
    }
    stage.push("web", "crash-2", "two", 2);
    stage.end().await;
    stage.holds();
    assert_eq!(stage.image_of("canary"), image("web", "v1"), "undone");
    assert_eq!(stage.image_of("web"), image("web", "v1"), "never rolled");
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_later_wave_that_goes_first_is_caught() {
    let mut stage = stage().await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &image("web", "v1")).await;
        Ok(says("web", "v1", "one", "rolled", "v1 is the newest push"))
    });
    stage.minutes(6).await;
    stage.said("default/canary of wave 1 does not run it");
}

#[tokio::test(start_paused = true)]
async fn rule_01_waves_that_go_at_once_are_caught() {
    let mut stage = stage().await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|actor| async move {
        actor.roll_raw("canary", &image("web", "v1")).await;
        actor.roll_raw("web", &image("web", "v1")).await;
        let mut report = says("canary", "v1", "one", "rolled", "v1 is the newest push");
        let mut second = report["decisions"][0].clone();
        second["service"] = json!("web");
        report["decisions"].as_array_mut().unwrap().push(second);
        Ok(report)
    });
    stage.minutes(6).await;
    stage.said("default/canary of wave 1 is still being deployed");
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_push_that_the_earlier_wave_undid_and_that_goes_on_is_caught() {
    let mut stage = stage().await;
    stage.push("web", "crash-1", "one", 0);
    stage.minutes(100).await;
    stage.holds();
    assert_eq!(stage.image_of("canary"), image("web", "seed"), "undone");
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &image("web", "crash-1")).await;
        Ok(says(
            "web",
            "crash-1",
            "one",
            "rolled",
            "it is the newest push",
        ))
    });
    stage.minutes(6).await;
    stage.said("default/canary of wave 1 had it undone");
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_forced_deployment_that_does_not_wait_is_caught() {
    let settings = Settings {
        waves: vec![vec!["default/canary".to_owned()]],
        ..settings()
    };
    let forced = Service {
        own: Policy {
            force: Some(true),
            ..Policy::default()
        },
        ..service("web", &image("web", "latest"))
    };
    let canary = service("canary", &image("web", "seed"));
    let mut stage = Stage::new(&settings, &[canary, forced]).await;
    stage.push("web", "latest", "one", 0);
    stage.wrong(|actor| async move {
        actor.force("web").await;
        Ok(says(
            "web",
            "latest",
            "one",
            "rolled",
            "it is the newest push",
        ))
    });
    stage.minutes(6).await;
    stage.said("default/canary of wave 1 does not run it");
}

/// The canary takes any tag, the other service versions.
async fn of_two_policies() -> Stage {
    let settings = Settings {
        waves: vec![vec!["default/canary".to_owned()]],
        ..settings()
    };
    let canary = Service {
        breaker: true,
        rollback: true,
        ..service("canary", &image("web", "seed"))
    };
    let versions = following("web", &image("web", "seed"), "prefix:v");
    Stage::new(&settings, &[canary, versions]).await
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_later_wave_that_is_forgotten_is_caught_though_an_earlier_one_went_on() {
    for forgets in [false, true] {
        let mut stage = of_two_policies().await;
        stage.push("web", "v1", "one", 0);
        stage.minutes(1).await;
        stage.push("web", "main", "two", 0);
        stage.until_it_runs("canary", "main").await;
        assert_eq!(stage.image_of("web"), image("web", "seed"));
        if forgets {
            let nobody = |_| Box::pin(async { Ok(nothing()) }) as _;
            stage.account.host(std::sync::Arc::new(nobody));
        }
        stage.end().await;
        assert_eq!(stage.image_of("canary"), image("web", "main"));
        if forgets {
            stage.caught(1);
        } else {
            stage.holds();
            assert_eq!(stage.image_of("web"), image("web", "v1"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_what_an_earlier_wave_undid_goes_no_further_after_a_newer_tag_either() {
    for wrong in [false, true] {
        let mut stage = of_two_policies().await;
        let before = stage.describe("canary")["taskDefinition"].clone();
        stage.push("web", "v1", "one", 0);
        stage.until_it_runs("canary", "v1").await;
        assert_eq!(stage.image_of("web"), image("web", "seed"));
        stage.update("canary", &json!({"taskDefinition": before}));
        stage.minutes(30).await;
        stage.push("web", "main", "two", 0);
        stage.minutes(30).await;
        stage.holds();
        assert_eq!(stage.image_of("canary"), image("web", "main"));
        if wrong {
            stage.wrong(|actor| async move {
                actor.roll_raw("web", &image("web", "v1")).await;
                Ok(says("web", "v1", "one", "rolled", "v1 is the newest push"))
            });
            stage.minutes(6).await;
            stage.said("default/canary of wave 1 had it undone");
        } else {
            stage.end().await;
            stage.holds();
            assert_eq!(stage.image_of("web"), image("web", "seed"), "never rolled");
        }
    }
}
