//! A stack made of the template is the pipeline that setup makes.

use std::collections::{BTreeMap, BTreeSet};

use handler::config::Config;
use local::Options;
use serde_json::{Value, json};
use setup::diff::Action;
use setup::template::template;
use setup::{Code, Plan};

use crate::pocket::Pocket;

const ROLES: &str = "arn:aws:iam::000000000000:role/task,arn:aws:iam::000000000000:role/other";

/// An account with two services.
fn account() -> Pocket {
    let pocket = Pocket::new(Options::default());
    pocket.service("prod", "web", "task");
    pocket.service("stage", "web", "other");
    pocket
}

async fn stack(pocket: &Pocket, config: &Config, parameters: &[(&str, &str)]) {
    stack_in_order(pocket, config, parameters, false).await;
}

async fn stack_in_order(
    pocket: &Pocket,
    config: &Config,
    parameters: &[(&str, &str)],
    first: bool,
) {
    let code = Code::placeholder();
    let now = pocket.account().clock().now();
    let template = template(config, &code, now).unwrap();
    let template = serde_json::to_value(&template).unwrap();
    let mut all = vec![("CodeBucket", "code")];
    all.extend(parameters);
    pocket.make_stack(&template, &all, &code, first).await;
    pocket.wait_a_minute().await;
}

fn config(keys: &Value) -> Config {
    Config::from_json(keys).unwrap()
}

/// Every resource of the plan is kept, and there are so many.
#[track_caller]
fn assert_kept(plan: &Plan, count: usize) {
    assert!(!plan.is_work(), "{plan}");
    assert_eq!(plan.count(Action::Keep), count, "{plan}");
}

#[tokio::test(start_paused = true)]
async fn setup_finds_nothing_to_do_after_a_stack() {
    for first in [true, false] {
        after_a_stack(first).await;
    }
}

async fn after_a_stack(first: bool) {
    let pocket = account();
    stack_in_order(&pocket, &Config::default(), &[("PassRoles", ROLES)], first).await;
    pocket.forget();
    assert_kept(&pocket.plan(&Config::default()).await.unwrap(), 18);
    // Also later, when the time of writing is long past.
    pocket.wait_a_day().await;
    assert_kept(&pocket.plan(&Config::default()).await.unwrap(), 18);
    pocket.set_up(&Config::default()).await.unwrap();
    assert_eq!(pocket.writes(), Vec::<String>::new());

    pocket.push_is_recorded().await;
    let alarm = json!({"AlarmNames": ["ecroll-pushes"]});
    let alarm = pocket.answer("cloudwatch", "DescribeAlarms", alarm);
    assert_eq!(alarm["MetricAlarms"][0]["StateValue"], "ALARM");
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_roles_lacks_only_their_statement() {
    let pocket = account();
    stack(&pocket, &Config::default(), &[]).await;
    let plan = pocket.plan(&Config::default()).await.unwrap();
    let changes: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| change.is_work())
        .collect();
    assert_eq!(changes.len(), 1, "{plan}");
    assert_eq!(changes[0].name, "ecroll-eu-west-1-handler");
    let fields: Vec<&str> = changes[0]
        .fields
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(fields, ["policy.PassTaskRoles"]);
}

#[tokio::test(start_paused = true)]
async fn an_account_with_nothing_to_reserve_says_so_itself() {
    let pocket = account();
    let none = [("PassRoles", ROLES), ("ReservedConcurrency", "none")];
    stack(&pocket, &Config::default(), &none).await;
    let plan = pocket.plan(&Config::default()).await.unwrap();
    let work: Vec<_> = plan
        .changes
        .iter()
        .flat_map(|change| &change.fields)
        .collect();
    assert_eq!(work.len(), 1, "{plan}");
    assert_eq!(work[0].field, "reserved concurrency");
}

