use serde_json::json;

use super::stage::{Stage, image, nothing, says, service, settings};
use crate::trace::Settings;

async fn stage() -> Stage {
    Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_push_that_nobody_decides_on_is_caught_in_time_and_in_the_end() {
    let mut stage = stage().await;
    stage.wrong(|_| async { Ok(nothing()) });
    stage.push("web", "v1", "one", 2);
    stage.minutes(11).await;
    stage.holds();
    stage.minutes(2).await;
    stage.caught(1);
    stage.end().await;
    stage.caught(1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_late_decision_is_caught() {
    let mut stage = stage().await;
    stage
        .account
        .host(std::sync::Arc::new(|_| Box::pin(async { Ok(nothing()) })));
    stage.push("web", "v1", "one", 2);
    // Time passes in one stretch, at whose end everything is decided.
    let until = stage.now() + chrono::TimeDelta::minutes(20);
    stage.account.run_until(until).await;
    let _answers = setup::replay::host(&stage.account);
    stage.minutes(8).await;
    stage.caught(1);
    stage.end().await;
    stage.holds();
}

#[tokio::test(start_paused = true)]
async fn rule_01_while_something_goes_wrong_on_purpose_a_decision_may_be_late() {
    let mut stage = stage().await;
    stage.calm_since = None;
    stage.wrong(|_| async { Ok(nothing()) });
    stage.push("web", "v1", "one", 2);
    stage.minutes(60).await;
    stage.holds();
    stage.calm_since = Some(stage.now());
    stage.minutes(9).await;
    stage.holds();
    stage.minutes(2).await;
    stage.caught(1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_without_a_sweep_a_lost_push_is_caught_in_the_end() {
    let settings = Settings {
        sweep: None,
        ..settings()
    };
    let mut stage = Stage::new(&settings, &[service("web", &image("web", "seed"))]).await;
    stage.wrong(|_| async { Ok(nothing()) });
    stage.push("web", "v1", "one", 2);
    stage.minutes(60).await;
    stage.holds();
    stage.end().await;
    stage.caught(1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_lie_about_a_roll_is_caught() {
    let mut stage = stage().await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|_| async { Ok(says("web", "v1", "one", "rolled", "v1 is the newest push")) });
    stage.minutes(6).await;
    stage.caught(1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_lie_about_what_runs_is_caught() {
    let mut stage = stage().await;
    stage.push("web", "seed", "zero", 0);
    stage.deploy("web", &image("web", "seed"));
    stage.minutes(20).await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|_| async { Ok(says("web", "v1", "one", "unchanged", "v1 runs already")) });
    stage.minutes(6).await;
    stage.caught(1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_second_decision_on_one_push_is_caught() {
    let mut stage = stage().await;
    stage.push("web", "v1", "one", 0);
    stage.wrong(|_| async {
        let mut report = says("web", "v1", "one", "held", "on hold");
        let again = report["decisions"][0].clone();
        report["decisions"].as_array_mut().unwrap().push(again);
        Ok(report)
    });
    stage.minutes(6).await;
    stage.caught(1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_two_decisions_on_what_only_the_ledger_names_are_caught() {
    let mut stage = stage().await;
    stage.wrong(|_| async {
        let mut report = says("web", "v1", "one", "skipped", "not now");
        report["decisions"][0]["digest"] = json!("");
        let again = report["decisions"][0].clone();
        report["decisions"].as_array_mut().unwrap().push(again);
        report["pushes"] = json!([]);
        Ok(report)
    });
    stage.minutes(6).await;
    stage.said("2 decisions on 1 pushes of web");
}
