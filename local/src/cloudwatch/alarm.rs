//! One alarm: its configuration, its state, and its evaluation.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Change;
use super::evaluate::{Missing, Rule, State};
use super::history::History;
use super::metrics::{Metrics, dimensions};
use super::operator::Operator;
use super::watch::Watch;
use crate::input::{Input, present};
use crate::metric::MetricKey;
use crate::service::{Fault, Scope};

/// A metric alarm.
#[derive(Debug)]
pub(super) struct Alarm {
    /// The members of `PutMetricAlarm` as given, with their defaults.
    settings: Value,
    key: MetricKey,
    pub(super) statistic: String,
    pub(super) period: i64,
    pub(super) rule: Rule,
    pub(super) operator: Operator,
    pub(super) threshold: f64,
    pub(super) state: State,
    reason: String,
    reason_data: Option<String>,
    changed: DateTime<Utc>,
    updated: DateTime<Utc>,
    configured: DateTime<Utc>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) history: History,
    /// The next evaluation.
    pub(super) due: DateTime<Utc>,
    /// Whether evaluating again without new data would change nothing.
    pub(super) settled: bool,
}

/// What an evaluation found.
#[derive(Debug)]
pub(super) struct Verdict {
    state: State,
    reason: String,
    data: Option<String>,
    settled: bool,
}

