//! One fault each: exactly its link is broken, and following the mend makes it whole.

use handler::config::Config;
use serde_json::{Value, json};
use setup::doctor::Verdict;

use crate::doctor::{broken, only, options, sound};
use crate::pocket::Pocket;

const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:ecroll";
const HANDLER: &str = "ecroll-eu-west-1-handler";

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

#[tokio::test(start_paused = true)]
async fn a_failed_delivery_is_told_until_the_next_that_succeeds() {
    let pocket = sound().await;
    rewrite_to_nothing(&pocket);
    pocket.wait_a_minute().await;
    pocket.push_is_recorded().await;
    // The role is whole again, and nothing was delivered since.
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.wait_a_minute().await;
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "delivery");
    assert!(
        link.detail
            .starts_with("the last delivery to the log group failed: "),
        "{}",
        link.detail
    );
    pocket.push_is_recorded().await;
    pocket.wait_minutes(6).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}

fn rewrite_to_nothing(pocket: &Pocket) {
    let nothing = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Nothing", "Effect": "Deny",
        "Action": "*", "Resource": "*"}]});
    let input = json!({"RoleName": "ecroll-eu-west-1-trail", "PolicyName": "ecroll",
        "PolicyDocument": nothing.to_string()});
    pocket.call("iam", "PutRolePolicy", input);
}

#[tokio::test(start_paused = true)]
async fn messages_in_a_queue_are_counted_and_purging_ends_it() {
    for (queue, name, part) in [
        (
            "ecroll-failures",
            "failures queue",
            "2 events that the function gave up, the first ",
        ),
        (
            "ecroll-undelivered",
            "undelivered queue",
            "2 messages that SNS could not deliver to the function, the first ",
        ),
    ] {
        let pocket = sound().await;
        let url = format!("https://sqs.eu-west-1.amazonaws.com/000000000000/{queue}");
        for _ in 0..2 {
            let message = json!({"QueueUrl": url, "MessageBody": "{}"});
            pocket.call("sqs", "SendMessage", message);
        }
        pocket.wait_minutes(180).await;
        let checkup = pocket.checkup(&Config::default()).await;
        let link = only(&checkup, name);
        assert!(link.detail.starts_with(part), "{}", link.detail);
        let mend = link.mend.clone().unwrap();
        assert!(
            mend.contains("purge-queue") && mend.contains(queue),
            "{mend}"
        );
        pocket.call("sqs", "PurgeQueue", json!({"QueueUrl": url}));
        let checkup = pocket.checkup(&Config::default()).await;
        assert!(!checkup.is_broken(), "{checkup}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_is_told_in_its_own_words() {
    let pocket = sound().await;
    // Somebody above the account denies what the handler reads first; its own policy is as setup wrote it.
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
        "Action": "ecs:ListClusters", "Resource": "*"}]});
    let input =
        json!({"RoleName": HANDLER, "PolicyName": "theirs", "PolicyDocument": deny.to_string()});
    pocket.call("iam", "PutRolePolicy", input);
    pocket.wait_minutes(12).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert_eq!(
        broken(&checkup),
        ["role simulation", "look-ups", "failures queue"],
        "{checkup}"
    );
    let simulation = checkup.link("role simulation").unwrap();
    assert_eq!(
        simulation.detail,
        "the handler may not ecs:ListClusters on *"
    );
    let look_ups = checkup.link("look-ups").unwrap();
    assert!(
        look_ups.detail.contains(" failed, the newest "),
        "{}",
        look_ups.detail
    );
    assert!(
        look_ups.detail.contains("ListClusters: AccessDenied"),
        "{}",
        look_ups.detail
    );
    let gone = json!({"RoleName": HANDLER, "PolicyName": "theirs"});
    pocket.call("iam", "DeleteRolePolicy", gone);
    pocket.call(
        "sqs",
        "PurgeQueue",
        json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/000000000000/ecroll-failures"}),
    );
    pocket.wait_minutes(8).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}

