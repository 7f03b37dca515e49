//! What no record told of is asked of the registry, and only what it holds is believed.

use chrono::TimeDelta;
use serde_json::json;

use super::stage::{Stage, nothing, says, service, settings};
use crate::history::{HOME, REGION, digest, host};
use crate::trace::{Kind, Push, Settings};

/// An image in the account's own registry.
fn own(tag: &str) -> String {
    format!("{}/web:{tag}", host(HOME, REGION))
}

async fn stage() -> Stage {
    let settings = Settings {
        reconcile: true,
        ..settings()
    };
    Stage::new(&settings, &[service("web", &own("seed"))]).await
}

/// A push of which no record ever tells.
fn unheard(stage: &mut Stage, tag: &str, name: &str) {
    let at = stage.now();
    stage.push_as(Push {
        id: format!("{tag}-{name}"),
        account: HOME.to_owned(),
        region: REGION.to_owned(),
        repository: "web".to_owned(),
        tag: Some(tag.to_owned()),
        digest: digest(name),
        at,
        delivered: Vec::new(),
        kind: Kind::Image,
        healthy: true,
    });
}

#[tokio::test(start_paused = true)]
async fn a_push_without_a_record_is_found_and_breaks_no_rule() {
    let mut stage = stage().await;
    unheard(&mut stage, "v1", "one");
    for _ in 0..8 {
        stage.minutes(15).await;
    }
    stage.end().await;
    stage.holds();
    assert_eq!(stage.image_of("web"), own("v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_registry_that_nobody_asks_is_caught_in_the_end() {
    let mut stage = stage().await;
    unheard(&mut stage, "v1", "one");
    stage.wrong(|_| async { Ok(nothing()) });
    stage.minutes(100).await;
    stage.holds();
    stage.end().await;
    stage.said("of which no record told, and nobody asked");
}

#[tokio::test(start_paused = true)]
async fn rule_04_what_may_still_be_under_way_is_not_missed_yet() {
    let mut stage = stage().await;
    unheard(&mut stage, "v1", "one");
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &own("v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(4);
}

#[tokio::test(start_paused = true)]
async fn rule_04_an_image_that_is_not_the_newest_of_the_registry_is_caught() {
    let mut stage = stage().await;
    unheard(&mut stage, "v1", "one");
    stage.wrong(|_| async { Ok(nothing()) });
    stage.minutes(30).await;
    unheard(&mut stage, "v2", "two");
    stage.minutes(30).await;
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &own("v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(4);
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_push_in_the_report_that_nobody_made_is_caught() {
    let mut stage = stage().await;
    unheard(&mut stage, "v1", "one");
    stage.wrong(|_| async {
        let mut report = says(
            "web",
            "v9",
            "nine",
            "skipped",
            "the policy does not take the tag v9",
        );
        report["pushes"][0]["account"] = json!(HOME);
        report["pushes"][0]["event_id"] = json!("ecr:found-nine");
        report["decisions"] = json!([]);
        Ok(report)
    });
    stage.minutes(6).await;
    stage.said("nobody pushed");
}

#[tokio::test(start_paused = true)]
async fn rule_04_without_reconcile_the_registry_is_no_reason() {
    let mut stage = Stage::new(&settings(), &[service("web", &own("seed"))]).await;
    unheard(&mut stage, "v1", "one");
    let until = stage.now() + TimeDelta::minutes(30);
    stage.account.run_until(until).await;
    stage.wrong(|actor| async move {
        actor.roll_raw("web", &own("v1")).await;
        Ok(nothing())
    });
    stage.minutes(6).await;
    stage.caught(4);
}
