//! JSON to [`Config`], collecting every fault instead of stopping at the first.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Config, ServiceRule, ServiceSettings, Trail, TriggerKind};
use crate::policy::TagPolicy;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key concerned, for example `services[1].tags`; empty for the whole.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}` {}", self.message),
        }
    }
}

/// Keys of the reference that this version does not act on: refused by name, never silently ignored.
const NOT_YET: &[&str] = &[
    "notify",
    "stacks",
    "targets",
    "waves",
    "service.match",
    "service.action",
    "service.pin",
    "service.scheduled",
    "service.in_use_tag",
    "services[].match",
    "services[].action",
    "services[].pin",
    "services[].scheduled",
    "services[].in_use_tag",
];

/// One table of the configuration while it is read: takes known keys out, what is left is unknown.
struct Table<'a> {
    path: String,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Table<'a> {
    fn open(path: &str, value: &Value, faults: &'a mut Vec<Fault>) -> Self {
        let left = if let Value::Object(map) = value {
            map.clone()
        } else {
            faults.push(Fault::new(path, "must be a table of keys"));
            Map::new()
        };
        Self {
            path: path.to_owned(),
            left,
            known: Vec::new(),
            faults,
        }
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.left.remove(key)
    }

    fn fault(&mut self, key: &str, message: impl Into<String>) {
        let path = self.at(key);
        self.faults.push(Fault::new(path, message));
    }

    /// Takes a key and reads it; a reader that fails says what the value must be.
    fn read<T>(
        &mut self,
        key: &'static str,
        reader: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(key)?;
        match reader(&value) {
            Ok(read) => Some(read),
            Err(message) => {
                self.fault(key, message);
                None
            }
        }
    }

    /// Everything that nobody took is unknown.
    fn close(mut self) {
        for key in std::mem::take(&mut self.left).keys() {
            let path = self.at(key);
            let general = general(&path);
            if NOT_YET.contains(&general.as_str()) {
                self.faults.push(Fault::new(
                    path,
                    "is not supported by this version yet: remove it",
                ));
                continue;
            }
            let near = nearest(key, &self.known);
            let hint = near.map_or_else(
                || format!("known here: {}", self.known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.faults.push(Fault::new(
                path,
                format!("is not a key that ecroll knows; {hint}"),
            ));
        }
    }
}

/// `services[3].pin` as `services[].pin`.
fn general(path: &str) -> String {
    path.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The known key that a misspelt one probably meant: at most two edits away.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let (edits, near) = known.iter().map(|k| (edits(key, k), *k)).min()?;
    (edits <= 2).then_some(near)
}

/// Levenshtein distance over characters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let get = |row: &Vec<usize>, at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let change = get(&row, j) + usize::from(ca != *cb);
            next.push(change.min(get(&row, j + 1) + 1).min(get(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

pub(super) fn config(value: &Value) -> Result<Config, Vec<Fault>> {
    let mut faults = Vec::new();
    let defaults = Config::default();
    let mut table = Table::open("", value, &mut faults);
    let mut config = Config {
        name: table.read("name", name).unwrap_or(defaults.name),
        trail: table.read("trail", trail).unwrap_or(defaults.trail),
        log_group: table.read("log_group", text),
        clusters: table.read("clusters", globs).unwrap_or(defaults.clusters),
        repositories: table
            .read("repositories", globs)
            .unwrap_or(defaults.repositories),
        triggers: table
            .read("triggers", triggers)
            .unwrap_or(defaults.triggers),
        sweep: table.read("sweep", sweep).unwrap_or(defaults.sweep),
        look_back: table
            .read("look_back", look_back)
            .unwrap_or(defaults.look_back),
        since: table.read("since", time),
        service: defaults.service,
        services: Vec::new(),
    };
    let service = table.take("service");
    let services = table.take("services");
    table.close();
    if let Some(value) = service {
        config.service = defaults_for_services(&value, &mut faults);
    }
    match services {
        Some(Value::Array(entries)) => {
            for (index, entry) in entries.iter().enumerate() {
                config.services.push(rule(index, entry, &mut faults));
            }
        }
        Some(_) => faults.push(Fault::new(
            "services",
            "must be a list of tables: `[[services]]`",
        )),
        None => {}
    }
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults)
    }
}

fn defaults_for_services(value: &Value, faults: &mut Vec<Fault>) -> ServiceSettings {
    let mut table = Table::open("service", value, faults);
    let settings = ServiceSettings {
        tags: table.read("tags", tags).unwrap_or(TagPolicy::Any),
        hold: table.read("hold", switch).unwrap_or(false),
        minimum_healthy_percent: table.read("minimum_healthy_percent", |v| percent(v, 0, 100)),
        maximum_percent: table.read("maximum_percent", |v| percent(v, 100, 200)),
    };
    check_percentages(
        &mut table,
        settings.minimum_healthy_percent,
        settings.maximum_percent,
    );
    table.close();
    settings
}

fn rule(index: usize, value: &Value, faults: &mut Vec<Fault>) -> ServiceRule {
    let mut table = Table::open(&format!("services[{index}]"), value, faults);
    let rule = ServiceRule {
        cluster: table.read("cluster", text),
        service: table.read("service", text),
        repository: table.read("repository", text),
        tags: table.read("tags", tags),
        hold: table.read("hold", switch),
        minimum_healthy_percent: table.read("minimum_healthy_percent", |v| percent(v, 0, 100)),
        maximum_percent: table.read("maximum_percent", |v| percent(v, 100, 200)),
    };
    check_percentages(
        &mut table,
        rule.minimum_healthy_percent,
        rule.maximum_percent,
    );
    table.close();
    rule
}

/// ECS refuses 100/100: nothing could ever be started or stopped (facts: a lint rule quotes the refusal).
fn check_percentages(table: &mut Table<'_>, minimum: Option<i32>, maximum: Option<i32>) {
    if minimum == Some(100) && maximum == Some(100) {
        table.fault(
            "maximum_percent",
            "of 100 with a minimum of 100 lets no task start or stop: use 200, or a minimum below 100",
        );
    }
}

fn text(value: &Value) -> Result<String, String> {
    match value.as_str() {
        Some("") => Err("must not be empty".to_owned()),
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("must be text in quotes, not {}", kind(value))),
    }
}

fn kind(value: &Value) -> &'static str {
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
fn name(value: &Value) -> Result<String, String> {
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

fn trail(value: &Value) -> Result<Trail, String> {
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

fn globs(value: &Value) -> Result<Vec<String>, String> {
    let list = value
        .as_array()
        .ok_or("must be a list of names or globs, such as [\"*\"]")?;
    if list.is_empty() {
        return Err("must not be an empty list: nothing would follow; [\"*\"] is all".to_owned());
    }
    list.iter().map(text).collect()
}

fn triggers(value: &Value) -> Result<Vec<TriggerKind>, String> {
    let list = value
        .as_array()
        .ok_or("must be a list, such as [\"alarm\"]")?;
    list.iter()
        .map(|trigger| match text(trigger)?.as_str() {
            "alarm" => Ok(TriggerKind::Alarm),
            other @ ("ecr-events" | "cloudtrail-events" | "log-subscription") => Err(format!(
                "names `{other}`, which this version does not support yet: use [\"alarm\"]"
            )),
            other => Err(format!("names `{other}`; known: alarm")),
        })
        .collect()
}

fn switch(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| format!("must be true or false, not {}", kind(value)))
}

fn percent(value: &Value, low: i32, high: i32) -> Result<i32, String> {
    let range = low..=high;
    value
        .as_i64()
        .and_then(|number| i32::try_from(number).ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("must be a whole number from {low} to {high}; found {value}"))
}

fn tags(value: &Value) -> Result<TagPolicy, String> {
    text(value)?.parse()
}

/// `90s`, `5m`, `24h`, `7d`.
fn duration(value: &Value) -> Result<Duration, String> {
    let text = text(value)?;
    let wrong = || format!("must be a number with s, m, h or d, such as 5m or 24h; found `{text}`");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = text
        .strip_suffix(unit)
        .and_then(|n| n.parse().ok())
        .ok_or_else(wrong)?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

fn sweep(value: &Value) -> Result<Option<Duration>, String> {
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

fn look_back(value: &Value) -> Result<Duration, String> {
    let span = duration(value)?;
    if span < Duration::from_hours(1) || span > Duration::from_hours(30 * 24) {
        // Less than an hour loses pushes that CloudTrail delivers late; the log group keeps them for a month.
        return Err("must be from 1h to 30d".to_owned());
    }
    Ok(span)
}

fn time(value: &Value) -> Result<DateTime<Utc>, String> {
    let text = text(value)?;
    DateTime::parse_from_rfc3339(&text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| format!("must be a time such as 2026-01-01T00:00:00Z; found `{text}`"))
}
