//! One line of CloudWatch's embedded metric format per look-up: metrics without a call and without a permission.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::news::News;
use crate::report::{Outcome, Report};

/// The most values that one metric of a line may have.
const MOST_VALUES: usize = 100;
/// The dimension; without one, these metrics could be mixed up with the metric filter's, which has none.
const DIMENSION: &str = "Pipeline";

/// The line for a look-up: its duration, and what was new in it.
///
/// `PushesSeen`, `Rolled`, `Unchanged`, `Held`, `Skipped`, `Refused`, `Failed`, `Completed`, `RolledBack` are counts,
/// `PushToRoll` and `LookUp` seconds. Namespace and dimension are the pipeline's name.
pub(super) fn line(
    report: &Report,
    news: &News<'_>,
    name: &str,
    began: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Value {
    let mut values: Vec<(&str, &str, Value)> = vec![("LookUp", "Seconds", seconds(now - began))];
    let quiet = news.pushes.is_empty() && news.decisions.is_empty() && news.ended.is_empty();
    if !quiet {
        let of = |outcome: Outcome| {
            news.decisions
                .iter()
                .filter(|d| d.outcome == outcome)
                .count()
        };
        let ended = |completed: bool| {
            let good = |e: &&&crate::deployment::Ended| e.state.is_good() == completed;
            news.ended.iter().filter(good).count()
        };
        let counts = [
            ("PushesSeen", news.pushes.len()),
            ("Rolled", of(Outcome::Rolled)),
            ("Unchanged", of(Outcome::Unchanged)),
            ("Held", of(Outcome::Held)),
            ("Skipped", of(Outcome::Skipped)),
            ("Refused", of(Outcome::Refused)),
            ("Failed", of(Outcome::Failed)),
            ("Completed", ended(true)),
            ("RolledBack", ended(false)),
        ];
        values.extend(counts.map(|(name, count)| (name, "Count", json!(count))));
        let rolls = push_to_roll(report, news, now);
        if !rolls.is_empty() {
            values.push(("PushToRoll", "Seconds", json!(rolls)));
        }
    }
    let metrics: Vec<Value> = values
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let mut line = Map::new();
    let directive = json!({"Namespace": name, "Dimensions": [[DIMENSION]], "Metrics": metrics});
    let head = json!({"Timestamp": now.timestamp_millis(), "CloudWatchMetrics": [directive]});
    line.insert("_aws".to_owned(), head);
    line.insert(DIMENSION.to_owned(), json!(name));
    line.insert("Trigger".to_owned(), json!(report.trigger));
    let values = values.into_iter();
    line.extend(values.map(|(name, _, value)| (name.to_owned(), value)));
    Value::Object(line)
}

/// Seconds from each push to each of its rolls.
fn push_to_roll(report: &Report, news: &News<'_>, now: DateTime<Utc>) -> Vec<Value> {
    let pushed: BTreeMap<&str, DateTime<Utc>> = report
        .pushes
        .iter()
        .map(|push| (push.event_id.as_str(), push.pushed_at))
        .collect();
    news.decisions
        .iter()
        .filter(|decision| decision.outcome == Outcome::Rolled)
        .filter_map(|decision| pushed.get(decision.push.as_str()))
        .map(|at| seconds(now - *at))
        .take(MOST_VALUES)
        .collect()
}

fn seconds(span: TimeDelta) -> Value {
    let milliseconds = i32::try_from(span.num_milliseconds()).unwrap_or(i32::MAX);
    json!(f64::from(milliseconds) / 1000.0)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::line;
    use crate::config::Config;
    use crate::report::Outcome;
    use crate::telling::message::tests::{decision, push, report};
    use crate::telling::news::Told;

    #[test]
    fn a_line_declares_every_metric_that_it_holds() {
        let pushed = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let now = pushed + TimeDelta::milliseconds(330_250);
        let report = report(
            vec![push("p1", pushed)],
            vec![
                decision("p1", "web", Outcome::Rolled),
                decision("p1", "api", Outcome::Refused),
            ],
        );
        let mut told = Told::default();
        let news = told.of(&report, &Config::default(), now);
        let text = line(
            &report,
            &news,
            "ecroll",
            now - TimeDelta::milliseconds(1250),
            now,
        );
        let declared = text["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap();
        for metric in declared {
            let name = metric["Name"].as_str().unwrap();
            assert!(!text[name].is_null(), "{name}");
        }
        insta::assert_json_snapshot!(text);
        let news = told.of(&report, &Config::default(), now);
        let quiet = line(&report, &news, "ecroll", now, now);
        let rolled_again = quiet["Rolled"].as_i64();
        assert_eq!(
            (rolled_again, quiet["Refused"].as_i64()),
            (Some(1), Some(0))
        );
    }
}
