//! Whose a call is, and what its caller may.

use bytes::Bytes;
use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};

use super::World;
use crate::{Account, Keys, Options};

/// A request as the SDKs sign it, the signature itself excepted.
fn signed(keys: &Keys, region: &str, service: &str) -> http::request::Builder {
    let scope = format!("{}/20260301/{region}/{service}/aws4_request", keys.id);
    let line = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    let request = Request::builder()
        .method("POST")
        .header("authorization", line);
    match &keys.token {
        Some(token) => request.header("x-amz-security-token", token),
        None => request,
    }
}

fn answer(account: &Account, request: http::request::Builder, body: &str) -> (u16, String) {
    let request = request.body(Bytes::from(body.to_owned())).unwrap();
    let response = account.handle(&request);
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    (response.status().as_u16(), body)
}

const ECS: &str = "AmazonEC2ContainerServiceV20141113";

/// A call of ECS in a Region.
fn ecs_in(
    region: &str,
    account: &Account,
    keys: &Keys,
    operation: &str,
    input: &Value,
) -> (u16, String) {
    let request = signed(keys, region, "ecs").header("x-amz-target", format!("{ECS}.{operation}"));
    answer(account, request, &input.to_string())
}

fn ecs(account: &Account, keys: &Keys, operation: &str, input: &Value) -> (u16, String) {
    ecs_in("eu-west-1", account, keys, operation, input)
}

fn query(account: &Account, keys: &Keys, service: &str, form: &str) -> (u16, String) {
    let request = signed(keys, "us-east-1", service);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    answer(account, request, form)
}

fn policy(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(actions: &Value, resources: &Value) -> Value {
    json!({"Sid": "Only", "Effect": "Allow", "Action": actions, "Resource": resources})
}

const CLUSTER: &str = "arn:aws:ecs:eu-west-1:000000000000:cluster/default";

#[tokio::test(start_paused = true)]
async fn rule_08_a_key_that_is_nobodys_is_refused_as_each_service_words_it() {
    let pocket = World::new(Options::default());
    let account = &pocket.account;
    let nobody = Keys {
        id: "AKIAUNKNOWN".to_owned(),
        ..Keys::default()
    };
    let (status, body) = ecs(account, &nobody, "ListClusters", &json!({}));
    assert_eq!(status, 400);
    assert!(body.contains("UnrecognizedClientException"), "{body}");
    assert!(body.contains("The security token included in the request is invalid."));
    let form = "Action=GetCallerIdentity&Version=2011-06-15";
    let (status, body) = query(account, &nobody, "sts", form);
    assert_eq!(status, 403);
    assert!(body.contains("<Code>InvalidClientTokenId</Code>"), "{body}");
    let request = signed(&nobody, "eu-west-1", "s3").method("GET").uri("/");
    let (status, body) = answer(account, request, "");
    assert_eq!(status, 403);
    assert!(body.contains("<Code>InvalidAccessKeyId</Code>"), "{body}");
    let request = signed(&nobody, "eu-west-1", "lambda").method("GET");
    let (status, body) = answer(account, request.uri("/2015-03-31/functions"), "");
    assert_eq!(status, 403);
    assert!(body.contains("UnrecognizedClientException"), "{body}");
    let request = Request::builder().header("x-amz-target", format!("{ECS}.ListClusters"));
    let (status, body) = answer(account, request.method("POST"), "{}");
    assert_eq!(status, 400);
    assert!(
        body.contains("MissingAuthenticationTokenException"),
        "{body}"
    );
    let (status, _) = ecs(account, &Keys::operator(), "ListClusters", &json!({}));
    assert_eq!(status, 200);
}

#[tokio::test(start_paused = true)]
async fn rule_08_silence_and_denial_refuse_in_the_words_of_aws() {
    let pocket = World::new(Options::default());
    let account = &pocket.account;
    pocket.call("ecs", "CreateCluster", json!({"clusterName": "default"}));
    let only = allow(&json!("ecs:DescribeClusters"), &json!(CLUSTER));
    let keys = account.put_user("few", &[policy(&json!([only]))]).unwrap();
    let (status, _) = ecs(account, &keys, "DescribeClusters", &json!({}));
    assert_eq!(status, 200);
    let (status, body) = ecs(
        account,
        &keys,
        "DescribeClusters",
        &json!({"clusters": ["x"]}),
    );
    assert_eq!(status, 400);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["__type"], "AccessDeniedException");
    assert_eq!(
        body["message"],
        "User: arn:aws:iam::000000000000:user/few is not authorized to perform: \
         ecs:DescribeClusters on resource: arn:aws:ecs:eu-west-1:000000000000:cluster/x because no \
         identity-based policy allows the ecs:DescribeClusters action"
    );
    let denial = json!({"Effect": "Deny", "Action": "ecs:*", "Resource": "*"});
    let all = json!([allow(&json!("*"), &json!("*")), denial]);
    account.put_user("few", &[policy(&all)]).unwrap();
    let (_, body) = ecs(account, &keys, "DescribeClusters", &json!({}));
    assert!(
        body.contains("with an explicit deny in an identity-based policy"),
        "{body}"
    );
    let (status, body) = query(account, &keys, "iam", "Action=ListRoles&Version=2010-05-08");
    assert_eq!(status, 200, "{body}");
    account.put_user("few", &[policy(&json!([only]))]).unwrap();
    let (status, body) = query(account, &keys, "iam", "Action=ListRoles&Version=2010-05-08");
    assert_eq!(status, 403);
    assert!(body.contains("<Code>AccessDenied</Code>"), "{body}");
    let asked: Vec<_> = account.permissions();
    let allowed = asked.iter().filter(|asked| asked.statement.is_some());
    let allowed: Vec<_> = allowed.map(|asked| asked.action.as_str()).collect();
    assert_eq!(allowed, ["ecs:DescribeClusters", "iam:ListRoles"]);
}

