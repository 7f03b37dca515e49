use std::collections::BTreeSet;

use chrono::DateTime;
use serde_json::json;

use super::{row, table};
use crate::options::Options;
use crate::state::State;

/// Where each service answers its operations.
const SOURCES: [(&str, &str); 14] = [
    ("cloudformation", include_str!("../../cloudformation.rs")),
    ("cloudtrail", include_str!("../../cloudtrail/mod.rs")),
    ("cloudwatch", include_str!("../../cloudwatch/mod.rs")),
    ("ecr", include_str!("../../ecr/mod.rs")),
    ("ecs", include_str!("../../ecs/mod.rs")),
    ("events", include_str!("../../events.rs")),
    ("iam", include_str!("../../iam/mod.rs")),
    ("lambda", include_str!("../../lambda/mod.rs")),
    ("logs", include_str!("../../logs/mod.rs")),
    ("s3", include_str!("../../s3.rs")),
    ("scheduler", include_str!("../../scheduler.rs")),
    ("sns", include_str!("../../sns/mod.rs")),
    ("sqs", include_str!("../../sqs.rs")),
    ("sts", include_str!("../../sts.rs")),
];

/// Every word in quotes that could be an operation.
fn words(source: &str) -> BTreeSet<&str> {
    let quoted = source.split('"').skip(1).step_by(2);
    let word = |text: &&str| {
        text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.chars().all(|c| c.is_ascii_alphanumeric())
            && text.len() > 3
    };
    quoted.filter(word).collect()
}

/// Whether the service knows the operation, whatever it says to an empty input.
fn is_answered(service: &str, operation: &str) -> bool {
    let mut state = State::new(Options::default());
    let now = DateTime::UNIX_EPOCH;
    let who = crate::iam::operator(&state.place);
    let input = json!({"Bucket": "mine", "repositoryName": "r"});
    // A setting of a bucket is known only where there is a bucket, an operation of ECR only where there is an image.
    _ = state.answer("s3", "CreateBucket", &input, now);
    let manifest = json!({"repositoryName": "r", "imageManifest": "{}", "imageTag": "t"});
    _ = state.answer("ecr", "PutImage", &manifest, now);
    let answer = if service == "sts" {
        state.answer_sts(operation, &input, &who, now)
    } else {
        state.answer(service, operation, &input, now)
    };
    let unknown = ["NotImplemented", "UnknownOperationException"];
    !answer.is_err_and(|fault| unknown.contains(&fault.code.as_str()))
}

#[test]
fn rule_08_every_operation_that_is_answered_has_a_row() {
    let mut answered = 0;
    for (service, source) in SOURCES {
        for operation in words(source) {
            if is_answered(service, operation) {
                answered += 1;
                assert!(row(service, operation).is_some(), "{service} {operation}");
            }
        }
    }
    assert!(answered > 120, "{answered} operations were found");
}

#[test]
fn every_row_is_of_an_operation_that_is_answered() {
    for (service, _) in SOURCES {
        for row in table(service).unwrap() {
            assert!(
                is_answered(service, row.operation),
                "{service} {}",
                row.operation
            );
            for need in row.needs {
                let (prefix, name) = need.action.split_once(':').unwrap();
                assert!(prefix == service || prefix == "iam", "{}", need.action);
                assert!(
                    name.starts_with(|c: char| c.is_ascii_uppercase()),
                    "{}",
                    need.action
                );
            }
        }
    }
}
