//! Every line of `tests/vectors/filter-patterns.jsonl` is judged.
//!
//! The score stands in the crate's README, and must stand there as it is.

#![expect(clippy::expect_used, reason = "a test that cannot go on may say so")]

mod vectors;

use std::collections::BTreeMap;
use std::fmt::Write;

use filters::{Error, Pattern};

use self::vectors::Vector;

/// Lines that disagree on purpose: id and reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Why the crate disagrees with the line, if it does.
fn disagreement(vector: &Vector) -> Option<String> {
    let parsed = Pattern::parse(&vector.pattern);
    if vector.is_refused() {
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
    let mut score = Score::new();
    let mut faults = String::new();
    for vector in vectors::all() {
        let (agreed, all) = score
            .entry((vector.kind.clone(), column(&vector)))
            .or_default();
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
    assert!(faults.is_empty(), "{faults}");
    let table = table(&score);
    assert!(
        include_str!("../README.md").contains(&table),
        "put into README.md:\n{table}"
    );
}

/// Agreed and all, by kind and column.
type Score = BTreeMap<(String, usize), (usize, usize)>;

const COLUMNS: [&str; 5] = [
    "documented",
    "aws-validated",
    "observed",
    "derived",
    "chosen",
];

fn column(vector: &Vector) -> usize {
    let known = COLUMNS.iter().position(|c| *c == vector.confidence);
    if vector.is_unknown() {
        COLUMNS.len() - 1
    } else {
        known.expect("a confidence")
    }
}

fn table(score: &Score) -> String {
    let kinds: std::collections::BTreeSet<&String> = score.keys().map(|(kind, _)| kind).collect();
    let mut table = format!(
        "| kind | {} | all |\n|---|{}\n",
        COLUMNS.join(" | "),
        "---|".repeat(6)
    );
    let mut row = |name: &str, of: &dyn Fn(&str) -> bool| {
        write!(table, "| {name} |").expect("a string");
        for wanted in (0..COLUMNS.len()).map(Some).chain([None]) {
            let cells = score
                .iter()
                .filter(|((kind, column), _)| of(kind) && wanted.is_none_or(|w| w == *column));
            let (agreed, all) =
                cells.fold((0, 0), |sum, (_, cell)| (sum.0 + cell.0, sum.1 + cell.1));
            let cell = if all == 0 {
                "–".to_owned()
            } else {
                format!("{agreed}/{all}")
            };
            write!(table, " {cell} |").expect("a string");
        }
        table.push('\n');
    };
    for kind in kinds {
        row(kind, &|other| other == kind);
    }
    row("all", &|_| true);
    table
}

/// AWS's own words, where a report has them.
#[test]
fn refusals_are_worded_as_reported() {
    let mut faults = String::new();
    for vector in vectors::all() {
        let Some(wanted) = vector.reported() else {
            continue;
        };
        let found =
            Pattern::parse(&vector.pattern).map_or_else(|error| error.aws(), |_| "-".into());
        if !vectors::worded_alike(&found, wanted) {
            writeln!(faults, "{}: {found}, not {wanted}", vector.id).expect("a string");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Each refusal is one lower-case line with a place and a fix, and its caret is under the place.
#[test]
fn refusals_name_place_and_fix() {
    for vector in vectors::all().iter().filter(|v| v.is_refused()) {
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
