//! The same table put to the real `TestMetricFilter`, for whoever has an account:
//!
//! ```text
//! ECROLL_ORACLE=aws cargo test -p ecroll-filters --test oracle
//! ```
//!
//! It needs the AWS CLI, version 1 or 2, with credentials and a Region, and the permission `logs:TestMetricFilter`. The
//! call reads and changes nothing in the account and costs nothing. Without the variable nothing is asked.
//!
//! Two tables come out. The first names every example on which AWS answers otherwise than the table says. The second
//! names every [`Point`] that is not publicly known with the reading that AWS takes: the switch of that name in
//! `src/compat.rs` is then settled. The test fails when an example that rests on more than a choice disagrees.

#![expect(clippy::print_stdout, reason = "the tables are what it is run for")]
#![expect(clippy::expect_used, reason = "a test that cannot go on may say so")]

mod vectors;

use std::collections::BTreeMap;
use std::fmt;
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::Duration;

use filters::{Compat, Pattern, Point, limits};
use serde::Deserialize;

/// AWS allows five calls a second.
const PAUSE: Duration = Duration::from_millis(210);

/// What becomes of one message under one pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Refused(String),
    NoMatch,
    Match(BTreeMap<String, String>),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::NoMatch => f.write_str("no match"),
            Self::Match(values) if values.is_empty() => f.write_str("match"),
            Self::Match(values) => write!(f, "match {values:?}"),
        }
    }
}

#[derive(Deserialize)]
struct Matches {
    matches: Vec<Match>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    event_number: i64,
    event_message: String,
    #[serde(default)]
    extracted_values: BTreeMap<String, String>,
}

/// Asks AWS. An error is anything but an answer about the pattern.
struct Oracle {
    /// The lowest number that an event was given.
    first_number: Option<i64>,
}

impl Oracle {
    fn ask(&mut self, pattern: &str, messages: &[&str]) -> Result<Vec<Answer>, String> {
        sleep(PAUSE);
        let input = serde_json::json!({"filterPattern": pattern, "logEventMessages": messages});
        let output = Command::new("aws")
            .args(["logs", "test-metric-filter", "--output", "json"])
            .args(["--cli-input-json", &input.to_string()])
            .env("AWS_PAGER", "")
            .output()
            .map_err(|error| {
                format!("the AWS CLI cannot be run ({error}): install it so that `aws` is found")
            })?;
        if output.status.success() {
            let found: Matches = serde_json::from_slice(&output.stdout)
                .map_err(|error| format!("the answer of the AWS CLI is no JSON: {error}"))?;
            let lowest = found.matches.iter().map(|found| found.event_number).min();
            self.first_number = self.first_number.into_iter().chain(lowest).min();
            let answer = |message: &&str| {
                let mut matches = found.matches.iter();
                let found = matches.find(|found| found.event_message == **message);
                found.map_or(Answer::NoMatch, |found| {
                    Answer::Match(found.extracted_values.clone())
                })
            };
            return Ok(messages.iter().map(answer).collect());
        }
        let words = String::from_utf8_lossy(&output.stderr)
            .trim()
            .replace('\n', " ");
        let about_the_pattern = [
            "InvalidParameterException",
            "ValidationException",
            "validation error",
        ];
        if !about_the_pattern.iter().any(|part| words.contains(part)) {
            return Err(format!("AWS cannot be asked: {words}"));
        }
        let text = words
            .split_once("operation: ")
            .map_or(words.as_str(), |(_, text)| text);
        Ok(vec![Answer::Refused(text.to_owned()); messages.len()])
    }
}

/// What this crate answers.
fn ours(pattern: &str, message: &str, compat: Compat) -> Answer {
    match Pattern::parse_with(pattern, compat) {
        Err(error) => Answer::Refused(error.aws()),
        Ok(pattern) => pattern
            .extract(message)
            .map_or(Answer::NoMatch, Answer::Match),
    }
}

impl Answer {
    /// Refused, no match, or match.
    fn verdict(&self) -> u8 {
        match self {
            Self::Refused(_) => 0,
            Self::NoMatch => 1,
            Self::Match(_) => 2,
        }
    }
}

