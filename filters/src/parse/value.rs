//! Operators, values and regexes, which JSON patterns and fields share.

use super::cursor::{Cursor, Refusal};
use crate::error::Kind;
use crate::number::Number;
use crate::pattern::{Comparison, Relation, Value};
use crate::regex::Regex;
use crate::wildcard::Wildcard;
use crate::{Compat, Point, limits};

/// The characters of a value without quotes.
fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.*+-".contains(c)
}

/// Reads values and counts what is limited.
pub(super) struct Values {
    pub(super) compat: Compat,
    regexes_left: usize,
    regex_characters_left: usize,
}

impl Values {
    pub(super) fn new(compat: Compat) -> Self {
        Self {
            compat,
            regexes_left: limits::REGEXES,
            regex_characters_left: limits::REGEX_CHARACTERS,
        }
    }

    /// For terms, of whose regexes AWS states no number.
    pub(super) fn unlimited(compat: Compat) -> Self {
        Self {
            regexes_left: usize::MAX,
            ..Self::new(compat)
        }
    }

    /// An operator and its value, or `None` when no operator comes next.
    pub(super) fn comparison(
        &mut self,
        cursor: &mut Cursor<'_>,
    ) -> Result<Option<Comparison>, Refusal> {
        let operator = *cursor;
        let relation = if cursor.eat("!=") {
            return self.value(cursor).map(Comparison::NotEqual).map(Some);
        } else if cursor.eat("==") {
            return operator.refuse(Kind::DoubleEquals);
        } else if cursor.eat("=") {
            return self.value(cursor).map(Comparison::Equal).map(Some);
        } else if cursor.eat("<=") {
            Relation::LessOrEqual
        } else if cursor.eat(">=") {
            Relation::GreaterOrEqual
        } else if cursor.eat("<") {
            Relation::Less
        } else if cursor.eat(">") {
            Relation::Greater
        } else {
            return Ok(None);
        };
        self.relation(cursor)
            .map(|number| Some(Comparison::Relation(relation, number)))
    }

    /// The number after a relation.
    fn relation(&mut self, cursor: &mut Cursor<'_>) -> Result<Number, Refusal> {
        cursor.blanks();
        let start = *cursor;
        match self.value(cursor)? {
            Value::Number(number) => Ok(number),
            Value::Text { quoted: true, .. } | Value::Wildcard { quoted: true, .. } => {
                let written = start
                    .rest()
                    .get(..cursor.at() - start.at())
                    .unwrap_or_default();
                start.refuse(Kind::QuotedNumber(written.to_owned()))
            }
            _ => start.refuse(Kind::NotANumber),
        }
    }

    fn value(&mut self, cursor: &mut Cursor<'_>) -> Result<Value, Refusal> {
        cursor.blanks();
        match cursor.peek() {
            Some('"') => {
                let text = quoted(cursor, self.compat)?;
                Ok(Self::text(text, true))
            }
            Some('%') => self.regex(cursor).map(Value::Regex),
            Some(c) if is_bare(c) => {
                let text = cursor.take_while(is_bare);
                Ok(Number::new(text)
                    .map_or_else(|| Self::text(text.to_owned(), false), Value::Number))
            }
            Some('$') => cursor.refuse(Kind::SelectorAsValue),
            Some('\'') => cursor.refuse(Kind::SingleQuote),
            Some('}' | ']' | ')' | '&' | '|' | ',') | None => cursor.refuse(Kind::ExpectedValue),
            Some(c) => cursor.refuse(Kind::Character(c)),
        }
    }

    fn text(text: String, quoted: bool) -> Value {
        match Wildcard::new(&text) {
            Some(wildcard) => Value::Wildcard { wildcard, quoted },
            None => Value::Text { text, quoted },
        }
    }

    /// `%…%`; the first percent sign ends it, whatever stands before.
    pub(super) fn regex(&mut self, cursor: &mut Cursor<'_>) -> Result<Regex, Refusal> {
        let open = *cursor;
        cursor.next();
        let start = cursor.at();
        let body = cursor.take_while(|c| c != '%');
        if !cursor.eat("%") {
            return open.refuse(Kind::OpenRegex);
        }
        let Some(left) = self.regexes_left.checked_sub(1) else {
            return open.refuse(Kind::Regexes);
        };
        self.regexes_left = left;
        let regex = Regex::new(body, self.compat).map_err(|(at, kind)| (start + at, kind))?;
        let Some(left) = self.regex_characters_left.checked_sub(regex.characters()) else {
            return open.refuse(Kind::LargeRegex);
        };
        self.regex_characters_left = left;
        Ok(regex)
    }
}

/// `"…"` with `\"` and `\\`.
pub(super) fn quoted(cursor: &mut Cursor<'_>, compat: Compat) -> Result<String, Refusal> {
    let open = *cursor;
    cursor.next();
    let mut text = String::new();
    loop {
        let place = *cursor;
        match cursor.next() {
            Some('"') => return Ok(text),
            Some('\\') => match cursor.peek() {
                Some('"') => {
                    text.push('"');
                    cursor.next();
                }
                Some(_) if compat.other(Point::QuotedEscapes) => text.push('\\'),
                Some('\\') => {
                    text.push('\\');
                    cursor.next();
                }
                Some(c) => return place.refuse(Kind::Escape(c)),
                None => return open.refuse(Kind::OpenQuote),
            },
            Some(c) => text.push(c),
            None => return open.refuse(Kind::OpenQuote),
        }
    }
}
