//! The template of `ecroll template`, made a stack by a CloudFormation that is not ours.

use serde_json::Value;

use crate::install::{skipped, tell};
use crate::judge::{Judge, Kind, REGION};
use crate::plain;
use crate::setup::good;

/// The bucket with the function's zip.
const CODE: &str = "code";

/// Makes the stack and waits for its end.
fn make(judge: &Judge, template: &Value) {
    let body = template.to_string();
    let members = [
        ("Action", "CreateStack"),
        ("Version", "2010-05-15"),
        ("StackName", "ecroll"),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ("Parameters.member.1.ParameterKey", "CodeBucket"),
        ("Parameters.member.1.ParameterValue", CODE),
        ("TemplateBody", &body),
    ];
    plain::query(judge.port, "cloudformation", &members).unwrap();
    let ask = [
        ("Action", "DescribeStacks"),
        ("Version", "2010-05-15"),
        ("StackName", "ecroll"),
    ];
    for _ in 0..300 {
        let answer = plain::query(judge.port, "cloudformation", &ask).unwrap();
        let status = answer.split("<StackStatus>").nth(1).unwrap();
        let status = status.split('<').next().unwrap();
        match status {
            "CREATE_COMPLETE" => return,
            "CREATE_IN_PROGRESS" => std::thread::sleep(std::time::Duration::from_millis(100)),
            _ => panic!("{answer}"),
        }
    }
    panic!("the stack is not made within half a minute");
}

#[test]
fn foreign_plan_keeps_what_a_stack_has_made() {
    if skipped("foreign_plan_keeps_what_a_stack_has_made") {
        return;
    }
    let judge = Judge::start(Kind::MiniStack);
    let run = judge.ecroll(&["template", "--output", "json", "--zip", "handler.zip"]);
    let mut template: Value = serde_json::from_str(&good(&run)).unwrap();
    let zip = std::fs::read(judge.home.join("handler.zip")).unwrap();
    let key = &template["Resources"]["Function"]["Properties"]["Code"]["S3Key"];
    let path = format!("/{CODE}/{}", key.as_str().unwrap());
    let place = format!(
        "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    plain::put(judge.port, &format!("/{CODE}"), place.as_bytes()).unwrap();
    plain::put(judge.port, &path, &zip).unwrap();

    // MiniStack knows every type but the trail's; when it does, this fails and the trail stays in.
    let members = [("Action", "ValidateTemplate"), ("Version", "2010-05-15")];
    let body = template.to_string();
    let members: Vec<_> = members
        .into_iter()
        .chain([("TemplateBody", body.as_str())])
        .collect();
    let why = plain::query(judge.port, "cloudformation", &members).unwrap_err();
    assert!(why.contains("[AWS::CloudTrail::Trail]"), "{why}");
    tell("MiniStack does not judge: a stack's trail, whose type it does not know");
    let resources = template["Resources"].as_object_mut().unwrap();
    resources.remove("Trail").unwrap();
    make(&judge, &template);

    let plan = good(&judge.ecroll(&["plan", "--output", "json"]));
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    let differs: Vec<&Value> = changes
        .iter()
        .filter(|change| change["action"] != "keep")
        .collect();
    let [trail] = differs.as_slice() else {
        panic!("{differs:#?}");
    };
    assert_eq!(
        (&trail["resource"], &trail["action"]),
        (&"trail".into(), &"create".into())
    );
    assert_eq!(changes.len(), 18);
}
