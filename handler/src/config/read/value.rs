//! Single values: each reader takes JSON and says what the value must be where it is not.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::{Action, Families, Match, Pin, Trail, TriggerKind, span};
use crate::policy::TagPolicy;
use crate::record::is_tag;

pub(super) fn text(value: &Value) -> Result<String, String> {
    match value.as_str() {
        Some("") => Err("must not be empty".to_owned()),
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("must be text in quotes, not {}", kind(value))),
    }
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a switch",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// The name goes into a bucket name, role names and a trail name; this is what all of them allow.
pub(super) fn name(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    let letters = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let edges = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
    if (3..=24).contains(&name.len()) && letters && edges && !name.contains("--") {
        Ok(name)
    } else {
        Err(format!(
            "must be 3 to 24 lower-case letters, digits and single hyphens, beginning with a letter; found `{name}`"
        ))
    }
}

pub(super) fn trail(value: &Value) -> Result<Trail, String> {
    match text(value)?.as_str() {
        "auto" => Ok(Trail::Auto),
        "create" => Ok(Trail::Create),
        other => match other.strip_prefix("reuse:") {
            Some(trail) if !trail.is_empty() => Ok(Trail::Reuse(trail.to_owned())),
            _ => Err(format!(
                "must be auto, create or reuse:<name or ARN>; found `{other}`"
            )),
        },
    }
}

pub(super) fn globs(value: &Value) -> Result<Vec<String>, String> {
    let list = value
        .as_array()
        .ok_or("must be a list of names or globs, such as [\"*\"]")?;
    if list.is_empty() {
        return Err("must not be an empty list: nothing would follow; [\"*\"] is all".to_owned());
    }
    each(list.iter().map(text))
}

/// All entries of a list, or everything that is wrong with them.
fn each<T>(entries: impl Iterator<Item = Result<T, String>>) -> Result<Vec<T>, String> {
    let mut right = Vec::new();
    let mut wrong: Vec<String> = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => right.push(entry),
            Err(fault) if wrong.contains(&fault) => {}
            Err(fault) => wrong.push(fault),
        }
    }
    if wrong.is_empty() {
        Ok(right)
    } else {
        Err(wrong.join("; "))
    }
}

/// A road that is named twice is a slip of the pen that hides another: it is said rather than swallowed.
pub(super) fn triggers(value: &Value) -> Result<Vec<TriggerKind>, String> {
    let list = value
        .as_array()
        .ok_or("must be a list, such as [\"alarm\"]")?;
    if list.is_empty() {
        return Err(
            "must not be an empty list: nothing would tell of pushes; [\"alarm\"] is the default"
                .to_owned(),
        );
    }
    let named: Vec<TriggerKind> = each(list.iter().map(|trigger| text(trigger)?.parse()))?;
    let twice = named
        .iter()
        .enumerate()
        .find(|(at, road)| named.iter().take(*at).any(|before| before == *road));
    match twice {
        Some((_, road)) => Err(format!("names `{road}` twice: remove one")),
        None => Ok(named),
    }
}

pub(super) fn switch(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("must be true or false, not {}", kind(value)))
}

/// A tag as ECR takes it; empty for none.
pub(super) fn in_use_tag(value: &Value) -> Result<String, String> {
    match value.as_str() {
        Some(tag) if tag.is_empty() || is_tag(tag) => Ok(tag.to_owned()),
        Some(tag) => Err(format!(
            "must be a tag such as ecroll-prod: letters, digits, `_`, `.` and `-`, 128 at most, or \"\" for none; found `{tag}`"
        )),
        None => Err(format!("must be text in quotes, not {}", kind(value))),
    }
}

pub(super) fn percent(value: &Value, low: i32, high: i32) -> Result<i32, String> {
    let possible = low..=high;
    value
        .as_i64()
        .and_then(|number| i32::try_from(number).ok())
        .filter(|number| possible.contains(number))
        .ok_or_else(|| format!("{}; found {value}", self::range(low, high)))
}

