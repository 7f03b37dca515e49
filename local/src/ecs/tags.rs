//! Tags: what may be written on a resource.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::service::Fault;

use super::request::{Input, client, invalid};

/// The tags of a resource.
pub(super) type Tags = BTreeMap<String, String>;

/// Letters, digits, spaces and `+ - = . _ : / @` (API model, `Tag`).
fn is_allowed(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c))
}

/// `aws:` in any mixture of cases is reserved for AWS, in keys and in values (API model, `Tag`).
fn is_reserved(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

/// Reads the member `tags`, refusing what ECS refuses. Absent is no tags.
pub(super) fn read(input: Input<'_>, most: usize) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for tag in input.list("tags")?.map_or(&[][..], Vec::as_slice) {
        let tag = Input(tag);
        let key = tag.text("key")?.unwrap_or_default();
        let value = tag.text("value")?.unwrap_or_default();
        if key.is_empty() {
            return Err(invalid("Tag keys can not be empty."));
        }
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(invalid(
                "Tag keys are limited to 128 characters and tag values to 256 characters.",
            ));
        }
        if is_reserved(key) || is_reserved(value) {
            return Err(invalid(format!(
                "The tag {key} uses the prefix aws:, which is reserved for AWS."
            )));
        }
        if !is_allowed(key) || !is_allowed(value) {
            return Err(invalid(format!(
                "The tag {key} contains invalid characters. Valid characters: letters, numbers, \
                 spaces and + - = . _ : / @"
            )));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid(format!("The tag key {key} is given twice.")));
        }
    }
    if tags.len() > most {
        return Err(invalid(format!("A resource can have at most {most} tags.")));
    }
    Ok(tags)
}

/// The same for `RegisterTaskDefinition`, where an empty list is refused (reported in
/// `fabfuel/ecs-deploy` 146).
pub(super) fn read_at_registration(input: Input<'_>, most: usize) -> Result<Tags, Fault> {
    if input.list("tags")?.is_some_and(Vec::is_empty) {
        return Err(client("Tags can not be empty."));
    }
    read(input, most)
}

/// The tags in an answer of ECS, whatever they are.
pub(super) fn restored(answer: &Value) -> Tags {
    let tags = answer.get("tags").and_then(Value::as_array);
    let text = |tag: &Value, member: &str| Some(tag.get(member)?.as_str()?.to_owned());
    tags.into_iter()
        .flatten()
        .filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default())))
        .collect()
}

/// Tags as the API lists them.
pub(super) fn write(tags: &Tags) -> Value {
    tags.iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect()
}
