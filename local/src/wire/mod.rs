//! The wire: HTTP requests as the SDKs send them, and responses as they read them.
//!
//! Each format is one module: it decodes to a service, an operation and the input as the API model
//! names its members, and encodes the answer back.

mod cbor;
mod json;
mod query;
mod rest_json;
mod rest_xml;
mod schedules;
mod stranger;
mod xml;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use crate::service::{Answer, Fault};

pub(crate) use stranger::{fault as stranger_fault, signed};

/// One decoded request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) service: &'static str,
    pub(crate) operation: String,
    pub(crate) input: Value,
    format: Format,
}

impl Call {
    /// Whether the caller waits for a function to run, which takes more than a look at the state.
    pub(crate) fn waits_for_function(&self) -> bool {
        let kind = self.input.get("InvocationType").and_then(Value::as_str);
        self.operation == "Invoke" && kind == Some("RequestResponse")
    }
}

/// How a request was written and its answer will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Query,
    RestJson,
    RestXml,
    Cbor,
}

/// Reads a request. One that nothing recognises is answered at once.
pub(crate) fn decode(request: &Request<Bytes>) -> Result<Call, Box<Response<Bytes>>> {
    let header = |name: &str| text_of(request.headers(), name);
    let path = request.uri().path();
    let signed_for = signed_for(request.headers());
    let format = format(request.headers(), path);
    let decoded = match (format, header("x-amz-target")) {
        (Format::Cbor, _) => cbor::decode(path, request.body()),
        (Format::Json, target) => json::decode(target.unwrap_or_default(), request.body()),
        (Format::Query, _) => query::decode(request.body()),
        (Format::RestJson, _) if rest_json::is_path(path) => rest_json::decode(request),
        (Format::RestJson, _) if signed_for == Some("scheduler") => schedules::decode(request),
        (Format::RestJson, _) => Err(unknown(signed_for.unwrap_or(path))),
        (Format::RestXml, _) => rest_xml::decode(request),
    };
    let decoded = decoded.and_then(|decoded| match signed_for {
        Some(scope) if scope != signing_name(decoded.0) => Err(misdirected(format, decoded.0)),
        _ => Ok(decoded),
    });
    match decoded {
        Ok((service, operation, input)) => Ok(Call {
            service,
            operation,
            input,
            format,
        }),
        Err(fault) => Err(Box::new(refuse(format, &fault, "undecoded"))),
    }
}

/// The format of a request: what its headers say, then the service that it is signed for, then its path.
pub(crate) fn format(headers: &HeaderMap, path: &str) -> Format {
    let signed_for = signed_for(headers);
    if text_of(headers, "smithy-protocol") == Some("rpc-v2-cbor") {
        Format::Cbor
    } else if headers.contains_key("x-amz-target") {
        Format::Json
    } else if signed_for == Some("s3") {
        Format::RestXml
    } else if text_of(headers, "content-type")
        .is_some_and(|kind| kind.contains("x-www-form-urlencoded"))
    {
        Format::Query
    } else if rest_json::is_path(path) || signed_for.is_some() {
        // The other services that name the operation in method and path speak JSON.
        Format::RestJson
    } else {
        Format::RestXml
    }
}

/// The service that a request is signed for: in `Authorization`, the fourth part of the credential.
fn signed_for(headers: &HeaderMap) -> Option<&str> {
    let (_, credential) = text_of(headers, "authorization")?.split_once("Credential=")?;
    let (credential, _) = credential.split_once(',').unwrap_or((credential, ""));
    credential.split('/').nth(3)
}

/// What a service is called in signatures.
fn signing_name(service: &str) -> &str {
    if service == "cloudwatch" {
        "monitoring"
    } else {
        service
    }
}

/// A request that is signed for one service and asks another.
fn misdirected(format: Format, service: &str) -> Fault {
    let service = signing_name(service);
    let message = format!("Credential should be scoped to correct service: '{service}'.");
    let code = match format {
        Format::Query | Format::RestXml => "SignatureDoesNotMatch",
        Format::Json | Format::RestJson | Format::Cbor => "InvalidSignatureException",
    };
    Fault::client(code, message).with_status(403)
}

