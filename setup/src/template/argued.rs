//! What checkov asks for and the pipeline does without, each with its reason. It stands in the template, where checkov
//! reads it: <https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html>

use serde_json::{Value, json};

type Argued = (&'static str, &'static str);

const OWN_KEY: &str = "a key of one's own costs by the month and by the call, and can lock the pipeline out; the service's \
                       own key encrypts it";

const BUCKET: &[Argued] = &[
    (
        "CKV_AWS_18",
        "access logs of a bucket that only CloudTrail writes to would need a bucket of their own",
    ),
    (
        "CKV_AWS_21",
        "nobody overwrites files of CloudTrail: each has a name of its own, and digests show tampering",
    ),
];

const LOG_GROUP: &[Argued] = &[("CKV_AWS_158", OWN_KEY)];

const TRAIL: &[Argued] = &[("CKV_AWS_35", OWN_KEY)];

const TOPIC: &[Argued] = &[(
    "CKV_AWS_26",
    "messages say only that an alarm changed; with the key that AWS manages CloudWatch could not publish",
)];

const FUNCTION: &[Argued] = &[
    (
        "CKV_AWS_116",
        "what it fails on goes to the queue of failures: see the resource with its events",
    ),
    (
        "CKV_AWS_117",
        "it calls interfaces of AWS only and nobody calls it; a network would need a way out for that",
    ),
    (
        "CKV_AWS_173",
        "the environment holds names and no secret; Lambda encrypts it with its own key",
    ),
];

const QUEUE: &[Argued] = &[(
    "CKV_AWS_27",
    "SQS encrypts it with its own key, which this check does not know; one of one's own would cost and could lock out",
)];

const ACCOUNTS: Argued = (
    "CKV_AWS_45",
    "what this check takes for secrets are the numbers of the accounts with targets",
);

/// The metadata of a resource of this type with these properties; none where nothing has to be argued.
pub(super) fn metadata(kind: &str, properties: &Value) -> Option<Value> {
    let argued = match kind {
        "AWS::S3::Bucket" => BUCKET,
        "AWS::Logs::LogGroup" => LOG_GROUP,
        "AWS::CloudTrail::Trail" => TRAIL,
        "AWS::SNS::Topic" => TOPIC,
        "AWS::SQS::Queue" => QUEUE,
        "AWS::Lambda::Function" => FUNCTION,
        _ => &[],
    };
    let accounts = names_accounts(properties).then_some(&ACCOUNTS);
    let skip: Vec<Value> = argued
        .iter()
        .chain(accounts)
        .map(|(id, comment)| json!({"id": id, "comment": comment}))
        .collect();
    (!skip.is_empty()).then(|| json!({"checkov": {"skip": skip}}))
}

/// Whether a function's environment names accounts in plain text; into what a function gives, the check does not look.
fn names_accounts(properties: &Value) -> bool {
    let variables = properties.pointer("/Environment/Variables");
    let variables = variables.and_then(Value::as_object);
    let mut texts = variables
        .into_iter()
        .flatten()
        .filter_map(|(_, v)| v.as_str());
    texts.any(|text| text.contains("\"account\":"))
}
