//! The table of examples that every test of the language shares.

#![expect(clippy::expect_used, reason = "a test that cannot go on may say so")]

use std::collections::BTreeMap;

use serde::Deserialize;

/// A line of the table. It says what a pattern does with a message, where that is known from, and how sure it is:
/// `documented` (by AWS), `aws-validated` (a public test that its authors ran against AWS), `observed` (another
/// implementation or a public pattern), `derived` (follows from a documented rule; a source with UNKNOWN rests on a
/// choice of this crate instead).
#[derive(Deserialize)]
pub(crate) struct Vector {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) pattern: String,
    pub(crate) message: Option<String>,
    pub(crate) expect: serde_json::Value,
    pub(crate) source: String,
    pub(crate) confidence: String,
    pub(crate) extracted: Option<BTreeMap<String, String>>,
    error: Option<String>,
    error_text: Option<String>,
}

impl Vector {
    /// Whether it rests on a choice and on nothing that is known.
    pub(crate) fn is_unknown(&self) -> bool {
        self.source.contains("UNKNOWN")
    }

    /// AWS's words of refusal, where a report quotes them whole.
    pub(crate) fn reported(&self) -> Option<&str> {
        let quoted = self.error_text.as_deref() == Some("as reported");
        self.error
            .as_deref()
            .filter(|text| quoted && !text.contains('…'))
    }

    /// Whether the pattern is to be refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.expect == "error"
    }
}

/// Whether one refusal quotes the other. Two calls word the general refusal differently.
pub(crate) fn worded_alike(found: &str, wanted: &str) -> bool {
    let general = |text: &str| text.replace("metric filter", "filter");
    general(found).contains(&general(wanted))
}

pub(crate) fn all() -> Vec<Vector> {
    include_str!("filter-patterns.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a vector"))
        .collect()
}
