//! What notices pushes and failures, and what shows them.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic};
use serde_json::{Value, json};

use super::{Fate, Writer, tags};
use crate::resource::{Alarm, Dashboard};

impl Writer<'_> {
    pub(super) fn alarm(&mut self, alarm: &Alarm) {
        let id = self.id(&alarm.name, "Alarm");
        let settings = &alarm.settings;
        let dimensions = settings.dimensions.iter();
        let dimensions: Vec<Value> = dimensions
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        let properties = json!({
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "Namespace": settings.namespace,
            "MetricName": settings.metric,
            "Dimensions": dimensions,
            "Statistic": settings.statistic.as_ref().map(Statistic::as_str),
            "Period": settings.period,
            "EvaluationPeriods": settings.periods,
            "DatapointsToAlarm": settings.breaching,
            "Threshold": settings.threshold,
            "ComparisonOperator": settings.comparison.as_ref().map(ComparisonOperator::as_str),
            "TreatMissingData": settings.missing,
            "ActionsEnabled": alarm.enabled,
            "AlarmActions": alarm.alarm_actions,
            "OKActions": alarm.ok_actions,
            "InsufficientDataActions": alarm.insufficient_data_actions,
            "Tags": tags(&alarm.owner),
        });
        // A new alarm tells its state at once.
        let pushes = ["TopicPolicy", "Subscription", "MetricFilter"];
        let after: &[&str] = if alarm.name == self.names.alarm {
            &pushes
        } else {
            &[]
        };
        self.add(
            &id,
            "AWS::CloudWatch::Alarm",
            after,
            Fate::Plain,
            None,
            &properties,
        );
        self.gives(&id, "Arn", alarm.arn.clone());
    }

    pub(super) fn dashboard(&mut self, dashboard: &Dashboard) {
        let properties = json!({
            "DashboardName": dashboard.name,
            "DashboardBody": lines(&dashboard.body),
            "Tags": tags(&dashboard.owner),
        });
        self.add(
            "Dashboard",
            "AWS::CloudWatch::Dashboard",
            &[],
            Fate::Plain,
            None,
            &properties,
        );
    }
}

/// JSON of which every member of a list has a line, so that a person can read it.
fn lines(body: &Value) -> String {
    let Some(members) = body.as_object() else {
        return body.to_string();
    };
    let member = |(key, value): (&String, &Value)| {
        let key = json!(key);
        match value.as_array() {
            Some(list) => {
                let list: Vec<String> = list.iter().map(|one| format!("\n{one}")).collect();
                format!("{key}: [{}\n]", list.join(","))
            }
            None => format!("{key}: {value}"),
        }
    };
    let members: Vec<String> = members.iter().map(member).collect();
    format!("{{{}}}", members.join(",\n"))
}
