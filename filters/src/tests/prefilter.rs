//! The ways around the plain evaluator: needles that must stand in their member, and members found
//! in the pass that checks the syntax.

use proptest::prelude::*;
use serde_json::Value;

use super::properties::json_event;
use super::{judge, parse, parse_with};
use crate::{Compat, Point};

#[test]
fn a_needle_is_sought_as_the_value_of_its_member() {
    let pattern = parse(r#"{ $.r.name = "Put" }"#);
    for (event, matches) in [
        (r#"{"r":{"name":"Put"}}"#, true),
        ("{\"r\":{\"name\" \t\r\n:\r\n\t \"Put\"}}", true),
        (r#"{"r":{"n\u0061me":"Put"}}"#, true),
        (r#"{"r":{"\u006e\u0061\u006d\u0065" : "\u0050ut"}}"#, true),
        (
            r#"{"note":["Put"],"x":"Put","r":{"a":"Put","name":"Put"}}"#,
            true,
        ),
        (r#"{"note":["Put"],"r":{"name":"P\u0075t"}}"#, true),
        (r#"{"r":{"name":"Put"},"r":{"name":"Get"}}"#, false),
        (r#"{"r":{"name":"Get"},"r":{"name":"Put"}}"#, true),
        (r#"{"r":{"name":"Put","name":"Get"}}"#, false),
        (r#"{"r":{"name":"Put"},"r":1}"#, false),
        (r#"{"r":{"name":"Put"},"name":"Put""#, false),
    ] {
        assert_eq!(judge(&pattern, event), matches, "{event}");
    }
    for skipped in [
        r#"{"r":{"name":["Put"]}}"#,
        r#"{"r":{"rename":"Put"}}"#,
        r#"{"r":{"name":"x","y":"Put"}}"#,
        r#""Put""#,
        r#":"Put""#,
    ] {
        assert!(!pattern.strategy.may_match(skipped.as_bytes()), "{skipped}");
        assert!(!judge(&pattern, skipped));
    }
}

#[test]
fn a_needle_of_two_members_may_stand_in_either() {
    let pattern = parse(r#"{ $.a = "Put" || $.b = "Put" || $.c[0] = "Get" }"#);
    assert!(judge(&pattern, r#"{"a":"Put"}"#));
    assert!(judge(&pattern, r#"{"b":"Put"}"#));
    assert!(judge(&pattern, r#"{"c":["Get"]}"#));
    assert!(!judge(&pattern, r#"{"d":"Put"}"#));
}

#[test]
fn a_wildcard_begins_the_value_of_its_member() {
    let pattern = parse(r#"{ $.['x/y'] = "Put*e" }"#);
    assert!(judge(&pattern, r#"{"x/y":"PutImage"}"#));
    assert!(judge(&pattern, r#"{"x\/y":"PutImage"}"#));
    assert!(!judge(&pattern, r#"{"x":"PutImage"}"#));
}

#[test]
fn of_two_members_with_one_name_the_first_may_count() {
    let event = r#"{"a":{"b":"x","b":"y"},"a":{"b":"z"}}"#;
    let first = Compat::default().with(Point::DuplicateKeys);
    for (value, compat, matches) in [
        ("x", first, true),
        ("y", first, false),
        ("z", first, false),
        ("x", Compat::default(), false),
        ("z", Compat::default(), true),
    ] {
        let pattern = parse_with(&format!("{{ $.a.b = \"{value}\" }}"), compat);
        assert_eq!(judge(&pattern, event), matches, "{value}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_selector_finds_what_another_reader_finds(
        event in json_event(),
        selectors in proptest::collection::vec(
            (proptest::collection::vec("(a|b|eventName)", 1..4), "[ab]{0,2}", any::<bool>()),
            1..4,
        ),
    ) {
        let Ok(document) = serde_json::from_str::<Value>(&event) else {
            return Ok(());
        };
        let conditions = selectors.iter().map(|(steps, value, exists)| {
            let test = if *exists { format!("= \"{value}\"") } else { "NOT EXISTS".to_owned() };
            format!("$.{} {test}", steps.join("."))
        });
        let pattern = conditions.collect::<Vec<_>>().join(" || ");
        let wanted = selectors.iter().any(|(steps, value, exists)| {
            let found = steps.iter().try_fold(&document, |node, step| node.as_object()?.get(step));
            if *exists { found == Some(&Value::String(value.clone())) } else { found.is_none() }
        });
        prop_assert_eq!(judge(&parse(&format!("{{ {pattern} }}")), &event), wanted);
    }
}
