//! No more permission than needed, and no less: what setup writes for the handler and the trail is what they use, statement
//! by statement. That it suffices is looked at in every scenario of every rule: see the end of a [`World`].

use chrono::TimeDelta;
use handler::config::Config;
use local::{Account, FunctionError, Options, Permission, What};
use serde_json::{Value, json};
use setup::policy_document::Document;

use crate::road::{IMAGE, context, deploy, event, invoke, put};
use crate::rule_01_reconcile::{own, push_unheard};
use crate::world::{HANDLER, World, image};

const TRAIL: &str = "arn:aws:iam::000000000000:role/ecroll-eu-west-1-trail";
const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:deployments";
const THERE: &str = "arn:aws:iam::000000000001:role/ecroll";

/// What is granted and not seen to be used, and why that is right.
const UNUSED: [(&str, &str); 2] = [
    // Lambda writes the function's log in the name of its role; the pocket account keeps no log of functions.
    ("WriteOwnLog", "logs:CreateLogStream"),
    ("WriteOwnLog", "logs:PutLogEvents"),
];

fn config() -> Config {
    let target = json!({"account": "000000000001", "region": "eu-west-1", "role": THERE,
        "external_id": "secret"});
    let marked = json!({"repository": "own", "in_use_tag": "live"});
    let config = json!({"notify": TOPIC, "targets": [target], "services": [marked],
        "service": {"scheduled": true}, "families": "all"});
    Config::from_json(&config).unwrap()
}

/// A pipeline that is asked for everything that needs a permission: roles to pass, somebody to tell, another account.
async fn demanding() -> (World, Account) {
    let mut world = World::with(&[("web", &image("web", "seed"))], &config()).await;
    world.refused = vec!["*"];
    let call = |service, operation, input| world.account.call(service, operation, input).unwrap();
    call("sns", "CreateTopic", json!({"Name": "deployments"}));
    let role = |name: &str| format!("arn:aws:iam::000000000000:role/{name}");
    let definition = json!({"family": "api", "memory": "512", "taskRoleArn": role("task"),
        "executionRoleArn": role("execution"),
        "containerDefinitions": [{"name": "app", "image": image("api", "seed")}]});
    call("ecs", "RegisterTaskDefinition", definition);
    let service = json!({"cluster": "default", "serviceName": "api", "taskDefinition": "api",
        "desiredCount": 1});
    call("ecs", "CreateService", service);
    world.service(
        "own",
        &json!({}),
        &json!([{"name": "app", "image": own("own", "seed")}]),
    );
    // Tasks that move along, and a family that no service runs.
    let family = json!({"family": "report", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": image("api", "seed")}]});
    call("ecs", "RegisterTaskDefinition", family);
    let target = |of: &str| {
        json!({"Arn": "arn:aws:ecs:eu-west-1:000000000000:cluster/default", "RoleArn": role(of),
            "EcsParameters": {"TaskDefinitionArn": "arn:aws:ecs:eu-west-1:000000000000:task-definition/api:1"}})
    };
    let nightly = json!({"Name": "nightly", "ScheduleExpression": "rate(1 day)"});
    call("events", "PutRule", nightly);
    let mut one = target("rules");
    one["Id"] = json!("1");
    call(
        "events",
        "PutTargets",
        json!({"Rule": "nightly", "Targets": [one]}),
    );
    let schedule = json!({"Name": "nightly", "ScheduleExpression": "rate(1 day)", "StartDate": 1_999_999_999,
        "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target("schedules")});
    call("scheduler", "CreateSchedule", schedule);
    // Its roles are in the handler's policy from the next run of setup on.
    world.set_up(&config()).await;

    let options = Options {
        account: "000000000001".to_owned(),
        ..Options::default()
    };
    let partner = Account::new(world.account.clock().clone(), options);
    world.account.beside(&partner);
    let document = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let trust = document(json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": HANDLER},
        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}));
    let there = |operation, input| partner.call("iam", operation, input).unwrap();
    there(
        "CreateRole",
        json!({"RoleName": "ecroll", "AssumeRolePolicyDocument": trust.to_string()}),
    );
    let may = document(
        json!({"Effect": "Allow", "Action": ["ecs:*", "events:*", "scheduler:*"], "Resource": "*"}),
    );
    there(
        "PutRolePolicy",
        json!({"RoleName": "ecroll", "PolicyName": "p", "PolicyDocument": may.to_string()}),
    );
    world.minutes(1).await;
    (world, partner)
}

/// Everything that a handler does: rolls, a rollback that has to be understood, a push by another road, a failure.
async fn live(world: &World) {
    // No record tells of this one.
    push_unheard(world, "own", "v1", "own");
    // What a person deployed is dated by the registry when an older push comes late.
    put(world, "web", "seed", "zero", IMAGE);
    world.minutes(1).await;
    world.push("web", "v0", "older", 20);
    world.minutes(5).await;
    put(world, "web", "stable", "newer", IMAGE);
    world.minutes(1).await;
    deploy(world, &image("web", "stable"));
    world.minutes(30).await;
    world.push("web", "v1", "one", 3);
    world.push("api", "v1", "two", 3);
    world.minutes(15).await;
    // The second deployment stops the first: whether the breaker had, is asked.
    for revision in ["web:2", "web:1"] {
        let back = json!({"cluster": "default", "service": "web", "taskDefinition": revision});
        world.account.call("ecs", "UpdateService", back).unwrap();
    }
    world.minutes(15).await;
    world.push("web", "v2", "three", 600);
    let told = event("web", "v2", "three", world.now() + TimeDelta::seconds(2));
    // What it answers is not the question here.
    let _ = invoke(world, &context(world, &json!({})), &told).await;
    let failing = |_| -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
        Box::pin(async {
            Err(FunctionError {
                error_type: "Runtime.ExitError".to_owned(),
                message: "exit status 1".to_owned(),
            })
        })
    };
    world.minutes(60).await;
    world.account.host(std::sync::Arc::new(failing));
    world.minutes(15).await;
}

/// The statements of a role's policy, each with its name.
fn statements(account: &Account, role: &str) -> Vec<(String, Value)> {
    let input = json!({"RoleName": role, "PolicyName": "ecroll"});
    let answer = account.call("iam", "GetRolePolicy", input).unwrap();
    let document = Document::parse_escaped(answer["PolicyDocument"].as_str().unwrap());
    let statements = document.statements().into_iter();
    statements
        .map(|(sid, text)| (sid, serde_json::from_str(&text).unwrap()))
        .collect()
}

fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

/// Takes one statement out of a role's policy.
fn remove(account: &Account, role: &str, sid: &str) {
    let kept: Vec<Value> = statements(account, name(role))
        .into_iter()
        .filter(|(name, _)| name != sid)
        .map(|(_, statement)| statement)
        .collect();
    if kept.is_empty() {
        let input = json!({"RoleName": name(role), "PolicyName": "ecroll"});
        account.call("iam", "DeleteRolePolicy", input).unwrap();
        return;
    }
    let document = json!({"Version": "2012-10-17", "Statement": kept}).to_string();
    let input = json!({"RoleName": name(role), "PolicyName": "ecroll", "PolicyDocument": document});
    account.call("iam", "PutRolePolicy", input).unwrap();
}

fn actions(statement: &Value) -> Vec<String> {
    match &statement["Action"] {
        Value::Array(list) => list
            .iter()
            .map(|action| action.as_str().unwrap().to_owned())
            .collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    }
}

fn asked<'a>(all: &'a [Permission], role: &str) -> Vec<&'a Permission> {
    all.iter().filter(|asked| asked.principal == role).collect()
}

