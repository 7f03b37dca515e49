//! What a matching event must contain, searched for before anything is parsed.
//!
//! A prefilter may skip work, never an event: where a needle is missing the event is skipped only
//! if no JSON escape hides the needle (`Put\u0049mage`). A property test holds this against the plain
//! evaluator.

mod escapes;
mod lines;
mod needles;

use memchr::memmem::Finder;

use self::escapes::Escapes;
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
            required: sets.into_iter().map(|set| Set::new(set, json)).collect(),
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
    needles: Vec<Needle>,
    /// Where a needle may be written with escapes.
    escapes: Option<Escapes>,
}

impl Set {
    fn new(set: AnyOf, json: bool) -> Self {
        let needles: Vec<Needle> = set.needles.into_iter().map(Needle::new).collect();
        let texts = needles.iter().map(|needle| needle.finder.needle());
        let escapes = json.then(|| Escapes::new(texts));
        Self { needles, escapes }
    }

    fn is_in(&self, event: &[u8]) -> bool {
        self.needles
            .iter()
            .any(|needle| needle.find(event).is_some())
            || self.hidden(event).is_some()
    }

    /// Where the first escape is with which a needle begins to be written otherwise.
    fn hidden(&self, text: &[u8]) -> Option<usize> {
        self.escapes.as_ref()?.find(text, |before, from| {
            self.needles
                .iter()
                .any(|needle| escapes::is_hidden(needle.finder.needle(), before, from))
        })
    }
}

/// A text, and the member whose value it begins, if it has to be one's.
#[derive(Clone, Debug)]
struct Needle {
    finder: Finder<'static>,
    /// The member's name as it is written without escapes, in its quotes.
    key: Option<String>,
}

impl Needle {
    fn new(needle: needles::Needle) -> Self {
        Self {
            finder: Finder::new(&needle.text).into_owned(),
            key: needle.key.map(|name| format!("\"{name}\"")),
        }
    }

    /// Where it first occurs as the value it has to be.
    fn find(&self, text: &[u8]) -> Option<usize> {
        match &self.key {
            None => self.finder.find(text),
            Some(key) => self.finder.find_iter(text).find(|at| {
                text.get(..*at)
                    .is_some_and(|before| may_follow(key.as_bytes(), before))
            }),
        }
    }
}

/// Whether the value right behind `before` may be that of the member `key`. Only a name with an
/// escape in it is let pass unread.
fn may_follow(key: &[u8], before: &[u8]) -> bool {
    let Some(before) = without_blanks(before).strip_suffix(b":") else {
        return false;
    };
    let before = without_blanks(before);
    if before.ends_with(key) {
        return true;
    }
    // An escape takes six bytes for a byte at the most.
    let longest = key.len() * escapes::LENGTH;
    let name = before.get(before.len().saturating_sub(longest)..);
    memchr::memchr(b'\\', name.unwrap_or(before)).is_some()
}

fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\n' | b'\r'] = text {
        text = rest;
    }
    text
}
