//! A push through the API: CloudTrail tells of it some time later, as of one by a container client.

use std::sync::PoisonError;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{Request, Response};
use serde_json::{Value, json};

use super::Served;
use crate::journal::What;
use crate::keys::Key;
use crate::service::Place;

/// The operation in `X-Amz-Target` of a push.
const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.PutImage";

/// Looks at an answered request. If it was a push, its record is sent on its way, and what runs a tag finds the image.
pub(super) fn observe(
    served: &Served,
    request: &Request<Bytes>,
    response: &Response<Bytes>,
    key: &Key,
) {
    let target = request.headers().get("x-amz-target");
    if target.is_none_or(|target| target != TARGET) {
        return;
    }
    let read = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let (asked, answered) = (read(request.body()), read(response.body()));
    let account = &served.account;
    let now = account.clock().now();
    let place = account.place();
    let id = account.state().request_id();
    let accepted = response.status().is_success();
    if accepted {
        let text = |pointer: &str| answered.pointer(pointer).and_then(Value::as_str);
        let tag = text("/image/imageId/imageTag");
        let names = (
            text("/image/registryId"),
            text("/image/repositoryName"),
            text("/image/imageId/imageDigest"),
        );
        if let (Some(registry), Some(repository), Some(digest)) = names {
            let image = format!("{}/{repository}", host(registry, &place));
            let mut state = account.state();
            if let Some(tag) = tag {
                state.ecs.push_image(&image, tag, digest);
            }
            let what = What::Pushed {
                image,
                tag: tag.map(str::to_owned),
                digest: digest.to_owned(),
            };
            state.journal.write(now, what);
        }
    }
    let (least, most) = (served.latency.start(), served.latency.end());
    let millis = |span: &std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let latency = served
        .chance
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .u64(millis(least)..=millis(most).max(millis(least)));
    let latency = TimeDelta::milliseconds(i64::try_from(latency).unwrap_or(i64::MAX));
    let record = record(&asked, &answered, accepted, key, &place, now, &id);
    account.deliver(record, now + latency);
}

/// The host of a registry in the account's Region.
fn host(registry: &str, place: &Place) -> String {
    let suffix = if place.partition == "aws-cn" {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("{registry}.dkr.ecr.{}.{suffix}", place.region)
}

/// The record, in the shape of <https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html>.
fn record(
    asked: &Value,
    answered: &Value,
    accepted: bool,
    key: &Key,
    place: &Place,
    at: DateTime<Utc>,
    id: &str,
) -> Value {
    let user = key.arn.rsplit('/').next().unwrap_or_default();
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser", "principalId": user, "arn": key.arn, "accountId": place.account,
            "userName": user,
        },
        "eventTime": at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImage",
        "awsRegion": place.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "AWS Internal",
        "requestParameters": asked,
        "responseElements": if accepted { answered.clone() } else { Value::Null },
        "requestID": id,
        "eventID": id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": place.account,
        "eventCategory": "Management",
    });
    let Some(members) = record.as_object_mut() else {
        return record;
    };
    if let Some(name) = asked.get("repositoryName").and_then(Value::as_str) {
        let arn = place.arn("ecr", &format!("repository/{name}"));
        let resource = json!({"ARN": arn, "accountId": place.account});
        members.insert("resources".to_owned(), json!([resource]));
    }
    if !accepted {
        let text = |name: &str| answered.get(name).cloned().unwrap_or_default();
        members.insert("errorCode".to_owned(), text("__type"));
        members.insert("errorMessage".to_owned(), text("message"));
    }
    record
}
