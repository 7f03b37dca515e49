use serde_json::{Value, json};

use super::{DeploymentState, Lab, states_of, text};

fn with_breaker(desired: u32, rollback: bool) -> Lab {
    let mut lab = Lab::new();
    lab.serve(
        "r/web:1",
        desired,
        json!({ "deploymentConfiguration": {
        "deploymentCircuitBreaker": { "enable": true, "rollback": rollback } } }),
    );
    lab.pass(200);
    lab
}

fn current_record(lab: &mut Lab) -> Value {
    let arn = lab.web()["currentServiceDeployment"].clone();
    let input = json!({ "serviceDeploymentArns": [arn] });
    lab.ok("DescribeServiceDeployments", input)["serviceDeployments"][0].clone()
}

#[test]
fn a_tripped_breaker_rolls_back_to_the_last_completed_deployment_as_a_new_primary() {
    for image in ["r/web:missing", "r/web:crash"] {
        let mut lab = with_breaker(2, true);
        let first = lab.web();
        let kept = lab.ok("ListTasks", json!({ "cluster": "prod" }))["taskArns"].clone();
        let failing = lab.roll(image);
        let mut seen = Vec::new();
        let notices = lab.watch(1_000, |lab| seen.push(text(&current_record(lab)["status"])));
        assert_eq!(
            states_of(&notices),
            [
                DeploymentState::Started,
                DeploymentState::Failed,
                DeploymentState::RolledBack,
                DeploymentState::Completed
            ]
        );
        assert_eq!(notices[1].task_definition, failing);
        assert_eq!(
            notices[1].reason,
            "ECS deployment circuit breaker: tasks failed to start."
        );
        let id = text(&first["deployments"][0]["id"]);
        assert_eq!(
            notices[2].reason,
            format!("ECS deployment circuit breaker: rolling back to deploymentId {id}.")
        );
        let service = lab.web();
        assert_eq!(service["taskDefinition"], first["taskDefinition"]);
        assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
        assert_ne!(
            service["deployments"][0]["id"],
            first["deployments"][0]["id"]
        );
        seen.dedup();
        assert_eq!(
            seen,
            ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]
        );
        let record = current_record(&mut lab);
        assert_eq!(
            record["rollback"]["serviceRevisionArn"],
            first["currentServiceRevisions"][0]["arn"]
        );
        assert_eq!(record["deploymentCircuitBreaker"]["status"], "TRIGGERED");
        assert_eq!(record["deploymentCircuitBreaker"]["threshold"], 3);
        let tasks = lab.ok("ListTasks", json!({ "cluster": "prod" }))["taskArns"].clone();
        assert_eq!(tasks, kept, "tasks of the old revision stay");
    }
}

#[test]
fn a_rollback_uses_the_digest_of_the_old_revision_although_its_tag_has_moved() {
    let mut lab = Lab::new();
    lab.ecs.push_image("r/web", "live", "sha256:1");
    lab.serve(
        "r/web:live",
        2,
        json!({ "deploymentConfiguration": {
        "minimumHealthyPercent": 0, "maximumPercent": 101,
        "deploymentCircuitBreaker": { "enable": true, "rollback": true } } }),
    );
    lab.pass(200);
    lab.ecs.push_image("r/web", "live", "sha256:2");
    lab.roll("r/web:missing");
    lab.pass(1_000);
    let tasks = lab.ok("ListTasks", json!({ "cluster": "prod" }))["taskArns"].clone();
    let output = lab.ok(
        "DescribeTasks",
        json!({ "cluster": "prod", "tasks": tasks }),
    );
    assert_eq!(
        output["tasks"][0]["containers"][0]["imageDigest"],
        "sha256:1"
    );
}

#[test]
fn without_rollback_a_failed_deployment_launches_nothing_more_and_the_old_tasks_stay() {
    let mut lab = with_breaker(2, false);
    lab.roll("r/web:missing");
    let notices = lab.pass(2_000);
    assert_eq!(
        states_of(&notices),
        [DeploymentState::Started, DeploymentState::Failed]
    );
    assert_eq!(lab.states(), ["PRIMARY FAILED", "ACTIVE COMPLETED"]);
    assert_eq!(lab.web()["runningCount"], 2);
    assert_eq!(lab.web()["pendingCount"], 0);
    assert_eq!(current_record(&mut lab)["status"], "STOPPED");
    assert!(lab.ecs.is_steady());
    lab.roll("r/web:3");
    lab.pass(300);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
}

#[test]
fn a_failed_deployment_starts_no_task_although_exits_bring_no_pause() {
    let mut lab = with_breaker(2, false);
    lab.roll("r/web:crash");
    let mut seen = Vec::new();
    lab.watch(2_000, |lab| {
        let service = lab.web();
        let state = text(&service["deployments"][0]["rolloutState"]);
        seen.push((state, service["pendingCount"].as_u64().unwrap()));
    });
    let failed: Vec<_> = seen
        .iter()
        .skip_while(|(state, _)| state != "FAILED")
        .collect();
    assert!(!failed.is_empty());
    assert!(
        failed.iter().all(|(_, pending)| *pending == 0),
        "{failed:?}"
    );
}

#[test]
fn failures_of_a_superseded_deployment_are_not_counted_for_the_new_one() {
    let mut lab = Lab::new();
    lab.serve("r/web:crash", 2, json!({}));
    lab.pass(21);
    lab.roll("r/web:2");
    lab.pass(200);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    assert_eq!(
        current_record(&mut lab)["deploymentCircuitBreaker"]["failureCount"],
        0
    );
}

