use local::FunctionError;
use serde_json::json;

use super::stage::{Stage, image, says, service, settings};

async fn stage() -> Stage {
    let mut stage = Stage::new(&settings(), &[service("web", &image("web", "seed"))]).await;
    stage.push("web", "v1", "one", 0);
    stage
}

#[tokio::test(start_paused = true)]
async fn rule_10_an_invocation_that_ends_in_a_panic_is_caught() {
    let mut stage = stage().await;
    stage.wrong(|_| async {
        Err(FunctionError {
            error_type: "Runtime.Panic".to_owned(),
            message: "panicked at index out of bounds".to_owned(),
        })
    });
    stage.minutes(6).await;
    stage.caught(10);
}

#[tokio::test(start_paused = true)]
async fn rule_10_an_answer_that_is_no_report_is_caught() {
    let mut stage = stage().await;
    stage.wrong(|_| async { Ok(json!({"trigger": "sweep", "window": null, "pushes": []})) });
    stage.minutes(6).await;
    stage.caught(10);
}

#[tokio::test(start_paused = true)]
async fn rule_10_a_dump_in_place_of_a_reason_is_caught() {
    let mut stage = stage().await;
    let dump = "ServiceError(ServiceError { source: AccessDenied })";
    stage.wrong(move |_| async move { Ok(says("web", "v1", "one", "failed", dump)) });
    stage.minutes(6).await;
    stage.caught(10);
}

#[tokio::test(start_paused = true)]
async fn rule_10_a_revision_that_is_not_there_is_caught() {
    let mut stage = stage().await;
    stage.wrong(|_| async {
        let mut report = says("web", "v1", "one", "skipped", "not now");
        report["decisions"][0]["from"] =
            json!("arn:aws:ecs:eu-west-1:000000000000:task-definition/no:7");
        Ok(report)
    });
    stage.minutes(6).await;
    stage.caught(10);
}

#[tokio::test(start_paused = true)]
async fn rule_10_a_decision_without_a_digest_on_a_push_in_sight_is_caught() {
    let mut stage = stage().await;
    stage.wrong(|_| async {
        let mut report = says("web", "v1", "one", "skipped", "not now");
        report["decisions"][0]["digest"] = json!("");
        report["decisions"][0]["event_id"] = report["pushes"][0]["event_id"].clone();
        Ok(report)
    });
    stage.minutes(6).await;
    stage.said("a decision without a digest");
}
