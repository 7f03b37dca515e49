//! The words of a space-delimited event.

use crate::{Compat, Point};

/// Splits at blanks and tabs; `"…"` and `[…]` are one word and lose their delimiters.
///
/// A delimiter counts only around a whole word: one in mid-word, or one that is not closed, is an
/// ordinary character ([`Point::UnclosedDelimiters`]). The time is linear in the event.
#[derive(Clone)]
pub(super) struct Words<'a> {
    event: &'a str,
    at: usize,
    done: bool,
    /// The next `]` at or after some place already passed; none beyond the end.
    bracket: usize,
    compat: Compat,
}

#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// Bytes before the word, its delimiter included in it.
    pub(super) start: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(event: &'a str, compat: Compat) -> Self {
        Self {
            event,
            at: 0,
            done: false,
            bracket: 0,
            compat,
        }
    }

    fn rest(&self) -> &'a str {
        self.event.get(self.at..).unwrap_or_default()
    }

    /// The delimited word here: its text and the bytes up to after the closing delimiter.
    fn delimited(&mut self) -> Option<(&'a str, usize)> {
        let inner = self.rest().get(1..)?;
        let close = match self.rest().as_bytes().first()? {
            b'"' => inner.find('"'),
            b'[' => self.close_bracket(),
            _ => return None,
        };
        let Some(close) = close else {
            return self
                .compat
                .other(Point::UnclosedDelimiters)
                .then_some((inner, inner.len() + 1));
        };
        let text = inner.get(..close)?;
        let after = inner.get(close + 1..)?;
        (after.is_empty() || after.starts_with(SEPARATORS)).then_some((text, close + 2))
    }

    /// How far behind the opening bracket here the next closing one is. It is remembered, lest a
    /// row of opening ones search the same text again and again.
    fn close_bracket(&mut self) -> Option<usize> {
        let inner = self.at + 1;
        if self.bracket < inner {
            let found = self.event.get(inner..).and_then(|rest| rest.find(']'));
            self.bracket = found.map_or(usize::MAX, |at| inner + at);
        }
        (self.bracket != usize::MAX).then(|| self.bracket - inner)
    }
}

const SEPARATORS: [char; 2] = [' ', '\t'];

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let each = self.compat.other(Point::BlankRuns);
        if !each {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches(SEPARATORS).len();
            self.done = self.at == self.event.len();
        }
        if self.done {
            return None;
        }
        let start = self.at;
        let (text, length) = self.delimited().unwrap_or_else(|| {
            let rest = self.rest();
            let text = rest.split(SEPARATORS).next().unwrap_or_default();
            (text, text.len())
        });
        self.at += length;
        if each {
            self.done = self.at >= self.event.len();
            self.at += 1; // the one separator
        }
        Some(Word { text, start })
    }
}
