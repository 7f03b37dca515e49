//! The roads that carry the push: what setup makes for each, what goes with one that is given up, what doctor finds broken.

use handler::config::{Config, TriggerKind};
use local::Options;
use serde_json::{Value, json};
use setup::diff::Action;
use setup::doctor::Verdict;

use crate::doctor::{broken, live, only, options};
use crate::pocket::Pocket;

const GROUP: &str = "/ecroll/trail";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:ecroll";
const EVENTS: &str = "ecroll-ecr-events";
const CALLS: &str = "ecroll-cloudtrail-events";

fn takes(triggers: &[TriggerKind]) -> Config {
    Config {
        triggers: triggers.to_vec(),
        ..Config::default()
    }
}

fn roads() -> Config {
    takes(&TriggerKind::ALL)
}

fn filters(pocket: &Pocket) -> Vec<String> {
    let group = json!({"logGroupName": GROUP});
    let found = pocket.answer("logs", "DescribeSubscriptionFilters", group);
    let found = found["subscriptionFilters"].as_array().unwrap().clone();
    let names = found.iter().map(|filter| filter["filterName"].as_str());
    names.map(|name| name.unwrap().to_owned()).collect()
}

/// What is otherwise than before, but for what was changed and changed back, which shows its time.
fn left(before: &Value, pocket: &Pocket) -> Vec<String> {
    let mut names = crate::whole::differences(before, &pocket.whole());
    let touched = ["lambda ecroll", "cloudwatch ecroll"];
    names
        .retain(|name| !touched.contains(&name.as_str()) && !name.ends_with("/ecroll-undelivered"));
    names
}

