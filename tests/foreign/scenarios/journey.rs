//! The seed "AWS journey: ECS" on servers that are not ours: `ecroll service` with two files.

use std::process::Output;

use serde_json::{Value, json};

use crate::blind::Blind;
use crate::judge::Kind;
use crate::push::image;
use crate::setup::good;
use crate::stage::{Stage, one_container};

/// Writes the files and runs the verb on the scenario's cluster.
fn service(stage: &Stage<'_>, definition: &Value, service: &Value, more: &[&str]) -> Output {
    let path = |name: &str| stage.judge.home.join(stage.own(name)).display().to_string();
    let (first, second) = (path("taskdef.json"), path("service.json"));
    std::fs::write(&first, definition.to_string()).unwrap();
    std::fs::write(&second, service.to_string()).unwrap();
    let cluster = stage.own("shop");
    let all = ["service", &first, &second, "--cluster", &cluster, "--yes"];
    stage.judge.ecroll_alone(&[&all, more].concat())
}

pub(super) fn two_files(stage: &Stage<'_>) {
    let mut web = one_container(&image("web", "v1"));
    web["family"] = json!(stage.own("web"));
    let file = json!({"serviceName": "web", "desiredCount": 1});
    let refused = service(stage, &web, &file, &[]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("there is no cluster"), "{said}");

    stage.ecs("CreateCluster", &json!({"clusterName": stage.own("shop")}));
    // Where tasks are never replaced, no deployment ends.
    let wait: &[&str] = if stage.sees(Blind::Tasks) {
        &["--wait", "--timeout", "3m"]
    } else {
        &[]
    };
    let said = good(&service(stage, &web, &file, wait));
    assert!(said.contains("+ create service"), "{said}");
    let first = stage.runs("web");
    assert_eq!(stage.images(&first), [image("web", "v1")]);

    // Again: nothing is written.
    let before = stage.state();
    let said = good(&service(stage, &web, &file, &[]));
    assert!(said.contains("nothing to do"), "{said}");
    assert_eq!(stage.state(), before);

    // Another image and other percentages; somebody scaled it meanwhile.
    let scaled = json!({"cluster": stage.own("shop"), "service": "web", "desiredCount": 3});
    stage.ecs("UpdateService", &scaled);
    web["containerDefinitions"][0]["image"] = json!(image("web", "v2"));
    let mut percentages = file.clone();
    percentages["deploymentConfiguration"] =
        json!({"minimumHealthyPercent": 50, "maximumPercent": 150});
    good(&service(stage, &web, &percentages, wait));
    let live = stage.service("shop", "web");
    assert_eq!(live["desiredCount"], 3);
    if stage.judge.kind == Kind::MiniStack {
        assert_eq!(live["deploymentConfiguration"]["minimumHealthyPercent"], 50);
        assert_eq!(live["deploymentConfiguration"]["maximumPercent"], 150);
    }
    assert_eq!(stage.runs_images("web"), [image("web", "v2")]);
    assert_ne!(stage.runs("web"), first);

    // A slip is told before anything is sent.
    let mut slip = file.clone();
    slip["desiredcount"] = json!(1);
    let refused = service(stage, &web, &slip, &[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(said.contains("nearest: `desiredCount`"), "{said}");

    // Deleted, and made anew.
    let gone = json!({"cluster": stage.own("shop"), "service": "web", "force": true});
    stage.ecs("DeleteService", &gone);
    if stage.judge.kind == Kind::MiniStack {
        assert_eq!(stage.service("shop", "web")["status"], "INACTIVE");
    }
    let said = good(&service(stage, &web, &file, wait));
    assert!(said.contains("+ create service"), "{said}");
    assert_eq!(stage.service("shop", "web")["status"], "ACTIVE");
}
