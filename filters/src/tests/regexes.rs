//! The machine of bits against another engine, and its worst cases against the clock.

use proptest::prelude::*;

use super::parse;
use crate::{Compat, Pattern, Point};

/// The same expression as the other engine writes it: its `\s` knows more blanks than AWS's, and
/// `{,n}` is new to it.
fn elsewhere(body: &str, compat: Compat) -> regex_lite::Regex {
    let end = if compat.other(Point::DotNewline) {
        r"(?:\n?$)"
    } else {
        "$"
    };
    let mut text = String::new();
    let mut class = false;
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, class) {
            ('\\', _) => match (chars.next().unwrap(), class) {
                ('s', false) => text.push_str(r"[ \t\n]"),
                ('S', false) => text.push_str(r"[^ \t\n]"),
                ('s', true) => text.push_str(r" \t\n"),
                (c, _) => text.extend(['\\', c]),
            },
            ('$', false) => text.push_str(end),
            ('{', false) if chars.peek() == Some(&',') => text.push_str("{0"),
            ('[', false) => {
                class = true;
                text.push(c);
                text.extend(chars.next_if_eq(&'^'));
                text.push_str(chars.next_if_eq(&']').map_or("", |_| r"\]"));
            }
            (c, _) => {
                class &= c != ']';
                text.push(c);
            }
        }
    }
    regex_lite::RegexBuilder::new(&text)
        .dot_matches_new_line(!compat.other(Point::DotNewline))
        .build()
        .unwrap_or_else(|why| panic!("`{text}`: {why}"))
}

fn body() -> BoxedStrategy<String> {
    let class = prop_oneof![
        6 => "[ab]",
        2 => Just(".".to_owned()),
        3 => prop_oneof![Just("[ab]"), Just("[^a]"), Just("[a-c]"), Just(r"\w"), Just(r"\D"),
            Just(r"\S"), Just(r"\s"), Just(r"[\sb]"), Just(r"\x61"), Just(r"\."), Just("[^]a]")]
            .prop_map(str::to_owned),
        1 => prop_oneof![Just("^"), Just("$")].prop_map(str::to_owned),
    ];
    let times = prop_oneof![
        8 => Just(String::new()),
        5 => "[?*+]",
        2 => "\\{[0-3]?,[3-5]\\}",
        1 => "\\{[0-3],?\\}",
        1 => "\\{6[0-9]\\}",
        1 => Just("*?".to_owned()),
        1 => Just("+*".to_owned()),
        1 => Just("?{2,3}".to_owned()),
        1 => Just("*{0}".to_owned()),
    ];
    let row = proptest::collection::vec(
        (class, times).prop_map(|(class, times)| class + &times),
        0..6,
    )
    .prop_map(|parts| parts.concat());
    proptest::collection::vec(row, 1..4)
        .prop_map(|rows| rows.join("|"))
        .prop_filter("an expression", |body| !body.is_empty())
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_machine_finds_what_another_engine_finds(
        body in body(),
        texts in proptest::collection::vec("[ab]{0,5}|[abcé.\n ]{0,8}|a{55,75}b?", 1..8),
        newline in any::<bool>(),
    ) {
        let compat = if newline { Compat::default().with(Point::DotNewline) } else { Compat::default() };
        let ours = Pattern::parse_with(&format!("%{body}%"), compat).unwrap();
        let theirs = elsewhere(&body, compat);
        for text in texts {
            prop_assert_eq!(ours.matches(&text), theirs.is_match(&text), "%{}% on {:?}", body, text);
        }
    }

    #[test]
    fn any_expression_is_read_or_refused(body in "[ab\\[\\]{}^$|\\\\*+?.,0-3xdS-]{1,12}", text in "[ab0]{0,6}") {
        if let Ok(pattern) = Pattern::parse(&format!("%{body}%")) {
            let _ = pattern.matches(&text);
        }
    }
}

/// Thousands of places, all of them busy, on the largest event there is: a second at the most, where
/// an engine that goes back would never end.
#[test]
fn the_worst_expression_takes_bounded_time() {
    let event = "ab".repeat(crate::limits::EVENT_BYTES / 2);
    for body in [
        "[ab]{900}x",
        "a.{8000}x",
        "[ab]*a[ab]{0,4000}x",
        "a*b*a*b*a*b*a*b*a*b*x",
    ] {
        assert!(
            !Pattern::parse(&format!("%{body}%"))
                .unwrap()
                .matches(&event)
        );
    }
}

