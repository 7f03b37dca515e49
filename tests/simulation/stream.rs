//! How many log events a second the whole pipeline takes: a busy account whose trail tells of everything, a push now and then
//! among it, with the handler at the end.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use filters::Pattern;
use local::{Account, Clock, Options};
use serde_json::{Value, json};
use setup::replay::host as hosted;

use crate::build::{put, set_up};
use crate::history::{HOME, REGION, digest, host};
use crate::records::record;
use crate::trace::{Kind, Policy, Push, Settings};

/// Every how many events a push.
const PUSH_EVERY: usize = 5_000;
const REPOSITORIES: usize = 20;
/// Records are handed over for so long at a time.
const STRETCH: TimeDelta = TimeDelta::seconds(30);
/// Records reach the group many at a time, at whole seconds of which this is one: a call of `PutLogEvents` takes up to 10,000.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>
const BATCH: i64 = 5;
/// So much time passes with each event: about a million a day.
const STEP: TimeDelta = TimeDelta::milliseconds(86);

/// A call of another kind, as large as they are on average.
fn other(number: usize, at: DateTime<Utc>) -> Value {
    let names = [
        ("ecs.amazonaws.com", "DescribeServices", true),
        ("ecr.amazonaws.com", "BatchGetImage", true),
        ("sts.amazonaws.com", "AssumeRole", true),
        ("s3.amazonaws.com", "GetBucketAcl", true),
        ("ecr.amazonaws.com", "InitiateLayerUpload", false),
    ];
    let (source, name, read_only) = names[number % names.len()];
    json!({
        "eventVersion": "1.11", "eventSource": source, "eventName": name, "readOnly": read_only,
        "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::{HOME}:assumed-role/build/build"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "build"}, "attributes": {"mfaAuthenticated": "false"}}},
        "eventTime": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "awsRegion": REGION,
        "sourceIPAddress": "198.51.100.7", "userAgent": "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64",
        "requestParameters": {"cluster": "default", "services": [format!("s{number}")], "include": ["TAGS"]},
        "responseElements": null, "requestID": format!("request-{number:032}"), "eventID": format!("event-{number:032}"),
        "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": HOME, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": format!("api.{REGION}.amazonaws.com")},
    })
}

async fn account() -> Account {
    let options = Options {
        journal_calls: false,
        ..Options::default()
    };
    let account = Account::new(Clock::new(crate::world::start()), options);
    account
        .call("ecs", "CreateCluster", json!({"clusterName": "c"}))
        .unwrap();
    for number in 0..REPOSITORIES {
        let image = format!("{}/r{number}:seed", host(HOME, REGION));
        let container = json!({"name": "app", "image": image, "memory": 128});
        let family = format!("f{number}");
        let definition = json!({"family": family, "containerDefinitions": [container]});
        account
            .call("ecs", "RegisterTaskDefinition", definition)
            .unwrap();
        let service = json!({"cluster": "c", "serviceName": format!("s{number}"), "desiredCount": 1,
            "taskDefinition": family});
        account.call("ecs", "CreateService", service).unwrap();
    }
    let settings = Settings {
        sweep: Some(TimeDelta::minutes(5)),
        look_back: TimeDelta::hours(24),
        reconcile: false,
        roads: vec!["alarm".to_owned()],
        waves: Vec::new(),
        repositories: vec!["*".to_owned()],
        service: Policy::default(),
    };
    set_up(&account, &settings).await;
    account
}

fn push(number: usize, repository: usize, at: DateTime<Utc>) -> Push {
    Push {
        id: format!("push-{number:06}"),
        account: HOME.to_owned(),
        region: REGION.to_owned(),
        repository: format!("r{repository}"),
        tag: Some(format!("v{number}")),
        digest: digest(&format!("image {number}")),
        at,
        delivered: Vec::new(),
        kind: Kind::Image,
        healthy: true,
    }
}

/// Seconds for which this thread has had a processor, where the system tells: other work beside it does not count.
fn on_processor() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = told.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

#[tokio::test(start_paused = true)]
#[ignore = "a measurement, for a build that is optimised; `ECROLL_EVENTS` says how many"]
#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes, not what time it is"
)]
async fn events_a_second_from_the_trail_to_the_roll() {
    let events = crate::seeds::number("ECROLL_EVENTS").unwrap_or(500_000);
    let events = usize::try_from(events).unwrap();
    let account = account().await;
    let answers = hosted(&account);
    let mut chance = Rng::with_seed(7);
    let start = account.clock().now();
    let mut at = start;
    let mut pushes = 0;
    let mut records = Vec::with_capacity(events);
    for number in 0..events {
        at += STEP;
        if number % PUSH_EVERY == 0 {
            let push = push(pushes, chance.usize(..REPOSITORIES), at);
            put(&account, &push);
            pushes += 1;
            records.push((at, Arc::<str>::from(record(&push).to_string())));
        } else {
            records.push((at, Arc::<str>::from(other(number, at).to_string())));
        }
    }
    // The same pattern over the same texts, and nothing else.
    let pattern = Pattern::parse(r#"{ $.eventSource = "ecr.amazonaws.com" && $.eventName = "PutImage" && $.errorCode NOT EXISTS }"#).unwrap();
    let bytes: usize = records.iter().map(|(_, text)| text.len()).sum();
    let began = Instant::now();
    let found = records.iter().filter(|(_, text)| pattern.matches(text));
    let found = found.count();
    let alone = began.elapsed().as_secs_f64();
    assert_eq!(found, pushes);

    let began = (Instant::now(), on_processor());
    let mut until = start;
    for (at, record) in records {
        if at > until {
            // As they happen, not all at once.
            until = at + STRETCH;
            account.run_until(at).await;
        }
        let later = at.timestamp() + chance.i64(60..=540);
        let later = DateTime::from_timestamp((later / BATCH + 1) * BATCH, 0).unwrap();
        account.deliver_text(record, later).unwrap();
    }
    account
        .run_until(start + STEP * i32::try_from(events).unwrap() + TimeDelta::minutes(20))
        .await;
    let wall = began.0.elapsed().as_secs_f64();
    let took = on_processor()
        .zip(began.1)
        .map_or(wall, |(now, then)| now - then);
    let answers = answers.taken();
    let rolled = answers.iter().flat_map(|answer| &answer.report.decisions);
    let rolled = rolled.filter(|decision| decision.outcome == handler::report::Outcome::Rolled);
    let rolled = rolled.count();
    #[expect(clippy::cast_precision_loss, reason = "counts of a measurement")]
    let (count, size) = (events as f64, bytes as f64 / 1e6);
    println!(
        "{events} events ({size:.0} MB, {pushes} pushes) in {took:.2} s of the processor, {wall:.2} s in all: {:.0} a \
         second of the processor; {} look-ups, {rolled} rolls; \
         the pattern alone takes {alone:.2} s, a ratio of {:.1}",
        count / took,
        answers.len(),
        took / alone,
    );
    assert!(rolled > 0 && rolled <= pushes);
}
