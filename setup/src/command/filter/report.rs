//! What is said of the events.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use filters::{Pattern, text};
use serde::Serialize;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The events that match.
    Matches { json: bool },
    /// How many match.
    Count,
    /// Every event, and why.
    Explain { json: bool },
}

pub(super) struct Report<'a, W: Write> {
    pattern: &'a Pattern,
    mode: Mode,
    out: BufWriter<W>,
    /// Events seen; the first has number 1. Not kept where nobody asks for numbers.
    seen: u64,
    matched: u64,
}

/// A match, named as in the answer of `TestMetricFilter`
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricFilterMatchRecord.html>).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Match<'a> {
    event_number: u64,
    event_message: &'a str,
    extracted_values: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained<'a> {
    event_number: u64,
    event_message: &'a str,
    matches: bool,
    reason: Option<String>,
    conditions: Vec<Judged>,
}

#[derive(Serialize)]
struct Judged {
    condition: String,
    holds: bool,
    found: String,
}

impl<'a, W: Write> Report<'a, W> {
    pub(super) fn new(pattern: &'a Pattern, mode: Mode, out: W) -> Self {
        Self {
            pattern,
            mode,
            out: BufWriter::with_capacity(64 * 1024, out),
            seen: 0,
            matched: 0,
        }
    }

    pub(super) fn matched(&self) -> u64 {
        self.matched
    }

    /// Takes whole lines, each of them an event; only at the very end may the line feed be missing.
    pub(super) fn lines(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self.mode {
            Mode::Count => self.matched += self.pattern.lines(chunk).count() as u64,
            Mode::Matches { json: false } => {
                for (_, line) in self.pattern.lines(chunk) {
                    self.matched += 1;
                    self.out.write_all(line)?;
                    self.out.write_all(b"\n")?;
                }
            }
            Mode::Matches { json: true } => {
                let mut counted = 0;
                for (start, line) in self.pattern.lines(chunk) {
                    let between = chunk.get(counted..start).unwrap_or_default();
                    self.seen += text::line_feeds(between) as u64;
                    counted = start;
                    self.matched += 1;
                    // The line itself is counted with what follows it.
                    self.print_match(self.seen + 1, line)?;
                }
                let rest = chunk.get(counted..).unwrap_or_default();
                let open = !rest.is_empty() && !rest.ends_with(b"\n");
                self.seen += text::line_feeds(rest) as u64 + u64::from(open);
            }
            Mode::Explain { .. } => {
                for line in chunk.split_inclusive(|b| *b == b'\n') {
                    self.event(line.strip_suffix(b"\n").unwrap_or(line))?;
                }
            }
        }
        Ok(())
    }

    /// Takes one event.
    pub(super) fn event(&mut self, event: &[u8]) -> io::Result<()> {
        self.seen += 1;
        if let Mode::Explain { json } = self.mode {
            return self.explain(json, &text::decoded(event));
        }
        if !self.pattern.matches_bytes(event) {
            return Ok(());
        }
        self.matched += 1;
        match self.mode {
            Mode::Matches { json: true } => self.print_match(self.seen, event),
            Mode::Matches { json: false } => {
                self.out.write_all(event)?;
                self.out.write_all(b"\n")
            }
            _ => Ok(()),
        }
    }

    /// Counts an event that cannot be judged.
    pub(super) fn pass_over(&mut self) {
        self.seen += 1;
    }

    fn print_match(&mut self, event_number: u64, event: &[u8]) -> io::Result<()> {
        let event = text::decoded(event);
        self.json(&Match {
            event_number,
            event_message: &event,
            extracted_values: self.pattern.extract(&event).unwrap_or_default(),
        })
    }

    fn explain(&mut self, json: bool, event: &str) -> io::Result<()> {
        let explanation = self.pattern.explain(event);
        self.matched += u64::from(explanation.matches);
        if !json {
            return writeln!(self.out, "event {}: {explanation}", self.seen);
        }
        let conditions = explanation.conditions.into_iter();
        self.json(&Explained {
            event_number: self.seen,
            event_message: event,
            matches: explanation.matches,
            reason: explanation.reason,
            conditions: conditions
                .map(|finding| Judged {
                    condition: finding.condition,
                    holds: finding.holds,
                    found: finding.found,
                })
                .collect(),
        })
    }

    fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    /// Prints what is left to print.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if self.mode == Mode::Count {
            writeln!(self.out, "{}", self.matched)?;
        }
        self.out.flush()
    }
}
