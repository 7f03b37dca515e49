//! The policy of the trail's bucket.

use serde_json::json;

use super::Document;
use crate::names::{Names, Place};

/// CloudTrail may look at the bucket's ACL and write this account's logs, for our trail only. The trail's ARN is known
/// beforehand, so that the policy can stand before the trail does.
#[must_use]
pub fn trail_bucket(names: &Names, place: &Place) -> Document {
    let bucket = place.bucket_arn(&names.bucket);
    let trail = place.arn("cloudtrail", &format!("trail/{}", names.base));
    Document::new(&[
        json!({
            "Sid": "TrailReadsAcl",
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:GetBucketAcl",
            "Resource": bucket,
            "Condition": { "StringEquals": { "aws:SourceArn": trail } },
        }),
        json!({
            "Sid": "TrailWrites",
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": format!("{bucket}/AWSLogs/{}/*", place.account),
            "Condition": { "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceArn": trail,
            } },
        }),
    ])
}
