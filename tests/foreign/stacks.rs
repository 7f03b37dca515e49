//! The update of a stack, by the real handler and a `CloudFormation` that is not ours.
//!
//! `MiniStack` judges what an update sends and what is read afterwards: the previous template, the one parameter with the
//! previous values of the others (a hidden one among them), the capabilities in its answer, tags that nobody names, the
//! token on each event, and the words of its refusals. What it cannot judge is tried here, so that it is not claimed longer
//! than it is true:
//!
//! - it neither keeps nor tells `RoleARN`, without which the handler updates no stack: the answer is amended on its way;
//! - it makes resources for a request without the capabilities that they need;
//! - it takes a token a second time, which AWS refuses (`TokenAlreadyExistsException`);
//! - it is done before it answers, so nobody meets `UPDATE_IN_PROGRESS`, and an update that CloudFormation rolls back later
//!   is the pocket account's alone.
//!
//! moto has no `CloudFormation` as it is installed here: that needs a dozen further packages (`moto[cloudformation]`).

use serde_json::{Value, json};

use crate::install::skipped;
use crate::judge::{Judge, Kind, REGION};
use crate::plain;
use crate::push::{image, record};
use crate::runtime_api::Function;
use crate::stage::minutes_ago;
use crate::tap::Tap;

const ROLE: &str = "arn:aws:iam::000000000000:role/shop-stack";

/// A parameter of SSM takes the place of a service: it can be read back. The role asks for a capability.
fn template() -> String {
    json!({
        "Parameters": {"ImageTag": {"Type": "String"}, "Size": {"Type": "String", "Default": "1"},
            "Secret": {"Type": "String", "NoEcho": true, "Default": "none"}},
        "Resources": {
            "Tag": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/shop/tag", "Type": "String",
                "Value": {"Fn::Sub": "${ImageTag} ${Size} ${Secret}"}}},
            "Task": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "shop-task",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
        },
    })
    .to_string()
}

fn ask(
    judge: &Judge,
    operation: &str,
    stack: &str,
    members: &[(&str, &str)],
) -> Result<String, String> {
    let first = [
        ("Action", operation),
        ("Version", "2010-05-15"),
        ("StackName", stack),
    ];
    plain::query(judge.port, "cloudformation", &[&first, members].concat())
}

fn create(judge: &Judge) {
    let template = template();
    let members = [
        ("TemplateBody", template.as_str()),
        ("RoleARN", ROLE),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "shop"),
        ("Parameters.member.1.ParameterKey", "ImageTag"),
        ("Parameters.member.1.ParameterValue", "v1"),
        ("Parameters.member.2.ParameterKey", "Size"),
        ("Parameters.member.2.ParameterValue", "3"),
        ("Parameters.member.3.ParameterKey", "Secret"),
        ("Parameters.member.3.ParameterValue", "hush"),
    ];
    ask(judge, "CreateStack", "shop", &members).unwrap();
    for _ in 0..100 {
        if described(judge).contains("<StackStatus>CREATE_COMPLETE<") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{}", described(judge));
}

fn described(judge: &Judge) -> String {
    ask(judge, "DescribeStacks", "shop", &[]).unwrap()
}

/// What the stack made of its parameters.
fn made(judge: &Judge) -> String {
    let input = json!({"Name": "/shop/tag"});
    let answer = plain::call(judge.port, "ssm", "AmazonSSM.GetParameter", &input).unwrap();
    answer["Parameter"]["Value"].as_str().unwrap().to_owned()
}

/// The tokens of the updates that were begun.
fn begun(judge: &Judge) -> Vec<String> {
    let events = ask(judge, "DescribeStackEvents", "shop", &[]).unwrap();
    let of = events.split("<member>").filter(|event| {
        event.contains("<ResourceType>AWS::CloudFormation::Stack<")
            && event.contains("<ResourceStatus>UPDATE_IN_PROGRESS<")
    });
    let token = |event: &str| {
        let text = event
            .split("<ClientRequestToken>")
            .nth(1)
            .unwrap_or_default();
        text.split('<').next().unwrap_or_default().to_owned()
    };
    of.map(token).collect()
}

/// A person updates the stack.
fn set(judge: &Judge, tag: &str, token: &str) -> Result<String, String> {
    let members = [
        ("UsePreviousTemplate", "true"),
        ("ClientRequestToken", token),
        ("Parameters.member.1.ParameterKey", "ImageTag"),
        ("Parameters.member.1.ParameterValue", tag),
        ("Parameters.member.2.ParameterKey", "Size"),
        ("Parameters.member.2.UsePreviousValue", "true"),
        ("Parameters.member.3.ParameterKey", "Secret"),
        ("Parameters.member.3.UsePreviousValue", "true"),
    ];
    ask(judge, "UpdateStack", "shop", &members)
}

