//! `ecroll snapshot` of an account that is not ours, and a replay on it.

use serde_json::{Value, json};

use crate::push::{image, record};
use crate::setup::good;
use crate::stage::{Stage, minutes_ago, one_container};

pub(super) fn taken_and_replayed(stage: &Stage<'_>) {
    let mut web = one_container(&image("web", "v1"));
    web["containerDefinitions"][0]["environment"] =
        json!([{"name": "PASSWORD", "value": "hunter2"}]);
    // Revisions keep their numbers, whatever they are.
    stage.define("web", &web);
    let revision = stage.define("web", &web);
    stage.serve("shop", "web", &revision);
    let path = |name: &str| stage.judge.home.join(stage.own(name)).display().to_string();
    let (config, file, records) = (
        path("ecroll.toml"),
        path("account.jsonl"),
        path("records.jsonl"),
    );
    let clusters = format!("clusters = [\"{}\"]\n", stage.own("shop"));
    std::fs::write(&config, clusters).unwrap();
    // After the snapshot, so that it is not younger than what the records tell.
    let pushes = [
        record("web", "v2", minutes_ago(-30)),
        record("api", "v1", minutes_ago(-40)),
    ];
    std::fs::write(&records, pushes.map(|push| push.to_string()).join("\n")).unwrap();

    let before = stage.state();
    let said = good(
        &stage
            .judge
            .ecroll_alone(&["snapshot", &file, "--config", &config]),
    );
    assert!(said.contains("1 cluster, 1 service, 1 revision"), "{said}");
    assert_eq!(stage.state(), before);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("PASSWORD") && !text.contains("hunter2"),
        "{text}"
    );

    let run = [
        "replay",
        "--account",
        &file,
        "--config",
        &config,
        "--output",
        "json",
        &records,
    ];
    let story: Value = serde_json::from_str(&good(&stage.judge.ecroll_alone(&run))).unwrap();
    assert_eq!(story["account"]["services"], 1, "{story}");
    assert_eq!(story["account"]["unfollowed"], 1, "{story}");
    let decision = &story["decisions"][0];
    assert_eq!(
        (&decision["service"], &decision["outcome"]),
        (&json!("web"), &json!("rolled"))
    );
    assert_eq!(decision["from"], json!(revision));
    let next = revision.replace(":2", ":3");
    assert!(
        revision.ends_with(":2") && decision["to"] == json!(next),
        "{story}"
    );
}
