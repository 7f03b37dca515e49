//! The report of an invocation, read as DESIGN 3.2 writes it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::services::Key;

/// A push as a report names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) repository: String,
    pub(super) digest: String,
    pub(super) tag: String,
    pub(super) id: String,
}

/// What was concluded for one push and one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) key: Key,
    pub(super) repository: String,
    pub(super) tag: String,
    /// Empty where only the ledger names the push: it keeps eight digits.
    pub(super) digest: String,
    /// The identity of the push; empty where the decision is on none.
    pub(super) push: String,
    pub(super) outcome: String,
    pub(super) reason: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

/// An answer of the handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) pushes: Vec<Line>,
    pub(super) decisions: Vec<Decision>,
}

impl Report {
    /// Reads an answer.
    ///
    /// # Errors
    /// What it lacks to be a report.
    pub(super) fn read(answer: &Value) -> Result<Self, String> {
        let trigger = text(answer, "trigger")?;
        let triggers = [
            "alarm",
            "ecr-event",
            "cloudtrail-event",
            "log-subscription",
            "sweep",
            "deployment",
            "direct",
            "reconcile",
            "unknown",
        ];
        if !triggers.contains(&trigger.as_str()) {
            return Err(format!("the trigger {trigger}"));
        }
        match answer.get("window") {
            Some(Value::Null) => {}
            Some(window) => {
                time(window, "from")?;
                time(window, "to")?;
            }
            None => return Err("no member window".to_owned()),
        }
        Ok(Self {
            pushes: each(answer, "pushes", line)?,
            decisions: each(answer, "decisions", decision)?,
        })
    }
}

fn each<T>(
    answer: &Value,
    member: &str,
    read: fn(&Value) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let list = answer.get(member).and_then(Value::as_array);
    let list = list.ok_or_else(|| format!("no list {member}"))?;
    list.iter()
        .map(|value| read(value).map_err(|lack| format!("{lack} in {member}: {value}")))
        .collect()
}

fn line(value: &Value) -> Result<Line, String> {
    time(value, "pushed_at")?;
    Ok(Line {
        account: text(value, "account")?,
        region: text(value, "region")?,
        repository: text(value, "repository")?,
        digest: text(value, "digest")?,
        tag: text(value, "tag")?,
        id: text(value, "event_id")?,
    })
}

fn decision(value: &Value) -> Result<Decision, String> {
    let outcome = text(value, "outcome")?;
    let outcomes = [
        "rolled",
        "unchanged",
        "held",
        "refused",
        "skipped",
        "failed",
    ];
    if !outcomes.contains(&outcome.as_str()) {
        return Err(format!("the outcome {outcome}"));
    }
    let arn = |member: &str| match value.get(member) {
        Some(Value::Null) => Ok(None),
        Some(Value::String(arn)) => Ok(Some(arn.clone())),
        _ => Err(format!("no member {member}")),
    };
    Ok(Decision {
        key: (text(value, "cluster")?, text(value, "service")?),
        repository: text(value, "repository")?,
        tag: text(value, "tag")?,
        digest: text(value, "digest")?,
        push: text(value, "event_id").unwrap_or_default(),
        outcome,
        reason: text(value, "reason")?,
        from: arn("from")?,
        to: arn("to")?,
    })
}

fn text(value: &Value, member: &str) -> Result<String, String> {
    let text = value.get(member).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| format!("no text {member}"))
}

/// RFC 3339 in whole seconds with `Z`.
fn time(value: &Value, member: &str) -> Result<DateTime<Utc>, String> {
    let text = text(value, member)?;
    let read = DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc());
    let read = read
        .ok()
        .filter(|_| text.len() == 20 && text.ends_with('Z'));
    read.ok_or_else(|| format!("no time in whole seconds with Z: {member} = {text}"))
}
