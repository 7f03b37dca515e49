//! Searching a text of many lines at once.

use memchr::{memchr, memrchr};

use crate::{Pattern, eval, text};

/// The matching lines of a text, from [`Pattern::lines`]: where each starts, in bytes, and the line
/// without its line feed.
#[derive(Debug)]
pub struct Lines<'a> {
    pattern: &'a Pattern,
    text: &'a [u8],
    /// The start of the first line not yet judged.
    at: usize,
    /// Where each needle of the rarest set occurs next, at or after `at`; last, where an escape
    /// hides one.
    next: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Unknown,
    At(usize),
    Nowhere,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(pattern: &'a Pattern, text: &'a [u8]) -> Self {
        let set = pattern.strategy.required.first();
        let places = set.map_or(0, |set| {
            set.needles.len() + usize::from(set.escapes.is_some())
        });
        Self {
            pattern,
            text,
            at: 0,
            next: vec![Place::Unknown; places],
        }
    }

    /// The next line that the rarest needles, or an escape, point to; every line without needles.
    fn candidate(&mut self) -> Option<(usize, &'a [u8])> {
        let rest = self.text.get(self.at..)?;
        let hit = match self.pattern.strategy.required.first() {
            None => (!rest.is_empty()).then_some(self.at)?,
            Some(set) => {
                for (place, next) in self.next.iter_mut().enumerate() {
                    let ahead = matches!(next, Place::At(at) if *at >= self.at);
                    if ahead || matches!(next, Place::Nowhere) {
                        continue;
                    }
                    let found = match set.needles.get(place) {
                        Some(needle) => needle.find(rest),
                        None => set.hidden(rest),
                    };
                    *next = found.map_or(Place::Nowhere, |at| Place::At(self.at + at));
                }
                let places = self.next.iter().filter_map(|next| match next {
                    Place::At(at) => Some(*at),
                    _ => None,
                });
                places.min()?
            }
        };
        let start = self
            .text
            .get(self.at..hit)
            .and_then(|before| memrchr(b'\n', before))
            .map_or(self.at, |feed| self.at + feed + 1);
        let tail = self.text.get(hit..)?;
        let end = memchr(b'\n', tail).map_or(self.text.len(), |feed| hit + feed);
        self.at = end + 1;
        Some((start, self.text.get(start..end)?))
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (start, line) = self.candidate()?;
            if self.pattern.strategy.rest_may_match(line) {
                let event = text::decoded(line);
                if eval::matches(self.pattern, &event) {
                    return Some((start, line));
                }
            }
        }
    }
}
