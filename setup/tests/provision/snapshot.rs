//! A snapshot of an account, and what a replay on it decides.

mod file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use handler::report::Outcome;
use serde_json::{Value, json};
use setup::command::snapshot::SnapshotArgs;
use setup::exit::Exit;
use setup::replay::{Comparison, Options, Sources, Story, replay};
use setup::snapshot::Snapshot;

use crate::status::scene::{Scene, config};

/// Takes a snapshot as a file, and reads it.
async fn taken(scene: &Scene, config: &Config) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let args = SnapshotArgs {
        file: folder.path().join("account.jsonl"),
        force: false,
    };
    let never = std::future::pending();
    let (exit, out, err) = scene.pocket.verb_snapshot(&args, config, never).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{err}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    (std::fs::read_to_string(&args.file).unwrap(), out)
}

/// What the log group holds from a time on, as `aws logs filter-log-events` prints it.
fn records(scene: &Scene, from: DateTime<Utc>) -> Sources {
    let mut events = Vec::new();
    let mut token = Value::Null;
    loop {
        let input = json!({"logGroupName": "/ecroll/trail", "startTime": from.timestamp_millis(),
            "nextToken": token});
        let page = scene.pocket.answer("logs", "FilterLogEvents", input);
        events.extend(page["events"].as_array().unwrap().clone());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let mut sources = Sources::default();
    sources.text(Path::new("log"), &json!({"events": events}).to_string());
    sources
}

async fn replayed(sources: Sources, text: &str, config: &Config) -> anyhow::Result<Story> {
    let options = Options {
        account: Some(Arc::new(Snapshot::parse("account.jsonl", text).unwrap())),
        ..Options::default()
    };
    replay(sources, config, &options).await
}

type Decisions = BTreeMap<(String, String), Vec<Value>>;

/// By service and tag what was decided, each outcome once; that what rolled runs is not news.
fn decisions<'a>(all: impl Iterator<Item = &'a handler::report::Decision>) -> Decisions {
    let mut decisions = Decisions::new();
    for decision in all.filter(|decision| decision.outcome != Outcome::Unchanged) {
        let said = json!([
            decision.outcome,
            decision.reason,
            decision.from,
            decision.to
        ]);
        let of = decisions.entry((decision.service.clone(), decision.tag.clone()));
        let of = of.or_default();
        if of.is_empty() {
            of.push(said);
        }
    }
    decisions
}

/// A service for each thing that decides.
async fn varied() -> Scene {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.serve_with_breaker("api", &["api:v1", "web:v1"]);
    let tag = |key: &str, value: &str| json!({"tags": [{"key": key, "value": value}]});
    scene.serve(
        "worker",
        &["worker:1.0.0"],
        &tag("ecroll:tags", "semver:2.x"),
    );
    scene.serve("kept", &["web:v1"], &tag("ecroll:hold", "true"));
    scene.serve("wrong", &["web:v1"], &tag("ecroll:pin", "nonsense"));
    scene.serve("pinned", &["web:v1"], &tag("ecroll:pin", "digest"));
    let stuck = json!({"deploymentConfiguration": {"minimumHealthyPercent": 60, "maximumPercent": 100},
        "desiredCount": 1, "availabilityZoneRebalancing": "DISABLED"});
    scene.serve("stuck", &["web:v1"], &stuck);
    scene.serve(
        "blue",
        &["web:v1"],
        &json!({"deploymentController": {"type": "CODE_DEPLOY"}}),
    );
    scene.serve("nothing", &["public.ecr.aws/x/y:1"], &json!({}));
    scene.minutes(10).await;
    // Rolled by ecroll: ledgers, stamps, revisions that are not the first.
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    // Past ecroll: the revision of before again.
    scene.deploy("kept", "web:1");
    scene.minutes(40).await;
    // By now no look-up sees that push any more: what is known of it is what the snapshot holds.
    let account = scene.pocket.account();
    account
        .doze_until(account.clock().now() + TimeDelta::hours(25))
        .await;
    scene
}

