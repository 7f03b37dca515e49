//! What can go wrong with an account, and how an answer of AWS becomes one of these errors.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::exit::Exit;

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a plan could not be made or applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The SDK found no credentials, or could not use them.
    #[error(
        "no AWS credentials ({0}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile"
    )]
    NoCredentials(String),
    /// The SDK found no Region.
    #[error("no Region: set AWS_REGION, or pass --region")]
    NoRegion,
    /// The request cannot be carried out as it stands; the text says why and what would help.
    #[error("{0}")]
    Wrong(String),
    /// Resources with our names that somebody else made. They are left alone.
    #[error("{}", foreign(owner, found))]
    Foreign {
        /// What setup would call its own.
        owner: String,
        /// Each namesake, as kind and name.
        found: Vec<String>,
    },
    /// AWS refused a call, or could not be reached.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What runs cannot be read, and without that there is nothing to say.
    #[error("what runs cannot be read: {0}")]
    Unreadable(String),
    /// Applying a plan stopped half-way; what stands, stands.
    #[error("{source}; {}", standing(verb, at, stands))]
    Stopped {
        /// What stopped it.
        source: Box<Error>,
        /// The verb that goes on from there: `setup` or `destroy`.
        verb: &'static str,
        /// The resource at which it stopped, as kind and name. It may be half made.
        at: String,
        /// What this run has finished before, as kind and name.
        stands: Vec<String>,
    },
}

/// One call that AWS did not carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Service and operation, for example `cloudtrail:CreateTrail`.
    pub call: &'static str,
    /// The resource that it was about.
    pub name: String,
    /// The error code of the service; empty where no answer came.
    pub code: String,
    /// The service's sentence, or the transport's.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            call,
            name,
            code,
            message,
        } = self;
        match code.as_str() {
            "" => write!(f, "could not reach AWS with {call} for `{name}`: {message}"),
            _ => write!(f, "AWS refused {call} for `{name}`: {code}: {message}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// Whether the caller may not make the call.
    pub(crate) fn is_denied(&self) -> bool {
        let codes = [
            "AccessDenied",
            "AuthorizationError",
            "UnauthorizedOperation",
            "HTTP 403",
        ];
        codes.iter().any(|code| self.code.starts_with(code))
    }

    /// Whether an endpoint says that it does not know the call at all.
    pub(crate) fn is_unknown(&self) -> bool {
        let codes = [
            "InvalidAction",
            "NotImplemented",
            "UnknownOperationException",
        ];
        // The latter is how MiniStack says it.
        codes.contains(&self.code.as_str()) || self.message.starts_with("Unknown action")
    }
}

impl Error {
    /// The exit code that goes with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoCredentials(_) | Self::NoRegion | Self::Wrong(_) | Self::Foreign { .. } => {
                Exit::Wrong
            }
            Self::Refused(_) | Self::Unreadable(_) => Exit::Refused,
            Self::Stopped { source, .. } => source.exit(),
        }
    }

    /// The same error with one more thing to say.
    pub(crate) fn and(self, more: &str) -> Self {
        match self {
            Self::Refused(refusal) => {
                let message = format!("{}; {more}", refusal.message);
                Self::Refused(Refusal { message, ..refusal })
            }
            other => Self::Wrong(format!("{other}; {more}")),
        }
    }
}

fn foreign(owner: &str, found: &[String]) -> String {
    let (exist, them) = if found.len() == 1 {
        ("exists", "it")
    } else {
        ("exist", "them")
    };
    format!(
        "{} {exist} without the tag `ecroll:owner` = `{owner}`, so setup leaves {them} alone: \
         choose another `name` in ecroll.toml, or rename or remove what is there",
        found.join(", ")
    )
}

fn standing(verb: &str, at: &str, stands: &[String]) -> String {
    let finished = match stands {
        [] => "nothing was finished before".to_owned(),
        stands => format!("finished before: {}", stands.join(", ")),
    };
    format!(
        "stopped at {at}; {finished}; mend it and run `ecroll {verb}` again: it goes on from there"
    )
}

/// Any failed call of any service.
pub(crate) type CallError<E> = SdkError<E, HttpResponse>;

/// Turns the SDK's result of a call into ours, with the name of the call and of the resource.
pub(crate) trait Called<T> {
    /// A failure is a refusal of `call` for `name`.
    fn called(self, call: &'static str, name: &str) -> Result<T>;

    /// Likewise, but an answer with one of these codes says that the thing is not there.
    fn found(self, call: &'static str, name: &str, absent: &[&str]) -> Result<Option<T>>;
}

impl<T, E> Called<T> for std::result::Result<T, CallError<E>>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    fn called(self, call: &'static str, name: &str) -> Result<T> {
        self.map_err(|error| refusal(call, name, &error))
    }

    fn found(self, call: &'static str, name: &str, absent: &[&str]) -> Result<Option<T>> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.code().is_some_and(|code| absent.contains(&code)) => Ok(None),
            Err(error) => Err(refusal(call, name, &error)),
        }
    }
}

/// The error of one failed call. Missing credentials show up here as well, when they vanish between two calls.
pub(crate) fn refusal<E>(call: &'static str, name: &str, error: &CallError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = match (error.code(), error.raw_response()) {
        (Some(code), _) => code.to_owned(),
        // An answer without a code, such as that to a HEAD request, still is an answer.
        (None, Some(response)) => format!("HTTP {}", response.status().as_u16()),
        (None, None) => String::new(),
    };
    let message = error
        .message()
        .map_or_else(|| innermost(error), ToOwned::to_owned);
    Error::Refused(Refusal {
        call,
        name: name.to_owned(),
        code,
        message,
    })
}

/// The last cause says most: the SDK's outer errors only name the phase.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Error, Refusal};

    #[test]
    fn messages_name_the_call_the_resource_and_the_way_on() {
        let refused = Error::Refused(Refusal {
            call: "cloudtrail:CreateTrail",
            name: "ecroll".to_owned(),
            code: "MaximumNumberOfTrailsExceededException".to_owned(),
            message: "User: 1 already has 5 trails in eu-west-1".to_owned(),
        });
        let stopped = Error::Stopped {
            source: Box::new(refused),
            verb: "setup",
            at: "trail `ecroll`".to_owned(),
            stands: vec!["bucket `b`".to_owned(), "log group `g`".to_owned()],
        };
        insta::assert_snapshot!(stopped, @"AWS refused cloudtrail:CreateTrail for `ecroll`: MaximumNumberOfTrailsExceededException: User: 1 already has 5 trails in eu-west-1; stopped at trail `ecroll`; finished before: bucket `b`, log group `g`; mend it and run `ecroll setup` again: it goes on from there");
        let foreign = Error::Foreign {
            owner: "ecroll".to_owned(),
            found: vec!["trail `ecroll`".to_owned(), "topic `ecroll`".to_owned()],
        };
        insta::assert_snapshot!(foreign, @"trail `ecroll`, topic `ecroll` exist without the tag `ecroll:owner` = `ecroll`, so setup leaves them alone: choose another `name` in ecroll.toml, or rename or remove what is there");
    }
}
