//! Records from files, in every form in which they are found; what cannot be read is counted and hides nothing else.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use serde_json::Value;

/// The endings of files that are read in folders.
const ENDINGS: &[&str] = &["json", "jsonl", "gz"];

/// A record, and when it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The record.
    pub record: Value,
    /// Its `eventTime`.
    pub time: DateTime<Utc>,
    /// When CloudTrail delivered it, where the source says so.
    pub delivered: Option<DateTime<Utc>>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The file, as it was named.
    pub file: String,
    /// The place in it: a line, a record, or nothing for the whole.
    pub at: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, at, reason } = self;
        if at.is_empty() {
            write!(f, "{file}: {reason}")
        } else {
            write!(f, "{file}, {at}: {reason}")
        }
    }
}

/// Everything that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    /// The records, as they stood in the files.
    pub records: Vec<Recorded>,
    /// What was no record.
    pub rejected: Vec<Rejected>,
}

impl Sources {
    /// Reads files and folders.
    #[must_use]
    pub fn read(paths: &[PathBuf]) -> Self {
        let mut sources = Self::default();
        for path in paths {
            sources.path(path);
        }
        sources
    }

    fn reject(&mut self, path: &Path, at: impl Into<String>, reason: impl Into<String>) {
        let file = path.display().to_string();
        self.rejected.push(Rejected {
            file,
            at: at.into(),
            reason: reason.into(),
        });
    }

