use serde_json::{Value, json};

use super::{Lab, text};

#[test]
fn a_new_service_has_the_defaults_of_the_api() {
    let mut lab = Lab::new();
    let service = lab.serve("r/web:1", 2, json!({}));
    let configuration = &service["deploymentConfiguration"];
    assert_eq!(configuration["minimumHealthyPercent"], 100);
    assert_eq!(configuration["maximumPercent"], 200);
    assert_eq!(service["schedulingStrategy"], "REPLICA");
    assert_eq!(service["availabilityZoneRebalancing"], "ENABLED");
    assert_eq!(service["deploymentController"]["type"], "ECS");
    assert_eq!(service["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert_eq!(
        service["deployments"][0]["id"],
        "ecs-svc/0000000000000000001"
    );
    let arn = "arn:aws:ecs:eu-west-1:000000000000:service/prod/web";
    assert_eq!(service["serviceArn"], arn);
}

#[test]
fn a_daemon_has_minimum_zero_no_maximum_and_one_task_per_instance() {
    let mut lab = Lab::new();
    let definition = lab.define("web", "r/web:1");
    let daemon = json!({ "cluster": "prod", "serviceName": "web", "taskDefinition": definition,
        "schedulingStrategy": "DAEMON" });
    let service = lab.ok("CreateService", daemon)["service"].clone();
    assert_eq!(
        service["deploymentConfiguration"]["minimumHealthyPercent"],
        0
    );
    assert!(
        service["deploymentConfiguration"]
            .get("maximumPercent")
            .is_none()
    );
    lab.pass(100);
    assert_eq!(lab.web()["runningCount"], 3);
    assert_eq!(lab.web()["desiredCount"], 3);
    lab.roll("r/web:2");
    lab.pass(300);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    let fault = lab.refused_update(json!({ "desiredCount": 4 }));
    assert!(fault.message.contains("daemon scheduling strategy"));
    let sent = json!({ "deploymentConfiguration": { "maximumPercent": 200 } });
    assert_eq!(
        lab.refused_update(sent.clone()).code,
        "InvalidParameterException"
    );
    lab.ecs.settings_mut().refuse_daemon_maximum = false;
    lab.update(sent);
}

#[test]
fn creating_an_active_service_again_is_not_idempotent() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    let again = json!({ "cluster": "prod", "serviceName": "web", "taskDefinition": "web",
        "desiredCount": 1 });
    let fault = lab.fault("CreateService", again);
    assert_eq!(fault.code, "InvalidParameterException");
    assert_eq!(fault.message, "Creation of service was not idempotent.");
}

#[test]
fn a_deleted_service_drains_becomes_inactive_and_can_be_created_again() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    let this = json!({ "cluster": "prod", "service": "web" });
    let fault = lab.fault("DeleteService", this.clone());
    assert!(fault.message.contains("scaled above 0"));
    let forced = json!({ "cluster": "prod", "service": "web", "force": true });
    let deleted = lab.ok("DeleteService", forced);
    assert_eq!(deleted["service"]["status"], "DRAINING");
    assert!(!lab.ecs.is_steady());
    let listed = lab.ok("ListServices", json!({ "cluster": "prod" }));
    assert_eq!(listed["serviceArns"], json!([]));
    let again = json!({ "cluster": "prod", "serviceName": "web", "taskDefinition": "web",
        "desiredCount": 1 });
    let fault = lab.fault("CreateService", again.clone());
    assert_eq!(
        fault.message,
        "Unable to Start a service that is still Draining."
    );
    lab.pass(10);
    assert_eq!(lab.web()["status"], "INACTIVE");
    assert!(lab.ecs.is_steady());
    let update = lab.refused_update(json!({ "taskDefinition": "web" }));
    assert_eq!(update.code, "ServiceNotActiveException");
    lab.ok("CreateService", again);
    assert_eq!(lab.web()["status"], "ACTIVE");
    assert_eq!(lab.web()["desiredCount"], 1);
}