#[test]
fn with_nothing_to_go_back_to_the_deployment_stalls() {
    let mut lab = Lab::new();
    lab.serve(
        "r/web:missing",
        1,
        json!({ "deploymentConfiguration": {
        "deploymentCircuitBreaker": { "enable": true, "rollback": true } } }),
    );
    let notices = lab.pass(2_000);
    assert_eq!(
        states_of(&notices),
        [DeploymentState::Started, DeploymentState::Failed]
    );
    assert_eq!(lab.states(), ["PRIMARY FAILED"]);
}

#[test]
fn a_rollback_that_fails_as_well_stalls() {
    let mut lab = Lab::new();
    lab.ecs.push_image("r/web", "live", "sha256:1");
    let container =
        json!({ "name": "main", "image": "r/web:live", "versionConsistency": "disabled" });
    let loose = json!({ "family": "loose", "containerDefinitions": [container] });
    lab.ok("RegisterTaskDefinition", loose);
    lab.ok(
        "CreateService",
        json!({ "cluster": "prod", "serviceName": "web", "taskDefinition": "loose",
            "desiredCount": 1, "deploymentConfiguration": { "minimumHealthyPercent": 0,
            "deploymentCircuitBreaker": { "enable": true, "rollback": true } } }),
    );
    lab.pass(200);
    lab.roll("r/web:missing");
    // The tag of the old revision goes bad while its tasks are being replaced.
    lab.ecs.push_image("r/web", "live-crash", "sha256:2");
    lab.ecs.push_image("r/web", "live", "sha256:2");
    let notices = lab.pass(2_000);
    assert_eq!(
        states_of(&notices),
        [
            DeploymentState::Started,
            DeploymentState::Failed,
            DeploymentState::RolledBack,
            DeploymentState::Failed
        ]
    );
    assert_eq!(lab.states(), ["PRIMARY FAILED"]);
    assert_eq!(current_record(&mut lab)["status"], "ROLLBACK_FAILED");
}

#[test]
fn without_a_breaker_a_deployment_never_fails_and_tries_at_growing_distances() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    lab.roll("r/web:missing");
    lab.pass(86_400);
    assert_eq!(lab.states(), ["PRIMARY IN_PROGRESS", "ACTIVE COMPLETED"]);
    let failed = lab.web()["deployments"][0]["failedTasks"].as_u64().unwrap();
    assert!(
        (50..100).contains(&failed),
        "{failed} in a day: up to 27 minutes apart"
    );
    let complaint = "is unable to consistently start tasks successfully.";
    assert!(
        lab.messages()
            .iter()
            .any(|message| message.contains(complaint))
    );
    lab.roll("r/web:3");
    lab.pass(200);
    assert_eq!(
        lab.states(),
        ["PRIMARY COMPLETED"],
        "a new deployment starts without a pause"
    );
}

#[test]
fn the_threshold_is_half_of_the_desired_count_from_three_to_two_hundred() {
    for (desired, threshold) in [(1, 3), (6, 3), (7, 4), (25, 13), (400, 200)] {
        let mut lab = with_breaker(desired, false);
        let record = current_record(&mut lab);
        assert_eq!(
            record["deploymentCircuitBreaker"]["threshold"], threshold,
            "{desired}"
        );
    }
}

#[test]
fn the_threshold_can_be_configured() {
    for (kind, value, threshold) in [
        ("COUNT", 7, 7),
        ("BOUNDED_PERCENT", 10, 3),
        ("UNBOUNDED_PERCENT", 10, 1),
    ] {
        let mut lab = Lab::new();
        lab.serve(
            "r/web:1",
            10,
            json!({ "deploymentConfiguration": {
            "deploymentCircuitBreaker": { "enable": true, "rollback": false,
                "thresholdConfiguration": { "type": kind, "value": value } } } }),
        );
        let record = current_record(&mut lab);
        assert_eq!(
            record["deploymentCircuitBreaker"]["threshold"], threshold,
            "{kind}"
        );
    }
}

#[test]
fn exits_count_as_failures_only_where_the_switch_says_so() {
    let mut lab = with_breaker(1, true);
    lab.ecs.settings_mut().exit_counts_as_failure = false;
    lab.roll("r/web:crash");
    lab.pass(3_600);
    assert_eq!(lab.states(), ["PRIMARY IN_PROGRESS", "ACTIVE COMPLETED"]);
    assert_eq!(lab.web()["deployments"][0]["failedTasks"], 0);
}

#[test]
fn a_stopped_service_deployment_rolls_back_without_a_breaker() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    let first = lab.web()["taskDefinition"].clone();
    lab.roll("r/web:2");
    lab.pass(10);
    let arn = lab.web()["currentServiceDeployment"].clone();
    let stop = json!({ "serviceDeploymentArn": arn, "stopType": "ROLLBACK" });
    lab.ok("StopServiceDeployment", stop.clone());
    assert_eq!(current_record(&mut lab)["status"], "ROLLBACK_IN_PROGRESS");
    lab.ok("StopServiceDeployment", stop.clone());
    let notices = lab.pass(300);
    assert_eq!(
        states_of(&notices),
        [DeploymentState::RolledBack, DeploymentState::Completed]
    );
    assert_eq!(lab.web()["taskDefinition"], first);
    assert_eq!(current_record(&mut lab)["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(
        lab.fault("StopServiceDeployment", stop).code,
        "ConflictException"
    );
    let none = json!({ "serviceDeploymentArn": "arn:aws:ecs:eu-west-1:000000000000:x" });
    let fault = lab.fault("StopServiceDeployment", none);
    assert_eq!(fault.code, "ServiceDeploymentNotFoundException");
}

#[test]
fn a_rollback_can_be_superseded() {
    let mut lab = with_breaker(2, true);
    lab.roll("r/web:missing");
    lab.watch(600, |_| ());
    lab.roll("r/web:3");
    lab.pass(300);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    assert!(text(&lab.web()["taskDefinition"]).ends_with("web:3"));
}
