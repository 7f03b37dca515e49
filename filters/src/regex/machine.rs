//! Rows of classes as bits: every place at which a match may stand, moved on together.
//!
//! The method is Navarro and Raffinot's for extended patterns (*Flexible Pattern Matching in
//! Strings*, 2002, chapter 4): a bit per place, a shift per character, and an addition whose carry
//! runs through the places that may be left out.

use super::parse::{Class, Part, Times};
use crate::limits;

/// 64 neighbouring places, and what may happen at each.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    /// Stays when the character is of the place's class.
    repeats: u64,
    /// Is reached without a character, from the place before.
    skips: u64,
    /// Is reached before every character: the start of a row without `^`.
    always: u64,
    /// Is reached before the first character: the start of any row.
    first: u64,
    /// Ends a match.
    ends: u64,
    /// Ends a match at the end of the text only.
    ends_text: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    words: Vec<Word>,
    /// Per kind of character, which places it reaches; as long as `words` each.
    reached: Vec<u64>,
    /// The kind of each ASCII character, and of all others.
    kinds: [u8; 129],
    places: usize,
    /// Whether a match may begin anywhere.
    anywhere: bool,
}

impl Machine {
    /// `None` when there are too many places.
    pub(super) fn new(rows: &[Vec<Part>]) -> Option<Self> {
        let mut places = Places::default();
        for row in rows {
            places.row(row)?;
        }
        let words = places.words();
        let mut kinds = [0; 129];
        let mut columns: Vec<Vec<u64>> = Vec::new();
        for (symbol, kind) in kinds.iter_mut().enumerate() {
            let column = places.column(symbol);
            let known = columns.iter().position(|other| *other == column);
            let place = known.unwrap_or(columns.len());
            if known.is_none() {
                columns.push(column);
            }
            *kind = u8::try_from(place).ok()?;
        }
        Some(Self {
            places: places.0.len(),
            anywhere: words.iter().any(|word| word.always != 0),
            words,
            reached: columns.concat(),
            kinds,
        })
    }

    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Whether the expression is found in the text. The time is that of `words` steps for each
    /// character.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self.words.as_slice() {
            [] => false,
            [word] => self.one_word(*word, text),
            words => self.all_words(words, text),
        }
    }

    /// The kind of each character; of a character's bytes only the first counts.
    fn kinds(&self, text: &str) -> impl Iterator<Item = usize> {
        let leading = |byte: &u8| !(0x80..0xC0).contains(byte);
        text.bytes().filter(leading).map(|byte| {
            let kind = self.kinds.get(usize::from(byte.min(128)));
            usize::from(kind.copied().unwrap_or_default())
        })
    }

    fn one_word(&self, word: Word, text: &str) -> bool {
        let mut at = Carry::default().skip(word, word.first);
        for kind in self.kinds(text) {
            if at & word.ends != 0 {
                return true;
            }
            if at == 0 {
                return false;
            }
            let reached = self.reached.get(kind).copied().unwrap_or_default();
            at = Carry::default().step(word, at, reached, word.always);
        }
        at & (word.ends | word.ends_text) != 0
    }

    fn all_words(&self, words: &[Word], text: &str) -> bool {
        let mut carry = Carry::default();
        let mut at: Vec<u64> = words
            .iter()
            .map(|word| carry.skip(*word, word.first))
            .collect();
        let ends = |at: &[u64]| at.iter().zip(words).any(|(at, word)| at & word.ends != 0);
        if ends(&at) {
            return true;
        }
        for kind in self.kinds(text) {
            let Some(reached) = self.reached.get(kind * words.len()..) else {
                return false;
            };
            let mut carry = Carry::default();
            let (mut found, mut alive) = (0, 0);
            for ((at, word), reached) in at.iter_mut().zip(words).zip(reached) {
                *at = carry.step(*word, *at, *reached, word.always);
                found |= *at & word.ends;
                alive |= *at;
            }
            if found != 0 {
                return true;
            }
            if alive == 0 && !self.anywhere {
                return false;
            }
        }
        let mut last = at.iter().zip(words);
        last.any(|(at, word)| at & word.ends_text != 0)
    }
}

