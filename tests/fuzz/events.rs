//! What wakes the handler: any event is a look-up, pushes, a deployment or a refusal, and never a fault.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use handler::trigger::{Task, Trigger};
use serde_json::{Value, json};

use super::{fuzz, mutate, seeds, unless};

/// What must hold for every event.
fn sound(event: &Value) -> Result<(), String> {
    let trigger = Trigger::read(event);
    let spans = 3600..=366 * 24 * 3600;
    let span = trigger.look_back.map(|span| span.as_secs());
    unless(
        span.is_none_or(|span| spans.contains(&span)),
        "looks too far back",
        event,
    )?;
    unless(
        trigger.name != "unknown" || trigger.warning.is_some(),
        "unknown, and not said",
        event,
    )?;
    let written = event.get("dry_run");
    let dry = written.is_some_and(|written| written != &json!(false));
    unless(
        trigger.dry_run == dry,
        "dry or not dry against the word",
        event,
    )?;
    match trigger.task {
        Task::LookUp => Ok(()),
        Task::Refuse(why) => unless(!why.is_empty(), "refused without a reason", event),
        Task::Pushes(pushes) => pushes.iter().try_for_each(|push| {
            let record = &push.found.record;
            let text = event.to_string();
            let named = [&record.tag, &record.digest, &record.repository.name];
            // A batch is packed; elsewhere what was read stands in the event.
            let there = event.get("awslogs").is_some()
                || named
                    .iter()
                    .all(|part| text.contains(json!(part).to_string().trim_matches('"')));
            unless(there, "a push that the event does not name", event)?;
            let good =
                !record.tag.is_empty() && !record.tag.contains(' ') && record.digest.contains(':');
            unless(good, "a push without tag or digest", event)
        }),
        Task::Deploy(direct) => {
            let named = event.get("repository") == Some(&json!(direct.repository))
                && event.get("tag") == Some(&json!(direct.tag));
            unless(named, "deploys what was not named", event)
        }
    }
}

#[test]
fn rule_10_events() {
    fuzz("events", |random| {
        let seed = seeds::EVENTS
            .get(random.usize(..seeds::EVENTS.len()))
            .cloned();
        sound(&mutate::json(seed.unwrap_or_default(), random))
    });
}

#[test]
fn rule_10_whatever_the_alarm_says_is_a_reason_to_look() {
    fuzz("whatever_the_alarm_says", |random| {
        let mut event = seeds::EVENTS.first().cloned().unwrap_or_default();
        if let Some(message) = event.pointer_mut("/Records/0/Sns/Message") {
            *message = match random.u8(0..3) {
                0 => json!(mutate::text(message.as_str().unwrap_or_default(), random)),
                1 => mutate::value(random),
                _ => {
                    let inner = serde_json::from_str(message.as_str().unwrap_or_default());
                    json!(mutate::json(inner.unwrap_or_default(), random).to_string())
                }
            };
        }
        let trigger = Trigger::read(&event);
        let looks = trigger.name == "alarm" && trigger.task == Task::LookUp && !trigger.dry_run;
        unless(looks, "an alarm that is no look-up", &event)
    });
}

fn packed(batch: &Value) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(batch.to_string().as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn log_event(message: Value, random: &mut Rng) -> Value {
    let message = if random.u8(0..4) == 0 {
        json!(message.to_string())
    } else {
        message
    };
    json!({"id": "1", "timestamp": 1_772_359_200_000_i64 + random.i64(0..1000), "message": message})
}

#[test]
fn rule_10_one_bad_log_event_of_a_batch_hides_no_good_one() {
    fuzz("one_bad_log_event", |random| {
        let good = format!("good-{}", random.u32(..));
        let mut events =
            vec![json!({"id": "2", "timestamp": 1, "message": seeds::record(&good).to_string()})];
        for _ in 0..random.usize(0..4) {
            let other = match random.u8(0..3) {
                0 => mutate::value(random),
                1 => json!(mutate::text(&seeds::record("bad").to_string(), random)),
                _ => json!(mutate::json(seeds::record("bad"), random).to_string()),
            };
            let other = if random.u8(0..5) == 0 {
                other
            } else {
                log_event(other, random)
            };
            events.insert(random.usize(..=events.len()), other);
        }
        let batch = json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "g", "logEvents": events});
        let event = json!({"awslogs": {"data": STANDARD.encode(packed(&batch))}});
        let trigger = Trigger::read(&event);
        sound(&event)?;
        let Task::Pushes(pushes) = trigger.task else {
            return Err(format!("no pushes but {:?} for\n{batch}", trigger.warning));
        };
        let found = pushes.iter().any(|push| push.found.record.id == good);
        unless(found, "the good record is not among the pushes", &batch)
    });
}

#[test]
fn rule_10_a_damaged_batch_is_looked_up() {
    fuzz("a_damaged_batch", |random| {
        let record = json!({"message": seeds::record("e1").to_string()});
        let batch = mutate::json(
            json!({"messageType": "DATA_MESSAGE", "logEvents": [record]}),
            random,
        );
        let mut bytes = packed(&batch);
        match random.u8(0..4) {
            0 => bytes.truncate(random.usize(..=bytes.len())),
            1 => {
                let at = random.usize(..bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.u8(..);
                }
            }
            2 => bytes.extend(std::iter::repeat_n(random.u8(..), 40)),
            _ => {}
        }
        let mut data = STANDARD.encode(&bytes);
        if random.u8(0..4) == 0 {
            data = mutate::text(&data, random);
        }
        let event = json!({"awslogs": {"data": data}});
        let trigger = Trigger::read(&event);
        let looks = trigger.task == Task::LookUp;
        unless(
            looks == trigger.warning.is_some(),
            "looked up, and not said",
            &event,
        )?;
        sound(&event)
    });
}
