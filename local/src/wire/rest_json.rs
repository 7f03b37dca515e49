//! REST with JSON: the operation in method and path.
//!
//! Lambda.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Map, Value, json};

use super::{Decoded, json as json_format, query_of, segments, unknown, unreadable};
use crate::service::Fault;

/// Whether a path is one of Lambda's: it begins with the date of an API version, and goes on. A date
/// alone may be a bucket's name.
pub(super) fn is_path(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let date = parts.next().unwrap_or_default().as_bytes();
    date.len() == 10
        && date.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
        && parts.next().is_some_and(|next| !next.is_empty())
}

pub(super) fn decode(request: &Request<Bytes>) -> Decoded {
    let (parts, body) = request.clone().into_parts();
    let path = segments(parts.uri.path());
    let rest: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
    let method = &parts.method;
    let operation = operation(method, &rest)
        .ok_or_else(|| unknown(format!("lambda {method} {}", parts.uri.path())))?;

    let mut input = Map::new();
    if operation == "Invoke" {
        let payload = if body.is_empty() {
            json!({})
        } else {
            json_format::read(&body).map_err(|_| {
                let message = "Could not parse request body into json";
                Fault::client("InvalidRequestContentException", message)
            })?
        };
        input.insert("Payload".to_owned(), payload);
        let kind = parts
            .headers
            .get("x-amz-invocation-type")
            .and_then(|kind| kind.to_str().ok());
        input.insert(
            "InvocationType".to_owned(),
            kind.unwrap_or("RequestResponse").into(),
        );
    } else if let Value::Object(members) = json_format::read(&body)? {
        input = members;
    } else {
        return Err(unreadable("the body is no JSON object"));
    }
    let key = if rest.first() == Some(&"tags") {
        "Resource"
    } else {
        "FunctionName"
    };
    if let Some(name) = rest.get(1) {
        input.insert(key.to_owned(), (*name).into());
    }
    if let (Some(sid), "RemovePermission") = (rest.get(3), operation) {
        input.insert("StatementId".to_owned(), (*sid).into());
    }
    for (name, value) in query_of(&parts) {
        if name == "tagKeys" {
            let keys = input.entry(name).or_insert_with(|| json!([]));
            if let Some(keys) = keys.as_array_mut() {
                keys.push(value.into());
            }
        } else {
            input.insert(name, value.into());
        }
    }
    // The model's name differs from the one in the query string.
    if let Some(keys) = input.remove("tagKeys") {
        input.insert("TagKeys".to_owned(), keys);
    }
    Ok(("lambda", operation.to_owned(), input.into()))
}

fn operation(method: &Method, path: &[&str]) -> Option<&'static str> {
    Some(match (method.as_str(), path) {
        ("GET", ["account-settings"]) => "GetAccountSettings",
        ("POST", ["functions"]) => "CreateFunction",
        ("GET", ["functions"]) => "ListFunctions",
        ("GET", ["functions", _]) => "GetFunction",
        ("DELETE", ["functions", _]) => "DeleteFunction",
        ("GET", ["functions", _, "configuration"]) => "GetFunctionConfiguration",
        ("PUT", ["functions", _, "configuration"]) => "UpdateFunctionConfiguration",
        ("PUT", ["functions", _, "code"]) => "UpdateFunctionCode",
        ("POST", ["functions", _, "policy"]) => "AddPermission",
        ("GET", ["functions", _, "policy"]) => "GetPolicy",
        ("DELETE", ["functions", _, "policy", _]) => "RemovePermission",
        ("PUT", ["functions", _, "concurrency"]) => "PutFunctionConcurrency",
        ("GET", ["functions", _, "concurrency"]) => "GetFunctionConcurrency",
        ("DELETE", ["functions", _, "concurrency"]) => "DeleteFunctionConcurrency",
        ("PUT", ["functions", _, "event-invoke-config"]) => "PutFunctionEventInvokeConfig",
        ("POST", ["functions", _, "event-invoke-config"]) => "UpdateFunctionEventInvokeConfig",
        ("GET", ["functions", _, "event-invoke-config"]) => "GetFunctionEventInvokeConfig",
        ("DELETE", ["functions", _, "event-invoke-config"]) => "DeleteFunctionEventInvokeConfig",
        ("POST", ["functions", _, "invocations"]) => "Invoke",
        ("POST", ["tags", _]) => "TagResource",
        ("GET", ["tags", _]) => "ListTags",
        ("DELETE", ["tags", _]) => "UntagResource",
        _ => return None,
    })
}

pub(super) fn encode(operation: &str, output: &Value) -> (u16, String) {
    match operation {
        "Invoke" => {
            let status = output.get("StatusCode").and_then(Value::as_u64);
            let status = status
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or(200);
            (
                status,
                output
                    .get("Payload")
                    .map(Value::to_string)
                    .unwrap_or_default(),
            )
        }
        "CreateFunction" | "AddPermission" => (201, output.to_string()),
        "TagResource" | "UntagResource" => (204, String::new()),
        _ if operation.starts_with("Delete") || operation == "RemovePermission" => {
            (204, String::new())
        }
        _ => (200, output.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_name_the_operation_and_its_members() {
        let request = |method: &str, uri: &str, body: &'static str| {
            let request = Request::builder().method(method).uri(uri);
            decode(&request.body(Bytes::from(body)).unwrap()).unwrap()
        };
        let base = "https://lambda.eu-west-1.amazonaws.com";
        let uri = format!("{base}/2015-03-31/functions/ecroll/policy/sns");
        let (service, operation, input) = request("DELETE", &uri, "");
        assert_eq!(
            (service, operation.as_str()),
            ("lambda", "RemovePermission")
        );
        assert_eq!(
            input,
            json!({"FunctionName": "ecroll", "StatementId": "sns"})
        );

        let arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Aecroll";
        let uri = format!("{base}/2017-03-31/tags/{arn}?tagKeys=a&tagKeys=b");
        let (_, operation, input) = request("DELETE", &uri, "");
        assert_eq!(operation, "UntagResource");
        assert_eq!(input["TagKeys"], json!(["a", "b"]));
        assert_eq!(
            input["Resource"],
            "arn:aws:lambda:eu-west-1:000000000000:function:ecroll"
        );
    }

    #[test]
    fn only_dated_paths_are_lambdas() {
        assert!(is_path("/2015-03-31/functions"));
        assert!(is_path("/2016-08-19/account-settings/"));
        assert!(is_path("/2099-01-01/what-does-not-exist-yet"));
        assert!(!is_path("/2015-03-31"));
        assert!(!is_path("/2015-03-31/"));
        assert!(!is_path("/my-bucket/functions"));
    }
}