async fn pushes(scene: &Scene) {
    for (image, letter) in [
        ("web:v3", 'b'),
        ("worker:3.0.0", 'c'),
        ("worker:2.1.0", 'd'),
        ("api:v7", 'e'),
        ("elsewhere:v1", 'f'),
    ] {
        scene.push(image, letter);
        scene.minutes(20).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_on_a_snapshot_decides_what_the_handler_decided_in_that_account() {
    let scene = varied().await;
    let (text, out) = taken(&scene, &Config::default()).await;
    assert!(
        out.starts_with("1 cluster, 9 services, ") && out.ends_with(" 1 image; 0 not read\n"),
        "{out}"
    );
    let _ = scene.answers.taken();
    let from = scene.pocket.account().clock().now();
    pushes(&scene).await;
    let lived = scene.answers.taken();
    let sources = records(&scene, from);
    assert_eq!(sources.records.len(), 5);
    let lived = decisions(lived.iter().flat_map(|answer| &answer.report.decisions));
    let story = replayed(sources, &text, &Config::default()).await.unwrap();
    let told = decisions(story.decisions.iter().map(|decided| &decided.decision));
    assert_eq!(told, lived);
    for outcome in ["rolled", "skipped", "held", "refused"] {
        assert!(
            told.values().flatten().any(|said| said[0] == outcome),
            "{outcome}: {told:#?}"
        );
    }
    let account = story.account.as_ref().unwrap();
    assert_eq!(
        (story.lost, account.services, account.unfollowed),
        (0, 9, 1)
    );
    assert_eq!((account.younger, account.later_notes), (false, 0));
    insta::assert_snapshot!("replay_on_a_snapshot", story);
}

#[tokio::test(start_paused = true)]
async fn what_has_not_happened_when_the_records_begin_is_left_out() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(10).await;
    let from = scene.pocket.account().clock().now();
    scene.push("web:v2", 'a');
    scene.minutes(30).await;
    scene.push("web:v3", 'b');
    scene.minutes(30).await;
    let (text, _) = taken(&scene, &Config::default()).await;
    let story = replayed(records(&scene, from), &text, &Config::default())
        .await
        .unwrap();
    let rolled: Vec<&str> = story
        .decisions
        .iter()
        .filter(|decided| decided.decision.outcome == Outcome::Rolled)
        .map(|decided| decided.decision.tag.as_str())
        .collect();
    assert_eq!(rolled, ["v2", "v3"], "{story}");
    let account = story.account.as_ref().unwrap();
    assert!(account.younger && account.later_notes > 1, "{account:?}");
    assert!(
        story.to_string().contains("younger than the records"),
        "{story}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_configurations_are_compared_by_push_and_service() {
    let scene = varied().await;
    let (text, _) = taken(&scene, &Config::default()).await;
    let from = scene.pocket.account().clock().now();
    pushes(&scene).await;
    let sources = records(&scene, from);
    let other = config(
        "[[services]]\nservice = \"web\"\ntags = \"exact:prod\"\n[[services]]\nservice = \"api\"\nhold = true\n",
    );
    let first = replayed(sources.clone(), &text, &Config::default())
        .await
        .unwrap();
    let second = replayed(sources, &text, &other).await.unwrap();
    let compared = Comparison::of(("ecroll.toml", &first), ("other.toml", &second));
    insta::assert_snapshot!("compared", compared);
    let json = serde_json::to_value(&compared).unwrap();
    assert_eq!(
        json["differences"].as_array().unwrap().len(),
        compared.differences.len()
    );
    assert_eq!(json["differences"][0]["first"]["outcome"], "rolled");
    let same = Comparison::of(("a.toml", &first), ("b.toml", &first));
    assert!(same.differences.is_empty());
    assert!(
        same.to_string()
            .starts_with("nothing differs: a.toml and b.toml"),
        "{same}"
    );
}

#[tokio::test(start_paused = true)]
async fn services_of_targets_are_reached_and_others_left_out() {
    let scene = Scene::new("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(10).await;
    let (text, _) = taken(&scene, &Config::default()).await;
    // The same services in an account that the configuration reaches with a role.
    let text = text.replace(":000000000000:", ":222222222222:");
    let from = scene.pocket.account().clock().now();
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    let sources = records(&scene, from);
    let target = config(
        "[[targets]]\naccount = \"222222222222\"\nregion = \"eu-west-1\"\n\
         role = \"arn:aws:iam::222222222222:role/ecroll\"\nexternal_id = \"x/1\"\n",
    );
    let story = replayed(sources.clone(), &text, &target).await.unwrap();
    let rolled = story
        .decisions
        .iter()
        .find(|one| one.decision.outcome == Outcome::Rolled);
    let to = rolled.map(|one| one.decision.to.clone().unwrap());
    let arn = "arn:aws:ecs:eu-west-1:222222222222:task-definition/web:2";
    assert_eq!(to.as_deref(), Some(arn), "{story}");
    assert_eq!(story.lost, 0);
    let story = replayed(sources, &text, &Config::default()).await.unwrap();
    let account = story.account.unwrap();
    assert_eq!((account.services, account.unfollowed), (0, 1));
    assert_eq!(
        account.left_out,
        ["prod/web: no target of the configuration names 222222222222 in eu-west-1"]
    );
}

/// Where another controller deploys and no task set is primary, the first one tells what runs, as it does to the handler.
#[tokio::test(start_paused = true)]
async fn a_service_without_a_primary_task_set_is_put_back_with_its_first() {
    let scene = Scene::new("").await;
    let blue = json!({"deploymentController": {"type": "CODE_DEPLOY"}});
    scene.serve("blue", &["web:v1"], &blue);
    scene.minutes(10).await;
    let (text, _) = taken(&scene, &Config::default()).await;
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if let Some(service) = line.get_mut("service") {
            let told = service.as_object_mut().unwrap().remove("taskDefinition");
            assert!(told.is_some());
            service["taskSets"][0]["status"] = json!("ACTIVE");
        }
        format!("{line}\n")
    });
    let text: String = lines.collect();
    let from = scene.pocket.account().clock().now();
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    let config = Config::default();
    let story = replayed(records(&scene, from), &text, &config)
        .await
        .unwrap();
    let account = story.account.as_ref().unwrap();
    assert_eq!((account.services, &account.left_out[..]), (1, &[][..]));
    assert_eq!((story.lost, story.decisions.len()), (0, 1), "{story}");
    let decision = &story.decisions[0].decision;
    assert_eq!(decision.outcome, Outcome::Refused, "{}", decision.reason);
}
