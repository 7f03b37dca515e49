//! JSON patterns: `{ ($.a.b = "x") && ($.c[0] NOT EXISTS) }`.

use super::cursor::{Cursor, Refusal};
use super::expr::{expr, joint};
use super::value::Values;
use crate::error::Kind;
use crate::pattern::{Condition, Json, Selector, Step, Test};
use crate::{Compat, Point, limits};

/// The characters of a member's name after a dot.
pub(crate) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// The cursor is on the opening brace; the pattern ends with a closing one.
pub(super) fn pattern(mut cursor: Cursor<'_>, compat: Compat) -> Result<Json, Refusal> {
    cursor.next();
    cursor.blanks();
    if cursor.rest() == "}" {
        return cursor.refuse(Kind::EmptyJson);
    }
    let mut reader = Reader {
        values: Values::new(compat),
        roots: Vec::new(),
        inner: Vec::new(),
        wildcards: 0,
    };
    let expr = expr(&mut cursor, limits::NESTED_PARENTHESES, &mut |cursor| {
        reader.condition(cursor)
    })?;
    if !cursor.eat("}") {
        return joint(&cursor);
    }
    match cursor.peek() {
        None => Ok(Json {
            expr,
            roots: reader.roots,
            inner: reader.inner,
        }),
        Some(_) => cursor.refuse(Kind::Behind),
    }
}

/// A selector that stands alone, as in a metric's value.
pub(crate) fn selector(text: &str) -> Option<Selector> {
    let mut reader = Reader {
        values: Values::new(Compat::default()),
        roots: Vec::new(),
        inner: Vec::new(),
        wildcards: 0,
    };
    let mut cursor = Cursor::new(text);
    let selector = reader.selector(&mut cursor).ok()?;
    // No pass over an event has collected its roots.
    cursor.peek().is_none().then_some(Selector {
        root: None,
        inner: None,
        ..selector
    })
}

struct Reader {
    values: Values,
    roots: Vec<String>,
    inner: Vec<(usize, String)>,
    wildcards: usize,
}

impl Reader {
    fn condition(&mut self, cursor: &mut Cursor<'_>) -> Result<Condition, Refusal> {
        let selector = self.selector(cursor)?;
        cursor.blanks();
        let test = match self.values.comparison(cursor)? {
            Some(comparison) => Test::Compare(comparison),
            None => self.keyword(cursor)?,
        };
        Ok(Condition { selector, test })
    }

    /// `IS NULL`, `IS TRUE`, `IS FALSE`, `NOT EXISTS`.
    fn keyword(&self, cursor: &mut Cursor<'_>) -> Result<Test, Refusal> {
        let fold = self.values.compat.other(Point::KeywordCase);
        let is = |word: &str, keyword: &str| {
            word == keyword || fold && word.eq_ignore_ascii_case(keyword)
        };
        let start = *cursor;
        let operator = word(cursor);
        cursor.blanks();
        let second = *cursor;
        if is(operator, "NOT") {
            return if is(word(cursor), "EXISTS") {
                Ok(Test::NotExists)
            } else {
                second.refuse(Kind::ExpectedExists)
            };
        }
        if !is(operator, "IS") {
            return start.refuse(Kind::ExpectedOperator);
        }
        match word(cursor) {
            constant if is(constant, "NULL") => Ok(Test::IsNull),
            constant if is(constant, "TRUE") => Ok(Test::IsTrue),
            constant if is(constant, "FALSE") => Ok(Test::IsFalse),
            constant if is(constant, "NOT") => second.refuse(Kind::IsNot),
            _ => second.refuse(Kind::ExpectedConstant),
        }
    }

    fn selector(&mut self, cursor: &mut Cursor<'_>) -> Result<Selector, Refusal> {
        let start = *cursor;
        if !cursor.eat("$") {
            return match cursor.peek() {
                Some('!') => cursor.refuse(Kind::Negation),
                _ => cursor.refuse(Kind::ExpectedSelector),
            };
        }
        let mut steps = Vec::new();
        while let Some(step) = step(cursor)? {
            steps.push(step);
        }
        match steps.iter().filter(|step| step.is_wildcard()).count() {
            _ if steps.is_empty() => return cursor.refuse(Kind::ExpectedName),
            0 => {}
            1 => self.wildcards += 1,
            _ => return start.refuse(Kind::WildcardsInSelector),
        }
        if self.wildcards > limits::WILDCARDS {
            return start.refuse(Kind::Wildcards);
        }
        let root = match steps.first() {
            Some(Step::Member(name)) => Some(place(&mut self.roots, name.clone())),
            _ => None,
        };
        let inner = match (root, steps.get(1)) {
            (Some(root), Some(Step::Member(name))) => {
                Some(place(&mut self.inner, (root, name.clone())))
            }
            _ => None,
        };
        Ok(Selector { steps, root, inner })
    }
}

/// Where the item is; if it is not there yet, it comes last.
fn place<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    items
        .iter()
        .position(|other| *other == item)
        .unwrap_or_else(|| {
            items.push(item);
            items.len() - 1
        })
}

fn word<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One step of a selector, or `None` at its end.
fn step(cursor: &mut Cursor<'_>) -> Result<Option<Step>, Refusal> {
    if cursor.eat(".") {
        if cursor.eat("*") {
            return Ok(Some(Step::AnyMember));
        }
        if cursor.rest().starts_with(['[']) {
            let bracket = *cursor;
            return match bracketed(cursor)? {
                member @ Step::Member(_) => Ok(Some(member)),
                _ => bracket.refuse(Kind::ExpectedName),
            };
        }
        return match cursor.take_while(is_name) {
            "" if cursor.peek() == Some('"') => cursor.refuse(Kind::QuotedSelector),
            "" => cursor.refuse(Kind::ExpectedName),
            name => Ok(Some(Step::Member(name.to_owned()))),
        };
    }
    if cursor.peek() == Some('[') {
        return bracketed(cursor).map(Some);
    }
    Ok(None)
}

/// `[0]`, `[*]`, `['name']` or `["name"]`.
fn bracketed(cursor: &mut Cursor<'_>) -> Result<Step, Refusal> {
    let open = *cursor;
    cursor.next();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.next();
            Step::AnyElement
        }
        Some(quote @ ('\'' | '"')) => {
            cursor.next();
            let name = cursor.take_while(|c| c != quote);
            if cursor.next().is_none() {
                return open.refuse(Kind::OpenSelector);
            }
            Step::Member(name.to_owned())
        }
        Some(c) if c.is_ascii_digit() => {
            let place = *cursor;
            match cursor.take_while(|c| c.is_ascii_digit()).parse::<u32>() {
                Ok(index) => Step::Element(index as usize),
                Err(_) => return place.refuse(Kind::LargeIndex),
            }
        }
        _ => return cursor.refuse(Kind::ExpectedIndex),
    };
    if cursor.eat("]") {
        Ok(step)
    } else {
        open.refuse(Kind::OpenSelector)
    }
}
