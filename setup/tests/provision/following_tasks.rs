//! `scheduled = true` and `families = "all"`: what the plan says, what the handler's role gets, what doctor finds.

use handler::config::Config;
use local::Options;
use serde_json::{Value, json};
use setup::doctor::Verdict;
use setup::names::{Names, Place};
use setup::policy_document::{Document, operator};
use setup::ui::Output;

use crate::pocket::Pocket;

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:000000000000:cluster/prod";

fn config(families: bool) -> Config {
    let mut config = json!({"service": {"scheduled": true}});
    if families {
        config["families"] = json!("all");
    }
    Config::from_json(&config).unwrap()
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::000000000000:role/{name}")
}

fn target(role_name: &str, task: &str) -> Value {
    let task = format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/{task}");
    json!({"Arn": CLUSTER, "RoleArn": role(role_name), "EcsParameters": {"TaskDefinitionArn": task}})
}

/// A service `web`, a rule and a schedule of its family, a rule of another family, and a family that no service runs.
fn seed(pocket: &Pocket) {
    let definition = |family: &str, role_name: &str| {
        let image = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:v1";
        let input = json!({"family": family, "memory": "512", "taskRoleArn": role(role_name),
            "containerDefinitions": [{"name": "app", "image": image}]});
        pocket.call("ecs", "RegisterTaskDefinition", input);
    };
    definition("web", "task");
    definition("report", "report");
    pocket.call("ecs", "CreateCluster", json!({"clusterName": "prod"}));
    let service = json!({"cluster": "prod", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1});
    pocket.call("ecs", "CreateService", service);
    for (rule, starts, task) in [
        ("nightly", "rules", "web:1"),
        ("other", "others", "other:1"),
    ] {
        let put = json!({"Name": rule, "ScheduleExpression": "rate(1 day)"});
        pocket.call("events", "PutRule", put);
        let mut target = target(starts, task);
        target["Id"] = json!("1");
        pocket.call(
            "events",
            "PutTargets",
            json!({"Rule": rule, "Targets": [target]}),
        );
    }
    let schedule = json!({"Name": "hourly", "ScheduleExpression": "rate(1 hour)", "StartDate": 1_999_999_999,
        "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target("schedules", "web:1")});
    pocket.call("scheduler", "CreateSchedule", schedule);
}

fn statements(pocket: &Pocket) -> Vec<(String, Value)> {
    let input = json!({"RoleName": "ecroll-eu-west-1-handler", "PolicyName": "ecroll"});
    let answer = pocket.answer("iam", "GetRolePolicy", input);
    let document = Document::parse_escaped(answer["PolicyDocument"].as_str().unwrap());
    let all = document.statements().into_iter();
    all.map(|(sid, text)| (sid, serde_json::from_str(&text).unwrap()))
        .collect()
}

fn statement(pocket: &Pocket, sid: &str) -> Option<Value> {
    let mut all = statements(pocket).into_iter();
    all.find(|(name, _)| name == sid)
        .map(|(_, statement)| statement)
}

#[tokio::test(start_paused = true)]
async fn rule_08_the_handler_may_move_targets_and_pass_just_the_roles_of_those_that_follow() {
    let place = Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "000000000000".to_owned(),
    };
    let names = Names::new("ecroll", None, &place);
    let policy = operator(&config(true), &names, &place);
    let policy = serde_json::to_value(policy).unwrap();
    // Whoever may do what the printed policy says can plan, set up and examine.
    let pocket = Pocket::new(Options::default()).deployer(&policy);
    seed(&pocket);
    pocket.wait_minutes(5).await;
    pocket.set_up(&config(false)).await.unwrap();
    let pass = |sid| statement(&pocket, sid).unwrap();
    assert_eq!(pass("PassRuleRoles")["Resource"], json!(role("rules")));
    assert_eq!(
        pass("PassRuleRoles")["Condition"]["StringEquals"]["iam:PassedToService"],
        "events.amazonaws.com"
    );
    assert_eq!(
        pass("PassScheduleRoles")["Resource"],
        json!(role("schedules"))
    );
    assert_eq!(
        pass("PassScheduleRoles")["Condition"]["StringEquals"]["iam:PassedToService"],
        "scheduler.amazonaws.com"
    );
    assert_eq!(pass("PassTaskRoles")["Resource"], json!(role("task")));
    assert_eq!(statement(&pocket, "FindFamilies"), None);
    let all: Vec<(String, Value)> = statements(&pocket)
        .into_iter()
        .filter(|(sid, _)| {
            [
                "FindTargets",
                "ReadRules",
                "MoveRules",
                "MarkRules",
                "MoveSchedules",
            ]
            .contains(&sid.as_str())
        })
        .collect();
    insta::assert_json_snapshot!(all);
    // Families that no service runs bring their roles, and the roles of what starts them.
    pocket.set_up(&config(true)).await.unwrap();
    assert_eq!(
        pass("PassTaskRoles")["Resource"],
        json!([role("report"), role("task")])
    );
    assert_eq!(
        pass("PassRuleRoles")["Resource"],
        json!([role("others"), role("rules")])
    );
    assert!(statement(&pocket, "FindFamilies").is_some());
    pocket.wait_a_minute().await;
    let checkup = pocket.checkup(&config(true)).await;
    assert_eq!(checkup.link("scheduled tasks").unwrap().result, Verdict::Ok);
    let permissions = pocket.account().permissions();
    let refused = permissions.iter().find(|asked| asked.statement.is_none());
    assert!(refused.is_none(), "{refused:?}");
    // Without the keys there is nothing of it.
    pocket.set_up(&Config::default()).await.unwrap();
    let left: Vec<String> = statements(&pocket)
        .into_iter()
        .map(|(sid, _)| sid)
        .collect();
    for sid in [
        "FindTargets",
        "MoveRules",
        "PassRuleRoles",
        "PassScheduleRoles",
        "FindFamilies",
    ] {
        assert!(!left.contains(&sid.to_owned()), "{sid}");
    }
}

/// What ecroll would write: the ledger of a push that somebody deployed as revision 2.
fn deploy_with_ledger(pocket: &Pocket, memory: &str) {
    use handler::image::Repository;
    use handler::ledger::{Entry, RevisionName, key};
    let image = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:v2";
    let input = json!({"family": "web", "memory": memory, "taskRoleArn": role("task"),
        "containerDefinitions": [{"name": "app", "image": image}]});
    pocket.call("ecs", "RegisterTaskDefinition", input);
    let update = json!({"cluster": "prod", "service": "web", "taskDefinition": "web:2"});
    pocket.call("ecs", "UpdateService", update);
    let entry = Entry {
        time: chrono::DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
        id: "push".to_owned(),
        tag: "v2".to_owned(),
        new: RevisionName::of("web:2"),
        base: RevisionName::of("web:1"),
        shared: false,
        first: None,
    };
    let repository = Repository {
        account: "000000000000".to_owned(),
        region: "eu-west-1".to_owned(),
        name: "web".to_owned(),
    };
    let tags = json!([{"key": key(&repository), "value": entry.value()}]);
    let arn = "arn:aws:ecs:eu-west-1:000000000000:service/prod/web";
    pocket.call(
        "ecs",
        "TagResource",
        json!({"resourceArn": arn, "tags": tags}),
    );
}

#[tokio::test(start_paused = true)]
async fn doctor_and_plan_say_what_will_move_and_what_cannot() {
    let pocket = Pocket::new(Options::default());
    seed(&pocket);
    pocket.wait_minutes(5).await;
    pocket.set_up(&config(false)).await.unwrap();
    deploy_with_ledger(&pocket, "512");
    pocket.wait_minutes(10).await;
    let checkup = pocket.checkup(&config(false)).await;
    let link = checkup.link("scheduled tasks").unwrap();
    assert_eq!(
        (link.result, link.detail.as_str()),
        (Verdict::Ok, "2 move at the next sweep")
    );
    let (_, out) = pocket.verb_plan(&config(false), Output::Text).await;
    let lines: Vec<&str> = out.lines().filter(|line| line.contains(" runs ")).collect();
    insta::assert_snapshot!(lines.join("\n"));

    let pocket = Pocket::new(Options::default());
    seed(&pocket);
    pocket.wait_minutes(5).await;
    pocket.set_up(&config(false)).await.unwrap();
    deploy_with_ledger(&pocket, "1024");
    pocket.wait_minutes(10).await;
    let checkup = pocket.checkup(&config(false)).await;
    let link = checkup.link("scheduled tasks").unwrap();
    assert_eq!(link.result, Verdict::Ng);
    for words in [
        "events default/nightly/1 runs web:1",
        "scheduler default/hourly",
        "(memory)",
    ] {
        assert!(link.detail.contains(words), "{}", link.detail);
    }
    assert!(checkup.is_broken());
}
