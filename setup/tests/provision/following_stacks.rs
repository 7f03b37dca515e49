//! `[[stacks]]`: what the plan says of them, what the handler's role gets, and what doctor finds.

use handler::config::{Config, StackRule};
use local::Options;
use serde_json::{Value, json};
use setup::doctor::Verdict;
use setup::exit::Exit;
use setup::names::{Names, Place};
use setup::policy_document::operator;
use setup::ui::Output;

use crate::pocket::Pocket;

const ROLE: &str = "arn:aws:iam::000000000000:role/shop-stack";

fn config(stacks: &[&str]) -> Config {
    let entry =
        |stack: &&str| json!({"stack": stack, "repository": "shop", "parameter": "ImageTag"});
    let entries: Vec<Value> = stacks.iter().map(entry).collect();
    Config::from_json(&json!({"stacks": entries})).unwrap()
}

fn create(pocket: &Pocket, name: &str, role: Option<&str>) {
    let template = json!({"Parameters": {"ImageTag": {"Type": "String"}},
        "Resources": {"Service": {"Type": "AWS::ECS::Service"}}});
    let mut input = json!({"StackName": name, "TemplateBody": template.to_string(),
        "Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": "v1"}]});
    if let Some(role) = role {
        input["RoleARN"] = json!(role);
    }
    pocket.call("cloudformation", "CreateStack", input);
}

fn statement(pocket: &Pocket, sid: &str) -> Option<Value> {
    let input = json!({"RoleName": "ecroll-eu-west-1-handler", "PolicyName": "ecroll"});
    let answer = pocket.answer("iam", "GetRolePolicy", input);
    let text = answer["PolicyDocument"].as_str().unwrap();
    let document = setup::policy_document::Document::parse_escaped(text);
    let mut statements = document.statements().into_iter();
    let (_, text) = statements.find(|(name, _)| name == sid)?;
    Some(serde_json::from_str(&text).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_plan_shows_which_stacks_follow_what_and_what_hinders_them() {
    let pocket = Pocket::new(Options::default());
    create(&pocket, "shop", Some(ROLE));
    create(&pocket, "bare", None);
    pocket.wait_minutes(5).await;
    let (exit, out) = pocket
        .verb_plan(&config(&["shop", "bare", "gone"]), Output::Text)
        .await;
    assert_eq!(exit.unwrap(), Exit::Done);
    let lines: Vec<&str> = out.lines().filter(|line| line.contains("stack ")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn rule_08_the_handler_may_touch_the_stacks_that_are_named_and_pass_their_roles() {
    let place = Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "000000000000".to_owned(),
    };
    let config = config(&["shop"]);
    let names = Names::new(&config.name, None, &place);
    let policy = serde_json::to_value(operator(&config, &names, &place)).unwrap();
    // Whoever may do what the printed policy says can plan, set up and examine.
    let pocket = Pocket::new(Options::default());
    role(&pocket);
    let pocket = pocket.deployer(&policy);
    create(&pocket, "shop", Some(ROLE));
    create(
        &pocket,
        "other",
        Some("arn:aws:iam::000000000000:role/other"),
    );
    pocket.wait_minutes(5).await;
    pocket.set_up(&config).await.unwrap();
    let update = statement(&pocket, "UpdateStacks").unwrap();
    assert_eq!(
        update["Resource"],
        "arn:aws:cloudformation:eu-west-1:000000000000:stack/shop/*"
    );
    let pass = statement(&pocket, "PassStackRoles").unwrap();
    assert_eq!(pass["Resource"], ROLE);
    assert_eq!(
        pass["Condition"]["StringEquals"]["iam:PassedToService"],
        "cloudformation.amazonaws.com"
    );
    pocket.wait_a_minute().await;
    let checkup = pocket.checkup(&config).await;
    let link = checkup.link("stacks").unwrap();
    assert_eq!(
        (link.result, link.detail.as_str()),
        (Verdict::Ok, "1 follows")
    );
    let permissions = pocket.account().permissions();
    let refused = permissions.iter().find(|asked| asked.statement.is_none());
    assert!(refused.is_none(), "{refused:?}");
    // Without stacks there is nothing of it.
    pocket.set_up(&Config::default()).await.unwrap();
    assert_eq!(statement(&pocket, "UpdateStacks"), None);
    assert_eq!(statement(&pocket, "PassStackRoles"), None);
}

#[tokio::test(start_paused = true)]
async fn doctor_says_what_hinders_a_stack_and_what_would_mend_it() {
    let pocket = Pocket::new(Options::default());
    role(&pocket);
    create(&pocket, "bare", None);
    create(&pocket, "shop", Some(ROLE));
    create(
        &pocket,
        "orphan",
        Some("arn:aws:iam::000000000000:role/path/left"),
    );
    pocket.wait_minutes(5).await;
    let mut config = config(&["bare", "gone", "shop", "orphan"]);
    config.stacks.push(StackRule {
        parameter: "Tag".to_owned(),
        ..config.stacks[2].clone()
    });
    pocket.set_up(&config).await.unwrap();
    pocket.wait_a_minute().await;
    let checkup = pocket.checkup(&config).await;
    let link = checkup.link("stacks").unwrap();
    assert_eq!(link.result, Verdict::Ng);
    insta::assert_snapshot!(link.detail);
    let none = pocket.checkup(&Config::default()).await;
    assert_eq!(none.link("stacks").unwrap().result, Verdict::Skip);
}

#[tokio::test(start_paused = true)]
async fn doctor_knows_the_states_out_of_which_no_update_leads() {
    for (status, fix) in [
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("ROLLBACK_COMPLETE", "delete it and create it anew"),
        ("DELETE_FAILED", "take it out of `[[stacks]]`"),
    ] {
        let pocket = Pocket::new(Options::default());
        role(&pocket);
        create(&pocket, "shop", Some(ROLE));
        pocket.wait_minutes(5).await;
        pocket.set_up(&config(&["shop"])).await.unwrap();
        pocket.account().strand("shop", status);
        pocket.wait_a_minute().await;
        let checkup = pocket.checkup(&config(&["shop"])).await;
        let link = checkup.link("stacks").unwrap();
        assert_eq!(link.result, Verdict::Ng, "{status}");
        for words in ["stack shop", status, fix] {
            assert!(link.detail.contains(words), "{}", link.detail);
        }
    }
}

/// The role of the stack `shop`.
fn role(pocket: &Pocket) {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "cloudformation.amazonaws.com"}}]});
    let input = json!({"RoleName": "shop-stack", "AssumeRolePolicyDocument": trust.to_string()});
    pocket.call("iam", "CreateRole", input);
}
