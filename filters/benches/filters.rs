//! Parsing, evaluating, and searching ahead, each by itself: `cargo bench -p ecroll-filters`.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use filters::{Pattern, put_image};

const SAMPLES: [(&str, &str, &str); 3] = [
    (
        "json",
        r#"{ ($.eventSource = "ecr.amazonaws.com") && ($.eventName = "PutImage") && ($.errorCode NOT EXISTS) }"#,
        r#"{"eventVersion":"1.08","eventSource":"ecr.amazonaws.com","eventName":"PutImage","requestParameters":{"repositoryName":"shop","imageTag":"v1"},"responseElements":{"image":{"imageId":{"imageTag":"v1"}}}}"#,
    ),
    (
        "fields",
        "[ip, user, name, time, request, status = 4* || status = 5*, bytes > 1000]",
        r#"10.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#,
    ),
    (
        "terms",
        r#"ERROR "connection reset" -healthcheck %5[0-9]{2}%"#,
        "2026-01-01 ERROR upstream 10.0.0.7: connection reset by peer while reading, status 502",
    ),
];

/// Events of which one in a hundred is a push; the rest name it in another member if `decoys`.
fn log(decoys: bool) -> String {
    let mut log = String::new();
    for n in 0..20_000 {
        let name = if n % 100 == 0 {
            "PutImage"
        } else {
            "AssumeRole"
        };
        let other = if decoys { "PutImage" } else { "no" };
        let _ = writeln!(
            log,
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"AWSService","invokedBy":"ecs.amazonaws.com","role":"{n:032}"}},"eventTime":"2026-01-01T00:00:00Z","eventSource":"ecr.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"10.0.0.1","userAgent":"agent/1.0 ({n:064})","requestParameters":{{"repositoryName":"shop","imageTag":"v{n}","note":"{other}"}},"responseElements":null}}"#
        );
    }
    log
}

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    for (name, pattern, _) in SAMPLES {
        group.bench_function(name, |b| b.iter(|| Pattern::parse(black_box(pattern))));
    }
}

fn evaluate(c: &mut Criterion) {
    let mut group = c.benchmark_group("evaluate");
    for (name, pattern, event) in SAMPLES {
        let Ok(pattern) = Pattern::parse(pattern) else {
            continue;
        };
        assert!(pattern.evaluate(event), "{name}");
        group.throughput(Throughput::Bytes(event.len() as u64));
        group.bench_function(name, |b| b.iter(|| pattern.evaluate(black_box(event))));
    }
}

fn search(c: &mut Criterion) {
    let mut group = c.benchmark_group("lines");
    let Ok(pattern) = Pattern::parse(&put_image::pattern(&[])) else {
        return;
    };
    for (name, decoys) in [("one in a hundred", false), ("with decoys", true)] {
        let log = log(decoys);
        let lines = || pattern.lines(black_box(log.as_bytes())).count();
        assert_eq!(lines(), 200);
        group.throughput(Throughput::Bytes(log.len() as u64));
        group.bench_function(name, |b| b.iter(lines));
    }
}

fn regex(c: &mut Criterion) {
    let mut group = c.benchmark_group("regex");
    let event = "ab".repeat(32 * 1024);
    group.throughput(Throughput::Bytes(event.len() as u64));
    for body in ["[ab]+x", "[ab]{900}x", "[ab]{8000}x"] {
        let pattern = Pattern::parse(&format!("%{body}%"));
        let Ok(pattern) = pattern else { continue };
        group.bench_function(body, |b| {
            b.iter_batched(
                || (),
                |()| pattern.evaluate(black_box(&event)),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, parse, evaluate, search, regex);
criterion_main!(benches);
