//! From the alarm to the rolled service, with the real handler in between.

use aws_sdk_cloudwatch::types::StateValue;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::account::Account;
use crate::install::skipped;
use crate::judge::{Judge, Kind};
use crate::push::{image, noise, record};
use crate::setup::good;

/// Two containers with something of everything, and a member that no SDK knows. `MiniStack` keeps what it does not know
/// in containers only.
fn definition() -> Value {
    json!({
        "family": "web",
        "cpu": "256", "memory": "512", "networkMode": "bridge",
        "volumes": [{"name": "cache", "host": {}}],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:rack == a"}],
        "containerDefinitions": [
            {"name": "proxy", "image": "nginx:1.27", "essential": false, "memory": 64,
             "dependsOn": [{"containerName": "app", "condition": "START"}]},
            {"name": "app", "image": image("web", "seed"), "essential": true, "memory": 256,
             "environment": [{"name": "MODE", "value": "blue"}, {"name": "EMPTY", "value": ""}],
             "command": ["serve", "--verbose"],
             "healthCheck": {"command": ["CMD", "true"], "interval": 5, "retries": 2},
             "mountPoints": [{"sourceVolume": "cache", "containerPath": "/cache"}],
             "dockerLabels": {"team": "shop"},
             "aMemberOfTomorrow": {"deep": [1, {"x": null}], "text": "ü"}},
        ],
        "tags": [{"key": "team", "value": "shop"}],
    })
}

#[tokio::test]
async fn foreign_the_real_handler_rolls_a_service() {
    if skipped("foreign_the_real_handler_rolls_a_service") {
        return;
    }
    let judge = Judge::start(Kind::MiniStack);
    good(&judge.ecroll(&["setup", "--yes"]));
    let account = Account::of(&judge);
    let seed = account.service("web", &definition()).await;
    assert_eq!(account.steady("web", "").await, seed);

    let at = now();
    let records = [noise(at), record("web", "v1", at)];
    account.deliver(&records, at).await;
    account.alarm(StateValue::Alarm).await;
    let report = account.report(1).await;
    assert_eq!(report["trigger"], "alarm", "{report}");
    assert_eq!(outcomes(&report), ["rolled"], "{report}");

    let new = account.steady("web", &seed).await;
    let images = vec!["nginx:1.27".to_owned(), image("web", "v1")];
    let task = (new.clone(), images);
    assert_eq!(account.tasks("web").await, [task.clone(), task]);
    assert_eq!(report["decisions"][0]["from"], seed.as_str(), "{report}");
    assert_eq!(report["decisions"][0]["to"], new.as_str(), "{report}");
    only_the_image_changed(&account.definition(&seed), account.definition(&new));

    // The alarm calms down, and fires again for some other push: nothing of this one is done twice.
    for (number, state) in [(2, StateValue::Ok), (3, StateValue::Alarm)] {
        account.alarm(state).await;
        let report = account.report(number).await;
        assert_eq!(outcomes(&report), ["unchanged"], "{report}");
    }
    assert_eq!(account.revisions("web").await, 2);
    assert_eq!(account.steady("web", &seed).await, new);
}

fn outcomes(report: &Value) -> Vec<&str> {
    let decisions = report["decisions"].as_array().unwrap().iter();
    decisions
        .map(|decision| decision["outcome"].as_str().unwrap())
        .collect()
}

/// Compares two answers of DescribeTaskDefinition, as they came.
fn only_the_image_changed(old: &Value, mut new: Value) {
    let (is, was) = (&mut new["taskDefinition"], &old["taskDefinition"]);
    assert_eq!(
        was["containerDefinitions"][1]["aMemberOfTomorrow"]["text"],
        "ü"
    );
    let image = is["containerDefinitions"][1]["image"].take();
    assert_eq!(image, crate::push::image("web", "v1"));
    is["containerDefinitions"][1]["image"] = was["containerDefinitions"][1]["image"].clone();
    // What ECS itself says of a revision.
    for member in [
        "taskDefinitionArn",
        "revision",
        "registeredAt",
        "registeredBy",
    ] {
        is[member] = was[member].clone();
    }
    assert_eq!(is, was);
    let tags = new["tags"].as_array().unwrap().iter();
    let (ours, others): (Vec<&Value>, Vec<&Value>) =
        tags.partition(|tag| tag["key"].as_str().unwrap().starts_with("ecroll:"));
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert_eq!(json!(others), old["tags"]);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server and the handler run by the machine's clock"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