/// The names of the statements that let somebody invoke the function.
fn statements(pocket: &Pocket) -> Vec<String> {
    let policy = pocket.answer("lambda", "GetPolicy", json!({"FunctionName": "ecroll"}));
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let mut names: Vec<String> = statements
        .map(|statement| statement["Sid"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// A subscription filter of somebody's that sends to our function as well, which lets anybody's logs in.
fn theirs(pocket: &Pocket, name: &str) {
    let statement = json!({"FunctionName": "ecroll", "StatementId": format!("theirs-{name}"),
        "Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com"});
    pocket.call("lambda", "AddPermission", statement);
    let filter = json!({"logGroupName": GROUP, "filterName": name, "filterPattern": "",
        "destinationArn": FUNCTION});
    pocket.call("logs", "PutSubscriptionFilter", filter);
}

#[tokio::test(start_paused = true)]
async fn every_road_is_made_once_and_the_plan_shows_it() {
    let pocket = Pocket::new(Options::default());
    let config = Config {
        repositories: vec!["web".to_owned(), "team/*".to_owned()],
        ..roads()
    };
    let plan = pocket.plan(&config).await.unwrap();
    insta::assert_snapshot!(plan);
    pocket.apply(&plan, |_| ()).await.unwrap();
    pocket.forget();
    let again = pocket.plan(&config).await.unwrap();
    assert!(!again.is_work(), "{again}");
    pocket.set_up(&config).await.unwrap();
    assert_eq!(pocket.writes(), Vec::<String>::new());

    let rule = pocket.answer("events", "DescribeRule", json!({"Name": EVENTS}));
    assert_eq!(rule["State"], "ENABLED");
    let pattern: Value = serde_json::from_str(rule["EventPattern"].as_str().unwrap()).unwrap();
    assert_eq!(
        pattern["detail"]["repository-name"],
        json!(["web", {"prefix": "team/"}])
    );
    for rule in [EVENTS, CALLS] {
        let targets = pocket.answer("events", "ListTargetsByRule", json!({"Rule": rule}));
        let target = json!({"Id": "handler", "Arn": FUNCTION,
            "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:000000000000:ecroll-undelivered"},
            "RetryPolicy": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 3600}});
        assert_eq!(targets["Targets"], json!([target]), "the event as it is");
    }
    assert_eq!(filters(&pocket), ["ecroll"]);
    assert_eq!(
        pocket.function_config()["triggers"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test(start_paused = true)]
async fn rule_09_a_road_that_is_given_up_goes_and_nothing_else() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.wait_a_minute().await;
    let before = pocket.whole();
    pocket.set_up(&roads()).await.unwrap();
    theirs(&pocket, "theirs");
    let plan = pocket.plan(&Config::default()).await.unwrap();
    assert_eq!(plan.count(Action::Remove), 6, "{plan}");
    let removed: Vec<String> = plan
        .changes
        .iter()
        .filter(|change| change.is_work())
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(removed.join("\n"));
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(filters(&pocket), ["theirs"]);
    let group = json!({"logGroupName": GROUP, "filterName": "theirs"});
    pocket.call("logs", "DeleteSubscriptionFilter", group);
    let theirs = json!({"FunctionName": "ecroll", "StatementId": "theirs-theirs"});
    pocket.call("lambda", "RemovePermission", theirs);
    assert_eq!(left(&before, &pocket), Vec::<String>::new());
    assert_eq!(statements(&pocket), ["sweep", "topic"]);
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
}

#[tokio::test(start_paused = true)]
async fn without_the_alarm_its_road_is_not_made_and_goes_and_comes_back() {
    let quick = takes(&[TriggerKind::EcrEvents]);
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&quick).await.unwrap();
    let refused = |service, operation, input| pocket.refused(service, operation, input);
    let topic = json!({"TopicArn": "arn:aws:sns:eu-west-1:000000000000:ecroll"});
    assert!(refused("sns", "GetTopicAttributes", topic));
    let alarms = || {
        let all = pocket.answer("cloudwatch", "DescribeAlarms", json!({}));
        let all = all["MetricAlarms"].as_array().unwrap().clone();
        let names = all.iter().map(|alarm| alarm["AlarmName"].clone());
        names.collect::<Vec<_>>()
    };
    let metric_filters = || {
        let all = pocket.answer("logs", "DescribeMetricFilters", json!({}));
        all["metricFilters"].as_array().unwrap().len()
    };
    assert_eq!(
        (alarms(), metric_filters()),
        (vec![json!("ecroll-failures")], 0)
    );
    let dashboard = pocket.answer(
        "cloudwatch",
        "GetDashboard",
        json!({"DashboardName": "ecroll"}),
    );
    let body = dashboard["DashboardBody"].as_str().unwrap();
    assert!(!body.contains("ecroll-pushes"), "{body}");
    pocket.wait_a_minute().await;
    let before = pocket.whole();

    pocket.set_up(&roads()).await.unwrap();
    assert_eq!((alarms().len(), metric_filters()), (2, 1));
    pocket.wait_a_minute().await;
    pocket.set_up(&quick).await.unwrap();
    assert!(!pocket.plan(&quick).await.unwrap().is_work());
    assert_eq!(left(&before, &pocket), Vec::<String>::new());
    assert_eq!(statements(&pocket), ["ecr-events", "sweep"]);
}

#[tokio::test(start_paused = true)]
async fn rule_09_two_filters_of_others_are_left_and_the_other_roads_go_on() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    for name in ["one", "two"] {
        theirs(&pocket, name);
    }
    let plan = pocket.plan(&roads()).await.unwrap();
    let change = plan
        .changes
        .iter()
        .find(|c| c.resource == "subscription filter");
    let change = change.unwrap();
    assert_eq!(change.action, Action::Keep);
    let note = change.note.as_ref().unwrap();
    for words in [
        "cannot be made",
        GROUP,
        "`one` and `two`",
        "log-subscription",
    ] {
        assert!(note.contains(words), "{note}");
    }
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(filters(&pocket), ["one", "two"]);
    pocket.answer("events", "DescribeRule", json!({"Name": EVENTS}));
    assert!(!pocket.plan(&roads()).await.unwrap().is_work());
    let checkup = pocket.checkup(&roads()).await;
    let link = only(&checkup, "log subscription");
    assert!(link.detail.contains("`one` and `two`"), "{}", link.detail);

    let one = json!({"logGroupName": GROUP, "filterName": "one"});
    pocket.call("logs", "DeleteSubscriptionFilter", one);
    pocket.set_up(&roads()).await.unwrap();
    assert_eq!(filters(&pocket), ["ecroll", "two"]);
}