#[tokio::test(start_paused = true)]
async fn rule_08_a_role_is_handed_over_only_by_who_may_pass_it_to_that_service() {
    let pocket = World::new(Options::default());
    let account = &pocket.account;
    let role = "arn:aws:iam::000000000000:role/task";
    let definition = json!({"family": "web", "memory": "512", "taskRoleArn": role,
        "containerDefinitions": [{"name": "app", "image": "web"}]});
    let register = allow(
        &json!(["ecs:RegisterTaskDefinition"]),
        &json!("arn:aws:ecs:*:*:task-definition/web:*"),
    );
    let pass = |to: &str| {
        json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": role,
            "Condition": {"StringEquals": {"iam:PassedToService": to}}})
    };
    let keys = account
        .put_user("few", &[policy(&json!([register]))])
        .unwrap();
    let refused = |what: &str| {
        let (status, body) = ecs(account, &keys, "RegisterTaskDefinition", &definition);
        assert_eq!(status, 400, "{what}");
        assert!(
            body.contains("to perform: iam:PassRole on resource"),
            "{body}"
        );
        assert!(body.contains(role), "{body}");
    };
    refused("no statement");
    let other = json!([register, pass("lambda.amazonaws.com")]);
    account.put_user("few", &[policy(&other)]).unwrap();
    refused("another service");
    let right = json!([register, pass("ecs-tasks.amazonaws.com")]);
    account.put_user("few", &[policy(&right)]).unwrap();
    let (status, body) = ecs(account, &keys, "RegisterTaskDefinition", &definition);
    assert_eq!(status, 200, "{body}");
    // Tags are another permission.
    let mut tagged = definition.clone();
    tagged["tags"] = json!([{"key": "a", "value": "b"}]);
    let (_, body) = ecs(account, &keys, "RegisterTaskDefinition", &tagged);
    assert!(body.contains("to perform: ecs:TagResource"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn rule_08_conditions_read_the_tags_of_the_call_and_of_the_resource() {
    let pocket = World::new(Options::default());
    let account = &pocket.account;
    let cluster = json!({"clusterName": "default", "tags": [{"key": "team", "value": "red"}]});
    pocket.call("ecs", "CreateCluster", cluster);
    let read = |team: &str| {
        json!({"Effect": "Allow", "Action": "ecs:DescribeClusters", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": team}}})
    };
    let tag = json!({"Effect": "Allow", "Action": "ecs:TagResource", "Resource": CLUSTER,
        "Condition": {"ForAllValues:StringLike": {"aws:TagKeys": "ecroll:*"},
            "StringEqualsIfExists": {"aws:RequestTag/ecroll:a": "1"}}});
    let keys = account
        .put_user("few", &[policy(&json!([read("red"), tag]))])
        .unwrap();
    let (status, body) = ecs(account, &keys, "DescribeClusters", &json!({}));
    assert_eq!(status, 200, "{body}");
    let put = |key: &str, value: &str| {
        let input = json!({"resourceArn": CLUSTER, "tags": [{"key": key, "value": value}]});
        ecs(account, &keys, "TagResource", &input).0
    };
    assert_eq!(put("ecroll:a", "1"), 200);
    assert_eq!(put("ecroll:a", "2"), 400);
    assert_eq!(put("team", "blue"), 400);
    account
        .put_user("few", &[policy(&json!([read("blue")]))])
        .unwrap();
    assert_eq!(ecs(account, &keys, "DescribeClusters", &json!({})).0, 400);
}

#[tokio::test(start_paused = true)]
async fn rule_08_a_changed_policy_counts_when_it_has_spread() {
    let pocket = World::new(Options::default());
    let role = pocket.role("handler", "lambda.amazonaws.com");
    pocket.pass(TimeDelta::seconds(10)).await;
    pocket.call("lambda", "CreateFunction", World::function_input(&role));
    let account = &pocket.account;
    let keys = account.function_keys("ecroll").unwrap();
    let (_, who) = query(
        account,
        &keys,
        "sts",
        "Action=GetCallerIdentity&Version=2011-06-15",
    );
    let arn = "<Arn>arn:aws:sts::000000000000:assumed-role/handler/ecroll</Arn>";
    assert!(who.contains(arn), "{who}");
    let list = || ecs(account, &keys, "ListClusters", &json!({})).0;
    assert_eq!(list(), 400);
    let may = policy(&json!([allow(&json!("ecs:List*"), &json!("*"))]));
    let put =
        json!({"RoleName": "handler", "PolicyName": "more", "PolicyDocument": may.to_string()});
    pocket.call("iam", "PutRolePolicy", put);
    assert_eq!(list(), 400, "it has not spread yet");
    pocket.pass(TimeDelta::seconds(8)).await;
    assert_eq!(list(), 200);
    let gone = json!({"RoleName": "handler", "PolicyName": "more"});
    pocket.call("iam", "DeleteRolePolicy", gone);
    assert_eq!(list(), 200, "nor has its end");
    pocket.pass(TimeDelta::seconds(8)).await;
    assert_eq!(list(), 400);
    let stolen = Keys {
        token: None,
        ..keys.clone()
    };
    let (_, body) = ecs(account, &stolen, "ListClusters", &json!({}));
    assert!(body.contains("UnrecognizedClientException"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn rule_08_the_policy_of_a_resource_allows_and_denies_as_well() {
    let pocket = World::new(Options::default());
    let account = &pocket.account;
    let topic = "arn:aws:sns:eu-west-1:000000000000:news";
    pocket.call("sns", "CreateTopic", json!({"Name": "news"}));
    let keys = account.put_user(
        "few",
        &[policy(&json!([allow(&json!("sqs:*"), &json!("*"))]))],
    );
    let keys = keys.unwrap();
    let publish = || {
        let form = format!("Action=Publish&Version=2010-03-31&TopicArn={topic}&Message=x");
        query(account, &keys, "sns", &form)
    };
    let (status, body) = publish();
    assert_eq!(status, 403);
    assert!(body.contains("<Code>AuthorizationError</Code>"), "{body}");
    let set = |effect: &str, who: &str| {
        let statement = json!({"Effect": effect, "Principal": {"AWS": who},
            "Action": "SNS:Publish", "Resource": topic});
        let policy = policy(&json!([statement])).to_string();
        let input = json!({"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy});
        pocket.call("sns", "SetTopicAttributes", input);
    };
    set("Allow", "arn:aws:iam::000000000000:user/other");
    assert_eq!(publish().0, 403);
    set("Allow", "arn:aws:iam::000000000000:user/few");
    assert_eq!(publish().0, 200);
    set("Deny", "*");
    let all = policy(&json!([allow(&json!("*"), &json!("*"))]));
    account.put_user("few", &[all]).unwrap();
    assert_eq!(publish().0, 403);
}

/// What `AssumeRole` answered.
fn keys_in(body: &str) -> Keys {
    let member = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>")).unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    Keys {
        id: member("AccessKeyId"),
        secret: member("SecretAccessKey"),
        token: Some(member("SessionToken")),
    }
}

#[tokio::test(start_paused = true)]
async fn rule_08_a_role_of_another_account_is_assumed_if_both_sides_agree() {
    let pocket = World::new(Options::default());
    let home = &pocket.account;
    let of = |account: &str, region: &str| {
        let options = Options {
            account: account.to_owned(),
            region: region.to_owned(),
            ..Options::default()
        };
        Account::new(home.clock().clone(), options)
    };
    let partner = of("000000000001", "eu-west-1");
    home.beside(&partner);
    let role = "arn:aws:iam::000000000001:role/there";
    let trust = policy(&json!([{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::000000000000:user/few"},
        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}]));
    let created = json!({"RoleName": "there", "AssumeRolePolicyDocument": trust.to_string()});
    partner.call("iam", "CreateRole", created).unwrap();
    let may = policy(&json!([allow(&json!("ecs:ListClusters"), &json!("*"))]));
    let put = json!({"RoleName": "there", "PolicyName": "p", "PolicyDocument": may.to_string()});
    partner.call("iam", "PutRolePolicy", put).unwrap();
    pocket.pass(TimeDelta::seconds(10)).await;

    let keys = home.put_user(
        "few",
        &[policy(&json!([allow(&json!("ecs:*"), &json!("*"))]))],
    );
    let keys = keys.unwrap();
    let assume = |external: &str| {
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=ecroll\
             &ExternalId={external}"
        );
        query(home, &keys, "sts", &form)
    };
    let (status, body) = assume("secret");
    assert_eq!(status, 403, "its own policy does not allow it: {body}");
    let ask = policy(&json!([allow(&json!("sts:AssumeRole"), &json!(role))]));
    home.put_user("few", &[ask]).unwrap();
    let (status, body) = assume("guessed");
    assert_eq!(status, 403);
    assert!(
        body.contains("to perform: sts:AssumeRole on resource"),
        "{body}"
    );
    let (status, body) = assume("secret");
    assert_eq!(status, 200, "{body}");
    let lent = keys_in(&body);
    partner
        .call("ecs", "CreateCluster", json!({"clusterName": "theirs"}))
        .unwrap();
    let (status, body) = ecs(home, &lent, "ListClusters", &json!({}));
    assert_eq!(status, 200);
    assert!(body.contains("000000000001:cluster/theirs"), "{body}");
    assert_eq!(ecs(home, &lent, "DescribeClusters", &json!({})).0, 400);
    pocket.pass(TimeDelta::hours(1)).await;
    let (status, body) = ecs(home, &lent, "ListClusters", &json!({}));
    assert_eq!(status, 400);
    assert!(body.contains("ExpiredTokenException"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_call_reaches_the_region_that_it_is_signed_for() {
    let pocket = World::new(Options::default());
    let options = Options {
        region: "us-east-1".to_owned(),
        ..Options::default()
    };
    let abroad = Account::new(pocket.account.clock().clone(), options);
    pocket.account.beside(&abroad);
    abroad
        .call("ecs", "CreateCluster", json!({"clusterName": "abroad"}))
        .unwrap();
    let may = policy(&json!([allow(&json!("ecs:ListClusters"), &json!("*"))]));
    let keys = pocket.account.put_user("few", &[may]).unwrap();
    let list = |region: &str| ecs_in(region, &pocket.account, &keys, "ListClusters", &json!({})).1;
    assert!(list("us-east-1").contains("cluster/abroad"));
    assert!(!list("eu-west-1").contains("cluster/abroad"));
}

#[tokio::test(start_paused = true)]
async fn a_simulation_asks_the_policies_of_a_role_that_count_by_now() {
    let world = World::new(Options::default());
    let role = world.role("handler", "lambda.amazonaws.com");
    let statement = json!([{"Effect": "Allow", "Action": "ecs:ListServices", "Resource": "*",
        "Condition": {"ArnLike": {"ecs:cluster": "arn:aws:ecs:eu-west-1:000000000000:cluster/prod"}}},
        {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]);
    let more = json!({"RoleName": "handler", "PolicyName": "q", "PolicyDocument": policy(&statement).to_string()});
    world.call("iam", "PutRolePolicy", more);
    let simulate = |cluster: &str| {
        let context = json!([{"ContextKeyName": "ecs:cluster", "ContextKeyType": "string",
            "ContextKeyValues": [format!("arn:aws:ecs:eu-west-1:000000000000:cluster/{cluster}")]}]);
        let input = json!({"PolicySourceArn": role, "ContextEntries": context,
            "ActionNames": ["ecs:ListServices", "sqs:SendMessage", "s3:GetObject"]});
        let answer = world.call("iam", "SimulatePrincipalPolicy", input);
        let results = answer["EvaluationResults"].as_array().unwrap().iter();
        let decisions = results.map(|result| result["EvalDecision"].as_str().unwrap().to_owned());
        decisions.collect::<Vec<_>>()
    };
    assert_eq!(simulate("prod"), ["implicitDeny"; 3]);
    world.pass(TimeDelta::seconds(8)).await;
    assert_eq!(
        simulate("prod"),
        ["allowed", "explicitDeny", "implicitDeny"]
    );
    assert_eq!(simulate("stage")[0], "implicitDeny");
    let nobody =
        json!({"PolicySourceArn": "arn:aws:iam::000000000000:role/nobody", "ActionNames": ["a:B"]});
    assert_eq!(
        world.refused("iam", "SimulatePrincipalPolicy", nobody),
        "NoSuchEntity"
    );
}
