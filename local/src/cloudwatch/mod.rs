//! CloudWatch: metrics, the alarms that watch them, and dashboards.

mod alarm;
mod alarms;
mod dashboards;
pub(crate) mod evaluate;
mod history;
mod message;
mod metrics;
mod mute;
mod operator;
mod reason;
pub(crate) mod watch;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::input::{Input, not_implemented};
use crate::metric::Sample;
use crate::options::Options;
use crate::service::{Answer, Scope};

use alarm::Alarm;
use dashboards::Dashboard;
pub(crate) use message::{lambda_event, sns_message, sns_subject};
use metrics::Metrics;
use mute::Mute;

/// The metrics and alarms of the account.
#[derive(Debug)]
pub(crate) struct CloudWatch {
    alarms: BTreeMap<String, Alarm>,
    dashboards: BTreeMap<String, Dashboard>,
    metrics: Metrics,
    changes: Vec<Change>,
    mute: Mute,
    extra: u32,
    offset: TimeDelta,
}

/// An alarm that changed its state, as its actions are told.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) name: String,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) reason: String,
    pub(crate) at: DateTime<Utc>,
    /// What `DescribeAlarms` says about the alarm.
    pub(crate) alarm: Value,
    /// The actions of the new state; none if they are disabled or muted.
    pub(crate) actions: Vec<String>,
    /// The change itself was told before; only its actions were withheld.
    pub(crate) known: bool,
}

impl CloudWatch {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            alarms: BTreeMap::new(),
            dashboards: BTreeMap::new(),
            metrics: Metrics::default(),
            changes: Vec::new(),
            mute: Mute::default(),
            extra: options.evaluation_range_extra,
            offset: TimeDelta::from_std(options.evaluation_offset).unwrap_or_default(),
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let members = input;
        let input = Input::new(input, "InvalidParameterValue");
        match operation {
            "PutMetricAlarm" => self.put_alarm(members, scope),
            "DescribeAlarms" => self.describe_alarms(input, scope),
            "DeleteAlarms" => self.delete_alarms(input),
            "SetAlarmState" => self.set_state(input, scope),
            "EnableAlarmActions" | "DisableAlarmActions" => {
                let enabled = operation == "EnableAlarmActions";
                for name in input.texts("AlarmNames") {
                    if let Some(alarm) = self.alarms.get_mut(&name) {
                        alarm.set_actions_enabled(enabled);
                    }
                }
                Ok(json!({}))
            }
            "ListAlarmMuteRules" => Ok(self.list_mutes(scope)),
            "DescribeAlarmHistory" => Ok(self.describe_history(input)),
            "TagResource" => self.tag(input),
            "UntagResource" => self.untag(input),
            "ListTagsForResource" => self.list_tags(input),
            "PutDashboard" => self.put_dashboard(input, scope),
            "GetDashboard" => self.get_dashboard(input, scope),
            "ListDashboards" => Ok(self.list_dashboards(input, scope)),
            "DeleteDashboards" => self.delete_dashboards(input),
            "PutMetricData" => self.put_metric_data(input, scope),
            "GetMetricStatistics" => self.metrics.statistics(input),
            _ => Err(not_implemented("cloudwatch", operation)),
        }
    }

    /// Adds a sample to its metric. Alarms see it at their next evaluation.
    pub(crate) fn add(&mut self, sample: &Sample, now: DateTime<Utc>) {
        self.metrics.add(sample);
        for alarm in self
            .alarms
            .values_mut()
            .filter(|alarm| alarm.watches(&sample.key))
        {
            if alarm.settled {
                alarm.settled = false;
                alarm.due = alarm.after(now, self.offset);
            }
        }
    }

    /// When the next evaluation can change something.
    ///
    /// An alarm without data in its range that is in the state which that leads to would only
    /// confirm it every minute, so it is left alone until something new comes.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.alarms
            .values()
            .filter(|alarm| !alarm.settled)
            .map(|alarm| alarm.due)
            .min()
    }

    /// Evaluates the alarms that are due.
    pub(crate) fn advance(&mut self, scope: &Scope<'_>) {
        let now = scope.now;
        for (name, alarm) in &mut self.alarms {
            if alarm.settled || alarm.due > now {
                continue;
            }
            let verdict = alarm.evaluate(&self.metrics, self.extra, now);
            if let Some(change) = alarm.take(name, verdict, scope) {
                self.changes.push(change);
            }
            alarm.due = alarm.after(now, self.offset);
        }
    }

    /// Whether every alarm has come to rest.
    pub(crate) fn is_settled(&self) -> bool {
        self.alarms.values().all(|alarm| alarm.settled)
    }

    /// After a jump of the clock: the next evaluation is the first at or after `at`.
    pub(crate) fn rebase(&mut self, at: DateTime<Utc>) {
        for alarm in self.alarms.values_mut() {
            alarm.due = alarm.after(at - TimeDelta::milliseconds(1), self.offset);
        }
    }

    /// The changes of state since the last look, and the actions of earlier ones that a mute rule withheld until now.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = std::mem::take(&mut self.changes);
        self.mute.withhold(&mut changes);
        changes
    }
}
