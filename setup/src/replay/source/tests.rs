use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::Sources;
use crate::replay::SAMPLE;

fn text(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.text(Path::new("file"), text);
    sources
}

fn record() -> Value {
    json!({"eventName": "PutImage", "eventSource": "ecr.amazonaws.com", "eventTime": "2026-03-01T10:00:00Z"})
}

fn reasons(sources: &Sources) -> Vec<String> {
    sources.rejected.iter().map(ToString::to_string).collect()
}

#[test]
fn every_form_in_which_records_are_found_is_read() {
    let one = record();
    let event =
        json!({"message": one.to_string(), "timestamp": 5, "ingestionTime": 1_772_359_500_000_i64});
    let forms = [
        one.to_string(),
        serde_json::to_string_pretty(&one).unwrap(),
        json!({"Records": [one]}).to_string(),
        json!([one]).to_string(),
        json!({"detail-type": "AWS API Call via CloudTrail", "detail": one}).to_string(),
        json!({"events": [event], "searchedLogStreams": []}).to_string(),
        event.to_string(),
        format!("\u{feff}{one}\n\n"),
    ];
    for form in forms {
        let sources = text(&form);
        assert_eq!(sources.records.len(), 1, "{form}");
        assert_eq!(sources.records[0].record, one, "{form}");
        assert!(sources.rejected.is_empty(), "{form}");
    }
    let delivered = text(&event.to_string()).records[0].delivered.unwrap();
    assert_eq!(delivered.to_rfc3339(), "2026-03-01T10:05:00+00:00");
    assert_eq!(text(&format!("{one}\n{one}\n")).records.len(), 2);
}

#[test]
fn rule_10_one_bad_record_never_hides_the_good_ones() {
    let one = record();
    let mixed = json!({"Records": [5, one, null, {"a": 1}, [one], one]}).to_string();
    let sources = text(&mixed);
    assert_eq!(sources.records.len(), 2);
    assert_eq!(sources.rejected.len(), 4);
    let lines = text(&format!("{one}\n{{broken\n{one}\n7\n"));
    assert_eq!(lines.records.len(), 2);
    assert_eq!(
        reasons(&lines),
        [
            "file, line 2: is not JSON: key must be a string at line 1 column 2",
            "file, line 4: a record must be an object; found a number",
        ]
    );
    for time in [
        json!("..."),
        json!(5),
        json!(null),
        json!("-262143-01-01T00:00:00Z"),
    ] {
        let mut wrong = one.clone();
        wrong["eventTime"] = time;
        assert_eq!(text(&wrong.to_string()).rejected.len(), 1, "{wrong}");
    }
}

/// Found by fuzzing: the list in one of the lines was taken for the whole file.
#[test]
fn rule_10_a_bad_line_hides_no_line_of_lists() {
    let one = record();
    let list = json!({"Records": [one, one]});
    let mixed = text(&format!("{one}\n{list}\n{{broken\n{list}\n"));
    assert_eq!(mixed.records.len(), 5);
    assert_eq!(reasons(&mixed).len(), 1);
    assert!(
        reasons(&mixed)[0].starts_with("file, line 3: is not JSON"),
        "{:?}",
        reasons(&mixed)
    );
    // The same where the end is missing.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.json.gz");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    std::io::Write::write_all(
        &mut gzip,
        format!("{list}\n{one}\n{list}\n{one}").as_bytes(),
    )
    .unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() - 20);
    std::fs::write(&path, bytes).unwrap();
    let cut = Sources::read(&[path]);
    assert_eq!((cut.records.len(), cut.rejected.len()), (5, 1));
}

#[test]
fn rule_10_a_first_line_that_ends_too_early_hides_no_line_behind_it() {
    let one = record();
    let list = json!({"Records": [one]});
    for torn in [
        one.to_string().split_off(9),
        one.to_string().split_off(1),
        format!("{{\"cut\": {one}"),
        format!("{one},\"more\":1}}"),
        format!("{one}\"more\":1}}"),
        format!("{one}}}"),
    ] {
        let sources = text(&format!("{torn}\n{list}\n"));
        assert_eq!(sources.records.len(), 1, "{torn}");
        let [why] = &reasons(&sources)[..] else {
            panic!("{torn}: {:?}", reasons(&sources));
        };
        assert!(why.starts_with("file, line 1: is not JSON"), "{why}");
    }
    // Two records in one line are one behind the other, however they got there.
    assert_eq!(text(&format!("{one}{one}\n{one}")).records.len(), 3);
}

