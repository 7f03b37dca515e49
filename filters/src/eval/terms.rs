//! Terms on events.

use crate::pattern::{Item, Role, Term};
use crate::{Compat, Point};

/// Every plain term must be found and no excluded one; the optional ones count only when they are
/// alone, and then one of them is enough
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>).
pub(crate) fn matches(items: &[Item], event: &str, compat: Compat) -> bool {
    let of = |role| items.iter().filter(move |item| item.role == role);
    let found = |item: &Item| occurs(&item.term, event);
    let required = of(Role::Required).count() > 0;
    let excluded = of(Role::Excluded).count() > 0;
    if !required && !excluded {
        return of(Role::Optional).any(found);
    }
    (required || !compat.other(Point::OnlyExclusions))
        && of(Role::Required).all(found)
        && !of(Role::Excluded).any(found)
}

/// A substring, case and all. Quotes around nothing, or around blanks, match everything: that is
/// no search for a blank.
pub(crate) fn occurs(term: &Term, event: &str) -> bool {
    match term {
        Term::Text(text) => text.trim_matches(' ').is_empty() || event.contains(text.as_str()),
        Term::Wildcard(wildcard) => wildcard.is_within(event),
        Term::Regex(regex) => regex.is_match(event),
    }
}
