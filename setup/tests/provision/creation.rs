//! What the first run makes, and that the second makes nothing.

use handler::config::Config;
use local::Options;
use serde_json::json;
use setup::Code;
use setup::diff::{Action, Change};

use crate::pocket::Pocket;

#[tokio::test(start_paused = true)]
async fn an_empty_account_gets_the_whole_pipeline() {
    let pocket = Pocket::new(Options::default());
    let plan = pocket.plan(&Config::default()).await.unwrap();
    insta::assert_snapshot!(plan);
    assert!(
        plan.changes
            .iter()
            .all(|change| change.action == Action::Create)
    );
    assert_eq!(pocket.writes(), Vec::<String>::new(), "a plan reads only");

    let mut told = Vec::new();
    pocket
        .apply(&plan, |change| told.push(change.subject()))
        .await
        .unwrap();
    let planned: Vec<String> = plan.changes.iter().map(Change::subject).collect();
    assert_eq!(told, planned, "progress tells of every resource, in order");
    insta::assert_debug_snapshot!("writes", pocket.writes());

    let trail = pocket.answer("cloudtrail", "GetTrailStatus", json!({ "Name": "ecroll" }));
    assert_eq!(trail["IsLogging"], true, "{trail}");
}

#[tokio::test(start_paused = true)]
async fn a_second_run_writes_nothing() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.forget();
    let plan = pocket.plan(&Config::default()).await.unwrap();
    let odd: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| change.is_work())
        .collect();
    assert!(odd.is_empty(), "{odd:#?}");
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(pocket.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_notified_hears_how_rolls_end_until_notify_is_taken_out_again() {
    let pocket = Pocket::new(Options::default());
    let notify = Some("arn:aws:sns:eu-west-1:000000000000:deployments".to_owned());
    let config = Config {
        notify,
        ..Config::default()
    };
    pocket.set_up(&config).await.unwrap();
    let rule = || {
        pocket.answer(
            "events",
            "DescribeRule",
            json!({"Name": "ecroll-deployments"}),
        )
    };
    assert_eq!(rule()["State"], "ENABLED");
    let pattern = rule()["EventPattern"].as_str().unwrap().to_owned();
    assert!(
        pattern.contains("SERVICE_DEPLOYMENT_COMPLETED"),
        "{pattern}"
    );
    assert!(!pocket.plan(&config).await.unwrap().is_work());
    pocket.set_up(&Config::default()).await.unwrap();
    assert_eq!(rule()["State"], "DISABLED");
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
}

#[tokio::test(start_paused = true)]
async fn the_first_run_sets_since_and_later_runs_keep_it() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    let first = pocket.function_config();
    assert_eq!(first["log_group"], "/ecroll/trail");
    assert_eq!(first["since"], "2026-03-01T12:00:00Z");

    pocket.wait_a_day().await;
    let config = Config {
        sweep: None,
        ..Config::default()
    };
    pocket.set_up(&config).await.unwrap();
    let second = pocket.function_config();
    assert_eq!(second["since"], first["since"]);
    assert_eq!(second["sweep"], "off");
}

#[tokio::test(start_paused = true)]
async fn another_name_is_another_pipeline_in_the_same_account() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    let config = Config {
        name: "second".to_owned(),
        ..Config::default()
    };
    pocket.set_up(&config).await.unwrap();
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
    assert!(!pocket.plan(&config).await.unwrap().is_work());
}

#[tokio::test(start_paused = true)]
async fn rule_08_pass_role_names_the_roles_of_the_services_that_follow() {
    let pocket = Pocket::new(Options::default());
    pocket.service("prod", "web", "web-task");
    pocket.service("stage", "web", "stage-task");
    let config = Config {
        clusters: vec!["pro*".to_owned()],
        ..Config::default()
    };
    pocket.set_up(&config).await.unwrap();
    let input = json!({ "RoleName": "ecroll-eu-west-1-handler", "PolicyName": "ecroll" });
    let policy = pocket.answer("iam", "GetRolePolicy", input).to_string();
    assert!(policy.contains("web-task"), "{policy}");
    assert!(!policy.contains("stage-task"), "{policy}");
}

#[tokio::test(start_paused = true)]
async fn an_account_without_concurrency_to_reserve_gets_a_note_and_no_second_try() {
    let options = Options {
        account_concurrency: 10,
        ..Options::default()
    };
    let pocket = Pocket::new(options);
    let plan = pocket.plan(&Config::default()).await.unwrap();
    let mut notes = Vec::new();
    pocket
        .apply(&plan, |change| notes.extend(change.note.clone()))
        .await
        .unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("limit leaves no concurrency"),
        "{notes:?}"
    );
    let plan = pocket.plan(&Config::default()).await.unwrap();
    assert!(!plan.is_work(), "{plan}");
}

#[tokio::test(start_paused = true)]
async fn a_large_zip_is_warned_about_and_a_small_one_is_not() {
    let pocket = Pocket::new(Options::default());
    let mut code = Code::placeholder();
    let note = async |code: &Code| {
        let plan = pocket.plan_with(code, &Config::default()).await.unwrap();
        let function = plan.changes.into_iter().find(|c| c.resource == "function");
        function.unwrap().note
    };
    assert_eq!(note(&code).await, None);
    code.zip.resize(5 * 1024 * 1024, 0);
    let note = note(&code).await.unwrap();
    assert!(
        note.starts_with("the zip has 5 MB; build it with `--profile lambda`"),
        "{note}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_configured_since_goes_before_the_first_run() {
    let pocket = Pocket::new(Options::default());
    let since = "2026-01-01T00:00:00Z".parse().unwrap();
    let config = Config {
        since: Some(since),
        ..Config::default()
    };
    pocket.set_up(&config).await.unwrap();
    assert_eq!(pocket.function_config()["since"], "2026-01-01T00:00:00Z");
}
