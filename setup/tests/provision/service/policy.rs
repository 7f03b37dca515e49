//! Whoever runs it needs the policy that it prints for these files, and no more.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use setup::exit::Exit;
use setup::names::Place;
use setup::policy_document::deployer;

use super::scene::{Desk, definition, service};

const USER: &str = "arn:aws:iam::000000000000:user/deployer";

fn files() -> (Value, Value) {
    let mut task = definition("web:v1");
    task["executionRoleArn"] = json!("arn:aws:iam::000000000000:role/agent");
    task["taskRoleArn"] = json!("app");
    task["tags"] = json!([{"key": "team", "value": "shop"}]);
    let mut tagged = service(2);
    tagged["tags"] = json!([{"key": "team", "value": "shop"}]);
    tagged["volumeConfigurations"] = json!([{"name": "data", "managedEBSVolume":
        {"roleArn": "arn:aws:iam::000000000000:role/volumes", "sizeInGiB": 1}}]);
    (task, tagged)
}

fn policy(desk: &Desk, region: &str) -> Value {
    let args = desk.args(&["--cluster", "prod"]);
    let wanted = setup::command::service::read(&args).unwrap();
    let place = Place {
        partition: "aws".to_owned(),
        region: region.to_owned(),
        account: "*".to_owned(),
    };
    serde_json::to_value(deployer(&wanted, &place)).unwrap()
}

/// Everything that it can do: made, kept, changed, rolled back, deleted and made anew.
async fn life(desk: &Desk, task: &Value, tagged: &Value) {
    let run = async |arguments: &[&str], wanted: Exit| {
        let (exit, out, err) = desk.run(arguments).await;
        assert_eq!(exit.unwrap(), wanted, "{out}{err}");
    };
    desk.files(task, tagged);
    run(&["--wait"], Exit::Done).await;
    let (mut crash, mut retagged) = (task.clone(), tagged.clone());
    crash["containerDefinitions"][0]["image"] = json!("web:crash");
    retagged["tags"][0]["value"] = json!("other");
    desk.files(&crash, &retagged);
    run(&["--wait"], Exit::No).await;
}

#[tokio::test(start_paused = true)]
async fn rule_08_service_lives_with_the_policy_that_it_prints_and_uses_all_of_it() {
    for region in ["eu-west-1", "*"] {
        let desk = Desk::new();
        let (task, tagged) = files();
        desk.files(&task, &tagged);
        let policy = policy(&desk, region);
        let desk = Desk::with(desk.pocket.deployer(&policy));
        life(&desk, &task, &tagged).await;
        let asked = desk.pocket.account().permissions().into_iter();
        let used: BTreeSet<(String, String)> = asked
            .filter(|asked| asked.principal == USER)
            .map(|asked| {
                let action = asked.action;
                let sid = asked.statement;
                (sid.unwrap_or_else(|| panic!("{action} is refused")), action)
            })
            .collect();
        let mut granted = BTreeSet::new();
        for statement in policy["Statement"].as_array().unwrap() {
            let sid = statement["Sid"].as_str().unwrap();
            for action in statement["Action"].as_array().unwrap() {
                granted.insert((sid.to_owned(), action.as_str().unwrap().to_owned()));
            }
        }
        // The pocket account knows no volumes, and so no role for them.
        granted.remove(&("PassServiceRoles".to_owned(), "iam:PassRole".to_owned()));
        assert_eq!(used, granted, "{region}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_08_the_policy_names_these_files_and_nothing_else() {
    let desk = Desk::new();
    let (task, tagged) = files();
    desk.files(&task, &tagged);
    insta::assert_json_snapshot!(policy(&desk, "eu-west-1"));
    // Another service, and another role, are refused.
    let policy = policy(&desk, "eu-west-1");
    let desk = Desk::with(desk.pocket.deployer(&policy));
    let mut other = tagged.clone();
    other["serviceName"] = json!("api");
    desk.files(&task, &other);
    let (exit, _, _) = desk.run(&[]).await;
    let error = exit.unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Refused, "{error}");
    let mut role = task.clone();
    role["taskRoleArn"] = json!("admin");
    desk.files(&role, &tagged);
    let (exit, _, _) = desk.run(&[]).await;
    let error = exit.unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Refused, "{error}");
    assert!(error.to_string().contains("iam:PassRole"), "{error}");
}
