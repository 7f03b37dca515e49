use serde_json::{Value, json};

use super::{Lab, text};

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn digests(lab: &mut Lab) -> Vec<String> {
    let tasks = lab.ok("ListTasks", json!({ "cluster": "prod" }))["taskArns"].clone();
    let output = lab.ok(
        "DescribeTasks",
        json!({ "cluster": "prod", "tasks": tasks }),
    );
    let tasks = output["tasks"].as_array().unwrap();
    tasks
        .iter()
        .map(|task| text(&task["containers"][0]["imageDigest"]))
        .collect()
}

fn revision_images(lab: &mut Lab) -> Value {
    let arn = lab.web()["currentServiceRevisions"][0]["arn"].clone();
    let input = json!({ "serviceRevisionArns": [arn] });
    lab.ok("DescribeServiceRevisions", input)["serviceRevisions"][0]["containerImages"].clone()
}

#[test]
fn a_tag_is_resolved_once_per_deployment_by_its_first_task() {
    let mut lab = Lab::new();
    lab.ecs.push_image("r/web", "live", ONE);
    lab.serve("r/web:live", 1, json!({}));
    assert!(revision_images(&mut lab)[0].get("imageDigest").is_none());
    lab.pass(100);
    lab.ecs.push_image("r/web", "live", TWO);
    lab.update(json!({ "desiredCount": 2 }));
    lab.pass(100);
    assert_eq!(
        digests(&mut lab),
        [ONE, ONE],
        "a scale-out takes the digest of the deployment"
    );
    lab.update(json!({ "forceNewDeployment": true }));
    lab.pass(300);
    assert_eq!(digests(&mut lab), [TWO, TWO]);
    let expected = json!([{ "containerName": "main", "image": "r/web:live", "imageDigest": TWO }]);
    assert_eq!(revision_images(&mut lab), expected);
}

#[test]
fn a_push_between_the_update_and_the_first_pull_is_what_runs() {
    let mut lab = Lab::new();
    lab.ecs.push_image("r/web", "live", ONE);
    lab.serve("r/web:live", 1, json!({}));
    lab.pass(4);
    lab.ecs.push_image("r/web", "live", TWO);
    lab.pass(100);
    assert_eq!(digests(&mut lab), [TWO]);
}

#[test]
fn without_version_consistency_every_task_pulls_for_itself() {
    let mut lab = Lab::new();
    lab.ecs.push_image("r/web", "live", ONE);
    let container =
        json!({ "name": "main", "image": "r/web:live", "versionConsistency": "disabled" });
    let loose = json!({ "family": "loose", "containerDefinitions": [container] });
    lab.ok("RegisterTaskDefinition", loose);
    lab.ok(
        "CreateService",
        json!({ "cluster": "prod", "serviceName": "web", "taskDefinition": "loose",
            "desiredCount": 1 }),
    );
    lab.pass(100);
    assert!(revision_images(&mut lab)[0].get("imageDigest").is_none());
    lab.ecs.push_image("r/web", "live", TWO);
    lab.update(json!({ "desiredCount": 2 }));
    lab.pass(100);
    assert!(digests(&mut lab).contains(&TWO.to_owned()));
}

#[test]
fn with_no_task_wanted_no_digest_is_established() {
    let mut lab = Lab::new();
    lab.serve("r/web:live", 0, json!({}));
    lab.pass(100);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    assert!(revision_images(&mut lab)[0].get("imageDigest").is_none());
}

#[test]
fn a_pinned_digest_is_the_digest_and_unknown_tags_have_one_of_their_own() {
    let mut lab = Lab::new();
    lab.serve(&format!("host:5000/web:1@{ONE}"), 1, json!({}));
    lab.pass(100);
    assert_eq!(digests(&mut lab), [ONE]);
    lab.roll("host:5000/web");
    lab.pass(300);
    let unpushed = digests(&mut lab);
    assert!(unpushed[0].starts_with("sha256:") && unpushed[0].len() == 71);
    lab.roll("host:5000/web:latest");
    lab.pass(300);
    assert_eq!(digests(&mut lab), unpushed);
    lab.roll("host:5000/web:other");
    lab.pass(300);
    assert_ne!(digests(&mut lab), unpushed);
}

#[test]
fn a_digest_pushed_under_a_crashing_tag_crashes_under_every_name() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    lab.ecs.push_image("r/web", "v2-crash", ONE);
    lab.ecs.push_image("r/web", "stable", ONE);
    for image in [
        format!("r/web@{ONE}"),
        "r/web:stable".to_owned(),
        "r/web:v2-crash".to_owned(),
    ] {
        lab.roll(&image);
        lab.pass(60);
        assert_ne!(lab.web()["deployments"][0]["failedTasks"], 0, "{image}");
    }
}
