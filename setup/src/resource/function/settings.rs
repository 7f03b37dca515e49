//! How the function is started, and what becomes of its events.

use std::collections::HashMap;

use aws_sdk_lambda::types::{FunctionConfiguration, Runtime};

use crate::code::Code;

/// The environment variable with the configuration.
pub const CONFIG_VARIABLE: &str = "ECROLL_CONFIG";

/// How Lambda starts a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The zip's digest: SHA-256 in base64.
    pub code: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// `provided.al2023`: the zip brings its own executable.
    pub runtime: String,
    /// The executable's name.
    pub handler: String,
    /// Its role's ARN.
    pub role: String,
    /// Seconds.
    pub timeout: Option<i32>,
    /// Megabytes.
    pub memory: Option<i32>,
    /// The environment.
    pub environment: HashMap<String, String>,
}

impl Settings {
    /// The handler's settings: the longest run that Lambda allows, because a burst of pushes may have to wait for the
    /// token buckets of ECS.
    #[must_use]
    pub fn new(code: &Code, role: &str, config: &str) -> Self {
        Self {
            code: code.sha256(),
            architecture: code.architecture.to_string(),
            runtime: "provided.al2023".to_owned(),
            handler: "bootstrap".to_owned(),
            role: role.to_owned(),
            timeout: Some(900),
            memory: Some(256),
            environment: HashMap::from([(CONFIG_VARIABLE.to_owned(), config.to_owned())]),
        }
    }

    pub(super) fn of(found: &FunctionConfiguration) -> Self {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let variables = found
            .environment()
            .and_then(|environment| environment.variables());
        Self {
            code: text(found.code_sha256()),
            // Left out, it is the older of the two.
            architecture: found
                .architectures()
                .first()
                .map_or("x86_64", |a| a.as_str())
                .to_owned(),
            runtime: text(found.runtime().map(Runtime::as_str)),
            handler: text(found.handler()),
            role: text(found.role()),
            timeout: found.timeout(),
            memory: found.memory_size(),
            environment: variables.cloned().unwrap_or_default(),
        }
    }
}

/// What becomes of asynchronous events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// Further tries after an error.
    pub retries: Option<i32>,
    /// Seconds after which an event is given up.
    pub age: Option<i32>,
    /// Where a given-up event goes: the queue's ARN.
    pub failures: Option<String>,
}

impl Events {
    /// Two more tries and six hours, which are Lambda's maxima, then the queue.
    #[must_use]
    pub fn to(failures: &str) -> Self {
        Self {
            retries: Some(2),
            age: Some(21_600),
            failures: Some(failures.to_owned()),
        }
    }
}
