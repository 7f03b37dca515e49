//! What is refused, and what stands afterwards.

use handler::config::Config;
use local::Options;
use serde_json::json;
use setup::Error;
use setup::diff::Action;
use setup::exit::Exit;

use crate::faulty::{Faulty, When};
use crate::pocket::Pocket;

#[tokio::test(start_paused = true)]
async fn rule_09_namesakes_are_refused_all_at_once_and_left_alone() {
    let pocket = Pocket::new(Options::default());
    pocket.call("sns", "CreateTopic", json!({ "Name": "ecroll" }));
    pocket.call(
        "logs",
        "CreateLogGroup",
        json!({ "logGroupName": "/ecroll/trail" }),
    );
    let owner = json!([{ "Key": "ecroll:owner", "Value": "another" }]);
    pocket.call(
        "cloudwatch",
        "PutMetricAlarm",
        json!({
            "AlarmName": "ecroll-pushes", "Namespace": "theirs", "MetricName": "theirs",
            "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1, "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold", "Tags": owner,
        }),
    );
    pocket.forget();
    let error = pocket.set_up(&Config::default()).await.unwrap_err();
    insta::assert_snapshot!(error);
    assert_eq!(error.exit(), Exit::Wrong);
    assert_eq!(pocket.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_cannot_be_created_leaves_none_and_the_next_run_goes_on() {
    let pocket = Pocket::new(Options::default());
    // The quota of five trails is used up.
    pocket.foreign_trails(5);
    pocket.forget();
    let refused = pocket.plan(&Config::default()).await.unwrap_err();
    insta::assert_snapshot!("quota", refused);
    assert_eq!(refused.exit(), Exit::Wrong);
    // Where nothing is looked at, CloudTrail itself says so.
    let config = Config {
        trail: handler::config::Trail::Create,
        ..Config::default()
    };
    let plan = pocket.plan(&config).await.unwrap();
    let error = pocket.apply(&plan, |_| ()).await.unwrap_err();
    insta::assert_snapshot!(error);
    assert_eq!(error.exit(), Exit::Refused);
    assert!(pocket.refused("cloudtrail", "GetTrail", json!({ "Name": "ecroll" })));

    pocket.call("cloudtrail", "DeleteTrail", json!({ "Name": "theirs-1" }));
    let plan = pocket.plan(&config).await.unwrap();
    assert_eq!(plan.count(Action::Keep), 3, "what stood is kept: {plan}");
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert!(!pocket.plan(&config).await.unwrap().is_work());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_for_is_refused_before_any_write() {
    let pocket = Pocket::new(Options::default());
    let trail = handler::config::Trail::Reuse("theirs".to_owned());
    let error = pocket
        .set_up(&Config {
            trail,
            ..Config::default()
        })
        .await
        .unwrap_err();
    assert!(error.to_string().contains("has no such trail"), "{error}");

    let clusters = (0..300).map(|n| format!("cluster-number-{n}")).collect();
    let error = pocket
        .set_up(&Config {
            clusters,
            ..Config::default()
        })
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Wrong(text) if text.contains("4096")),
        "{error}"
    );
    assert_eq!(pocket.writes(), Vec::<String>::new());
}

/// S3 answers 403 to whoever asks for a bucket of another account, as to whoever may not list one.
#[tokio::test(start_paused = true)]
async fn a_bucket_of_another_account_is_refused_before_any_write_with_the_way_out() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "But", "Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*"},
    ]});
    let pocket = Pocket::new(Options::default());
    let bucket = json!({"Bucket": "ecroll-000000000000-eu-west-1"});
    pocket.call("s3", "CreateBucket", bucket);
    let pocket = pocket.deployer(&policy);
    pocket.forget();
    let error = pocket.set_up(&Config::default()).await.unwrap_err();
    insta::assert_snapshot!(error);
    assert_eq!(error.exit(), Exit::Wrong);
    assert_eq!(pocket.writes(), Vec::<String>::new());
}

/// Whatever call fails, before or after it took effect: the next run brings the pipeline to its end.
async fn every_call_may_fail(when: When) {
    let mut failed = 0;
    loop {
        let faulty = Faulty::new(failed, when);
        let pocket = Pocket::faulty(&faulty, Options::default());
        let plan = pocket.plan(&Config::default()).await.unwrap();
        faulty.arm();
        let outcome = pocket.apply(&plan, |_| ()).await;
        faulty.disarm();
        let Err(error) = outcome else { break };
        assert_eq!(error.exit(), Exit::Refused, "call {failed}: {error}");
        assert!(
            error.to_string().contains("run `ecroll setup` again"),
            "{error}"
        );
        pocket.wait_a_minute().await;
        let repaired = pocket.set_up(&Config::default()).await;
        repaired.unwrap_or_else(|again| panic!("call {failed}: {error}\nthen: {again}"));
        let plan = pocket.plan(&Config::default()).await.unwrap();
        assert!(!plan.is_work(), "call {failed}: {error}\n{plan}");
        failed += 1;
    }
    assert!(failed > 25, "only {failed} calls were tried");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_leaves_what_the_next_run_repairs() {
    every_call_may_fail(When::Before).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_leaves_what_the_next_run_repairs() {
    every_call_may_fail(When::After).await;
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_cannot_be_finished_is_deleted() {
    for operation in ["PutEventSelectors", "StartLogging"] {
        let faulty = Faulty::at(operation);
        let pocket = Pocket::faulty(&faulty, Options::default());
        let plan = pocket.plan(&Config::default()).await.unwrap();
        faulty.arm();
        let error = pocket.apply(&plan, |_| ()).await.unwrap_err();
        assert!(error.to_string().contains(operation), "{error}");
        assert_eq!(pocket.writes().last().unwrap(), "cloudtrail:DeleteTrail");
        assert!(pocket.refused("cloudtrail", "GetTrail", json!({ "Name": "ecroll" })));
    }
}
