//! Files and standard input, plain or packed, divided into events without ever holding more than one of them.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::Path;

use filters::text;
use flate2::bufread::MultiGzDecoder;

use super::Format;
use super::report::Report;
use crate::chunk::{Chunk, LONGEST, More};
use crate::ui::Ui;

/// How many places of one file are told that are no UTF-8.
const TOLD: u64 = 5;

/// Bytes from which the kind of a file is told.
const HEAD: usize = 512;

pub(super) struct Input<'a> {
    format: Format,
    ui: &'a mut Ui,
    faulty: bool,
}

/// Why reading a source ended early.
enum Stop {
    /// The output: nothing goes on.
    Out(io::Error),
    /// The source, from there on: the others go on.
    Source(String),
}

/// Output errors are the only ones that `?` meets.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Out(error)
    }
}

impl<'a> Input<'a> {
    pub(super) fn new(format: Format, ui: &'a mut Ui) -> Self {
        Self {
            format,
            ui,
            faulty: false,
        }
    }

    /// Whether something could not be read.
    pub(super) fn faulty(&self) -> bool {
        self.faulty
    }

    /// Reads one file, or standard input for `-`. Faults of the source are told and kept in mind.
    pub(super) fn read<W: Write>(
        &mut self,
        path: &Path,
        stdin: &mut dyn Read,
        report: &mut Report<'_, W>,
    ) -> io::Result<()> {
        let mut notes = Notes::default();
        let name = if path == Path::new("-") {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let result = if path == Path::new("-") {
            self.source(stdin, report, &mut notes)
        } else if path.is_dir() {
            Err(Stop::Source("is a folder: name the files in it".to_owned()))
        } else {
            match File::open(path) {
                Ok(file) => self.source(file, report, &mut notes),
                Err(error) => Err(Stop::Source(format!("cannot be read: {error}"))),
            }
        };
        for note in notes.lines() {
            self.ui.warn(format!("{name}, {note}"));
        }
        match result {
            Ok(()) => Ok(()),
            Err(Stop::Out(error)) => Err(error),
            Err(Stop::Source(why)) => {
                self.faulty = true;
                self.ui.error(&anyhow::anyhow!("{name}: {why}"));
                Ok(())
            }
        }
    }

    fn source<W: Write>(
        &self,
        mut source: impl Read,
        report: &mut Report<'_, W>,
        notes: &mut Notes,
    ) -> Result<(), Stop> {
        let mut head = Vec::new();
        let magic = GZIP.len() as u64;
        if let Err(error) = source.by_ref().take(magic).read_to_end(&mut head) {
            return Err(Stop::Source(format!("cannot be read: {error}")));
        }
        let packed = head == GZIP;
        let source = Cursor::new(head).chain(source);
        if packed {
            let source = BufReader::with_capacity(64 * 1024, source);
            self.events(MultiGzDecoder::new(source), report, notes)
        } else {
            self.events(source, report, notes)
        }
    }

    fn events<W: Write>(
        &self,
        source: impl Read,
        report: &mut Report<'_, W>,
        notes: &mut Notes,
    ) -> Result<(), Stop> {
        let mut chunk = Chunk::new(source);
        chunk.prime(HEAD);
        if chunk.text().starts_with(MARK) {
            chunk.consume(MARK.len());
        }
        let records = match self.format {
            Format::Auto => records_begin(chunk.text()).is_some(),
            Format::Lines => false,
            Format::Records => true,
        };
        if records {
            records_of(&mut chunk, report, notes)
        } else {
            lines_of(&mut chunk, report, notes)
        }
    }
}

/// The first bytes of a packed file.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The byte order mark that some editors write.
const MARK: &[u8] = "\u{feff}".as_bytes();

fn more<R: Read>(chunk: &mut Chunk<R>) -> Result<More, Stop> {
    let position = chunk.position() + chunk.text().len() as u64;
    chunk.more().map_err(|error| unreadable(position, &error))
}

fn unreadable(position: u64, error: &io::Error) -> Stop {
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the .gz is cut short",
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => "the .gz is damaged",
        _ => "cannot be read",
    };
    Stop::Source(format!(
        "{what} behind byte {position} of its text ({error}): what came before was judged, the rest was not"
    ))
}

/// Places that were read otherwise than they stand.
#[derive(Default)]
struct Notes {
    lines: Vec<String>,
    more: u64,
}

impl Notes {
    fn add(&mut self, note: String) {
        if (self.lines.len() as u64) < TOLD {
            self.lines.push(note);
        } else {
            self.more += 1;
        }
    }

    /// Notes what is no UTF-8 in a text that begins at `position`.
    fn utf8(&mut self, text: &[u8], position: u64) {
        if text.is_ascii() {
            return;
        }
        let mut at = 0;
        while let Err(error) = str::from_utf8(text.get(at..).unwrap_or_default()) {
            let place = at + error.valid_up_to();
            self.add(format!(
                "byte {}: not UTF-8; read as U+FFFD",
                position + place as u64 + 1
            ));
            at = place + error.error_len().unwrap_or(text.len());
        }
    }

    fn lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("and {} places more", self.more));
        }
        self.lines
    }
}

fn lines_of<R: Read, W: Write>(
    chunk: &mut Chunk<R>,
    report: &mut Report<'_, W>,
    notes: &mut Notes,
) -> Result<(), Stop> {
    loop {
        let whole = text::whole_lines(chunk.text()).map_or(0, <[u8]>::len);
        judge(chunk, whole, report, notes)?;
        match more(chunk)? {
            More::Some => {}
            More::Full => skip_line(chunk, report, notes)?,
            More::End => return judge(chunk, usize::MAX, report, notes),
        }
    }
}

