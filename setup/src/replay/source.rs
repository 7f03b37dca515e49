//! Records from files, in every form in which they are found; what cannot be read is counted and hides nothing else.
//!
//! A file is read in pieces. Records of pushes are kept, and so are those of other calls as long as there are not many:
//! beyond that one a minute, which is all that the metric filter's default value needs to see. So memory grows with the
//! pushes and with the time that the records span, not with the size of the files.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::meter::{Meter, size};
use self::stream::{Holder, Odd, Place, Take};

mod keep;
mod meter;
mod stream;
mod value;
mod whole;

pub(crate) use self::whole::unpacked;

/// So many places of one source are told that could not be read.
const MOST_TOLD: usize = 100;
/// A damaged file of more bytes, unpacked, is not read a second time, as a whole.
const LARGE: u64 = 64 << 20;
/// How a packed file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

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
    /// Records of other calls than pushes that were read and are not among the records: too many in one minute.
    pub omitted: usize,
    /// How many of the records are of other calls.
    others: usize,
    /// The minutes since 1970 of which another call is held, once there were too many.
    minutes: Option<BTreeSet<i64>>,
}

impl Sources {
    /// Reads files and folders.
    #[must_use]
    pub fn read(paths: &[PathBuf]) -> Self {
        let mut sources = Self::default();
        let meter = Meter::silent();
        for path in paths {
            sources.path(path, &meter);
        }
        sources
    }

    pub(crate) fn reject(&mut self, path: &Path, at: impl Into<String>, reason: impl Into<String>) {
        let file = path.display().to_string();
        self.rejected.push(Rejected {
            file,
            at: at.into(),
            reason: reason.into(),
        });
    }

    /// Reads a file, or those of a folder and the folders in it.
    pub(crate) fn path(&mut self, path: &Path, meter: &Meter<'_>) {
        if !path.is_dir() {
            return self.file(path, meter);
        }
        let (mut found, mut failed) = (Vec::new(), Vec::new());
        files_below(path, &mut found, &mut failed);
        if found.is_empty() && failed.is_empty() {
            let reason =
                "holds no *.json, *.jsonl or *.gz file: name a folder that does, or a file";
            self.reject(path, "", reason);
        }
        for (folder, error) in failed {
            self.reject(&folder, "", format!("cannot be listed: {error}"));
        }
        found.sort();
        for file in found {
            self.file(&file, meter);
        }
    }

    fn file(&mut self, path: &Path, meter: &Meter<'_>) {
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => return self.reject(path, "", unreadable(error)),
        };
        // A pipe is read once, and what is large in pieces alone.
        let length = file.metadata().ok().filter(std::fs::Metadata::is_file);
        let length = length.map(|found| found.len());
        if let Err(part) = self.pieces(path, file, meter) {
            let again = length.is_some_and(|length| length < LARGE);
            let whole = again.then(|| fs::read(path).ok()).flatten();
            self.settle(path, part, whole);
        }
    }

    /// Reads what was fetched from elsewhere.
    pub(crate) fn bytes(&mut self, path: &Path, bytes: Vec<u8>) {
        if let Err(part) = self.pieces(path, bytes.as_slice(), &Meter::silent()) {
            self.settle(path, part, Some(bytes));
        }
    }

    /// Reads one text.
    pub fn text(&mut self, path: &Path, text: &str) {
        if let Err(part) = self.pieces(path, text.as_bytes(), &Meter::silent()) {
            self.settle(path, part, Some(text.as_bytes().to_vec()));
        }
    }

    /// Takes what was read in pieces up to what is odd, or what the whole gives, whichever is more.
    fn settle(&mut self, path: &Path, part: Part, bytes: Option<Vec<u8>>) {
        let Some(bytes) = bytes else {
            return self.add(part.read);
        };
        let mut whole = Self::default();
        if !whole.whole(path, bytes) {
            return self.add(part.read);
        }
        let all = |read: &Self| read.records.len() + read.omitted;
        let layout = part.is_layout && all(&whole) == all(&part.read);
        let better = all(&whole) > all(&part.read) || part.is_nothing() || layout;
        self.add(if better { whole } else { part.read });
    }

    /// Reads in pieces.
    ///
    /// # Errors
    /// Where it is damaged, or laid out so that this is not enough to understand it: what was read before that.
    fn pieces(&mut self, path: &Path, source: impl Read, meter: &Meter<'_>) -> Result<(), Part> {
        let mut source = meter.over(source);
        let mut head = Vec::new();
        let magic = GZIP.len() as u64;
        let begun = source.by_ref().take(magic).read_to_end(&mut head);
        if let Err(error) = begun {
            self.reject(path, "", format!("cannot be read: {error}"));
            return Ok(());
        }
        let packed = head == GZIP;
        let source = Cursor::new(head).chain(source);
        let mut reading = Reading {
            read: Self {
                minutes: self.minutes.is_some().then(BTreeSet::new),
                ..Self::default()
            },
            path,
            held: self.minutes.as_ref(),
            of_first: 0,
            untold: 0,
            meter,
        };
        let found = if packed {
            let source = BufReader::with_capacity(64 * 1024, source);
            stream::each(MultiGzDecoder::new(source), &mut reading)
        } else {
            stream::each(source, &mut reading)
        };
        let read = reading.end(found)?;
        self.add(read);
        Ok(())
    }
}

