//! The values of a text, one after another, of which never more than one is held.
//!
//! A text whose first line is a value by itself is one of lines, in which a bad line is passed over. Any other is one document
//! after another, with lists of records taken apart.

use std::io::{ErrorKind, Read};

use filters::text;

use self::layout::{HEAD, has_lines, is_whole};
use crate::chunk::{Chunk, More};

mod layout;

/// So many lines that are good tell that the text is one of lines, whatever stands in others.
const SURE: usize = 2;
/// The byte order mark that some editors write.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// How a list of records begins, and what its elements are called.
const LISTS: [(&[&[u8]], &str); 3] = [
    (&[b"{", b"\"Records\"", b":", b"["], "record"),
    (&[b"{", b"\"events\"", b":", b"["], "event"),
    (&[b"["], "record"),
];

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The line, from 1.
    Line(usize),
    /// The document, from 1.
    Document(usize),
    /// Which element of a list, from 1, by the word for them.
    Element(Holder, &'static str, usize),
}

/// What holds a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// The document, from 1.
    Document(usize),
    /// The line, from 1.
    Line(usize),
}

/// What takes the values.
pub(super) trait Take {
    /// Takes a value.
    ///
    /// # Errors
    /// Why it is none.
    fn value(&mut self, place: Place, text: &[u8]) -> Result<(), serde_json::Error>;

    /// Hears of something that is no value, whose end is known all the same.
    fn bad(&mut self, place: Place, text: &[u8]);
}

/// The text is damaged from here on, or laid out in some other way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Odd {
    /// The place: so many bytes lie before it, unpacked.
    pub(super) at: u64,
    /// What is wrong.
    pub(super) why: String,
    /// Whether it is the layout: who reads the text as a whole may understand it.
    pub(super) is_layout: bool,
}

/// Goes through the values, the elements of lists each for itself. Answers how many documents or lines there were.
///
/// # Errors
/// As soon as something is odd, or `take` finds it so; what came before was taken.
pub(super) fn each(source: impl Read, take: &mut dyn Take) -> Result<usize, Odd> {
    let mut chunk = Chunk::new(source);
    chunk.prime(HEAD);
    if chunk.text().starts_with(MARK) {
        chunk.consume(MARK.len());
    }
    if let Some(before) = leading_lines(&mut chunk)?
        && has_lines(&mut chunk)
    {
        return lines(&mut chunk, before, take);
    }
    let mut value = 0;
    while next_token(&mut chunk)?.is_some() {
        value += 1;
        // What the first document ended with may have been the middle of a line that is damaged.
        document(&mut chunk, value, take).map_err(|odd| Odd {
            is_layout: odd.is_layout || value > 1,
            ..odd
        })?;
    }
    Ok(value)
}

/// Goes forward to the first byte that is no blank, and answers how many lines lie before it; `None` at the end.
fn leading_lines<R: Read>(chunk: &mut Chunk<R>) -> Result<Option<usize>, Odd> {
    let mut lines = 0;
    loop {
        let text = chunk.text();
        let blanks = text.len() - text.trim_ascii_start().len();
        lines += text::line_feeds(text.get(..blanks).unwrap_or_default());
        chunk.consume(blanks);
        if !chunk.text().is_empty() {
            return Ok(Some(lines));
        }
        if more(chunk)? == More::End {
            return Ok(None);
        }
    }
}

/// One document, a list of records taken apart.
fn document<R: Read>(chunk: &mut Chunk<R>, number: usize, take: &mut dyn Take) -> Result<(), Odd> {
    chunk.prime(HEAD);
    match list_begins(chunk.text()) {
        Some((begin, what, in_document)) => {
            chunk.consume(begin);
            let of = (Holder::Document(number), what, in_document);
            list(chunk, of, take)
        }
        None => one(chunk, Place::Document(number), take),
    }
}

/// The bytes before the first element of a list, what its elements are, and whether it is a member of a document.
fn list_begins(text: &[u8]) -> Option<(usize, &'static str, bool)> {
    LISTS.iter().find_map(|(tokens, what)| {
        let mut rest = text;
        for token in *tokens {
            rest = rest.trim_ascii_start().strip_prefix(*token)?;
        }
        Some((text.len() - rest.len(), *what, tokens.len() > 1))
    })
}

/// One value a line. A line that is none hides no other; two of them, one after the other, may be a document laid out over
/// lines.
///
/// `number`: so many lines lie before.
fn lines<R: Read>(
    chunk: &mut Chunk<R>,
    mut number: usize,
    take: &mut dyn Take,
) -> Result<usize, Odd> {
    let (mut found, mut all_good) = (0, 0);
    let mut open: Option<(usize, Vec<u8>)> = None;
    loop {
        let line = await_line(chunk);
        if !matches!(line, Ok(1..))
            && let Some((line, text)) = open.take()
        {
            take.bad(Place::Line(line), &text);
        }
        let end = line?;
        if end == 0 {
            return Ok(found);
        }
        number += 1;
        let line = chunk.text().get(..end).unwrap_or_default().trim_ascii();
        if !line.is_empty() {
            found += 1;
            let good = match list_begins(line) {
                Some(begins) => list_in(line, number, begins, take),
                None => take.value(Place::Line(number), line).is_ok(),
            };
            all_good += usize::from(good);
            if (good || all_good >= SURE)
                && let Some((line, text)) = open.take()
            {
                take.bad(Place::Line(line), &text);
            }
            if !good && is_whole(line) {
                take.bad(Place::Line(number), line);
            } else if !good && open.replace((number, line.to_owned())).is_some() {
                let odd = odd(chunk, "two lines that are no JSON");
                return Err(Odd {
                    is_layout: true,
                    ..odd
                });
            }
        }
        chunk.consume(end);
    }
}

