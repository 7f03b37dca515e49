//! The calls that manage alarms.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::CloudWatch;
use super::alarm::Alarm;
use super::evaluate::State;
use crate::input::{Input, page, present, tag_list};
use crate::service::{Answer, Fault, Scope};

impl CloudWatch {
    pub(super) fn put_alarm(&mut self, members: &Value, scope: &Scope<'_>) -> Answer {
        let mut alarm = Alarm::new(members, scope)?;
        let name = Input::new(members, "ValidationError")
            .need("AlarmName")?
            .to_owned();
        alarm.due = alarm.after(scope.now, self.offset);
        let held = self.alarms.remove(&name);
        let created = held.is_none();
        if let Some(held) = held {
            alarm.keep(held);
        }
        alarm.history.configured(created, &name, scope.now);
        self.alarms.insert(name, alarm);
        Ok(json!({}))
    }

    pub(super) fn describe_alarms(&self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let names = input.texts("AlarmNames");
        let limit = input.number("MaxRecords").unwrap_or(50);
        if names.len() > 100 || !(1..=100).contains(&limit) {
            return Err(input.fault("AlarmNames takes at most 100 names, MaxRecords 1 to 100"));
        }
        let prefix = input.text("AlarmNamePrefix").unwrap_or_default();
        let state = input.text("StateValue");
        let kinds = input.texts("AlarmTypes");
        let metric = kinds.is_empty() || kinds.iter().any(|kind| kind == "MetricAlarm");
        let alarms = self.alarms.iter().filter(|(name, alarm)| {
            metric
                && (names.is_empty() || names.contains(name))
                && name.starts_with(prefix)
                && state.is_none_or(|state| state == alarm.state.name())
        });
        let limit = usize::try_from(limit).unwrap_or(50);
        let (alarms, next) = page(alarms, input.text("NextToken"), limit);
        let alarms: Vec<_> = alarms
            .into_iter()
            .map(|(name, alarm)| alarm.describe(name, scope))
            .collect();
        Ok(present(
            json!({"MetricAlarms": alarms, "CompositeAlarms": [], "NextToken": next}),
        ))
    }

    /// All or none: an alarm that does not exist keeps the others alive.
    pub(super) fn delete_alarms(&mut self, input: Input<'_>) -> Answer {
        let names = input.texts("AlarmNames");
        if let Some(name) = names.iter().find(|name| !self.alarms.contains_key(*name)) {
            return Err(no_such_alarm(name));
        }
        self.alarms.retain(|name, _| !names.contains(name));
        Ok(json!({}))
    }

    pub(super) fn set_state(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("AlarmName")?;
        let state = State::parse(input.need("StateValue")?)
            .ok_or_else(|| input.fault("StateValue is none of OK, ALARM, INSUFFICIENT_DATA"))?;
        let reason = input.need("StateReason")?;
        let alarm = self
            .alarms
            .get_mut(name)
            .ok_or_else(|| no_such_alarm(name))?;
        let verdict = Alarm::verdict_by_hand(state, reason, input.text("StateReasonData"));
        self.changes.extend(alarm.take(name, verdict, scope));
        // An alarm that had come to rest may not have been due for long.
        alarm.settled = false;
        alarm.due = alarm.after(scope.now, self.offset);
        Ok(json!({}))
    }

    pub(super) fn tag(&mut self, input: Input<'_>) -> Answer {
        let tags = input.tags("Tags");
        self.tagged(input)?.extend(tags);
        Ok(json!({}))
    }

    pub(super) fn untag(&mut self, input: Input<'_>) -> Answer {
        let keys = input.texts("TagKeys");
        self.tagged(input)?.retain(|key, _| !keys.contains(key));
        Ok(json!({}))
    }

    pub(super) fn list_tags(&mut self, input: Input<'_>) -> Answer {
        Ok(json!({"Tags": tag_list(self.tagged(input)?)}))
    }

    /// The tags of an alarm or a dashboard.
    fn tagged(&mut self, input: Input<'_>) -> Result<&mut BTreeMap<String, String>, Fault> {
        let arn = input.need("ResourceARN")?;
        let tags = if let Some((_, name)) = arn.split_once(":dashboard/") {
            self.dashboards.get_mut(name).map(|held| &mut held.tags)
        } else {
            let name = arn.split_once(":alarm:").map_or(arn, |(_, name)| name);
            self.alarms.get_mut(name).map(|held| &mut held.tags)
        };
        tags.ok_or_else(|| {
            let message = format!("The resource {arn} does not exist");
            Fault::client("ResourceNotFoundException", message).with_status(404)
        })
    }
}

fn no_such_alarm(name: &str) -> Fault {
    let message = format!("The alarm {name} does not exist");
    Fault::client("ResourceNotFound", message).with_status(404)
}
