//! What destroying leaves: nothing of ours, and everything of others as it was.

use handler::config::Config;
use local::Options;
use serde_json::{Value, json};
use setup::diff::Action;
use setup::exit::Exit;
use setup::ui::Output;

use crate::faulty::{Faulty, When};
use crate::pocket::Pocket;
use crate::whole::differences;

const BUCKET: &str = "s3 ecroll-000000000000-eu-west-1";

/// Things of others, some with names like ours.
fn others(pocket: &Pocket) {
    pocket.foreign_trails(2);
    pocket.service("prod", "web", "web-task");
    pocket.call("sns", "CreateTopic", json!({"Name": "ecroll-not-ours"}));
    pocket.call("sqs", "CreateQueue", json!({"QueueName": "ecroll"}));
    let tags = json!({"ecroll:owner": "another"});
    let group = json!({"logGroupName": "/ecroll/trail-of-another", "tags": tags});
    pocket.call("logs", "CreateLogGroup", group);
    let to = json!([{"metricName": "Pushes", "metricNamespace": "theirs", "metricValue": "1"}]);
    let filter = json!({"logGroupName": "/ecroll/trail-of-another", "filterName": "ecroll",
        "filterPattern": "", "metricTransformations": to});
    pocket.call("logs", "PutMetricFilter", filter);
}

#[tokio::test(start_paused = true)]
async fn rule_09_destroy_leaves_nothing_of_ours_and_all_of_theirs() {
    let pocket = Pocket::new(Options::default());
    others(&pocket);
    pocket.wait_a_minute().await;
    let before = pocket.whole();
    pocket.set_up(&Config::default()).await.unwrap();
    let made = differences(&before, &pocket.whole());
    assert!(made.len() > 14, "{made:?}");
    // Files, events and messages that came meanwhile go with what holds them.
    for number in 0..1500 {
        let file = json!({"Bucket": "ecroll-000000000000-eu-west-1", "Key": format!("AWSLogs/{number}.json.gz")});
        pocket.call("s3", "PutObject", file);
    }
    pocket.wait_a_minute().await;
    pocket.push_is_recorded().await;
    pocket.forget();
    let never = std::future::pending::<()>;
    let (exit, out, err) = pocket.verb_destroy(true, true, Output::Text, never()).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert_eq!(err, "");
    insta::assert_snapshot!(out);
    insta::assert_debug_snapshot!("removals", pocket.writes());
    assert_eq!(differences(&before, &pocket.whole()), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_bucket_stays_unless_its_logs_are_given_up_and_twice_is_no_error() {
    let pocket = Pocket::new(Options::default());
    let before = pocket.whole();
    pocket.set_up(&Config::default()).await.unwrap();
    let file = json!({"Bucket": "ecroll-000000000000-eu-west-1", "Key": "a"});
    pocket.call("s3", "PutObject", file);
    let never = std::future::pending::<()>;
    let run = |logs| pocket.verb_destroy(true, logs, Output::Text, never());
    assert_eq!(run(false).await.0.unwrap(), Exit::Done);
    assert_eq!(differences(&before, &pocket.whole()), [BUCKET]);
    pocket.forget();
    let (exit, out, _) = run(false).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!(out);
    assert_eq!(pocket.writes(), Vec::<String>::new());
    // Setup takes up what stayed; then all of it may go.
    pocket.set_up(&Config::default()).await.unwrap();
    assert_eq!(run(true).await.0.unwrap(), Exit::Done);
    assert_eq!(differences(&before, &pocket.whole()), Vec::<String>::new());
    let (exit, out, _) = run(true).await;
    assert_eq!(
        (exit.unwrap(), out.as_str()),
        (Exit::Done, "0 to remove, 0 to keep\nnothing to remove\n")
    );
}

#[tokio::test(start_paused = true)]
async fn it_asks_and_tells_programs_the_same() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.forget();
    let never = std::future::pending::<()>;
    let (exit, out, _) = pocket
        .verb_destroy(false, false, Output::Json, never())
        .await;
    assert!(exit.unwrap_err().to_string().contains("pass --yes"));
    assert_eq!(pocket.writes(), Vec::<String>::new());
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json.get("trail"), None);
    let changes = json["changes"].as_array().unwrap();
    assert!(changes.len() > 14);
    let kept: Vec<&Value> = changes.iter().filter(|c| c["action"] == "keep").collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0]["resource"], "bucket");
    assert!(kept[0]["note"].as_str().unwrap().contains("--delete-logs"));
}

