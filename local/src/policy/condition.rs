//! The conditions of a statement, read once.
//!
//! Source: "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or values" in the
//! IAM user guide.

use serde_json::Value;

use super::glob::glob;
use super::{each, text};

/// One key under one operator.
#[derive(Debug)]
pub(super) struct Condition {
    key: String,
    operator: Operator,
    negated: bool,
    /// `…IfExists`: holds where the request lacks the key.
    optional: bool,
    quantifier: Quantifier,
    wanted: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equals,
    EqualsIgnoreCase,
    Like,
    Bool,
    Null,
    Unknown,
}

/// How a key with several values is judged.
#[derive(Debug, Clone, Copy)]
enum Quantifier {
    One,
    All,
    Any,
}

impl Condition {
    /// The conditions of a statement.
    pub(super) fn read_all(statement: &Value) -> Vec<Self> {
        let mut conditions = Vec::new();
        let operators = statement.get("Condition").and_then(Value::as_object);
        for (operator, keys) in operators.into_iter().flatten() {
            let keys = keys.as_object().into_iter().flatten();
            conditions.extend(keys.map(|(key, wanted)| Self::read(operator, key, wanted)));
        }
        conditions
    }

    fn read(name: &str, key: &str, wanted: &Value) -> Self {
        let (quantifier, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            _ => (Quantifier::One, name),
        };
        let (name, optional) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (operator, negated) = match name {
            "StringEquals" => (Operator::Equals, false),
            "StringNotEquals" => (Operator::Equals, true),
            "StringEqualsIgnoreCase" => (Operator::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Operator::EqualsIgnoreCase, true),
            "StringLike" | "ArnLike" | "ArnEquals" => (Operator::Like, false),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (Operator::Like, true),
            "Bool" => (Operator::Bool, false),
            "Null" => (Operator::Null, false),
            _ => (Operator::Unknown, false),
        };
        Self {
            key: key.to_owned(),
            operator,
            negated,
            optional,
            quantifier,
            wanted: each(Some(wanted)).into_iter().map(text).collect(),
        }
    }

    /// The key that it asks for.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it holds. An operator that is not known holds where `deny` is being asked for and nowhere else: it must
    /// not widen what a policy allows.
    pub(super) fn holds(&self, context: &[(&str, &str)], deny: bool) -> bool {
        let values = || {
            let named = context
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(&self.key));
            named.map(|(_, value)| *value)
        };
        let missing = values().next().is_none();
        if matches!(self.operator, Operator::Unknown) {
            return deny;
        }
        if matches!(self.operator, Operator::Null) {
            return self
                .wanted
                .iter()
                .any(|wanted| *wanted == missing.to_string());
        }
        match self.quantifier {
            Quantifier::All => values().all(|value| self.takes(value)),
            Quantifier::Any => values().any(|value| self.takes(value)),
            Quantifier::One if missing => self.optional || self.negated,
            Quantifier::One => values().any(|value| self.takes(value)),
        }
    }

    fn takes(&self, value: &str) -> bool {
        let named = self.wanted.iter().any(|wanted| match self.operator {
            Operator::Equals => wanted == value,
            Operator::EqualsIgnoreCase | Operator::Bool => wanted.eq_ignore_ascii_case(value),
            Operator::Like => glob(wanted, value),
            Operator::Null | Operator::Unknown => false,
        });
        named != self.negated
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(operator: &str, wanted: &Value, context: &[(&str, &str)]) -> bool {
        let condition = Condition::read(operator, "aws:TagKeys", wanted);
        condition.holds(context, false)
    }

    #[test]
    fn several_values_are_judged_by_the_quantifier() {
        let (ours, mixed) = (
            [("aws:TagKeys", "ecroll:a"), ("aws:tagkeys", "ecroll:b")],
            [("aws:TagKeys", "ecroll:a"), ("aws:TagKeys", "other")],
        );
        let all = "ForAllValues:StringLike";
        assert!(holds(all, &json!("ecroll:*"), &ours));
        assert!(!holds(all, &json!("ecroll:*"), &mixed));
        // Documented: true where the request has no such key.
        assert!(holds(all, &json!("ecroll:*"), &[]));
        let any = "ForAnyValue:StringLike";
        assert!(holds(any, &json!("ecroll:*"), &mixed));
        assert!(!holds(any, &json!("ecroll:*"), &[]));
        assert!(!holds(
            "ForAnyValue:StringNotLike",
            &json!("ecroll:*"),
            &ours
        ));
    }

    #[test]
    fn a_missing_key_fails_unless_the_operator_says_otherwise() {
        assert!(!holds("StringEquals", &json!("x"), &[]));
        assert!(holds("StringEqualsIfExists", &json!("x"), &[]));
        assert!(holds("StringNotEquals", &json!("x"), &[]));
        assert!(holds("Null", &json!("true"), &[]));
        assert!(!holds("Null", &json!(["false"]), &[]));
        assert!(holds("Bool", &json!(true), &[("aws:TagKeys", "True")]));
    }

    #[test]
    fn an_unknown_operator_denies() {
        let condition = Condition::read("IpAddress", "aws:SourceIp", &json!("10.0.0.0/8"));
        assert!(!condition.holds(&[("aws:SourceIp", "10.0.0.1")], false));
        assert!(condition.holds(&[], true));
    }
}
