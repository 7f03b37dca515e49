//! The program behind the functions: what it is given, and how it can fail.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::iam::Keys;

/// What a run writes to its standard output. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Output(Option<Arc<Mutex<Vec<u8>>>>);

impl Output {
    /// One that is kept.
    pub(crate) fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether anybody reads it; if not, writing is a waste.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Adds to it.
    pub fn write(&self, bytes: &[u8]) {
        if let Some(held) = &self.0 {
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            held.extend_from_slice(bytes);
        }
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Some(held) = &self.0 else {
            return Vec::new();
        };
        let held = held.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&held);
        text.lines().map(str::to_owned).collect()
    }
}

impl PartialEq for Output {
    /// One output is another if both are the same place.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

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
    /// What the run writes to its log.
    pub output: Output,
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
