//! The same alarm in the pocket account, end to end: records through the trail that setup made, its metric filter, the
//! alarm, SNS, and a function that only notes when it runs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use local::{Account, Clock, Options};
use serde_json::{Value, json};
use setup::{Clients, Code, provision};

use super::choice::{Actions, Choice};
use super::history::Group;

/// When the function ran.
type Runs = Arc<Mutex<Vec<DateTime<Utc>>>>;

/// How the account behaves, and what befalls it.
#[derive(Debug)]
pub(crate) struct Life<'a> {
    pub(crate) group: Group,
    /// By how many periods the evaluation range is longer than N.
    pub(crate) extra: u32,
    /// How long every datapoint takes, in seconds.
    pub(crate) delay: u64,
    /// When records of pushes arrive, in milliseconds after the start.
    pub(crate) pushes: &'a [i64],
    /// When to stop looking, in milliseconds after the start.
    pub(crate) until: i64,
}

/// How long after the full minute the account evaluates its alarms, in milliseconds.
pub(crate) const OFFSET: i64 = 20_000;

/// The look-ups that a choice causes in the account, in milliseconds after the start.
pub(crate) async fn look_ups(choice: &Choice, life: &Life<'_>) -> Vec<i64> {
    let built = DateTime::parse_from_rfc3339("2026-03-01T08:00:00Z").unwrap();
    let built = built.to_utc();
    let options = Options {
        evaluation_range_extra: life.extra,
        evaluation_offset: Duration::from_millis(OFFSET.unsigned_abs()),
        metric_delay: Duration::from_secs(life.delay),
        ..Options::default()
    };
    let account = Account::new(Clock::new(built), options);
    let config = Config {
        sweep: None,
        ..Config::default()
    };
    let clients = Clients::new(&account.sdk_config());
    let code = Code::placeholder();
    let making = async {
        let plan = Box::pin(provision::plan(&clients, &config, &code, built)).await?;
        provision::apply(&clients, &plan, &mut |_| {}).await
    };
    Box::pin(account.drive(making)).await.unwrap();
    change(&account, choice);
    let runs = function(&account, choice.rearm);

    // An hour and a half of what else happens, so that the alarm is at rest, and on from there.
    let start = built + TimeDelta::minutes(90);
    let minutes = -85..life.until / 60_000;
    for minute in minutes.filter(|minute| life.group.has_others(*minute)) {
        let at = start + TimeDelta::minutes(minute) + TimeDelta::seconds(30);
        account.deliver(record("DeleteRepository", &format!("other-{minute}")), at);
    }
    for push in life.pushes {
        let at = start + TimeDelta::milliseconds(*push);
        account.deliver(record("PutImage", &format!("push-{push}")), at);
    }
    account
        .run_until(start + TimeDelta::milliseconds(life.until))
        .await;
    let runs = runs.lock().unwrap();
    let after = runs.iter().map(|at| (*at - start).num_milliseconds());
    after.filter(|at| *at > 0).collect()
}

/// Gives the metric filter and the alarm that setup made the settings of a choice.
fn change(account: &Account, choice: &Choice) {
    let filters = account
        .call("logs", "DescribeMetricFilters", json!({}))
        .unwrap();
    let mut filter = filters["metricFilters"][0].clone();
    if !choice.alarm.default {
        let transformation = filter["metricTransformations"][0].as_object_mut().unwrap();
        assert!(transformation.remove("defaultValue").is_some());
    }
    account.call("logs", "PutMetricFilter", filter).unwrap();

    // Setup makes a second one, on failures.
    let name = json!({"AlarmNames": ["ecroll-pushes"]});
    let alarms = account.call("cloudwatch", "DescribeAlarms", name).unwrap();
    let mut alarm = alarms["MetricAlarms"][0].clone();
    let watch = choice.alarm.watch;
    let topic = alarm["AlarmActions"].clone();
    let when = |told: bool| if told { topic.clone() } else { json!([]) };
    alarm["Period"] = json!(watch.period);
    alarm["EvaluationPeriods"] = json!(watch.rule.n);
    alarm["DatapointsToAlarm"] = json!(watch.rule.m);
    alarm["TreatMissingData"] = json!(watch.rule.missing.name());
    alarm["OKActions"] = when(choice.actions != Actions::Alarm);
    alarm["InsufficientDataActions"] = when(choice.actions == Actions::All);
    account.call("cloudwatch", "PutMetricAlarm", alarm).unwrap();
}

/// A function that notes when it runs and, if it is to, sets the alarm back before it would look.
fn function(account: &Account, rearm: bool) -> Runs {
    let runs = Runs::default();
    let noted = Arc::clone(&runs);
    let clock = account.clock().clone();
    let alarms = aws_sdk_cloudwatch::Client::new(&account.sdk_config());
    account.host(Arc::new(move |invocation| {
        noted.lock().unwrap().push(clock.now());
        let message = invocation.event.pointer("/Records/0/Sns/Message");
        let message = message.and_then(Value::as_str).unwrap_or_default();
        let message: Value = serde_json::from_str(message).unwrap_or_default();
        let alarm = message["AlarmName"].as_str().unwrap_or_default().to_owned();
        let rearm = rearm && message["NewStateValue"] == "ALARM";
        let alarms = alarms.clone();
        Box::pin(async move {
            if rearm {
                let set = alarms.set_alarm_state().alarm_name(alarm);
                let set = set.state_value(aws_sdk_cloudwatch::types::StateValue::Ok);
                set.state_reason("re-arm").send().await.unwrap();
            }
            Ok(Value::Null)
        })
    }));
    runs
}

/// A record that the trail takes; the metric filter counts it if it is a PutImage.
fn record(name: &str, id: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventSource": "ecr.amazonaws.com", "eventName": name,
        "eventTime": "2026-03-01T09:00:00Z", "awsRegion": "eu-west-1", "readOnly": false,
        "managementEvent": true, "eventID": id,
        "requestParameters": {"repositoryName": "web", "imageTag": "v1"},
    })
}
