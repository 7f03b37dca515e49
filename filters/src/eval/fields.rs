//! Space-delimited patterns on events.

use std::collections::BTreeMap;

use super::compare;
use super::words::Words;
use crate::Compat;
use crate::pattern::{Field, Fields};

pub(crate) fn matches(fields: &Fields, event: &str, compat: Compat) -> bool {
    bind(fields, event, compat).is_some()
}

pub(crate) fn extract(
    fields: &Fields,
    event: &str,
    compat: Compat,
) -> Option<BTreeMap<String, String>> {
    let bound = bind(fields, event, compat)?;
    let named = |(place, (field, word)): (usize, (Option<&Field>, &str))| {
        let name = field.and_then(|field| field.name.clone());
        let name = name.unwrap_or_else(|| (place + 1).to_string());
        (format!("${name}"), word.to_owned())
    };
    Some(bound.into_iter().enumerate().map(named).collect())
}

/// Each word with its field, those in an ellipsis with none; `None` when the event does not match.
///
/// Fields bind by position, and there must be a word for each. Without an ellipsis the last field
/// takes all that is left, as it stands, when that is more than one word: Lambda's own log lines
/// come out of a subscription filter that way.
fn bind<'f, 'e>(
    fields: &'f Fields,
    event: &'e str,
    compat: Compat,
) -> Option<Vec<(Option<&'f Field>, &'e str)>> {
    let mut words = Words::new(event, compat);
    let mut bound = Vec::new();
    let Some(after) = &fields.after else {
        let Some((last, first)) = fields.before.split_last() else {
            return Some(words.map(|word| (None, word.text)).collect()); // `[]`
        };
        for field in first {
            bound.push((Some(field), accept(field, words.next()?.text, compat)?));
        }
        let mut word = words.next()?;
        if words.next().is_some() {
            word.text = event.get(word.start..)?;
        }
        bound.push((Some(last), accept(last, word.text, compat)?));
        return Some(bound);
    };
    for field in &fields.before {
        bound.push((Some(field), accept(field, words.next()?.text, compat)?));
    }
    let rest: Vec<&str> = words.map(|word| word.text).collect();
    let (skipped, last) = rest.split_at_checked(rest.len().checked_sub(after.len())?)?;
    bound.extend(skipped.iter().map(|word| (None, *word)));
    for (field, word) in after.iter().zip(last) {
        bound.push((Some(field), accept(field, word, compat)?));
    }
    Some(bound)
}

/// Each field with its word, as far as there are words, and how many there are: what [`bind`] looks
/// at, with no field tested.
pub(crate) fn pairs<'f, 'e>(
    fields: &'f Fields,
    event: &'e str,
    compat: Compat,
) -> (Vec<(&'f Field, Option<&'e str>)>, usize) {
    let words: Vec<_> = Words::new(event, compat).collect();
    let before = fields.before.len();
    let after = fields.after.as_ref().map_or(0, Vec::len);
    let skipped = words.len().saturating_sub(before + after);
    let word = |(place, field): (usize, &'f Field)| {
        let skipped = if place < before { 0 } else { skipped };
        let word = words.get(place + skipped);
        let takes_rest = fields.after.is_none() && place + 1 == before && words.len() > before;
        let rest = word.filter(|_| takes_rest);
        let text = match rest {
            Some(word) => event.get(word.start..),
            None => word.map(|word| word.text),
        };
        (field, text)
    };
    let pairs = fields.all().enumerate().map(word).collect();
    (pairs, words.len())
}

/// Whether the field takes the word.
pub(crate) fn takes(field: &Field, word: &str, compat: Compat) -> bool {
    accept(field, word, compat).is_some()
}

/// The word, if the field takes it.
fn accept<'e>(field: &Field, word: &'e str, compat: Compat) -> Option<&'e str> {
    let holds = |test: &crate::pattern::Expr<_>| {
        test.holds(&mut |comparison| compare::word(comparison, word, compat))
    };
    field.test.as_ref().is_none_or(holds).then_some(word)
}
