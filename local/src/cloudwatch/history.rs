//! What an alarm remembers of itself.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::CloudWatch;
use crate::input::{Input, present};

/// The entries of thirty days, newest last.
#[derive(Debug, Default)]
pub(super) struct History {
    items: VecDeque<Item>,
}

#[derive(Debug)]
struct Item {
    at: DateTime<Utc>,
    kind: &'static str,
    summary: String,
    data: Value,
}

impl History {
    pub(super) fn configured(&mut self, created: bool, name: &str, at: DateTime<Utc>) {
        let (done, kind) = if created {
            ("created", "Create")
        } else {
            ("updated", "Update")
        };
        let summary = format!("Alarm \"{name}\" {done}");
        self.add(
            at,
            "ConfigurationUpdate",
            summary,
            json!({"version": "1.0", "type": kind}),
        );
    }

    pub(super) fn changed(
        &mut self,
        name: &str,
        from: &str,
        to: &str,
        reason: &str,
        actions: &[String],
        at: DateTime<Utc>,
    ) {
        let data = json!({
            "version": "1.0",
            "oldState": {"stateValue": from},
            "newState": {"stateValue": to, "stateReason": reason},
        });
        self.add(
            at,
            "StateUpdate",
            format!("Alarm updated from {from} to {to}"),
            data,
        );
        for action in actions {
            let summary = format!("Successfully executed action {action}");
            let data = json!({"actionState": "Succeeded", "notificationResource": action,
                              "alarmName": name});
            self.add(at, "Action", summary, data);
        }
    }

    fn add(&mut self, at: DateTime<Utc>, kind: &'static str, summary: String, data: Value) {
        self.items.push_back(Item {
            at,
            kind,
            summary,
            data,
        });
        while self
            .items
            .front()
            .is_some_and(|item| item.at + TimeDelta::days(30) < at)
        {
            self.items.pop_front();
        }
    }
}

impl CloudWatch {
    pub(super) fn describe_history(&self, input: Input<'_>) -> Value {
        let wanted = input.text("AlarmName");
        let kind = input.text("HistoryItemType");
        let limit = input.number("MaxRecords").unwrap_or(100).clamp(1, 100);
        let limit = usize::try_from(limit).unwrap_or(100);
        let token = input
            .number("NextToken")
            .and_then(|token| usize::try_from(token).ok());
        let newest_first = input.text("ScanBy") != Some("TimestampAscending");
        let mut items: Vec<(&String, &Item)> = self
            .alarms
            .iter()
            .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
            .flat_map(|(name, alarm)| alarm.history.items.iter().map(move |item| (name, item)))
            .filter(|(_, item)| kind.is_none_or(|kind| kind == item.kind))
            .collect();
        items.sort_by_key(|(_, item)| item.at);
        if newest_first {
            items.reverse();
        }
        // What happens between two pages comes at the newer end: a place is told from the older one.
        let count = items.len();
        let from_older = |place: usize| {
            if newest_first {
                count.saturating_sub(place)
            } else {
                place
            }
        };
        let skip = token.map_or(0, from_older);
        let describe = |(name, item): &(&String, &Item)| {
            json!({
                "AlarmName": name,
                "AlarmType": "MetricAlarm",
                "Timestamp": item.at.timestamp(),
                "HistoryItemType": item.kind,
                "HistorySummary": item.summary,
                "HistoryData": item.data.to_string(),
            })
        };
        let page: Vec<_> = items.iter().skip(skip).take(limit).map(describe).collect();
        let end = skip + limit;
        let next = (end < count).then(|| from_older(end).to_string());
        present(json!({"AlarmHistoryItems": page, "NextToken": next}))
    }
}
