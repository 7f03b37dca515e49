//! Why an alarm is in its state: the sentence for people, the data for programs.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::alarm::Alarm;
use super::evaluate::{Missing, State};

impl Alarm {
    /// CloudWatch's sentence about a state.
    pub(super) fn explain(&self, state: State, real: &[(DateTime<Utc>, f64)]) -> String {
        let (m, n) = (self.rule.m, self.rule.n);
        let plural = |count: usize, word: &str| {
            if count == 1 {
                format!("{count} {word}")
            } else {
                format!("{count} {word}s")
            }
        };
        if real.is_empty() {
            let periods = plural(n, "period");
            let treated = match (state, self.rule.missing) {
                (State::InsufficientData, _) => {
                    return format!(
                        "Insufficient Data: {} were unknown.",
                        plural(n, "datapoint")
                    );
                }
                (_, Missing::Breaching) => "Breaching",
                _ => "NonBreaching",
            };
            let missing = plural(n, "missing datapoint");
            return format!(
                "Threshold Crossed: no datapoints were received for {periods} and {missing} were \
                 treated as [{treated}]."
            );
        }
        let wanted =
            |value: f64| self.operator.breaches(value, self.threshold) == (state == State::Alarm);
        let recent: Vec<_> = real
            .iter()
            .take(n)
            .filter(|(_, value)| wanted(*value))
            .collect();
        let values: Vec<_> = recent
            .iter()
            .map(|(at, value)| format!("{value:?} ({})", at.format("%d/%m/%y %H:%M:%S")))
            .collect();
        let count = recent.len();
        let not = if state == State::Alarm { "" } else { "not " };
        let was = if count == 1 { "was" } else { "were" };
        let (from, to) = if state == State::Alarm {
            ("OK", "ALARM")
        } else {
            ("ALARM", "OK")
        };
        let least = if state == State::Alarm { m } else { n - m + 1 };
        format!(
            "Threshold Crossed: {count} out of the last {} [{}] {was} {not}{} the threshold ({:?}) \
             (minimum {} for {from} -> {to} transition).",
            plural(n, "datapoint"),
            values.join(", "),
            self.operator.words(),
            self.threshold,
            plural(least, "datapoint"),
        )
    }

    pub(super) fn explain_data(&self, real: &[(DateTime<Utc>, f64)], now: DateTime<Utc>) -> String {
        let stamp = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string();
        let recent: Vec<f64> = real
            .iter()
            .take(self.rule.n)
            .map(|(_, value)| *value)
            .collect();
        json!({
            "version": "1.0",
            "queryDate": stamp(now),
            "startDate": real.last().map(|(at, _)| stamp(*at)),
            "statistic": self.statistic,
            "period": self.period,
            "recentDatapoints": recent,
            "threshold": self.threshold,
        })
        .to_string()
    }
}
