//! Changes to a good input, of which many get behind the first check: to JSON as JSON, to text as text.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Members that readers look for.
const NAMES: &[&str] = &[
    "Records",
    "EventSource",
    "Sns",
    "Message",
    "alarmData",
    "awslogs",
    "data",
    "detail-type",
    "detail",
    "look_back",
    "repository",
    "tag",
    "digest",
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
    "registryId",
    "manifests",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "platform",
    "events",
    "message",
    "timestamp",
    "logEvents",
    "messageType",
    "name",
    "clusters",
    "service",
    "services",
    "tags",
    "sweep",
    "trail",
    "triggers",
    "taskDefinition",
    "containerDefinitions",
    "taskDefinitionArn",
    "key",
    "value",
    "action",
    "pin",
    "hold",
];

/// Values that mean something somewhere.
const TEXTS: &[&str] = &[
    "",
    " ",
    "\u{0}",
    "\u{feff}",
    "ü",
    "\u{202e}",
    "💥",
    "%s",
    "..",
    "*",
    "null",
    "aws:sns",
    "ecr.amazonaws.com",
    "PutImage",
    "2026-03-01T10:00:00Z",
    "2026-03-01T10:00:00+0000",
    "9999-12-31T23:59:59Z",
    "0000-00-00T00:00:00Z",
    "eu-west-1",
    "sha256:aa",
    "any",
    "exact:x",
    "semver:^2",
    "newest-semver",
    "regex:(a*)*b",
    "glob:*a*",
    "off",
    "24h",
    "5m",
    "0h",
    "99999999999999999999h",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a:b",
    "CONTROL_MESSAGE",
    "ECR Image Action",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "{",
    "[1",
    "\"",
    "Scheduled Event",
    "AWS API Call via CloudTrail",
    "PUSH",
    "SUCCESS",
    "H4sIAAAAAAAA/wMAAAAAAAAAAAA=",
];

/// One of a list that is not empty.
fn pick<'a>(random: &mut Rng, of: &[&'a str]) -> &'a str {
    of.get(random.usize(..of.len()))
        .copied()
        .unwrap_or_default()
}

/// Some value, of any kind.
pub(crate) fn value(random: &mut Rng) -> Value {
    match random.u8(0..12) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(random.i64(-5..500)),
        3 => json!(random.i64(..)),
        4 => json!(random.f64() * 1e300),
        5 => json!([]),
        6 => json!({}),
        7 => json!([value(random)]),
        8 => json!({pick(random, NAMES): value(random)}),
        9 => json!(long(random)),
        _ => json!(pick(random, TEXTS)),
    }
}

/// Something short, many times: what a matcher without a bound would choke on.
fn long(random: &mut Rng) -> String {
    let unit = [
        "a", "*", "(", "[", "a*", "(a|a)*", "1.", "/", ":", "é", "\"", "\\", "{\"a\":",
    ];
    pick(random, &unit).repeat(random.usize(1..3000))
}

/// A value with one to four changes somewhere in it.
pub(crate) fn json(mut of: Value, random: &mut Rng) -> Value {
    for _ in 0..random.usize(1..5) {
        change(&mut of, random, 0);
    }
    of
}

fn change(of: &mut Value, random: &mut Rng, depth: u32) {
    // Deeper more often than not: most of what is looked at lies deep.
    let deeper = random.u8(0..10) < 8 && depth < 12;
    match of {
        Value::Object(members) if deeper && !members.is_empty() => {
            let index = random.usize(..members.len());
            if let Some((_, inner)) = members.iter_mut().nth(index) {
                change(inner, random, depth + 1);
            }
        }
        Value::Array(values) if deeper && !values.is_empty() => {
            let index = random.usize(..values.len());
            if let Some(inner) = values.get_mut(index) {
                change(inner, random, depth + 1);
            }
        }
        Value::Object(members) => object(members, random),
        Value::Array(values) => array(values, random),
        Value::String(inner) if random.bool() => *inner = text(inner, random),
        other => *other = value(random),
    }
}

fn object(members: &mut Map<String, Value>, random: &mut Rng) {
    let name = members
        .keys()
        .nth(random.usize(..members.len().max(1)))
        .cloned();
    match (random.u8(0..4), name) {
        (0, Some(name)) => {
            members.remove(&name);
        }
        (1, Some(name)) => {
            members.insert(name, value(random));
        }
        // A member under another's name.
        (2, Some(name)) => {
            let held = members.remove(&name).unwrap_or_default();
            members.insert(pick(random, NAMES).to_owned(), held);
        }
        _ => {
            members.insert(pick(random, NAMES).to_owned(), value(random));
        }
    }
}

fn array(values: &mut Vec<Value>, random: &mut Rng) {
    match random.u8(0..3) {
        0 => values.clear(),
        1 => values.insert(random.usize(..=values.len()), value(random)),
        _ => {
            if let Some(last) = values.last().cloned() {
                values.extend(vec![last; random.usize(1..20)]);
            }
        }
    }
}

/// A text with some of its characters removed, doubled, swapped or replaced.
pub(crate) fn text(of: &str, random: &mut Rng) -> String {
    let mut letters: Vec<char> = of.chars().collect();
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=letters.len());
        let end = (at + random.usize(1..8)).min(letters.len());
        match random.u8(0..7) {
            0 => {
                letters.drain(at..end);
            }
            1 => {
                let copy = letters.get(at..end).unwrap_or_default().to_vec();
                letters.splice(at..at, copy.repeat(random.usize(1..4)));
            }
            2 => letters.truncate(at),
            3 => {
                let some = pick(random, TEXTS).chars().collect::<Vec<_>>();
                letters.splice(at..at, some);
            }
            4 => {
                let signs = ":/@.*^[](){}|+-=<>,~\"'\\ \n\t#é0";
                let sign = signs.chars().nth(random.usize(..signs.chars().count()));
                letters.splice(at..end, sign);
            }
            5 if end > at => letters.swap(at, end - 1),
            _ if random.u8(0..10) == 0 => {
                letters.splice(at..at, long(random).chars());
            }
            _ => letters.insert(at, random.char('\u{0}'..'\u{2fff}')),
        }
    }
    letters.into_iter().collect()
}
