//! Space-delimited patterns: `[ip, user, ..., status = 4* || status = 5*, bytes > 1000]`.

use super::cursor::{Cursor, Refusal};
use super::expr::{expr, joint};
use super::json::is_name;
use super::value::Values;
use crate::error::Kind;
use crate::pattern::{Comparison, Field, Fields};
use crate::{Compat, Point, limits};

/// The cursor is on the opening bracket; the pattern ends with a closing one.
pub(super) fn pattern(mut cursor: Cursor<'_>, compat: Compat) -> Result<Fields, Refusal> {
    cursor.next();
    let mut fields = Fields {
        before: Vec::new(),
        after: None,
    };
    cursor.blanks();
    if cursor.rest() == "]" {
        return Ok(fields);
    }
    let mut values = Values::new(compat);
    loop {
        cursor.blanks();
        let place = cursor;
        if cursor.eat("...") {
            if fields.after.is_some() {
                return place.refuse(Kind::SecondEllipsis);
            }
            fields.after = Some(Vec::new());
        } else {
            let field = field(&mut cursor, &mut values)?;
            if !compat.other(Point::DuplicateFields)
                && field.name.is_some()
                && fields.all().any(|other| other.name == field.name)
            {
                return place.refuse(Kind::DuplicateField);
            }
            fields
                .after
                .as_mut()
                .unwrap_or(&mut fields.before)
                .push(field);
        }
        cursor.blanks();
        if cursor.eat("]") {
            return match cursor.peek() {
                None => Ok(fields),
                Some(_) => cursor.refuse(Kind::Behind),
            };
        }
        if !cursor.eat(",") {
            return joint(&cursor);
        }
    }
}

fn field(cursor: &mut Cursor<'_>, values: &mut Values) -> Result<Field, Refusal> {
    let mut ahead = *cursor;
    let name = ahead.take_while(is_name);
    ahead.blanks();
    if let Some(',' | ']') = ahead.peek() {
        *cursor = ahead;
        return Ok(Field {
            name: (!name.is_empty()).then(|| name.to_owned()),
            test: None,
        });
    }
    let compat = values.compat;
    let mut first: Option<String> = None;
    let levels = if compat.other(Point::FieldParentheses) {
        0
    } else {
        limits::NESTED_PARENTHESES
    };
    let test = expr(cursor, levels, &mut |cursor| {
        let place = *cursor;
        let (name, comparison) = condition(cursor, values)?;
        let first = first.get_or_insert_with(|| name.to_owned());
        let same = first == name
            || !compat.other(Point::FieldNameCase) && first.eq_ignore_ascii_case(name);
        if same {
            Ok(comparison)
        } else {
            place.refuse(Kind::OtherField)
        }
    })?;
    Ok(Field {
        name: first,
        test: Some(test),
    })
}

fn condition<'a>(
    cursor: &mut Cursor<'a>,
    values: &mut Values,
) -> Result<(&'a str, Comparison), Refusal> {
    let name = cursor.take_while(is_name);
    if name.is_empty() {
        return cursor.unexpected(Kind::ExpectedField);
    }
    cursor.blanks();
    match values.comparison(cursor)? {
        Some(comparison) => Ok((name, comparison)),
        None => match cursor.peek() {
            Some(c) if !is_name(c) && !",]&|)".contains(c) => {
                cursor.refuse(Kind::FieldCharacter(c))
            }
            _ => cursor.refuse(Kind::ExpectedComparison),
        },
    }
}
