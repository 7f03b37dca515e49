//! One table of a configuration while it is read, and what is wrong with it.

use std::fmt;

use serde_json::{Map, Value};

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

/// One table of the configuration while it is read: takes known keys out, what is left is unknown.
pub(super) struct Table<'a> {
    path: String,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Table<'a> {
    pub(super) fn open(path: &str, value: &Value, faults: &'a mut Vec<Fault>) -> Self {
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

    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.left.remove(key)
    }

    pub(super) fn fault(&mut self, key: &str, message: impl Into<String>) {
        let path = self.at(key);
        self.faults.push(Fault::new(path, message));
    }

    /// Takes a key and reads it; a reader that fails says what the value must be.
    pub(super) fn read<T>(
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
    pub(super) fn close(mut self) {
        for key in std::mem::take(&mut self.left).keys() {
            let path = self.at(key);
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

/// The known key that a misspelt one probably meant: at most two edits away.
pub(super) fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let (edits, near) = known.iter().map(|k| (edits(key, k), *k)).min()?;
    (edits <= 2).then_some(near)
}

/// How many characters must be changed, added or left out to make one text of the other: Levenshtein's distance.
#[must_use]
pub fn edits(a: &str, b: &str) -> usize {
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
