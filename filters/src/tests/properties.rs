//! What must hold for every pattern and every event.

use std::fmt::Write;

use proptest::prelude::*;

use super::{judge, parse_with};
use crate::{Compat, Pattern, Point, glob};

/// Texts that provoke: escapes, slashes, quotes, look-alikes of numbers and keywords.
fn word() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[ab]{0,3}",
        1 => prop_oneof![Just("x/y"), Just("é"), Just("a\"b"), Just("a\\b"), Just("true"),
            Just("null"), Just("12"), Just("12.0"), Just("1e1"), Just("a\tb"), Just("\u{FFFD}"),
            Just("\u{1F600}a"), Just("PutImage")].prop_map(str::to_owned),
    ]
    .boxed()
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn value() -> BoxedStrategy<String> {
    prop_oneof![
        3 => word().prop_map(|text| quote(&text)),
        2 => (word(), word()).prop_map(|(a, b)| quote(&format!("{a}*{b}"))),
        1 => "[ab*]{1,4}",
        1 => "-?[0-9]{1,2}(\\.[05])?",
    ]
    .boxed()
}

fn selector() -> BoxedStrategy<String> {
    let step = prop_oneof![
        5 => prop_oneof![Just(".a"), Just(".b"), Just(".['x/y']"), Just("['é']"), Just(".eventName")],
        1 => Just("[0]"),
        1 => Just("[*]"),
        1 => Just(".*"),
    ];
    proptest::collection::vec(step, 1..3)
        .prop_map(|steps| format!("${}", steps.concat()))
        .boxed()
}

fn condition() -> BoxedStrategy<String> {
    prop_oneof![
        4 => (selector(), value()).prop_map(|(s, v)| format!("{s} = {v}")),
        1 => (selector(), value()).prop_map(|(s, v)| format!("{s} != {v}")),
        1 => (selector(), "(<|>|<=|>=)", 0..20u8).prop_map(|(s, r, n)| format!("{s} {r} {n}")),
        1 => (selector(), "(IS NULL|IS TRUE|IS FALSE|NOT EXISTS)").prop_map(|(s, k)| format!("{s} {k}")),
        1 => (selector(), "[ab.^$]{1,3}").prop_map(|(s, r)| format!("{s} = %{r}%")),
    ].boxed()
}

fn json_pattern() -> BoxedStrategy<String> {
    let leaf = condition();
    let tree = leaf.prop_recursive(3, 6, 3, |inner| {
        (proptest::collection::vec(inner, 1..3), any::<bool>())
            .prop_map(|(parts, and)| format!("({})", parts.join(if and { " && " } else { "||" })))
    });
    tree.prop_map(|tree| format!("{{{tree}}}")).boxed()
}

fn terms_pattern() -> BoxedStrategy<String> {
    let item = (
        "[?-]?",
        prop_oneof![word().prop_map(|w| quote(&w)), "[ab]{1,2}", "%[ab.]{1,2}%"],
    );
    proptest::collection::vec(item.prop_map(|(role, term)| role + &term), 1..4)
        .prop_map(|items| items.join(" "))
        .boxed()
}

fn fields_pattern() -> BoxedStrategy<String> {
    let field = prop_oneof![
        Just("...".to_owned()),
        Just("@".to_owned()),
        value().prop_map(|v| format!("@ = {v}")),
        (value(), value()).prop_map(|(v, w)| format!("@ = {v} || @ != {w}")),
        (0..20u8).prop_map(|n| format!("@>{n}")),
    ];
    proptest::collection::vec(field, 0..4)
        .prop_map(|fields| {
            let named: Vec<String> = fields
                .iter()
                .enumerate()
                .map(|(n, f)| f.replace('@', &format!("f{n}")))
                .collect();
            format!("[{}]", named.join(", "))
        })
        .boxed()
}

