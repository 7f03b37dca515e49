//! The lines of the function's log that others read: the report of a look-up, and why an invocation failed.
//!
//! The function writes its log as one JSON object a line, with what is said under `fields`; Lambda's own lines are text.

use serde_json::Value;

use crate::error::Error;
use crate::report::Report;

/// What the line with the whole report says of itself.
pub(crate) const REPORT: &str = "report";
/// What the line of a failed invocation says of itself.
const FAILED: &str = "invocation failed";
/// What the line says that a function with a bad configuration writes at every invocation.
const CONFIGURATION: &str = "configuration";

/// The pattern that finds these lines among all others in CloudWatch Logs.
pub const PATTERN: &str = r#"{ $.fields.message = "report" || $.fields.message = "invocation failed" || $.fields.message = "configuration" }"#;

/// One line that says how an invocation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A look-up, or another event, came to its end.
    Report(Box<Report>),
    /// An invocation ended in an error.
    Failed {
        /// `Config`, `Retryable` or `Permanent`.
        kind: String,
        /// What failed.
        message: String,
    },
}

impl Line {
    /// Reads a line of the log; `None` where it says neither.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(text).ok()?;
        let fields = line.get("fields")?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let said = |name: &str| text(name).unwrap_or_default().to_owned();
        match text("message")? {
            REPORT => serde_json::from_str(text("report")?)
                .ok()
                .map(|report| Self::Report(Box::new(report))),
            FAILED => Some(Self::Failed {
                kind: said("kind"),
                message: said("error"),
            }),
            CONFIGURATION => Some(Self::Failed {
                kind: "Config".to_owned(),
                message: said("error"),
            }),
            _ => None,
        }
    }
}

/// Writes the line of a failed invocation.
pub fn failed(error: &Error) {
    tracing::error!(kind = error.kind(), %error, "{FAILED}");
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn lines_are_told_apart_and_others_are_none() {
        let failed = r#"{"level":"ERROR","fields":{"message":"invocation failed","kind":"Retryable","error":"busy"}}"#;
        let Some(Line::Failed { kind, message }) = Line::read(failed) else {
            panic!("{failed}");
        };
        assert_eq!((kind.as_str(), message.as_str()), ("Retryable", "busy"));
        let report = r#"{"fields":{"message":"report","report":"{\"trigger\":\"alarm\",\"window\":null,\"pushes\":[],\"decisions\":[]}"}}"#;
        let Some(Line::Report(report)) = Line::read(report) else {
            panic!("{report}");
        };
        assert_eq!(report.trigger, "alarm");
        for other in [
            "START RequestId: 1 Version: $LATEST",
            r#"{"fields":{"message":"decision"}}"#,
            r#"{"fields":{"message":"report","report":"{"}}"#,
            "{}",
        ] {
            assert_eq!(Line::read(other), None, "{other}");
        }
    }
}
