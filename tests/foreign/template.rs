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
    let resources = template["Resources"].as_object_mut().unwrap();
    resources.remove("Trail").unwrap();
    make(&judge, &template);

    // It makes the bucket without its tags, and what has no tag of ours is left alone.
    let refused = judge.ecroll(&["plan"]);
    assert_eq!(refused.status.code(), Some(2));
    let bucket = format!("ecroll-000000000000-{REGION}");
    let tags = "<Tagging><TagSet><Tag><Key>ecroll:owner</Key><Value>ecroll</Value></Tag></TagSet></Tagging>";
    plain::put(judge.port, &format!("/{bucket}?tagging"), tags.as_bytes()).unwrap();

    let plan = good(&judge.ecroll(&["plan", "--output", "json"]));
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 18);
    let mut differs = Vec::new();
    for change in changes.iter().filter(|change| change["action"] != "keep") {
        let text = |member: &str| change[member].as_str().unwrap();
        let fields = change["fields"].as_array().unwrap().iter();
        let mut fields: Vec<&str> = fields.map(|f| f["field"].as_str().unwrap()).collect();
        fields.sort_unstable();
        if text("action") == "create" {
            fields.clear();
        }
        let (action, resource) = (text("action"), text("resource"));
        differs.push(format!("{action} {resource}: {}", fields.join(", ")));
    }
    // What MiniStack does not take from a template, and nothing else; what it learns has to go from here.
    let not_judged = [
        // It knows no lifecycle in a template.
        "change bucket: files kept for days",
        "create trail: ",
        // It knows no reservation in a template, and keeps what is said of `$LATEST` apart from what is said of the
        // function; for AWS they are one.
        "change function: event age in seconds, failures to, reserved concurrency, retries",
    ];
    assert_eq!(differs, not_judged);
    let path = "/2019-09-25/functions/ecroll/event-invoke-config?Qualifier=$LATEST";
    let events: Value =
        serde_json::from_str(&plain::read(judge.port, "lambda", path).unwrap()).unwrap();
    assert_eq!(events["MaximumRetryAttempts"], 2);
    assert_eq!(events["MaximumEventAgeInSeconds"], 21_600);
    for what in not_judged {
        tell(&format!("MiniStack does not judge, of a stack: {what}"));
    }
}