#[tokio::test(start_paused = true)]
async fn rule_09_a_filter_or_rule_of_our_name_that_is_not_ours_is_refused() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.wait_a_minute().await;
    let other = json!({"FunctionName": "other", "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Role": "arn:aws:iam::000000000000:role/ecroll-eu-west-1-handler",
        "Code": {"ZipFile": "UEswMA=="}});
    pocket.call("lambda", "CreateFunction", other);
    let statement = json!({"FunctionName": "other", "StatementId": "logs",
        "Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com"});
    pocket.call("lambda", "AddPermission", statement);
    let to = FUNCTION.replace(":ecroll", ":other");
    let filter = json!({"logGroupName": GROUP, "filterName": "ecroll", "filterPattern": "",
        "destinationArn": to});
    pocket.call("logs", "PutSubscriptionFilter", filter);
    let rule = json!({"Name": CALLS, "ScheduleExpression": "rate(1 day)"});
    pocket.call("events", "PutRule", rule);
    let error = pocket.plan(&roads()).await.unwrap_err().to_string();
    for words in ["subscription filter `ecroll`", CALLS] {
        assert!(error.contains(words), "{error}");
    }
    // Nor are they taken for something that was given up.
    let plan = pocket.plan(&Config::default()).await.unwrap();
    assert!(!plan.is_work(), "{plan}");
    let plan = pocket.removal(&Config::default(), true).await.unwrap();
    let kept = plan.changes.iter().find(|change| change.name == CALLS);
    assert_eq!(kept.unwrap().action, Action::Keep);
    assert!(
        plan.changes
            .iter()
            .all(|c| c.resource != "subscription filter"),
        "{plan}"
    );
}

