//! A text as a whole, whatever its layout, and what can be had of one that is damaged.

use std::io::Read;
use std::path::Path;

use filters::text::line_feeds;
use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::{GZIP, LARGE, MOST_TOLD, Sources};

impl Sources {
    /// Reads a file whose layout is odd, or which is damaged: as a whole, because only so it can be said what is wrong.
    /// `false` where that is more than can be held.
    pub(super) fn whole(&mut self, path: &Path, bytes: Vec<u8>) -> bool {
        let (bytes, error) = unpacked(bytes, LARGE);
        if error.is_none() && bytes.len() as u64 >= LARGE {
            return false;
        }
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
            return true;
        }
        match String::from_utf8(bytes) {
            Ok(text) if broken => self.fragment(path, &text),
            Ok(text) => self.unusual(path, &text),
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
        true
    }

    /// Reads what there is of a text whose end is missing. That it is missing was said already.
    fn fragment(&mut self, path: &Path, text: &str) {
        let mut list = Self::default();
        list.salvage(path, "", text);
        let mut lines = Self::default();
        lines.each_line(path, text, true);
        let all = |read: &Self| read.records.len() + read.omitted;
        let more = if all(&lines) > all(&list) {
            lines
        } else {
            list
        };
        self.add(more);
    }

    /// Takes the whole records from a `{"Records": […` that is cut short or damaged; `false` where there are none.
    fn salvage(&mut self, path: &Path, at: &str, text: &str) -> bool {
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
        self.each(path, at, "record", records);
        found
    }

    /// Reads a text of unusual layout: one JSON value after another, or, where that fails, line by line.
    pub(super) fn unusual(&mut self, path: &Path, text: &str) {
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
                let found = list.salvage(path, "", text);
                let mut lines = Self::default();
                lines.lines(path, text, &error);
                let read = list.records.len();
                let before = text.split_once("\"Records\"").map(|(before, _)| before);
                // What is damaged before the list is another line, which `lines` names.
                let is_behind =
                    before.is_some_and(|before| error.line() <= line_feeds(before.as_bytes()));
                let least = if is_behind { read } else { read + 1 };
                if !found || lines.records.len() >= least {
                    list = lines;
                } else {
                    let at = format!("line {}, column {}", error.line(), error.column());
                    let reason = format!(
                        "is not JSON from here on: {error}; {read} records before it were read"
                    );
                    list.reject(path, at, reason);
                }
                self.add(list);
            }
        }
    }

    fn lines(&mut self, path: &Path, text: &str, whole: &serde_json::Error) {
        let is_object =
            |line| serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object());
        // A document laid out over lines has fragments that happen to be JSON; only objects tell of JSON lines.
        if !text.lines().any(is_object) {
            let at = format!("line {}, column {}", whole.line(), whole.column());
            return self.reject(path, at, format!("is not JSON: {whole}"));
        }
        self.each_line(path, text, false);
    }

    /// Takes a value a line, and tells of lines that are none; of the last one not where the text `is_cut`.
    fn each_line(&mut self, path: &Path, text: &str, is_cut: bool) {
        let mut untold = 0;
        let mut lines = text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            let at = format!("line {}", index + 1);
            match serde_json::from_str::<Value>(line) {
                Ok(value) => self.value(path, &at, value),
                Err(_) if line.trim().is_empty() => {}
                Err(error) => {
                    // It may be a list that is cut short.
                    self.salvage(path, &at, line);
                    if !is_cut || lines.peek().is_some() {
                        self.reject(path, at, format!("is not JSON: {error}"));
                    }
                }
            }
            untold += self.rejected.len().saturating_sub(MOST_TOLD);
            self.rejected.truncate(MOST_TOLD);
        }
        if untold > 0 {
            self.reject(path, "", format!("and {untold} places more"));
        }
    }
}

/// The content of a file, unpacked if it is packed; as much as could be unpacked, `most` bytes of it, and what ended it early.
pub(crate) fn unpacked(bytes: Vec<u8>, most: u64) -> (Vec<u8>, Option<std::io::Error>) {
    if !bytes.starts_with(&GZIP) {
        return (bytes, None);
    }
    let mut unpacked = Vec::new();
    let error = MultiGzDecoder::new(bytes.as_slice())
        .take(most)
        .read_to_end(&mut unpacked)
        .err();
    (unpacked, error)
}