/// A header's value, where it is text.
fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Writes the answer to `call`.
pub(crate) fn encode(call: &Call, answer: &Answer, request_id: &str) -> Response<Bytes> {
    let output = match answer {
        Ok(output) => output,
        Err(fault) if call.service == "sqs" => return refuse_sqs(fault, request_id),
        Err(fault) => {
            let mut response = refuse(call.format, fault, request_id);
            // The answer to HEAD has no body, so the status has to tell.
            if call.operation == "HeadBucket" {
                *response.body_mut() = Bytes::new();
            }
            return response;
        }
    };
    let (status, kind, body) = match call.format {
        Format::Json => (200, "application/x-amz-json-1.1", output.to_string().into()),
        Format::Query => (
            200,
            "text/xml",
            query::encode(&call.operation, output, request_id).into(),
        ),
        Format::RestJson => {
            let (status, body) = rest_json::encode(&call.operation, output);
            (status, "application/json", body.into())
        }
        Format::RestXml => {
            let (status, kind, body) = rest_xml::encode(&call.operation, output);
            (status, kind, body.into())
        }
        Format::Cbor => (200, "application/cbor", cbor::encode(output).into()),
    };
    let mut response = response(call.format, status, kind, body, request_id);
    if let Some(Ok(error)) = output
        .get("FunctionError")
        .and_then(Value::as_str)
        .map(str::parse)
    {
        response.headers_mut().insert("x-amz-function-error", error);
    }
    // What S3 says in headers.
    let named = match call.operation.as_str() {
        "HeadBucket" => Some(("x-amz-bucket-region", "BucketRegion")),
        "CreateBucket" => Some(("location", "Location")),
        _ => None,
    };
    if let Some((header, member)) = named
        && let Some(Ok(value)) = output.get(member).and_then(Value::as_str).map(str::parse)
    {
        response.headers_mut().insert(header, value);
    }
    response
}

/// A fault of SQS: the body names the exception of today's model, a header the code of the query protocol that came
/// before, which the SDKs prefer. Source: <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>,
/// `awsQueryCompatible`.
fn refuse_sqs(fault: &Fault, request_id: &str) -> Response<Bytes> {
    let modelled = match fault.code.as_str() {
        "AWS.SimpleQueueService.NonExistentQueue" => "QueueDoesNotExist",
        "QueueAlreadyExists" => "QueueNameExists",
        other => other,
    };
    let told = Fault {
        code: modelled.to_owned(),
        ..fault.clone()
    };
    let mut response = refuse(Format::Json, &told, request_id);
    let whose = if fault.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    if let Ok(code) = HeaderValue::from_str(&format!("{};{whose}", fault.code)) {
        response.headers_mut().insert("x-amzn-query-error", code);
    }
    response
}

/// Writes a fault in the form by which the SDK of that format recognises its code.
pub(crate) fn refuse(format: Format, fault: &Fault, request_id: &str) -> Response<Bytes> {
    let (kind, body) = match format {
        Format::Json => ("application/x-amz-json-1.1", json::fault(fault).into()),
        Format::RestJson => ("application/json", json::fault(fault).into()),
        Format::Query => ("text/xml", query::fault(fault, request_id).into()),
        Format::RestXml => ("application/xml", rest_xml::fault(fault, request_id).into()),
        Format::Cbor => ("application/cbor", cbor::fault(fault).into()),
    };
    let mut response = response(format, fault.status, kind, body, request_id);
    if let Ok(code) = HeaderValue::from_str(&fault.code)
        && matches!(format, Format::Json | Format::RestJson)
    {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

fn response(
    format: Format,
    status: u16,
    kind: &'static str,
    body: Bytes,
    request_id: &str,
) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(kind));
    let id_header = if format == Format::RestXml {
        "x-amz-request-id"
    } else {
        "x-amzn-requestid"
    };
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(id_header, id);
    }
    if format == Format::Cbor {
        headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    response
}