pub(super) fn range(low: i32, high: i32) -> String {
    format!("must be a whole number from {low} to {high}")
}

pub(super) fn tags(value: &Value) -> Result<TagPolicy, String> {
    text(value)?.parse()
}

pub(super) fn duration(value: &Value) -> Result<Duration, String> {
    let text = text(value)?;
    span(&text).ok_or_else(|| {
        format!("must be a number with s, m, h or d, such as 5m or 24h; found `{text}`")
    })
}

/// One of a few words.
fn word<T: Copy>(value: &Value, words: &[(&str, T)]) -> Result<T, String> {
    let text = text(value)?;
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("must be {}; found `{text}`", known.join(" or "))
    })
}

pub(super) fn matching(value: &Value) -> Result<Match, String> {
    word(
        value,
        &[("image", Match::Image), ("name-prefix", Match::NamePrefix)],
    )
}

pub(super) fn families(value: &Value) -> Result<Families, String> {
    word(
        value,
        &[("services", Families::Services), ("all", Families::All)],
    )
}

pub(super) fn action(value: &Value) -> Result<Action, String> {
    word(
        value,
        &[("revision", Action::Revision), ("force", Action::Force)],
    )
}

pub(super) fn pin(value: &Value) -> Result<Pin, String> {
    word(value, &[("tag", Pin::Tag), ("digest", Pin::Digest)])
}

pub(super) fn account(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::Number(number) => return Err(format!("must be text in quotes: \"{number}\"")),
        value => text(value)?,
    };
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(format!(
            "must be an account number of twelve digits; found `{text}`"
        ))
    }
}

pub(super) fn region(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    let letters = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if letters && text.matches('-').count() >= 2 {
        Ok(text)
    } else {
        Err(format!(
            "must be a Region such as eu-west-1; found `{text}`"
        ))
    }
}

pub(super) fn role(value: &Value) -> Result<String, String> {
    arn(
        value,
        "iam",
        ":role/",
        "arn:aws:iam::222222222222:role/ecroll",
    )
}

pub(super) fn topic(value: &Value) -> Result<String, String> {
    arn(
        value,
        "sns",
        ":",
        "arn:aws:sns:eu-west-1:111111111111:deployments",
    )
}

/// An ARN of a service, with something that every such ARN holds.
fn arn(value: &Value, service: &str, holds: &str, example: &str) -> Result<String, String> {
    let text = text(value)?;
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let right = matches!(parts.as_slice(), ["arn", partition, of, _, account, rest]
        if partition.starts_with("aws") && *of == service && account.len() == 12 && !rest.is_empty());
    if right && text.contains(holds) {
        Ok(text)
    } else {
        Err(format!("must be an ARN such as {example}; found `{text}`"))
    }
}

pub(super) fn sweep(value: &Value) -> Result<Option<Duration>, String> {
    if value.as_str() == Some("off") {
        return Ok(None);
    }
    let every = duration(value)?;
    let seconds = every.as_secs();
    if seconds < 60 || seconds % 60 != 0 || seconds > 24 * 60 * 60 {
        // A rate expression of EventBridge counts whole minutes.
        return Err("must be whole minutes from 1m to 24h, or \"off\"".to_owned());
    }
    Ok(Some(every))
}

pub(super) fn look_back(value: &Value) -> Result<Duration, String> {
    let span = duration(value)?;
    if span < Duration::from_hours(1) || span > Duration::from_hours(30 * 24) {
        // Less than an hour loses pushes that CloudTrail delivers late; the log group keeps them for a month.
        return Err("must be from 1h to 30d".to_owned());
    }
    Ok(span)
}

pub(super) fn time(value: &Value) -> Result<DateTime<Utc>, String> {
    let text = text(value)?;
    DateTime::parse_from_rfc3339(&text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| format!("must be a time such as 2026-01-01T00:00:00Z; found `{text}`"))
}
