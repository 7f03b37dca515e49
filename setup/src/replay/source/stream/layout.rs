//! Whether a text is one of lines, a value each, or one document after another.

use std::io::Read;

use filters::text;

use crate::chunk::Chunk;

/// Bytes from which the kind of a document is told.
pub(super) const HEAD: usize = 512;
/// So much is read to look at a second line.
const SECOND: usize = 1 << 20;

/// Whether the text is one of lines: the first is a value by itself, or damaged and the second is one.
pub(super) fn has_lines<R: Read>(chunk: &mut Chunk<R>) -> bool {
    let Some(first) = chunk.first_line() else {
        return false;
    };
    chunk.prime(first + HEAD);
    let (line, rest) = chunk.text().split_at_checked(first).unwrap_or_default();
    if rest.trim_ascii().is_empty() {
        return false;
    }
    let line = line.trim_ascii();
    if is_whole(line) || is_torn(line) {
        return true;
    }
    // In a document that is laid out over lines these lead to what stands on the next one.
    let goes_on = line.last().is_some_and(|byte| b"[{,:".contains(byte));
    if goes_on || are_whole(line) {
        return false;
    }
    chunk.prime(first + SECOND);
    let (_, rest) = chunk.text().split_at_checked(first).unwrap_or_default();
    let rest = rest.trim_ascii_start();
    let second = text::first_line(rest).unwrap_or(rest).trim_ascii();
    second.starts_with(b"{") && is_whole(second)
}

/// Whether a text is one value, as far as its brackets and quotes tell.
pub(super) fn is_whole(text: &[u8]) -> bool {
    match text::value_end(text) {
        Some(end) => end == text.len(),
        // A number or a word ends with the line.
        None => !text.starts_with(b"{") && !text.starts_with(b"[") && !text.starts_with(b"\""),
    }
}

/// Whether a text is values one behind the other, as far as their brackets and quotes tell.
fn are_whole(mut text: &[u8]) -> bool {
    while !text.is_empty() {
        let end = text::value_end(text).unwrap_or_default();
        let (value, rest) = text.split_at_checked(end).unwrap_or_default();
        if value.is_empty() {
            return false;
        }
        text = rest.trim_ascii_start();
    }
    true
}

/// Whether a text goes on behind its value in a way in which no document does: a line that is damaged.
fn is_torn(text: &[u8]) -> bool {
    let rest = text::value_end(text).and_then(|end| text.get(end..));
    let rest = rest.unwrap_or_default().trim_ascii();
    // A comma alone stands between the elements of a list that has lost its brackets.
    rest != b"," && rest.first().is_some_and(|byte| b",:]}".contains(byte))
}
