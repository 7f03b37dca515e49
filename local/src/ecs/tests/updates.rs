use serde_json::json;

use super::{Lab, text};

#[test]
fn the_same_definition_again_starts_nothing_unless_forced() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    let first = text(&lab.web()["deployments"][0]["id"]);
    let same = lab.web()["taskDefinition"].clone();
    lab.update(json!({ "taskDefinition": same }));
    lab.update(json!({ "taskDefinition": "web" }));
    lab.update(json!({ "desiredCount": 3 }));
    lab.update(json!({ "deploymentConfiguration": { "minimumHealthyPercent": 50 } }));
    lab.update(json!({ "enableExecuteCommand": true, "propagateTags": "SERVICE" }));
    assert_eq!(text(&lab.web()["deployments"][0]["id"]), first);
    lab.update(json!({ "forceNewDeployment": true }));
    assert_ne!(text(&lab.web()["deployments"][0]["id"]), first);
    assert_eq!(lab.web()["deployments"].as_array().unwrap().len(), 2);
}

#[test]
fn members_that_a_deployment_puts_in_place_start_one_when_they_change() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    let network = json!({ "networkConfiguration": {
        "awsvpcConfiguration": { "subnets": ["subnet-1"] } } });
    lab.update(network.clone());
    assert_eq!(lab.web()["deployments"].as_array().unwrap().len(), 2);
    lab.pass(300);
    lab.update(network);
    assert_eq!(lab.web()["deployments"].as_array().unwrap().len(), 1);
}

#[test]
fn a_family_means_its_latest_active_revision() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    let second = lab.define("web", "r/web:2");
    lab.define("web", "r/web:3");
    lab.ok(
        "DeregisterTaskDefinition",
        json!({ "taskDefinition": "web:3" }),
    );
    lab.update(json!({ "taskDefinition": "web" }));
    assert_eq!(text(&lab.web()["taskDefinition"]), second);
    let fault = lab.refused_update(json!({ "taskDefinition": "web:3" }));
    assert_eq!(
        (fault.code.as_str(), fault.message.as_str()),
        ("ClientException", "TaskDefinition is inactive")
    );
    let fault = lab.refused_update(json!({ "taskDefinition": "web:9" }));
    assert_eq!(fault.message, "TaskDefinition not found.");
}

#[test]
fn what_runs_can_be_forced_again_although_it_is_inactive() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    lab.ok(
        "DeregisterTaskDefinition",
        json!({ "taskDefinition": "web:1" }),
    );
    lab.update(json!({ "forceNewDeployment": true }));
    assert_eq!(lab.web()["deployments"].as_array().unwrap().len(), 2);
}

