//! What every service of the pocket account shares: who asks, where and when, and how it answers.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Where an account's resources live: the three parts that every ARN begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// For example `eu-west-1`.
    pub region: String,
    /// Twelve digits; the pocket account is `000000000000`, so that nothing real can be meant by mistake.
    pub account: String,
}

impl Place {
    /// `arn:<partition>:<service>:<region>:<account>:<resource>`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Self {
            partition,
            region,
            account,
        } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// The circumstances of one call: the virtual time and the place.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The virtual time of the call.
    pub now: DateTime<Utc>,
    /// The account and Region that answer.
    pub place: &'a Place,
}

/// An error as an AWS service answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The error code, for example `ClusterNotFoundException`.
    pub code: String,
    /// The sentence for people.
    pub message: String,
    /// The HTTP status: 400 for most, 429 for some throttles, 500 and above for server faults.
    pub status: u16,
}

impl Fault {
    /// A client error, HTTP 400.
    #[must_use]
    pub fn client(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            status: 400,
        }
    }

    /// The same error with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// What a service answers: the output members as the API model names them, or a fault.
///
/// Times are epoch seconds (a JSON number) whatever the wire format; the wire modules write them as their format asks.
pub type Answer = Result<Value, Fault>;
