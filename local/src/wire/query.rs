//! The query format: a form in, XML out.
//!
//! SNS, IAM, STS, CloudFormation. Every value is text; a list is `Name.member.1`, a map `Name.entry.1.key` and
//! `.value`.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::xml::{self, Style};
use super::{Decoded, unknown, unreadable};
use crate::service::Fault;

pub(super) fn decode(body: &Bytes) -> Decoded {
    let mut members = Value::Object(Map::new());
    let (mut action, mut version) = (None, None);
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "Action" => action = Some(value.into_owned()),
            "Version" => version = Some(value.into_owned()),
            name => put(&mut members, name, value.into_owned()),
        }
    }
    let action = action.ok_or_else(|| unreadable("it names no Action"))?;
    let service = match version.as_deref() {
        Some("2010-03-31") => "sns",
        Some("2010-05-08") => "iam",
        Some("2010-05-15") => "cloudformation",
        Some("2011-06-15") => "sts",
        other => {
            let version = other.unwrap_or("none");
            return Err(unknown(format!(
                "the service with API version {version}, {action}"
            )));
        }
    };
    Ok((service, action, fold(members)))
}

/// Puts a value where its dotted name says.
fn put(members: &mut Value, name: &str, value: String) {
    let mut place = members;
    for part in name.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Some(held) = place.as_object_mut() else {
            return;
        };
        place = held.entry(part.to_owned()).or_insert(Value::Null);
    }
    *place = Value::String(value);
}

/// Turns `{"member": {"1": …}}` into a list and `{"entry": {"1": {"key", "value"}}}` into a map.
fn fold(value: Value) -> Value {
    let Value::Object(members) = value else {
        return value;
    };
    if members.len() == 1 {
        if let Some(Value::Object(list)) = members.get("member") {
            return in_order(list).map(|(_, value)| fold(value)).collect();
        }
        if let Some(Value::Object(entries)) = members.get("entry") {
            let pair = |(_, entry): (u32, Value)| {
                let key = entry.get("key")?.as_str()?.to_owned();
                Some((key, fold(entry.get("value")?.clone())))
            };
            return Value::Object(in_order(entries).filter_map(pair).collect());
        }
    }
    Value::Object(
        members
            .into_iter()
            .map(|(name, value)| (name, fold(value)))
            .collect(),
    )
}

/// The numbered members by number: `10` comes after `9`.
fn in_order(list: &Map<String, Value>) -> impl Iterator<Item = (u32, Value)> {
    let numbered = list
        .iter()
        .map(|(index, value)| (index.parse().unwrap_or(0), value.clone()));
    let mut numbered: Vec<(u32, Value)> = numbered.collect();
    numbered.sort_by_key(|(index, _)| *index);
    numbered.into_iter()
}

pub(super) fn encode(operation: &str, output: &Value, request_id: &str) -> String {
    let mut members = String::new();
    xml::write_members(&mut members, output, Style::Query);
    format!(
        "<{operation}Response><{operation}Result>{members}</{operation}Result><ResponseMetadata>\
         <RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
}

pub(super) fn fault(fault: &Fault, request_id: &str) -> String {
    let kind = if fault.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    let (code, message) = (xml::escaped(&fault.code), xml::escaped(&fault.message));
    format!(
        "<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message>\
         </Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_and_maps_are_numbered_members() {
        let body = "Action=CreateTopic&Version=2010-03-31&Name=ecroll&Tags.member.2.Key=b\
                    &Tags.member.2.Value=2&Tags.member.1.Key=a&Tags.member.1.Value=x%20y\
                    &Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=me";
        let (service, operation, input) = decode(&Bytes::from(body)).unwrap();
        assert_eq!((service, operation.as_str()), ("sns", "CreateTopic"));
        assert_eq!(
            input,
            json!({
                "Name": "ecroll",
                "Tags": [{"Key": "a", "Value": "x y"}, {"Key": "b", "Value": "2"}],
                "Attributes": {"DisplayName": "me"},
            })
        );
    }

    #[test]
    fn an_answer_is_wrapped_by_its_operation() {
        let output = json!({"Attributes": {"A": "<b>"}, "Tags": [{"Key": "k"}]});
        assert_eq!(
            encode("Get", &output, "id"),
            "<GetResponse><GetResult><Attributes><entry><key>A</key><value>&lt;b&gt;</value>\
             </entry></Attributes><Tags><member><Key>k</Key></member></Tags></GetResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetResponse>"
        );
    }
}