#[tokio::test(start_paused = true)]
async fn rule_08_every_action_that_is_granted_is_used() {
    let (world, _partner) = demanding().await;
    live(&world).await;
    let all = world.account.permissions();
    for role in [HANDLER, TRAIL] {
        let asked = asked(&all, role);
        let refused: Vec<_> = asked.iter().filter(|a| a.statement.is_none()).collect();
        assert!(refused.is_empty(), "{refused:?}");
        for (sid, statement) in statements(&world.account, name(role)) {
            for action in actions(&statement) {
                let used = asked.iter().any(|asked| {
                    asked.action == action && asked.statement.as_deref() == Some(&sid)
                });
                let excused = UNUSED.contains(&(sid.as_str(), action.as_str()));
                assert!(used != excused, "{role}: {sid} {action}: used {used}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_08_without_any_one_statement_the_handler_is_refused() {
    let (world, _partner) = demanding().await;
    let all = statements(&world.account, name(HANDLER));
    drop(world);
    let mut tried = 0;
    for (sid, statement) in all {
        if UNUSED.iter().any(|(unused, _)| *unused == sid) {
            continue;
        }
        tried += 1;
        let (world, _partner) = demanding().await;
        remove(&world.account, HANDLER, &sid);
        world.minutes(1).await;
        live(&world).await;
        let permissions = world.account.permissions();
        let mut refused = asked(&permissions, HANDLER);
        refused.retain(|asked| asked.statement.is_none());
        assert!(!refused.is_empty(), "{sid} is not missed");
        let of = actions(&statement);
        assert!(
            refused.iter().all(|asked| of.contains(&asked.action)),
            "{sid}: {refused:?}"
        );
    }
    assert!(tried > 10, "{tried} statements");
}

#[tokio::test(start_paused = true)]
async fn rule_08_without_its_statement_the_trail_delivers_nothing() {
    let (world, _partner) = demanding().await;
    let all = statements(&world.account, name(TRAIL));
    let [(sid, _)] = &all[..] else {
        panic!("{all:?}");
    };
    remove(&world.account, TRAIL, sid);
    world.minutes(1).await;
    let before = world.account.journal_len();
    world.push("web", "v1", "one", 3);
    world.minutes(15).await;
    assert_eq!(world.image_of("web", 0), image("web", "seed"));
    let journal = world.account.journal_since(before);
    let withheld = journal.iter().any(
        |entry| matches!(&entry.what, What::Withheld { reason, .. } if reason == "AccessDenied"),
    );
    assert!(withheld);
}
