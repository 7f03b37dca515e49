//! From a tree to the texts that every matching event contains.

use crate::number::is_number;
use crate::pattern::{
    Comparison, Condition, Expr, Fields, Item, Role, Selector, Step, Term, Test, Tree, Value,
};

/// A set of which one member is in every matching event.
#[derive(Clone, Debug)]
pub(super) struct AnyOf {
    pub(super) needles: Vec<Needle>,
    /// A guess; it decides what is searched first and nothing else.
    pub(super) rarity: usize,
}

/// A text that may have to be, or to begin, the value of one member.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    pub(super) text: String,
    /// The member's name.
    pub(super) key: Option<String>,
}

/// Beyond this the searches cost more than they save.
const NEEDLES: usize = 8;

impl AnyOf {
    fn one(needle: &str, rarity: usize) -> Option<Self> {
        // U+FFFD may stand for bytes that are no UTF-8, or for half a surrogate pair.
        let searchable = !needle.is_empty() && !needle.contains(char::REPLACEMENT_CHARACTER);
        searchable.then(|| Self {
            needles: vec![Needle {
                text: needle.to_owned(),
                key: None,
            }],
            rarity,
        })
    }

    /// One of all these sets' members; `None` when a part has none, or there are too many.
    fn union(parts: impl Iterator<Item = Vec<Self>>) -> Option<Self> {
        let mut union = Self {
            needles: Vec::new(),
            rarity: usize::MAX,
        };
        for part in parts {
            let best = part.into_iter().max_by_key(|set| set.rarity)?;
            union.rarity = union.rarity.min(best.rarity);
            for needle in best.needles {
                match union.needles.iter_mut().find(|n| n.text == needle.text) {
                    None => union.needles.push(needle),
                    Some(same) if same.key == needle.key => {}
                    // Of more than one member: then it may stand anywhere.
                    Some(same) => same.key = None,
                }
            }
        }
        (!union.needles.is_empty() && union.needles.len() <= NEEDLES).then_some(union)
    }
}

/// Sets that must all be met; the shortest is met by an empty one.
pub(super) fn required(tree: &Tree) -> Vec<AnyOf> {
    match tree {
        Tree::All => Vec::new(),
        Tree::Terms(items) => terms(items),
        Tree::Json(json) => expr(&json.expr, &in_json),
        Tree::Fields(fields) => in_fields(fields),
    }
}

fn expr<C>(tree: &Expr<C>, one: &impl Fn(&C) -> Vec<AnyOf>) -> Vec<AnyOf> {
    match tree {
        Expr::One(condition) => one(condition),
        Expr::And(parts) => parts.iter().flat_map(|part| expr(part, one)).collect(),
        Expr::Or(parts) => AnyOf::union(parts.iter().map(|part| expr(part, one)))
            .into_iter()
            .collect(),
    }
}

fn terms(items: &[Item]) -> Vec<AnyOf> {
    let needle = |item: &Item| match &item.term {
        Term::Text(text) if !text.trim_matches(' ').is_empty() => AnyOf::one(text, text.len()),
        _ => None,
    };
    if items.iter().all(|item| item.role == Role::Optional) {
        let parts = items.iter().map(|item| needle(item).into_iter().collect());
        return AnyOf::union(parts).into_iter().collect();
    }
    items
        .iter()
        .filter(|item| item.role == Role::Required)
        .filter_map(needle)
        .collect()
}

/// A word is a part of the event as it stands, so its needles are plain text.
fn in_fields(fields: &Fields) -> Vec<AnyOf> {
    let one = |comparison: &Comparison| match comparison {
        Comparison::Equal(Value::Text { text, .. }) => {
            AnyOf::one(text, text.len()).into_iter().collect()
        }
        Comparison::Equal(Value::Wildcard { wildcard, .. }) => wildcard
            .text()
            .split('*')
            .filter_map(|s| AnyOf::one(s, s.len()))
            .collect(),
        _ => Vec::new(),
    };
    fields
        .all()
        .filter_map(|field| field.test.as_ref())
        .flat_map(|t| expr(t, &one))
        .collect()
}

/// All but `NOT EXISTS` need their member; `=` with text needs that text too.
fn in_json(condition: &Condition) -> Vec<AnyOf> {
    let mut sets: Vec<AnyOf> = Vec::new();
    let key = key(&condition.selector);
    match &condition.test {
        Test::NotExists => return sets,
        Test::Compare(Comparison::Equal(Value::Text { text, .. })) => {
            let quoted = !(is_number(text) || text == "true" || text == "false");
            sets.extend(spelled(
                text,
                quoted,
                quoted,
                key,
                rarity(&condition.selector),
            ));
        }
        Test::Compare(Comparison::Equal(Value::Wildcard { wildcard, .. })) => {
            let text = wildcard.text();
            // Unless a number or a boolean may match, the value stands in quotes.
            let quoted = !text
                .bytes()
                .all(|b| b"*0123456789+-.eEtrufals".contains(&b));
            let last = text.split('*').count() - 1;
            let segments = text.split('*').enumerate().filter_map(|(place, segment)| {
                let (open, close) = (quoted && place == 0, quoted && place == last);
                spelled(segment, open, close, key, rarity(&condition.selector))
            });
            sets.extend(segments);
        }
        _ => {}
    }
    let names = condition
        .selector
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Member(name) => spelled(name, true, true, None, |_| 0),
            _ => None,
        });
    sets.extend(names);
    sets
}

/// The name of the member whose value a selector selects, if it always is a member's.
fn key(selector: &Selector) -> Option<&str> {
    // Longer ones would cost more than they save. What is no UTF-8 may be read as U+FFFD.
    match selector.steps.last()? {
        Step::Member(name) if name.len() <= 64 && !name.contains(char::REPLACEMENT_CHARACTER) => {
            Some(name)
        }
        _ => None,
    }
}

/// In CloudTrail the call's name tells more than any other text of its length.
fn rarity(selector: &Selector) -> impl Fn(usize) -> usize {
    let is_name = matches!(selector.steps.as_slice(), [Step::Member(name)] if name == "eventName");
    move |length| length.min(16) + if is_name { 16 } else { 0 }
}

/// The longest part of a JSON string that can be written in one way only, `\u` apart; with the
/// quote before or behind it where it stands there. With the one before, it begins the value of `key`.
fn spelled(
    text: &str,
    open: bool,
    close: bool,
    key: Option<&str>,
    rarity: impl Fn(usize) -> usize,
) -> Option<AnyOf> {
    let parts: Vec<&str> = text
        .split(|c| matches!(c, '"' | '\\' | '/' | '\0'..='\x1F'))
        .collect();
    let last = parts.len() - 1;
    let with_quotes = |(place, part): (usize, &&str)| {
        let before = if open && place == 0 { "\"" } else { "" };
        let after = if close && place == last { "\"" } else { "" };
        (place, format!("{before}{part}{after}"))
    };
    let (place, longest) = parts
        .iter()
        .enumerate()
        .map(with_quotes)
        .max_by_key(|(_, part)| part.len())?;
    if longest == "\"" {
        return None;
    }
    let mut set = AnyOf::one(&longest, rarity(longest.len()))?;
    if open && place == 0 {
        for needle in &mut set.needles {
            needle.key = key.map(ToOwned::to_owned);
        }
    }
    Some(set)
}