    fn path(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.file(path);
        }
        let mut found = Vec::new();
        if let Err(error) = files_below(path, &mut found) {
            self.reject(path, "", format!("cannot be listed: {error}"));
        } else if found.is_empty() {
            let reason =
                "holds no *.json, *.jsonl or *.gz file: name a folder that does, or a file";
            self.reject(path, "", reason);
        }
        found.sort();
        for file in found {
            self.file(&file);
        }
    }

    fn file(&mut self, path: &Path) {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.reject(path, "", format!("cannot be read: {error}")),
        };
        let (bytes, error) = unpacked(bytes);
        let broken = error.is_some();
        if let Some(error) = error {
            let at = format!("after {} unpacked bytes", bytes.len());
            self.reject(
                path,
                at,
                format!("the .gz is cut short or damaged: {error}; fetch it again"),
            );
        }
        if bytes.is_empty() && broken {
            return;
        }
        match String::from_utf8(bytes) {
            Ok(text) if broken => self.fragment(path, &text),
            Ok(text) => self.text(path, &text),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let place = format!("byte {}", at + 1);
                let mut bytes = error.into_bytes();
                if !broken {
                    self.reject(path, place, "is not UTF-8 text");
                }
                bytes.truncate(at);
                self.fragment(path, &String::from_utf8_lossy(&bytes));
            }
        }
    }

    /// Reads what there is of a text whose end is missing. That it is missing was said already.
    fn fragment(&mut self, path: &Path, text: &str) {
        let mut list = Self::default();
        list.salvage(path, text);
        let mut lines = Self::default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for (index, line) in whole.lines().enumerate() {
            if let Ok(value) = serde_json::from_str::<Value>(line) {
                lines.value(path, &format!("line {}", index + 1), value);
            }
        }
        let more = if lines.records.len() > list.records.len() {
            lines
        } else {
            list
        };
        self.records.extend(more.records);
    }

    /// Takes the whole records from a `{"Records": […` that is cut short or damaged; `false` where there are none.
    fn salvage(&mut self, path: &Path, text: &str) -> bool {
        let list = text
            .split_once("\"Records\"")
            .and_then(|(_, rest)| rest.split_once('['));
        let Some((_, mut rest)) = list else {
            return false;
        };
        let mut records = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let Some(Ok(record)) = values.next() else {
                break;
            };
            records.push(record);
            rest = rest.get(values.byte_offset()..).unwrap_or_default();
        }
        let found = !records.is_empty();
        self.each(path, "", "record", records);
        found
    }

    /// Reads one text: one JSON value after another, or, where that fails, line by line.
    pub fn text(&mut self, path: &Path, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return self.reject(path, "", "is empty");
        }
        let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text)
            .into_iter::<Value>()
            .collect();
        match values {
            Ok(values) => {
                let several = values.len() > 1;
                for (index, value) in values.into_iter().enumerate() {
                    let at = if several {
                        format!("value {}", index + 1)
                    } else {
                        String::new()
                    };
                    self.value(path, &at, value);
                }
            }
            Err(error) => {
                // One list that is damaged, or lines of which one is; each line may hold a list. Whatever gives more.
                let mut list = Self::default();
                let found = list.salvage(path, text);
                let mut lines = Self::default();
                lines.lines(path, text, &error);
                let read = list.records.len();
                if !found || lines.records.len() > read {
                    list = lines;
                } else {
                    let at = format!("line {}, column {}", error.line(), error.column());
                    let reason = format!(
                        "is not JSON from here on: {error}; {read} records before it were read"
                    );
                    list.reject(path, at, reason);
                }
                self.records.extend(list.records);
                self.rejected.extend(list.rejected);
            }
        }
    }

    fn lines(&mut self, path: &Path, text: &str, whole: &serde_json::Error) {
        let lines = || {
            text.lines()
                .enumerate()
                .filter(|(_, line)| !line.trim().is_empty())
        };
        let read: Vec<_> = lines()
            .map(|(index, line)| (index, serde_json::from_str::<Value>(line)))
            .collect();
        // A document laid out over lines has fragments that happen to be JSON; only objects tell of JSON lines.
        if !read
            .iter()
            .any(|(_, line)| line.as_ref().is_ok_and(Value::is_object))
        {
            let at = format!("line {}, column {}", whole.line(), whole.column());
            return self.reject(path, at, format!("is not JSON: {whole}"));
        }
        for (index, line) in read {
            let at = format!("line {}", index + 1);
            match line {
                Ok(value) => self.value(path, &at, value),
                Err(error) => self.reject(path, at, format!("is not JSON: {error}")),
            }
        }
    }

    /// Takes apart whatever holds records; a record may stand by itself.
    fn value(&mut self, path: &Path, at: &str, mut value: Value) {
        if let Value::Array(values) = value {
            return self.each(path, at, "record", values);
        }
        let Some(members) = value.as_object_mut() else {
            return self.reject(
                path,
                at,
                format!("a record must be an object; found {}", kind(&value)),
            );
        };
        if let Some(records) = members.remove("Records") {
            match records {
                Value::Array(records) => self.each(path, at, "record", records),
                other => {
                    let reason = format!("`Records` must be a list; found {}", kind(&other));
                    self.reject(path, at, reason);
                }
            }
        } else if let Some(Value::Array(events)) = members.remove("events") {
            self.each(path, at, "event", events);
        } else if let Some(Value::String(message)) = members.remove("message") {
            self.log_event(path, at, &message, &value);
        } else if members.contains_key("detail-type") {
            match members.remove("detail") {
                Some(detail) if detail.get("eventName").is_some() => {
                    self.record(path, at, detail, None);
                }
                _ => self.reject(
                    path,
                    at,
                    "an EventBridge event that carries no CloudTrail record",
                ),
            }
        } else {
            self.record(path, at, value, None);
        }
    }

    fn each(&mut self, path: &Path, at: &str, what: &str, values: Vec<Value>) {
        for (index, value) in values.into_iter().enumerate() {
            let inner = format!("{what} {}", index + 1);
            let at = if at.is_empty() {
                inner
            } else {
                format!("{at}, {inner}")
            };
            if value.get("Records").is_some() || value.is_array() {
                self.reject(path, at, "a list of records inside a list of records");
            } else {
                self.value(path, &at, value);
            }
        }
    }

    /// An event as FilterLogEvents returns it: its message is the record, its times are those of the delivery.
    fn log_event(&mut self, path: &Path, at: &str, message: &str, event: &Value) {
        let millis = ["ingestionTime", "timestamp"]
            .iter()
            .find_map(|member| event.get(*member).and_then(Value::as_i64));
        match serde_json::from_str::<Value>(message) {
            Ok(record) => {
                let delivered = millis.and_then(DateTime::from_timestamp_millis);
                self.record(path, at, record, delivered);
            }
            Err(error) => self.reject(path, at, format!("its message is no JSON record: {error}")),
        }
    }

    fn record(&mut self, path: &Path, at: &str, record: Value, delivered: Option<DateTime<Utc>>) {
        if !record.is_object() {
            let reason = format!("a record must be an object; found {}", kind(&record));
            return self.reject(path, at, reason);
        }
        let text = |member: &str| record.get(member).and_then(Value::as_str);
        if text("eventName").is_none() || text("eventSource").is_none() {
            let reason = "no CloudTrail record: it needs `eventSource` and `eventName`";
            return self.reject(path, at, reason);
        }
        match record
            .get("eventTime")
            .map(|time| (time, time.as_str().and_then(instant)))
        {
            Some((_, Some(time))) => self.records.push(Recorded {
                record,
                time,
                delivered,
            }),
            Some((time, None)) => {
                let reason =
                    format!("its eventTime is no time such as 2026-01-01T00:00:00Z: {time}");
                self.reject(path, at, reason);
            }
            None => self.reject(path, at, "it has no eventTime"),
        }
    }
}

/// A time that a virtual clock can stand at.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    (0..=4_102_444_800)
        .contains(&time.timestamp())
        .then_some(time)
}

/// The content of a file, unpacked if it is packed; as much as could be unpacked, and what ended it early.
pub(crate) fn unpacked(bytes: Vec<u8>) -> (Vec<u8>, Option<std::io::Error>) {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return (bytes, None);
    }
    let mut unpacked = Vec::new();
    let error = MultiGzDecoder::new(bytes.as_slice())
        .read_to_end(&mut unpacked)
        .err();
    (unpacked, error)
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            files_below(&path, found)?;
        } else if ENDINGS.contains(&ending) {
            found.push(path);
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