#[test]
fn services_that_are_not_there_are_failures_of_a_successful_describe() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    let input = json!({ "cluster": "prod", "services": ["none", "web"] });
    let output = lab.ok("DescribeServices", input);
    assert_eq!(output["services"].as_array().unwrap().len(), 1);
    assert_eq!(output["failures"][0]["reason"], "MISSING");
    let arn = "arn:aws:ecs:eu-west-1:000000000000:service/prod/none";
    assert_eq!(output["failures"][0]["arn"], arn);
    let input = json!({ "cluster": "prod", "service": "none" });
    assert_eq!(
        lab.fault("UpdateService", input).code,
        "ServiceNotFoundException"
    );
    let input = json!({ "cluster": "none", "services": ["web"] });
    assert_eq!(
        lab.fault("DescribeServices", input).code,
        "ClusterNotFoundException"
    );
}

#[test]
fn at_most_ten_services_are_described_at_once() {
    let names: Vec<String> = (0..11).map(|number| format!("s{number}")).collect();
    let input = json!({ "cluster": "prod", "services": names });
    let fault = Lab::new().fault("DescribeServices", input);
    assert_eq!(fault.code, "InvalidParameterException");
    assert_eq!(fault.message, "services can have at most 10 items.");
}

#[test]
fn an_arn_of_another_cluster_than_the_calls_is_refused() {
    let mut lab = Lab::new();
    let arn = lab.serve("r/web:1", 1, json!({}))["serviceArn"].clone();
    lab.ok("CreateCluster", json!({}));
    let fault = lab.fault("DescribeServices", json!({ "services": [arn] }));
    assert_eq!(
        fault.message,
        "Identifier is for cluster prod. Your cluster is default"
    );
}

#[test]
fn services_are_listed_ten_at_a_time_and_by_kind() {
    let mut lab = Lab::new();
    let definition = lab.define("web", "r/web:1");
    for number in 0..25 {
        let (launch, managed) = match number {
            0 => ("FARGATE", "CUSTOMER"),
            1 => ("EC2", "ECS"),
            _ => ("EC2", "CUSTOMER"),
        };
        lab.ok(
            "CreateService",
            json!({ "cluster": "prod", "serviceName": format!("s{number:02}"), "desiredCount": 0,
                "taskDefinition": definition, "launchType": launch,
                "resourceManagementType": managed }),
        );
    }
    let count = |output: &Value| output["serviceArns"].as_array().unwrap().len();
    let mut seen = 0;
    let mut token = Value::Null;
    let mut pages = 0;
    loop {
        let output = lab.ok(
            "ListServices",
            json!({ "cluster": "prod", "nextToken": token }),
        );
        seen += count(&output);
        pages += 1;
        token = output["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!((seen, pages), (25, 3));
    for (filter, value, expected) in [
        ("launchType", "FARGATE", 1),
        ("resourceManagementType", "ECS", 1),
        ("schedulingStrategy", "DAEMON", 0),
        ("schedulingStrategy", "REPLICA", 25),
    ] {
        let input = json!({ "cluster": "prod", filter: value, "maxResults": 100 });
        assert_eq!(
            count(&lab.ok("ListServices", input)),
            expected,
            "{filter} {value}"
        );
    }
}

#[test]
fn an_external_service_needs_no_task_definition_and_runs_nothing() {
    let mut lab = Lab::new();
    let external = json!({ "cluster": "prod", "serviceName": "web", "desiredCount": 2,
        "deploymentController": { "type": "EXTERNAL" } });
    lab.ok("CreateService", external);
    lab.pass(100);
    assert_eq!(lab.web()["runningCount"], 0);
    assert!(lab.ecs.is_steady());
}

#[test]
fn tasks_can_be_listed_and_described() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    let listed = lab.ok(
        "ListTasks",
        json!({ "cluster": "prod", "serviceName": "web" }),
    );
    let arns = listed["taskArns"].clone();
    assert_eq!(arns.as_array().unwrap().len(), 2);
    let output = lab.ok(
        "DescribeTasks",
        json!({ "cluster": "prod", "tasks": [arns[0], "none"] }),
    );
    let task = &output["tasks"][0];
    assert_eq!(task["lastStatus"], "RUNNING");
    assert_eq!(task["group"], "service:web");
    assert_eq!(task["startedBy"], "ecs-svc/0000000000000000001");
    assert!(text(&task["containers"][0]["imageDigest"]).starts_with("sha256:"));
    assert_eq!(output["failures"][0]["reason"], "MISSING");
    lab.update(json!({ "desiredCount": 0 }));
    lab.pass(20);
    let stopped = json!({ "cluster": "prod", "desiredStatus": "STOPPED" });
    assert_eq!(
        lab.ok("ListTasks", stopped)["taskArns"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
