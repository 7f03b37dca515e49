//! CloudTrail's records and the manifests in them, and the pushes that they make together.

use fastrand::Rng;
use handler::manifest::Kind;
use handler::push::{Found, coalesce};
use handler::record::{NoPush, Record};
use serde_json::{Value, json};

use super::{fuzz, mutate, seeds, unless};

/// A record, of a push or of the sample, with changes.
fn nearly(random: &mut Rng) -> Value {
    let sample = seeds::SAMPLE.get(random.usize(..seeds::SAMPLE.len()));
    let seed = match (random.u8(0..4), sample) {
        (0, Some(sample)) => sample.clone(),
        _ => seeds::record("e1"),
    };
    mutate::json(seed, random)
}

#[test]
fn rule_10_records() {
    fuzz("records", |random| {
        let record = nearly(random);
        match Record::read(&record) {
            Ok(push) => {
                let tag = !push.tag.is_empty() && push.tag.len() <= 128 && push.tag.is_ascii();
                unless(
                    tag && push.digest.contains(':'),
                    "a tag or a digest that is none",
                    &record,
                )?;
                // What nobody knows changes nothing.
                let mut more = record.clone();
                more.as_object_mut()
                    .unwrap()
                    .insert("newMember".to_owned(), mutate::value(random));
                unless(
                    Record::read(&more) == Ok(push),
                    "an unknown member matters",
                    &more,
                )
            }
            Err(NoPush::NotOurs) => {
                let ours = record.get("eventName") == Some(&json!("PutImage"))
                    && record.get("eventSource") == Some(&json!("ecr.amazonaws.com"))
                    && record.get("errorCode").is_none_or(Value::is_null)
                    && record
                        .pointer("/requestParameters/imageTag")
                        .is_some_and(Value::is_string);
                unless(!ours, "a push that is passed over without a word", &record)
            }
            Err(NoPush::Unreadable(why)) => {
                unless(why.len() > 10, "unreadable without a reason", &record)
            }
        }
    });
}

#[test]
fn rule_10_manifests() {
    fuzz("manifests", |random| {
        let seed = if random.bool() {
            seeds::MANIFEST
        } else {
            seeds::INDEX
        };
        let text = if random.u8(0..4) == 0 {
            mutate::text(seed, random)
        } else {
            mutate::json(serde_json::from_str(seed).unwrap(), random).to_string()
        };
        let kind = Kind::of(Some(&text));
        if let Kind::Other(why) = &kind {
            unless(!why.is_empty(), "something else without a name", &text)?;
        }
        let Ok(manifest) = serde_json::from_str::<Value>(&text) else {
            return unless(!kind.is_image(), "an image that is no JSON", &text);
        };
        // Neither order nor space of the text matters.
        let again = serde_json::to_string_pretty(&manifest).unwrap();
        unless(
            Kind::of(Some(&again)) == kind,
            "the layout of the text matters",
            &text,
        )?;
        let named = manifest.get("artifactType").is_some_and(Value::is_string);
        unless(
            !(named && kind.is_image()),
            "an artifact that is an image",
            &text,
        )
    });
}

/// Whatever order records come in, and however often, they make the same pushes.
#[test]
fn rule_02_the_order_of_arrival_does_not_matter() {
    fuzz("the_order_of_arrival", |random| {
        let mut found = Vec::new();
        for number in 0..random.u32(1..9) {
            let mut record = seeds::record(&format!("e{number}"));
            let second = random.u8(0..4);
            record["eventTime"] = json!(format!("2026-03-01T10:00:0{second}Z"));
            record["requestParameters"]["repositoryName"] =
                json!(["web", "api"][random.usize(..2)]);
            record["requestParameters"]["imageTag"] = json!(["v1", "v2"][random.usize(..2)]);
            record["responseElements"]["image"]["imageId"]["imageDigest"] =
                json!(["sha256:aa", "sha256:bb"][random.usize(..2)]);
            let record = Record::read(&record).map_err(|why| format!("{why:?}"))?;
            let at = random.i64(0..3);
            found.push(Found {
                record,
                timestamp: at,
                ingestion: at,
            });
        }
        let pushes = coalesce(found.clone());
        let mut shuffled = found.clone();
        shuffled.extend(
            found
                .get(..random.usize(..=found.len()))
                .unwrap_or_default()
                .to_vec(),
        );
        random.shuffle(&mut shuffled);
        let again = coalesce(shuffled);
        unless(
            again == pushes,
            "the order of arrival matters",
            &format!("{found:#?}"),
        )?;
        let records: usize = pushes.iter().map(|push| push.tagged.len()).sum();
        unless(
            records == found.len(),
            "a record was lost",
            &format!("{found:#?}"),
        )
    });
}
