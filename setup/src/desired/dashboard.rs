//! What the dashboard shows: whether pushes come, what became of them, how long it took, and what failed.
//!
//! The metrics are those of the handler's log lines (embedded metric format): namespace and dimension are the pipeline's
//! name. Source of the body's form:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>

use serde_json::{Value, json};

use crate::names::{METRIC, Names, Place};
use crate::resource::dashboard::owner_mark;

/// The dimension of the handler's metrics.
const DIMENSION: &str = "Pipeline";

/// The grid is 24 wide.
const WIDTH: u32 = 12;
const HEIGHT: u32 = 6;

/// The body of the dashboard; without the alarm road there is neither its alarm nor its metric.
#[must_use]
pub(super) fn body(names: &Names, place: &Place, alarm_road: bool) -> Value {
    let base = &names.base;
    let counts = |metrics: &[&str]| -> Vec<Value> {
        let line = |metric: &&str| json!([base, metric, DIMENSION, base, {"stat": "Sum"}]);
        metrics.iter().map(line).collect()
    };
    let seconds = |metric: &str, stats: &[&str]| -> Vec<Value> {
        let line =
            |stat: &&str| json!([base, metric, DIMENSION, base, {"stat": stat, "label": stat}]);
        stats.iter().map(line).collect()
    };
    let graph = |title: &str, metrics: Vec<Value>| {
        json!({"title": title, "region": place.region, "view": "timeSeries", "stacked": false,
               "period": 300, "metrics": metrics})
    };
    let alarm = |name: &str| place.arn("cloudwatch", &format!("alarm:{name}"));
    let mut watched = vec![alarm(&names.failures_alarm)];
    let mut pushes = Vec::new();
    if alarm_road {
        watched.insert(0, alarm(&names.alarm));
        pushes.push(json!([base, METRIC, {"stat": "Sum", "label": "in the log"}]));
    }
    let alarms = json!({"title": "Alarms", "alarms": watched});
    pushes.extend(counts(&["PushesSeen"]));
    let outcomes = [
        "Rolled",
        "Unchanged",
        "Held",
        "Skipped",
        "Refused",
        "Failed",
    ];
    let depth = |queue: &String| json!(["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, {"stat": "Maximum"}]);
    let lambda =
        |metric: &str| json!(["AWS/Lambda", metric, "FunctionName", base, {"stat": "Sum"}]);
    let failures = vec![
        lambda("Errors"),
        lambda("Throttles"),
        depth(&names.failures),
        depth(&names.undelivered),
    ];
    let query = format!(
        "SOURCE '{}' | fields @timestamp, cluster, service, repository, tag, outcome, reason \
         | filter ispresent(outcome) and outcome != \"unchanged\" | sort @timestamp desc | limit 50",
        names.function_log_group
    );
    let log = json!({"title": "Latest decisions", "region": place.region, "view": "table", "query": query});
    let widgets = [
        ("alarm", alarms),
        ("metric", graph("Pushes", pushes)),
        ("metric", graph("Decisions", counts(&outcomes))),
        (
            "metric",
            graph("Rolls that ended", counts(&["Completed", "RolledBack"])),
        ),
        (
            "metric",
            graph(
                "Seconds from push to roll",
                seconds("PushToRoll", &["p50", "p90", "Maximum"]),
            ),
        ),
        (
            "metric",
            graph(
                "Seconds of a look-up",
                seconds("LookUp", &["p50", "Maximum"]),
            ),
        ),
        ("metric", graph("Failures", failures)),
        ("log", log),
    ];
    let place_of = |(index, (kind, properties)): (u32, (&str, Value))| {
        json!({"type": kind, "x": index % 2 * WIDTH, "y": index / 2 * HEIGHT, "width": WIDTH, "height": HEIGHT,
               "properties": properties})
    };
    let count = u32::try_from(widgets.len()).unwrap_or(u32::MAX);
    let mut widgets: Vec<Value> = (0..).zip(widgets).map(place_of).collect();
    let about = format!("Managed by `ecroll setup`; {}.", owner_mark(base));
    widgets.push(json!({"type": "text", "x": 0, "y": count.div_ceil(2) * HEIGHT, "width": 2 * WIDTH, "height": 1,
                        "properties": {"markdown": about}}));
    json!({"start": "-PT24H", "widgets": widgets})
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::body;
    use crate::names::{Names, Place};

    #[test]
    fn the_dashboard_shows_the_metrics_that_the_handler_writes() {
        let place = Place {
            partition: "aws".to_owned(),
            region: "eu-west-1".to_owned(),
            account: "111122223333".to_owned(),
        };
        let names = Names::new("ecroll", None, &place);
        let body = body(&names, &place, true);
        insta::assert_json_snapshot!(body);
        // A metric that the handler renames would leave an empty graph: each name stands in its source.
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../handler/src/telling/metrics.rs");
        let source = std::fs::read_to_string(source).unwrap();
        let ours = body["widgets"].as_array().unwrap().iter();
        let lines = ours
            .filter_map(|w| w["properties"]["metrics"].as_array())
            .flatten();
        let mut seen = 0;
        for line in lines.filter(|line| line[2] == "Pipeline") {
            let metric = line[1].as_str().unwrap();
            assert!(source.contains(&format!("\"{metric}\"")), "{metric}");
            seen += 1;
        }
        assert_eq!(seen, 14);
    }
}
