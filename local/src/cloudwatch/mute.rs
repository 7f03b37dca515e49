//! Mute rules: the actions of alarms are withheld for a time.
//!
//! At the end of the window the actions of the state are run in which an alarm is then, if it came into it within the
//! window; states that came and went meanwhile are lost. Source: "Alarm mute rules" in the CloudWatch user guide; the loss
//! follows from it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Change, CloudWatch};
use crate::service::Scope;

/// Whether the alarms are muted, and what was withheld since.
#[derive(Debug, Default)]
pub(super) struct Mute {
    /// How many rules mute them at present.
    rules: u32,
    /// The last change of each alarm in the window.
    withheld: BTreeMap<String, Change>,
}

impl Mute {
    /// Takes the actions from changes, as long as alarms are muted.
    pub(super) fn withhold(&mut self, changes: &mut [Change]) {
        if self.rules == 0 {
            return;
        }
        for change in changes {
            self.withheld.insert(change.name.clone(), change.clone());
            change.actions.clear();
        }
    }
}

impl CloudWatch {
    /// A mute rule for every alarm begins.
    pub(crate) fn mute(&mut self) {
        self.mute.rules += 1;
    }

    /// The rules of the moment: they are faults, which no call makes, and each is of every alarm.
    pub(super) fn list_mutes(&self, scope: &Scope<'_>) -> Value {
        let rule = |number: u32| {
            let name = format!("alarm-mute-rule:fault-{number}");
            let arn = scope.place.arn("cloudwatch", &name);
            json!({"AlarmMuteRuleArn": arn, "Status": "ACTIVE"})
        };
        let rules: Vec<Value> = (1..=self.mute.rules).map(rule).collect();
        json!({"AlarmMuteRuleSummaries": rules})
    }

    /// It ends. What the last one withheld is done.
    pub(crate) fn unmute(&mut self) {
        self.mute.rules = self.mute.rules.saturating_sub(1);
        if self.mute.rules > 0 {
            return;
        }
        let withheld = std::mem::take(&mut self.mute.withheld).into_values();
        let alarms = &self.alarms;
        let stands = |change: &Change| alarms.contains_key(&change.name);
        let again = withheld.filter(stands).map(|change| Change {
            known: true,
            ..change
        });
        self.changes.extend(again);
    }
}
