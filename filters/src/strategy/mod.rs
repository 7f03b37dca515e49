//! What a matching event must contain, searched for before anything is parsed.
//!
//! A prefilter may skip work, never an event: where a needle is missing the event is skipped only
//! if no JSON escape hides the needle (`Put\u0049mage`). A property test holds this against the plain
//! evaluator.

mod lines;
mod needles;

use memchr::memmem::{Finder, find_iter};

pub use self::lines::Lines;
use self::needles::AnyOf;
use crate::pattern::Tree;

/// Sets of needles, rarest first, of each of which a matching event contains one. None: any event
/// may match.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strategy {
    required: Vec<Set>,
}

/// More are not worth their search: an event that has the two rarest goes to the evaluator.
const SETS: usize = 2;

impl Strategy {
    pub(crate) fn new(tree: &Tree) -> Self {
        let mut sets = needles::required(tree);
        sets.sort_by_key(|set| std::cmp::Reverse(set.rarity));
        sets.truncate(SETS);
        let json = matches!(tree, Tree::Json(_));
        Self {
            required: sets.iter().map(|set| Set::new(set, json)).collect(),
        }
    }

    /// False only for an event that does not match.
    pub(crate) fn may_match(&self, event: &[u8]) -> bool {
        self.required.iter().all(|set| set.is_in(event))
    }

    /// The same for an event of which it is known that the rarest set is in it.
    fn rest_may_match(&self, event: &[u8]) -> bool {
        self.required.iter().skip(1).all(|set| set.is_in(event))
    }
}

/// One of these is needed.
#[derive(Clone, Debug)]
struct Set {
    needles: Vec<Finder<'static>>,
    /// Whether a needle may be written with escapes.
    json: bool,
}

impl Set {
    fn new(set: &AnyOf, json: bool) -> Self {
        let needles = set
            .texts()
            .map(|text| Finder::new(text).into_owned())
            .collect();
        Self { needles, json }
    }

    fn is_in(&self, event: &[u8]) -> bool {
        self.needles
            .iter()
            .any(|needle| needle.find(event).is_some())
            || self.json && self.hidden(event).is_some()
    }

    /// Where the first escape is with which a needle begins to be written otherwise.
    fn hidden(&self, text: &[u8]) -> Option<usize> {
        find_iter(text, "\\u").find(|at| {
            let Some((before, from)) = text.split_at_checked(*at) else {
                return false;
            };
            self.needles
                .iter()
                .any(|needle| is_hidden(needle.needle(), before, from))
        })
    }
}

/// Whether `needle` is written across the border of `before` and `from`, as itself before and with
/// an escape right after.
fn is_hidden(needle: &[u8], before: &[u8], from: &[u8]) -> bool {
    let Some((first, _)) = escape(from) else {
        return false;
    };
    let mut utf8 = [0; 4];
    let first = first.encode_utf8(&mut utf8).as_bytes();
    (0..needle.len()).any(|cut| {
        let (head, tail) = needle.split_at_checked(cut).unwrap_or_default();
        tail.starts_with(first) && before.ends_with(head) && is_spelled(tail, from)
    })
}

/// Whether `text` begins with `needle`, escapes decoded.
fn is_spelled(mut needle: &[u8], mut text: &[u8]) -> bool {
    let mut utf8 = [0; 4];
    while let Some((byte, rest)) = needle.split_first() {
        if let Some((c, after)) = escape(text) {
            let Some(rest) = needle.strip_prefix(c.encode_utf8(&mut utf8).as_bytes()) else {
                return false;
            };
            (needle, text) = (rest, after);
        } else {
            match text.split_first() {
                Some((found, after)) if found == byte => (needle, text) = (rest, after),
                _ => return false,
            }
        }
    }
    true
}

/// The character whose escape `text` begins with, and what follows.
fn escape(text: &[u8]) -> Option<(char, &[u8])> {
    let unit = |text: &[u8]| {
        let digits = text.strip_prefix(b"\\u")?.get(..4)?;
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(text)?;
    let after = text.get(6..)?;
    let pair = unit(after).map(|second| [first, second]);
    let decode = |units: &[u16]| char::decode_utf16(units.iter().copied()).next()?.ok();
    if let Some(c) = decode(&[first]) {
        return Some((c, after));
    }
    Some((decode(&pair?)?, after.get(6..)?))
}
