//! The bundled sample through the whole pipeline: what people see, what programs read, and that one seed is one history.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use handler::config::{Config, TriggerKind};
use handler::report::Outcome;
use local::faults::Kind;
use serde_json::{Value, json};
use setup::replay::{Options, SAMPLE, Sources, Story, replay};

async fn story(seed: u64, text: &str) -> Story {
    let mut sources = Sources::default();
    sources.text(Path::new("sample"), text);
    let options = Options {
        seed,
        ..Options::default()
    };
    replay(sources, &Config::default(), &options).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_sample_is_told_as_people_see_it() {
    insta::assert_snapshot!(story(0, SAMPLE).await);
}

#[tokio::test(start_paused = true)]
async fn the_json_has_the_members_that_programs_read() {
    let json = serde_json::to_value(story(0, SAMPLE).await).unwrap();
    for number in ["records", "pushes", "notifications", "look_ups", "lost"] {
        assert!(json[number].is_u64(), "{number}");
    }
    assert_eq!(json["records"], 16);
    assert_eq!(json["lost"], 0);
    assert!(json["push_to_roll_seconds"]["p50"].is_i64());
    assert_eq!(json["rejected"], json!([]));
    let decision = &json["decisions"][0];
    for member in [
        "cluster",
        "service",
        "repository",
        "tag",
        "digest",
        "outcome",
        "reason",
        "from",
        "to",
    ] {
        assert!(decision[member].is_string(), "{member}: {decision}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_json_tells_what_was_pushed_by_whom_and_how_each_roll_ended() {
    let json = serde_json::to_value(story(0, SAMPLE).await).unwrap();
    let list = |member: &str| json[member].as_array().unwrap().clone();
    let pushed = list("pushed");
    assert_eq!(pushed.len(), 8, "seven images and a signature");
    let who = "arn:aws:sts::111122223333:assumed-role/build/build";
    assert!(pushed.iter().all(|push| push["by"] == who));
    let no_image = pushed.iter().filter(|push| !push["no_image"].is_null());
    assert_eq!(no_image.count(), 1);
    let both = pushed.iter().find(|push| push["repository"] == "worker");
    assert_eq!(both.unwrap()["tags"], json!(["1.4.0", "latest"]));
    // Each decision is about one of them, and each roll came to its end.
    let ids: Vec<&Value> = pushed
        .iter()
        .flat_map(|push| push["event_ids"].as_array().unwrap())
        .collect();
    for decision in list("decisions") {
        assert!(ids.contains(&&decision["event_id"]), "{decision}");
        assert_eq!(decision["policy"], "any");
        if decision["outcome"] == "rolled" {
            let mut ended = list("ended").into_iter();
            let ended = ended.find(|ended| ended["to"] == decision["to"]).unwrap();
            assert_eq!(ended["state"], "completed");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_seed_is_one_history_and_no_seed_loses_a_push() {
    let first = story(7, SAMPLE).await;
    assert_eq!(first, story(7, SAMPLE).await);
    assert_ne!(first, story(8, SAMPLE).await);
    for seed in 0..12 {
        let story = story(seed, SAMPLE).await;
        assert_eq!(story.lost, 0, "seed {seed}");
        assert_eq!((story.records, story.pushes), (16, 7), "seed {seed}");
        // Whatever came when: the older of shop's two pushes never followed the newer.
        let shop = story
            .decisions
            .iter()
            .filter(|decided| decided.decision.service == "shop");
        let rolled: Vec<&str> = shop
            .filter(|decided| decided.decision.outcome == Outcome::Rolled)
            .map(|decided| decided.decision.tag.as_str())
            .collect();
        assert_eq!(rolled, ["1.0.0", "1.2.0"], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn empty_months_are_skipped_and_old_records_are_no_trouble() {
    let mut records: Vec<Value> = serde_json::from_str::<Value>(SAMPLE).unwrap()["Records"]
        .as_array()
        .unwrap()
        .clone();
    records.truncate(4);
    let mut old = records[3].clone();
    old["eventTime"] = json!("1999-03-02T09:00:11Z");
    old["eventID"] = json!("an old one");
    old["responseElements"]["image"]["imageId"]["imageDigest"] = json!("sha256:old");
    records.push(old);
    let text = json!({"Records": records}).to_string();
    let calm = story(0, &text).await;
    assert_eq!((calm.records, calm.pushes, calm.lost), (5, 2, 0));
    assert!(
        calm.look_ups < 100,
        "{} look-ups in 27 years",
        calm.look_ups
    );
    // What somebody is to do in the meantime does not keep anybody waiting for it.
    let mut sources = Sources::default();
    sources.text(Path::new("sample"), &text);
    let options = Options {
        faults: vec![Kind::AlarmDisabled, Kind::AlarmMuted],
        ..Options::default()
    };
    let config = Config::default();
    let meddled = replay(sources, &config, &options).await.unwrap();
    assert!(meddled.look_ups < 200, "{} look-ups", meddled.look_ups);
    assert_eq!(meddled.lost, 0);
}

#[tokio::test(start_paused = true)]
async fn the_latency_can_be_set() {
    let mut sources = Sources::default();
    sources.text(Path::new("sample"), SAMPLE);
    let options = Options {
        latency: Some(Duration::from_mins(1)),
        ..Options::default()
    };
    let story = replay(sources, &Config::default(), &options).await.unwrap();
    let waits = story.push_to_roll_seconds.unwrap();
    assert!(waits.worst < 60 + 6 * 60, "{waits:?}");
    assert_eq!(story.lost, 0);
}

async fn by(triggers: &[TriggerKind]) -> Story {
    let mut sources = Sources::default();
    sources.text(Path::new("sample"), SAMPLE);
    let options = Options {
        triggers: triggers.to_vec(),
        ..Options::default()
    };
    replay(sources, &Config::default(), &options).await.unwrap()
}

/// What each service was rolled to at last, by its digest. A quick road rolls what a slow one finds overtaken.
fn ends(story: &Story) -> BTreeMap<String, String> {
    let rolled = story
        .decisions
        .iter()
        .filter(|decided| decided.decision.outcome == Outcome::Rolled);
    rolled
        .map(|decided| {
            (
                decided.decision.service.clone(),
                decided.decision.digest.clone(),
            )
        })
        .collect()
}

/// How often the most frequent push was rolled in one service.
fn most_often(story: &Story) -> usize {
    let mut counts = BTreeMap::new();
    for decided in &story.decisions {
        let decision = &decided.decision;
        if decision.outcome == Outcome::Rolled {
            *counts
                .entry((&decision.service, &decision.push))
                .or_insert(0) += 1;
        }
    }
    counts.into_values().max().unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_road_alone_rolls_what_the_alarm_rolls_and_the_quick_ones_in_seconds() {
    let alarm = by(&[TriggerKind::Alarm]).await;
    assert_eq!(alarm, story(0, SAMPLE).await);
    for (road, name, seconds) in [
        (TriggerKind::EcrEvents, "ecr-event", 10),
        (TriggerKind::CloudtrailEvents, "cloudtrail-event", 40),
        (TriggerKind::LogSubscription, "log-subscription", 550),
    ] {
        let quick = by(&[road]).await;
        assert_eq!((quick.lost, quick.notifications), (0, 0), "{road}");
        assert_eq!(ends(&quick), ends(&alarm), "{road}");
        assert_eq!(most_often(&quick), 1, "{road}");
        let waits = quick.roads.get(name).unwrap().push_to_roll_seconds;
        assert!(waits.worst <= seconds, "{road}: {waits:?}");
        assert!(
            waits.p50 < alarm.push_to_roll_seconds.unwrap().p50,
            "{road}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rule_03_all_roads_together_roll_each_push_once_and_the_events_show() {
    let all = by(&TriggerKind::ALL).await;
    let alarm = by(&[TriggerKind::Alarm]).await;
    assert_eq!((all.lost, ends(&all)), (0, ends(&alarm)));
    assert_eq!(most_often(&all), 1);
    insta::assert_snapshot!(all);
    let json = serde_json::to_value(&all).unwrap();
    assert_eq!(
        json["roads"]["ecr-event"]["push_to_roll_seconds"],
        json["push_to_roll_seconds"]
    );
    assert_eq!(json["decisions"][0]["road"], "ecr-event");
}

#[tokio::test(start_paused = true)]
async fn rule_10_roads_without_a_net_below_are_refused() {
    let config = Config::from_json(&json!({"sweep": "off"})).unwrap();
    for triggers in [
        vec![TriggerKind::EcrEvents],
        vec![TriggerKind::Alarm, TriggerKind::Alarm],
    ] {
        let mut sources = Sources::default();
        sources.text(Path::new("sample"), SAMPLE);
        let options = Options {
            triggers,
            ..Options::default()
        };
        let error = replay(sources, &config, &options).await.unwrap_err();
        assert!(error.to_string().starts_with("--trigger: "), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_held_configuration_rolls_nothing_and_says_so() {
    let mut sources = Sources::default();
    sources.text(Path::new("sample"), SAMPLE);
    let config = Config::from_json(&json!({"service": {"hold": true}})).unwrap();
    let story = replay(sources, &config, &Options::default()).await.unwrap();
    assert_eq!(story.push_to_roll_seconds, None);
    assert_eq!(story.lost, 0);
    assert!(
        story
            .decisions
            .iter()
            .any(|decided| decided.decision.outcome == Outcome::Held)
    );
}

#[tokio::test(start_paused = true)]
async fn faults_are_told_and_lose_no_push() {
    for kind in Kind::ALL {
        let mut sources = Sources::default();
        sources.text(Path::new("sample"), SAMPLE);
        let options = Options {
            seed: 5,
            faults: vec![kind],
            ..Options::default()
        };
        let story = replay(sources, &Config::default(), &options).await.unwrap();
        assert_eq!(story.lost, 0, "{kind}");
        if kind == Kind::AlarmDisabled {
            insta::assert_snapshot!(story);
        }
    }
}

/// ecroll's own tag on what runs is a record of PutImage as well.
#[tokio::test(start_paused = true)]
async fn the_in_use_tag_is_no_push_that_could_be_lost() {
    let mut sources = Sources::default();
    sources.text(Path::new("sample"), SAMPLE);
    let before = sources.records.len();
    let pushed = |record: &Value| record.pointer("/requestParameters/imageTag").is_some();
    let mut own = sources
        .records
        .iter()
        .find(|one| pushed(&one.record))
        .unwrap()
        .clone();
    own.record["requestParameters"]["imageTag"] = json!("ecroll-prod");
    own.record["eventID"] = json!("ecrolls-own");
    own.time += TimeDelta::hours(3);
    own.record["eventTime"] = json!(own.time.to_rfc3339_opts(SecondsFormat::Secs, true));
    own.delivered = None;
    own.record["responseElements"]["image"]["imageId"]["imageTag"] = json!("ecroll-prod");
    sources.records.push(own);
    let config = Config::from_json(&json!({"service": {"in_use_tag": "ecroll-prod"}})).unwrap();
    let options = Options::default();
    let told = replay(sources, &config, &options).await.unwrap();
    let told = serde_json::to_value(told).unwrap();
    let plain = serde_json::to_value(story(0, SAMPLE).await).unwrap();
    assert_eq!(told["records"], before + 1);
    assert_eq!(
        (&told["pushes"], &told["lost"]),
        (&plain["pushes"], &json!(0))
    );
}
