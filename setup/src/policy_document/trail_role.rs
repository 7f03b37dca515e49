//! What CloudTrail may do with the log group.

use serde_json::json;

use super::Document;
use crate::names::{Names, Place};

/// CloudTrail may make its own streams and write to them: those are named `<account>_CloudTrail_<Region>`, with a
/// number appended when the volume is high.
#[must_use]
pub fn trail_role(names: &Names, place: &Place) -> Document {
    let Place {
        account, region, ..
    } = place;
    let streams = format!("log-stream:{account}_CloudTrail_{region}*");
    let resource = place.arn("logs", &format!("log-group:{}:{streams}", names.log_group));
    Document::new(&[json!({
        "Sid": "TrailWritesItsStreams",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": resource,
    })])
}