fn examples(oracle: &mut Oracle) -> Result<usize, String> {
    let mut by_pattern: BTreeMap<String, Vec<vectors::Vector>> = BTreeMap::new();
    for vector in vectors::all() {
        // The call takes no empty message.
        if vector.message.as_deref() == Some("") {
            continue;
        }
        by_pattern
            .entry(vector.pattern.clone())
            .or_default()
            .push(vector);
    }
    let (mut asked, mut differ, mut gating) = (0, 0, 0);
    println!("examples on which AWS answers otherwise:");
    for (pattern, vectors) in &by_pattern {
        for some in vectors.chunks(limits::TEST_MESSAGES) {
            let text =
                |vector: &vectors::Vector| vector.message.clone().unwrap_or_else(|| "x".into());
            let texts: Vec<String> = some.iter().map(text).collect();
            let messages: Vec<&str> = texts.iter().map(String::as_str).collect();
            let answers = oracle.ask(pattern, &messages)?;
            asked += some.len();
            for ((vector, message), aws) in some.iter().zip(&messages).zip(answers) {
                let matched = matches!(aws, Answer::Match(_));
                let agrees = match (vector.is_refused(), &aws) {
                    (refused, Answer::Refused(_)) => refused,
                    (true, _) => false,
                    (false, Answer::Match(values))
                        if vector
                            .extracted
                            .as_ref()
                            .is_some_and(|wanted| wanted != values) =>
                    {
                        false
                    }
                    (false, _) => vector.expect == matched,
                };
                if let (Answer::Refused(words), Some(wanted)) = (&aws, vector.reported())
                    && !vectors::worded_alike(words, wanted)
                {
                    println!(
                        "  {} {}: reported `{wanted}`, now `{words}`",
                        vector.kind, vector.id
                    );
                }
                if !agrees {
                    differ += 1;
                    gating += usize::from(!vector.is_unknown());
                    let sure = if vector.is_unknown() {
                        "chosen"
                    } else {
                        &vector.confidence
                    };
                    println!(
                        "  {} {} ({sure}): `{pattern}` on {message:?}",
                        vector.kind, vector.id
                    );
                    println!("      table: {}; AWS: {aws}", vector.expect);
                }
            }
        }
    }
    println!("  {differ} of {asked}, {gating} of them not by choice");
    Ok(gating)
}

fn points(oracle: &mut Oracle) -> Result<(), String> {
    println!("points that were not known, and the switch of src/compat.rs that is settled:");
    for &point in Point::ALL {
        let (pattern, message) = point.probe();
        let answers = oracle.ask(pattern, &[message])?;
        let aws = answers
            .into_iter()
            .next()
            .expect("an answer for the message");
        let chosen = ours(pattern, message, Compat::default());
        let other = ours(pattern, message, Compat::default().with(point));
        // What is extracted counts only where nothing else tells the readings apart: it is a point of its own.
        let values = chosen.verdict() == other.verdict();
        let is =
            |reading: &Answer| aws.verdict() == reading.verdict() && (!values || aws == *reading);
        let reading = match (is(&chosen), is(&other)) {
            (true, false) => format!("as chosen: {}", point.choice()),
            (false, true) => format!("SWITCH: {}", point.alternative()),
            _ => format!("neither reading; AWS: {aws}"),
        };
        println!("  {:>2} {point:?}: {reading}", point.number());
    }
    Ok(())
}

fn main() -> ExitCode {
    match std::env::var("ECROLL_ORACLE").as_deref() {
        Ok("aws") => {}
        Ok(other) => {
            println!("oracle: ECROLL_ORACLE={other} is not known; write ECROLL_ORACLE=aws");
            return ExitCode::FAILURE;
        }
        Err(_) => {
            println!(
                "oracle: not asked; with an AWS account, ECROLL_ORACLE=aws puts the table to TestMetricFilter"
            );
            return ExitCode::SUCCESS;
        }
    }
    let mut oracle = Oracle { first_number: None };
    // Whether it can be asked at all, before any table begins.
    let result = oracle
        .ask("x", &["x"])
        .and_then(|_| points(&mut oracle))
        .and_then(|()| examples(&mut oracle));
    if let Some(number) = oracle.first_number {
        println!("the first event has number {number}");
    }
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            println!("oracle: {why}");
            ExitCode::FAILURE
        }
    }
}
