//! Arbitrary JSON and text at every place where something is read.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::image::ImageRef;
use crate::inventory::Definition;
use crate::ledger::{Entry, Stamp, word};
use crate::manifest::Kind;
use crate::policy::TagPolicy;
use crate::record::Record;
use crate::trigger::{Task, Trigger};

/// Names that the readers look for, so that the values get behind the first check.
const NAMES: [&str; 56] = [
    "detail",
    "action-type",
    "result",
    "image-tag",
    "image-digest",
    "repository-name",
    "account",
    "region",
    "time",
    "id",
    "logEvents",
    "message",
    "tag",
    "digest",
    "Records",
    "EventSource",
    "Sns",
    "alarmData",
    "awslogs",
    "data",
    "detail-type",
    "look_back",
    "repository",
    "dry_run",
    "eventSource",
    "eventName",
    "eventTime",
    "eventID",
    "awsRegion",
    "errorCode",
    "addendum",
    "originalEventID",
    "sharedEventID",
    "requestParameters",
    "imageTag",
    "imageManifest",
    "repositoryName",
    "responseElements",
    "image",
    "imageId",
    "imageDigest",
    "resources",
    "ARN",
    "manifests",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "name",
    "clusters",
    "service",
    "services",
    "tags",
    "sweep",
    "taskDefinition",
    "containerDefinitions",
];

