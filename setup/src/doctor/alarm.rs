//! From the metric to the topic: the alarm, whether anybody muted it, and what it told lately.

use aws_sdk_cloudwatch::types::{AlarmMuteRuleStatus, HistoryItemType, ScanBy};
use chrono::{DateTime, Utc};
use futures_util::join;
use handler::config::TriggerKind;

use super::ground::Ground;
use super::link::Link;
use super::order::{ALARM, ALARM_HISTORY};
use super::resources::{Inspected, judge};
use super::time::{ago, ours};
use crate::error::{Called, Result};

/// How a failed action begins in the alarm's history.
const FAILED: &str = "Failed";

/// What the alarm is in, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) value: String,
    pub(super) since: Option<DateTime<Utc>>,
}

/// The last time that the alarm told somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) at: DateTime<Utc>,
    /// CloudWatch's own words.
    pub(super) summary: String,
}

impl Told {
    pub(super) fn has_failed(&self) -> bool {
        self.summary.starts_with(FAILED)
    }
}

/// Without the alarm road there are no such links.
pub(super) async fn links(ground: &Ground<'_>, found: &[Inspected]) -> Vec<Link> {
    if !ground.config.takes(TriggerKind::Alarm) {
        return Vec::new();
    }
    let (state, mutes, told) = join!(
        Box::pin(state(ground)),
        Box::pin(mutes(ground)),
        Box::pin(told(ground)),
    );
    let base = judge(ALARM, found);
    let base = base.unwrap_or_else(|| Link::skip(ALARM, "not wanted"));
    vec![
        settings(base, &state, &mutes, ground.now),
        history(&told, ground.now),
    ]
}

/// What the alarm says of itself; `None` where it is not there.
pub(super) async fn state(ground: &Ground<'_>) -> Result<Option<State>> {
    let name = &ground.names.alarm;
    let call = ground.clients.cloudwatch.describe_alarms();
    let found = call.alarm_names(name).send().await;
    let found = found.called("cloudwatch:DescribeAlarms", name)?;
    Ok(found.metric_alarms().first().map(|alarm| State {
        value: alarm
            .state_value()
            .map_or_else(String::new, ToString::to_string),
        since: alarm.state_updated_timestamp().map(ours),
    }))
}

/// The names of the mute rules that silence the alarm now.
async fn mutes(ground: &Ground<'_>) -> Result<Vec<String>> {
    let name = &ground.names.alarm;
    let call = ground.clients.cloudwatch.list_alarm_mute_rules();
    let call = call.alarm_name(name).statuses(AlarmMuteRuleStatus::Active);
    let found = call.send().await;
    let found = found.called("cloudwatch:ListAlarmMuteRules", name)?;
    let rules = found.alarm_mute_rule_summaries().iter();
    let names = rules.filter_map(|rule| rule.alarm_mute_rule_arn());
    Ok(names.map(ToOwned::to_owned).collect())
}

/// The newest entry of the alarm's history about an action.
pub(super) async fn told(ground: &Ground<'_>) -> Result<Option<Told>> {
    let name = &ground.names.alarm;
    let call = ground.clients.cloudwatch.describe_alarm_history();
    let call = call
        .alarm_name(name)
        .history_item_type(HistoryItemType::Action)
        .scan_by(ScanBy::TimestampDescending)
        .max_records(1);
    let found = call.send().await;
    let found = found.called("cloudwatch:DescribeAlarmHistory", name)?;
    Ok(found.alarm_history_items().first().map(|item| Told {
        at: item.timestamp().map(ours).unwrap_or_default(),
        summary: item.history_summary().unwrap_or_default().to_owned(),
    }))
}

fn settings(
    base: Link,
    state: &Result<Option<State>>,
    mutes: &Result<Vec<String>>,
    now: DateTime<Utc>,
) -> Link {
    if !base.is_ok() {
        return base;
    }
    let state = match state {
        Err(error) => return Link::refused(ALARM, error),
        Ok(None) => return base,
        Ok(Some(state)) => state,
    };
    let since = state.since.map_or_else(String::new, |since| {
        format!(", since {}", ago(since, now).trim_end_matches(" ago"))
    });
    let link = Link::ok(
        ALARM,
        format!("as setup made it; in {}{since}", state.value),
    );
    match mutes {
        // An endpoint from before mute rules has none.
        Err(error) if Link::refused(ALARM, error).mend.is_none() => link,
        Err(error) => Link::refused(ALARM, error),
        Ok(mutes) if mutes.is_empty() => link,
        Ok(mutes) => Link::ng(
            ALARM,
            format!("it is muted by {}", mutes.join(", ")),
            "delete the mute rule, or wait for its end: what happens until then only the sweep finds",
        ),
    }
}

fn history(told: &Result<Option<Told>>, now: DateTime<Utc>) -> Link {
    match told {
        Err(error) => Link::refused(ALARM_HISTORY, error),
        Ok(None) => Link::skip(ALARM_HISTORY, "the alarm has told nobody so far"),
        Ok(Some(told)) if told.has_failed() => Link::ng(
            ALARM_HISTORY,
            format!("{}, {}", told.summary, ago(told.at, now)),
            "see the topic's policy, and the key's if the topic is encrypted: CloudWatch must be allowed both",
        ),
        Ok(Some(told)) => Link::ok(
            ALARM_HISTORY,
            format!("the topic was told {}", ago(told.at, now)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use crate::error::{Error, Refusal};

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-01T{time}Z").parse().unwrap()
    }

    fn unknown() -> Error {
        Error::Refused(Refusal {
            call: "cloudwatch:ListAlarmMuteRules",
            name: "a".to_owned(),
            code: "NotImplemented".to_owned(),
            message: String::new(),
        })
    }

    #[test]
    fn a_muted_alarm_is_a_fault_and_an_endpoint_without_mute_rules_none() {
        let told = |mutes: Result<Vec<String>>| {
            let state = State {
                value: "OK".to_owned(),
                since: Some(at("11:00:00")),
            };
            let base = Link::ok(ALARM, "as setup made it");
            settings(base, &Ok(Some(state)), &mutes, at("12:00:00"))
        };
        let sound = told(Ok(Vec::new()));
        assert_eq!(sound.detail, "as setup made it; in OK, since 60 min");
        assert!(told(Err(unknown())).is_ok());
        let muted = told(Ok(vec!["night".to_owned()]));
        assert_eq!(muted.result, Verdict::Ng);
        assert_eq!(muted.detail, "it is muted by night");
    }

    #[test]
    fn the_last_action_decides() {
        let told = |summary: &str| Told {
            at: at("11:59:00"),
            summary: summary.to_owned(),
        };
        let now = at("12:00:00");
        let failed = history(&Ok(Some(told("Failed to execute action arn:t"))), now);
        assert_eq!(failed.result, Verdict::Ng);
        assert!(
            failed.detail.contains("arn:t, 60 s ago"),
            "{}",
            failed.detail
        );
        let done = history(&Ok(Some(told("Successfully executed action arn:t"))), now);
        assert_eq!(done.result, Verdict::Ok);
        assert_eq!(history(&Ok(None), now).result, Verdict::Skip);
    }
}
