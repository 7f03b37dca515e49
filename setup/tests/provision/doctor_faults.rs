//! One fault each: exactly its link is broken, and following the mend makes it whole.

use handler::config::Config;
use serde_json::{Value, json};

use crate::doctor::{broken, sound};
use crate::pocket::Pocket;

const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:ecroll";
pub(crate) const HANDLER: &str = "ecroll-eu-west-1-handler";

/// What somebody does to a pipeline, the link that is broken then, and a part of what is said of it.
type Deed = (fn(&Pocket), &'static str, &'static str);

fn rewrite_role(pocket: &Pocket, role: &str, sid: &str) {
    let input = json!({"RoleName": role, "PolicyName": "ecroll"});
    let policy = pocket.answer("iam", "GetRolePolicy", input);
    let document = policy["PolicyDocument"].as_str().unwrap();
    let document = setup::policy_document::Document::parse_escaped(document);
    let kept = document
        .statements()
        .into_iter()
        .filter(|(name, _)| name != sid);
    let kept: Vec<Value> = kept
        .map(|(_, text)| serde_json::from_str(&text).unwrap())
        .collect();
    let document = json!({"Version": "2012-10-17", "Statement": kept}).to_string();
    let input = json!({"RoleName": role, "PolicyName": "ecroll", "PolicyDocument": document});
    pocket.call("iam", "PutRolePolicy", input);
}

fn filter(pocket: &Pocket, pattern: &str) {
    let to = json!([{"metricName": "Pushes", "metricNamespace": "ecroll", "metricValue": "1", "defaultValue": 0.0}]);
    let input = json!({"logGroupName": "/ecroll/trail", "filterName": "ecroll", "filterPattern": pattern,
        "metricTransformations": to});
    pocket.call("logs", "PutMetricFilter", input);
}

