//! A JSON reader that checks syntax and hands out slices of the text, without recursion.
//!
//! Numbers keep their text, which AWS compares (`"12"` is not `12.0`), and a member that nobody
//! asked for is only skipped.

mod string;

use std::borrow::Cow;

pub(crate) use self::string::plain;
use self::string::{SIMPLE, decode};

/// A value's kind; scalars come with their text, strings decoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    True,
    False,
    Number(&'a str),
    String(Cow<'a, str>),
    /// An object or an array.
    Composite,
}

/// One value that [`Reader`] has checked: its text without the blanks around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node<'a>(&'a str);

impl<'a> Node<'a> {
    /// The value's own text.
    pub(crate) fn raw(self) -> &'a str {
        self.0
    }

    pub(crate) fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    pub(crate) fn scalar(self) -> Scalar<'a> {
        match self.0.as_bytes().first() {
            Some(b'"') => Scalar::String(
                self.0
                    .get(1..self.0.len().saturating_sub(1))
                    .map_or(Cow::Borrowed(""), decode),
            ),
            Some(b'n') => Scalar::Null,
            Some(b't') => Scalar::True,
            Some(b'f') => Scalar::False,
            Some(b'{' | b'[') | None => Scalar::Composite,
            Some(_) => Scalar::Number(self.0),
        }
    }

    /// Shows each member, in order; nothing for a value that is no object.
    pub(crate) fn members(self, mut see: impl FnMut(Key<'a>, Self)) {
        let mut reader = Reader::new(self.0);
        if reader.eat(b'{') {
            reader.members(&mut |reader, key| {
                let node = reader.value()?;
                see(key, node);
                Some(node)
            });
        }
    }

    /// Shows each element, in order, until `see` answers false; nothing for a value that is no
    /// array.
    pub(crate) fn elements(self, mut see: impl FnMut(Self) -> bool) {
        let mut reader = Reader::new(self.0);
        if !reader.eat(b'[') {
            return;
        }
        while let Some(node) = reader.value() {
            if !see(node) {
                return;
            }
            reader.blanks();
            if !reader.eat(b',') {
                return;
            }
        }
    }
}

/// A member's name as it is written between the quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Key<'a> {
    pub(crate) fn is(self, name: &str) -> bool {
        self.raw == name || self.escaped && decode(self.raw) == name
    }

    pub(crate) fn name(self) -> Cow<'a, str> {
        decode(self.raw)
    }
}

/// Reads `text` whole: the syntax of all of it is checked, and each member of the top level is
/// shown. `None` when it is not exactly one JSON object or array.
pub(crate) fn document<'a>(
    text: &'a str,
    mut see: impl FnMut(Key<'a>, Node<'a>),
) -> Option<Node<'a>> {
    read(text, |reader, key| {
        let node = reader.value()?;
        see(key, node);
        Some(node)
    })
}

/// The same, but that the caller reads each member's value.
pub(crate) fn read<'a>(
    text: &'a str,
    mut value: impl FnMut(&mut Reader<'a>, Key<'a>) -> Option<Node<'a>>,
) -> Option<Node<'a>> {
    Reader::new(text).document(&mut value)
}

/// Where `text` ceases to be one JSON object or array, in bytes; `None` when it is one.
pub(crate) fn fault(text: &str) -> Option<usize> {
    let mut reader = Reader::new(text);
    let read = reader.document(&mut |reader, _| reader.value());
    read.is_none().then_some(reader.at)
}

/// Stands in a text; what it answers has been checked.
pub(crate) struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
        }
    }

    fn document(
        &mut self,
        value: &mut impl FnMut(&mut Self, Key<'a>) -> Option<Node<'a>>,
    ) -> Option<Node<'a>> {
        self.blanks();
        let start = self.at;
        match self.peek()? {
            b'{' => {
                self.at += 1;
                self.members(value)?;
            }
            b'[' => self.skip()?,
            _ => return None,
        }
        let node = Node(self.text.get(start..self.at)?);
        self.blanks();
        (self.at == self.text.len()).then_some(node)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The members after an opening brace, and the closing one.
    fn members(
        &mut self,
        value: &mut impl FnMut(&mut Self, Key<'a>) -> Option<Node<'a>>,
    ) -> Option<()> {
        self.blanks();
        if self.eat(b'}') {
            return Some(());
        }
        loop {
            self.blanks();
            let key = self.key()?;
            value(self, key)?;
            self.blanks();
            if self.eat(b'}') {
                return Some(());
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    /// A name and the colon.
    fn key(&mut self) -> Option<Key<'a>> {
        let start = self.at;
        let escaped = self.string()?;
        let raw = self.text.get(start + 1..self.at - 1)?;
        self.blanks();
        self.eat(b':').then_some(Key { raw, escaped })
    }

    /// The next value; of an object, each member is shown.
    pub(crate) fn object_or_value(
        &mut self,
        mut see: impl FnMut(Key<'a>, Node<'a>),
    ) -> Option<Node<'a>> {
        self.blanks();
        let start = self.at;
        if !self.eat(b'{') {
            return self.value();
        }
        self.members(&mut |reader, key| {
            let node = reader.value()?;
            see(key, node);
            Some(node)
        })?;
        self.text.get(start..self.at).map(Node)
    }

    /// The next value.
    pub(crate) fn value(&mut self) -> Option<Node<'a>> {
        self.blanks();
        let start = self.at;
        self.skip()?;
        self.text.get(start..self.at).map(Node)
    }

    /// Past one value of any depth. The open brackets are kept as bits, not on the stack.
    fn skip(&mut self) -> Option<()> {
        let mut open = Nesting::default();
        loop {
            self.blanks();
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                bracket @ (b'{' | b'[') => {
                    let object = bracket == b'{';
                    self.at += 1;
                    self.blanks();
                    if !self.eat(if object { b'}' } else { b']' }) {
                        open.push(object);
                        if object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => return None,
            }
            loop {
                let Some(object) = open.top() else {
                    return Some(());
                };
                self.blanks();
                if self.eat(b',') {
                    if object {
                        self.blanks();
                        self.key()?;
                    }
                    break;
                }
                if !self.eat(if object { b'}' } else { b']' }) {
                    return None;
                }
                open.pop();
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let end = self.at + word.len();
        (self.bytes.get(self.at..end)? == word).then(|| self.at = end)
    }

    fn number(&mut self) -> Option<()> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// A string with its quotes; whether there are escapes in it. Raw control characters are refused, as
    /// JSON has it.
    fn string(&mut self) -> Option<bool> {
        if !self.eat(b'"') {
            return None;
        }
        let mut escaped = false;
        loop {
            self.at += plain(self.bytes.get(self.at..)?);
            let stop = self.peek()?;
            self.at += 1;
            match stop {
                b'"' => return Some(escaped),
                b'\\' => self.escape()?,
                _ => return None,
            }
            escaped = true;
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<()> {
        let letter = self.peek()?;
        self.at += 1;
        // A table, since the letters come in no order that a branch could be foretold from.
        if SIMPLE.get(usize::from(letter)) == Some(&true) {
            return Some(());
        }
        if letter != b'u' {
            return None;
        }
        let code = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        code.iter().all(u8::is_ascii_hexdigit).then_some(())
    }
}

/// Open objects (1) and arrays (0), the innermost lowest; no allocation below 64 levels.
#[derive(Default)]
struct Nesting {
    bits: u64,
    depth: usize,
    outer: Vec<u64>,
}

impl Nesting {
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.bits >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    fn top(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }
}
