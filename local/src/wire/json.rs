//! JSON 1.0 and 1.1: the operation in `X-Amz-Target`, input and output as JSON.
//!
//! ECR, ECS, CloudWatch Logs, CloudTrail, EventBridge, SQS, CloudWatch.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Decoded, unknown, unreadable};
use crate::service::Fault;

pub(super) fn decode(target: &str, body: &Bytes) -> Decoded {
    let (api, operation) = target
        .rsplit_once('.')
        .ok_or_else(|| unreadable(format!("X-Amz-Target {target}")))?;
    // The prefix may carry a namespace and a version.
    let service = match api {
        api if api.contains("EC2ContainerRegistry") => "ecr",
        api if api.contains("EC2ContainerService") => "ecs",
        api if api.contains("Logs_") => "logs",
        api if api.contains("CloudTrail") => "cloudtrail",
        api if api.contains("AWSEvents") => "events",
        api if api.contains("AmazonSQS") => "sqs",
        // Clients that do not speak CBOR.
        api if api.contains("GraniteServiceVersion20100801") => "cloudwatch",
        _ => return Err(unknown(format!("the service of X-Amz-Target {target}"))),
    };
    Ok((service, operation.to_owned(), read(body)?))
}

/// An empty body stands for an input without members.
pub(super) fn read(body: &Bytes) -> Result<Value, Fault> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(unreadable)
}

pub(super) fn fault(fault: &Fault) -> String {
    json!({"__type": fault.code, "message": fault.message}).to_string()
}
