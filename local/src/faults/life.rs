//! What befalls the account as a whole: functions that die, and people who change settings.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Kind, Plan};
use crate::agenda::Job;
use crate::iam::operator;
use crate::journal::{Caller, What};
use crate::state::State;

tokio::task_local! {
    /// The run of a function that is being polled.
    static RUN: Doom;
}

/// What ends a run of a function from within.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doom(Arc<Notify>);

impl Doom {
    /// Runs a function so that its calls can end it.
    pub(crate) async fn over<F: Future>(&self, run: F) -> F::Output {
        RUN.scope(self.clone(), run).await
    }

    /// Returns when the run is to die.
    pub(crate) async fn comes(&self) {
        self.0.notified().await;
    }
}

/// Lets the run that is being polled die; whether there is one.
pub(crate) fn doomed() -> bool {
    RUN.try_with(|doom| doom.0.notify_one()).is_ok()
}

/// A call of a person: service, operation, input.
pub(super) type Deed = (&'static str, &'static str, Value);

/// What `DescribeAlarms` says and `PutMetricAlarm` does not take.
const OUTPUT_ONLY: [&str; 8] = [
    "AlarmArn",
    "AlarmConfigurationUpdatedTimestamp",
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
    "Unit",
];

impl State {
    /// Takes a plan: what is to be done by hand goes onto the agenda.
    pub(crate) fn plan_faults(&mut self, plan: Plan, now: DateTime<Utc>) {
        let by_hand = plan.items.iter().enumerate();
        let by_hand = by_hand.filter(|(_, item)| item.planned.kind.is_by_hand());
        let times: Vec<_> = by_hand
            .map(|(index, item)| (index, item.planned.from, item.planned.until))
            .collect();
        self.faults = plan;
        for (index, from, until) in times {
            self.schedule(from.max(now), Job::BeginFault(index));
            self.schedule(until.max(now), Job::EndFault(index));
        }
    }

    /// Writes into the journal what went wrong since the last time.
    pub(crate) fn tell_faults(&mut self) {
        for (at, kind, on) in std::mem::take(&mut self.faults.untold) {
            self.journal.write(at, What::Fault { kind, on });
        }
    }

    pub(crate) fn begin_fault(&mut self, index: usize, now: DateTime<Utc>) {
        let Some(kind) = self.faults.items.get(index).map(|item| item.planned.kind) else {
            return;
        };
        let (deeds, undo) = match kind {
            Kind::AlarmDisabled => self.disabling(now),
            Kind::AlarmMuted => {
                self.cloudwatch.mute();
                Default::default()
            }
            Kind::AlarmChanged => self.changing(now),
            Kind::AlarmSet => self.setting(now),
            Kind::Unreserved => self.unreserving(now),
            _ => return,
        };
        self.faults.fire(now, kind, "the account");
        self.tell_faults();
        if let Some(item) = self.faults.items.get_mut(index) {
            item.last = Some(now);
            item.times = item.times.saturating_sub(1);
            item.undo = undo;
        }
        self.do_by_hand(deeds, now);
    }

    pub(crate) fn end_fault(&mut self, index: usize, now: DateTime<Utc>) {
        let Some(item) = self.faults.items.get_mut(index) else {
            return;
        };
        let undo = std::mem::take(&mut item.undo);
        if item.planned.kind == Kind::AlarmMuted {
            self.cloudwatch.unmute();
        }
        self.do_by_hand(undo, now);
    }

    fn do_by_hand(&mut self, deeds: Vec<Deed>, now: DateTime<Utc>) {
        let who = operator(&self.place);
        for (service, operation, input) in deeds {
            let answer = self.answer(service, operation, &input, now);
            let error = answer.err().map(|fault| fault.code);
            self.note_call(&who, service, operation, &input, error, Caller::Person, now);
        }
    }

    fn list(&mut self, deed: &Deed, member: &str, now: DateTime<Utc>) -> Vec<Value> {
        let (service, operation, input) = deed;
        let answer = self.answer(service, operation, input, now);
        let list = answer.ok().and_then(|mut answer| {
            let list = answer.get_mut(member)?.as_array_mut()?;
            Some(std::mem::take(list))
        });
        list.unwrap_or_default()
    }

    fn alarms(&mut self, now: DateTime<Utc>) -> Vec<Value> {
        let all = ("cloudwatch", "DescribeAlarms", json!({}));
        self.list(&all, "MetricAlarms", now)
    }

    fn disabling(&mut self, now: DateTime<Utc>) -> (Vec<Deed>, Vec<Deed>) {
        let alarms = self.alarms(now);
        let names: Vec<_> = alarms.iter().map(|alarm| &alarm["AlarmName"]).collect();
        let names = json!({"AlarmNames": names});
        let deed = |operation| vec![("cloudwatch", operation, names.clone())];
        (deed("DisableAlarmActions"), deed("EnableAlarmActions"))
    }

    /// The settings of the usual recipe: what they lose, the sweep has to find.
    fn changing(&mut self, now: DateTime<Utc>) -> (Vec<Deed>, Vec<Deed>) {
        let (mut deeds, mut undo) = (Vec::new(), Vec::new());
        for mut alarm in self.alarms(now) {
            if let Some(members) = alarm.as_object_mut() {
                members.retain(|name, _| !OUTPUT_ONLY.contains(&name.as_str()));
            }
            undo.push(("cloudwatch", "PutMetricAlarm", alarm.clone()));
            if let Some(members) = alarm.as_object_mut() {
                members.insert("Period".to_owned(), json!(300));
                members.insert("EvaluationPeriods".to_owned(), json!(1));
                members.insert("DatapointsToAlarm".to_owned(), json!(1));
                members.insert("TreatMissingData".to_owned(), json!("missing"));
                members.insert("OKActions".to_owned(), json!([]));
            }
            deeds.push(("cloudwatch", "PutMetricAlarm", alarm));
        }
        (deeds, undo)
    }

    fn setting(&mut self, now: DateTime<Utc>) -> (Vec<Deed>, Vec<Deed>) {
        let set = |alarm: &Value| {
            let to = if alarm["StateValue"] == "ALARM" {
                "OK"
            } else {
                "ALARM"
            };
            let input = json!({"AlarmName": alarm["AlarmName"], "StateValue": to, "StateReason": "by hand"});
            ("cloudwatch", "SetAlarmState", input)
        };
        (self.alarms(now).iter().map(set).collect(), Vec::new())
    }

    fn unreserving(&mut self, now: DateTime<Utc>) -> (Vec<Deed>, Vec<Deed>) {
        let all = ("lambda", "ListFunctions", json!({}));
        let (mut deeds, mut undo) = (Vec::new(), Vec::new());
        for function in self.list(&all, "Functions", now) {
            let mut named = json!({"FunctionName": function.get("FunctionName")});
            let held = self.answer("lambda", "GetFunctionConcurrency", &named, now);
            deeds.push(("lambda", "DeleteFunctionConcurrency", named.clone()));
            if let Some(count) = held
                .ok()
                .and_then(|held| held.get("ReservedConcurrentExecutions").cloned())
                && let Some(members) = named.as_object_mut()
            {
                members.insert("ReservedConcurrentExecutions".to_owned(), count);
                undo.push(("lambda", "PutFunctionConcurrency", named));
            }
        }
        (deeds, undo)
    }
}
