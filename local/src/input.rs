//! Reading a call's input: the members by name, with the faults that a service gives for bad ones.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::service::Fault;

/// The input of one call, and the error code by which its service refuses bad members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    value: &'a Value,
    invalid: &'static str,
}

impl<'a> Input<'a> {
    /// Reads `value`; bad members are refused with the code `invalid`.
    pub(crate) fn new(value: &'a Value, invalid: &'static str) -> Self {
        Self { value, invalid }
    }

    /// The member as it came.
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    /// The member as text, where it is text.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    /// The member as text, which the caller had to give.
    pub(crate) fn need(self, name: &str) -> Result<&'a str, Fault> {
        self.text(name).ok_or_else(|| {
            self.fault(format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint: \
                 Member must not be null"
            ))
        })
    }

    /// The member as a whole number; the query formats send numbers as text.
    pub(crate) fn number(self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// The member as any number.
    pub(crate) fn float(self, name: &str) -> Option<f64> {
        let value = self.get(name)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok())
    }

    /// The member as a truth value; the query formats send it as text.
    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        let value = self.get(name)?;
        value.as_bool().or_else(|| value.as_str()?.parse().ok())
    }

    /// The members of a list; none if it is missing.
    pub(crate) fn list(self, name: &str) -> &'a [Value] {
        self.get(name)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// The texts of a list.
    pub(crate) fn texts(self, name: &str) -> Vec<String> {
        self.list(name)
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    /// A map of text to text.
    pub(crate) fn map(self, name: &str) -> BTreeMap<String, String> {
        let entries = self
            .get(name)
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        entries
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect()
    }

    /// A list of `{"Key": …, "Value": …}` as a map.
    pub(crate) fn tags(self, name: &str) -> BTreeMap<String, String> {
        let tag = |tag: &Value| {
            let key = tag.get("Key")?.as_str()?.to_owned();
            Some((
                key,
                tag.get("Value")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            ))
        };
        self.list(name).iter().filter_map(tag).collect()
    }

    /// The fault of this service for a bad member.
    pub(crate) fn fault(self, message: impl Into<String>) -> Fault {
        Fault::client(self.invalid, message)
    }
}

/// A map of tags as the list `[{"Key": …, "Value": …}]`.
pub(crate) fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}

/// An object without its null members, so that absent things are absent from the answer.
pub(crate) fn present(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// The fault for an operation that is not simulated.
pub(crate) fn not_implemented(service: &str, operation: &str) -> Fault {
    let message = format!("the pocket account does not simulate {service} {operation}");
    Fault::client("NotImplemented", message).with_status(501)
}

/// A page of `items` that begins after the item named by `token`; with the token of the next page.
pub(crate) fn page<'a, T>(
    items: impl Iterator<Item = (&'a String, T)>,
    token: Option<&str>,
    limit: usize,
) -> (Vec<(&'a String, T)>, Option<String>) {
    let mut rest = items.skip_while(|(name, _)| token.is_some_and(|token| name.as_str() <= token));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = page
        .last()
        .filter(|_| more)
        .map(|(name, _)| (*name).clone());
    (page, next)
}
