//! Which events a trail takes.

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};

/// Sources whose management events come in masses and never concern a push. They are the only two that CloudTrail
/// lets a trail leave out.
const EXCLUDED: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// The selector that setup wants: the narrowest that a trail allows. `PutImage` is a write; what else is written is
/// left to the metric filter (CloudTrail user guide, logging management events).
pub(super) fn wanted() -> EventSelector {
    EventSelector::builder()
        .read_write_type(ReadWriteType::WriteOnly)
        .include_management_events(true)
        .set_exclude_management_event_sources(Some(EXCLUDED.map(str::to_owned).to_vec()))
        .build()
}

/// The selectors that setup wants, as the live ones are described.
#[must_use]
pub fn in_words() -> String {
    format!("write management events except {}", EXCLUDED.join(", "))
}

/// Says what selectors take, so that two of them can be compared and shown.
pub(super) fn described(found: &GetEventSelectorsOutput) -> String {
    let advanced = found.advanced_event_selectors().len();
    match (found.event_selectors(), advanced) {
        ([only], 0) if only.data_resources().is_empty() => one(only),
        (basic, advanced) => {
            let mut parts: Vec<String> = basic.iter().map(one).collect();
            let data: usize = basic
                .iter()
                .map(|selector| selector.data_resources().len())
                .sum();
            parts.push(format!(
                "{data} data resources, {advanced} advanced selectors"
            ));
            parts.join("; ")
        }
    }
}

fn one(selector: &EventSelector) -> String {
    let kind = match selector.read_write_type() {
        Some(ReadWriteType::WriteOnly) => "write",
        Some(ReadWriteType::ReadOnly) => "read",
        _ => "all",
    };
    let which = match selector.include_management_events() {
        Some(false) => "no management",
        _ => "management",
    };
    let mut excluded: Vec<&str> = selector
        .exclude_management_event_sources()
        .iter()
        .map(String::as_str)
        .collect();
    excluded.sort_unstable();
    match excluded.as_slice() {
        [] => format!("{kind} {which} events"),
        excluded => format!("{kind} {which} events except {}", excluded.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
    use aws_sdk_cloudtrail::types::{AdvancedEventSelector, EventSelector, ReadWriteType};

    use super::{described, in_words, wanted};

    #[test]
    fn selectors_are_told_apart() {
        let selector = EventSelector::builder().include_management_events(true);
        let ours = wanted();
        let answer = GetEventSelectorsOutput::builder()
            .event_selectors(ours)
            .build();
        assert_eq!(described(&answer), in_words());
        let fresh = selector.read_write_type(ReadWriteType::All).build();
        let answer = GetEventSelectorsOutput::builder()
            .event_selectors(fresh)
            .build();
        assert_eq!(described(&answer), "all management events");
        let advanced = AdvancedEventSelector::builder()
            .set_field_selectors(Some(vec![]))
            .build();
        let answer = GetEventSelectorsOutput::builder()
            .advanced_event_selectors(advanced.unwrap())
            .build();
        assert_eq!(described(&answer), "0 data resources, 1 advanced selectors");
    }
}
