//! What the documents tell people to type, typed: every `ecroll …` of theirs in a shell, one after the other, in a served
//! account and among files of the names that they use.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use setup::replay::SAMPLE;

use crate::install::skipped;
use crate::served::Served;
use crate::user::{handler, told};
use crate::written::{self, Line};

/// What is not typed here, and what types it instead.
const ELSEWHERE: [(&str, &str); 4] = [
    ("ecroll local", "user.rs: it serves until it is interrupted"),
    (
        "s3://",
        "tests/foreign/records.rs: the pocket account's buckets hold nothing",
    ),
    (
        "logs://",
        "tests/foreign/records.rs: time passes quicker in this account than for the one who asks",
    ),
    (
        "ecroll status <ClusterName>/app",
        "examples.rs: the service of another file",
    ),
];

/// The services that the documents speak of, by cluster.
const SERVICES: [(&str, &str); 3] = [("prod", "web"), ("default", "web"), ("default", "app")];

/// The tags.
const TAGS: [&str; 2] = ["v1.2.0", "1.4.0"];

const TASK: &str = r#"{"family":"web","containerDefinitions":[{"name":"web","memory":128,"essential":true,
    "image":"000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:seed"}]}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// Files of the names that the documents use, and a shell's `ecroll` to whose questions somebody says yes.
fn files(home: &Path) {
    let write = |name: &str, bytes: &[u8]| {
        let path = home.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    // A snapshot is of one account, and so must be the records.
    let records = SAMPLE.replace("111122223333", "000000000000");
    write("cloudtrail/records.json", records.as_bytes());
    write("more.json.gz", &gzip(&records));
    write("cloudtrail.json.gz", &gzip(&records));
    write("records.jsonl", records.as_bytes());
    write("events.jsonl", b"{\"a\":5}\n");
    write("other.toml", b"sweep = \"10m\"\n");
    write("taskdef.json", TASK.as_bytes());
    write("service.json", br#"{"serviceName":"web","desiredCount":1}"#);
    let program = env!("CARGO_BIN_EXE_ecroll");
    write(
        "bin/ecroll",
        format!("#!/bin/sh\nexec '{program}' --yes \"$@\"\n").as_bytes(),
    );
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(home.join("bin/ecroll"), mode).unwrap();
}

/// The handler, where the line or the default wants it.
fn build(home: &Path, line: &str) {
    let built = PathBuf::from(handler(home));
    let lambda = home.join("target/lambda");
    let _ = std::fs::remove_dir_all(&lambda);
    let place = if line.contains("handler/bootstrap") {
        lambda.join("handler/bootstrap")
    } else {
        lambda.join("handler")
    };
    for place in [place, home.join("target/debug/handler")] {
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::copy(&built, place).unwrap();
    }
}

/// What a shell makes of a line.
fn typed(served: &Served, text: &str) -> Output {
    let home = served.home.path();
    build(home, text);
    let text = text.replace("cargo run --bin ecroll --", "ecroll");
    let path = std::env::var("PATH").unwrap();
    let mut shell = served.client(Path::new("bash"));
    shell.args(["-e", "-o", "pipefail", "-c", &text]);
    shell.env("PATH", format!("{}:{path}", home.join("bin").display()));
    shell.output().unwrap()
}

/// An account with the services of the documents, that the pushes of the documents have rolled.
fn account() -> Served {
    let served = Served::start(&["--speed", "60", "--latency", "5s"]);
    files(served.home.path());
    served.asked("ecr create-repository --repository-name web");
    served.asked("ecs create-cluster --cluster-name prod");
    served.asked("ecs create-cluster --cluster-name default");
    served.asked("ecs register-task-definition --cli-input-json file://taskdef.json");
    for (cluster, service) in SERVICES {
        served.asked(&format!(
            "ecs create-service --cluster {cluster} --service-name {service} --task-definition web --desired-count 1"
        ));
    }
    assert!(typed(&served, "ecroll setup").status.success());
    for tag in TAGS {
        let digest = format!("sha256:{:0>64}", tag.len());
        let config =
            json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest});
        let manifest = json!({"schemaVersion": 2, "config": config});
        served.asked(&format!(
            "ecr put-image --repository-name web --image-tag {tag} --image-manifest {manifest}"
        ));
        told(&served, &format!("rolled    prod/web web:{tag} "));
    }
    served
}

#[test]
fn every_command_of_the_documents_does_what_it_is_there_for() {
    if skipped("every_command_of_the_documents_does_what_it_is_there_for") {
        return;
    }
    let mut left = written::lines();
    left.retain(|line| !ELSEWHERE.iter().any(|(what, _)| line.text.contains(what)));
    // One of prose may lack what is to be filled in; the other test has looked at it.
    let whole = |line: &Line| {
        let is_whole = line.is_code || line.text.split(' ').count() > 2;
        is_whole && !line.text.contains('…')
    };
    left.retain(whole);
    // What has changed is told of, not told to be typed.
    left.retain(|line| !line.path.ends_with("CHANGELOG.md"));
    assert!(left.len() > 30, "only {} were found", left.len());
    std::thread::scope(|scope| {
        for document in left.chunk_by(|one, other| one.path == other.path) {
            scope.spawn(move || {
                let served = account();
                for line in document {
                    // One may take away what the next one speaks of.
                    let stands = typed(
                        &served,
                        "ecroll setup && ecroll snapshot --force account.jsonl",
                    );
                    assert!(stands.status.success(), "{stands:?}");
                    if line.text.contains("ecroll snapshot") {
                        std::fs::remove_file(served.home.path().join("account.jsonl")).unwrap();
                    }
                    let done = typed(&served, &line.text);
                    let said = String::from_utf8_lossy(&done.stderr);
                    assert!(done.status.success(), "{line}\n{:?}\n{said}", done.status);
                    assert!(!said.contains("panicked"), "{line}\n{said}");
                }
            });
        }
    });
}
