//! What `ecroll setup` makes, read from its own description.

use std::collections::BTreeSet;

use chrono::DateTime;
use handler::config::Config;
use local::alarms::Missing;
use setup::Code;
use setup::desired::{Circumstances, resources};
use setup::names::{Names, Place};
use setup::policy_document::TargetRoles;
use setup::resource::{self, Resource};
use setup::trails::Selection;

use super::choice::{Actions, Alarm, Choice};

/// The alarm as setup describes it, with the sweep that the configuration has by default.
pub(crate) fn choice() -> Choice {
    let config = Config::default();
    let place = Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
    };
    let names = Names::new(&config.name, None, &place);
    let around = Circumstances {
        trail: Selection::own(&names, &place, ""),
        place,
        pass_roles: BTreeSet::new(),
        stack_roles: BTreeSet::new(),
        target_roles: TargetRoles::default(),
        since: DateTime::UNIX_EPOCH,
    };
    let all = resources(&config, &Code::placeholder(), &around).unwrap();
    let filters = all.iter().filter_map(|resource| match resource {
        Resource::MetricFilter(filter) => Some(filter),
        _ => None,
    });
    let filters: Vec<_> = filters.collect();
    let [filter] = filters.as_slice() else {
        panic!("setup makes one metric filter")
    };
    let alarms = all.iter().filter_map(|resource| match resource {
        Resource::Alarm(alarm) if alarm.settings.metric == filter.metric => Some(alarm),
        _ => None,
    });
    let alarms: Vec<_> = alarms.collect();
    let [alarm] = alarms.as_slice() else {
        panic!("setup makes one alarm on the metric of pushes")
    };
    Choice {
        alarm: watched(alarm, filter.default),
        actions: told(alarm),
        sweep: config
            .sweep
            .map(|every| i64::try_from(every.as_secs() / 60).unwrap()),
        // The function may not call SetAlarmState.
        rearm: false,
    }
}

fn watched(alarm: &resource::Alarm, default: Option<f64>) -> Alarm {
    let settings = &alarm.settings;
    // What the table takes for granted.
    assert_eq!(settings.statistic.as_ref().unwrap().as_str(), "Sum");
    assert_eq!(settings.threshold, Some(1.0));
    let comparison = settings.comparison.as_ref().unwrap().as_str();
    assert_eq!(comparison, "GreaterThanOrEqualToThreshold");
    assert!(settings.dimensions.is_empty() && alarm.enabled);
    assert!(default.is_none_or(|default| default == 0.0));
    let count = |number: Option<i32>| usize::try_from(number.unwrap()).unwrap();
    Alarm::new(
        i64::from(settings.period.unwrap()),
        count(settings.breaching),
        count(settings.periods),
        Missing::parse(settings.missing.as_deref().unwrap()).unwrap(),
        default.is_some(),
    )
}

fn told(alarm: &resource::Alarm) -> Actions {
    let (ok, none) = (&alarm.ok_actions, &alarm.insufficient_data_actions);
    assert!(!alarm.alarm_actions.is_empty());
    match (ok.is_empty(), none.is_empty()) {
        (true, true) => Actions::Alarm,
        (false, true) => Actions::AlarmOk,
        (false, false) => Actions::All,
        (true, false) => panic!("the table has no such actions"),
    }
}
