//! From text to tree: a descent by hand, one file per language.
//!
//! The first character alone decides the language, and nothing is trimmed before: AWS refuses
//! ` {$.flag IS TRUE} ` for its outer blanks.

mod cursor;
mod expr;
mod fields;
mod json;
mod terms;
mod value;

use self::cursor::{Cursor, Refusal, is_blank};
use crate::error::Kind;
use crate::pattern::Tree;
use crate::{Compat, Error, limits};

pub(crate) use self::json::{is_name, selector};
pub(crate) use self::terms::is_word;

pub(crate) fn pattern(text: &str, compat: Compat) -> Result<Tree, Error> {
    let length = text.chars().count();
    if length > limits::PATTERN_CHARACTERS {
        let last = text
            .char_indices()
            .nth(limits::PATTERN_CHARACTERS)
            .map_or(0, |(at, _)| at);
        return Err(Error::new(text, last, Kind::TooLong(length)));
    }
    tree(text, compat).map_err(|(at, kind)| Error::new(text, at, kind))
}

fn tree(text: &str, compat: Compat) -> Result<Tree, Refusal> {
    match text.chars().next() {
        _ if text.chars().all(is_blank) => Ok(Tree::All),
        Some('{') if !text.ends_with('}') => Err((text.len(), Kind::OpenBrace)),
        Some('{') => json::pattern(Cursor::new(text), compat).map(Tree::Json),
        Some('[') if !text.ends_with(']') => Err((text.len(), Kind::OpenBracket)),
        Some('[') => fields::pattern(Cursor::new(text), compat).map(Tree::Fields),
        _ if text.trim_start_matches(is_blank).starts_with(['{', '[']) => {
            Err((0, Kind::BlankOutside))
        }
        _ => terms::pattern(Cursor::new(text), compat).map(Tree::Terms),
    }
}
