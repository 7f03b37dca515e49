//! `ecroll status` on the pocket account, with the real handler behind the pipeline.

mod denied;
pub(crate) mod scene;
mod stacks;
mod targets;
mod watch;

use serde_json::{Value, json};
use setup::command::status::StatusArgs;
use setup::exit::Exit;
use setup::ui::Output;

use scene::{Scene, all, digest, named};

#[tokio::test(start_paused = true)]
async fn a_push_is_shown_before_its_roll_during_it_and_after() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    insta::assert_snapshot!("before", scene.text(&all()).await);

    scene.push("web:v2", 'a');
    scene.rolls("web").await;
    scene.seconds(25).await;
    insta::assert_snapshot!("during", scene.text(&all()).await);
    let json = scene.json(&all()).await;
    let web = &json["services"][0];
    assert_eq!(web["state"], "rolling");
    assert_eq!(web["deployments"][0]["rollout_state"], "IN_PROGRESS");
    assert_eq!(web["deployments"][1]["status"], "ACTIVE");
    assert!(!web["events"].as_array().unwrap().is_empty());

    scene.minutes(10).await;
    insta::assert_snapshot!("after", scene.text(&all()).await);
    insta::assert_json_snapshot!("after_json", scene.json(&all()).await);
}

#[tokio::test(start_paused = true)]
async fn what_the_circuit_breaker_undid_is_held_also_when_the_log_no_longer_shows_it() {
    let scene = Scene::new("").await;
    scene.serve_with_breaker("web", &["web:v1"]);
    scene.minutes(5).await;
    scene.push("web:crash-2", 'b');
    scene.rolls("web").await;
    scene.minutes(30).await;
    let text = scene.text(&all()).await;
    insta::assert_snapshot!("breaker", text);
    let json = scene.json(&all()).await;
    let image = &json["services"][0]["images"][0];
    assert_eq!(image["state"], "held");
    assert_eq!(image["undone"]["by"], "circuit_breaker");
    assert_eq!(image["undone"]["older"], true);
    assert_eq!(image["undone"]["tag"], "crash-2");

    let account = scene.pocket.account();
    let later = account.clock().now() + chrono::TimeDelta::days(3);
    account.doze_until(later).await;
    assert_eq!(scene.text(&all()).await, text, "and nothing was rolled");
}

