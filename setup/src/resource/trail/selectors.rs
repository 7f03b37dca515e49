//! Which events a trail takes.

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{AdvancedFieldSelector, EventSelector, ReadWriteType};

/// Where pushes come from.
const PUSH_SOURCE: &str = "ecr.amazonaws.com";

/// Sources whose management events come in masses and never concern a push. They are the only two that CloudTrail
/// lets a trail leave out.
const EXCLUDED: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// The selector that setup wants: the narrowest that a trail allows. `PutImage` is a write; what else is written is
/// left to the metric filter (CloudTrail user guide, logging management events).
pub(crate) fn wanted() -> EventSelector {
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

/// Whether a trail with these selectors takes pushes: management events, writes, of ECR. The error says why not.
///
/// Of a basic selector's fields only these three matter; an advanced one takes an event when every field selector does.
/// Source: `EventSelector` and `AdvancedFieldSelector` in the CloudTrail API reference.
pub(crate) fn takes_pushes(found: &GetEventSelectorsOutput) -> Result<(), String> {
    let (basic, advanced) = (found.event_selectors(), found.advanced_event_selectors());
    let mut reasons: Vec<String> = Vec::new();
    for selector in basic {
        let excluded = selector.exclude_management_event_sources();
        if selector.include_management_events() == Some(false) {
            reasons.push("leaves management events out".to_owned());
        } else if selector.read_write_type() == Some(&ReadWriteType::ReadOnly) {
            reasons.push("takes reads only".to_owned());
        } else if excluded.iter().any(|source| source == PUSH_SOURCE) {
            reasons.push(format!("leaves {PUSH_SOURCE} out"));
        } else {
            return Ok(());
        }
    }
    for selector in advanced {
        let refusing = selector
            .field_selectors()
            .iter()
            .find(|field| !admits_push(field));
        match refusing {
            None => return Ok(()),
            Some(field) => reasons.push(format!("is narrowed by `{}`", field.field())),
        }
    }
    reasons.sort_unstable();
    reasons.dedup();
    let reasons = match reasons.as_slice() {
        [] => "takes nothing".to_owned(),
        reasons => reasons.join(", "),
    };
    Err(format!(
        "it does not take pushes, which are write management events of {PUSH_SOURCE}: its selection {reasons}; \
         widen its event selectors"
    ))
}

/// Whether a field selector admits a push.
fn admits_push(field: &AdvancedFieldSelector) -> bool {
    let value = match field.field() {
        "eventCategory" => "Management",
        "readOnly" => "false",
        "eventSource" => PUSH_SOURCE,
        "eventName" => "PutImage",
        // What else could be asked of a management event is not known; then it is not relied on.
        _ => return false,
    };
    let any = |wanted: &[String], holds: fn(&str, &str) -> bool| {
        wanted.iter().any(|wanted| holds(value, wanted))
    };
    let must = |wanted: &[String], holds| wanted.is_empty() || any(wanted, holds);
    let same = |value: &str, wanted: &str| value == wanted;
    let begins = |value: &str, wanted: &str| value.starts_with(wanted);
    let ends = |value: &str, wanted: &str| value.ends_with(wanted);
    must(field.equals(), same)
        && must(field.starts_with(), begins)
        && must(field.ends_with(), ends)
        && !any(field.not_equals(), same)
        && !any(field.not_starts_with(), begins)
        && !any(field.not_ends_with(), ends)
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
    use aws_sdk_cloudtrail::types::{
        AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType,
    };

    use super::{described, in_words, takes_pushes, wanted};

    fn basic(selector: EventSelector) -> GetEventSelectorsOutput {
        GetEventSelectorsOutput::builder()
            .event_selectors(selector)
            .build()
    }

    /// Advanced selectors of `field=value` and `field!=value`.
    fn advanced(fields: &[&str]) -> GetEventSelectorsOutput {
        let field = |text: &&str| {
            let (name, value) = text.split_once('=').unwrap();
            let builder = AdvancedFieldSelector::builder();
            let builder = match name.strip_suffix('!') {
                Some(name) => builder.field(name).not_equals(value),
                None => builder.field(name).equals(value),
            };
            builder.build().unwrap()
        };
        let selector = AdvancedEventSelector::builder()
            .set_field_selectors(Some(fields.iter().map(field).collect()));
        GetEventSelectorsOutput::builder()
            .advanced_event_selectors(selector.build().unwrap())
            .build()
    }

    #[test]
    fn what_takes_pushes_is_told_from_what_does_not() {
        let selector = || EventSelector::builder().include_management_events(true);
        assert_eq!(takes_pushes(&basic(wanted())), Ok(()));
        assert_eq!(takes_pushes(&basic(selector().build())), Ok(()));
        let no = selector().include_management_events(false).build();
        assert!(
            takes_pushes(&basic(no))
                .unwrap_err()
                .contains("management events out")
        );
        let reads = selector().read_write_type(ReadWriteType::ReadOnly).build();
        assert!(
            takes_pushes(&basic(reads))
                .unwrap_err()
                .contains("reads only")
        );
        let without = selector().exclude_management_event_sources("ecr.amazonaws.com");
        assert!(
            takes_pushes(&basic(without.build()))
                .unwrap_err()
                .contains("ecr.amazonaws.com out")
        );
        let nothing = GetEventSelectorsOutput::builder().build();
        assert!(
            takes_pushes(&nothing)
                .unwrap_err()
                .contains("takes nothing")
        );

        let management = "eventCategory=Management";
        let table: &[(&[&str], bool)] = &[
            (&[management], true),
            (&[management, "readOnly=false"], true),
            (&[management, "readOnly=true"], false),
            (&[management, "eventSource!=kms.amazonaws.com"], true),
            (&[management, "eventSource!=ecr.amazonaws.com"], false),
            (&[management, "eventName=PutImage"], true),
            (&[management, "userIdentity.arn=x"], false),
            (
                &["eventCategory=Data", "resources.type=AWS::S3::Object"],
                false,
            ),
        ];
        for (fields, takes) in table {
            assert_eq!(
                takes_pushes(&advanced(fields)).is_ok(),
                *takes,
                "{fields:?}"
            );
        }
    }

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