#[test]
fn rule_10_a_list_that_is_cut_on_its_line_hides_no_other_and_loses_nothing() {
    let one = record();
    let list = json!({"Records": [one, one, one]}).to_string();
    let short = |by: usize| list.get(..list.len() - by).unwrap();
    for (cut, whole) in [(short(2), 3), (short(9), 2)] {
        for behind in [1, 10] {
            let lines = vec![one.to_string(); behind].join("\n");
            let sources = text(&format!("{cut}\n{lines}\n"));
            assert_eq!(sources.records.len(), whole + behind, "{cut}");
            assert!(reasons(&sources)[0].contains("line 1"), "{sources:?}");
        }
    }
    // The other way round, and in the middle.
    let cut = short(9);
    let sources = text(&format!("{one}\n{cut}\n{cut}\n{one}\n"));
    assert_eq!(sources.records.len(), 6);
}

#[test]
fn rule_10_of_a_damaged_file_a_list_on_its_line_is_kept_and_not_every_place_is_told() {
    let one = record();
    let list = json!({"Records": [one, one, one]}).to_string();
    let cut = list.get(..list.len() - 9).unwrap();
    let noise = "}\n".repeat(500);
    let content = format!("{one}\n{one}\n{cut}\n{noise}{one}\n");
    let mut whole = Sources::default();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(content.as_bytes()).unwrap();
    let mut packed = gzip.finish().unwrap();
    // Its checksum is gone, so that all of it is there and yet it is damaged.
    packed.truncate(packed.len() - 8);
    assert!(whole.whole(Path::new("file"), packed));
    assert_eq!(whole.records.len(), 5);
    assert!(whole.rejected.len() < 110, "{}", whole.rejected.len());
    assert!(
        reasons(&whole)
            .iter()
            .any(|why| why.contains("places more"))
    );
}

#[test]
fn rule_10_a_file_cut_short_gives_what_it_holds() {
    let whole = text(SAMPLE).records.len();
    assert_eq!(whole, 16);
    for cut in [9_000, 20_000, 30_000] {
        let sources = text(SAMPLE.get(..cut).unwrap());
        assert!((1..whole).contains(&sources.records.len()), "{cut}");
        assert_eq!(sources.rejected.len(), 1, "{:?}", reasons(&sources));
    }
}

#[test]
fn rule_10_files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut packed, SAMPLE.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let table = [
        (file("empty.json", b""), 0, "is empty"),
        (file("words.json", b"hello {"), 0, "is not JSON"),
        (file("bytes.json", b"\xff\xfe"), 0, "is not UTF-8"),
        (file("whole.json.gz", &packed), 16, ""),
        (
            file("cut.json.gz", &packed[..packed.len() / 2]),
            1,
            "cut short or damaged",
        ),
        (folder.path().join("missing.json"), 0, "cannot be read"),
    ];
    for (path, least, reason) in table {
        let sources = Sources::read(std::slice::from_ref(&path));
        assert!(sources.records.len() >= least, "{}", path.display());
        let reasons = reasons(&sources).join("; ");
        assert!(reasons.contains(reason), "{}: {reasons}", path.display());
        assert_eq!(
            sources.rejected.len(),
            usize::from(!reason.is_empty()),
            "{reasons}"
        );
    }
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(
        reasons(&Sources::read(&[empty]))
            .join("")
            .contains("holds no")
    );
    assert!(Sources::read(&[folder.path().to_path_buf()]).records.len() > 16);
}

/// What a text gives that is read in pieces, and what it gives as a whole.
fn both(content: &str) -> (Sources, Sources) {
    let mut whole = Sources::default();
    assert!(whole.whole(Path::new("file"), content.as_bytes().to_vec()));
    (text(content), whole)
}

