//! Reading an operation's input: typed access to members, with the refusals that AWS gives.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::service::Fault;

/// An `InvalidParameterException`.
pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("InvalidParameterException", message)
}

/// A `ClientException`.
pub(super) fn client(message: impl Into<String>) -> Fault {
    Fault::client("ClientException", message)
}

/// The members of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a>(pub(super) &'a Value);

impl<'a> Input<'a> {
    /// A member; JSON null is as good as absent.
    pub(super) fn get(self, member: &str) -> Option<&'a Value> {
        self.0.get(member).filter(|value| !value.is_null())
    }

    fn typed<T>(
        self,
        member: &str,
        kind: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.get(member) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| {
            Fault::client("SerializationException", format!("{member} is not {kind}."))
        })
    }

    /// An optional string.
    pub(super) fn text(self, member: &str) -> Result<Option<&'a str>, Fault> {
        self.typed(member, "a string", Value::as_str)
    }

    /// A string that must be there.
    pub(super) fn required(self, member: &str) -> Result<&'a str, Fault> {
        self.text(member)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| invalid(format!("{member} can not be blank.")))
    }

    /// An optional flag.
    pub(super) fn flag(self, member: &str) -> Result<Option<bool>, Fault> {
        self.typed(member, "a boolean", Value::as_bool)
    }

    /// An optional count; negative ones are refused.
    pub(super) fn count(self, member: &str) -> Result<Option<u32>, Fault> {
        let Some(number) = self.typed(member, "an integer", Value::as_i64)? else {
            return Ok(None);
        };
        u32::try_from(number)
            .map(Some)
            .map_err(|_| invalid(format!("{member} must be between 0 and {}.", u32::MAX)))
    }

    /// An optional list.
    pub(super) fn list(self, member: &str) -> Result<Option<&'a Vec<Value>>, Fault> {
        self.typed(member, "a list", Value::as_array)
    }

    /// An optional structure.
    pub(super) fn structure(self, member: &str) -> Result<Option<&'a Map<String, Value>>, Fault> {
        self.typed(member, "a structure", Value::as_object)
    }

    /// The strings of a list that may be absent.
    pub(super) fn texts(self, member: &str) -> Result<Vec<&'a str>, Fault> {
        self.list(member)?
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .map(|value| {
                value.as_str().ok_or_else(|| {
                    Fault::client(
                        "SerializationException",
                        format!("{member} holds something that is not a string."),
                    )
                })
            })
            .collect()
    }

    /// Whether `include` asks for tags.
    pub(super) fn wants_tags(self) -> Result<bool, Fault> {
        Ok(self.texts("include")?.contains(&"TAGS"))
    }

    /// One of a list of words.
    pub(super) fn choice(self, member: &str, words: &[&str]) -> Result<Option<&'a str>, Fault> {
        let Some(text) = self.text(member)? else {
            return Ok(None);
        };
        if words.contains(&text) {
            return Ok(Some(text));
        }
        Err(invalid(format!(
            "{member} must be one of {}, not {text}.",
            words.join(", ")
        )))
    }
}

/// A time as the API's JSON carries it: epoch seconds.
pub(super) fn epoch(time: DateTime<Utc>) -> Value {
    let (seconds, millis) = (time.timestamp(), time.timestamp_subsec_millis());
    if millis == 0 {
        return Value::from(seconds);
    }
    // Epoch seconds stay far below 2^52, so nothing is lost.
    #[expect(
        clippy::cast_precision_loss,
        reason = "epoch seconds fit a double exactly"
    )]
    Value::from(seconds as f64 + f64::from(millis) / 1_000.0)
}

/// Reads epoch seconds.
pub(super) fn from_epoch(value: &Value) -> Option<DateTime<Utc>> {
    if let Some(seconds) = value.as_i64() {
        return DateTime::from_timestamp(seconds, 0);
    }
    let millis = value.as_f64()? * 1_000.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds are what the API carries"
    )]
    DateTime::from_timestamp_millis(millis as i64)
}