#[test]
fn deployment_configuration_merges_at_its_top_level_only() {
    let mut lab = Lab::new();
    lab.serve("r/web:1", 1, json!({ "deploymentConfiguration": {
        "minimumHealthyPercent": 50,
        "deploymentCircuitBreaker": { "enable": true, "rollback": true, "resetOnHealthyTask": false },
        "strategy": "CANARY",
        "canaryConfiguration": { "canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5 },
    }}));
    lab.update(json!({ "deploymentConfiguration": { "maximumPercent": 150 } }));
    let configuration = lab.web()["deploymentConfiguration"].clone();
    assert_eq!(configuration["minimumHealthyPercent"], 50);
    assert_eq!(configuration["maximumPercent"], 150);
    assert_eq!(configuration["deploymentCircuitBreaker"]["rollback"], true);
    lab.update(json!({ "deploymentConfiguration": {
        "deploymentCircuitBreaker": { "enable": true },
        "canaryConfiguration": { "canaryPercent": 20.0 },
    }}));
    let configuration = lab.web()["deploymentConfiguration"].clone();
    let breaker = &configuration["deploymentCircuitBreaker"];
    assert_eq!(
        breaker["rollback"], false,
        "a breaker without rollback turns rollback off"
    );
    assert_eq!(
        breaker["resetOnHealthyTask"], false,
        "its newer members stay"
    );
    let canary = json!({ "canaryPercent": 20.0 });
    assert_eq!(configuration["canaryConfiguration"], canary);
    assert_eq!(configuration["maximumPercent"], 150);
}

#[test]
fn a_hundred_and_a_hundred_are_refused_also_after_merging() {
    let mut lab = Lab::new();
    lab.steady(2, 50, 100);
    let whole = json!({ "deploymentConfiguration": { "minimumHealthyPercent": 100 } });
    let fault = lab.refused_update(whole.clone());
    assert_eq!(fault.code, "InvalidParameterException");
    assert!(fault.message.contains("cannot be 100"));
    assert_eq!(
        lab.web()["deploymentConfiguration"]["minimumHealthyPercent"],
        50
    );
    lab.ecs.settings_mut().refuse_hundred_hundred = false;
    lab.update(whole);
}

#[test]
fn rebalancing_of_availability_zones_needs_room_above_a_hundred_percent() {
    let mut lab = Lab::new();
    lab.steady(2, 50, 200);
    let narrow = json!({ "maximumPercent": 100 });
    let fault = lab.refused_update(json!({ "deploymentConfiguration": narrow }));
    assert!(fault.message.contains("rebalancing"), "{}", fault.message);
    lab.update(json!({ "deploymentConfiguration": narrow,
        "availabilityZoneRebalancing": "DISABLED" }));
    let fault = lab.refused_update(json!({ "availabilityZoneRebalancing": "ENABLED" }));
    assert_eq!(fault.code, "InvalidParameterException");
}

#[test]
fn services_of_other_controllers_refuse_a_task_definition() {
    for (controller, article) in [("CODE_DEPLOY", "a"), ("EXTERNAL", "an")] {
        let mut lab = Lab::new();
        lab.serve(
            "r/web:1",
            1,
            json!({ "deploymentController": { "type": controller } }),
        );
        let definition = lab.define("web", "r/web:2");
        let fault = lab.refused_update(json!({ "taskDefinition": definition }));
        assert_eq!(fault.code, "InvalidParameterException");
        let start = format!(
            "Unable to update task definition on services with {article} {controller} deployment \
             controller."
        );
        assert!(fault.message.starts_with(&start), "{}", fault.message);
        lab.update(json!({ "desiredCount": 2 }));
    }
}

#[test]
fn a_service_under_codedeploy_shows_task_sets_and_no_rollout() {
    let mut lab = Lab::new();
    lab.serve(
        "r/web:1",
        1,
        json!({ "deploymentController": { "type": "CODE_DEPLOY" } }),
    );
    let notices = lab.pass(100);
    let service = lab.web();
    assert_eq!(service["deployments"], json!([]));
    assert_eq!(service["taskSets"][0]["runningCount"], 1);
    assert!(service["taskSets"][0].get("rolloutState").is_none());
    assert!(notices.is_empty());
}

#[test]
fn a_sixth_active_deployment_is_refused() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 1_000);
    lab.ecs.settings_mut().seconds_to_stop = 100_000;
    for version in 2..=5 {
        lab.roll(&format!("r/web:{version}"));
        lab.pass(1);
    }
    assert_eq!(lab.web()["deployments"].as_array().unwrap().len(), 5);
    let sixth = lab.define("web", "r/web:6");
    let fault = lab.refused_update(json!({ "taskDefinition": sixth }));
    assert_eq!(
        fault.message,
        "5 active deployments exist, unable to create new deployment."
    );
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    let before = lab.web();
    lab.refused_update(json!({ "desiredCount": 5, "taskDefinition": "none" }));
    lab.refused_update(json!({ "desiredCount": -1 }));
    lab.refused_update(json!({ "desiredCount": 5, "deploymentConfiguration": {
        "minimumHealthyPercent": 100, "maximumPercent": 100 } }));
    assert_eq!(lab.web(), before);
}
