//! What an alarm tells its actions: the SNS message, and the event of a direct Lambda action.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Change;
use crate::input::Input;
use crate::service::{Place, Scope};

/// The subject of an alarm's message.
pub(crate) fn sns_subject(change: &Change, scope: &Scope<'_>) -> String {
    let region = display_name(&scope.place.region);
    let subject = format!("{}: \"{}\" in {region}", change.to, change.name);
    // SNS takes subjects of up to a hundred characters.
    subject.chars().take(100).collect()
}

/// The message as the "Notifying users on alarm changes" page shows it, with its traps: the Region
/// by its display name, times with `+0000`, the statistic in capitals.
pub(crate) fn sns_message(change: &Change, scope: &Scope<'_>) -> String {
    let alarm = Input::new(&change.alarm, "");
    let configured = alarm
        .float("AlarmConfigurationUpdatedTimestamp")
        .unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this era")]
    let configured = DateTime::from_timestamp_millis((configured * 1000.0).round() as i64);
    let dimensions: Vec<Value> = alarm
        .list("Dimensions")
        .iter()
        .map(|dimension| json!({"value": dimension.get("Value"), "name": dimension.get("Name")}))
        .collect();
    let missing = alarm.text("TreatMissingData").unwrap_or("missing");
    json!({
        "AlarmName": change.name,
        "AlarmDescription": alarm.text("AlarmDescription"),
        "AWSAccountId": scope.place.account,
        "AlarmConfigurationUpdatedTimestamp": configured.map(stamp),
        "NewStateValue": change.to,
        "NewStateReason": change.reason,
        "StateChangeTime": stamp(change.at),
        "Region": display_name(&scope.place.region),
        "AlarmArn": alarm.text("AlarmArn"),
        "OldStateValue": change.from,
        "OKActions": alarm.list("OKActions"),
        "AlarmActions": alarm.list("AlarmActions"),
        "InsufficientDataActions": alarm.list("InsufficientDataActions"),
        "Trigger": {
            "MetricName": alarm.text("MetricName"),
            "Namespace": alarm.text("Namespace"),
            "StatisticType": "Statistic",
            "Statistic": alarm.text("Statistic").map(str::to_uppercase),
            "Unit": alarm.text("Unit"),
            "Dimensions": dimensions,
            "Period": alarm.number("Period"),
            "EvaluationPeriods": alarm.number("EvaluationPeriods"),
            "DatapointsToAlarm": alarm.number("DatapointsToAlarm"),
            "ComparisonOperator": alarm.text("ComparisonOperator"),
            "Threshold": alarm.float("Threshold"),
            "TreatMissingData": format!("- TreatMissingData:{:>20}{missing}", ""),
            "EvaluateLowSampleCountPercentile": "",
        },
    })
    .to_string()
}

/// The event of an alarm's direct Lambda action.
pub(crate) fn lambda_event(change: &Change, place: &Place) -> Value {
    let alarm = Input::new(&change.alarm, "");
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": alarm.text("AlarmArn"),
        "accountId": place.account,
        "time": stamp(change.at),
        "region": place.region,
        "alarmData": {
            "alarmName": change.name,
            "state": {
                "value": change.to,
                "reason": change.reason,
                "reasonData": alarm.text("StateReasonData"),
                "timestamp": stamp(change.at),
            },
            "previousState": {"value": change.from},
            "configuration": {
                "description": alarm.text("AlarmDescription"),
                "metrics": [{
                    "id": "m1",
                    "metricStat": {
                        "metric": {
                            "namespace": alarm.text("Namespace"),
                            "name": alarm.text("MetricName"),
                            "dimensions": {},
                        },
                        "period": alarm.number("Period"),
                        "stat": alarm.text("Statistic"),
                    },
                    "returnData": true,
                }],
            },
        },
    })
}

/// Not RFC 3339: the offset has no colon.
fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// The message names the Region as the console does; a Region that is not listed here keeps its code.
fn display_name(region: &str) -> &str {
    match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-1" => "US West (N. California)",
        "us-west-2" => "US West (Oregon)",
        "ca-central-1" => "Canada (Central)",
        "eu-west-1" => "EU (Ireland)",
        "eu-west-2" => "EU (London)",
        "eu-west-3" => "EU (Paris)",
        "eu-central-1" => "EU (Frankfurt)",
        "eu-north-1" => "EU (Stockholm)",
        "ap-northeast-1" => "Asia Pacific (Tokyo)",
        "ap-southeast-1" => "Asia Pacific (Singapore)",
        "ap-southeast-2" => "Asia Pacific (Sydney)",
        "ap-south-1" => "Asia Pacific (Mumbai)",
        "sa-east-1" => "South America (Sao Paulo)",
        other => other,
    }
}