fn pattern() -> BoxedStrategy<String> {
    prop_oneof![3 => json_pattern(), 1 => terms_pattern(), 1 => fields_pattern()].boxed()
}

fn compat() -> BoxedStrategy<Compat> {
    let switch = proptest::sample::select(Point::ALL);
    prop_oneof![
        1 => Just(Compat::default()),
        1 => proptest::collection::vec(switch, 0..6)
            .prop_map(|points| points.into_iter().fold(Compat::default(), Compat::with)),
    ]
    .boxed()
}

/// A character as JSON may write it.
fn spell(c: char, escaped: bool) -> String {
    match c {
        _ if escaped => {
            let mut spelled = String::new();
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(spelled, "\\u{unit:04x}").expect("a string");
            }
            spelled
        }
        '"' | '\\' | '/' => format!("\\{c}"),
        '\t' => "\\t".to_owned(),
        _ => c.to_string(),
    }
}

pub(super) fn json_event() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => scalar().prop_map(|(raw, _)| raw),
        1 => "(null|true|false|-?[0-9]|1[0-9](\\.[05])?|1e1)",
    ];
    let node = leaf.prop_recursive(3, 12, 4, |inner| {
        let key = prop_oneof![
            4 => "\"(a|b|eventName)\"",
            1 => Just("\"x/y\"".to_owned()),
            1 => Just("\"\\u00e9\"".to_owned()),
            1 => Just("\"\\u0061\"".to_owned()),
        ];
        let member = (key, inner.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
        prop_oneof![
            3 => proptest::collection::vec(member, 0..4).prop_map(|m| format!("{{{}}}", m.join(","))),
            1 => proptest::collection::vec(inner, 0..3).prop_map(|e| format!("[{}]", e.join(" ,"))),
        ]
    });
    proptest::collection::vec(("\"(a|b|eventName|\\\\u0061)\"", node), 0..4)
        .prop_map(|members| {
            let colons = [":", " : "].iter().cycle();
            let members = members.iter().zip(colons);
            let members: Vec<String> = members.map(|((k, v), c)| format!("{k}{c}{v}")).collect();
            format!("{{{}}}", members.join(","))
        })
        .boxed()
}

fn event() -> BoxedStrategy<String> {
    prop_oneof![
        4 => json_event(),
        1 => proptest::collection::vec(word(), 0..6).prop_map(|words| words.join(" ")),
        1 => "[ab\"\\[\\] \t]{0,12}",
        1 => any::<String>(),
    ]
    .boxed()
}

/// A JSON value, and the text that a pattern sees of it.
fn scalar() -> BoxedStrategy<(String, String)> {
    let string = (word(), prop_oneof![Just(0), any::<u8>()]).prop_map(|(text, bits)| {
        let spelled = text
            .chars()
            .enumerate()
            .map(|(n, c)| spell(c, bits >> (n % 8) & 1 == 1));
        (format!("\"{}\"", spelled.collect::<String>()), text)
    });
    prop_oneof![
        3 => string,
        1 => "(true|false|-?[0-9]|1[0-9]\\.[05]|1e1)".prop_map(|raw| (raw.clone(), raw)),
    ]
    .boxed()
}

