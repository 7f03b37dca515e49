//! What doctor says of a pipeline that works, of one that is not there, and where it may not look.

use handler::config::Config;
use local::Options;
use serde_json::{Value, json};
use setup::doctor::{Checkup, LINKS, Link, Verdict};
use setup::exit::Exit;
use setup::replay::host;
use setup::ui::Output;

use crate::faulty::Faulty;
use crate::pocket::Pocket;

/// A pipeline that has rolled a push and swept since, on this account.
pub(crate) async fn live(pocket: Pocket, config: &Config) -> Pocket {
    let _ = host(pocket.account());
    pocket.service("prod", "web", "web-task");
    pocket.set_up(config).await.unwrap();
    pocket.wait_a_minute().await;
    pocket.push_is_recorded().await;
    pocket.wait_minutes(10).await;
    pocket
}

pub(crate) fn options() -> Options {
    Options {
        function_logs: true,
        ..Options::default()
    }
}

/// The same in an account of its own.
pub(crate) async fn sound() -> Pocket {
    live(Pocket::new(options()), &Config::default()).await
}

/// The names of the broken links.
pub(crate) fn broken(checkup: &Checkup) -> Vec<&'static str> {
    let links = checkup.links.iter();
    let links = links.filter(|link| link.result == Verdict::Ng);
    links.map(|link| link.link).collect()
}

/// The one broken link.
#[track_caller]
pub(crate) fn only<'a>(checkup: &'a Checkup, link: &str) -> &'a Link {
    assert_eq!(broken(checkup), [link], "{checkup}");
    checkup.link(link).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_works_is_found_sound_and_nothing_is_written() {
    let pocket = sound().await;
    pocket.forget();
    let (exit, out, err) = pocket
        .verb_doctor(false, &Config::default(), Output::Text)
        .await;
    assert_eq!((exit.unwrap(), err.as_str()), (Exit::Done, ""), "{out}");
    insta::assert_snapshot!(out);
    // A test of a pattern and a simulation change nothing either.
    let writes = pocket.writes();
    let harmless = ["logs:TestMetricFilter", "iam:SimulatePrincipalPolicy"];
    let writes: Vec<_> = writes
        .iter()
        .filter(|w| !harmless.contains(&w.as_str()))
        .collect();
    assert_eq!(writes, Vec::<&String>::new());
}

#[tokio::test(start_paused = true)]
async fn right_after_setup_everything_is_sound_or_has_not_happened_yet() {
    let pocket = Pocket::new(options());
    pocket.set_up(&Config::default()).await.unwrap();
    let (exit, out, _) = pocket
        .verb_doctor(false, &Config::default(), Output::Text)
        .await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    insta::assert_snapshot!(out);
}