#[tokio::test(start_paused = true)]
async fn rule_06_percentages_that_let_nothing_move_are_told_with_the_repair() {
    let pocket = sound().await;
    let percent = |minimum: i32, maximum: i32| {
        let input = json!({"cluster": "prod", "service": "web",
            "deploymentConfiguration": {"minimumHealthyPercent": minimum, "maximumPercent": maximum}});
        pocket.call("ecs", "UpdateService", input);
    };
    percent(100, 150);
    pocket.wait_minutes(5).await;
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "feasibility");
    assert!(link.detail.contains("prod/web: "), "{}", link.detail);
    assert!(
        link.detail.contains("set maximum percent to 200 or more"),
        "{}",
        link.detail
    );
    percent(100, 200);
    pocket.wait_minutes(5).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_task_of_an_older_revision_is_told() {
    let pocket = sound().await;
    let rule = json!({"Name": "nightly", "ScheduleExpression": "rate(1 day)"});
    pocket.call("events", "PutRule", rule);
    let cluster = "arn:aws:ecs:eu-west-1:000000000000:cluster/prod";
    let runs = |revision: &str| {
        let task = format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/prod-web{revision}");
        let input = json!({"Rule": "nightly", "Targets": [{"Id": "1", "Arn": cluster,
            "RoleArn": "arn:aws:iam::000000000000:role/events", "EcsParameters": {"TaskDefinitionArn": task}}]});
        pocket.call("events", "PutTargets", input);
    };
    runs(":1");
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "scheduled tasks");
    assert!(
        link.detail
            .contains("rule `nightly` runs prod-web:1, and prod/web prod-web:2"),
        "{}",
        link.detail
    );
    runs("");
    let checkup = pocket.checkup(&Config::default()).await;
    assert_eq!(checkup.link("scheduled tasks").unwrap().result, Verdict::Ok);
}

#[tokio::test(start_paused = true)]
async fn wrong_tags_of_a_service_are_told() {
    let pocket = sound().await;
    let arn = "arn:aws:ecs:eu-west-1:000000000000:service/prod/web";
    let tag = json!({"resourceArn": arn, "tags": [{"key": "ecroll:tags", "value": "nonsense"}]});
    pocket.call("ecs", "TagResource", tag);
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "services");
    assert!(
        link.detail.contains("prod/web") && link.detail.contains("ecroll:tags"),
        "{}",
        link.detail
    );
}

#[tokio::test(start_paused = true)]
async fn a_reused_trail_that_stopped_is_the_fault_and_the_rest_is_judged_by_it() {
    let pocket = crate::trails::with_theirs_in(options()).await;
    let pocket = crate::doctor::live(pocket, &Config::default()).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
    assert!(
        checkup.link("trail").unwrap().detail.contains("reused"),
        "{checkup}"
    );
    pocket.call("cloudtrail", "StopLogging", json!({"Name": "management"}));
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "trail");
    assert!(link.detail.contains("it is not logging"), "{}", link.detail);
    assert!(
        link.detail
            .contains("aws cloudtrail start-logging --name management"),
        "{}",
        link.detail
    );
    pocket.call("cloudtrail", "StartLogging", json!({"Name": "management"}));
    assert!(!pocket.checkup(&Config::default()).await.is_broken());
}

#[tokio::test(start_paused = true)]
async fn rule_01_an_outage_beyond_look_back_is_told_with_the_way_to_look_further() {
    let pocket = sound().await;
    // The sweep stops, and whoever mends it after three days asks what was missed.
    pocket.call("events", "DisableRule", json!({"Name": "ecroll-sweep"}));
    for _ in 0..3 {
        pocket.wait_a_day().await;
    }
    pocket.call("events", "EnableRule", json!({"Name": "ecroll-sweep"}));
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "look-ups");
    assert!(
        link.detail.contains("longer than `look_back`, 24 h"),
        "{}",
        link.detail
    );
    assert!(
        link.mend
            .as_ref()
            .unwrap()
            .contains("{\"look_back\": \"73h\"}"),
        "{link}"
    );
    pocket.wait_minutes(6).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}