/// The glob by its definition.
fn naive_glob(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|n| naive_glob(rest, &text[n..])),
        Some((c, rest)) => text.first() == Some(c) && naive_glob(rest, &text[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_prefilter_skips_no_event(
        pattern in pattern(),
        compat in compat(),
        events in proptest::collection::vec(event(), 1..6),
    ) {
        if let Ok(pattern) = Pattern::parse_with(&pattern, compat) {
            for event in events {
                judge(&pattern, &event);
            }
        }
    }

    #[test]
    fn a_pattern_made_of_an_event_matches_it(
        (key, name) in scalar().prop_filter("a key", |(key, _)| key.starts_with('"')),
        (raw, text) in scalar(),
        cut in 0..8usize,
        form in 0..4,
    ) {
        prop_assume!(!name.contains('\''));
        let (head, tail) = text.split_at(text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(0));
        let wanted = match form {
            0 => quote(&text),
            1 => quote(&format!("{head}*")),
            2 => quote(&format!("{head}*{tail}*")),
            _ => quote(&format!("*{tail}*")),
        };
        let pattern = parse_with(&format!("{{ $.['{name}'] = {wanted} }}"), Compat::default());
        let event = format!("{{ {key} : {raw} }}");
        prop_assert!(judge(&pattern, &event), "`{}` on `{}`", pattern, event);
    }

    #[test]
    fn what_is_printed_parses_to_the_same(pattern in pattern(), compat in compat()) {
        if Pattern::parse_with(&pattern, compat).is_ok() {
            let once = parse_with(&pattern, compat);
            prop_assert_eq!(parse_with(&once.to_string(), compat).to_string(), once.to_string());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(pattern in any::<String>(), event in any::<String>()) {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            judge(&pattern, &event);
        }
    }

    #[test]
    fn any_tokens_are_read_or_refused(
        tokens in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "[", "]", "(", ")", "$", ".", "*", "a", "1", "\"", "\\", "%", "=", "!",
                "<", "&&", "||", " ", ",", "...", "-", "?", "IS", "NOT EXISTS", "$.a", "x=1", "é",
            ]),
            0..14,
        ),
        outer in 0..3,
        compat in compat(),
    ) {
        let inner = tokens.concat();
        let text = match outer {
            0 => inner,
            1 => format!("{{{inner}}}"),
            _ => format!("[{inner}]"),
        };
        match Pattern::parse_with(&text, compat) {
            Ok(_) => {
                let pattern = parse_with(&text, compat);
                judge(&pattern, "{\"a\":1}");
                judge(&pattern, "a \"1 x");
            }
            Err(error) => {
                prop_assert!(error.position() <= text.chars().count() + 1);
                prop_assert_eq!(error.caret().lines().count(), 3);
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_only_lines(
        pattern in pattern(),
        mut text in proptest::collection::vec(any::<u8>(), 0..60),
        event in event(),
    ) {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            text.push(b'\n');
            text.extend(event.as_bytes());
            let naive: Vec<&[u8]> = text
                .split_inclusive(|b| *b == b'\n')
                .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
                .filter(|line| pattern.matches(&String::from_utf8_lossy(line)))
                .collect();
            let found: Vec<&[u8]> = pattern.lines(&text).map(|(_, line)| line).collect();
            prop_assert_eq!(found, naive);
        }
    }

    #[test]
    fn the_ordinary_glob_is_the_naive_one(pattern in "[ab*é]{0,6}", text in "[abé]{0,8}") {
        let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        prop_assert_eq!(glob::matches(&pattern, &text), naive_glob(&p, &t));
    }

    #[test]
    fn the_leftmost_glob_never_exceeds_the_ordinary_one(
        pattern in "[ab*]{0,6}",
        text in "[ab]{0,8}",
    ) {
        if let Some(wildcard) = crate::wildcard::Wildcard::new(&pattern) {
            let leftmost = wildcard.matches(&text, Compat::default());
            prop_assert!(!leftmost || glob::matches(&pattern, &text));
            if pattern.ends_with('*') {
                prop_assert_eq!(leftmost, glob::matches(&pattern, &text));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn long_patterns_print_within_the_limit(
        conditions in proptest::collection::vec(condition(), 20..60),
    ) {
        let mut text = String::new();
        for pair in conditions.chunks(2) {
            let pair = format!("({})", pair.join("||")).replace(" = ", "=");
            if text.len() + pair.len() + 4 < 1024 {
                let joint = if text.is_empty() { "{" } else { "&&" };
                text = text + joint + &pair;
            }
        }
        text.push('}');
        if Pattern::parse(&text).is_ok() {
            parse_with(&text, Compat::default());
        }
    }
}