#[tokio::test(start_paused = true)]
async fn json_has_one_object_a_link_in_the_order_of_the_chain() {
    let pocket = sound().await;
    pocket.call("cloudtrail", "StopLogging", json!({"Name": "ecroll"}));
    let (exit, out, _) = pocket
        .verb_doctor(false, &Config::default(), Output::Json)
        .await;
    assert_eq!(exit.unwrap(), Exit::No);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 1);
    let links = json["links"].as_array().unwrap();
    let mut order = LINKS.iter();
    for link in links {
        let members: Vec<&String> = link.as_object().unwrap().keys().collect();
        assert_eq!(members.len(), 4, "{members:?}");
        let (name, result) = (
            link["link"].as_str().unwrap(),
            link["result"].as_str().unwrap(),
        );
        assert!(order.any(|known| *known == name), "{name} is out of order");
        assert!(["ok", "ng", "skip"].contains(&result), "{result}");
        assert!(
            link["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty())
        );
        assert!(result != "ng" || link["mend"].is_string(), "{link}");
    }
    assert!(links.len() > 28, "{}", links.len());
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_set_up_that_is_the_one_fault() {
    let pocket = Pocket::new(options());
    pocket.service("prod", "web", "web-task");
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "configuration");
    assert_eq!(link.mend.as_deref(), Some("run `ecroll setup`"));
    assert_eq!(checkup.links.len(), LINKS.len());
    pocket.set_up(&Config::default()).await.unwrap();
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_nobody_can_carry_out_is_told() {
    let pocket = sound().await;
    let long = vec!["x".repeat(100); 60];
    let config = Config::from_json(&json!({"repositories": long})).unwrap();
    let checkup = pocket.checkup(&config).await;
    let link = only(&checkup, "configuration");
    assert!(link.detail.contains("takes"), "{}", link.detail);
}

/// One statement of the operator's policy at a time: what may not be read is said of its link, with the permission.
#[tokio::test(start_paused = true)]
async fn a_denied_call_is_the_fault_of_its_link_and_names_the_permission() {
    let table = [
        ("cloudtrail:GetTrailStatus", "trail"),
        ("logs:DescribeMetricFilters", "metric filter"),
        ("logs:TestMetricFilter", "metric filter"),
        ("cloudwatch:GetMetricStatistics", "metric"),
        ("cloudwatch:DescribeAlarms", "alarm"),
        ("cloudwatch:ListAlarmMuteRules", "alarm"),
        ("cloudwatch:DescribeAlarmHistory", "alarm history"),
        ("sns:GetTopicAttributes", "topic"),
        ("sns:ListSubscriptionsByTopic", "subscription"),
        ("lambda:GetPolicy", "permission"),
        ("lambda:GetFunction", "function"),
        ("sqs:GetQueueAttributes", "failures queue"),
        ("iam:GetRolePolicy", "handler role"),
        ("iam:SimulatePrincipalPolicy", "role simulation"),
        ("events:DescribeRule", "sweep"),
        ("events:ListRuleNamesByTarget", "scheduled tasks"),
        ("ecs:ListClusters", "clusters"),
        ("ecs:DescribeServices", "services"),
        ("logs:FilterLogEvents", "look-ups"),
        ("s3:GetBucketPolicy", "trail files"),
    ];
    for (action, name) in table {
        let deny = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": action, "Resource": "*"},
        ]});
        let pocket = sound().await.deployer(&deny);
        let checkup = pocket.checkup(&Config::default()).await;
        let link = checkup.link(name).unwrap();
        let skips = action == "iam:SimulatePrincipalPolicy";
        assert_eq!(link.result == Verdict::Ng, !skips, "{action}: {checkup}");
        let said = format!(
            "{} {}",
            link.detail,
            link.mend.as_deref().unwrap_or_default()
        );
        let bare = action.split_once(':').unwrap().1;
        assert!(said.contains(bare), "{action}: {said}");
        // The others are examined all the same.
        assert!(
            checkup.link("dashboard").unwrap().result == Verdict::Ok,
            "{action}: {checkup}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_nobody_knows_leave_nothing_to_examine() {
    let nothing = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    ]});
    let pocket = sound().await;
    let stranger = pocket.strangers();
    let checkup = stranger.checkup(&Config::default()).await;
    let link = only(&checkup, "credentials");
    assert!(link.mend.as_ref().unwrap().contains("get-caller-identity"));
    assert!(
        checkup
            .links
            .iter()
            .skip(1)
            .all(|link| link.result == Verdict::Skip)
    );
    // Whoever may do nothing at all still learns that of every link.
    let pocket = stranger.deployer(&nothing);
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(broken(&checkup).len() > 10, "{checkup}");
}

#[tokio::test(start_paused = true)]
async fn what_an_endpoint_does_not_know_is_skipped() {
    let faulty = Faulty::unknown("DescribeAlarmHistory");
    let pocket = live(Pocket::faulty(&faulty, options()), &Config::default()).await;
    faulty.arm();
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
    let link = checkup.link("alarm history").unwrap();
    assert_eq!(
        (link.result, link.detail.as_str()),
        (
            Verdict::Skip,
            "this endpoint does not know cloudwatch:DescribeAlarmHistory"
        )
    );
}
