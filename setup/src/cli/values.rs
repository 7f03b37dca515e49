//! What stands behind flags: how each is read, and what is said of one that is wrong.

use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use handler::config::TriggerKind;
use local::faults::Kind;

use crate::clients;

/// A fault by its name.
pub(super) fn fault() -> impl TypedValueParser<Value = Kind> {
    let known = Kind::ALL.map(|kind| PossibleValue::new(kind.name()).help(kind.what()));
    PossibleValuesParser::new(known)
        .try_map(|name| Kind::parse(&name).ok_or("is no fault; `ecroll replay --help` lists them"))
}

/// A road by its name.
pub(super) fn trigger() -> impl TypedValueParser<Value = TriggerKind> {
    let known = TriggerKind::ALL.map(|road| {
        PossibleValue::new(road.word()).help(match road {
            TriggerKind::Alarm => {
                "metric filter, alarm and topic: minutes, and the net below the others"
            }
            TriggerKind::EcrEvents => "what ECR tells EventBridge: seconds",
            TriggerKind::CloudtrailEvents => "what CloudTrail tells EventBridge",
            TriggerKind::LogSubscription => "a subscription filter on the log group",
        })
    });
    PossibleValuesParser::new(known).try_map(|word| word.parse::<TriggerKind>())
}

/// What can be the name of a Region.
pub(super) fn region(text: &str) -> Result<String, &'static str> {
    let region = clients::is_region(text).then(|| text.to_owned());
    region.ok_or("is no Region, such as eu-west-1")
}

/// A seed.
pub(super) fn seed(text: &str) -> Result<u64, &'static str> {
    text.parse()
        .map_err(|_| "must be a whole number, 0 or more")
}

/// A span of time with its unit.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    handler::config::span(text).ok_or("must be a number with s, m, h or d, such as 90s or 5m")
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("90s").unwrap().as_secs(), 90);
        assert_eq!(duration("2h").unwrap().as_secs(), 7200);
        assert!(duration("").is_err() && duration("5").is_err() && duration("m").is_err());
    }
}
