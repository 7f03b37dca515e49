//! `ecroll service`: created, updated, kept; what it waits for, what it refuses.

mod aws_journey;
mod policy;
mod refusals;
pub(crate) mod scene;
mod waiting;

use serde_json::{Value, json};
use setup::exit::Exit;

use scene::{Desk, definition, service, web};

#[tokio::test(start_paused = true)]
async fn a_service_that_is_missing_is_created_and_a_second_run_keeps_everything() {
    let desk = Desk::new();
    desk.files(&definition("web:v1"), &service(2));
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!(out);
    let writes = ["ecs:RegisterTaskDefinition", "ecs:CreateService"];
    assert_eq!(desk.pocket.writes(), writes);
    let sent = desk.sent("CreateService");
    assert_eq!(sent["clientToken"].as_str().unwrap().len(), 32);
    assert!(
        sent["taskDefinition"]
            .as_str()
            .unwrap()
            .ends_with(":task-definition/web:1")
    );
    // Only what the file asks for.
    for member in ["enableECSManagedTags", "propagateTags", "tags"] {
        assert_eq!(sent.get(member), None, "{member}");
    }
    desk.pocket.wait_minutes(5).await;
    assert_eq!(desk.live()["runningCount"], 2);

    desk.pocket.forget();
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!("again", out);
    assert_eq!(desk.pocket.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_update_says_what_changes_and_leaves_the_desired_count_alone() {
    let desk = Desk::standing().await;
    let count = json!({"cluster": "prod", "service": "web", "desiredCount": 6});
    desk.pocket.call("ecs", "UpdateService", count);
    desk.pocket.wait_minutes(3).await;
    let mut anew = definition("web:v2");
    anew["containerDefinitions"][0]["environment"] = json!([{"name": "LOG", "value": "debug"}]);
    let mut percentages = service(2);
    percentages["deploymentConfiguration"] = json!({"minimumHealthyPercent": 50});
    percentages["healthCheckGracePeriodSeconds"] = json!(30);
    desk.files(&anew, &percentages);
    desk.pocket.forget();
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!(out);
    let sent = desk.sent("UpdateService");
    assert_eq!(
        sent["deploymentConfiguration"],
        json!({"minimumHealthyPercent": 50})
    );
    let members = sent
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect::<Vec<_>>();
    let only = [
        "cluster",
        "deploymentConfiguration",
        "healthCheckGracePeriodSeconds",
        "service",
        "taskDefinition",
    ];
    assert_eq!(members, only);
    let live = desk.live();
    assert_eq!(live["desiredCount"], 6);
    assert_eq!(live["deploymentConfiguration"]["maximumPercent"], 200);

    // Asked for, it is set; and percentages of the command line go before those of the file.
    desk.pocket.forget();
    let asked = ["--desired-count", "3", "--maximum-percent", "150", "--wait"];
    let (exit, out, _) = desk.run(&asked).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!("asked", out);
    assert_eq!(desk.pocket.writes(), ["ecs:UpdateService"]);
    assert_eq!(desk.sent("UpdateService").get("taskDefinition"), None);
    assert_eq!(desk.live()["desiredCount"], 3);
}

#[tokio::test(start_paused = true)]
async fn what_describe_prints_is_taken_back() {
    let desk = Desk::standing().await;
    let answer = desk.pocket.answer(
        "ecs",
        "DescribeTaskDefinition",
        json!({"taskDefinition": "web", "include": ["TAGS"]}),
    );
    let services = json!({"cluster": "prod", "services": ["web"], "include": ["TAGS"]});
    let described = desk.pocket.answer("ecs", "DescribeServices", services);
    desk.files(&answer, &described);
    desk.pocket.forget();
    // The cluster is that of the answer.
    let (exit, out, _) = desk.run_as(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!(out);
    assert_eq!(desk.pocket.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_was_registered_and_not_deployed_is_taken() {
    let desk = Desk::standing().await;
    desk.pocket
        .call("ecs", "RegisterTaskDefinition", definition("web:v2"));
    desk.files(&definition("web:v2"), &service(2));
    desk.pocket.forget();
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(out.contains("registered before"), "{out}");
    assert_eq!(desk.pocket.writes(), ["ecs:UpdateService"]);
    assert!(desk.runs().ends_with("web:2"));
}

#[tokio::test(start_paused = true)]
async fn the_ledger_on_a_service_is_left_alone_and_tags_of_the_file_are_set() {
    let desk = Desk::standing().await;
    let arn = desk.live()["serviceArn"].clone();
    let ledger = json!([{"key": "ecroll:0123abcd", "value": "x"}, {"key": "team", "value": "old"},
        {"key": "other", "value": "kept"}]);
    desk.pocket.call(
        "ecs",
        "TagResource",
        json!({"resourceArn": arn, "tags": ledger}),
    );
    let mut tagged = service(2);
    tagged["tags"] = json!([{"key": "team", "value": "shop"}, {"key": "ecroll:0123abcd", "value": "y"},
        {"key": "ecroll:hold", "value": "true"}]);
    desk.files(&definition("web:v1"), &tagged);
    desk.pocket.forget();
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!(out);
    assert_eq!(desk.pocket.writes(), ["ecs:TagResource"]);
    let tags = desk.live()["tags"].clone();
    let expected = json!([{"key": "ecroll:0123abcd", "value": "x"}, {"key": "ecroll:hold", "value": "true"},
        {"key": "other", "value": "kept"}, {"key": "team", "value": "shop"}]);
    assert_eq!(tags, expected);
}

#[tokio::test(start_paused = true)]
async fn members_that_nobody_knows_yet_arrive_as_they_are_written() {
    let desk = Desk::new();
    let mut newer = definition("web:v1");
    newer["memberOfTomorrow"] = json!({"deep": [1, {"x": false}], "text": ""});
    newer["containerDefinitions"][0]["knob"] = json!("on");
    let mut wanted = service(2);
    wanted["gatewayConnectors"] = json!([]);
    wanted["nextYear"] = json!({"a": [{"b": 0}]});
    desk.files(&newer, &wanted);
    let (exit, _, _) = desk.run(&["--allow-unknown"]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    let registered = desk.sent("RegisterTaskDefinition");
    assert_eq!(registered, newer);
    assert_eq!(desk.sent("CreateService")["nextYear"], wanted["nextYear"]);
    desk.pocket.wait_minutes(3).await;

    // They are compared, too.
    desk.pocket.forget();
    let (exit, out, _) = desk.run(&["--allow-unknown"]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(out.contains("nothing to do"), "{out}");
    wanted["nextYear"] = json!({"a": [{"b": 1}]});
    newer["memberOfTomorrow"]["text"] = json!("new");
    desk.files(&newer, &wanted);
    let (exit, out, _) = desk.run(&["--allow-unknown"]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(out.contains("memberOfTomorrow.text: \"\" -> new"), "{out}");
    assert_eq!(desk.sent("UpdateService")["nextYear"], wanted["nextYear"]);
}

#[tokio::test(start_paused = true)]
async fn json_is_one_value_with_everything_in_it() {
    let desk = Desk::standing().await;
    desk.files(&definition("web:v2"), &service(2));
    let (exit, out, err) = desk.json(&["--wait"]).await;
    assert_eq!((exit.unwrap(), err.as_str()), (Exit::Done, ""));
    let value: Value = serde_json::from_str(&out).unwrap();
    insta::assert_json_snapshot!(value);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_can_be_asked_nothing_is_done() {
    let desk = Desk::new();
    desk.files(&definition("web:v1"), &service(2));
    desk.pocket.forget();
    let args = desk.args(&["--cluster", "prod"]);
    let never = std::future::pending();
    let text = setup::ui::Output::Text;
    let (exit, out, _) = desk.pocket.verb_service(false, &args, text, never).await;
    assert!(exit.unwrap_err().to_string().contains("pass --yes"));
    assert!(out.contains("+ create service prod/web"), "{out}");
    assert_eq!(desk.pocket.writes(), Vec::<String>::new());
    assert_eq!(web(&desk.pocket), None);
}
