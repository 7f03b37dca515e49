use serde_json::{Value, json};

use super::Lab;

fn tag(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": value })
}

#[test]
fn tags_that_ecs_does_not_take_are_refused() {
    let mut lab = Lab::new();
    let (long_key, long_value) = ("k".repeat(129), "v".repeat(257));
    let many: Vec<Value> = (0..51)
        .map(|number| tag(&format!("k{number}"), "v"))
        .collect();
    for (tags, word) in [
        (
            json!([tag("aws:cloudformation:stack-name", "x")]),
            "reserved",
        ),
        (json!([tag("AwS:x", "x")]), "reserved"),
        (json!([tag("a*", "x")]), "invalid characters"),
        (json!([tag("a", "x,y")]), "invalid characters"),
        (json!([tag("a", "{x}")]), "invalid characters"),
        (json!([tag(&long_key, "x")]), "limited"),
        (json!([tag("a", &long_value)]), "limited"),
        (json!([tag("", "x")]), "empty"),
        (json!([tag("a", "x"), tag("a", "y")]), "twice"),
        (json!(many), "at most 50"),
    ] {
        let input = json!({
            "family": "web",
            "containerDefinitions": [{ "name": "a", "image": "b" }],
            "tags": tags,
        });
        let fault = lab.fault("RegisterTaskDefinition", input);
        assert_eq!(fault.code, "InvalidParameterException");
        assert!(fault.message.contains(word), "{word}: {}", fault.message);
    }
}

#[test]
fn tagging_adds_and_replaces_and_leaves_other_tags() {
    let mut lab = Lab::new();
    let service = lab.serve(
        "r/web:1",
        1,
        json!({ "tags": [tag("a", "1"), tag("b", "2")] }),
    );
    let arn = service["serviceArn"].clone();
    lab.ok(
        "TagResource",
        json!({ "resourceArn": arn, "tags": [tag("b", "3"), tag("c", "")] }),
    );
    lab.ok(
        "UntagResource",
        json!({ "resourceArn": arn, "tagKeys": ["a", "none"] }),
    );
    let expected = json!([tag("b", "3"), tag("c", "")]);
    assert_eq!(
        lab.ok("ListTagsForResource", json!({ "resourceArn": arn }))["tags"],
        expected
    );
    assert_eq!(lab.web()["tags"], expected);
    let plain = lab.ok(
        "DescribeServices",
        json!({ "cluster": "prod", "services": ["web"] }),
    );
    assert!(plain["services"][0].get("tags").is_none());
}

#[test]
fn a_fifty_first_tag_is_refused_and_changes_nothing() {
    let mut lab = Lab::new();
    let tags: Vec<Value> = (0..50)
        .map(|number| tag(&format!("k{number}"), "v"))
        .collect();
    let arn = lab.serve("r/web:1", 1, json!({ "tags": tags }))["serviceArn"].clone();
    let input = json!({ "resourceArn": arn, "tags": [tag("one-more", "v"), tag("k0", "new")] });
    assert_eq!(
        lab.fault("TagResource", input).code,
        "LimitExceededException"
    );
    assert!(
        lab.web()["tags"]
            .as_array()
            .unwrap()
            .contains(&tag("k0", "v"))
    );
}

#[test]
fn a_service_with_a_short_arn_cannot_be_tagged() {
    let mut lab = Lab::new();
    lab.ecs.settings_mut().long_arns = false;
    let arn = lab.serve("r/web:1", 1, json!({}))["serviceArn"].clone();
    assert_eq!(arn, "arn:aws:ecs:eu-west-1:000000000000:service/web");
    let long = "arn:aws:ecs:eu-west-1:000000000000:service/prod/web";
    for given in [arn.as_str().unwrap(), long] {
        let input = json!({ "resourceArn": given, "tags": [tag("a", "b")] });
        let fault = lab.fault("TagResource", input);
        assert_eq!(fault.code, "InvalidParameterException");
        assert!(fault.message.contains("ong"), "{}", fault.message);
    }
    let found = lab.ok(
        "DescribeServices",
        json!({ "cluster": "prod", "services": [arn] }),
    );
    assert_eq!(found["services"][0]["serviceName"], "web");
}

#[test]
fn task_definitions_can_be_tagged_and_nothing_that_is_not_there() {
    let mut lab = Lab::new();
    let arn = lab.define("web", "r/web:1");
    lab.ok(
        "TagResource",
        json!({ "resourceArn": arn, "tags": [tag("a", "b")] }),
    );
    let tags = lab.ok("ListTagsForResource", json!({ "resourceArn": arn }))["tags"].clone();
    assert_eq!(tags, json!([tag("a", "b")]));
    let missing = arn.replace("web:1", "web:2");
    let input = json!({ "resourceArn": missing, "tags": [tag("a", "b")] });
    assert_eq!(
        lab.fault("TagResource", input).code,
        "ResourceNotFoundException"
    );
}
