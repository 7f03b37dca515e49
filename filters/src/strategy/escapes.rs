//! Needles that a JSON text spells with `\\u` escapes.

use memchr::memmem::Finder;

/// Bytes of one escape, which stands for one byte or more.
pub(super) const LENGTH: usize = 6;

/// Finds the escapes that may be a part of some needle.
#[derive(Clone, Debug)]
pub(super) struct Escapes {
    finder: Finder<'static>,
    /// The needles' ASCII characters, a bit each: an escape of another one hides nothing.
    ascii: u128,
}

impl Escapes {
    pub(super) fn new<'a>(needles: impl Iterator<Item = &'a [u8]>) -> Self {
        let ascii = needles.flatten().filter(|byte| byte.is_ascii());
        Self {
            finder: Finder::new("\\u"),
            ascii: ascii.fold(0, |set, byte| set | 1 << byte),
        }
    }

    /// Where the first escape is for which `hides` holds, given the text before it and from it on.
    pub(super) fn find(
        &self,
        text: &[u8],
        mut hides: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Option<usize> {
        self.finder.find_iter(text).find(|at| {
            let Some((before, from)) = text.split_at_checked(*at) else {
                return false;
            };
            let of_needle = match unit(from) {
                Some(unit @ 0..0x80) => self.ascii >> unit & 1 == 1,
                Some(_) => true,
                None => false,
            };
            of_needle && hides(before, from)
        })
    }
}

/// Whether `needle` is written across the border of `before` and `from`, as itself before and with
/// an escape right after.
pub(super) fn is_hidden(needle: &[u8], before: &[u8], from: &[u8]) -> bool {
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
    let first = unit(text)?;
    let after = text.get(LENGTH..)?;
    let pair = unit(after).map(|second| [first, second]);
    let decode = |units: &[u16]| char::decode_utf16(units.iter().copied()).next()?.ok();
    if let Some(c) = decode(&[first]) {
        return Some((c, after));
    }
    Some((decode(&pair?)?, after.get(LENGTH..)?))
}

/// The code in the escape that `text` begins with.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |code, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(code << 4 | u16::try_from(digit).ok()?)
    })
}
