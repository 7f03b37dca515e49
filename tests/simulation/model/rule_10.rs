//! Rule 10, clear refusals: every invocation ends in a report or in an error of a known kind; nothing panics; every sentence
//! is one for people.

use chrono::{DateTime, Utc};
use local::FunctionError;
use serde_json::Value;

use super::reports::Report;
use super::{Model, Moment};

impl Model {
    /// An invocation has ended. A retryable error is let pass: its decisions come with a later report. What Lambda itself
    /// says of a function that ran too long or died is let pass only where something went wrong on purpose.
    pub(super) fn answered(
        &mut self,
        began: DateTime<Utc>,
        result: &Result<Value, FunctionError>,
        moment: Moment<'_>,
    ) {
        match result {
            Ok(answer) => match Report::read(answer) {
                Ok(report) => {
                    self.check_sentences(&report, moment);
                    self.learn_listed(&report, moment);
                    self.check_report(&report, began, moment);
                    self.settle_owed(&report, began, moment);
                }
                Err(lack) => {
                    self.say(10, moment.at, format!("an answer is no report: {lack}"));
                }
            },
            Err(error) => {
                let retryable = error.error_type == "Retryable";
                // Somebody asks by name for what nobody runs: told so, and nothing to be tried again.
                let refused = error.error_type == "Permanent" && error.message.contains("`nobody`");
                if !retryable && !refused && moment.calm_from(began) {
                    self.say(10, moment.at, format!("an invocation ended in {error}"));
                }
                if retryable && let Some(fault) = fault(&error.message) {
                    let what = format!("the error says {fault}: {}", error.message);
                    self.say(10, moment.at, what);
                }
                if error.message.contains("panicked") {
                    self.say(10, moment.at, format!("the handler panicked: {error}"));
                }
            }
        }
    }

    fn check_sentences(&mut self, report: &Report, moment: Moment<'_>) {
        for decision in &report.decisions {
            if let Some(fault) = fault(&decision.reason) {
                let what = format!(
                    "the reason for {}/{} {fault}: {:?}",
                    decision.key.0, decision.key.1, decision.reason
                );
                self.say(10, moment.at, what);
            }
        }
    }
}

/// What is wrong with a sentence for people: nothing in it, a panic's, or what a program prints for itself.
fn fault(sentence: &str) -> Option<&'static str> {
    let debug = [
        "Some(",
        "None)",
        "Err(",
        "Ok(",
        "Error {",
        " { ",
        "SdkError",
        "Unhandled(",
    ];
    if sentence.trim().is_empty() {
        Some("says nothing")
    } else if sentence.contains("panicked") || sentence.contains("RUST_BACKTRACE") {
        Some("tells of a panic")
    } else if debug.iter().any(|dump| sentence.contains(dump)) || names_a_type(sentence) {
        Some("shows the inside of the program")
    } else {
        None
    }
}

/// `module::Type`; an ARN has nothing or a digit between or after its colons.
fn names_a_type(sentence: &str) -> bool {
    let mut after = sentence.split("::").skip(1);
    after.any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn a_dump_is_no_sentence() {
        assert!(fault("latest is the newest push").is_none());
        assert!(fault("with 2 tasks, 75 % minimum healthy and 100 % maximum").is_none());
        let arn = "User: arn:aws:sts::000000000000:assumed-role/x is not authorized";
        assert!(fault(arn).is_none());
        assert!(fault("local::Fault was given").is_some());
        assert!(fault("").is_some());
        assert!(fault("ServiceError(Unhandled(x))").is_some());
        assert!(fault("DispatchFailure { source: x }").is_some());
        assert!(fault("thread 'main' panicked at").is_some());
    }
}
