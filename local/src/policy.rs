//! Policy documents: are they well formed, and do they admit a request?

use serde_json::Value;

/// One request that a policy is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The service principal that asks, for example `sns.amazonaws.com`; empty for the policies of
    /// a role, which name no principal.
    pub(crate) principal: &'a str,
    /// For example `sns:Publish`.
    pub(crate) action: &'a str,
    /// The ARN of the resource.
    pub(crate) resource: &'a str,
    /// The condition keys of the request.
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
    let mut allowed = false;
    for statement in each(document.get("Statement")) {
        if !applies(statement, ask) {
            continue;
        }
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => allowed = true,
            _ => return false,
        }
    }
    allowed
}

fn applies(statement: &Value, ask: &Ask<'_>) -> bool {
    principal_matches(statement, ask.principal)
        && named(statement, "Action", "NotAction", |pattern| {
            glob(
                &pattern.to_ascii_lowercase(),
                &ask.action.to_ascii_lowercase(),
            )
        })
        && named(statement, "Resource", "NotResource", |pattern| {
            glob(pattern, ask.resource)
        })
        && conditions_hold(statement, ask.context)
}

/// Whether the statement's list `name` has a match, or its list `not` has none. A trust policy has
/// no resources and applies to its role.
fn named(statement: &Value, name: &str, not: &str, matches: impl Fn(&str) -> bool) -> bool {
    let any = |list: &Value| {
        each(Some(list))
            .into_iter()
            .filter_map(Value::as_str)
            .any(&matches)
    };
    match (statement.get(name), statement.get(not)) {
        (Some(list), _) => any(list),
        (None, Some(list)) => !any(list),
        (None, None) => name == "Resource",
    }
}

fn principal_matches(statement: &Value, principal: &str) -> bool {
    if principal.is_empty() {
        return true;
    }
    let Some(admitted) = statement.get("Principal") else {
        return false;
    };
    if admitted.as_str() == Some("*") {
        return true;
    }
    let named = |kind: &str, wanted: &str| {
        each(admitted.get(kind))
            .into_iter()
            .any(|name| name.as_str() == Some(wanted))
    };
    named("Service", principal) || named("AWS", "*")
}

fn conditions_hold(statement: &Value, context: &[(&str, &str)]) -> bool {
    let operators = statement
        .get("Condition")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    operators
        .flat_map(|(operator, keys)| {
            keys.as_object()
                .into_iter()
                .flatten()
                .map(move |entry| (operator, entry))
        })
        .all(|(operator, (key, wanted))| {
            let held = context
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key));
            condition_holds(operator, held.map(|(_, value)| *value), &each(Some(wanted)))
        })
}

/// Unknown operators never hold: an unknown condition must not widen what a policy allows.
fn condition_holds(operator: &str, held: Option<&str>, wanted: &[&Value]) -> bool {
    let (operator, optional) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    if operator == "Null" {
        return wanted
            .iter()
            .any(|value| text(value) == held.is_none().to_string());
    }
    let negated = operator.contains("Not");
    let Some(held) = held else {
        return optional || negated;
    };
    let any = |matches: &dyn Fn(&str) -> bool| wanted.iter().any(|value| matches(&text(value)));
    match operator {
        "StringEquals" => any(&|value| value == held),
        "StringNotEquals" => !any(&|value| value == held),
        "StringEqualsIgnoreCase" => any(&|value| value.eq_ignore_ascii_case(held)),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&|value| glob(value, held)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !any(&|value| glob(value, held)),
        "Bool" => any(&|value| value.eq_ignore_ascii_case(held)),
        _ => false,
    }
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

/// Whether `text` matches `pattern`, where `*` stands for any text and `?` for any one character.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on after a mismatch: behind the last star, with one more character under it.
    let mut star: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut behind = pattern.clone();
        match behind.next() {
            Some('*') => {
                star = Some((behind.clone(), text.clone()));
                pattern = behind;
                continue;
            }
            Some(wanted) => {
                let mut rest = text.clone();
                if rest
                    .next()
                    .is_some_and(|found| wanted == '?' || wanted == found)
                {
                    (pattern, text) = (behind, rest);
                    continue;
                }
            }
            None if text.as_str().is_empty() => return true,
            None => {}
        }
        let Some((after, covered)) = &mut star else {
            return false;
        };
        if covered.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), covered.clone());
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
    fn stars_cover_any_text() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("a*b*c", "aXbYbZc"),
            ("?b", "ab"),
            ("**", "x"),
            ("", ""),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a*c", "abcd"),
            ("?", ""),
            ("a", "ab"),
            ("a*b", "ac"),
            ("", "x"),
        ] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
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