#[tokio::test(start_paused = true)]
async fn a_stack_beside_a_trail_that_is_reused() {
    for (keys, parameter) in [
        (
            json!({"trail": "reuse:management"}),
            Some(("TrailLogGroup", "theirs/trail")),
        ),
        (
            json!({"trail": "reuse:management", "log_group": "theirs/trail"}),
            None,
        ),
    ] {
        let pocket = account();
        pocket.foreign_trails(0);
        pocket.their_group("theirs/trail", "STANDARD").await;
        pocket.their_trail("management", Some("theirs/trail"), &json!({}));
        let config = config(&keys);
        let mut parameters = vec![("PassRoles", ROLES)];
        parameters.extend(parameter);
        stack(&pocket, &config, &parameters).await;
        assert_kept(&pocket.plan(&config).await.unwrap(), 14);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_with_every_road_and_one_without_the_alarm() {
    for (triggers, count) in [
        (
            json!([
                "alarm",
                "ecr-events",
                "cloudtrail-events",
                "log-subscription"
            ]),
            24,
        ),
        (json!(["ecr-events", "log-subscription"]), 17),
    ] {
        for first in [true, false] {
            let pocket = account();
            let config = config(&json!({"triggers": triggers}));
            stack_in_order(&pocket, &config, &[("PassRoles", ROLES)], first).await;
            assert_kept(&pocket.plan(&config).await.unwrap(), count);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_every_kind_of_configuration() {
    let pocket = account();
    let config = config(&json!({
        "trail": "create", "log_group": "/own/group", "sweep": "1h", "since": "2026-01-01T00:00:00Z",
        "clusters": ["prod", "arn:aws:ecs:eu-west-1:000000000000:cluster/stage"], "repositories": ["shop", "team/*"],
        "notify": "arn:aws:sns:eu-west-1:000000000000:results",
        "targets": [
            {"account": "222222222222", "region": "eu-west-1", "role": "arn:aws:iam::222222222222:role/ecroll"},
            {"account": "000000000000", "region": "us-east-1"},
        ],
        "services": [{"service": "web-${AWS::Region}*", "tags": "regex:^v[0-9]{2}$", "pin": "digest"}],
    }));
    stack(&pocket, &config, &[("PassRoles", ROLES)]).await;
    assert_kept(&pocket.plan(&config).await.unwrap(), 20);
    // What somebody changes is seen as ever.
    pocket.call(
        "cloudwatch",
        "DeleteAlarms",
        json!({"AlarmNames": ["ecroll-pushes"]}),
    );
    assert_eq!(pocket.plan(&config).await.unwrap().count(Action::Create), 1);
}

/// The statements of a role's policy, by their names, each list in order and each only member of one alone.
fn statements(pocket: &Pocket, role: &str) -> BTreeMap<String, Value> {
    fn plain(value: &Value) -> Value {
        match value {
            Value::Array(members) => {
                let mut members: Vec<Value> = members.iter().map(plain).collect();
                members.sort_by_key(Value::to_string);
                match members.as_slice() {
                    [only] => only.clone(),
                    _ => Value::Array(members),
                }
            }
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect(),
            other => other.clone(),
        }
    }
    let input = json!({"RoleName": role, "PolicyName": "ecroll"});
    let answer = pocket.answer("iam", "GetRolePolicy", input);
    let text = answer["PolicyDocument"].as_str().unwrap();
    let document = setup::policy_document::Document::parse_escaped(text);
    let statements = document.statements().into_iter();
    statements
        .map(|(name, text)| (name, plain(&serde_json::from_str(&text).unwrap())))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn rule_08_a_stack_grants_what_setup_grants_whatever_is_configured() {
    let stack_role = "arn:aws:iam::000000000000:role/shop-stack";
    let stacks = json!([{"stack": "shop", "repository": "shop", "parameter": "ImageTag"}]);
    let shop = "arn:aws:cloudformation:eu-west-1:000000000000:stack/elsewhere/1";
    let several = json!([stacks[0], {"stack": shop, "parameter": "Tag",
        "repository": "111122223333.dkr.ecr.us-east-1.amazonaws.com/shop"}]);
    let waves = json!([{"services": ["canary-*"]}]);
    let roads = json!([
        "alarm",
        "ecr-events",
        "cloudtrail-events",
        "log-subscription"
    ]);
    let topic = "arn:aws:sns:eu-west-1:000000000000:results";
    let targets = json!([
        {"account": "222222222222", "region": "eu-west-1", "role": "arn:aws:iam::222222222222:role/ecroll"},
        {"account": "000000000000", "region": "us-east-1"}]);
    let mut seen = BTreeSet::new();
    for keys in [
        json!({}),
        json!({"stacks": stacks}),
        json!({"stacks": several, "clusters": ["prod", "stage"]}),
        json!({"waves": waves}),
        json!({"service": {"in_use_tag": "ecroll-prod"}}),
        json!({"reconcile": false}),
        json!({"sweep": "off"}),
        json!({"notify": topic}),
        json!({"targets": targets}),
        json!({"triggers": roads}),
        json!({"triggers": ["log-subscription"], "sweep": "1h"}),
        json!({"service": {"match": "name-prefix", "action": "force"}}),
        json!({"stacks": several, "waves": waves, "notify": topic, "targets": targets, "triggers": roads,
            "service": {"in_use_tag": "live"}, "repositories": ["shop"]}),
    ] {
        let config = config(&keys);
        let [by_setup, by_stack] = [account(), account()];
        for pocket in [&by_setup, &by_stack] {
            let template = json!({"Parameters": {"ImageTag": {"Type": "String"}},
                "Resources": {"Service": {"Type": "AWS::ECS::Service"}}});
            let input = json!({"StackName": "shop", "TemplateBody": template.to_string(), "RoleARN": stack_role,
                "Parameters": [{"ParameterKey": "ImageTag", "ParameterValue": "v1"}]});
            pocket.call("cloudformation", "CreateStack", input);
        }
        by_setup.set_up(&config).await.unwrap();
        let mut parameters = vec![("PassRoles", ROLES)];
        if !config.stacks.is_empty() {
            parameters.push(("StackRoles", stack_role));
        }
        stack(&by_stack, &config, &parameters).await;
        for role in ["handler", "trail"] {
            let role = format!("{}-eu-west-1-{role}", config.name);
            let (ours, theirs) = (statements(&by_setup, &role), statements(&by_stack, &role));
            assert_eq!(ours, theirs, "{keys}");
            seen.extend(ours.into_keys());
        }
        let plan = by_stack.plan(&config).await.unwrap();
        assert!(!plan.is_work(), "{keys}: {plan}");
    }
    // Every statement that may be there was.
    for name in [
        "TellCaches",
        "MarkImages",
        "Notify",
        "PassTaskRoles",
        "UpdateStacks",
        "PassStackRoles",
        "ReachTargets",
    ] {
        assert!(seen.contains(name), "{name} was never asked for");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_whose_tasks_move_along_gets_the_roles_that_it_is_told() {
    let pocket = account();
    let config = config(&json!({"service": {"scheduled": true}, "families": "all"}));
    let role = |name: &str| format!("arn:aws:iam::000000000000:role/{name}");
    let target = |name: &str| {
        let task = "arn:aws:ecs:eu-west-1:000000000000:task-definition/prod-web:1";
        json!({"Arn": "arn:aws:ecs:eu-west-1:000000000000:cluster/prod", "RoleArn": role(name),
            "EcsParameters": {"TaskDefinitionArn": task}})
    };
    let nightly = json!({"Name": "nightly", "ScheduleExpression": "rate(1 day)"});
    pocket.call("events", "PutRule", nightly);
    let mut one = target("rules");
    one["Id"] = json!("1");
    pocket.call(
        "events",
        "PutTargets",
        json!({"Rule": "nightly", "Targets": [one]}),
    );
    let schedule = json!({"Name": "nightly", "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target("schedules")});
    pocket.call("scheduler", "CreateSchedule", schedule);
    let (rules, schedules) = (role("rules"), role("schedules"));
    let told = [
        ("PassRoles", ROLES),
        ("RuleRoles", rules.as_str()),
        ("ScheduleRoles", schedules.as_str()),
    ];
    stack(&pocket, &config, &told).await;
    pocket.forget();
    let plan = pocket.plan(&config).await.unwrap();
    assert!(!plan.is_work(), "{plan}");
}