/// What goes over from a word to the next one.
#[derive(Default)]
struct Carry {
    before: u64,
    after: u64,
    sum: bool,
}

impl Carry {
    /// From the places `at` before a character to those after it.
    fn step(&mut self, word: Word, at: u64, reached: u64, started: u64) -> u64 {
        let moved = at << 1 | self.before;
        self.before = at >> 63;
        self.skip(word, (moved | at & word.repeats) & reached | started)
    }

    /// Adds the places that are reached from `at` without a character. Adding the first of them to
    /// a run of places that may be left out carries through all the rest of the run.
    fn skip(&mut self, word: Word, at: u64) -> u64 {
        let seeds = (at << 1 | self.after) & word.skips;
        self.after = at >> 63;
        let (sum, over) = word.skips.overflowing_add(seeds);
        let (sum, over_again) = sum.overflowing_add(u64::from(self.sum));
        self.sum = over | over_again;
        at | word.skips & (!sum | seeds)
    }
}

/// One place, before it is packed with others.
#[derive(Clone, Copy, Default)]
struct Place {
    /// What reaches it from the place before; nothing reaches the start of a row.
    class: Option<Class>,
    /// One bit each.
    word: Word,
}

/// The places of all rows, one row after the other. The first of a row is its start, which no
/// character reaches; so no row runs over into the next.
#[derive(Default)]
struct Places(Vec<Place>);

impl Places {
    /// Adds a row, but nothing for one that cannot match, such as `a^`. `None` when there are too
    /// many places.
    fn row(&mut self, row: &[Part]) -> Option<()> {
        let start = row.iter().rposition(|part| *part == Part::Start);
        let end = row.iter().position(|part| *part == Part::End);
        let mut places = vec![Place {
            class: None,
            word: Word {
                always: u64::from(start.is_none()),
                first: 1,
                ..Word::default()
            },
        }];
        for (at, part) in row.iter().enumerate() {
            let Part::Class(class, times) = part else {
                continue;
            };
            // Before `^` and behind `$` no character can stand.
            if start.is_none_or(|start| at > start) && end.is_none_or(|end| at < end) {
                spread(*class, *times, &mut places);
            } else if times.least > 0 {
                return Some(());
            }
            if self.0.len() + places.len() > limits::REGEX_CHARACTERS {
                return None;
            }
        }
        if let Some(last) = places.last_mut() {
            last.word.ends = u64::from(end.is_none());
            last.word.ends_text = u64::from(end.is_some());
        }
        self.0.append(&mut places);
        Some(())
    }

    /// The places that a character reaches; 128 stands for all beyond ASCII.
    fn column(&self, symbol: usize) -> Vec<u64> {
        let holds = |class: &Class| match symbol {
            0..128 => class.ascii >> symbol & 1 == 1,
            _ => class.beyond,
        };
        let reached = |word, (at, place): (usize, &Place)| {
            word | u64::from(place.class.as_ref().is_some_and(holds)) << at
        };
        let pack = |places: &[Place]| places.iter().enumerate().fold(0, reached);
        self.0.chunks(64).map(pack).collect()
    }

    fn words(&self) -> Vec<Word> {
        let add = |word: Word, (at, place): (usize, &Place)| Word {
            repeats: word.repeats | place.word.repeats << at,
            skips: word.skips | place.word.skips << at,
            always: word.always | place.word.always << at,
            first: word.first | place.word.first << at,
            ends: word.ends | place.word.ends << at,
            ends_text: word.ends_text | place.word.ends_text << at,
        };
        let pack = |places: &[Place]| places.iter().enumerate().fold(Word::default(), add);
        self.0.chunks(64).map(pack).collect()
    }
}

/// A place for each time that a class may stand; those beyond the least may be left out, and
/// without a most the last one repeats.
fn spread(class: Class, times: Times, places: &mut Vec<Place>) {
    let most = times.most.unwrap_or(times.least.max(1));
    for time in 0..most.min(limits::REGEX_CHARACTERS + 1) {
        places.push(Place {
            class: Some(class),
            word: Word {
                repeats: u64::from(times.most.is_none() && time + 1 == most),
                skips: u64::from(time >= times.least),
                ..Word::default()
            },
        });
    }
}