/// Takes the elements of a list that fills a line; whether it is whole.
fn list_in(
    line: &[u8],
    number: usize,
    (begin, what, in_document): (usize, &'static str, bool),
    take: &mut dyn Take,
) -> bool {
    let mut chunk = Chunk::new(line.get(begin..).unwrap_or_default());
    let whole = list(&mut chunk, (Holder::Line(number), what, in_document), take);
    whole.is_ok() && next_token(&mut chunk).is_ok_and(|more| more.is_none())
}

/// How long the line is that the text begins with, its end included, once so much has been read; 0 at the end.
fn await_line<R: Read>(chunk: &mut Chunk<R>) -> Result<usize, Odd> {
    if let Some(length) = chunk.first_line() {
        return Ok(length);
    }
    more(chunk)?;
    Err(odd(chunk, TOO_LONG))
}

/// The elements behind the opening bracket, and what follows up to the end of the document.
fn list<R: Read>(
    chunk: &mut Chunk<R>,
    (holder, what, in_document): (Holder, &'static str, bool),
    take: &mut dyn Take,
) -> Result<(), Odd> {
    let mut number = 0;
    loop {
        match next_token(chunk)? {
            Some(b']') => break,
            Some(b',') if number > 0 => chunk.consume(1),
            Some(_) if number == 0 => {}
            _ => {
                return Err(odd(
                    chunk,
                    "a list goes on without a comma, or ends nowhere",
                ));
            }
        }
        number += 1;
        next_token(chunk)?;
        one(chunk, Place::Element(holder, what, number), take)?;
    }
    chunk.consume(1);
    if in_document {
        return rest_of_document(chunk);
    }
    Ok(())
}

/// The members behind the list, and the closing brace.
fn rest_of_document<R: Read>(chunk: &mut Chunk<R>) -> Result<(), Odd> {
    loop {
        let Some(token) = next_token(chunk)? else {
            return Err(odd(chunk, "the document ends nowhere"));
        };
        match token {
            b'}' => {
                chunk.consume(1);
                return Ok(());
            }
            b',' | b':' => chunk.consume(1),
            _ => {
                let end = await_end(chunk)?;
                if end == 0 {
                    return Err(odd(chunk, "a bracket that closes nothing"));
                }
                chunk.consume(end);
            }
        }
    }
}

fn one<R: Read>(chunk: &mut Chunk<R>, place: Place, take: &mut dyn Take) -> Result<(), Odd> {
    let end = await_end(chunk)?;
    let value = chunk.text().get(..end).unwrap_or_default();
    if value.is_empty() {
        return Err(odd(chunk, "a value is missing"));
    }
    if let Err(error) = take.value(place, value) {
        // Its brackets tell where it ends; of a document by itself that is little to go by.
        if matches!(place, Place::Document(_)) {
            return Err(odd(chunk, &format!("is not JSON: {error}")));
        }
        take.bad(place, value);
    }
    chunk.consume(end);
    Ok(())
}

/// The next byte that is no blank, to which it goes forward.
fn next_token<R: Read>(chunk: &mut Chunk<R>) -> Result<Option<u8>, Odd> {
    chunk
        .next_token()
        .map_err(|error| unreadable(chunk, &error))
}

/// Where the value ends that the text begins with, once so much has been read.
fn await_end<R: Read>(chunk: &mut Chunk<R>) -> Result<usize, Odd> {
    loop {
        if let Some(end) = text::value_end(chunk.text()) {
            return Ok(end);
        }
        match more(chunk)? {
            More::Some => {}
            More::End => return Err(odd(chunk, "the value that begins here ends nowhere")),
            More::Full => return Err(odd(chunk, TOO_LONG)),
        }
    }
}

fn more<R: Read>(chunk: &mut Chunk<R>) -> Result<More, Odd> {
    chunk.more().map_err(|error| unreadable(chunk, &error))
}

/// The source fails behind what was read of it.
fn unreadable<R: Read>(chunk: &Chunk<R>, error: &std::io::Error) -> Odd {
    let why = match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            format!("the .gz is cut short or damaged: {error}; fetch it again")
        }
        _ => format!("cannot be read: {error}"),
    };
    Odd {
        at: chunk.position() + chunk.text().len() as u64,
        why,
        is_layout: false,
    }
}

/// Something odd right here.
fn odd<R: Read>(chunk: &Chunk<R>, why: &str) -> Odd {
    Odd {
        at: chunk.position(),
        why: why.to_owned(),
        is_layout: false,
    }
}

/// A record has 256 KB at the most, a log event 1 MB.
const TOO_LONG: &str = "a value of more than 16 MiB";

#[cfg(test)]
mod tests;