const TEXTS: [&str; 24] = [
    "ECR Image Action",
    "ECR Replication Action",
    "AWS API Call via CloudTrail",
    "PUSH",
    "REPLICATE",
    "SUCCESS",
    "H4sIAAAAAAAA/wMAAAAAAAAAAAA=",
    "ReplicateImage",
    "aws:sns",
    "ecr.amazonaws.com",
    "PutImage",
    "2026-03-01T10:00:00Z",
    "eu-west-1",
    "sha256:aa",
    "any",
    "exact:x",
    "off",
    "24h",
    "5m",
    "0h",
    "*",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a:b",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.index.v1+json",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(&TEXTS[..]).prop_map(str::to_owned),
        any::<String>(),
        "[a-z0-9:@/. *-]{0,40}",
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
            text()
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A good record in which one member is replaced by anything.
fn nearly_a_record() -> impl Strategy<Value = Value> {
    let places = [
        "/eventTime",
        "/eventID",
        "/awsRegion",
        "/requestParameters",
        "/requestParameters/imageTag",
        "/responseElements",
        "/responseElements/image",
        "/responseElements/image/imageId",
        "/requestParameters/imageManifest",
        "/errorCode",
        "/addendum",
    ];
    (prop::sample::select(places.to_vec()), json()).prop_map(|(place, value)| {
        let mut record = json!({
            "eventSource": "ecr.amazonaws.com", "eventName": "PutImage", "eventID": "e1",
            "eventTime": "2026-03-01T10:00:00Z", "awsRegion": "eu-west-1", "errorCode": null,
            "addendum": null,
            "requestParameters": {"repositoryName": "web", "imageTag": "v1", "imageManifest": "{}"},
            "responseElements": {"image": {"registryId": "111122223333",
                "imageId": {"imageDigest": "sha256:aa"}}}
        });
        *record.pointer_mut(place).unwrap() = value;
        record
    })
}

/// An event of a known shape in which one member is replaced by anything.
fn nearly_an_event() -> impl Strategy<Value = Value> {
    let event = json!({
        "detail-type": "ECR Image Action", "id": "e", "account": "111122223333", "region": "eu-west-1",
        "time": "2026-03-01T10:00:00Z", "detail": {"result": "SUCCESS", "action-type": "PUSH",
            "repository-name": "web", "image-digest": "sha256:aa", "image-tag": "v1"}
    });
    let direct = json!({"repository": "web", "tag": "v1", "account": null, "digest": null,
        "service": null, "dry_run": true});
    let places = [
        (event.clone(), "/detail-type"),
        (event.clone(), "/id"),
        (event.clone(), "/account"),
        (event.clone(), "/time"),
        (event.clone(), "/detail"),
        (event.clone(), "/detail/result"),
        (event.clone(), "/detail/image-digest"),
        (event, "/detail/image-tag"),
        (direct.clone(), "/repository"),
        (direct.clone(), "/tag"),
        (direct.clone(), "/account"),
        (direct.clone(), "/digest"),
        (direct, "/dry_run"),
    ];
    (prop::sample::select(places.to_vec()), json()).prop_map(|((mut event, place), value)| {
        *event.pointer_mut(place).unwrap() = value;
        event
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rule_10_an_event_with_anything_in_it_is_done_refused_or_looked_up(event in nearly_an_event()) {
        let trigger = Trigger::read(&event);
        match trigger.task {
            Task::Pushes(pushes) => for push in pushes {
                let record = push.found.record;
                prop_assert!(!record.tag.is_empty() && !record.digest.contains(' '));
            },
            Task::Deploy(direct) => {
                prop_assert!(!direct.tag.contains(' ') && direct.repository.len() > 1);
            }
            Task::Refuse(why) => prop_assert!(why.contains("direct use takes")),
            Task::LookUp => {}
        }
    }

    #[test]
    fn rule_10_any_bytes_are_a_batch_or_a_look_up(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..60_usize) {
        let batch = json!({"logEvents": [{"message": "{}"}, {"message": 5}]}).to_string();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(batch.as_bytes()).unwrap();
        let good = gzip.finish().unwrap();
        let short = good.get(..good.len().saturating_sub(cut)).unwrap().to_vec();
        for bytes in [bytes, short] {
            let data = STANDARD.encode(&bytes);
            let trigger = Trigger::read(&json!({"awslogs": {"data": data}}));
            let looked_up = trigger.task == Task::LookUp;
            prop_assert_eq!(looked_up, trigger.warning.is_some());
        }
    }

    #[test]
    fn rule_10_any_event_is_a_trigger_and_never_more_than_a_year(event in json()) {
        let trigger = Trigger::read(&event);
        prop_assert!(trigger.look_back.is_none_or(|span| span.as_secs() <= 366 * 24 * 3600));
        prop_assert!(trigger.name != "unknown" || trigger.warning.is_some());
    }

    #[test]
    fn rule_10_any_json_is_a_record_or_is_not(record in prop_oneof![json(), nearly_a_record()]) {
        if let Ok(push) = Record::read(&record) {
            prop_assert!(!push.tag.contains(' ') && !push.digest.contains(' '));
        }
    }

    #[test]
    fn rule_10_any_json_is_a_configuration_or_faults(value in json()) {
        match Config::from_json(&value) {
            Ok(config) => prop_assert_eq!(Config::from_json(&config.to_json()), Ok(config)),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }

    #[test]
    fn rule_10_any_text_is_read_or_refused(text in text()) {
        let _ = Config::from_json_text(&text);
        let _ = ImageRef::parse(&text);
        let _ = text.parse::<TagPolicy>();
        prop_assert!(!Kind::of(Some(&text)).is_image());
        if let Some(entry) = Entry::read(&text) {
            prop_assert_eq!(Entry::read(&entry.value()), Some(entry));
        }
        if let Some(stamp) = Stamp::read(&text) {
            prop_assert_eq!(Stamp::read(&stamp.value()), Some(stamp));
        }
        let word = word(&text);
        prop_assert!((1..=64).contains(&word.len()) && !word.contains(' '), "{}", word);
    }

    #[test]
    fn rule_10_values_that_look_like_the_ledgers_read_or_do_not(
        time in prop_oneof![Just("2026-03-01T10:00:00Z".to_owned()), text()],
        parts in prop::collection::vec("[a-z0-9:@-]{0,12}", 2..6),
    ) {
        let value = format!("{time} {}", parts.join(" "));
        if let Some(entry) = Entry::read(&value) {
            prop_assert!(entry.value().len() <= 256);
        }
        let _ = Stamp::read(&value);
    }

    #[test]
    fn rule_10_any_json_is_a_manifest_or_a_definition_or_neither(value in json()) {
        let _ = Kind::of(Some(&value.to_string()));
        let _ = Definition::read(&value);
    }

    #[test]
    fn rule_04_a_reference_that_moves_names_the_same_repository(
        name in "[a-z0-9]{1,8}(/[a-z0-9]{1,8})?", tag in prop::option::of("[a-z0-9_][a-z0-9._-]{0,9}"),
        digest in prop::option::of("sha256:[0-9a-f]{4}"),
    ) {
        let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
        let image = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/{name}{tag}{digest}");
        let image = ImageRef::parse(&image).unwrap();
        let moved = ImageRef::parse(&image.moved_to("new", "sha256:ff", false)).unwrap();
        prop_assert_eq!(&moved.repository, &image.repository);
        prop_assert_eq!(moved.digest.is_some(), image.digest.is_some());
    }
}
