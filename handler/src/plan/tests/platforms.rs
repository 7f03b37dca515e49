//! What an image was built for, and what a service needs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::builders::{Scene, arn, outcomes, rolled, writes_nothing};
use crate::manifest::{Kind, Platform};
use crate::report::Outcome::{Refused, Skipped};

fn index(platforms: &[&str]) -> Kind {
    let platform = |text: &&str| {
        let (os, architecture) = text.split_once('/').unwrap();
        Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
        }
    };
    Kind::Index(platforms.iter().map(platform).collect())
}

/// A service whose revision has these members, and a push of an index of these platforms.
fn scene(members: &Value, fargate: bool, kind: Kind) -> Scene {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    scene.records[0].record.kind = kind;
    scene.web().fargate = fargate;
    let definition = scene.inventory.definitions.get_mut(&arn(1)).unwrap();
    let raw = &mut Arc::get_mut(definition).unwrap().raw;
    for (key, value) in members.as_object().unwrap() {
        raw[key] = value.clone();
    }
    scene
}

#[test]
fn rule_06_an_image_for_another_platform_is_refused_where_that_is_certain() {
    let platform = |os: Value, cpu: Value| json!({"runtimePlatform": {"operatingSystemFamily": os, "cpuArchitecture": cpu}});
    let fargate = json!({"requiresCompatibilities": ["FARGATE"]});
    let both = json!({"requiresCompatibilities": ["EC2", "FARGATE"]});
    let half = json!({"runtimePlatform": {"cpuArchitecture": "ARM64"}});
    let none = json!({});
    let table: &[(&Value, bool, &[&str], Option<&str>)] = &[
        (
            &platform(json!("LINUX"), json!("ARM64")),
            false,
            &["linux/amd64"],
            Some("linux/arm64"),
        ),
        (
            &platform(json!("LINUX"), json!("ARM64")),
            false,
            &["linux/amd64", "linux/arm64"],
            None,
        ),
        (
            &platform(json!("LINUX"), json!("X86_64")),
            true,
            &["linux/arm64"],
            Some("linux/amd64"),
        ),
        (
            &platform(json!("WINDOWS_SERVER_2022_CORE"), json!("X86_64")),
            true,
            &["linux/amd64"],
            Some("windows/amd64"),
        ),
        (
            &platform(json!("WINDOWS_SERVER_2022_CORE"), json!("X86_64")),
            true,
            &["windows/amd64"],
            None,
        ),
        // Fargate without a word is Linux on x86-64.
        (&none, true, &["linux/arm64"], Some("linux/amd64")),
        (&none, true, &["linux/amd64"], None),
        (&fargate, false, &["linux/arm64"], Some("linux/amd64")),
        (&half, true, &["linux/amd64"], Some("linux/arm64")),
        // On instances it is the instance that decides, as far as nothing is said.
        (&none, false, &["linux/arm64"], None),
        (&both, false, &["linux/arm64"], None),
        (&half, false, &["linux/amd64"], Some("arm64")),
        (&half, false, &["windows/arm64"], None),
        // What this version does not know is not certain.
        (
            &platform(json!("PLAN9"), json!("RISCV")),
            true,
            &["linux/arm64"],
            None,
        ),
        (
            &json!({"runtimePlatform": 7, "requiresCompatibilities": []}),
            false,
            &["linux/arm64"],
            None,
        ),
    ];
    for (members, fargate, built, needed) in table {
        let plan = scene(members, *fargate, index(built)).settled();
        let Some(needed) = needed else {
            assert_eq!(rolled(&plan), ["web:v1"], "{members} {built:?}");
            continue;
        };
        assert_eq!(outcomes(&plan), [(Refused, "v1")], "{members} {built:?}");
        let reason = &plan.decisions[0].reason;
        let sides = format!(
            "the image is for {}, the service needs {needed}:",
            built.join(", ")
        );
        assert!(reason.contains(&sides), "{reason}");
        writes_nothing(&plan);
    }
}

#[test]
fn an_image_that_names_no_platform_passes() {
    let plan = scene(&json!({}), true, Kind::Image).settled();
    assert_eq!(rolled(&plan), ["web:v1"]);
}

#[test]
fn rule_01_a_newest_push_that_may_not_roll_does_not_hide_the_one_before_it() {
    let mut scene = scene(&json!({}), true, index(&["linux/amd64"]))
        .pushed("web:v2", "d2", 5)
        .pushed("web:v3", "d3", 6)
        .pushed("web:x4", "d4", 7)
        .configured(&json!({"service": {"tags": "prefix:v"}}));
    scene.records[1].record.kind = index(&["linux/arm64"]);
    scene.records[2].record.kind = Kind::Other("a chart".to_owned());
    let plan = scene.look_up(10);
    assert_eq!(rolled(&plan), ["web:v1"]);
    assert_eq!(
        outcomes(&plan),
        [(Refused, "v2"), (Skipped, "v3"), (Skipped, "x4")]
    );
    writes_nothing(&scene.look_up(11));
}
