//! The program behind the functions: what it is given, and how it can fail.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::iam::Keys;

/// One run of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The name of the function.
    pub function: String,
    /// The function's environment variables, those that Lambda adds excepted.
    pub env: BTreeMap<String, String>,
    /// The keys of the function's role, which Lambda puts into `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
    /// `AWS_SESSION_TOKEN`. The session bears the function's name.
    pub keys: Keys,
    /// The event.
    pub event: Value,
    /// The identifier of the event; retries keep it.
    pub request_id: String,
    /// When the function's timeout ends the run.
    pub deadline: DateTime<Utc>,
    /// 1 for the first try.
    pub attempt: u32,
    /// Whether every warm instance of the function is gone, so that a new one has to start. A program whose future is
    /// dropped has died with its instance; that is not told here.
    pub cold: bool,
    /// How far the clock of the instance is ahead; the deadline is told by that clock.
    pub skew: TimeDelta,
}

/// How a function failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// For example `Sandbox.Timedout`.
    pub error_type: String,
    /// The sentence for people.
    pub message: String,
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl std::error::Error for FunctionError {}

/// What a function does when it runs.
pub type Program = Arc<
    dyn Fn(Invocation) -> Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send>>
        + Send
        + Sync,
>;
