//! Every line of `tests/vectors/filter-patterns.jsonl` is judged.
//!
//! A line says what a pattern does with a message, where that is known from, and how sure it is:
//! `documented` (by AWS), `aws-validated` (a public test that its authors ran against AWS),
//! `observed` (another implementation or a public pattern), `derived` (follows from a documented
//! rule; a source with UNKNOWN rests on a choice of this crate instead).

#![expect(clippy::expect_used, reason = "a test that cannot go on may say so")]

use std::collections::BTreeMap;
use std::fmt::Write;

use filters::{Error, Pattern};
use serde::Deserialize;

const VECTORS: &str = include_str!("vectors/filter-patterns.jsonl");

/// Lines that disagree on purpose: id and reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    pattern: String,
    message: Option<String>,
    expect: serde_json::Value,
    source: String,
    confidence: String,
    extracted: Option<BTreeMap<String, String>>,
    error: Option<String>,
    error_text: Option<String>,
}

fn vectors() -> Vec<Vector> {
    VECTORS
        .lines()
        .map(|line| serde_json::from_str(line).expect("a vector"))
        .collect()
}

/// Why the crate disagrees with the line, if it does.
fn disagreement(vector: &Vector) -> Option<String> {
    let parsed = Pattern::parse(&vector.pattern);
    if vector.expect == "error" {
        return parsed.is_ok().then(|| "accepted".to_owned());
    }
    let pattern = match parsed {
        Ok(pattern) => pattern,
        Err(error) => return Some(error.to_string()),
    };
    let message = vector.message.as_deref().unwrap_or_default();
    let matched = pattern.matches(message);
    if vector.expect != matched {
        return Some(format!("matches: {matched}"));
    }
    let extracted = pattern.extract(message);
    if extracted.is_some() != matched {
        return Some("extract and matches disagree".to_owned());
    }
    match (&vector.extracted, extracted) {
        (Some(wanted), Some(found)) if *wanted != found => Some(format!("extracted: {found:?}")),
        _ => None,
    }
}

#[test]
fn every_line_agrees() {
    let mut score: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    let mut faults = String::new();
    for vector in vectors() {
        let unknown = if vector.source.contains("UNKNOWN") {
            " (unknown)"
        } else {
            ""
        };
        let class = format!("{}{unknown}", vector.confidence);
        let (agreed, all) = score.entry((vector.kind.clone(), class)).or_default();
        *all += 1;
        let disagreement = disagreement(&vector);
        let excepted = EXCEPTIONS.iter().any(|(id, _)| *id == vector.id);
        match &disagreement {
            None => *agreed += 1,
            Some(_) if excepted => {}
            Some(why) => {
                writeln!(faults, "{}: `{}` {why}", vector.id, vector.pattern).expect("a string");
            }
        }
        if excepted && disagreement.is_none() {
            writeln!(faults, "{}: agrees, strike it out", vector.id).expect("a string");
        }
    }
    assert!(faults.is_empty(), "{score:#?}\n{faults}");
}

/// AWS's own words, where a report has them.
#[test]
fn refusals_are_worded_as_reported() {
    let mut faults = String::new();
    for vector in vectors()
        .iter()
        .filter(|v| v.error_text.as_deref() == Some("as reported"))
    {
        let wanted = vector.error.clone().unwrap_or_default();
        let found =
            Pattern::parse(&vector.pattern).map_or_else(|error| error.aws(), |_| "-".into());
        // Two calls word the general refusal differently; some reports quote only a part.
        let general = |text: &str| text.replace("metric filter", "filter");
        if !general(&found).contains(&general(&wanted)) && !wanted.contains('…') {
            writeln!(faults, "{}: {found}, not {wanted}", vector.id).expect("a string");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Each refusal is one lower-case line with a place and a fix, and its caret is under the place.
#[test]
fn refusals_name_place_and_fix() {
    for vector in vectors().iter().filter(|v| v.expect == "error") {
        let error: Error = Pattern::parse(&vector.pattern).expect_err(&vector.id);
        let text = error.to_string();
        assert!(
            !text.contains('\n') && !text.starts_with(char::is_uppercase),
            "{text}"
        );
        assert!(
            text.contains(&format!(" at character {}: ", error.position())),
            "{text}"
        );
        let caret = error.caret();
        let lines: Vec<&str> = caret.split('\n').collect();
        assert_eq!(lines.len(), 3, "{caret}");
        assert!(lines[1].trim_start() == "^" && lines[2] == text, "{caret}");
        assert!(
            lines[1].chars().count() <= lines[0].chars().count() + 1,
            "{caret}"
        );
    }
}
