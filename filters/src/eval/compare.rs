//! Comparing a text or a number with a pattern's value.

use std::cmp::Ordering;

use crate::number::Number;
use crate::pattern::{Comparison, Relation, Value};
use crate::{Compat, Point};

/// Whether a string satisfies the comparison.
///
/// `"111.111.111.111" != 111` is true on AWS and `= 123` on a string is false there; that a bare
/// number equals a string of its own text is a choice ([`Point::NumericStringEquality`]).
pub(crate) fn string(comparison: &Comparison, text: &str, compat: Compat) -> bool {
    let equal = |value: &Value| match value {
        Value::Number(number) => {
            number.text() == text && !compat.other(Point::NumericStringEquality)
        }
        value => text_equal(value, text, compat),
    };
    match comparison {
        Comparison::Equal(value) => equal(value),
        Comparison::NotEqual(value) => !equal(value),
        Comparison::Relation(relation, right) => {
            compat.other(Point::NumericStringRelation) && related(*relation, text, right, compat)
        }
    }
}

/// Whether a number satisfies the comparison; quoted values and globs see its text as it was
/// written, so `"12"` is not `12.0`.
pub(crate) fn number(comparison: &Comparison, text: &str, compat: Compat) -> bool {
    let equal = |value: &Value| match value {
        Value::Number(number) => number.order(text, compat) == Some(Ordering::Equal),
        value => text_equal(value, text, compat),
    };
    match comparison {
        Comparison::Equal(value) => equal(value),
        Comparison::NotEqual(value) => !equal(value),
        Comparison::Relation(relation, right) => related(*relation, text, right, compat),
    }
}

/// Whether a word of a space-delimited event satisfies the comparison.
pub(crate) fn word(comparison: &Comparison, text: &str, compat: Compat) -> bool {
    let equal = |value: &Value| match value {
        Value::Number(number) if !compat.other(Point::FieldNumbers) => {
            number.order(text, compat) == Some(Ordering::Equal)
        }
        value => text_equal(value, text, compat),
    };
    match comparison {
        Comparison::Equal(value) => equal(value),
        Comparison::NotEqual(value) => !equal(value),
        Comparison::Relation(relation, right) => related(*relation, text, right, compat),
    }
}

fn text_equal(value: &Value, text: &str, compat: Compat) -> bool {
    match value {
        Value::Text { text: wanted, .. } => wanted == text,
        Value::Wildcard { wildcard, .. } => wildcard.matches(text, compat),
        Value::Number(number) => number.text() == text,
        Value::Regex(regex) => regex.is_match(text),
    }
}

fn related(relation: Relation, text: &str, right: &Number, compat: Compat) -> bool {
    right
        .order(text, compat)
        .is_some_and(|order| match relation {
            Relation::Less => order.is_lt(),
            Relation::Greater => order.is_gt(),
            Relation::LessOrEqual => order.is_le(),
            Relation::GreaterOrEqual => order.is_ge(),
        })
}