#[tokio::test(start_paused = true)]
async fn an_older_image_that_somebody_put_back_is_told() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.serve("api", &["api:v1"], &json!({}));
    scene.push("api:v1", 'c');
    scene.minutes(20).await;
    scene.push("web:v2", 'a');
    scene.push("api:v2", 'b');
    scene.minutes(20).await;
    // A person goes back to the revision of before; Terraform registers one of its own.
    scene.deploy("web", "web:1");
    scene.define("api", &["api:v1"]);
    scene.deploy("api", "api");
    scene.minutes(20).await;
    insta::assert_snapshot!("put_back", scene.text(&all()).await);
    let json = scene.json(&all()).await;
    for service in json["services"].as_array().unwrap() {
        let undone = &service["images"][0]["undone"];
        assert_eq!(
            (&undone["by"], &undone["older"]),
            (&json!("somebody"), &json!(true))
        );
    }
    // The next push rolls, and nothing is held any more.
    scene.push("web:v3", 'd');
    scene.minutes(20).await;
    let json = scene.json(&named("web")).await;
    assert_eq!(json["services"][0]["state"], "current");
    let image = &json["services"][0]["images"][0];
    assert_eq!(image["runs"]["digest"], digest('d'));
    assert_eq!(
        image["waiting"],
        json!([]),
        "what is older waits for nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn what_hold_keeps_waiting_is_named() {
    let scene = Scene::new("[[services]]\nservice = \"web\"\nhold = true\n").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.serve("api", &["api:v1"], &json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.push("api:v2-rc", 'b');
    scene.minutes(20).await;
    let tags = json!({"resourceArn": "arn:aws:ecs:eu-west-1:000000000000:service/prod/api",
        "tags": [{"key": "ecroll:tags", "value": "exact:v3"}]});
    scene.pocket.call("ecs", "TagResource", tags);
    scene.push("api:v4", 'c');
    scene.minutes(20).await;
    insta::assert_snapshot!("held", scene.text(&all()).await);
    let json = scene.json(&named("web")).await;
    let waiting = &json["services"][0]["images"][0]["waiting"];
    assert_eq!(waiting[0]["tag"], "v2");
    assert_eq!(waiting[0]["outcome"], "held");
    assert_eq!(waiting[0]["digest"], digest('a'));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_follows_is_counted_and_named_on_demand() {
    let scene = Scene::new("repositories = [\"w*\"]\n").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.serve("api", &["api:v1"], &json!({}));
    scene.serve("cron", &["public.ecr.aws/x/cron:1"], &json!({}));
    scene.minutes(5).await;
    insta::assert_snapshot!("counted", scene.text(&all()).await);
    let every = StatusArgs { all: true, ..all() };
    insta::assert_snapshot!("counted_all", scene.text(&every).await);
    insta::assert_snapshot!("counted_named", scene.text(&named("cron")).await);
    let json = scene.json(&all()).await;
    assert_eq!(json["not_followed"], 2);
    assert_eq!(json["services"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn images_of_two_repositories_stand_each_for_itself() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1", "proxy:v1"], &json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    insta::assert_snapshot!("two", scene.text(&all()).await);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_roll_is_refused_before_anything_is_pushed() {
    let scene = Scene::new("").await;
    let tight = json!({"desiredCount": 3, "deploymentConfiguration":
        {"minimumHealthyPercent": 100, "maximumPercent": 125}});
    scene.serve("tight", &["web:v1"], &tight);
    let foreign = json!({"deploymentController": {"type": "CODE_DEPLOY"}});
    scene.serve("deployed", &["web:v1"], &foreign);
    scene
        .pocket
        .account()
        .with_ecs(|ecs, _| ecs.settings_mut().long_arns = false);
    scene.serve("short", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    insta::assert_snapshot!("refused", scene.text(&all()).await);
}

#[tokio::test(start_paused = true)]
async fn rule_10_a_name_that_fits_nothing_is_exit_code_2_with_the_nearest() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.serve("worker", &["web:v1"], &json!({}));
    let never = std::future::pending();
    let status = scene
        .pocket
        .verb_status(&named("wbe"), Output::Text, never)
        .await;
    let error = status.0.unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Wrong);
    insta::assert_snapshot!(error, @"no service in the followed clusters is `wbe`; nearest: prod/web, prod/worker");
    for pattern in [
        "web",
        "prod/web",
        "w*b",
        "prod/w*b",
        "arn:*:service/prod/web",
    ] {
        let json = scene.json(&named(pattern)).await;
        let found: Vec<&Value> = json["services"].as_array().unwrap().iter().collect();
        assert_eq!(found.len(), 1, "{pattern}");
        assert_eq!(found[0]["service"], "web");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_pipeline_it_says_what_runs_and_what_is_missing() {
    let scene = Scene::bare();
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    insta::assert_snapshot!("no_pipeline", scene.text(&all()).await);
}

#[tokio::test(start_paused = true)]
async fn it_makes_no_more_calls_than_it_must() {
    let scene = Scene::new("").await;
    for number in 0..12 {
        scene.serve(&format!("web-{number}"), &["web:v1"], &json!({}));
    }
    scene.push("web:v2", 'a');
    scene.minutes(30).await;
    insta::assert_snapshot!(scene.calls(&all()).await.join("\n"));
    // One that is named is described alone.
    insta::assert_snapshot!("calls_named", scene.calls(&named("web-3")).await.join("\n"));
}
