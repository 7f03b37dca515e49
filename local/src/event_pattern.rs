//! Event patterns of EventBridge: which events a rule takes.
//!
//! Source: "Amazon EventBridge event patterns" and "Comparison operators" in the EventBridge user guide. Simulated: nested
//! members, lists of exact values, `prefix`, `suffix`, `exists`, `anything-but` of exact values. Anything else is refused
//! when the rule is put.

use serde_json::Value;

/// A pattern as a rule holds it, read once.
#[derive(Debug)]
pub(crate) struct EventPattern {
    /// As it was put.
    pub(crate) text: String,
    value: Value,
}

impl EventPattern {
    /// # Errors
    /// What is wrong with it, or not simulated in it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let value = serde_json::from_str(text).map_err(|_| "it is not JSON".to_owned())?;
        check(&value)?;
        Ok(Self {
            text: text.to_owned(),
            value,
        })
    }

    /// Whether an event has everything that the pattern asks for.
    pub(crate) fn takes(&self, event: &Value) -> bool {
        matches(&self.value, event)
    }

    /// Whether it may take an event of which only some members are known.
    pub(crate) fn may_take(&self, known: &Value) -> bool {
        let mut asked = self.value.as_object().into_iter().flatten();
        asked.all(|(name, wanted)| {
            let found = known.get(name);
            found.is_none() || member_matches(wanted, found)
        })
    }
}

/// Whether an event has everything that the pattern asks for.
fn matches(pattern: &Value, event: &Value) -> bool {
    let Some(members) = pattern.as_object() else {
        return false;
    };
    members
        .iter()
        .all(|(key, wanted)| member_matches(wanted, event.get(key)))
}

fn member_matches(wanted: &Value, found: Option<&Value>) -> bool {
    match wanted {
        Value::Array(any) => any.iter().any(|one| allows(one, found)),
        nested => found.is_some_and(|found| matches(nested, found)),
    }
}

/// One entry of a list; a list in the event matches by any of its members.
fn allows(one: &Value, found: Option<&Value>) -> bool {
    if let Some(Value::Array(several)) = found {
        return several.iter().any(|found| allows(one, Some(found)));
    }
    let Some((operator, operand)) = one.as_object().and_then(|one| one.iter().next()) else {
        return found == Some(one);
    };
    let text = found.and_then(Value::as_str);
    match (operator.as_str(), operand) {
        ("exists", Value::Bool(wanted)) => found.is_some() == *wanted,
        ("prefix", Value::String(prefix)) => text.is_some_and(|text| text.starts_with(prefix)),
        ("suffix", Value::String(suffix)) => text.is_some_and(|text| text.ends_with(suffix)),
        ("anything-but", Value::Array(not)) => found.is_some_and(|found| !not.contains(found)),
        ("anything-but", not) => found.is_some_and(|found| found != not),
        _ => false,
    }
}

/// What is wrong with a pattern, or not simulated in it.
fn check(pattern: &Value) -> Result<(), String> {
    let members = pattern
        .as_object()
        .ok_or("Filter is not an object".to_owned())?;
    for (key, wanted) in members {
        if key == "$or" {
            return Err("the operator '$or' is not simulated".to_owned());
        }
        match wanted {
            Value::Array(any) if any.is_empty() => {
                return Err(format!("Empty arrays are not allowed at '{key}'"));
            }
            Value::Array(any) => {
                for one in any.iter().filter_map(Value::as_object) {
                    let known = ["exists", "prefix", "suffix", "anything-but"];
                    let operator = one.keys().next().map(String::as_str).unwrap_or_default();
                    if one.len() != 1 || !known.contains(&operator) {
                        return Err(format!("the operator '{operator}' is not simulated"));
                    }
                    check_operand(operator, one.get(operator))?;
                }
            }
            Value::Object(_) => check(wanted)?,
            _ => return Err(format!("\"{key}\" must be an object or an array")),
        }
    }
    Ok(())
}

/// Whether what an operator compares with is of a form that is simulated.
fn check_operand(operator: &str, operand: Option<&Value>) -> Result<(), String> {
    let plain = |value: &Value| value.is_string() || value.is_number();
    let right = match (operator, operand) {
        ("exists", Some(operand)) => operand.is_boolean(),
        ("prefix" | "suffix", Some(operand)) => operand.is_string(),
        ("anything-but", Some(Value::Array(several))) => several.iter().all(plain),
        ("anything-but", Some(operand)) => plain(operand),
        _ => false,
    };
    if right {
        return Ok(());
    }
    let operand = operand.unwrap_or(&Value::Null);
    Err(format!("'{operator}' with {operand} is not simulated"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{EventPattern, check, matches};

    #[test]
    fn a_pattern_takes_events_that_have_all_it_asks_for() {
        let event = json!({"source": "aws.ecr", "resources": ["a", "b"],
            "detail": {"result": "SUCCESS", "action-type": "PUSH", "image-tag": "v1"}});
        let table = [
            (json!({"source": ["aws.ecr"]}), true),
            (
                json!({"source": ["aws.ecs", "aws.ecr"], "detail": {"result": ["SUCCESS"]}}),
                true,
            ),
            (json!({"detail": {"result": ["FAILURE"]}}), false),
            (json!({"detail": {"image-tag": [{"exists": true}]}}), true),
            (json!({"detail": {"image-tag": [{"exists": false}]}}), false),
            (json!({"detail": {"image-tag": [{"prefix": "v"}]}}), true),
            (
                json!({"detail": {"image-tag": [{"anything-but": ["v1"]}]}}),
                false,
            ),
            (json!({"resources": ["b"]}), true),
            (json!({"missing": {"x": ["y"]}}), false),
        ];
        for (pattern, taken) in table {
            assert_eq!(check(&pattern), Ok(()), "{pattern}");
            assert_eq!(matches(&pattern, &event), taken, "{pattern}");
        }
    }

    #[test]
    fn wrong_patterns_are_refused() {
        for pattern in [
            json!([]),
            json!({"source": "aws.ecr"}),
            json!({"source": []}),
            json!({"source": [{"cidr": "10.0.0.0/24"}]}),
            json!({"source": [{"anything-but": {"prefix": "aws."}}]}),
            json!({"source": [{"prefix": {"equals-ignore-case": "aws."}}]}),
            json!({"source": [{"exists": "yes"}]}),
            json!({"$or": [{"source": ["aws.ecr"]}, {"source": ["aws.ecs"]}]}),
        ] {
            assert!(check(&pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_is_known_of_an_event_may_rule_it_out() {
        let pattern = json!({"source": ["aws.ecr"], "detail": {"eventName": ["PutImage"]}});
        let pattern = EventPattern::read(&pattern.to_string()).unwrap();
        let known =
            |source: &str| json!({"source": source, "detail-type": "AWS API Call via CloudTrail"});
        assert!(pattern.may_take(&known("aws.ecr")));
        assert!(!pattern.may_take(&known("aws.ecs")));
        let event = json!({"source": "aws.ecr", "detail": {"eventName": "BatchGetImage"}});
        assert!(!pattern.takes(&event), "what is not known yet decides");
    }
}