fn pushed(tag: &str) -> Value {
    json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ecr", "region": REGION,
        "detail": record("shop", tag, minutes_ago(0))})
}

fn decision(report: &Value) -> (&str, &str) {
    let decisions = report["decisions"].as_array().unwrap();
    let [one] = &decisions[..] else {
        panic!("{report}");
    };
    (
        one["outcome"].as_str().unwrap(),
        one["reason"].as_str().unwrap(),
    )
}

#[test]
fn foreign_the_real_handler_updates_a_stack() {
    if skipped("foreign_the_real_handler_updates_a_stack") {
        return;
    }
    let judge = Judge::start(Kind::MiniStack);
    create(&judge);
    // Where the age of what the stack has is looked up.
    let ecr = "AmazonEC2ContainerRegistry_V20150921.CreateRepository";
    plain::call(judge.port, "ecr", ecr, &json!({"repositoryName": "shop"})).unwrap();
    let before = described(&judge);
    assert_eq!(made(&judge), "v1 3 hush");

    let tap = Tap::to(judge.port);
    let repository = image("shop", "x");
    let repository = repository.rsplit_once(':').unwrap().0;
    let config =
        json!({"stacks": [{"stack": "shop", "repository": repository, "parameter": "ImageTag"}]});
    let folder = judge.home.join("function");
    let mut function = Function::start(&tap.endpoint(), &config.to_string(), &folder);
    let push = pushed("v2");

    // Without the role, which it does not tell, nothing is touched.
    assert!(
        !before.contains("RoleARN"),
        "it tells the role now: {before}"
    );
    let refused = function.invoke(&push).report().clone();
    let (outcome, reason) = decision(&refused);
    assert!(
        outcome == "refused" && reason.contains("has no role"),
        "{refused}"
    );
    assert_eq!(begun(&judge), Vec::<String>::new());
    tap.amend(
        "</CreationTime>",
        format!("</CreationTime><RoleARN>{ROLE}</RoleARN>"),
    );

    let rolled = function.invoke(&push).report().clone();
    assert_eq!(decision(&rolled).0, "rolled", "{rolled}");
    assert_eq!(
        made(&judge),
        "v2 3 hush",
        "every other parameter has its value"
    );
    let after = described(&judge);
    for kept in ["<Capabilities>", "<Tags>"] {
        let of = |text: &str| {
            text.split(kept)
                .nth(1)
                .unwrap()
                .split("</member>")
                .next()
                .unwrap()
                .to_owned()
        };
        assert_eq!(of(&before), of(&after), "{kept}");
    }
    let tokens = begun(&judge);
    assert!(
        tokens.len() == 1 && tokens[0].starts_with("ecroll-t-"),
        "{tokens:?}"
    );

    // Once, and how it ended is read from the events.
    let again = function.invoke(&push).report().clone();
    assert_eq!(decision(&again).0, "unchanged", "{again}");
    let ended = &again["ended"][0];
    assert_eq!(
        (&ended["state"], &ended["tag"]),
        (&json!("completed"), &json!("v2")),
        "{again}"
    );
    assert_eq!(begun(&judge), tokens);

    // What a person takes back stays; the token tells whose push it was.
    set(&judge, "v1", "by-hand").unwrap();
    let held = function.invoke(&push).report().clone();
    let (outcome, reason) = decision(&held);
    assert!(
        outcome == "held" && reason.contains("set back to v1 by somebody"),
        "{held}"
    );
    assert_eq!(made(&judge), "v1 3 hush");
    let next = function.invoke(&pushed("v3")).report().clone();
    assert_eq!(decision(&next).0, "rolled", "{next}");
    assert_eq!(made(&judge), "v3 3 hush");

    // The words of refusals, by which outcomes are told.
    let same = set(&judge, "v3", "same").unwrap_err();
    assert!(
        same.contains("<Code>ValidationError<") && same.contains("No updates are to be performed."),
        "{same}"
    );
    let gone = ask(&judge, "DescribeStacks", "gone", &[]).unwrap_err();
    assert!(
        gone.contains("<Code>ValidationError<") && gone.contains("gone does not exist"),
        "{gone}"
    );
    // What it does not refuse, and AWS does.
    set(&judge, "v4", "by-hand").unwrap();
}