fn judge<R: Read, W: Write>(
    chunk: &mut Chunk<R>,
    length: usize,
    report: &mut Report<'_, W>,
    notes: &mut Notes,
) -> Result<(), Stop> {
    let text = chunk.text();
    let lines = text.get(..length).unwrap_or(text);
    notes.utf8(lines, chunk.position());
    report.lines(lines)?;
    chunk.consume(length);
    Ok(())
}

/// Passes over a line that is too long to be held.
fn skip_line<R: Read, W: Write>(
    chunk: &mut Chunk<R>,
    report: &mut Report<'_, W>,
    notes: &mut Notes,
) -> Result<(), Stop> {
    notes.add(format!(
        "byte {}: a line of more than {} MiB was passed over; an event has 1 MiB at the most",
        chunk.position() + 1,
        LONGEST >> 20
    ));
    report.pass_over();
    loop {
        if let Some(line) = text::first_line(chunk.text()) {
            let length = line.len();
            chunk.consume(length);
            return Ok(());
        }
        chunk.consume(usize::MAX);
        if more(chunk)? == More::End {
            return Ok(());
        }
    }
}

/// The bytes of `{"Records": [`, if the text begins so.
fn records_begin(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    for token in [&b"{"[..], b"\"Records\"", b":", b"["] {
        rest = rest.trim_ascii_start().strip_prefix(token)?;
    }
    Some(text.len() - rest.len())
}

/// One such document after another.
fn records_of<R: Read, W: Write>(
    chunk: &mut Chunk<R>,
    report: &mut Report<'_, W>,
    notes: &mut Notes,
) -> Result<(), Stop> {
    let mut first = true;
    loop {
        if next_token(chunk)?.is_none() && !first {
            return Ok(());
        }
        chunk.prime(HEAD);
        let Some(begin) = records_begin(chunk.text()) else {
            return Err(unexpected(chunk, "`{\"Records\": [`"));
        };
        chunk.consume(begin);
        first = false;
        document(chunk, report, notes)?;
    }
}

/// The elements behind the opening bracket, and what follows up to the closing brace.
fn document<R: Read, W: Write>(
    chunk: &mut Chunk<R>,
    report: &mut Report<'_, W>,
    notes: &mut Notes,
) -> Result<(), Stop> {
    let mut empty = true;
    loop {
        match next_token(chunk)? {
            Some(b']') => break,
            Some(b',') if !empty => chunk.consume(1),
            Some(_) if empty => {}
            _ => return Err(unexpected(chunk, "`,` or `]` behind a record")),
        }
        empty = false;
        next_token(chunk)?;
        let Some(end) = await_value(chunk, text::value_end)? else {
            return Err(cut(chunk));
        };
        let record = chunk.text().get(..end).unwrap_or_default();
        if record.is_empty() {
            return Err(unexpected(chunk, "a record"));
        }
        notes.utf8(record, chunk.position());
        report.event(&one_line(record))?;
        chunk.consume(end);
    }
    chunk.consume(1);
    // Other members of the document, if there are any.
    loop {
        match next_token(chunk)? {
            Some(b'}') => {
                chunk.consume(1);
                return Ok(());
            }
            Some(b',' | b':') => chunk.consume(1),
            Some(_) => match await_value(chunk, text::value_end)? {
                Some(end) if end > 0 => chunk.consume(end),
                Some(_) => return Err(unexpected(chunk, "`}` behind the records")),
                None => return Err(cut(chunk)),
            },
            None => return Err(cut(chunk)),
        }
    }
}

/// The next byte that is no blank, to which it goes forward.
fn next_token<R: Read>(chunk: &mut Chunk<R>) -> Result<Option<u8>, Stop> {
    chunk.next_token().map_err(|error| {
        let position = chunk.position() + chunk.text().len() as u64;
        unreadable(position, &error)
    })
}

/// What `find` finds in the text, once enough of it has been read; `None` when it ends before.
fn await_value<R: Read, T>(
    chunk: &mut Chunk<R>,
    find: impl Fn(&[u8]) -> Option<T>,
) -> Result<Option<T>, Stop> {
    loop {
        if let Some(found) = find(chunk.text()) {
            return Ok(Some(found));
        }
        match more(chunk)? {
            More::Some => {}
            More::End => return Ok(None),
            More::Full => {
                return Err(Stop::Source(format!(
                    "byte {}: a record of more than {} MiB; an event has 1 MiB at the most",
                    chunk.position() + 1,
                    LONGEST >> 20
                )));
            }
        }
    }
}

fn unexpected<R: Read>(chunk: &Chunk<R>, wanted: &str) -> Stop {
    let at = chunk.position() + 1;
    Stop::Source(format!(
        "byte {at}: expected {wanted}; what came before was judged. For a file of lines pass --format lines"
    ))
}

fn cut<R: Read>(chunk: &Chunk<R>) -> Stop {
    let at = chunk.position() + 1;
    Stop::Source(format!(
        "the file ends within the value at byte {at}; what came before was judged"
    ))
}

/// The record as CloudTrail delivers it to a log group: without line feeds, and so without layout.
fn one_line(record: &[u8]) -> Cow<'_, [u8]> {
    if text::first_line(record).is_none() {
        return Cow::Borrowed(record);
    }
    let mut line = Vec::with_capacity(record.len());
    let (mut string, mut escaped) = (false, false);
    for &byte in record {
        if string || !byte.is_ascii_whitespace() {
            line.push(byte);
        }
        string ^= byte == b'"' && !escaped;
        escaped = string && byte == b'\\' && !escaped;
    }
    Cow::Owned(line)
}