impl Alarm {
    /// Checks the input of `PutMetricAlarm`. A new alarm has not enough data by definition.
    pub(super) fn new(members: &Value, scope: &Scope<'_>) -> Result<Self, Fault> {
        let input = Input::new(members, "ValidationError");
        let unsupported = [
            "Metrics",
            "ExtendedStatistic",
            "EvaluationCriteria",
            "ThresholdMetricId",
        ];
        if let Some(member) = unsupported
            .iter()
            .find(|member| input.get(member).is_some())
        {
            let message = format!("the pocket account does not simulate alarms with {member}");
            return Err(Fault::client("NotImplemented", message).with_status(501));
        }
        let name = input.need("AlarmName")?;
        if name.is_empty() || name.chars().count() > 255 {
            return Err(input.fault("AlarmName must have 1 to 255 characters"));
        }
        let period = input.number("Period").unwrap_or(0);
        if !matches!(period, 10 | 20 | 30) && (period <= 0 || period % 60 != 0) {
            return Err(input.fault("Period must be 10, 20, 30 or a multiple of 60"));
        }
        let positive = |member: &str| input.number(member).filter(|number| *number > 0);
        let n = positive("EvaluationPeriods")
            .ok_or_else(|| input.fault("EvaluationPeriods must be 1 or more"))?;
        let m = match input.get("DatapointsToAlarm") {
            None => n,
            Some(_) => positive("DatapointsToAlarm")
                .filter(|m| *m <= n)
                .ok_or_else(|| {
                    input.fault("DatapointsToAlarm must be between 1 and EvaluationPeriods")
                })?,
        };
        let window = period.saturating_mul(n);
        if window > 7 * 86_400 || (period < 3600 && window > 86_400) {
            return Err(input.fault(
                "Metrics cannot be checked across more than a day (EvaluationPeriods * Period \
                 must be <= 86400, or <= 604800 for periods of an hour and more)",
            ));
        }
        let missing = match input.text("TreatMissingData") {
            None => Missing::Unknown,
            Some(name) => Missing::parse(name)
                .ok_or_else(|| input.fault(format!("TreatMissingData {name} is not valid")))?,
        };
        let operator = Operator::parse(input.need("ComparisonOperator")?)
            .ok_or_else(|| input.fault("ComparisonOperator is not valid"))?;
        let statistic = input.need("Statistic")?;
        if !["SampleCount", "Average", "Sum", "Minimum", "Maximum"].contains(&statistic) {
            return Err(input.fault(format!("Statistic {statistic} is not valid")));
        }
        for actions in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
            let actions = input.texts(actions);
            if actions.len() > 5 || actions.iter().any(|arn| !arn.starts_with("arn:")) {
                return Err(input.fault("Invalid arn syntax, or more than 5 actions"));
            }
        }
        let count = |number: i64| usize::try_from(number).unwrap_or(1);
        Ok(Self {
            settings: members.clone(),
            key: MetricKey {
                namespace: input.need("Namespace")?.to_owned(),
                name: input.need("MetricName")?.to_owned(),
                dimensions: dimensions(input),
            },
            statistic: statistic.to_owned(),
            period,
            rule: Rule {
                m: count(m),
                n: count(n),
                missing,
            },
            operator,
            threshold: input
                .float("Threshold")
                .ok_or_else(|| input.fault("Threshold is missing"))?,
            state: State::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            changed: scope.now,
            updated: scope.now,
            configured: scope.now,
            tags: input.tags("Tags"),
            history: History::default(),
            due: scope.now,
            settled: false,
        })
    }

    /// An update replaces the whole configuration and keeps state, history and tags.
    pub(super) fn keep(&mut self, held: Self) {
        self.state = held.state;
        self.reason = held.reason;
        self.reason_data = held.reason_data;
        self.changed = held.changed;
        self.updated = held.updated;
        self.tags = held.tags;
        self.history = held.history;
    }

    pub(super) fn watches(&self, key: &MetricKey) -> bool {
        self.key == *key
    }

    pub(super) fn set_actions_enabled(&mut self, enabled: bool) {
        if let Some(members) = self.settings.as_object_mut() {
            members.insert("ActionsEnabled".to_owned(), enabled.into());
        }
    }

    fn watch(&self) -> Watch {
        Watch {
            period: self.period,
            rule: self.rule,
        }
    }

    /// The first evaluation after `now`.
    pub(super) fn after(&self, now: DateTime<Utc>, offset: TimeDelta) -> DateTime<Utc> {
        time(
            self.watch()
                .after(now.timestamp_millis(), offset.num_milliseconds()),
        )
    }

    /// Looks at the closed periods of the evaluation range.
    pub(super) fn evaluate(&self, metrics: &Metrics, extra: u32, now: DateTime<Utc>) -> Verdict {
        let mut real = Vec::new();
        let mut oldest = now;
        let at = now.timestamp_millis();
        let state = self.watch().find(extra, at, self.state, |from, to| {
            oldest = time(from);
            let datapoint = metrics.over(&self.key, oldest, time(to))?;
            let value = datapoint.statistic(&self.statistic)?;
            real.push((oldest, value));
            Some(self.operator.breaches(value, self.threshold))
        });
        Verdict {
            state,
            reason: self.explain(state, &real),
            data: Some(self.explain_data(&real, now)),
            // A datapoint of the open period is not seen yet, but will be.
            settled: !metrics.has_since(&self.key, oldest),
        }
    }

    /// Takes on the state that an evaluation found; a change runs the actions of the new state.
    pub(super) fn take(
        &mut self,
        name: &str,
        verdict: Verdict,
        scope: &Scope<'_>,
    ) -> Option<Change> {
        let from = self.state;
        self.settled = verdict.settled;
        if from == verdict.state {
            return None;
        }
        self.state = verdict.state;
        self.reason = verdict.reason;
        self.reason_data = verdict.data;
        self.changed = scope.now;
        self.updated = scope.now;
        let actions = self.actions();
        let (from, to) = (from.name(), self.state.name());
        self.history
            .changed(name, from, to, &self.reason, &actions, scope.now);
        Some(Change {
            name: name.to_owned(),
            from,
            to,
            reason: self.reason.clone(),
            at: scope.now,
            alarm: self.describe(name, scope),
            actions,
            known: false,
        })
    }

    /// What `SetAlarmState` asks for. The next evaluation finds the true state again.
    pub(super) fn verdict_by_hand(state: State, reason: &str, data: Option<&str>) -> Verdict {
        Verdict {
            state,
            reason: reason.to_owned(),
            data: data.map(str::to_owned),
            settled: false,
        }
    }

    pub(super) fn describe(&self, name: &str, scope: &Scope<'_>) -> Value {
        let input = Input::new(&self.settings, "");
        let list = |member: &str| json!(input.texts(member));
        present(json!({
            "AlarmName": name,
            "AlarmArn": scope.place.arn("cloudwatch", &format!("alarm:{name}")),
            "AlarmDescription": input.text("AlarmDescription"),
            "AlarmConfigurationUpdatedTimestamp": seconds(self.configured),
            "ActionsEnabled": input.flag("ActionsEnabled").unwrap_or(true),
            "OKActions": list("OKActions"),
            "AlarmActions": list("AlarmActions"),
            "InsufficientDataActions": list("InsufficientDataActions"),
            "StateValue": self.state.name(),
            "StateReason": self.reason,
            "StateReasonData": self.reason_data,
            "StateUpdatedTimestamp": seconds(self.updated),
            "StateTransitionedTimestamp": seconds(self.changed),
            "MetricName": self.key.name,
            "Namespace": self.key.namespace,
            "Statistic": self.statistic,
            "Dimensions": input.list("Dimensions"),
            "Period": self.period,
            "Unit": input.text("Unit"),
            "EvaluationPeriods": self.rule.n,
            "DatapointsToAlarm": input.number("DatapointsToAlarm"),
            "Threshold": self.threshold,
            "ComparisonOperator": input.text("ComparisonOperator"),
            "TreatMissingData": input.text("TreatMissingData"),
        }))
    }

    fn actions(&self) -> Vec<String> {
        let input = Input::new(&self.settings, "");
        if input.flag("ActionsEnabled") == Some(false) {
            return Vec::new();
        }
        input.texts(match self.state {
            State::Ok => "OKActions",
            State::Alarm => "AlarmActions",
            State::InsufficientData => "InsufficientDataActions",
        })
    }
}

/// Milliseconds since 1970 as a time.
fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// A time as epoch seconds with its milliseconds.
fn seconds(time: DateTime<Utc>) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this era fit exactly"
    )]
    let millis = time.timestamp_millis() as f64;
    millis / 1000.0
}
