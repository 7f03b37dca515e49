use serde_json::{Value, json};

use super::{Lab, text};

fn minimal() -> Value {
    json!({ "family": "web", "containerDefinitions": [{ "name": "main", "image": "r/web:1" }] })
}

#[test]
fn members_that_nobody_knows_survive_the_round_trip() {
    let mut lab = Lab::new();
    let mut input = minimal();
    input["notYetInvented"] = json!({ "deep": [1, 2.5, -3, true, null, "", { "x": 0 }] });
    input["containerDefinitions"][0]["alsoNew"] = json!("");
    input["containerDefinitions"][0]["cpu"] = json!(0);
    lab.ok("RegisterTaskDefinition", input.clone());
    let output = lab.ok(
        "DescribeTaskDefinition",
        json!({ "taskDefinition": "web:1" }),
    );
    let mut definition = output["taskDefinition"].as_object().unwrap().clone();
    for added in [
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
    ] {
        assert!(definition.remove(added).is_some(), "{added}");
    }
    assert_eq!(Value::Object(definition), input);
}

#[test]
fn output_only_members_are_refused_at_registration() {
    for member in [
        "taskDefinitionArn",
        "revision",
        "status",
        "deleteRequestedAt",
        "registeredBy",
    ] {
        let mut input = minimal();
        input[member] = json!("x");
        let fault = Lab::new().fault("RegisterTaskDefinition", input);
        assert_eq!(fault.code, "InvalidParameterException");
        assert!(fault.message.contains(member));
    }
}

#[test]
fn an_empty_list_of_tags_is_refused_and_an_absent_one_is_not() {
    let mut lab = Lab::new();
    let mut input = minimal();
    lab.ok("RegisterTaskDefinition", input.clone());
    input["tags"] = json!([]);
    let fault = lab.fault("RegisterTaskDefinition", input);
    assert_eq!(
        (fault.code.as_str(), fault.message.as_str()),
        ("ClientException", "Tags can not be empty.")
    );
}

#[test]
fn tags_are_a_sibling_that_must_be_asked_for() {
    let mut lab = Lab::new();
    let mut input = minimal();
    input["tags"] = json!([{ "key": "team", "value": "a b+c-d=e.f_g:h/i@j" }]);
    lab.ok("RegisterTaskDefinition", input.clone());
    let plain = lab.ok("DescribeTaskDefinition", json!({ "taskDefinition": "web" }));
    assert!(plain.get("tags").is_none());
    assert!(plain["taskDefinition"].get("tags").is_none());
    let asked = json!({ "taskDefinition": "web", "include": ["TAGS"] });
    assert_eq!(
        lab.ok("DescribeTaskDefinition", asked)["tags"],
        input["tags"]
    );
}

#[test]
fn family_and_containers_are_required() {
    let mut lab = Lab::new();
    for (input, word) in [
        (
            json!({ "containerDefinitions": [{ "name": "a", "image": "b" }] }),
            "Family",
        ),
        (json!({ "family": "web" }), "Container list"),
        (
            json!({ "family": "web", "containerDefinitions": [] }),
            "Container list",
        ),
        (
            json!({ "family": "web", "containerDefinitions": [{ "name": "a" }] }),
            "Container.image",
        ),
        (
            json!({ "family": "a b", "containerDefinitions": [{}] }),
            "Invalid family",
        ),
    ] {
        let fault = lab.fault("RegisterTaskDefinition", input);
        assert_eq!(fault.code, "ClientException");
        assert!(fault.message.contains(word), "{}", fault.message);
    }
}

#[test]
fn registering_the_same_again_makes_another_revision() {
    let mut lab = Lab::new();
    assert!(
        lab.define("web", "r/web:1")
            .ends_with(":task-definition/web:1")
    );
    assert!(
        lab.define("web", "r/web:1")
            .ends_with(":task-definition/web:2")
    );
}

#[test]
fn a_family_alone_means_its_newest_active_revision() {
    let mut lab = Lab::new();
    lab.define("web", "r/web:1");
    let second = lab.define("web", "r/web:2");
    lab.define("web", "r/web:3");
    lab.ok(
        "DeregisterTaskDefinition",
        json!({ "taskDefinition": "web:3" }),
    );
    let found = lab.ok("DescribeTaskDefinition", json!({ "taskDefinition": "web" }));
    assert_eq!(text(&found["taskDefinition"]["taskDefinitionArn"]), second);
    let inactive = lab.ok(
        "DescribeTaskDefinition",
        json!({ "taskDefinition": "web:3" }),
    );
    assert_eq!(inactive["taskDefinition"]["status"], "INACTIVE");
    assert!(inactive["taskDefinition"]["deregisteredAt"].is_i64());
}

#[test]
fn a_definition_of_another_region_or_account_is_not_here() {
    let mut lab = Lab::new();
    let here = lab.define("web", "r/web:1");
    lab.ok("DescribeTaskDefinition", json!({ "taskDefinition": here }));
    for there in [
        here.replace("eu-west-1", "us-east-1"),
        here.replace("0000", "1111"),
    ] {
        let fault = lab.fault("DescribeTaskDefinition", json!({ "taskDefinition": there }));
        assert_eq!(fault.message, "Unable to describe task definition.");
    }
}

#[test]
fn definitions_are_listed_by_family_and_number_with_the_inactive_ones_apart() {
    let mut lab = Lab::new();
    for _ in 0..11 {
        lab.define("web", "r/web:1");
    }
    lab.define("api", "r/api:1");
    lab.define("webhook", "r/hook:1");
    lab.ok(
        "DeregisterTaskDefinition",
        json!({ "taskDefinition": "web:2" }),
    );
    let short = |output: &Value| -> Vec<String> {
        let arns = output["taskDefinitionArns"].as_array().unwrap();
        arns.iter()
            .map(|arn| text(arn).rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    let of_web = lab.ok(
        "ListTaskDefinitions",
        json!({ "familyPrefix": "web", "sort": "DESC" }),
    );
    assert_eq!(
        short(&of_web),
        [
            "web:11", "web:10", "web:9", "web:8", "web:7", "web:6", "web:5", "web:4", "web:3",
            "web:1"
        ]
    );
    let gone = lab.ok("ListTaskDefinitions", json!({ "status": "INACTIVE" }));
    assert_eq!(short(&gone), ["web:2"]);
    let families = lab.ok(
        "ListTaskDefinitionFamilies",
        json!({ "familyPrefix": "web" }),
    );
    assert_eq!(families["families"], json!(["web", "webhook"]));
}

#[test]
fn a_collision_with_somebody_elses_registration_passes() {
    let mut lab = Lab::new();
    lab.ecs.fail_registrations("web", 2);
    for _ in 0..2 {
        let fault = lab.fault("RegisterTaskDefinition", minimal());
        assert_eq!(fault.code, "ClientException");
        assert!(
            fault
                .message
                .starts_with("Too many concurrent attempts to create a new revision")
        );
    }
    lab.ok("RegisterTaskDefinition", minimal());
}

#[test]
fn a_definition_that_is_too_long_is_refused() {
    let mut input = minimal();
    input["containerDefinitions"][0]["command"] = json!(["x".repeat(70_000)]);
    let fault = Lab::new().fault("RegisterTaskDefinition", input);
    assert!(
        fault
            .message
            .contains("Max allowed length is '65536' bytes")
    );
}
