//! Waves: the later services take a push when the earlier ones run it, without anybody waiting.

use chrono::TimeDelta;
use handler::config::Config;
use handler::image::Repository;
use handler::ledger;
use handler::report::Outcome;
use serde_json::json;

use crate::road::{batch, context, invoke};
use crate::world::{REGION, REGISTRY, World, digest, image, record};

async fn world() -> World {
    let config = json!({"waves": [{"services": ["default/canary-*"]}, {"services": ["first-*"]}]});
    let config = Config::from_json(&config).unwrap();
    let web = image("web", "seed");
    World::with(
        &[("canary-web", &web), ("first-web", &web), ("web", &web)],
        &config,
    )
    .await
}

/// When each service was first rolled, in the order of time.
fn order(world: &World) -> Vec<String> {
    let journal = world.account.journal();
    let begun = journal.iter().filter_map(|entry| match &entry.what {
        local::What::Deployment(notice) => Some(format!("{:?} {}", notice.state, notice.service)),
        _ => None,
    });
    begun.collect()
}

#[tokio::test(start_paused = true)]
async fn each_wave_begins_when_the_one_before_has_completed() {
    let world = world().await;
    let before = order(&world).len();
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    let order = order(&world);
    assert_eq!(
        order[before..],
        [
            "Started canary-web",
            "Completed canary-web",
            "Started first-web",
            "Completed first-web",
            "Started web",
            "Completed web"
        ]
    );
    for service in ["canary-web", "first-web", "web"] {
        assert_eq!(world.image_of(service, 0), image("web", "v1"));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_wave_that_is_rolled_back_stops_the_push_and_the_next_one_begins_anew() {
    let mut world = world().await;
    let push = world.push("web", "bad", "bad", 5);
    while world.image_of("canary-web", 0) != image("web", "bad") {
        let soon = world.now() + TimeDelta::seconds(10);
        world.account.run_until(soon).await;
    }
    let back =
        json!({"cluster": "default", "service": "canary-web", "taskDefinition": "canary-web:1"});
    world.account.call("ecs", "UpdateService", back).unwrap();
    world.minutes(3 * 60).await;
    for service in ["canary-web", "first-web", "web"] {
        assert_eq!(
            world.image_of(service, 0),
            image("web", "seed"),
            "{service}"
        );
    }
    let (outcome, reason) = world.last("web", &push).unwrap();
    assert_eq!(outcome, Outcome::Held);
    assert!(reason.contains("undone"), "{reason}");
    world.push("web", "good", "good", 5);
    world.minutes(30).await;
    for service in ["canary-web", "first-web", "web"] {
        assert_eq!(
            world.image_of(service, 0),
            image("web", "good"),
            "{service}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_later_wave_waits_for_all_of_the_log() {
    let config = json!({"waves": [{"services": ["canary-*"]}], "sweep": "off"});
    let config = Config::from_json(&config).unwrap();
    let (name, _) = image("web", "seed")
        .rsplit_once(':')
        .map(|(name, tag)| (name.to_owned(), tag.to_owned()))
        .unwrap();
    let pinned = format!("{name}@{}", digest("seed"));
    let services = [("canary-web", pinned.as_str()), ("web", &pinned)];
    let world = World::with(&services, &config).await;
    let alarms = json!({"AlarmNames": ["ecroll-pushes"]});
    world
        .account
        .call("cloudwatch", "DisableAlarmActions", alarms)
        .unwrap();
    // One image under two tags; the canary had a newer image of the first of them undone.
    world.push("web", "latest", "one", 1);
    world.minutes(180).await;
    world.push("web", "v1", "one", 1);
    let at = world.now() + TimeDelta::minutes(2);
    let newer = format!(
        "{} unheard-of=0badcafe latest canary-web:9 canary-web:8",
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    );
    let canary = world.describe("canary-web")["serviceArn"].clone();
    let repository = Repository {
        account: REGISTRY.to_owned(),
        region: REGION.to_owned(),
        name: "web".to_owned(),
    };
    let tag = json!({"key": ledger::key(&repository), "value": newer});
    let tags = json!({"resourceArn": canary, "tags": [tag]});
    world.account.call("ecs", "TagResource", tags).unwrap();
    world.minutes(10).await;
    let before = world.account.journal_len();
    let context = context(&world, &config.to_json());
    let report = invoke(&world, &context, &json!({})).await.unwrap();
    let decided = report.decisions.iter().filter(|d| d.service == "web");
    let decided: Vec<(Outcome, &str)> = decided.map(|d| (d.outcome, d.reason.as_str())).collect();
    assert_eq!(decided.len(), 1, "{report:#?}");
    assert_eq!(decided[0].0, Outcome::Rolled, "{decided:?}");
    let calls = world.calls(before);
    let updated = calls.iter().position(|call| call == "UpdateService");
    let read = calls.iter().rposition(|call| call == "FilterLogEvents");
    assert!(updated > read && read.is_some(), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_late_record_alone_brings_no_later_wave_what_the_first_one_undid() {
    let config = json!({"waves": [{"services": ["canary-*"]}]});
    let config = Config::from_json(&config).unwrap();
    let web = image("web", "seed");
    let world = World::with(&[("canary-web", &web), ("web", &web)], &config).await;
    let pushed = world.now();
    world.minutes(1).await;
    // One image by two tags; the canary knows it by the first.
    world.push("web", "latest", "two", 1);
    while world.image_of("canary-web", 0) != image("web", "latest") {
        let soon = world.now() + TimeDelta::seconds(5);
        world.account.run_until(soon).await;
    }
    let back =
        json!({"cluster": "default", "service": "canary-web", "taskDefinition": "canary-web:1"});
    world.account.call("ecs", "UpdateService", back).unwrap();
    world.push("web", "1.0.0", "two", 0);
    world.minutes(2).await;
    // A batch of the subscription holds an older push of the second tag, and nothing else.
    let late = record("web", "1.0.0", "one", pushed, "late");
    let waves = json!({"waves": [{"services": ["canary-*"]}]});
    let context = context(&world, &waves);
    invoke(&world, &context, &batch(&[late])).await.unwrap();
    assert_eq!(world.image_of("web", 0), web);
}
