//! Whoever runs plan and setup needs the policy that `ecroll setup --print-policy` prints, and no more.

use handler::config::{Config, TriggerKind};
use local::{Account, Options};
use serde_json::{Value, json};
use setup::names::{Names, Place};
use setup::policy_document::{Document, operator};
use setup::ui::Output;

use crate::faulty::Faulty;
use crate::pocket::Pocket;

/// What is granted and not seen to be used, and why that is right.
const UNUSED: [(&str, &str); 2] = [
    // Every bucket is encrypted since 2023; only what says otherwise (an older bucket, an emulator) is set right.
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    ("Bucket", "s3:PutEncryptionConfiguration"),
    // Files are deleted by their version, which in a bucket without versions is `null`; whether that is judged as the
    // deletion of a version is not documented.
    ("RemoveFiles", "s3:DeleteObject"),
];

const OPERATOR: &str = "arn:aws:iam::000000000000:user/deployer";

/// A configuration that takes every road.
fn roads() -> Config {
    Config {
        triggers: TriggerKind::ALL.to_vec(),
        ..Config::default()
    }
}

/// As the verb prints it: the account is not known.
fn policy(region: &str) -> Value {
    let place = Place {
        partition: "aws".to_owned(),
        region: region.to_owned(),
        account: "*".to_owned(),
    };
    let config = roads();
    let names = Names::new(&config.name, None, &place);
    serde_json::to_value(operator(&config, &names, &place)).unwrap()
}

/// The actions of a policy, each with its statement's name.
fn granted(policy: &Value) -> Vec<(String, String)> {
    let statements = policy["Statement"].as_array().unwrap();
    let pairs = statements.iter().flat_map(|statement| {
        let sid = statement["Sid"].as_str().unwrap().to_owned();
        let actions = statement["Action"].as_array().unwrap().iter();
        actions.map(move |action| (sid.clone(), action.as_str().unwrap().to_owned()))
    });
    pairs.collect()
}

/// What a user was allowed, as statement and action; nothing may have been refused.
fn used(account: &Account) -> Vec<(String, String)> {
    let asked = account.permissions().into_iter();
    asked
        .filter(|asked| asked.principal == OPERATOR)
        .map(|asked| {
            let action = asked.action;
            let sid = asked.statement;
            (sid.unwrap_or_else(|| panic!("{action} is refused")), action)
        })
        .collect()
}

