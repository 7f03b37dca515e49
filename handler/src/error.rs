//! How an invocation can fail, and what AWS's errors mean for a retry.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use lambda_runtime::Diagnostic;

use crate::config::Fault;
use crate::report::Report;

/// Why an invocation ends in an error. Whatever could be done was done before.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used; every fault is listed.
    #[error("the configuration has {} fault(s): {}", .0.len(), list(.0))]
    Config(Vec<Fault>),
    /// Something failed that a retry may mend.
    #[error("{message}")]
    Retryable {
        /// What failed.
        message: String,
        /// What was concluded all the same; `None` when it failed before anything could be.
        report: Option<Box<Report>>,
    },
    /// Something failed that a retry cannot mend.
    #[error("{0}")]
    Permanent(String),
}

fn list(faults: &[Fault]) -> String {
    faults
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = error.kind().to_owned();
        Self {
            error_type,
            error_message: error.to_string(),
        }
    }
}

impl Error {
    /// The error type that Lambda reports: `Config`, `Retryable` or `Permanent`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Config(_) => "Config",
            Self::Retryable { .. } => "Retryable",
            Self::Permanent(_) => "Permanent",
        }
    }
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        let text = error.to_string();
        if error.retryable {
            Self::Retryable {
                message: text,
                report: None,
            }
        } else {
            Self::Permanent(text)
        }
    }
}

/// What AWS answered in place of a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{call}: {message}")]
pub struct AwsError {
    /// The operation.
    pub call: &'static str,
    /// The error code and AWS's sentence; or why no answer came.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
    /// Whether it is that too many calls were made: by us, or by others in the account.
    pub throttled: bool,
    /// Whether the time for an answer ran out: nobody knows what became of the call, and half a minute is gone.
    pub timed_out: bool,
}

/// Codes of too many calls.
const THROTTLED: &[&str] = &[
    "ThrottlingException",
    "Throttling",
    "Throttled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
];

/// Further codes after which the same call may succeed later.
///
/// `LimitExceededException` is not among them although the SDK retries it: for ECS and CloudWatch Logs the limits do
/// not pass with time.
const PASSING: &[&str] = &[
    "ServiceUnavailableException",
    "ServerException",
    "InternalFailure",
    "InternalServerError",
    "RequestTimeout",
    "RequestTimeoutException",
];

/// What a `ClientException` of RegisterTaskDefinition says that passes all the same: another registration in the same
/// family at the same time, and a role so new that ECS does not know it yet.
///
/// Source of the first: <https://github.com/hashicorp/terraform-provider-aws/issues/9777>
const PASSING_CLIENT: &[&str] = &["Too many concurrent attempts", "Role is not valid"];

/// What a `ClientException` says that is a throttle by another name.
const THROTTLED_CLIENT: &[&str] = &["Rate exceeded", "Throttling"];

/// What STS answers to `AssumeRole` when trying again does not help: the trust policy does not admit the handler's role or
/// this external id, the Region is not activated, the call is malformed.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const NO_CREDENTIALS: &[&str] = &[
    "AccessDenied",
    "RegionDisabledException",
    "ValidationError",
    "InvalidClientTokenId",
];

impl AwsError {
    /// Reads what the SDK says about a call.
    pub fn new<E>(call: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Some(service) = error.as_service_error() else {
            // No answer, or none that could be read: the way there may be better next time. Credentials that are
            // refused come this way, too: they are fetched before the call is sent.
            let message = describe(error);
            let refused = NO_CREDENTIALS.iter().any(|code| message.contains(code));
            let retryable = !refused && !matches!(error, SdkError::ConstructionFailure(_));
            return Self {
                call,
                message,
                retryable,
                throttled: false,
                timed_out: matches!(error, SdkError::TimeoutError(_)),
            };
        };
        let code = service.code().unwrap_or("unknown error");
        let message = service.message().unwrap_or("no message");
        let status = error
            .raw_response()
            .map_or(0, |response| response.status().as_u16());
        let client = |texts: &[&str]| {
            code == "ClientException" && texts.iter().any(|text| message.contains(text))
        };
        let throttled = status == 429 || THROTTLED.contains(&code) || client(THROTTLED_CLIENT);
        Self {
            call,
            message: format!("{code}: {message}"),
            retryable: throttled
                || status >= 500
                || PASSING.contains(&code)
                || client(PASSING_CLIENT),
            throttled,
            timed_out: false,
        }
    }

    /// An answer that came, but that cannot be what was asked for.
    pub(crate) fn strange(call: &'static str, message: impl Into<String>, retryable: bool) -> Self {
        Self {
            call,
            message: message.into(),
            retryable,
            throttled: false,
            timed_out: false,
        }
    }

    /// Whether the permission is missing: nothing changes until somebody changes a policy.
    pub(crate) fn denied(&self) -> bool {
        self.message.starts_with("AccessDenied")
    }
}

/// An error with everything that caused it, in one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
