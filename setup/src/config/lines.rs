//! TOML to JSON, keeping the line on which every key stands.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A parsed file: its content, and where each key path stands.
#[derive(Debug)]
pub(super) struct Located {
    /// The content as the configuration reader takes it.
    pub(super) value: Value,
    lines: HashMap<String, usize>,
}

/// Where a text stopped being TOML.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

impl Located {
    /// Parses a text.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = position(text, at);
            SyntaxError {
                line,
                column,
                message: error.message().replace('\n', "; "),
            }
        })?;
        let mut reader = Reader {
            text,
            lines: HashMap::new(),
        };
        let value = reader.table(table.get_ref(), "");
        Ok(Self {
            value,
            lines: reader.lines,
        })
    }

    /// The line of a key path such as `services[1].tags`, or of the nearest path above that is written down.
    pub(super) fn line(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return Some(*line);
            }
            let end = path.rfind(['.', '['])?;
            path = path.get(..end)?;
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    lines: HashMap<String, usize>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, path: &str) -> Value {
        let mut members = Map::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let below = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            self.note(&below, key.span().start);
            members.insert(name.to_owned(), self.value(value, &below));
        }
        Value::Object(members)
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, path: &str) -> Value {
        match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(switch) => Value::Bool(*switch),
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Integer(number) => {
                let parsed = i64::from_str_radix(number.as_str(), number.radix()).ok();
                parsed.map_or_else(|| Value::String(number.to_string()), Value::from)
            }
            DeValue::Float(number) => {
                let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
                parsed.map_or_else(|| Value::String(number.to_string()), Value::Number)
            }
            DeValue::Array(members) => {
                let mut list = Vec::new();
                for (index, member) in members.iter().enumerate() {
                    let below = format!("{path}[{index}]");
                    self.note(&below, member.span().start);
                    list.push(self.value(member, &below));
                }
                Value::Array(list)
            }
            DeValue::Table(table) => self.table(table, path),
        }
    }

    fn note(&mut self, path: &str, at: usize) {
        self.lines
            .insert(path.to_owned(), position(self.text, at).0);
    }
}

/// Line and column of a byte, both from 1; the column counts characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or(before);
    (line, last.chars().count() + 1)
}
