#![no_main]
//! The regex machine finds what another engine finds, for expressions that both read alike.

use filters::Pattern;

libfuzzer_sys::fuzz_target!(|input: &str| {
    let Some((body, event)) = input.split_once('\n') else {
        return;
    };
    let Ok(pattern) = Pattern::parse(&format!("%{body}%")) else {
        return;
    };
    let found = pattern.matches(event);
    // A per cent sign in the middle ends the expression and begins another term.
    if body.contains('%') {
        return;
    }
    // AWS's blanks are fewer, and only it writes `{,2}`; a bracket inside a class needs no escape here, nor does a dash
    // behind a class of its own.
    if body.contains("\\s") || body.contains("\\S") || body.contains("{,") || body.contains('[') {
        return;
    }
    let other = regex_lite::RegexBuilder::new(body)
        .dot_matches_new_line(true)
        .build();
    if let Ok(other) = other {
        assert_eq!(found, other.is_match(event), "%{body}% on {event:?}");
    }
});
