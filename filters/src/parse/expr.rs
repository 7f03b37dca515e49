//! `&&`, `||` and parentheses, which JSON patterns and fields share.

use super::cursor::{Cursor, Refusal};
use crate::error::Kind;
use crate::pattern::Expr;

/// Reads conditions joined by `||`, which binds looser than `&&`. `atom` reads one condition;
/// it starts past the blanks. Parentheses nest `levels` deep.
pub(super) fn expr<'a, C>(
    cursor: &mut Cursor<'a>,
    levels: usize,
    atom: &mut impl FnMut(&mut Cursor<'a>) -> Result<C, Refusal>,
) -> Result<Expr<C>, Refusal> {
    let mut any = Vec::new();
    loop {
        let mut all = Vec::new();
        loop {
            all.push(operand(cursor, levels, atom)?);
            cursor.blanks();
            if !cursor.eat("&&") {
                break;
            }
        }
        any.push(Expr::and(all));
        if !cursor.eat("||") {
            return Ok(Expr::or(any));
        }
    }
}

fn operand<'a, C>(
    cursor: &mut Cursor<'a>,
    levels: usize,
    atom: &mut impl FnMut(&mut Cursor<'a>) -> Result<C, Refusal>,
) -> Result<Expr<C>, Refusal> {
    cursor.blanks();
    let open = *cursor;
    if !cursor.eat("(") {
        return atom(cursor).map(Expr::One);
    }
    let Some(levels) = levels.checked_sub(1) else {
        return open.refuse(Kind::DeepParentheses);
    };
    let inner = expr(cursor, levels, atom)?;
    if cursor.eat(")") {
        return Ok(inner);
    }
    match cursor.peek() {
        Some('}' | ']') | None => open.refuse(Kind::OpenParenthesis),
        Some(_) => joint(cursor),
    }
}

/// Refuses what stands where `&&`, `||` or an end was expected.
pub(super) fn joint<T>(cursor: &Cursor<'_>) -> Result<T, Refusal> {
    match cursor.peek() {
        Some(c) if c.is_ascii_alphanumeric() || "_-.*+$\"%".contains(c) => {
            cursor.refuse(Kind::ExpectedEnd)
        }
        _ => cursor.unexpected(Kind::ExpectedEnd),
    }
}
