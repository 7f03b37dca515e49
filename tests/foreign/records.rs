//! Records for a replay, fetched by the real program from a log group and a bucket of a server that is not ours.

use std::io::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::install::skipped;
use crate::judge::{Judge, Kind, REGION};
use crate::plain;
use crate::push::record;
use crate::roll::now;
use crate::setup::good;

const GROUP: &str = "/shop/trail";
const FOLDER: &str = "AWSLogs/111122223333/CloudTrail/eu-west-1";

/// Puts a packed file of CloudTrail into the bucket, in the folder of a day.
fn file(judge: &Judge, day: DateTime<Utc>, name: &str, records: &[Value]) {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let text = json!({"Records": records}).to_string();
    packed.write_all(text.as_bytes()).unwrap();
    let day = day.format("%Y/%m/%d");
    let path = format!("/trail/{FOLDER}/{day}/{name}.json.gz");
    plain::put(judge.port, &path, &packed.finish().unwrap()).unwrap();
}

/// What the program replayed of a source.
fn replayed(judge: &Judge, arguments: &[&str]) -> Value {
    let replay = ["replay", "--output", "json"];
    let run = judge.ecroll_alone(&[&replay, arguments].concat());
    serde_json::from_str(&good(&run)).unwrap()
}

fn tags(story: &Value) -> Vec<&str> {
    let pushed = story["pushed"].as_array().unwrap().iter();
    pushed
        .map(|push| push["tags"][0].as_str().unwrap())
        .collect()
}

#[test]
fn foreign_records_are_fetched_from_a_log_group_and_a_bucket() {
    let name = "foreign_records_are_fetched_from_a_log_group_and_a_bucket";
    if skipped(name) {
        return;
    }
    let judge = Judge::start(Kind::MiniStack);
    let now = now();
    let at = |hours: i64| now - TimeDelta::hours(hours);

    let stream = json!({"logGroupName": GROUP, "logStreamName": "trail"});
    plain::logs(
        judge.port,
        "CreateLogGroup",
        &json!({"logGroupName": GROUP}),
    );
    plain::logs(judge.port, "CreateLogStream", &stream);
    let events = [(30, "1.0.0"), (5, "1.1.0"), (2, "1.2.0")].map(|(hours, tag)| {
        let message = record("shop", tag, at(hours)).to_string();
        json!({"timestamp": at(hours).timestamp_millis(), "message": message})
    });
    let put = json!({"logGroupName": GROUP, "logStreamName": "trail", "logEvents": events});
    plain::logs(judge.port, "PutLogEvents", &put);
    let group = format!("logs://{GROUP}");
    assert_eq!(
        tags(&replayed(&judge, &[&group])),
        ["1.1.0", "1.2.0"],
        "of a day"
    );
    let all = replayed(&judge, &[&group, "--since", "2d"]);
    assert_eq!(tags(&all), ["1.0.0", "1.1.0", "1.2.0"]);
    assert_eq!(
        (&all["lost"], all["decisions"].as_array().unwrap().len()),
        (&json!(0), 3)
    );

    let place = format!(
        "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    plain::put(judge.port, "/trail", place.as_bytes()).unwrap();
    let push = |tag: &str, hours| record("shop", tag, at(hours));
    // A file that lies in the folder of a day which is not looked into.
    file(&judge, at(240), "old", &[push("0.1.0", 2)]);
    file(&judge, at(30), "one", &[push("1.0.0", 30)]);
    file(
        &judge,
        at(2),
        "two",
        &[push("1.1.0", 5), push("1.2.0", 2), json!({"no": "record"})],
    );
    plain::put(
        judge.port,
        "/trail/AWSLogs/111122223333/CloudTrail-Digest/digest.json.gz",
        b"no",
    )
    .unwrap();
    plain::put(judge.port, "/trail/notes.txt", b"no").unwrap();
    let day = replayed(&judge, &["s3://trail/AWSLogs/"]);
    assert_eq!(tags(&day), ["1.1.0", "1.2.0"]);
    let rejected = &day["rejected"][0];
    let file = rejected["file"].as_str().unwrap();
    assert!(
        file.starts_with("s3://trail/AWSLogs/") && file.ends_with("two.json.gz"),
        "{rejected}"
    );
    assert_eq!(rejected["at"], "record 3");
    let days = replayed(&judge, &["s3://trail", "--since", "2d", "--until", "3h"]);
    assert_eq!(tags(&days), ["1.0.0", "1.1.0"]);
    // Both at once, and the same push from both is one.
    let both = replayed(&judge, &[&group, "s3://trail", "--since", "3d"]);
    assert_eq!(tags(&both), ["1.0.0", "1.1.0", "1.2.0"]);

    let refused = |arguments: &[&str], code: i32, words: &str| {
        let run = judge.ecroll_alone(&[&["replay"], arguments].concat());
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    };
    refused(&["logs:///nobody"], 3, "logs:FilterLogEvents");
    refused(&["s3://nobodys"], 3, "s3:ListBucket");
    refused(&["s3://trail/none/"], 2, "holds no *.gz");
    refused(&[&group, "--since", "1h"], 2, "no record of a push");
    refused(&["--since", "1h"], 2, "logs:// and s3://");
    refused(
        &[&group, "--since", "1h", "--until", "2h"],
        2,
        "nothing lies between",
    );
}
