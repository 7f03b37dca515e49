//! REST with XML, bucket in the path.
//!
//! S3.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use super::xml::{self, Style};
use super::{Decoded, query_of, segments, unknown, unreadable};
use crate::service::Fault;

/// The settings of a bucket: the query that names one, the operations' common name, the input's
/// member, the root of its document.
const SETTINGS: [(&str, &str, &str); 5] = [
    (
        "publicAccessBlock",
        "PublicAccessBlock",
        "PublicAccessBlockConfiguration",
    ),
    (
        "encryption",
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
    ),
    (
        "lifecycle",
        "BucketLifecycleConfiguration",
        "LifecycleConfiguration",
    ),
    ("tagging", "BucketTagging", "Tagging"),
    ("versioning", "BucketVersioning", "VersioningConfiguration"),
];

/// What a listing may ask for: the query, the input's member.
const MARKERS: [(&str, &str); 3] = [
    ("prefix", "Prefix"),
    ("key-marker", "KeyMarker"),
    ("continuation-token", "ContinuationToken"),
];

pub(super) fn decode(request: &Request<Bytes>) -> Decoded {
    let (parts, body) = request.clone().into_parts();
    let method = parts.method.as_str();
    let path = segments(parts.uri.path());
    let query = query_of(&parts);
    let asks = |name: &str| query.iter().any(|(key, _)| key == name);
    let unknown = || unknown(format!("s3 {method} {}", parts.uri));
    let bucket = match path.as_slice() {
        [] if method == "GET" => return Ok(("s3", "ListBuckets".to_owned(), json!({}))),
        [bucket] => bucket.clone(),
        _ => return Err(unknown()),
    };
    let mut input = Map::from_iter([("Bucket".to_owned(), bucket.into())]);
    let body = || std::str::from_utf8(&body).map_err(unreadable);

    if asks("policy") {
        let operation = match method {
            "PUT" => "PutBucketPolicy",
            "GET" => "GetBucketPolicy",
            "DELETE" => "DeleteBucketPolicy",
            _ => return Err(unknown()),
        };
        if method == "PUT" {
            input.insert("Policy".to_owned(), body()?.into());
        }
        return Ok(("s3", operation.to_owned(), input.into()));
    }
    if let Some((_, name, member)) = SETTINGS.iter().find(|(query, ..)| asks(query)) {
        let verb = match method {
            "PUT" => "Put",
            "GET" => "Get",
            "DELETE" => "Delete",
            _ => return Err(unknown()),
        };
        if method == "PUT" {
            input.insert((*member).to_owned(), xml::read(body()?)?.1);
        }
        // Deleting the lifecycle is the one operation with another name.
        let operation = match (verb, *name) {
            ("Delete", "BucketLifecycleConfiguration") => "DeleteBucketLifecycle".to_owned(),
            (verb, name) => format!("{verb}{name}"),
        };
        return Ok(("s3", operation, input.into()));
    }
    for (query, member) in MARKERS {
        if let Some((_, value)) = query_of(&parts).into_iter().find(|(key, _)| key == query) {
            input.insert(member.to_owned(), value.into());
        }
    }
    let operation = match method {
        "GET" if asks("versions") => "ListObjectVersions",
        "POST" if asks("delete") => "DeleteObjects",
        "GET" if asks("location") => "GetBucketLocation",
        "GET" if asks("list-type") => "ListObjectsV2",
        "PUT" if query.is_empty() || asks("x-id") => "CreateBucket",
        "HEAD" => "HeadBucket",
        "DELETE" if query.is_empty() || asks("x-id") => "DeleteBucket",
        _ => return Err(unknown()),
    };
    if operation == "CreateBucket" && !body()?.is_empty() {
        input.insert(
            "CreateBucketConfiguration".to_owned(),
            xml::read(body()?)?.1,
        );
    }
    if operation == "DeleteObjects" {
        input.insert("Delete".to_owned(), xml::read(body()?)?.1);
    }
    Ok(("s3", operation.to_owned(), input.into()))
}

pub(super) fn encode(operation: &str, output: &Value) -> (u16, &'static str, String) {
    const XML: &str = "application/xml";
    let root = match operation {
        "GetBucketPolicy" => {
            let document = output
                .get("Policy")
                .and_then(Value::as_str)
                .unwrap_or_default();
            return (200, "application/json", document.to_owned());
        }
        "ListObjectsV2" => "ListBucketResult",
        "ListObjectVersions" => "ListVersionsResult",
        "DeleteObjects" => "DeleteResult",
        "ListBuckets" => "ListAllMyBucketsResult",
        "GetBucketLocation" => {
            let region = output.get("LocationConstraint").and_then(Value::as_str);
            let region = xml::escaped(region.unwrap_or_default());
            return (
                200,
                XML,
                format!("<LocationConstraint>{region}</LocationConstraint>"),
            );
        }
        _ if operation.starts_with("Get") => {
            let setting = SETTINGS
                .iter()
                .find(|(_, name, _)| operation.ends_with(name));
            setting.map_or("", |(_, _, root)| root)
        }
        _ if operation.starts_with("Delete") => return (204, XML, String::new()),
        _ => return (200, XML, String::new()),
    };
    // Some outputs name the configuration, others are its members.
    let members = output.get(root).unwrap_or(output);
    let mut text = String::new();
    xml::write_members(&mut text, members, Style::S3);
    (200, XML, format!("<{root}>{text}</{root}>"))
}

pub(super) fn fault(fault: &Fault, request_id: &str) -> String {
    let (code, message) = (xml::escaped(&fault.code), xml::escaped(&fault.message));
    format!(
        "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId>\
         </Error>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_of_a_new_bucket_are_read() {
        let body = "<CreateBucketConfiguration xmlns=\"x\">\
                    <LocationConstraint>eu-west-1</LocationConstraint>\
                    <Tags><Tag><Key>a</Key><Value>1</Value></Tag>\
                    <Tag><Key>b</Key><Value>2</Value></Tag></Tags></CreateBucketConfiguration>";
        let request = Request::builder().method("PUT");
        let request = request.uri("https://s3.eu-west-1.amazonaws.com/mine/");
        let (_, operation, input) = decode(&request.body(Bytes::from(body)).unwrap()).unwrap();
        assert_eq!(operation, "CreateBucket");
        let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
        let place = json!({"LocationConstraint": "eu-west-1", "Tags": tags});
        assert_eq!(
            input,
            json!({"Bucket": "mine", "CreateBucketConfiguration": place})
        );
    }
}