#[tokio::test(start_paused = true)]
async fn rule_09_destroy_takes_every_road_along() {
    let pocket = Pocket::new(Options::default());
    let before = pocket.whole();
    pocket.set_up(&roads()).await.unwrap();
    // Whatever the configuration says by now.
    let plan = pocket.removal(&Config::default(), true).await.unwrap();
    pocket.apply(&plan, |_| ()).await.unwrap();
    let left = crate::whole::differences(&before, &pocket.whole());
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn doctor_finds_every_road_sound_and_says_nothing_of_roads_that_are_not_taken() {
    let pocket = live(Pocket::new(options()), &roads()).await;
    let checkup = pocket.checkup(&roads()).await;
    assert!(!checkup.is_broken(), "{checkup}");
    for name in ["ecr events", "cloudtrail events", "log subscription"] {
        assert_eq!(checkup.link(name).unwrap().result, Verdict::Ok, "{checkup}");
    }
    let quick = takes(&[TriggerKind::EcrEvents]);
    let pocket = live(Pocket::new(options()), &quick).await;
    let checkup = pocket.checkup(&quick).await;
    assert!(!checkup.is_broken(), "{checkup}");
    assert_eq!(checkup.link("log subscription"), None);
    assert_eq!(checkup.link("alarm"), None);
    assert_eq!(checkup.link("last push"), None);
    let (_, said, _) = pocket
        .verb_doctor(true, &quick, setup::ui::Output::Text)
        .await;
    assert!(!said.contains("NG"), "{said}");
}

/// What somebody does to a road, the link that is broken then, and a part of what is said of it.
type Deed = (fn(&Pocket), &'static str, &'static str);

fn target(pocket: &Pocket, rule: &str, target: &Value) {
    pocket.call(
        "events",
        "PutTargets",
        json!({"Rule": rule, "Targets": [target]}),
    );
}

fn forbid(pocket: &Pocket, statement: &str) {
    let statement = json!({"FunctionName": "ecroll", "StatementId": statement});
    pocket.call("lambda", "RemovePermission", statement);
}

const DEEDS: [Deed; 13] = [
    (
        |pocket| pocket.call("events", "DisableRule", json!({"Name": EVENTS})),
        "ecr events",
        "schedule is off",
    ),
    (
        |pocket| {
            let pattern = json!({"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]});
            let rule = json!({"Name": EVENTS, "EventPattern": pattern.to_string()});
            pocket.call("events", "PutRule", rule);
        },
        "ecr events",
        "pattern is not as setup wrote it",
    ),
    (
        |pocket| {
            let gone = json!({"Rule": EVENTS, "Ids": ["handler"]});
            pocket.call("events", "RemoveTargets", gone);
        },
        "ecr events",
        "target is (none)",
    ),
    (
        |pocket| target(pocket, EVENTS, &json!({"Id": "handler", "Arn": FUNCTION})),
        "ecr events",
        "dead-letter queue is (none)",
    ),
    (
        |pocket| {
            let whole = json!({"Id": "handler", "Arn": FUNCTION, "Input": "{}",
                "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:000000000000:ecroll-undelivered"},
                "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 3600}});
            target(pocket, EVENTS, &whole);
        },
        "ecr events",
        "retries is 0, should be 185; input is {}, should be (none)",
    ),
    (
        |pocket| forbid(pocket, "ecr-events"),
        "ecr events",
        "permission `ecroll/ecr-events` does not exist",
    ),
    (
        |pocket| {
            let gone = json!({"Rule": CALLS, "Ids": ["handler"]});
            pocket.call("events", "RemoveTargets", gone);
            pocket.call("events", "DeleteRule", json!({"Name": CALLS}));
        },
        "cloudtrail events",
        "rule `ecroll-cloudtrail-events` does not exist",
    ),
    (
        |pocket| pocket.call("events", "DisableRule", json!({"Name": CALLS})),
        "cloudtrail events",
        "schedule is off",
    ),
    (
        |pocket| forbid(pocket, "cloudtrail-events"),
        "cloudtrail events",
        "permission `ecroll/cloudtrail-events` does not exist",
    ),
    (
        |pocket| {
            let filter = json!({"logGroupName": GROUP, "filterName": "ecroll"});
            pocket.call("logs", "DeleteSubscriptionFilter", filter);
        },
        "log subscription",
        "subscription filter `ecroll` does not exist",
    ),
    (
        |pocket| {
            let filter = json!({"logGroupName": GROUP, "filterName": "ecroll", "filterPattern": "",
                "destinationArn": FUNCTION});
            pocket.call("logs", "PutSubscriptionFilter", filter);
        },
        "log subscription",
        "pattern is not as setup wrote it",
    ),
    (
        |pocket| forbid(pocket, "log-subscription"),
        "log subscription",
        "permission `ecroll/log-subscription` does not exist",
    ),
    (
        |pocket| {
            let url = "https://sqs.eu-west-1.amazonaws.com/000000000000/ecroll-undelivered";
            let none = json!({"QueueUrl": url, "Attributes": {"Policy": ""}});
            pocket.call("sqs", "SetQueueAttributes", none);
        },
        "undelivered queue",
        "policy.RulesSendUndelivered is missing",
    ),
];

#[tokio::test(start_paused = true)]
async fn each_fault_of_a_road_breaks_its_own_link_and_setup_mends_it() {
    let mut wrong = Vec::new();
    for (number, (deed, name, part)) in DEEDS.into_iter().enumerate() {
        let pocket = live(Pocket::new(options()), &roads()).await;
        deed(&pocket);
        pocket.wait_a_minute().await;
        let checkup = pocket.checkup(&roads()).await;
        let link = checkup.link(name).unwrap();
        let mend = link.mend.as_deref().unwrap_or_default();
        if broken(&checkup) != [name] || !link.detail.contains(part) || mend != "run `ecroll setup`"
        {
            wrong.push(format!("{number}, {name}, {part}: {checkup}"));
        }
        pocket.set_up(&roads()).await.unwrap();
        pocket.wait_a_minute().await;
        let checkup = pocket.checkup(&roads()).await;
        if checkup.is_broken() {
            wrong.push(format!("{number}, {name} after setup: {checkup}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
