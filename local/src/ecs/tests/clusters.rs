use serde_json::json;

use super::{Lab, text};

#[test]
fn clusters_come_in_pages_of_at_most_a_hundred() {
    let mut lab = Lab::new();
    for number in 0..149 {
        lab.ok(
            "CreateCluster",
            json!({ "clusterName": format!("c{number:03}") }),
        );
    }
    let first = lab.ok("ListClusters", json!({}));
    assert_eq!(first["clusterArns"].as_array().unwrap().len(), 100);
    let second = lab.ok("ListClusters", json!({ "nextToken": first["nextToken"] }));
    assert_eq!(second["clusterArns"].as_array().unwrap().len(), 50);
    assert!(second.get("nextToken").is_none());
    let fault = lab.fault("ListClusters", json!({ "maxResults": 101 }));
    assert_eq!(fault.code, "InvalidParameterException");
    assert_eq!(
        lab.fault("ListClusters", json!({ "nextToken": "zz" })).code,
        "InvalidParameterException"
    );
}

#[test]
fn no_item_is_skipped_or_repeated_when_another_vanishes_between_pages() {
    let mut lab = Lab::new();
    for number in 0..6 {
        let definition = lab.define("web", "r/web:1");
        let name = format!("s{number}");
        lab.ok(
            "CreateService",
            json!({ "cluster": "prod", "serviceName": name, "taskDefinition": definition,
                "desiredCount": 0 }),
        );
    }
    let first = lab.ok(
        "ListServices",
        json!({ "cluster": "prod", "maxResults": 3 }),
    );
    lab.ok(
        "DeleteService",
        json!({ "cluster": "prod", "service": "s0" }),
    );
    let token = first["nextToken"].clone();
    let second = lab.ok(
        "ListServices",
        json!({ "cluster": "prod", "maxResults": 3, "nextToken": token }),
    );
    let names: Vec<String> = second["serviceArns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arn| text(arn).rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["s3", "s4", "s5"]);
}

#[test]
fn creating_a_cluster_again_returns_the_one_that_is_there() {
    let mut lab = Lab::new();
    let again = lab.ok("CreateCluster", json!({ "clusterName": "prod" }));
    assert_eq!(
        again["cluster"]["clusterArn"],
        "arn:aws:ecs:eu-west-1:000000000000:cluster/prod"
    );
    assert_eq!(
        lab.ok("ListClusters", json!({}))["clusterArns"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn missing_clusters_are_failures_of_a_successful_describe() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    let output = lab.ok("DescribeClusters", json!({ "clusters": ["prod", "none"] }));
    assert_eq!(output["clusters"][0]["runningTasksCount"], 2);
    assert_eq!(output["clusters"][0]["activeServicesCount"], 1);
    assert_eq!(output["failures"][0]["reason"], "MISSING");
}

#[test]
fn an_operation_that_is_not_simulated_says_so() {
    let fault = Lab::new().fault("RunTask", json!({}));
    assert_eq!(fault.code, "UnknownOperationException");
}

#[test]
fn a_member_of_the_wrong_type_is_refused_by_name() {
    let fault = Lab::new().fault("ListClusters", json!({ "maxResults": "ten" }));
    assert_eq!(fault.code, "SerializationException");
    assert!(fault.message.contains("maxResults"), "{}", fault.message);
}

#[test]
fn a_deleted_cluster_is_described_and_made_anew() {
    let mut lab = Lab::new();
    let definition = lab.define("web", "r/web:1");
    let service = json!({ "cluster": "prod", "serviceName": "web", "taskDefinition": definition,
        "desiredCount": 0 });
    lab.ok("CreateService", service.clone());
    let prod = json!({ "cluster": "prod" });
    let fault = lab.fault("DeleteCluster", prod.clone());
    assert_eq!(fault.code, "ClusterContainsServicesException");
    lab.ok(
        "DeleteService",
        json!({ "cluster": "prod", "service": "web" }),
    );
    lab.pass(60);
    let gone = lab.ok("DeleteCluster", prod.clone());
    assert_eq!(gone["cluster"]["status"], "INACTIVE");
    let described = lab.ok("DescribeClusters", json!({ "clusters": ["prod"] }));
    assert_eq!(described["clusters"][0]["status"], "INACTIVE");
    assert_eq!(lab.ok("ListClusters", json!({}))["clusterArns"], json!([]));
    let fault = lab.fault("CreateService", service.clone());
    assert_eq!(fault.code, "ClusterNotFoundException");
    assert_eq!(
        lab.fault("DeleteCluster", prod).code,
        "ClusterNotFoundException"
    );
    let anew = lab.ok("CreateCluster", json!({ "clusterName": "prod" }));
    assert_eq!(anew["cluster"]["status"], "ACTIVE");
    lab.ok("CreateService", service);
}

#[test]
fn a_token_tells_the_same_creation_from_another() {
    let mut lab = Lab::new();
    let definition = lab.define("web", "r/web:1");
    let service = |desired: u32, token: &str| {
        json!({ "cluster": "prod", "serviceName": "web", "taskDefinition": definition,
            "desiredCount": desired, "clientToken": token, "memberOfTomorrow": { "a": 1.50 } })
    };
    let first = lab.ok("CreateService", service(1, "t1"));
    let again = lab.ok("CreateService", service(1, "t1"));
    assert_eq!(
        again["service"]["serviceArn"],
        first["service"]["serviceArn"]
    );
    assert_eq!(again["service"]["memberOfTomorrow"], json!({ "a": 1.5 }));
    for other in [service(2, "t1"), service(1, "t2")] {
        let fault = lab.fault("CreateService", other);
        assert_eq!(fault.code, "InvalidParameterException");
    }
    let update = json!({ "cluster": "prod", "service": "web", "memberOfTomorrow": [] });
    let updated = lab.ok("UpdateService", update);
    assert_eq!(updated["service"]["memberOfTomorrow"], json!([]));
}
