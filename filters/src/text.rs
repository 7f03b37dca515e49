//! Cutting a long text into pieces, for programs that read one bit by bit.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memrchr};

use crate::json;

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
    let mut at = 0;
    let mut depth = 0_usize;
    loop {
        match *text.get(at)? {
            b'"' => {
                at = string_end(text, at + 1)?;
                if depth == 0 {
                    return Some(at);
                }
                // What mostly follows a string is another one.
                while let Some([b':' | b',', b'"']) = text.get(at..at + 2) {
                    at = string_end(text, at + 2)?;
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
    use super::{first_line, line_feeds, value_end, whole_lines};

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
        // A control character does not belong into a string; whoever judges the value finds out.
        assert_eq!(end("\"a\tb\" "), Some(5));
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
