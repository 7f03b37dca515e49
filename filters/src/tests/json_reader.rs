//! The reader against `serde_json`, and against hostile nesting.

use std::fmt::Write;

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::{judge, parse};
use crate::json::{Scalar, document};

fn is_container(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\n', '\r'])
        .starts_with(['{', '['])
}

#[track_caller]
fn agree(text: &str) {
    let ours = document(text, |_, _| {}).is_some();
    let theirs = is_container(text) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert_eq!(ours, theirs, "{text:?}");
}

#[test]
fn syntax_is_that_of_serde_json() {
    for text in [
        "{}",
        "[]",
        "{ }",
        "[ ]",
        "{\"a\":1}",
        "{\"a\" : [1 , 2]}",
        "{\"a\":}",
        "{a:1}",
        "{,}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "[-]",
        "[-0]",
        "[01]",
        "[1.]",
        "[.5]",
        "[1e]",
        "[1e+]",
        "[1E-07]",
        "[tru]",
        "[nulll]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[\"\\u12G4\"]",
        "[\"\\ud800\"]",
        "[\"\u{7f}\"]",
        "[\"\t\"]",
        "{\"a\":{\"b\":[{}]}}]",
        "[[]",
        "{\"a\"}",
        "{\"a\":1 \"b\":2}",
        "\u{feff}{}",
        "{}\0",
        "[\"",
        "[\"\\",
        "[\"\\u",
        "{\"",
        "[+1]",
    ] {
        agree(text);
    }
}

proptest! {
    #[test]
    fn random_tokens_are_judged_as_by_serde_json(
        tokens in proptest::collection::vec(
            prop_oneof![
                Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just("\"a\""),
                Just("\"\\u0041\""), Just("1"), Just("-2.5e3"), Just("true"), Just("null"),
                Just(" "), Just("\"b\":"), Just("\"b\":1"), Just("[1,2]"), Just("{\"c\":{}}"),
            ],
            0..12,
        )
    ) {
        agree(&tokens.concat());
        agree(&format!("{{{}}}", tokens.concat()));
        agree(&format!("[{}]", tokens.join(",")));
    }

    #[test]
    fn strings_are_decoded_as_by_serde_json(text in any::<String>()) {
        let event = serde_json::json!({ "a": text }).to_string();
        let mut found = None;
        document(&event, |key, node| {
            assert!(key.is("a"));
            found = Some(node);
        }).expect("an object");
        prop_assert_eq!(found.expect("a member").scalar(), Scalar::String(text.into()));
    }
}

#[test]
fn nesting_costs_no_stack() {
    let depth = 500_000;
    let pattern = parse("{ $.a[0][0][0] = 1 || $.b = 1 }");
    let deep = format!(
        "{{\"a\":{}{},\"b\":1}}",
        "[".repeat(depth),
        "]".repeat(depth)
    );
    assert!(judge(&pattern, &deep));
    assert!(!judge(&pattern, &"[".repeat(depth)));
    assert!(!judge(&pattern, &"{\"a\":".repeat(depth)));
    let mut mixed = String::new();
    for _ in 0..1000 {
        mixed += "{\"a\":[";
    }
    for _ in 0..1000 {
        mixed += "]}";
    }
    agree(&mixed);
    agree(&mixed.replacen("]}", "}]", 1));
}

#[test]
fn many_members_and_many_selectors_stay_bounded() {
    let mut event = String::from("{");
    for n in 0..50_000 {
        write!(event, "\"k{n}\":1,").expect("a string");
    }
    event += "\"z\":2}";
    let conditions: Vec<String> = (0..100).map(|n| format!("$.k{n}=2")).collect();
    let pattern = parse(&format!("{{{}}}", conditions.join("||")));
    assert!(!judge(&pattern, &event));
    assert!(judge(&parse("{ $.* = 2 }"), &event));
}
