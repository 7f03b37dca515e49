//! The file of a snapshot: who may take it, what is missing in it, and when it is none.

use std::path::PathBuf;

use handler::config::Config;
use serde_json::json;
use setup::command::snapshot::SnapshotArgs;
use setup::exit::Exit;
use setup::names::{Names, Place};
use setup::policy_document::operator;
use setup::snapshot::Snapshot;

use super::{records, replayed, taken, varied};
use crate::status::scene::Scene;

#[tokio::test(start_paused = true)]
async fn rule_08_the_operators_policy_is_enough_and_nothing_is_written() {
    let scene = varied().await;
    let place = Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "*".to_owned(),
    };
    let names = Names::new("ecroll", None, &place);
    let policy = serde_json::to_value(operator(&Config::default(), &names, &place)).unwrap();
    let answers = scene.answers.clone();
    let pocket = scene.pocket.deployer(&policy);
    pocket.forget();
    let scene = Scene { pocket, answers };
    let (text, out) = taken(&scene, &Config::default()).await;
    assert!(out.ends_with("; 0 not read\n"), "{out}");
    let read = Snapshot::parse("s", &text).unwrap();
    assert_eq!(read.services.len(), 9);
    assert_eq!(read.images.len(), 1);
    assert_eq!(scene.pocket.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn each_call_that_is_denied_is_a_gap_in_the_file_and_on_the_terminal() {
    for call in [
        "ecs:ListServices",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:ListServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "ecr:DescribeImages",
    ] {
        let scene = Scene::new("").await;
        scene.serve("web", &["web:v1"], &json!({}));
        scene.minutes(10).await;
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Sid": "But", "Effect": "Deny", "Action": [call], "Resource": "*"}]});
        let (pocket, answers) = (scene.pocket.deployer(&policy), scene.answers);
        let scene = Scene { pocket, answers };
        let (text, out) = taken(&scene, &Config::default()).await;
        let operation = call.split_once(':').unwrap().1;
        assert!(
            out.contains("not read: ") && out.contains(operation),
            "{call}: {out}"
        );
        let gaps = Snapshot::parse("s", &text).unwrap().gaps;
        assert!(
            gaps.iter().any(|gap| gap.contains(operation)),
            "{call}: {gaps:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_whole_or_not_there_and_not_written_over_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.jsonl");
    let args = |force| SnapshotArgs {
        file: file.clone(),
        force,
    };
    let scene = Scene::bare();
    let secret = json!({"family": "web", "containerDefinitions": [{"name": "app", "image": "x",
        "environment": [{"name": "PASSWORD", "value": "hunter2"}]}]});
    scene.serve("web", &["web:v1"], &json!({}));
    scene.pocket.call("ecs", "RegisterTaskDefinition", secret);
    scene.deploy("web", "web");
    let config = Config::default();
    let never = || std::future::pending();
    // Interrupted half-way: nothing is left.
    let soon = tokio::time::sleep(std::time::Duration::from_millis(100));
    let (exit, ..) = scene
        .pocket
        .verb_snapshot(&args(false), &config, soon)
        .await;
    assert_eq!(exit.unwrap(), Exit::Interrupted);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::write(&file, "mine").unwrap();
    let (exit, ..) = scene
        .pocket
        .verb_snapshot(&args(false), &config, never())
        .await;
    let error = exit.unwrap_err().to_string();
    assert!(
        error.contains("is there already") && error.contains("--force"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let (exit, ..) = scene
        .pocket
        .verb_snapshot(&args(true), &config, never())
        .await;
    assert_eq!(exit.unwrap(), Exit::Done);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("PASSWORD") && !text.contains("hunter2"),
        "{text}"
    );
    let stdout = SnapshotArgs {
        file: PathBuf::from("-"),
        force: false,
    };
    let (exit, out, err) = scene.pocket.verb_snapshot(&stdout, &config, never()).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert_eq!(Snapshot::parse("-", &out).unwrap().services.len(), 1);
    assert!(err.starts_with("1 cluster, 1 service"), "{err}");
    // Who may not even list the clusters gets no file.
    let strangers = Scene::bare().pocket.strangers();
    let none = SnapshotArgs {
        file: folder.path().join("none.jsonl"),
        force: false,
    };
    let (exit, ..) = strangers.verb_snapshot(&none, &config, never()).await;
    assert_eq!(Exit::of(&exit.unwrap_err()), Exit::Refused);
    assert!(!none.file.exists());
}

#[tokio::test(start_paused = true)]
async fn rule_10_what_is_no_snapshot_is_refused_with_its_place_and_the_way_out() {
    let scene = varied().await;
    let (text, _) = taken(&scene, &Config::default()).await;
    let refused = |text: &str| Snapshot::parse("s", text).unwrap_err().to_string();
    assert!(
        refused("").contains("s, line 1: is no snapshot"),
        "{}",
        refused("")
    );
    assert!(refused("{\"Records\": []}").contains("is no snapshot"));
    let newer = text.replacen("\"ecroll_snapshot\":1", "\"ecroll_snapshot\":2", 1);
    assert!(
        refused(&newer).contains("has format 2"),
        "{}",
        refused(&newer)
    );
    let lines: Vec<&str> = text.lines().collect();
    for short in [lines.len() - 1, lines.len() / 2, 1] {
        let cut = lines[..short].join("\n");
        assert!(refused(&cut).contains("is cut short"), "{}", refused(&cut));
        let half: String = text.chars().take(cut.chars().count() + 5).collect();
        assert!(
            refused(&half).contains("is cut short"),
            "{}",
            refused(&half)
        );
    }
    let mut missing = lines.clone();
    missing.remove(2);
    assert!(refused(&missing.join("\n")).contains("its last line says"));
    let mut damaged = lines.clone();
    damaged[2] = "{";
    assert!(refused(&damaged.join("\n")).contains("s, line 3: is damaged"));
    let other = text.replace("000000000000", "999999999999");
    let from = scene.pocket.account().clock().now();
    scene.push("web:v3", 'b');
    scene.minutes(20).await;
    let error = replayed(records(&scene, from), &other, &Config::default()).await;
    let error = error.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is a snapshot of 999999999999 in eu-west-1"),
        "{error}"
    );
    assert_eq!(Exit::of(&error), Exit::Wrong);
}
