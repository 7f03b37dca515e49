use serde_json::{Value, json};

use super::{Lab, text};

fn list(lab: &mut Lab, further: Value) -> Value {
    let mut input = json!({ "cluster": "prod", "service": "web" });
    input
        .as_object_mut()
        .unwrap()
        .extend(further.as_object().unwrap().clone());
    lab.ok("ListServiceDeployments", input)
}

fn count(output: &Value) -> usize {
    output["serviceDeployments"].as_array().unwrap().len()
}

#[test]
fn service_deployments_are_listed_newest_first_in_pages_of_twenty() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    for version in 0..24 {
        lab.roll(&format!("r/web:{version}"));
        lab.pass(300);
    }
    let first = list(&mut lab, json!({}));
    assert_eq!(count(&first), 20);
    let times: Vec<i64> = first["serviceDeployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["createdAt"].as_i64().unwrap())
        .collect();
    assert!(times.windows(2).all(|pair| pair[0] > pair[1]));
    let second = list(&mut lab, json!({ "nextToken": first["nextToken"] }));
    assert_eq!(count(&second), 5);
    let bounds = json!({ "createdAt": { "after": times[4], "before": times[2] } });
    assert_eq!(count(&list(&mut lab, bounds)), 3);
    assert_eq!(count(&list(&mut lab, json!({ "status": ["STOPPED"] }))), 0);
    assert_eq!(
        count(&list(&mut lab, json!({ "status": ["SUCCESSFUL"] }))),
        20
    );
}

#[test]
fn a_deployment_leads_to_its_revision_and_that_to_the_task_definition() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    let definition = lab.roll("r/web:2");
    lab.pass(300);
    let brief = list(&mut lab, json!({}))["serviceDeployments"][0].clone();
    let asked = json!({ "serviceDeploymentArns": [brief["serviceDeploymentArn"], "arn:none"] });
    let output = lab.ok("DescribeServiceDeployments", asked);
    let record = &output["serviceDeployments"][0];
    assert_eq!(
        record["targetServiceRevision"]["arn"],
        brief["targetServiceRevisionArn"]
    );
    assert_eq!(record["status"], "SUCCESSFUL");
    assert_eq!(record["deploymentCircuitBreaker"]["status"], "DISABLED");
    assert_eq!(output["failures"][0]["reason"], "MISSING");
    let asked = json!({ "serviceRevisionArns": [brief["targetServiceRevisionArn"]] });
    let revision = lab.ok("DescribeServiceRevisions", asked)["serviceRevisions"][0].clone();
    assert_eq!(text(&revision["taskDefinition"]), definition);
    assert!(text(&revision["containerImages"][0]["imageDigest"]).starts_with("sha256:"));
}

#[test]
fn at_most_twenty_are_described_at_once() {
    let mut lab = Lab::new();
    for (operation, member) in [
        ("DescribeServiceDeployments", "serviceDeploymentArns"),
        ("DescribeServiceRevisions", "serviceRevisionArns"),
    ] {
        let arns = vec!["arn:none"; 21];
        let fault = lab.fault(operation, json!({ member: arns }));
        assert_eq!(fault.code, "InvalidParameterException");
        assert_eq!(lab.fault(operation, json!({ member: [] })).code, fault.code);
    }
}

#[test]
fn history_is_forgotten_after_ninety_days_and_revisions_with_it() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    for version in 0..300 {
        lab.roll(&format!("r/web:{version}"));
        lab.pass(86_400);
    }
    let service = lab.ecs.services.values().next().unwrap();
    assert!(service.records.len() <= 92, "{}", service.records.len());
    assert!(service.revisions.len() <= 93, "{}", service.revisions.len());
    assert!(service.all_tasks().count() <= 3);
}

#[test]
fn the_history_of_an_inactive_service_is_gone() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    lab.ok(
        "DeleteService",
        json!({ "cluster": "prod", "service": "web", "force": true }),
    );
    lab.pass(60);
    let input = json!({ "cluster": "prod", "service": "web" });
    assert_eq!(
        lab.fault("ListServiceDeployments", input).code,
        "ServiceNotFoundException"
    );
}
