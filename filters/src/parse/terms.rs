//! Terms: `ERROR "connection reset" ?warn - "health check" %5[0-9]{2}%`.

use super::cursor::{Cursor, Refusal, is_blank};
use super::value::{Values, quoted};
use crate::error::Kind;
use crate::pattern::{Item, Role, Term};
use crate::wildcard::Wildcard;
use crate::{Compat, Point};

/// The characters of a term without quotes.
pub(crate) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) fn pattern(mut cursor: Cursor<'_>, compat: Compat) -> Result<Vec<Item>, Refusal> {
    let mut values = Values::unlimited(compat);
    let mut items = Vec::new();
    loop {
        cursor.blanks();
        if cursor.peek().is_none() {
            return match items
                .iter()
                .find(|(_, item)| refused_regex(item, &items, compat))
            {
                Some((at, _)) => Err((*at, Kind::RegexAmongTerms)),
                None => Ok(items.into_iter().map(|(_, item)| item).collect()),
            };
        }
        items.push((cursor.at(), item(&mut cursor, &mut values)?));
        if cursor.peek().is_some_and(|c| !is_blank(c)) {
            return cursor.unexpected(Kind::ExpectedTerm);
        }
    }
}

fn item(cursor: &mut Cursor<'_>, values: &mut Values) -> Result<Item, Refusal> {
    let role = if cursor.eat("?") {
        Role::Optional
    } else if cursor.eat("-") {
        cursor.blanks(); // `- "two words"` is in AWS's own page
        Role::Excluded
    } else {
        Role::Required
    };
    let punctuation = values.compat.other(Point::BareTermPunctuation);
    let star = values.compat.other(Point::BareTermStar);
    let first = |c| is_word(c) || punctuation && c == '.' || star && c == '*';
    let term = match cursor.peek() {
        Some('"') => Term::Text(quoted(cursor, values.compat)?),
        Some('%') => Term::Regex(values.regex(cursor)?),
        Some(c) if first(c) => {
            let word = cursor.take_while(|c| first(c) || punctuation && c == '-');
            Wildcard::new(word).map_or_else(|| Term::Text(word.to_owned()), Term::Wildcard)
        }
        Some(c) if is_blank(c) => return cursor.refuse(Kind::ExpectedTerm),
        _ => return cursor.unexpected(Kind::ExpectedTerm),
    };
    Ok(Item { role, term })
}

/// Whether the item is a regex where the readings of [`Point`] refuse one.
fn refused_regex(item: &Item, items: &[(usize, Item)], compat: Compat) -> bool {
    matches!(item.term, Term::Regex(_))
        && (compat.other(Point::RegexAmongTerms)
            && items
                .iter()
                .any(|(_, other)| !matches!(other.term, Term::Regex(_)))
            || compat.other(Point::OptionalRegex) && item.role == Role::Optional)
}
