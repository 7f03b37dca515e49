//! The values of a text, one after another, of which never more than one is held.
//!
//! A text whose first line is a value by itself is one of lines, in which a bad line is passed over. Any other is one document
//! after another, with lists of records taken apart.

use std::io::{ErrorKind, Read};

use filters::text;

use crate::chunk::{Chunk, More};

/// Bytes from which the kind of a document is told.
const HEAD: usize = 512;
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
    if next_token(&mut chunk)?.is_some()
        && let Some(first) = chunk.first_line()
    {
        chunk.prime(first + HEAD);
        let (first, rest) = chunk.text().split_at_checked(first).unwrap_or_default();
        let first = first.trim_ascii();
        if (is_whole(first) || is_torn(first)) && !rest.trim_ascii().is_empty() {
            return lines(&mut chunk, take);
        }
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

/// Whether a text is one value, as far as its brackets and quotes tell.
fn is_whole(text: &[u8]) -> bool {
    match text::value_end(text) {
        Some(end) => end == text.len(),
        // A number or a word ends with the line.
        None => !text.starts_with(b"{") && !text.starts_with(b"[") && !text.starts_with(b"\""),
    }
}

/// Whether a text goes on behind its value in a way in which no document does: a line that is damaged.
fn is_torn(text: &[u8]) -> bool {
    let rest = text::value_end(text).and_then(|end| text.get(end..));
    let rest = rest.unwrap_or_default().trim_ascii();
    // A comma alone stands between the elements of a list that has lost its brackets.
    rest != b"," && rest.first().is_some_and(|byte| b",:]}".contains(byte))
}

/// One value a line. A line that is none hides no other; two of them, one after the other, may be a document laid out over
/// lines.
fn lines<R: Read>(chunk: &mut Chunk<R>, take: &mut dyn Take) -> Result<usize, Odd> {
    let (mut number, mut found) = (0, 0);
    let mut open: Option<(usize, Vec<u8>)> = None;
    loop {
        let end = await_line(chunk)?;
        if end == 0 {
            if let Some((line, text)) = open {
                take.bad(Place::Line(line), &text);
            }
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
            if good && let Some((line, text)) = open.take() {
                take.bad(Place::Line(line), &text);
            } else if !good && is_whole(line) {
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
mod tests {
    use super::{Holder, Odd, Place, Take, each};

    /// Takes everything that begins like JSON.
    #[derive(Default)]
    struct Taken(Vec<(Place, String)>, Vec<Place>);

    impl Take for Taken {
        fn value(&mut self, place: Place, text: &[u8]) -> Result<(), serde_json::Error> {
            if text.starts_with(b"{broken") {
                serde_json::from_slice::<serde_json::Value>(text)?;
            }
            let text = String::from_utf8_lossy(text).into_owned();
            self.0.push((place, text));
            Ok(())
        }

        fn bad(&mut self, place: Place, _: &[u8]) {
            self.1.push(place);
        }
    }

    fn values(text: &str) -> Result<Taken, Odd> {
        let mut taken = Taken::default();
        each(text.as_bytes(), &mut taken)?;
        Ok(taken)
    }

    fn found(text: &str) -> Vec<(Place, String)> {
        values(text).unwrap().0
    }

    fn at(place: Place, text: &str) -> (Place, String) {
        (place, text.to_owned())
    }

    #[test]
    fn lists_are_taken_apart_and_other_values_are_whole() {
        let text = "\u{feff}{\"Records\":\n [{\"a\":1} , 7], \"more\": {\"x\": [1]}}\n{\"b\":\"]}\"}\n[]\n[{}]";
        let expected = [
            at(
                Place::Element(Holder::Document(1), "record", 1),
                "{\"a\":1}",
            ),
            at(Place::Element(Holder::Document(1), "record", 2), "7"),
            at(Place::Document(2), "{\"b\":\"]}\"}"),
            at(Place::Element(Holder::Document(4), "record", 1), "{}"),
        ];
        assert_eq!(found(text), expected);
        assert_eq!(
            found("{\"events\":[\"x\"]}"),
            [at(Place::Element(Holder::Document(1), "event", 1), "\"x\"")]
        );
        assert_eq!(found("{\n}\n{}").len(), 2);
        assert_eq!(found(" \n"), []);
    }

    #[test]
    fn a_bad_line_hides_no_other() {
        let taken =
            values("{}\n\n{broken\n{\"a\": 1} \r\n{broken}\n{broken}\n[1]\n{broken").unwrap();
        let lines = [
            at(Place::Line(1), "{}"),
            at(Place::Line(4), "{\"a\": 1}"),
            at(Place::Element(Holder::Line(7), "record", 1), "1"),
        ];
        assert_eq!(taken.0, lines);
        assert_eq!(taken.1, [3, 5, 6, 8].map(Place::Line));
        assert!(
            values("{}\n{broken\n{broken\n{}").is_err(),
            "laid out over lines"
        );
    }

    #[test]
    fn a_damaged_first_line_hides_no_other() {
        for torn in ["{broken}}", "{broken:{}},\"b\":1}", "{broken},]"] {
            let taken = values(&format!("{torn}\n{{}}\n{{}}")).unwrap();
            let lines = [2, 3].map(|line| at(Place::Line(line), "{}"));
            assert_eq!(taken.0, lines, "{torn}");
            assert_eq!(taken.1, [Place::Line(1)], "{torn}");
        }
        let odd = values("{\"a\":1}\"b\":1}\n{}").err().unwrap();
        assert!(odd.is_layout, "{odd:?}");
        let odd = values("{\"a\":1},\n{\"b\":1}").err().unwrap();
        assert!(odd.is_layout, "{odd:?}");
        assert!(!values("{\"a\":1").err().unwrap().is_layout);
    }

    #[test]
    fn lists_may_stand_on_lines() {
        let taken =
            values("{\"Records\": [1, {broken}, 2]}\n{broken\n[3]\n{\"events\": [4]} 5\n{}")
                .unwrap();
        let of = |line, what, number| Place::Element(Holder::Line(line), what, number);
        let places: Vec<Place> = taken.0.iter().map(|(place, _)| *place).collect();
        let found = [
            of(1, "record", 1),
            of(1, "record", 3),
            of(3, "record", 1),
            of(4, "event", 1),
            Place::Line(5),
        ];
        assert_eq!(places, found);
        assert_eq!(
            taken.1,
            [of(1, "record", 2), Place::Line(2), Place::Line(4)]
        );
    }

    #[test]
    fn a_bad_element_hides_no_other() {
        let taken = values("{\"Records\": [1, {broken}, {broken [\"]}\"]}, 2]}").unwrap();
        let found: Vec<&str> = taken.0.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(found, ["1", "2"]);
        let bad = [2, 3].map(|number| Place::Element(Holder::Document(1), "record", number));
        assert_eq!(taken.1, bad);
    }

    #[test]
    fn what_is_cut_short_is_odd() {
        for text in [
            "{\"Records\": [{\"a\":1}",
            "{\"Records\": [{\"a\":1}, ]",
            "{\"Records\": [{\"a\":1} {}]}",
            "{\"a\":1",
            "[1",
            "{\"Records\": []",
            "{\"Records\": [] ]}",
            "{\"a\": \"x",
        ] {
            assert!(values(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_of_any_length_is_read_in_pieces() {
        let element = format!("{{\"text\":\"{}\"}}", "x".repeat(70_000));
        let text = format!(
            "{{\"Records\":[{}]}}",
            vec![element.as_str(); 300].join(",")
        );
        let all = found(&text);
        assert_eq!(all.len(), 300);
        assert!(all.iter().all(|(_, text)| *text == element));
    }
}
