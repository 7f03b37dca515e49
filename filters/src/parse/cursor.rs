//! A place in the pattern's text.

use crate::error::Kind;

/// A refusal and its place, in bytes from the start of the pattern.
pub(super) type Refusal = (usize, Kind);

/// Reads forward; every method leaves the place where it was when there is nothing to read.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    length: usize,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            length: text.len(),
            rest: text,
        }
    }

    /// Bytes read.
    pub(super) fn at(&self) -> usize {
        self.length - self.rest.len()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// What comes before the first character that `accept` does not take.
    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    pub(super) fn blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// A refusal here.
    pub(super) fn refuse<T>(&self, kind: Kind) -> Result<T, Refusal> {
        Err((self.at(), kind))
    }

    /// A refusal of the character here, or `missing` at the end of the pattern.
    pub(super) fn unexpected<T>(&self, missing: Kind) -> Result<T, Refusal> {
        self.refuse(self.peek().map_or(missing, Kind::Character))
    }
}

/// What separates tokens.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
