//! What stands between two quotes.

use std::borrow::Cow;

/// Which bytes, behind a backslash, are a whole escape with it.
pub(super) const SIMPLE: [bool; 256] = {
    let mut simple = [false; 256];
    let mut letters: &[u8] = b"\"\\/bfnrt";
    while let [letter, rest @ ..] = letters {
        if let Some(place) = simple
            .as_mut_slice()
            .split_at_mut(*letter as usize)
            .1
            .first_mut()
        {
            *place = true;
        }
        letters = rest;
    }
    simple
};

/// How many bytes at the start are neither a quote, a backslash, nor a control character: sixteen at a
/// time while that lasts, so that most strings take one step and no branch that depends on their length.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let mut length = 0;
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        let (low, high) = halves(chunk);
        let (low, high) = (stops(low), stops(high));
        if low | high != 0 {
            let (word, before) = if low == 0 { (high, 8) } else { (low, 0) };
            return length + before + word.trailing_zeros() as usize / 8;
        }
        length += 16;
        rest = after;
    }
    let stop = rest
        .iter()
        .position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F));
    length + stop.unwrap_or(rest.len())
}

fn halves(chunk: &[u8; 16]) -> (u64, u64) {
    let [low, high] = match chunk.as_chunks::<8>().0 {
        [low, high] => [*low, *high],
        _ => [[0; 8]; 2],
    };
    (u64::from_le_bytes(low), u64::from_le_bytes(high))
}

/// Sets the high bit of each byte that [`plain`] stops at. A bit too many may be set above these:
/// the lowest is always right.
fn stops(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    // The other value of its second bit puts the quote right behind the control characters.
    let control_or_quote = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (control_or_quote | backslash) & !word & HIGH
}

/// The text of a string, which lies between its quotes and has been checked. Half of a surrogate
/// pair becomes U+FFFD: such an event is still an event.
pub(super) fn decode(raw: &str) -> Cow<'_, str> {
    let Some((mut plain, mut rest)) = raw.split_once('\\') else {
        return Cow::Borrowed(raw);
    };
    let mut text = String::with_capacity(raw.len());
    loop {
        text.push_str(plain);
        let mut chars = rest.chars();
        let escaped = chars.next().unwrap_or('\\');
        rest = chars.as_str();
        match escaped {
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'u' => {
                let (c, after) = code_point(rest);
                text.push(c);
                rest = after;
            }
            c => text.push(c),
        }
        let Some((before, after)) = rest.split_once('\\') else {
            text.push_str(rest);
            return Cow::Owned(text);
        };
        (plain, rest) = (before, after);
    }
}

/// The character whose `\u` has been read, from one code or from two that form a pair.
fn code_point(rest: &str) -> (char, &str) {
    let unit = |text: &str| {
        let (code, after) = text.split_at_checked(4)?;
        Some((
            u32::from_str_radix(code, 16).ok()?,
            text.len() - after.len(),
        ))
    };
    let Some((high, length)) = unit(rest) else {
        return (char::REPLACEMENT_CHARACTER, rest);
    };
    let rest = rest.get(length..).unwrap_or_default();
    if (0xD800..0xDC00).contains(&high)
        && let Some(second) = rest.strip_prefix("\\u")
        && let Some((low @ 0xDC00..0xE000, length)) = unit(second)
    {
        let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        return (c, second.get(length..).unwrap_or_default());
    }
    (
        char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER),
        rest,
    )
}
