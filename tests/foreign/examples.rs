//! The stack of `examples/`, made by a CloudFormation that is not ours: first without an image, then with one.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::install::{skipped, tell};
use crate::judge::{Judge, Kind, REGION};
use crate::plain;

const VERSION: (&str, &str) = ("Version", "2010-05-15");
const PULL: (&str, &str) = ("PullAccount", "222222222222");

/// Makes or updates a stack and waits for its end: its status.
fn stack(
    judge: &Judge,
    action: &str,
    name: &str,
    body: &str,
    parameters: &[(&str, &str)],
) -> Result<String, String> {
    let numbered = parameters.iter().enumerate();
    let numbered = numbered.flat_map(|(number, (key, value))| {
        let member = format!("Parameters.member.{}", number + 1);
        [
            (format!("{member}.ParameterKey"), *key),
            (format!("{member}.ParameterValue"), *value),
        ]
    });
    let numbered: Vec<(String, &str)> = numbered.collect();
    let mut members = vec![
        ("Action", action),
        VERSION,
        ("StackName", name),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
        ("TemplateBody", body),
    ];
    members.extend(numbered.iter().map(|(name, value)| (name.as_str(), *value)));
    plain::query(judge.port, "cloudformation", &members)?;
    for _ in 0..300 {
        let answer = ask(judge, "DescribeStacks", name);
        let status = part(&answer, "<StackStatus>");
        if !status.ends_with("_IN_PROGRESS") {
            return Ok(status.to_owned());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the stack `{name}` is not made within half a minute");
}

fn ask(judge: &Judge, action: &str, name: &str) -> String {
    let members = [("Action", action), VERSION, ("StackName", name)];
    plain::query(judge.port, "cloudformation", &members).unwrap()
}

/// What stands behind a tag.
fn part<'a>(answer: &'a str, tag: &str) -> &'a str {
    let (_, rest) = answer.split_once(tag).unwrap();
    rest.split('<').next().unwrap()
}

/// The logical names of the stack's resources.
fn resources(judge: &Judge) -> BTreeSet<String> {
    let answer = ask(judge, "DescribeStackResources", "shop");
    let names = answer.split("<LogicalResourceId>").skip(1);
    names
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

#[test]
fn foreign_the_example_is_made_before_the_first_image_and_with_it() {
    if skipped("foreign_the_example_is_made_before_the_first_image_and_with_it") {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/stack.yaml");
    let body = std::fs::read_to_string(path).unwrap();
    let judge = Judge::start(Kind::MiniStack);
    let made = stack(&judge, "CreateStack", "shop", &body, &[PULL]);
    assert_eq!(made.unwrap(), "CREATE_COMPLETE");
    let first = resources(&judge);
    for waits in ["Service", "TaskDefinition", "GitHubRole", "Provider"] {
        assert!(!first.contains(waits), "{waits}: {first:?}");
    }
    assert_eq!(first.len(), 20, "{first:?}");
    let outputs = ask(&judge, "DescribeStacks", "shop");
    let (_, uri) = outputs.split_once("<OutputKey>RepositoryUri<").unwrap();
    let uri = part(uri, "<OutputValue>");
    assert!(uri.contains(&format!(".dkr.ecr.{REGION}.")), "{uri}");
    let repository = uri.split_once('/').unwrap().1;
    let target = "AmazonEC2ContainerRegistry_V20150921.GetRepositoryPolicy";
    let policy = plain::call(
        judge.port,
        "ecr",
        target,
        &json!({"repositoryName": repository}),
    );
    let policy = policy.unwrap()["policyText"].to_string();
    assert!(
        policy.contains("arn:aws:iam::222222222222:root"),
        "{policy}"
    );

    // What MiniStack does not take from it, each tried.
    let tag = "20260301-120000-0123456";
    let github = ("GitHubRepository", "shop/web");
    let why = stack(&judge, "CreateStack", "whole", &body, &[github]).unwrap_err();
    assert!(why.contains("[AWS::IAM::OIDCProvider]"), "{why}");
    tell(
        "MiniStack does not judge, of the example: AWS::IAM::OIDCProvider, which it does not know",
    );
    let made = stack(
        &judge,
        "CreateStack",
        "counted",
        &body,
        &[("ImageTag", tag)],
    );
    assert_eq!(made.unwrap(), "ROLLBACK_COMPLETE");
    let events = ask(&judge, "DescribeStackEvents", "counted");
    assert!(events.contains("unsupported operand type"), "{events}");
    tell(
        "MiniStack does not judge, of the example: DesiredCount by a parameter, which it takes for a text",
    );
    let body = body.replace("DesiredCount: !Ref Tasks", "DesiredCount: 2");

    let provider = "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com";
    let provider = ("GitHubProvider", provider);
    let parameters = [PULL, ("ImageTag", tag), github, provider];
    let made = stack(&judge, "UpdateStack", "shop", &body, &parameters);
    assert_eq!(made.unwrap(), "UPDATE_COMPLETE");
    let second = resources(&judge);
    let new: Vec<&String> = second.difference(&first).collect();
    assert_eq!(new, ["GitHubRole", "Service", "TaskDefinition"]);
    let asked = json!({"cluster": "shop-Cluster", "services": ["app"]});
    let service = plain::ecs(judge.port, "DescribeServices", &asked);
    let service = &service["services"][0];
    assert_eq!(service["desiredCount"], 2);
    let configuration = &service["deploymentConfiguration"];
    assert_eq!(configuration["deploymentCircuitBreaker"]["rollback"], true);
    let asked = json!({"taskDefinition": service["taskDefinition"]});
    let definition = plain::ecs(judge.port, "DescribeTaskDefinition", &asked);
    let image = &definition["taskDefinition"]["containerDefinitions"][0]["image"];
    assert_eq!(image, &json!(format!("{uri}:{tag}")));

    // And `ecroll` sees a service that will follow.
    let said = crate::setup::good(&judge.ecroll(&["plan"]));
    assert!(said.contains("shop-Cluster/app"), "{said}");
}
