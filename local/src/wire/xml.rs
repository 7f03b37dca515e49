//! XML for the two formats that use it: writing values, and reading a document as a value.

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;
use serde_json::{Map, Value};

use super::unreadable;
use crate::service::Fault;

/// How lists and maps are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `<Tags><member>…</member></Tags>`, `<Attributes><entry>…`.
    Query,
    /// As S3 writes them, see [`LISTS`].
    S3,
}

/// The lists of S3: the member's name, the element of each item, whether a container surrounds them.
const LISTS: [(&str, &str, bool); 9] = [
    ("Rules", "Rule", false),
    ("Transitions", "Transition", false),
    (
        "NoncurrentVersionTransitions",
        "NoncurrentVersionTransition",
        false,
    ),
    ("Contents", "Contents", false),
    ("Versions", "Version", false),
    ("Objects", "Object", false),
    ("CommonPrefixes", "CommonPrefixes", false),
    ("TagSet", "Tag", true),
    ("Buckets", "Bucket", true),
];

/// Members that are times, which XML writes as text.
const TIMES: [&str; 7] = [
    "CreateDate",
    "CreationDate",
    "CreationTime",
    "Expiration",
    "LastModified",
    "LastUpdatedTime",
    "Timestamp",
];

pub(super) fn escaped(text: &str) -> String {
    escape(text).into_owned()
}

/// Writes the members of an object, one element each.
pub(super) fn write_members(text: &mut String, value: &Value, style: Style) {
    for (name, value) in value.as_object().into_iter().flatten() {
        write(text, name, value, style);
    }
}

fn write(text: &mut String, name: &str, value: &Value, style: Style) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            let known = LISTS
                .iter()
                .find(|(list, ..)| style == Style::S3 && *list == name);
            let (item, container) = match known {
                Some((_, item, container)) => (*item, *container),
                None => ("member", true),
            };
            if container {
                open(text, name);
            }
            for value in items {
                write(text, item, value, style);
            }
            if container {
                close(text, name);
            }
        }
        Value::Object(entries) if style == Style::Query && name == "Attributes" => {
            open(text, name);
            for (key, value) in entries {
                open(text, "entry");
                leaf(text, "key", key);
                write(text, "value", value, style);
                close(text, "entry");
            }
            close(text, name);
        }
        Value::Object(_) => {
            open(text, name);
            write_members(text, value, style);
            close(text, name);
        }
        Value::String(value) => leaf(text, name, value),
        Value::Number(number) if TIMES.contains(&name) => {
            let time = number
                .as_i64()
                .and_then(|time| chrono::DateTime::from_timestamp(time, 0));
            let time = time.map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string());
            leaf(text, name, &time.unwrap_or_default());
        }
        other => leaf(text, name, &other.to_string()),
    }
}

fn open(text: &mut String, name: &str) {
    text.push('<');
    text.push_str(name);
    text.push('>');
}

fn close(text: &mut String, name: &str) {
    text.push_str("</");
    text.push_str(name);
    text.push('>');
}

fn leaf(text: &mut String, name: &str, value: &str) {
    open(text, name);
    text.push_str(&escape(value));
    close(text, name);
}

/// Reads a document of S3: its root's name and content.
pub(super) fn read(document: &str) -> Result<(String, Value), Fault> {
    let mut reader = Reader::from_str(document);
    // The open elements: name, members so far, text so far.
    let mut open: Vec<(String, Map<String, Value>, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(unreadable)? {
            Event::Start(start) => {
                open.push((
                    local(start.local_name().as_ref()),
                    Map::new(),
                    String::new(),
                ));
            }
            Event::Empty(empty) => {
                let name = local(empty.local_name().as_ref());
                match open.last_mut() {
                    Some((_, members, _)) => add(members, name, Value::String(String::new())),
                    None => return Ok((name, Value::Object(Map::new()))),
                }
            }
            Event::Text(text) => {
                if let Some((_, _, held)) = open.last_mut() {
                    held.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                if let Some((_, _, held)) = open.last_mut() {
                    match reference.resolve_char_ref().map_err(unreadable)? {
                        Some(c) => held.push(c),
                        None => {
                            held.push_str(
                                resolve_predefined_entity(&reference).unwrap_or_default(),
                            );
                        }
                    }
                }
            }
            Event::End(_) => {
                let Some((name, members, text)) = open.pop() else {
                    return Err(unreadable("an element ends that never began"));
                };
                let value = if members.is_empty() {
                    Value::String(text)
                } else {
                    Value::Object(members)
                };
                match open.last_mut() {
                    Some((_, members, _)) => add(members, name, unwrapped(value)),
                    None => return Ok((name, value)),
                }
            }
            Event::Eof => return Err(unreadable("the document ends too soon")),
            _ => {}
        }
    }
}

fn local(name: &str) -> String {
    name.to_owned()
}

/// Adds an element to its parent; the elements of a list join their member.
fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match LISTS.iter().find(|(_, item, _)| *item == name) {
        Some((list, ..)) => {
            let held = members
                .entry((*list).to_owned())
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Some(items) = held.as_array_mut() {
                items.push(value);
            }
        }
        None => {
            members.insert(name, value);
        }
    }
}

/// The container of a list is the list: `<TagSet><Tag>` gives `TagSet: […]`, not one inside another.
fn unwrapped(value: Value) -> Value {
    match value {
        Value::Object(mut members) if members.len() == 1 => {
            let container = LISTS
                .iter()
                .find(|(list, _, container)| *container && members.contains_key(*list));
            match container {
                Some((list, ..)) => members.remove(*list).unwrap_or_default(),
                None => Value::Object(members),
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_s3_reads_it_writes() {
        let document = "<Tagging xmlns=\"x\"><TagSet><Tag><Key>a</Key><Value>1 &amp; 2</Value></Tag>\
                        <Tag><Key>b</Key><Value></Value></Tag></TagSet></Tagging>";
        let (root, value) = read(document).unwrap();
        assert_eq!(root, "Tagging");
        let tags = json!([{"Key": "a", "Value": "1 & 2"}, {"Key": "b", "Value": ""}]);
        assert_eq!(value, json!({"TagSet": tags}));
        let mut text = String::new();
        write_members(&mut text, &value, Style::S3);
        assert!(document.contains(&text), "{text}");
    }

    #[test]
    fn repeated_elements_are_lists_without_a_container() {
        let (_, value) = read("<L><Rule><ID>a</ID></Rule><Rule><ID>b</ID></Rule></L>").unwrap();
        assert_eq!(value, json!({"Rules": [{"ID": "a"}, {"ID": "b"}]}));
        let mut text = String::new();
        write_members(&mut text, &value, Style::S3);
        assert_eq!(text, "<Rule><ID>a</ID></Rule><Rule><ID>b</ID></Rule>");
    }

    #[test]
    fn a_broken_document_is_a_fault() {
        for text in ["", "<a>", "<a></b>", "no"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
