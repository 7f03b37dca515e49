//! Stacks, as the SDK and people meet them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Doomed;
use crate::{Account, Clock, Options};

fn account() -> Account {
    let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
    Account::new(Clock::new(start), Options::default())
}

fn call(account: &Account, operation: &str, input: Value) -> Result<Value, String> {
    let answer = account.call("cloudformation", operation, input);
    answer.map_err(|fault| format!("{}: {}", fault.code, fault.message))
}

async fn wait(account: &Account, minutes: i64) {
    let at = account.clock().now() + chrono::TimeDelta::minutes(minutes);
    account.run_until(at).await;
}

fn template() -> String {
    json!({"Parameters": {"ImageTag": {"Type": "String"}, "Size": {"Type": "Number", "Default": 2}},
        "Resources": {"Service": {"Type": "AWS::ECS::Service"}}})
    .to_string()
}

/// A stack `shop` that stands, with `ImageTag` v1 and Size 3.
async fn shop() -> Account {
    let account = account();
    let input = json!({"StackName": "shop", "TemplateBody": template(),
        "NotificationARNs": ["arn:aws:sns:eu-west-1:000000000000:told"],
        "Tags": [{"Key": "team", "Value": "shop"}],
        "Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": "v1"},
            {"ParameterKey": "Size", "ParameterValue": "3"}]});
    call(&account, "CreateStack", input).unwrap();
    assert_eq!(stack(&account)["StackStatus"], "CREATE_IN_PROGRESS");
    wait(&account, 3).await;
    assert_eq!(stack(&account)["StackStatus"], "CREATE_COMPLETE");
    account
}

fn stack(account: &Account) -> Value {
    let answer = call(account, "DescribeStacks", json!({"StackName": "shop"}));
    answer.unwrap()["Stacks"][0].clone()
}

fn value(account: &Account, parameter: &str) -> String {
    let stack = stack(account);
    let parameters = stack["Parameters"].as_array().unwrap();
    let one = parameters
        .iter()
        .find(|one| one["ParameterKey"] == parameter);
    one.unwrap()["ParameterValue"].as_str().unwrap().to_owned()
}

fn update(tag: &str, token: &str) -> Value {
    json!({"StackName": "shop", "UsePreviousTemplate": "true", "ClientRequestToken": token,
        "Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": tag},
            {"ParameterKey": "Size", "UsePreviousValue": "true"}]})
}

#[tokio::test(start_paused = true)]
async fn an_update_takes_its_time_and_keeps_what_it_does_not_name() {
    let account = shop().await;
    call(&account, "UpdateStack", update("v2", "one")).unwrap();
    assert_eq!(stack(&account)["StackStatus"], "UPDATE_IN_PROGRESS");
    let again = call(&account, "UpdateStack", update("v3", "two")).unwrap_err();
    assert!(again.starts_with("ValidationError: Stack:arn:"), "{again}");
    assert!(again.ends_with("is in UPDATE_IN_PROGRESS state and can not be updated."));
    wait(&account, 3).await;
    let after = stack(&account);
    assert_eq!(after["StackStatus"], "UPDATE_COMPLETE");
    assert_eq!(
        after["NotificationARNs"][0],
        "arn:aws:sns:eu-west-1:000000000000:told"
    );
    assert_eq!(after["Tags"], json!([{"Key": "team", "Value": "shop"}]));
    assert_eq!(
        (value(&account, "ImageTag"), value(&account, "Size")),
        ("v2".into(), "3".into())
    );
    // What is not named at all goes back to the default.
    let bare = json!({"StackName": "shop", "UsePreviousTemplate": true,
        "Parameters": [{"ParameterKey": "ImageTag", "UsePreviousValue": true}]});
    call(&account, "UpdateStack", bare).unwrap();
    assert_eq!(value(&account, "Size"), "2");
}

#[tokio::test(start_paused = true)]
async fn a_doomed_update_is_rolled_back_and_every_event_has_its_token() {
    let account = shop().await;
    account.doom(Doomed {
        stack: "shop".to_owned(),
        value: "v2".to_owned(),
        reason: "The following resource(s) failed to update: [Service].".to_owned(),
    });
    call(&account, "UpdateStack", update("v2", "one")).unwrap();
    wait(&account, 3).await;
    assert_eq!(
        stack(&account)["StackStatus"],
        "UPDATE_ROLLBACK_IN_PROGRESS"
    );
    wait(&account, 3).await;
    assert_eq!(stack(&account)["StackStatus"], "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(value(&account, "ImageTag"), "v1");
    let events = call(
        &account,
        "DescribeStackEvents",
        json!({"StackName": "shop"}),
    )
    .unwrap();
    let told: Vec<(&str, &str)> = events["StackEvents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let token = event["ClientRequestToken"].as_str().unwrap_or_default();
            (event["ResourceStatus"].as_str().unwrap(), token)
        })
        .collect();
    let expected = [
        ("UPDATE_ROLLBACK_COMPLETE", "one"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "one"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "one"),
        ("UPDATE_IN_PROGRESS", "one"),
        ("CREATE_COMPLETE", ""),
        ("CREATE_IN_PROGRESS", ""),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_the_words_of_cloudformation() {
    let account = shop().await;
    let refused = |input: Value| call(&account, "UpdateStack", input).unwrap_err();
    assert_eq!(
        refused(update("v1", "one")),
        "ValidationError: No updates are to be performed."
    );
    let mut unknown = update("v2", "one");
    unknown["Parameters"][1]["ParameterKey"] = json!("Nothing");
    assert_eq!(
        refused(unknown),
        "ValidationError: Parameters: [Nothing] do not exist in the template"
    );
    let mut bare = update("v2", "one");
    bare["Parameters"] = json!([]);
    assert_eq!(
        refused(bare),
        "ValidationError: Parameters: [ImageTag] must have values"
    );
    let other = json!({"StackName": "other"});
    assert_eq!(
        call(&account, "DescribeStacks", other).unwrap_err(),
        "ValidationError: Stack with id other does not exist"
    );
    let role = json!({"Resources": {"Role": {"Type": "AWS::IAM::Role"}}}).to_string();
    assert_eq!(
        refused(json!({"StackName": "shop", "TemplateBody": role})),
        "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]"
    );
}
