//! Whose a request is, and the refusal of those that are nobody's.
//!
//! Source: "Elements of an AWS API request signature" in the IAM user guide; the errors are those common to each
//! service's API. The signature itself is not checked.

use bytes::Bytes;
use http::Request;

use super::{Call, Format};
use crate::iam::Stranger;
use crate::service::Fault;

/// Who a request says that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signed<'a> {
    /// The access key id.
    pub(crate) key: &'a str,
    /// The Region that the signature is for; services without one sign for a fixed one.
    pub(crate) region: &'a str,
    /// The service that the signature is for.
    pub(crate) service: &'a str,
    /// The session token of keys that were lent.
    pub(crate) token: Option<&'a str>,
}

/// Reads `AWS4-HMAC-SHA256 Credential=<key>/<date>/<Region>/<service>/aws4_request, …`.
pub(crate) fn signed(request: &Request<Bytes>) -> Option<Signed<'_>> {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let (_, scope) = header("authorization")?.split_once("Credential=")?;
    let mut parts = scope.split(',').next()?.split('/');
    Some(Signed {
        key: parts.next()?,
        region: parts.nth(1)?,
        service: parts.next()?,
        token: header("x-amz-security-token"),
    })
}

/// The refusal of a request by nobody that is known.
pub(crate) fn fault(call: &Call, why: Stranger) -> Fault {
    let rest = matches!(call.format, Format::RestXml);
    let json = matches!(call.format, Format::Json | Format::RestJson);
    let status = if matches!(call.format, Format::Json) {
        400
    } else {
        403
    };
    let (code, message) = match why {
        Stranger::Unknown if rest => (
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        Stranger::Unknown if json => (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Stranger::Unknown => (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        Stranger::Expired if rest => ("ExpiredToken", "The provided token has expired."),
        Stranger::Expired if json => (
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        Stranger::Expired => (
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
        Stranger::Nobody if rest => ("AccessDenied", "Access Denied"),
        Stranger::Nobody if json => (
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        Stranger::Nobody => (
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        ),
    };
    // S3 answers keys that are over with 400.
    let status = if rest && why == Stranger::Expired {
        400
    } else {
        status
    };
    Fault::client(code, message).with_status(status)
}
