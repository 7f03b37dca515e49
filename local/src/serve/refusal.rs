//! Why a request is refused before any service sees it, in the words of each format.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::service::Fault;
use crate::wire::Format;

/// The reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody signed.
    Unsigned,
    /// The signature lacks a part, or cannot be read.
    Malformed(String),
    /// Nobody was given that access key.
    UnknownKey,
    /// The signature is not the one that the key's secret gives.
    Mismatch,
    /// It is for another Region.
    Elsewhere {
        /// The Region that was signed for.
        signed: String,
        /// The account's.
        region: String,
    },
    /// It was signed more than fifteen minutes from now.
    Expired {
        /// When it was signed.
        signed: DateTime<Utc>,
        /// The time here.
        now: DateTime<Utc>,
    },
    /// The body is not the one that was signed.
    OtherBody,
    /// The body is longer than anything that AWS takes.
    TooLarge,
    /// The body takes too long to arrive.
    TooSlow,
    /// The body cannot be read.
    Unreadable(String),
}

impl Refusal {
    /// The fault as services of that format answer it.
    pub(super) fn fault(&self, format: Format) -> Fault {
        let [json, query, s3] = self.codes();
        let (code, status) = match format {
            Format::Json | Format::RestJson | Format::Cbor => json,
            Format::Query => query,
            Format::RestXml => s3,
        };
        Fault::client(code, self.message()).with_status(status)
    }

    /// Code and status for the JSON formats and CBOR, for the query format, for S3.
    fn codes(&self) -> [(&'static str, u16); 3] {
        match self {
            Self::Unsigned => [
                ("MissingAuthenticationTokenException", 400),
                ("MissingAuthenticationToken", 403),
                ("AccessDenied", 403),
            ],
            Self::Malformed(_) => [
                ("IncompleteSignatureException", 400),
                ("IncompleteSignature", 400),
                ("AuthorizationHeaderMalformed", 400),
            ],
            Self::UnknownKey => [
                ("UnrecognizedClientException", 400),
                ("InvalidClientTokenId", 403),
                ("InvalidAccessKeyId", 403),
            ],
            Self::Mismatch => [
                ("InvalidSignatureException", 400),
                ("SignatureDoesNotMatch", 403),
                ("SignatureDoesNotMatch", 403),
            ],
            Self::Elsewhere { .. } => [
                ("InvalidSignatureException", 400),
                ("SignatureDoesNotMatch", 403),
                ("AuthorizationHeaderMalformed", 400),
            ],
            Self::Expired { .. } => [
                ("RequestExpired", 400),
                ("RequestExpired", 400),
                ("RequestTimeTooSkewed", 403),
            ],
            Self::OtherBody => [
                ("InvalidSignatureException", 400),
                ("SignatureDoesNotMatch", 403),
                ("XAmzContentSHA256Mismatch", 400),
            ],
            Self::TooLarge => [
                ("RequestEntityTooLargeException", 413),
                ("RequestEntityTooLarge", 413),
                ("EntityTooLarge", 400),
            ],
            Self::TooSlow => [
                ("RequestTimeoutException", 408),
                ("RequestTimeout", 408),
                ("RequestTimeout", 400),
            ],
            Self::Unreadable(_) => [
                ("SerializationException", 400),
                ("MalformedInput", 400),
                ("IncompleteBody", 400),
            ],
        }
    }

    fn message(&self) -> String {
        let time = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Self::Unsigned => "Missing Authentication Token: sign the request; the pocket account \
                               prints the keys when it starts"
                .to_owned(),
            Self::Malformed(why) => format!("The signature of the request cannot be read: {why}"),
            Self::UnknownKey => "The security token included in the request is invalid: nobody \
                                 here has that access key"
                .to_owned(),
            Self::Mismatch => "The request signature we calculated does not match the signature \
                               you provided. Check your AWS Secret Access Key and signing method."
                .to_owned(),
            Self::Elsewhere { signed, region } => format!(
                "Credential should be scoped to a valid Region, not '{signed}': the pocket account \
                 is in {region}"
            ),
            Self::Expired { signed, now } => format!(
                "Signature expired or not yet current: {} is more than 15 minutes from {}",
                time(signed),
                time(now)
            ),
            Self::OtherBody => {
                "The body does not have the hash that x-amz-content-sha256 names".to_owned()
            }
            Self::TooLarge => {
                let largest = super::body::LARGEST;
                format!("The request is too large: its body may have {largest} bytes")
            }
            Self::TooSlow => "The body of the request did not arrive within a minute".to_owned(),
            Self::Unreadable(why) => format!("The request cannot be read: {why}"),
        }
    }
}