/// What a format's decoder finds.
type Decoded = Result<(&'static str, String, Value), Fault>;

/// A request that cannot be read.
fn unreadable(what: impl std::fmt::Display) -> Fault {
    Fault::client(
        "SerializationException",
        format!("the request cannot be read: {what}"),
    )
}

/// A request for a service that is not simulated.
fn unknown(what: impl std::fmt::Display) -> Fault {
    let message = format!("the pocket account does not simulate {what}");
    Fault::client("NotImplemented", message).with_status(501)
}

/// The values of a query string, decoded.
fn query_of(parts: &Parts) -> Vec<(String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// The path, split at its slashes and decoded; a slash that was encoded belongs to its segment.
fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(percent_decoded)
        .collect()
}

fn percent_decoded(text: &str) -> String {
    String::from_utf8_lossy(&percent_bytes(text)).into_owned()
}

/// The bytes that a percent-encoded text stands for; a `%` without two digits after it stands for itself.
pub(crate) fn percent_bytes(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = ahead;
            }
            _ => decoded.push(byte),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An SDK that expects JSON cannot read the code of a refusal in XML.
    #[test]
    fn unknown_paths_of_lambda_are_refused_in_json() {
        for uri in ["/2018-10-31/layers", "/2015-03-31/functions/a/b/c/d"] {
            let uri = format!("https://lambda.eu-west-1.amazonaws.com{uri}");
            let request = Request::builder().uri(uri).body(Bytes::new()).unwrap();
            let refused = decode(&request).unwrap_err();
            assert_eq!(refused.status(), 501);
            assert_eq!(refused.headers()["content-type"], "application/json");
            assert_eq!(refused.headers()["x-amzn-errortype"], "NotImplemented");
            let body: Value = serde_json::from_slice(refused.body()).unwrap();
            assert_eq!(body["__type"], "NotImplemented");
        }
    }

    /// A request that is signed for a service; nobody looks at the signature here.
    fn signed(service: &str, path: &str) -> http::request::Builder {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=K/20260301/eu-west-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        Request::builder()
            .method("PUT")
            .uri(format!("http://127.0.0.1{path}"))
            .header("authorization", authorization)
    }

    #[test]
    fn the_service_of_the_signature_decides_where_a_path_is_ambiguous() {
        let body = || Bytes::new();
        // A bucket may be called after a date, and its objects as they like.
        let bucket = signed("s3", "/2015-03-31/").body(body()).unwrap();
        let call = decode(&bucket).unwrap();
        assert_eq!((call.service, &*call.operation), ("s3", "CreateBucket"));
        let object = signed("s3", "/2015-03-31/functions").body(body()).unwrap();
        let refused = decode(&object).unwrap_err();
        assert_eq!(refused.headers()["content-type"], "application/xml");
        // A service that is not simulated, whose operation is a path.
        let other = signed("eks", "/clusters").body(body()).unwrap();
        let refused = decode(&other).unwrap_err();
        assert_eq!(refused.headers()["x-amzn-errortype"], "NotImplemented");
    }

    #[test]
    fn a_request_that_is_signed_for_another_service_is_refused() {
        let target = (
            "x-amz-target",
            "AmazonEC2ContainerServiceV20141113.ListClusters",
        );
        let request = signed("sns", "/").header(target.0, target.1);
        let refused = decode(&request.body(Bytes::new()).unwrap()).unwrap_err();
        let code = &refused.headers()["x-amzn-errortype"];
        assert_eq!(code, "InvalidSignatureException");
        let request = signed("ecs", "/").header(target.0, target.1);
        assert!(decode(&request.body(Bytes::new()).unwrap()).is_ok());
    }

    #[test]
    fn cloudwatch_is_asked_in_json_as_well() {
        let request = signed("monitoring", "/")
            .header(
                "x-amz-target",
                "GraniteServiceVersion20100801.DescribeAlarms",
            )
            .body(Bytes::from_static(b"{\"MaxRecords\": 1}"))
            .unwrap();
        let call = decode(&request).unwrap();
        assert_eq!(
            (call.service, &*call.operation),
            ("cloudwatch", "DescribeAlarms")
        );
        assert_eq!(call.input["MaxRecords"], 1);
    }

    #[test]
    fn sqs_names_its_errors_twice() {
        let fault = Fault::client("AWS.SimpleQueueService.NonExistentQueue", "none");
        let refused = refuse_sqs(&fault, "id");
        let body: Value = serde_json::from_slice(refused.body()).unwrap();
        assert_eq!(body["__type"], "QueueDoesNotExist");
        let code = &refused.headers()["x-amzn-query-error"];
        assert_eq!(code, "AWS.SimpleQueueService.NonExistentQueue;Sender");
    }
}
