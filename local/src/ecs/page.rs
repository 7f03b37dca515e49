//! Pages: `maxResults`, `nextToken`, and lists that may change between two pages.

use serde_json::{Map, Value};

use crate::service::Fault;

use super::request::{Input, invalid};

/// One page of a list, as the output members name it.
///
/// The token carries the last item handed out and its place, so that an item that vanishes between
/// two pages makes no other item repeat.
pub(super) fn page<'a>(
    items: impl Iterator<Item = &'a str>,
    input: Input<'_>,
    member: &str,
    usual: usize,
    most: usize,
) -> Result<Value, Fault> {
    let size = match input.count("maxResults")? {
        None => usual,
        Some(asked) => match usize::try_from(asked) {
            Ok(asked) if (1..=most).contains(&asked) => asked,
            _ => return Err(invalid(format!("maxResults must be between 1 and {most}."))),
        },
    };
    let all: Vec<&str> = items.collect();
    let start = match input.text("nextToken")?.filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let (place, last) = read_token(token).ok_or_else(|| invalid("Invalid token."))?;
            all.iter()
                .position(|item| *item == last)
                .map_or(place, |found| found + 1)
        }
    };
    let rest = all.get(start..).unwrap_or_default();
    let shown = rest.get(..size).unwrap_or(rest);
    let mut output = Map::new();
    output.insert(member.to_owned(), Value::from(shown));
    if let (true, Some(last)) = (rest.len() > size, shown.last()) {
        output.insert(
            "nextToken".to_owned(),
            Value::from(write_token(start + size, last)),
        );
    }
    Ok(Value::Object(output))
}

fn write_token(place: usize, last: &str) -> String {
    let mut token = format!("{place}-");
    for byte in last.bytes() {
        for half in [byte >> 4, byte & 15] {
            token.extend(char::from_digit(u32::from(half), 16));
        }
    }
    token
}

fn read_token(token: &str) -> Option<(usize, String)> {
    let (place, hex) = token.split_once('-')?;
    let halves: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|half| half.try_into().ok()))
        .collect();
    let bytes = halves?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()?;
    Some((place.parse().ok()?, String::from_utf8(bytes).ok()?))
}
