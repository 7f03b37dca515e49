//! Topics: the attributes that may be set, and the policy that a topic begins with.

use serde_json::{Value, json};

use crate::policy;
use crate::service::{Fault, Place};

/// The attributes that `SetTopicAttributes` takes here.
const SETTABLE: [&str; 6] = [
    "Policy",
    "DisplayName",
    "DeliveryPolicy",
    "KmsMasterKeyId",
    "TracingConfig",
    "SignatureVersion",
];

/// The policy that a topic has when its creator gives none.
pub(super) fn default_policy(arn: &str, place: &Place) -> Value {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": place.account}},
        }],
    })
}

/// An attribute, if it may be set to this value.
pub(super) fn settable(name: &str, value: &str) -> Result<(String, String), Fault> {
    let invalid = |what: String| Fault::client("InvalidParameter", what);
    if !SETTABLE.contains(&name) {
        return Err(invalid("Invalid parameter: AttributeName".to_owned()));
    }
    if name == "Policy" {
        policy::parse(value)
            .map_err(|why| invalid(format!("Invalid parameter: Policy Error: {why}")))?;
    }
    Ok((name.to_owned(), value.to_owned()))
}