#[test]
fn a_text_in_pieces_gives_what_it_gives_as_a_whole() {
    let one = record();
    let list = json!({"Records": [one, 5, one, [one]], "more": [1]});
    let event = json!({"message": one.to_string(), "timestamp": 5});
    for content in [
        one.to_string(),
        serde_json::to_string_pretty(&list).unwrap(),
        format!("{list}\n{list}\n"),
        json!({"events": [event, {"message": "no"}]}).to_string(),
        json!([one, one]).to_string(),
        format!("\u{feff}{one}\n{{broken\n{one}"),
        format!("{one}\n{{broken}}\n{{broken}}\n{list}\n{{broken"),
        list.to_string().chars().take(200).collect(),
        format!("{{\n\"a\": 1\n}}\n{one}"),
        " \n".to_owned(),
        "hello".to_owned(),
    ] {
        let (pieces, whole) = both(&content);
        assert_eq!(pieces.records, whole.records, "{content}");
        assert_eq!(pieces.rejected.len(), whole.rejected.len(), "{content}");
        assert!(
            pieces.records.len() + pieces.rejected.len() > 0,
            "{content}"
        );
    }
}

#[test]
fn of_many_other_calls_one_a_minute_is_kept_and_every_push() {
    let other = |number: usize| {
        let time = format!("2026-03-01T{:02}:{:02}:00Z", number % 24, number % 60);
        let reads = number.is_multiple_of(7);
        json!({"eventName": "UpdateService", "eventSource": "ecs.amazonaws.com", "eventTime": time, "readOnly": reads,
            "requestParameters": {"service": number}})
    };
    let mut lines: Vec<String> = (0..60_000)
        .map(|number| other(number).to_string())
        .collect();
    for at in [10, 30_000, 59_990] {
        lines[at] = record().to_string();
    }
    // A name may be spelled with escapes.
    lines[59_991] = lines[10].replace("PutImage", "Put\\u0049mage");
    lines[59_992] =
        r#"{"eventName": "DescribeServices", "eventTime": "2026-03-01T00:00:00Z"}"#.to_owned();
    let minutes = 120; // of the pairs of 24 and 60
    let (read, whole) = both(&lines.join("\n"));
    let pushes = read
        .records
        .iter()
        .filter(|read| read.record["eventName"] == "PutImage");
    assert_eq!(pushes.count(), 4);
    assert_eq!(read.records.len(), 4 + minutes);
    assert_eq!(read.records.len() + read.omitted, 59_999);
    assert_eq!(
        reasons(&read).len(),
        1,
        "what is no record is told all the same"
    );
    assert_eq!(
        (&read.records, read.omitted),
        (&whole.records, whole.omitted)
    );
    // And over several files.
    let folder = tempfile::tempdir().unwrap();
    for half in 0..2 {
        let path = folder.path().join(format!("{half}.json"));
        std::fs::write(path, lines[half * 30_000..][..30_000].join("\n")).unwrap();
    }
    let read = Sources::read(&[folder.path().to_path_buf()]);
    assert_eq!(read.records.len(), 4 + minutes);
    assert_eq!(read.records.len() + read.omitted, 59_999);
}

#[test]
fn rule_10_a_damaged_end_hides_nothing_before_it() {
    let one = record();
    let list = json!({"Records": [one, one]}).to_string();
    let many = format!("{list}{list}{list}{{\"Records\": [{one}, {{\"eventName\": \"Put");
    let cut = text(&many);
    assert_eq!(cut.records.len(), 7);
    assert_eq!(reasons(&cut).len(), 1);
    assert!(
        reasons(&cut)[0].contains("ends nowhere; 7 records before it were read"),
        "{:?}",
        reasons(&cut)
    );
    let bad = json!({"Records": [one, "BAD", one]}).to_string();
    let bad = text(&bad.replace("\"BAD\"", "{\"time\": nan}"));
    assert_eq!(bad.records.len(), 2);
    assert!(
        reasons(&bad)[0].starts_with("file, record 2: is not JSON"),
        "{:?}",
        reasons(&bad)
    );
    // Of very many bad places the first are told, and how many more there are.
    let lines = text(&format!("{one}\n{}", "{\"no\": 1}\n".repeat(500)));
    assert_eq!(reasons(&lines).len(), 101);
    assert_eq!(reasons(&lines)[100], "file: and 400 places more");
}

#[cfg(unix)]
#[test]
fn rule_10_a_folder_that_leads_back_to_itself_ends() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("self")).unwrap();
    std::fs::create_dir(folder.path().join("CloudTrail-Digest")).unwrap();
    std::fs::write(folder.path().join("CloudTrail-Digest/digest.json"), "{}").unwrap();
    std::fs::write(folder.path().join("one.json"), record().to_string()).unwrap();
    let read = Sources::read(&[folder.path().to_path_buf()]);
    assert_eq!((read.records.len(), read.rejected.len()), (1, 0));
}
