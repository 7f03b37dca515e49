//! STS: who am I?

use serde_json::json;

use crate::input::not_implemented;
use crate::service::{Answer, Scope};

/// Answers an STS call. The pocket account knows one caller so far, its operator.
pub(crate) fn call(operation: &str, scope: &Scope<'_>) -> Answer {
    let place = scope.place;
    match operation {
        "GetCallerIdentity" => Ok(json!({
            "Account": place.account,
            "Arn": format!("arn:{}:iam::{}:user/operator", place.partition, place.account),
            "UserId": "AIDAOPERATOR000000000",
        })),
        _ => Err(not_implemented("sts", operation)),
    }
}
