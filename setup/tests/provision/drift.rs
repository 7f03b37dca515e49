//! What somebody changed is shown and mended; so is what the configuration now asks for.

use handler::config::Config;
use local::Options;
use serde_json::json;

use crate::pocket::Pocket;

#[tokio::test(start_paused = true)]
async fn drift_is_shown_and_mended() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.wait_a_minute().await;
    pocket.drift();
    pocket.wait_a_minute().await;
    let plan = pocket.plan(&Config::default()).await.unwrap();
    let changed: Vec<String> = plan
        .changes
        .iter()
        .filter(|c| c.is_work())
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(changed.join("\n"));

    pocket.forget();
    pocket.apply(&plan, |_| ()).await.unwrap();
    insta::assert_debug_snapshot!("mending", pocket.writes());
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_is_switched_off_and_on_again() {
    let pocket = Pocket::new(Options::default());
    let off = Config {
        sweep: None,
        ..Config::default()
    };
    pocket.set_up(&off).await.unwrap();
    assert!(pocket.refused("events", "DescribeRule", json!({ "Name": "ecroll-sweep" })));

    pocket.set_up(&Config::default()).await.unwrap();
    let rule = pocket.answer("events", "DescribeRule", json!({ "Name": "ecroll-sweep" }));
    assert_eq!(
        (&rule["State"], &rule["ScheduleExpression"]),
        (&json!("ENABLED"), &json!("rate(5 minutes)"))
    );

    pocket.set_up(&off).await.unwrap();
    let rule = pocket.answer("events", "DescribeRule", json!({ "Name": "ecroll-sweep" }));
    assert_eq!(rule["State"], "DISABLED");
    assert!(!pocket.plan(&off).await.unwrap().is_work());
}
