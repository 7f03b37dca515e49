//! What replay reads: one bad record, line or file hides no good one, and every bad one is told with its place.

use std::io::Write as _;
use std::path::Path;

use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use setup::replay::Sources;

use super::{fuzz, mutate, seeds, unless};

fn read(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.text(Path::new("records.json"), text);
    sources
}

/// Every good record is there, and what is not was told.
fn all_there(sources: &Sources, good: &[String], text: &str) -> Result<(), String> {
    for id in good {
        let there = sources
            .records
            .iter()
            .any(|record| record.record.get("eventID") == Some(&json!(id)));
        let told = format!("{id} is missing, told was {:?}", sources.rejected);
        unless(there, &told, &text)?;
    }
    let reasons = sources
        .rejected
        .iter()
        .all(|rejected| !rejected.reason.is_empty());
    unless(reasons, "rejected without a reason", &text)
}

/// Good records, whole or in one of the envelopes in which they are found, as one line each; and their identities.
fn good_lines(random: &mut Rng) -> Vec<(String, Value)> {
    let lines = (0..random.usize(1..4)).map(|number| {
        let id = format!("good-{number}");
        let record = seeds::record(&id);
        let held = match random.u8(0..4) {
            0 => json!({"Records": [record]}),
            1 => json!({"detail-type": "AWS API Call via CloudTrail", "detail": record}),
            2 => json!({"events": [{"message": record.to_string(), "timestamp": 1_772_359_200_000_i64}]}),
            _ => record,
        };
        (id, held)
    });
    lines.collect()
}

#[test]
fn rule_10_one_bad_line_hides_no_good_one() {
    fuzz("one_bad_line", |random| {
        let good = good_lines(random);
        let mut lines: Vec<String> = good.iter().map(|(_, line)| line.to_string()).collect();
        for _ in 0..random.usize(0..3) {
            // A good line was there, so that the bad ones are lines of a file of lines.
            let bad = match random.u8(0..3) {
                0 => mutate::text(&seeds::record("bad").to_string(), random)
                    .replace(['\n', '\r'], " "),
                1 => mutate::json(seeds::record("bad"), random).to_string(),
                _ => mutate::value(random).to_string(),
            };
            lines.insert(random.usize(..=lines.len()), bad);
        }
        let text = lines.join("\n");
        let ids: Vec<_> = good.into_iter().map(|(id, _)| id).collect();
        all_there(&read(&text), &ids, &text)
    });
}

#[test]
fn rule_10_one_bad_record_of_a_list_hides_no_good_one() {
    fuzz("one_bad_record_of_a_list", |random| {
        let good: Vec<_> = (0..random.usize(1..4))
            .map(|number| format!("good-{number}"))
            .collect();
        let mut records: Vec<Value> = good.iter().map(|id| seeds::record(id)).collect();
        for _ in 0..random.usize(0..3) {
            let bad = if random.bool() {
                mutate::value(random)
            } else {
                mutate::json(seeds::record("bad"), random)
            };
            records.insert(random.usize(..=records.len()), bad);
        }
        let list = json!({"Records": records});
        let text = if random.bool() {
            list.to_string()
        } else {
            serde_json::to_string_pretty(&list).unwrap()
        };
        all_there(&read(&text), &good, &text)
    });
}

#[test]
fn rule_10_a_list_that_is_cut_short_gives_the_whole_records_before_it() {
    fuzz("a_list_that_is_cut_short", |random| {
        let ids = ["a", "b", "c"].map(str::to_owned);
        let list = json!({"Records": ids.clone().map(|id| seeds::record(&id))}).to_string();
        let end = random.usize(1..list.len());
        let text: String = list.chars().take(end).collect();
        // Whole for certain are those that another has begun after.
        let begun = text.matches(r#""eventVersion""#).count();
        let whole = ids.get(..begun.saturating_sub(1)).unwrap_or_default();
        let sources = read(&text);
        all_there(&sources, whole, &text)?;
        unless(
            !sources.rejected.is_empty(),
            "cut short, and not said",
            &text,
        )
    });
}

#[test]
fn rule_10_files_that_are_packed_or_damaged() {
    let folder = tempfile::tempdir().unwrap();
    // A target is a plain function: the folder's place is known to all.
    let place = folder.path().join("records.json.gz");
    PLACE.get_or_init(|| place);
    fuzz("files_that_are_packed", |random| {
        let place = PLACE.get().unwrap();
        let good = good_lines(random);
        let text: Vec<String> = good.iter().map(|(_, line)| line.to_string()).collect();
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        // Several parts, as they come from one file put behind another.
        for line in &text {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            writeln!(gzip, "{line}").unwrap();
            bytes.extend(gzip.finish().unwrap());
            ends.push(bytes.len());
        }
        let damaged = random.bool();
        if damaged {
            let mut at = random.usize(2..bytes.len());
            if ends.contains(&at) {
                // What ends where a part ends is whole: nobody can tell that more followed.
                at -= 1;
            }
            match random.u8(0..3) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, random.u8(..)),
                _ => bytes.extend_from_slice(b"\x00\xff tail"),
            }
        }
        std::fs::write(place, &bytes).unwrap();
        let sources = Sources::read(std::slice::from_ref(place));
        let text = text.join("\n");
        if damaged {
            let some = !sources.rejected.is_empty() || sources.records.len() == good.len();
            return unless(some, "damaged, and not said", &text);
        }
        let ids: Vec<_> = good.into_iter().map(|(id, _)| id).collect();
        all_there(&sources, &ids, &text)
    });
}

static PLACE: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();

#[test]
fn rule_10_any_text_is_read_or_told() {
    fuzz("any_text", |random| {
        let seed = if random.bool() {
            setup::replay::SAMPLE.to_owned()
        } else {
            seeds::record("e1").to_string()
        };
        let seed: String = seed.chars().take(5000).collect();
        let text = mutate::text(&seed, random);
        let sources = read(&text);
        let some = !sources.records.is_empty() || !sources.rejected.is_empty();
        unless(some, "neither read nor told", &text)
    });
}
