//! `--watch`: follows rolls to their end.

use serde_json::Value;
use setup::command::status::StatusArgs;
use setup::exit::Exit;
use setup::ui::Output;

use super::scene::{Scene, all};

fn watching() -> StatusArgs {
    StatusArgs {
        watch: true,
        ..all()
    }
}

async fn watch(scene: &Scene, output: Output) -> (Exit, String) {
    scene.pocket.forget();
    let never = std::future::pending();
    let (exit, out, err) = scene.pocket.verb_status(&watching(), output, never).await;
    assert_eq!(err, "", "without a terminal there is no progress");
    assert_eq!(
        scene.pocket.writes(),
        handler_writes(scene),
        "it only reads"
    );
    (exit.unwrap(), out)
}

/// The handler goes on meanwhile: what it writes is its own.
fn handler_writes(scene: &Scene) -> Vec<String> {
    let writes = scene.pocket.writes();
    writes
        .into_iter()
        .filter(|w| w.starts_with("ecs:TagResource"))
        .collect()
}

/// Without identities of tasks and deployments.
fn plain(out: &str) -> String {
    let lines = out
        .lines()
        .filter(|line| !line.trim_start().starts_with('('));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_roll_has_completed() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &serde_json::json!({}));
    scene.serve("other", &["other:v1"], &serde_json::json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.rolls("web").await;
    let (exit, out) = watch(&scene, Output::Text).await;
    assert_eq!(exit, Exit::Done);
    insta::assert_snapshot!(plain(&out));

    let (exit, out) = watch(&scene, Output::Text).await;
    assert_eq!(exit, Exit::Done);
    assert!(out.ends_with("no roll is under way\n"), "{out}");
}

#[tokio::test(start_paused = true)]
async fn a_roll_that_is_undone_is_exit_code_1_and_said_why() {
    let scene = Scene::new("").await;
    scene.serve_with_breaker("web", &["web:v1"]);
    scene.minutes(5).await;
    scene.push("web:crash-2", 'b');
    scene.rolls("web").await;
    let (exit, out) = watch(&scene, Output::Text).await;
    assert_eq!(exit, Exit::No, "{out}");
    assert!(out.contains("prod/web: rolled back, runs web:1\n"), "{out}");
    assert!(
        out.contains("held: the circuit breaker undid crash-2"),
        "{out}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_roll_that_fails_without_a_way_back_is_exit_code_1() {
    let scene = Scene::new("").await;
    let breaker = serde_json::json!({"deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": true, "rollback": false}}});
    scene.serve("web", &["web:v1"], &breaker);
    scene.minutes(5).await;
    scene.push("web:crash-2", 'b');
    scene.rolls("web").await;
    let (exit, out) = watch(&scene, Output::Text).await;
    assert_eq!(exit, Exit::No, "{out}");
    insta::assert_snapshot!(
        "failed",
        plain(out.rsplit_once("prod/web: failed").unwrap().1)
    );
}

#[tokio::test(start_paused = true)]
async fn in_json_each_change_is_one_value_on_a_line() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &serde_json::json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.rolls("web").await;
    let (exit, out) = watch(&scene, Output::Json).await;
    assert_eq!(exit, Exit::Done);
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.len() > 3, "{out}");
    let of = |value: &Value, key: &str| value["services"][0][key].clone();
    assert_eq!(of(&lines[0], "state"), "rolling");
    let last = lines.last().unwrap();
    assert_eq!(
        (of(last, "state"), of(last, "ended")),
        ("current".into(), "completed".into())
    );
    let running = |value: &Value| of(value, "deployments")[0]["running"].as_i64().unwrap();
    assert!(running(&lines[0]) < running(last), "{out}");
    for pair in lines.windows(2) {
        assert_ne!(pair[0], pair[1], "a line without a change");
    }
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_ends_it_and_leaves_nothing() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &serde_json::json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.rolls("web").await;
    let soon = tokio::time::sleep(std::time::Duration::from_secs(20));
    let (exit, out, err) = scene
        .pocket
        .verb_status(&watching(), Output::Text, soon)
        .await;
    assert_eq!(exit.unwrap(), Exit::Interrupted);
    assert!(out.starts_with("prod/web  rolling"), "{out}");
    assert_eq!(err, "");
}