/// Somebody changes what [`Pocket::drift`] leaves alone.
fn drift_of_the_rest(pocket: &Pocket) {
    let url = "https://sqs.eu-west-1.amazonaws.com/000000000000/ecroll-failures";
    let short = json!({"MessageRetentionPeriod": "60"});
    let queue = json!({"QueueUrl": url, "Attributes": short});
    pocket.call("sqs", "SetQueueAttributes", queue);
    let one_region = json!({"Name": "ecroll", "IsMultiRegionTrail": false});
    pocket.call("cloudtrail", "UpdateTrail", one_region);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Nobody",
        "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let trust = json!({"RoleName": "ecroll-eu-west-1-trail", "PolicyDocument": trust.to_string()});
    pocket.call("iam", "UpdateAssumeRolePolicy", trust);
    let code = json!({"FunctionName": "ecroll", "ZipFile": "UEswMA=="});
    pocket.call("lambda", "UpdateFunctionCode", code);
    let invoke = json!({"FunctionName": "ecroll", "StatementId": "topic"});
    pocket.call("lambda", "RemovePermission", invoke);
    let invoke = json!({"FunctionName": "ecroll", "StatementId": "topic", "SourceAccount": "1",
        "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"});
    pocket.call("lambda", "AddPermission", invoke);
    let topic = "arn:aws:sns:eu-west-1:000000000000:ecroll";
    let list = json!({"TopicArn": topic});
    let list = pocket.answer("sns", "ListSubscriptionsByTopic", list);
    let other = json!({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:000000000000:other"});
    let redrive = json!({"SubscriptionArn": list["Subscriptions"][0]["SubscriptionArn"],
        "AttributeName": "RedrivePolicy", "AttributeValue": other.to_string()});
    pocket.call("sns", "SetSubscriptionAttributes", redrive);
}

/// A rule of somebody's that runs a task in the cluster.
fn schedule(pocket: &Pocket) {
    let rule = json!({"Name": "nightly", "ScheduleExpression": "rate(1 day)"});
    pocket.call("events", "PutRule", rule);
    let target = json!({"Id": "1", "Arn": "arn:aws:ecs:eu-west-1:000000000000:cluster/default",
        "RoleArn": "arn:aws:iam::000000000000:role/events",
        "EcsParameters": {"TaskDefinitionArn": "arn:aws:ecs:eu-west-1:000000000000:task-definition/default-web"}});
    let targets = json!({"Rule": "nightly", "Targets": [target]});
    pocket.call("events", "PutTargets", targets);
}

/// Somebody deploys after the push, so that what runs may be the newer of the two.
async fn deployed_since(pocket: &Pocket) {
    let anew = json!({"cluster": "default", "service": "web", "forceNewDeployment": true});
    pocket.call("ecs", "UpdateService", anew);
    pocket.wait_a_minute().await;
}

#[tokio::test(start_paused = true)]
async fn rule_08_setup_lives_with_the_policy_that_it_prints_and_uses_all_of_it() {
    for region in ["eu-west-1", "*"] {
        let policy = policy(region);
        let pocket = Pocket::new(Options::default()).deployer(&policy);
        pocket.service("default", "web", "task");
        // From nothing, a second run, and drift that is mended.
        pocket.set_up(&roads()).await.unwrap();
        pocket.wait_a_minute().await;
        let again = pocket.plan(&roads()).await.unwrap();
        assert!(!again.is_work(), "{again}");
        // Roads that are given up, all but one and then the other.
        let quick = Config {
            triggers: vec![TriggerKind::EcrEvents],
            ..Config::default()
        };
        pocket.set_up(&quick).await.unwrap();
        pocket.set_up(&Config::default()).await.unwrap();
        pocket.wait_a_minute().await;
        pocket.drift();
        pocket.wait_a_minute().await;
        drift_of_the_rest(&pocket);
        pocket.wait_a_minute().await;
        pocket.set_up(&Config::default()).await.unwrap();
        // A sweep that is switched off; an alarm topic that hears of results.
        let quiet = Config {
            sweep: None,
            ..Config::default()
        };
        pocket.set_up(&quiet).await.unwrap();
        pocket.set_up(&Config::default()).await.unwrap();
        // What the plan says of the services, and what the last day would have brought.
        pocket.push_is_recorded().await;
        deployed_since(&pocket).await;
        let (plan, said) = pocket.verb_plan(&Config::default(), Output::Text).await;
        plan.unwrap();
        assert!(said.contains("the last day: 1 push"), "{said}");
        // Every link is examined, and the pipeline tried.
        schedule(&pocket);
        let (_, said, _) = pocket
            .verb_doctor(true, &Config::default(), Output::Text)
            .await;
        assert!(!said.contains("allow `"), "{said}");
        // Everything goes again, the trail's files too.
        let bucket = "ecroll-000000000000-eu-west-1";
        let file = json!({"Bucket": bucket, "Key": "AWSLogs/1.json.gz"});
        pocket.call("s3", "PutObject", file);
        let never = std::future::pending::<()>();
        let (gone, _, told) = pocket.verb_destroy(true, true, Output::Text, never).await;
        gone.unwrap_or_else(|error| panic!("{error}: {told}"));
        let mut seen = used(pocket.account());

        // A trail that cannot be finished is deleted again.
        let faulty = Faulty::at("PutEventSelectors");
        faulty.arm();
        let broken = Pocket::faulty(&faulty, Options::default()).deployer(&policy);
        broken.set_up(&Config::default()).await.unwrap_err();
        seen.extend(used(broken.account()));

        let unused: Vec<_> = granted(&policy)
            .into_iter()
            .filter(|(sid, action)| {
                let excused = UNUSED.contains(&(sid.as_str(), action.as_str()));
                seen.contains(&(sid.clone(), action.clone())) == excused
            })
            .collect();
        assert!(unused.is_empty(), "{region}: {unused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_08_without_any_one_statement_the_operator_is_refused() {
    let whole = policy("eu-west-1");
    let statements = whole["Statement"].as_array().unwrap();
    for gone in statements {
        let sid = gone["Sid"].as_str().unwrap();
        let kept: Vec<Value> = statements.iter().filter(|s| *s != gone).cloned().collect();
        let policy = json!({"Version": "2012-10-17", "Statement": kept});
        let pocket = Pocket::new(Options::default());
        pocket.service("default", "web", "task");
        // What is there is built by somebody who may.
        let standing = ["Preview", "Examine", "Remove"]
            .iter()
            .any(|p| sid.starts_with(p));
        if standing {
            pocket.set_up(&roads()).await.unwrap();
            pocket.push_is_recorded().await;
            deployed_since(&pocket).await;
            schedule(&pocket);
        }
        let bucket = "ecroll-000000000000-eu-west-1";
        let pocket = pocket.deployer(&policy);
        if standing {
            pocket.call("s3", "PutObject", json!({"Bucket": bucket, "Key": "1"}));
            let _ = pocket.verb_plan(&Config::default(), Output::Text).await;
            let _ = pocket
                .verb_doctor(true, &Config::default(), Output::Text)
                .await;
            let never = std::future::pending::<()>();
            let _ = pocket.verb_destroy(true, true, Output::Text, never).await;
        } else {
            pocket.set_up(&roads()).await.unwrap_err();
        }
        let actions = gone["Action"].as_array().unwrap();
        let missed = pocket.account().permissions().into_iter().any(|asked| {
            asked.principal == OPERATOR
                && asked.statement.is_none()
                && actions.iter().any(|action| *action == asked.action)
        });
        assert!(missed, "{sid} is not missed");
    }
}

#[tokio::test(start_paused = true)]
async fn setup_and_destroy_live_with_slow_spreading_and_low_rates() {
    let options = Options {
        role_propagation: std::time::Duration::from_secs(45),
        trail_propagation: std::time::Duration::from_secs(20),
        rates: vec![
            ("cloudtrail:*", 1),
            ("lambda:*", 2),
            ("iam:*", 2),
            ("logs:PutMetricFilter", 1),
            ("cloudwatch:*", 2),
            ("sns:CreateTopic", 1),
        ],
        ..Options::default()
    };
    let pocket = Pocket::new(options);
    pocket.set_up(&Config::default()).await.unwrap();
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
    let refused = |code: &str| pocket.writes().iter().any(|write| write.ends_with(code));
    for code in [" ThrottlingException", " InvalidParameterValueException"] {
        assert!(refused(code), "{code}: {:?}", pocket.writes());
    }
    let never = std::future::pending::<()>();
    let (gone, _, told) = pocket.verb_destroy(true, true, Output::Text, never).await;
    gone.unwrap_or_else(|error| panic!("{error}: {told}"));
}

#[test]
fn rule_08_the_policy_fits_where_policies_are_kept() {
    let longest = "n".repeat(24);
    let place = Place {
        partition: "aws-us-gov".to_owned(),
        region: "ap-southeast-1".to_owned(),
        account: "*".to_owned(),
    };
    let names = Names::new(&longest, None, &place);
    let policy: Document = operator(&roads(), &names, &place);
    let size = policy
        .to_string()
        .chars()
        .filter(|c| !c.is_whitespace())
        .count();
    // The inline policies of a role; IAM and STS quotas.
    assert!(size < 10_240, "{size}");
}
