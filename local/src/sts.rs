//! STS: who am I?

use serde_json::json;

use crate::input::not_implemented;
use crate::service::{Answer, Place, Scope};

/// Answers an STS call. The pocket account knows one caller so far, its operator.
pub(crate) fn call(operation: &str, scope: &Scope<'_>) -> Answer {
    let place = scope.place;
    match operation {
        "GetCallerIdentity" => Ok(json!({
            "Account": place.account,
            "Arn": operator(place),
            "UserId": "AIDAOPERATOR000000000",
        })),
        _ => Err(not_implemented("sts", operation)),
    }
}

/// The ARN of the account's operator.
pub(crate) fn operator(place: &Place) -> String {
    format!(
        "arn:{}:iam::{}:user/operator",
        place.partition, place.account
    )
}