/// One source, as it is read.
struct Reading<'a, 't> {
    read: Sources,
    path: &'a Path,
    /// The minutes of which another call is held already.
    held: Option<&'a BTreeSet<i64>>,
    /// How many were rejected of the first document.
    of_first: usize,
    /// Places that are not told: too many.
    untold: usize,
    meter: &'a Meter<'t>,
}

impl Take for Reading<'_, '_> {
    fn value(&mut self, place: Place, text: &[u8]) -> Result<(), serde_json::Error> {
        self.meter.record();
        if self.read.is_passed(text, self.held) {
            self.read.omitted += 1;
            return Ok(());
        }
        let value = serde_json::from_slice::<Value>(text)?;
        let at = named(place);
        match place {
            Place::Line(_) | Place::Document(_) => self.read.value(self.path, &at, value),
            Place::Element(..) => self.read.element(self.path, &at, value),
        }
        self.after(place);
        Ok(())
    }

    fn bad(&mut self, place: Place, text: &[u8]) {
        if let Err(error) = serde_json::from_slice::<Value>(text) {
            let reason = format!("is not JSON: {error}");
            self.read.reject(self.path, named(place), reason);
            self.after(place);
        }
    }
}

/// What a place is called.
fn named(place: Place) -> String {
    let document = |number: usize| match number {
        1 => String::new(),
        _ => format!("value {number}"),
    };
    match place {
        Place::Line(number) => format!("line {number}"),
        Place::Document(number) => document(number),
        Place::Element(holder, what, element) => {
            let holder = match holder {
                Holder::Document(number) => document(number),
                Holder::Line(number) => format!("line {number}"),
            };
            within(&holder, &format!("{what} {element}"))
        }
    }
}

impl Reading<'_, '_> {
    /// Keeps account of what was rejected, and of no more than can be told.
    fn after(&mut self, place: Place) {
        let rejected = &mut self.read.rejected;
        self.untold += rejected.len().saturating_sub(MOST_TOLD);
        rejected.truncate(MOST_TOLD);
        if matches!(
            place,
            Place::Document(1) | Place::Element(Holder::Document(1), ..)
        ) {
            self.of_first = rejected.len();
        }
    }

    /// What was read. How the first of several documents is called is known only now.
    ///
    /// # Errors
    /// What was read up to what is odd.
    fn end(self, found: Result<usize, Odd>) -> Result<Sources, Part> {
        let mut read = self.read;
        if self.untold > 0 {
            read.reject(self.path, "", format!("and {} places more", self.untold));
        }
        let found = match found {
            Ok(found) => found,
            Err(Odd { at, why, is_layout }) => {
                let records = read.records.len() + read.omitted;
                let reason = format!("{why}; {records} records before it were read");
                read.reject(self.path, format!("byte {}", at + 1), reason);
                return Err(Part { read, is_layout });
            }
        };
        if found == 0 {
            read.reject(self.path, "", "is empty");
        }
        if found > 1 {
            for rejected in read.rejected.iter_mut().take(self.of_first) {
                rejected.at = within("value 1", &rejected.at);
            }
        }
        Ok(read)
    }
}

/// What was read before something odd.
struct Part {
    read: Sources,
    is_layout: bool,
}

impl Part {
    fn is_nothing(&self) -> bool {
        self.read.records.is_empty() && self.read.omitted == 0
    }
}

/// A place within a place.
fn within(outer: &str, inner: &str) -> String {
    match (outer, inner) {
        ("", one) | (one, "") => one.to_owned(),
        _ => format!("{outer}, {inner}"),
    }
}

/// The files below a folder, and the folders that cannot be listed. Links to folders are not followed, or one that leads back
/// would never end; digests of CloudTrail and what Insights found are no records.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>, failed: &mut Vec<(PathBuf, String)>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return failed.push((folder.to_owned(), error.to_string())),
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let name = entry.file_name();
            if !name.to_string_lossy().starts_with("CloudTrail-") {
                files_below(&path, found, failed);
            }
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests;
