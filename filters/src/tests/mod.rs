//! Tests that look inside: tables, properties, the JSON reader.

mod explain;
mod json_reader;
mod patterns;
mod prefilter;
mod properties;
mod put_image;
mod readings;
mod refusals;
mod regexes;
mod switches;

use crate::{Compat, Pattern};

/// Judges with the prefilter, without it, and as a line among others; all must agree.
#[track_caller]
fn judge(pattern: &Pattern, event: &str) -> bool {
    let plain = pattern.evaluate(event);
    assert_eq!(
        pattern.matches(event),
        plain,
        "the prefilter changes `{pattern}` on `{event}`"
    );
    assert_eq!(
        pattern.extract(event).is_some(),
        plain,
        "extract: `{pattern}` on `{event}`"
    );
    assert_eq!(
        pattern.explain(event).matches,
        plain,
        "explain: `{pattern}` on `{event}`"
    );
    if !event.contains('\n') && !event.is_empty() {
        let text = format!("x\n{event}\n{event}\n\ny \\u0041");
        let found = pattern
            .lines(text.as_bytes())
            .filter(|(_, line)| *line == event.as_bytes());
        let twice = 2 * usize::from(plain);
        let alike = ["x", "y \\u0041"]
            .iter()
            .filter(|l| **l == event && plain)
            .count();
        assert_eq!(
            found.count(),
            twice + alike,
            "lines: `{pattern}` on `{event}`"
        );
    }
    plain
}

#[track_caller]
fn parse(text: &str) -> Pattern {
    parse_with(text, Compat::default())
}

/// Parses, and checks that what is printed parses to the same.
#[track_caller]
fn parse_with(text: &str, compat: Compat) -> Pattern {
    let pattern = Pattern::parse_with(text, compat).unwrap_or_else(|error| panic!("{error}"));
    let printed = pattern.to_string();
    assert_eq!(
        Pattern::parse_with(&printed, compat).as_ref(),
        Ok(&pattern),
        "`{text}` is printed as `{printed}`"
    );
    pattern
}