/// Every deed whose mend is `ecroll setup`.
const DEEDS: [Deed; 26] = [
    (
        |pocket| pocket.call("cloudtrail", "StopLogging", json!({"Name": "ecroll"})),
        "trail",
        "logging is false, should be true",
    ),
    (
        |pocket| pocket.call("cloudtrail", "DeleteTrail", json!({"Name": "ecroll"})),
        "trail",
        "does not exist",
    ),
    (
        |pocket| {
            let reads = json!([{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true}]);
            let input = json!({"TrailName": "ecroll", "EventSelectors": reads});
            pocket.call("cloudtrail", "PutEventSelectors", input);
        },
        "trail",
        "events is read management events",
    ),
    (
        |pocket| {
            pocket.call(
                "logs",
                "PutRetentionPolicy",
                json!({"logGroupName": "/ecroll/trail", "retentionInDays": 1}),
            );
        },
        "log group",
        "retention in days is 1, should be 30",
    ),
    (
        |pocket| {
            pocket.call(
                "logs",
                "DeleteMetricFilter",
                json!({"logGroupName": "/ecroll/trail", "filterName": "ecroll"}),
            );
        },
        "metric filter",
        "metric filter `ecroll` does not exist",
    ),
    (
        |pocket| filter(pocket, "{ $.eventName = \"DeleteRepository\" }"),
        "metric filter",
        "pattern is not as setup wrote it",
    ),
    (
        |pocket| {
            pocket.call(
                "cloudwatch",
                "DisableAlarmActions",
                json!({"AlarmNames": ["ecroll-pushes"]}),
            );
        },
        "alarm",
        "actions enabled is false, should be true",
    ),
    (
        |pocket| {
            let input = json!({"AlarmName": "ecroll-pushes", "Namespace": "ecroll", "MetricName": "Pushes", "Statistic": "Sum",
            "Period": 60, "EvaluationPeriods": 5, "DatapointsToAlarm": 1, "Threshold": 2.0,
            "TreatMissingData": "notBreaching", "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": [TOPIC], "OKActions": [TOPIC], "InsufficientDataActions": [TOPIC]});
            pocket.call("cloudwatch", "PutMetricAlarm", input);
        },
        "alarm",
        "threshold is 2, should be 1",
    ),
    (
        |pocket| {
            pocket.call(
                "cloudwatch",
                "DeleteAlarms",
                json!({"AlarmNames": ["ecroll-pushes"]}),
            );
        },
        "alarm",
        "does not exist",
    ),
    (
        |pocket| {
            let nobody = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Nobody", "Effect": "Deny",
            "Principal": "*", "Action": "SNS:Publish", "Resource": TOPIC}]});
            let input = json!({"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": nobody.to_string()});
            pocket.call("sns", "SetTopicAttributes", input);
        },
        "topic",
        "policy.AlarmPublishes is missing",
    ),
    (unsubscribe, "subscription", "does not exist"),
    (
        |pocket| {
            let list = pocket.answer(
                "sns",
                "ListSubscriptionsByTopic",
                json!({"TopicArn": TOPIC}),
            );
            let other = json!({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:000000000000:other"});
            let input = json!({"SubscriptionArn": list["Subscriptions"][0]["SubscriptionArn"],
                "AttributeName": "RedrivePolicy", "AttributeValue": other.to_string()});
            pocket.call("sns", "SetSubscriptionAttributes", input);
        },
        "subscription",
        "dead-letter queue is arn:aws:sqs:eu-west-1:000000000000:other",
    ),
    (
        |pocket| {
            pocket.call(
                "lambda",
                "RemovePermission",
                json!({"FunctionName": "ecroll", "StatementId": "topic"}),
            );
        },
        "permission",
        "does not exist",
    ),
    (
        |pocket| {
            pocket.call(
                "lambda",
                "UpdateFunctionConfiguration",
                json!({"FunctionName": "ecroll", "Timeout": 3}),
            );
        },
        "function",
        "timeout is 3, should be 900",
    ),
    (
        |pocket| {
            let other = json!({"Variables": {"ECROLL_CONFIG": "{\"log_group\": \"/ecroll/trail\", \"look_back\": \"1h\"}"}});
            let input = json!({"FunctionName": "ecroll", "Environment": other});
            pocket.call("lambda", "UpdateFunctionConfiguration", input);
        },
        "function",
        "environment.ECROLL_CONFIG",
    ),
    (
        |pocket| {
            let none = json!({"FunctionName": "ecroll", "ReservedConcurrentExecutions": 0});
            pocket.call("lambda", "PutFunctionConcurrency", none);
        },
        "function",
        "reserved concurrency is 0, should be 1",
    ),
    (
        |pocket| {
            pocket.call(
                "logs",
                "DeleteLogGroup",
                json!({"logGroupName": "/aws/lambda/ecroll"}),
            );
        },
        "function log",
        "does not exist",
    ),
    (
        |pocket| pocket.call("events", "DisableRule", json!({"Name": "ecroll-sweep"})),
        "sweep",
        "rate(5 minutes)",
    ),
    (
        |pocket| {
            pocket.call(
                "events",
                "RemoveTargets",
                json!({"Rule": "ecroll-sweep", "Ids": ["handler"]}),
            );
        },
        "sweep",
        "target",
    ),
    (
        |pocket| {
            pocket.call(
                "lambda",
                "RemovePermission",
                json!({"FunctionName": "ecroll", "StatementId": "sweep"}),
            );
        },
        "sweep",
        "permission `ecroll/sweep` does not exist",
    ),
    (
        |pocket| rewrite_role(pocket, HANDLER, "RollServices"),
        "handler role",
        "policy.RollServices is missing",
    ),
    (
        |pocket| rewrite_role(pocket, HANDLER, "PassTaskRoles"),
        "pass role",
        "role/web-task",
    ),
    (
        |pocket| pocket.service("prod", "api", "api-task"),
        "pass role",
        "role/api-task",
    ),
    (
        |pocket| {
            let nobody = json!({"Version": "2012-10-17", "Statement": [{"Sid": "TrailWritesItsStreams", "Effect": "Deny",
            "Action": "*", "Resource": "*"}]});
            let input = json!({"RoleName": "ecroll-eu-west-1-trail", "PolicyName": "ecroll", "PolicyDocument": nobody.to_string()});
            pocket.call("iam", "PutRolePolicy", input);
        },
        "trail role",
        "policy.TrailWritesItsStreams",
    ),
    (
        |pocket| {
            pocket.call(
                "cloudwatch",
                "DeleteAlarms",
                json!({"AlarmNames": ["ecroll-failures"]}),
            );
        },
        "failures alarm",
        "does not exist",
    ),
    (
        |pocket| {
            pocket.call(
                "cloudwatch",
                "DeleteDashboards",
                json!({"DashboardNames": ["ecroll"]}),
            );
        },
        "dashboard",
        "does not exist",
    ),
];

fn unsubscribe(pocket: &Pocket) {
    let list = pocket.answer(
        "sns",
        "ListSubscriptionsByTopic",
        json!({"TopicArn": TOPIC}),
    );
    let arn = &list["Subscriptions"][0]["SubscriptionArn"];
    pocket.call("sns", "Unsubscribe", json!({"SubscriptionArn": arn}));
}

#[tokio::test(start_paused = true)]
async fn each_fault_breaks_its_own_link_and_setup_mends_it() {
    let mut wrong = Vec::new();
    for (number, (deed, name, part)) in DEEDS.into_iter().enumerate() {
        let pocket = sound().await;
        deed(&pocket);
        pocket.wait_a_minute().await;
        let checkup = pocket.checkup(&Config::default()).await;
        let link = checkup.link(name).unwrap();
        let mend = link.mend.as_deref().unwrap_or_default();
        if broken(&checkup) != [name]
            || !link.detail.contains(part)
            || !mend.starts_with("run `ecroll setup`")
        {
            wrong.push(format!("{number}, {name}, {part}: {checkup}"));
        }
        pocket.set_up(&Config::default()).await.unwrap();
        pocket.wait_a_minute().await;
        let checkup = pocket.checkup(&Config::default()).await;
        if checkup.is_broken() {
            wrong.push(format!("{number}, {name} after setup: {checkup}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