#[tokio::test(start_paused = true)]
async fn rule_09_namesakes_are_said_and_left_alone() {
    let pocket = Pocket::new(Options::default());
    others(&pocket);
    pocket.call("sns", "CreateTopic", json!({"Name": "ecroll"}));
    pocket.call(
        "logs",
        "CreateLogGroup",
        json!({"logGroupName": "/ecroll/trail"}),
    );
    let rule = json!({"Name": "ecroll-sweep", "ScheduleExpression": "rate(1 day)"});
    pocket.call("events", "PutRule", rule);
    let before = pocket.whole();
    pocket.forget();
    let never = std::future::pending::<()>;
    let (exit, out, _) = pocket.verb_destroy(true, true, Output::Text, never()).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!(out);
    assert_eq!(pocket.writes(), Vec::<String>::new());
    assert_eq!(before, pocket.whole());
}

/// Whatever call fails, before or after it took effect: what stands is said, and the next run leaves nothing.
async fn every_call_may_fail(when: When) {
    let mut failed = 0;
    loop {
        let faulty = Faulty::new(failed, when);
        let pocket = Pocket::faulty(&faulty, Options::default());
        let before = pocket.whole();
        pocket.set_up(&Config::default()).await.unwrap();
        let file = json!({"Bucket": "ecroll-000000000000-eu-west-1", "Key": "a"});
        pocket.call("s3", "PutObject", file);
        let plan = pocket.removal(&Config::default(), true).await.unwrap();
        faulty.arm();
        let outcome = pocket.apply(&plan, |_| ()).await;
        faulty.disarm();
        let Err(error) = outcome else { break };
        assert_eq!(error.exit(), Exit::Refused, "call {failed}: {error}");
        assert!(
            error.to_string().contains("run `ecroll destroy` again"),
            "{error}"
        );
        let again = pocket.removal(&Config::default(), true).await.unwrap();
        let second = pocket.apply(&again, |_| ()).await;
        second.unwrap_or_else(|again| panic!("call {failed}: {error}\nthen: {again}"));
        let left = differences(&before, &pocket.whole());
        assert_eq!(left, Vec::<String>::new(), "call {failed}: {error}");
        failed += 1;
    }
    assert!(failed > 20, "only {failed} calls were tried");
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_fails_leaves_what_the_next_run_removes() {
    every_call_may_fail(When::Before).await;
}

#[tokio::test(start_paused = true)]
async fn a_removal_whose_answer_is_lost_leaves_what_the_next_run_removes() {
    every_call_may_fail(When::After).await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_removal_says_what_is_gone_and_the_next_goes_on() {
    let options = Options {
        call_latency: std::time::Duration::from_millis(100),
        ..Options::default()
    };
    let pocket = Pocket::new(options);
    let before = pocket.whole();
    pocket.set_up(&Config::default()).await.unwrap();
    let reads = pocket.removal(&Config::default(), true).await.unwrap();
    assert_eq!(reads.count(Action::Keep), 0);
    let soon = tokio::time::sleep(std::time::Duration::from_secs(6));
    let (exit, _, err) = pocket.verb_destroy(true, true, Output::Text, soon).await;
    assert_eq!(exit.unwrap(), Exit::Interrupted);
    assert!(
        err.contains("interrupted; finished: dashboard `ecroll`, rule `ecroll-sweep`"),
        "{err}"
    );
    assert!(err.contains("run `ecroll destroy` again"), "{err}");
    let never = std::future::pending::<()>;
    let (exit, _, _) = pocket.verb_destroy(true, true, Output::Text, never()).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert_eq!(differences(&before, &pocket.whole()), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_role_with_further_policies_is_refused_with_the_mend() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    let policy =
        json!({"Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]})
            .to_string();
    let more = json!({"RoleName": "ecroll-eu-west-1-trail", "PolicyName": "theirs", "PolicyDocument": policy});
    pocket.call("iam", "PutRolePolicy", more);
    let plan = pocket.removal(&Config::default(), true).await.unwrap();
    let error = pocket.apply(&plan, |_| ()).await.unwrap_err();
    insta::assert_snapshot!(error);
}

#[tokio::test(start_paused = true)]
async fn setup_right_after_destroy_waits_for_the_names_of_the_queues() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    let plan = pocket.removal(&Config::default(), true).await.unwrap();
    pocket.apply(&plan, |_| ()).await.unwrap();
    pocket.set_up(&Config::default()).await.unwrap();
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
}
