//! What is written, as a person sees it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use handler::config::Config;
use serde_json::{Value, json};

use super::{Template, template};
use crate::Code;
use crate::error::Error;

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00.5Z".parse().unwrap()
}

fn of(config: &Value) -> Template {
    let config = Config::from_json(config).unwrap();
    template(&config, &Code::placeholder(), now()).unwrap()
}

/// Without the digest, which follows from whatever packs the zip.
fn shown(template: &Template) -> String {
    template.to_string().replace(&template.key, "<key>")
}

/// What stands above, the entries that the default template has not, or has otherwise, and the names of those that only
/// it has.
fn beside_the_default(template: &Template) -> String {
    let plain = of(&json!({}));
    let mut rest = template.clone();
    let mut missing = Vec::new();
    for ((_, entries), (_, default)) in rest.sections.iter_mut().zip(&plain.sections) {
        let names: BTreeSet<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        let gone = default.iter().filter(|entry| !names.contains(&entry.name));
        missing.extend(gone.map(|entry| entry.name.clone()));
        entries.retain(|entry| !default.contains(entry));
    }
    format!("{}\n\nwithout: {}", shown(&rest), missing.join(", "))
}

#[test]
fn the_default_template() {
    let template = of(&json!({}));
    // What CloudFormation takes without a bucket in between.
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    assert!(template.to_string().len() < 51_200);
    insta::assert_snapshot!(shown(&template));
}

#[test]
fn a_trail_that_is_reused() {
    insta::assert_snapshot!(beside_the_default(&of(
        &json!({"trail": "reuse:management"})
    )));
    let arn = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/org";
    let known = of(&json!({"trail": format!("reuse:{arn}"), "log_group": "org/trail"}));
    let text = known.to_string();
    assert!(!text.contains("TrailLogGroup"), "{text}");
    assert!(text.contains("LogGroupName: org/trail\n"), "{text}");
    assert!(
        text.contains(&format!(r#"\"trail\":\"reuse:{arn}\""#)),
        "{text}"
    );
}

#[test]
fn targets_clusters_and_a_topic_of_results() {
    let config = json!({
        "name": "ship-2", "trail": "create", "sweep": "off", "since": "2026-01-01T00:00:00Z", "clusters": ["prod", "stage-*"],
        "repositories": ["shop", "team/*"], "notify": "arn:aws:sns:eu-west-1:222222222222:results",
        "targets": [
            {"account": "222222222222", "region": "eu-west-1", "role": "arn:aws:iam::222222222222:role/ecroll", "external_id": "x"},
            {"account": "111122223333", "region": "us-east-1"},
        ],
        "services": [{"service": "web-*", "tags": "regex:^v[0-9]{2}$", "pin": "digest"}],
    });
    insta::assert_snapshot!(shown(&of(&config)));
}

#[test]
fn every_road_and_no_alarm() {
    let roads = json!([
        "alarm",
        "ecr-events",
        "cloudtrail-events",
        "log-subscription"
    ]);
    insta::assert_snapshot!(beside_the_default(&of(&json!({"triggers": roads}))));
    let quick = of(&json!({"triggers": ["cloudtrail-events"]}));
    let text = quick.to_string();
    for gone in ["AWS::SNS", "PushesAlarm", "MetricFilter", "  Topic:"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
}

#[test]
fn stacks_whose_roles_are_asked_for() {
    let stacks = json!([{"stack": "shop", "repository": "shop", "parameter": "ImageTag"}]);
    insta::assert_snapshot!(beside_the_default(&of(&json!({"stacks": stacks}))));
}

#[test]
fn json_is_the_same_value() {
    let template = of(&json!({}));
    let value = serde_json::to_value(&template).unwrap();
    let sections: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(sections.len(), 6, "{sections:?}");
    for (section, entries) in &template.sections {
        let written = value[section].as_object().unwrap();
        assert_eq!(written.len(), entries.len(), "{section}");
        for entry in entries {
            for (member, expected) in &entry.members {
                assert_eq!(&written[&entry.name][*member], expected, "{}", entry.name);
            }
        }
    }
    // In the order of the text.
    let text = serde_json::to_string(&template).unwrap();
    let at = |what: &str| text.find(what).unwrap();
    assert!(at("\"Parameters\"") < at("\"Resources\"") && at("\"Bucket\":{") < at("\"Trail\":{"));
}

#[test]
fn rule_10_a_configuration_that_does_not_fit_is_refused() {
    let services: Vec<Value> = (0..200)
        .map(|n| json!({"service": format!("service-{n}"), "hold": true}))
        .collect();
    let config = Config::from_json(&json!({"services": services})).unwrap();
    let error = template(&config, &Code::placeholder(), now()).unwrap_err();
    assert!(matches!(error, Error::Wrong(_)), "{error}");
    assert!(error.to_string().contains("ECROLL_CONFIG"), "{error}");
}
