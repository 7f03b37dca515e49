//! Policy documents: are they well formed, and do they admit a request?

mod compiled;
mod condition;
mod glob;

use serde_json::Value;

pub(crate) use compiled::{Policies, Verdict};

/// One request that a policy is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// Who asks: a service, for example `sns.amazonaws.com`, or the ARN of a user or role; empty for the policies of a
    /// role or user themselves, which name no principal.
    pub(crate) principal: &'a str,
    /// For example `sns:Publish`.
    pub(crate) action: &'a str,
    /// The ARN of the resource.
    pub(crate) resource: &'a str,
    /// The condition keys of the request; a key with several values stands here several times.
    pub(crate) context: &'a [(&'a str, &'a str)],
}

/// Reads a policy document; the error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    if let Some(version) = document.get("Version")
        && !matches!(version.as_str(), Some("2012-10-17" | "2008-10-17"))
    {
        return Err(format!(
            "its Version {version} is neither 2012-10-17 nor 2008-10-17"
        ));
    }
    let statements = each(document.get("Statement"));
    if statements.is_empty() {
        return Err("it has no Statement".to_owned());
    }
    for (index, statement) in statements.into_iter().enumerate() {
        let place = format!("statement {}", index + 1);
        if !matches!(
            statement.get("Effect").and_then(Value::as_str),
            Some("Allow" | "Deny")
        ) {
            return Err(format!("{place} has no Effect of Allow or Deny"));
        }
        if statement
            .get("Action")
            .or_else(|| statement.get("NotAction"))
            .is_none()
        {
            return Err(format!("{place} has no Action"));
        }
    }
    Ok(document)
}

/// Whether `document` allows the request and nothing in it denies it.
pub(crate) fn admits(document: &Value, ask: &Ask<'_>) -> bool {
    matches!(Policies::read([document]).decide(ask), Verdict::Allowed(_))
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The members of a list, or the one thing that stands in its place.
fn each(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PUBLISH: Ask<'_> = Ask {
        principal: "cloudwatch.amazonaws.com",
        action: "SNS:Publish",
        resource: "arn:aws:sns:eu-west-1:000000000000:ecroll",
        context: &[(
            "aws:SourceArn",
            "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a",
        )],
    };

    fn document(statement: &Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": statement})
    }

    #[test]
    fn a_condition_on_the_source_decides() {
        let allow = |source: &str| {
            document(&json!([{
                "Effect": "Allow", "Principal": {"Service": ["cloudwatch.amazonaws.com"]},
                "Action": "sns:Publish", "Resource": PUBLISH.resource,
                "Condition": {"ArnLike": {"aws:SourceArn": source}},
            }]))
        };
        assert!(admits(
            &allow("arn:aws:cloudwatch:*:000000000000:alarm:*"),
            &PUBLISH
        ));
        assert!(!admits(
            &allow("arn:aws:cloudwatch:*:111111111111:alarm:*"),
            &PUBLISH
        ));
    }

    #[test]
    fn deny_wins_and_silence_denies() {
        let deny = document(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*"},
        ]));
        assert!(!admits(&deny, &PUBLISH));
        assert!(!admits(&document(&json!([])), &PUBLISH));
    }

    #[test]
    fn an_unknown_operator_never_holds() {
        let odd = document(&json!({
            "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        }));
        assert!(!admits(&odd, &PUBLISH));
    }

    #[test]
    fn malformed_documents_are_named() {
        for text in [
            "{",
            "{}",
            r#"{"Version":"1","Statement":[{}]}"#,
            r#"{"Statement":{"Effect":"Allow"}}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).is_ok());
    }
}
