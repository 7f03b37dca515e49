//! Cutting a long text into pieces, for programs that read one bit by bit.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memrchr};

use crate::{block, json};

/// The bytes as text, what is not UTF-8 read as U+FFFD.
#[must_use]
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    // Several times quicker than the lossy reading by itself, and nearly always enough.
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// How many line feeds there are.
#[must_use]
pub fn line_feeds(text: &[u8]) -> usize {
    memchr_iter(b'\n', text).count()
}

/// The text up to and including its first line feed; `None` without one.
#[must_use]
pub fn first_line(text: &[u8]) -> Option<&[u8]> {
    text.get(..=memchr(b'\n', text)?)
}

/// The text up to and including its last line feed; `None` without one.
#[must_use]
pub fn whole_lines(text: &[u8]) -> Option<&[u8]> {
    text.get(..=memrchr(b'\n', text)?)
}

/// Where the JSON value ends that the text begins with, in bytes; `None` when it goes on behind the
/// text.
///
/// Only quotes and brackets are looked at, so the value need not be valid; whoever judges it finds
/// out. A number or a word ends where a comma, a closing bracket or a blank comes.
#[must_use]
pub fn value_end(text: &[u8]) -> Option<usize> {
    match composite_end(text) {
        Ok(end) => end,
        Err(Unusual) => any_end(text),
    }
}

/// Not for [`composite_end`].
#[derive(Debug, PartialEq)]
struct Unusual;

/// [`value_end`] of an object or an array that has no backslash but in strings, a block at a time.
fn composite_end(text: &[u8]) -> Result<Option<usize>, Unusual> {
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return Err(Unusual);
    }
    let (mut carry, mut inside, mut depth) = (0, 0, 0_u32);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (block, length) = block::first(rest);
        let backslashes = block::bits(&block, |b| b == b'\\');
        let escaped = block::escaped(backslashes, &mut carry);
        let quotes = block::bits(&block, |b| b == b'"') & !escaped;
        let strings = block::between(quotes) ^ inside;
        inside = 0_u64.wrapping_sub(strings >> 63);
        if backslashes & !strings != 0 {
            return Err(Unusual);
        }
        // The two kinds of bracket differ in this one bit; which closes which is not looked at.
        let open = block::bits(&block, |b| b | 0x20 == b'{') & !strings;
        let close = block::bits(&block, |b| b | 0x20 == b'}') & !strings;
        if close.count_ones() < depth {
            depth = depth + open.count_ones() - close.count_ones();
        } else {
            let mut brackets = open | close;
            while brackets != 0 {
                let place = brackets.trailing_zeros();
                if open >> place & 1 == 1 {
                    depth += 1;
                } else if depth <= 1 {
                    return Ok(Some(at + place as usize + 1));
                } else {
                    depth -= 1;
                }
                brackets &= brackets - 1;
            }
        }
        at += length;
    }
    Ok(None)
}

fn any_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut depth = 0_usize;
    loop {
        match *text.get(at)? {
            b'"' => {
                at = string_end(text, at + 1)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return Some(at + depth),
            b'}' | b']' => depth -= 1,
            b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
}

/// Where the string ends whose opening quote is right before `at`.
fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += json::plain(text.get(at..)?);
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Unusual, any_end, composite_end, first_line, line_feeds, value_end, whole_lines};

    proptest! {
        #[test]
        fn a_value_ends_where_it_does_byte_by_byte(
            text in "[{\\[]([ab,:{}\\[\\]]|\"[ab{}\\[\\]]{0,70}\"|\"(\\\\[n\"\\\\]|[{}]){0,40}\"|\\\\){0,60}",
        ) {
            let found = composite_end(text.as_bytes());
            prop_assert!(found == Err(Unusual) || found == Ok(any_end(text.as_bytes())));
            prop_assert_eq!(value_end(text.as_bytes()), any_end(text.as_bytes()));
        }
    }

    #[test]
    fn lines_are_cut_behind_the_line_feed() {
        assert_eq!(whole_lines(b"a\nb\nc"), Some(&b"a\nb\n"[..]));
        assert_eq!(first_line(b"a\nb\nc"), Some(&b"a\n"[..]));
        assert_eq!(whole_lines(b"abc"), None);
        assert_eq!(line_feeds(b"a\n\nb"), 2);
    }

    #[test]
    fn a_value_ends_where_its_brackets_close() {
        let end = |text: &str| value_end(text.as_bytes());
        for value in [
            r#"{"a":"}\"]","b":[{}, 1]}"#,
            "[]",
            r#""x\\""#,
            "12",
            "null",
            r#"{"a":{"b":"\\"}}"#,
        ] {
            for behind in [",1", "]", "} x", " "] {
                assert_eq!(
                    end(&format!("{value}{behind}")),
                    Some(value.len()),
                    "{value}"
                );
            }
        }
        assert_eq!(end(r#"{"a":"}"#), None);
        assert_eq!(end("12"), None);
        assert_eq!(end(r#""\"#), None);
    }
}
