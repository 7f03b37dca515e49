//! Explanations, word for word. That they always agree with the evaluator is a property.

use super::parse;
use crate::{Compat, Pattern, Point};

#[test]
fn the_condition_that_fails_is_named() {
    let pattern = parse("{ $.a = 1 && ($.b != \"x\" || $.c NOT EXISTS) && $.d.* = 2 }");
    let explanation = pattern.explain(r#"{"a":1,"b":"x","c":null,"d":{"e":3,"f":2}}"#);
    insta::assert_snapshot!(explanation, @r#"
    no match
      holds  $.a = 1  (found: 1)
      fails  $.b != "x"  (found: "x")
      fails  $.c NOT EXISTS  (found: null)
      holds  $.d.* = 2  (found: 3, 2)
    "#);
}

#[test]
fn an_event_that_is_no_json_says_where() {
    let explanation = parse("{ $.a = 1 }").explain(r#"{"a":1,}"#);
    insta::assert_snapshot!(explanation, @r"
    no match: the event is not one JSON object: what is at byte 8 does not belong there
      fails  $.a = 1  (found: nothing)
    ");
    let array = parse("{ $.a = 1 }").explain("[1]");
    assert_eq!(
        array.reason.as_deref(),
        Some("the event is a JSON array, not an object")
    );
}

#[test]
fn words_are_counted() {
    let pattern = parse("[ip, ..., status = 4* || status = 5*, bytes > 10]");
    insta::assert_snapshot!(pattern.explain("a b 404 7"), @r"
    no match
      holds  status = 4* || status = 5*  (found: 404)
      fails  bytes > 10  (found: 7)
    ");
    let few = pattern.explain("a 404");
    assert_eq!(
        few.reason.as_deref(),
        Some("the pattern asks for 3 words and the event has 2")
    );
    assert_eq!(parse("[a, b]").explain("x y").reason, None);
}

#[test]
fn terms_that_only_exclude_match_nothing_where_they_are_read_so() {
    let compat = Compat::default().with(Point::OnlyExclusions);
    let matches = |pattern: &str| {
        let explanation = Pattern::parse_with(pattern, compat).unwrap().explain("a");
        assert_eq!(
            explanation.reason.is_some(),
            !explanation.matches,
            "{pattern}"
        );
        explanation.matches
    };
    assert!(!matches("-x"));
    assert!(matches("a -x") && matches("?a ?b"));
}

#[test]
fn of_what_is_no_json_only_an_absence_may_hold() {
    let compat = Compat::default().with(Point::NotJsonNotExists);
    let matches = |pattern: &str| {
        let pattern = Pattern::parse_with(pattern, compat).unwrap();
        pattern.explain("no json").matches
    };
    assert!(matches("{ $.a NOT EXISTS }"));
    assert!(!matches("{ $.a = 1 }"));
}

#[test]
fn terms_say_which_one_is_missing() {
    insta::assert_snapshot!(parse("ERROR -x ?y \"z z\"").explain("ERROR x\u{1b}"), @r#"
    no match
      holds  ERROR  (found: in the event)
      fails  -x  (found: in the event)
      holds  ?y  (found: ignored beside other terms)
      fails  "z z"  (found: not in the event)
    "#);
    assert!(parse("").explain("x").matches);
}

#[test]
fn long_values_are_cut() {
    let event = format!("{{\"a\":\"\u{1b}{}\"}}", "é".repeat(500)).replace('\u{1b}', "");
    let explanation = parse("{ $.a = x }").explain(&event);
    let found = &explanation.conditions[0].found;
    assert!(
        found.chars().count() == 121 && found.ends_with('…'),
        "{found}"
    );
}