/// What does not fit into one word of places, with runs that may be left out on both sides of the border.
#[test]
fn long_expressions_are_told_from_what_is_nearly_one() {
    let a = |times: usize| "a".repeat(times);
    let found = |body: &str, text: &str| parse(&format!("%{body}%")).matches(text);
    for (body, least, most) in [
        ("^a{70}$", 70, 70),
        ("^a{60,80}$", 60, 80),
        ("^a{62}a?a*a{3}$", 65, 200),
    ] {
        for times in [
            59, 60, 61, 62, 63, 64, 65, 66, 69, 70, 71, 79, 80, 81, 128, 129, 199,
        ] {
            let wanted = (least..=most).contains(&times);
            assert_eq!(found(body, &a(times)), wanted, "{body} on {times}");
            assert!(
                !found(body, &(a(times) + "b")),
                "{body} on {times} and another"
            );
        }
    }
    assert!(
        found("a{70}", &format!("b{}b", a(70)))
            && !found("a{70}", &format!("b{}b{}", a(69), a(69)))
    );
    for letters in ["", "b", "c", "bcdefg", "dg"] {
        let text = format!("{}{letters}h", a(60));
        assert!(found("^a{60}b?c?d?e?f?g?h$", &text), "{letters}");
        assert!(
            !found("^a{60}b?c?d?e?f?g?h$", &format!("{text}h")),
            "{letters}"
        );
    }
    assert!(!found("^a{60}b?c?d?e?f?g?h$", &format!("{}cbh", a(60))));
    // Rows that share a word.
    for (text, wanted) in [("xxb", true), ("yc", true), ("xxc", false), ("yb", false)] {
        let text = text.replace("xx", &a(63)).replace('y', &a(64));
        assert_eq!(found("^a{63}b$|^a{64}c$", &text), wanted, "{text}");
    }
}

#[test]
fn what_must_stand_before_the_beginning_or_behind_the_end_is_never_found() {
    for (body, wanted) in [("a^", false), ("$a", false), ("a?^a", true), ("a$b*", true)] {
        let found = parse(&format!("%{body}%")).matches("a");
        assert_eq!(found, wanted, "{body}");
    }
}

#[test]
fn the_longest_expression_is_read_and_one_more_character_is_not() {
    // The start of the row takes a place as well.
    let longest = crate::limits::REGEX_CHARACTERS - 1;
    assert!(Pattern::parse(&format!("%a{{{longest}}}%")).is_ok());
    let more = longest + 1;
    assert!(Pattern::parse(&format!("%a{{{more}}}%")).is_err());
}

#[test]
fn repetitions_of_a_repetition_are_multiplied() {
    for (body, least, most) in [
        ("a{2}{0}", 0, 0),
        ("a{2,}{,0}", 0, 0),
        ("a*{0}", 0, 0),
        ("a{0}*", 0, 0),
        ("a{,0}{2,}", 0, 0),
        ("a{2}{1}", 2, 2),
        ("a{1}{3}", 3, 3),
        ("a{,2}{3}", 0, 6),
        ("a+{2,3}", 2, 9),
    ] {
        let pattern = parse(&format!("%^{body}$%"));
        for times in 0..8 {
            let wanted = (least..=most).contains(&times);
            assert_eq!(
                pattern.matches(&"a".repeat(times)),
                wanted,
                "{body} on {times}"
            );
        }
    }
}

#[test]
fn the_classes_with_a_letter_hold_these_characters_and_no_others() {
    for (letter, members) in [
        ('d', "0123456789"),
        (
            'w',
            "0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        ),
        ('s', " \t\n"),
    ] {
        let class = parse(&format!(r"%^\{letter}$%"));
        let others = parse(&format!(r"%^\{}$%", letter.to_ascii_uppercase()));
        for c in ('\0'..='\x7f').chain(['é']) {
            let (text, wanted) = (c.to_string(), members.contains(c));
            assert_eq!(class.matches(&text), wanted, "{letter} on {c:?}");
            assert_ne!(others.matches(&text), wanted, "not {letter} on {c:?}");
        }
    }
}
