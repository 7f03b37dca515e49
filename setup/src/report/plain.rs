//! Words from outside, made fit for a page: names may hold anything. Escaping is the template's work. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a name is in a heading or beside a mark; the record behind it has all of it.
pub(super) const NAME: usize = 72;
/// How long a text is in a record.
pub(super) const TEXT: usize = 2_000;

/// What takes the place of characters that change how others are shown.
const UNSEEN: char = '\u{fffd}';

/// The text without control characters and without those that turn the direction of what follows, at most so many characters
/// long.
pub(super) fn plain(text: &str, most: usize) -> String {
    let mut letters = text.chars().map(|letter| match letter {
        '\n' | '\t' => ' ',
        '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fffe}'
        | '\u{ffff}' => UNSEEN,
        letter if letter.is_control() => UNSEEN,
        letter => letter,
    });
    let mut short: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        short.pop();
        short.push('…');
    }
    short
}

/// A name where there is little room.
pub(super) fn name(text: &str) -> String {
    plain(text, NAME)
}

/// `2026-03-02 09:05:12`.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A span in its two largest units: `95 s`, `5 min 32 s`, `3 h 12 min`, `4 days 2 h`.
pub(super) fn spell(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600, seconds / 60);
    let two = |large: String, rest: i64, unit: &str| match rest {
        0 => large,
        rest => format!("{large} {rest} {unit}"),
    };
    if days >= 2 {
        two(format!("{days} days"), hours % 24, "h")
    } else if hours >= 1 {
        two(format!("{hours} h"), minutes % 60, "min")
    } else if seconds >= 120 {
        two(format!("{minutes} min"), seconds % 60, "s")
    } else {
        format!("{seconds} s")
    }
}

/// `1 push`, `2 pushes`: the number with its word, and thousands apart.
pub(super) fn count(many: usize, one: &str, more: &str) -> String {
    format!("{} {}", number(many), if many == 1 { one } else { more })
}

/// `12,345`.
pub(super) fn number(many: usize) -> String {
    let digits = many.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{number, plain, spell};

    #[test]
    fn what_would_change_the_rest_of_the_page_is_made_visible() {
        assert_eq!(
            plain("a\u{202e}b\u{0}c\u{1b}[1m\nd", 99),
            "a\u{fffd}b\u{fffd}c\u{fffd}[1m d"
        );
        assert_eq!(plain("אבג", 99), "אבג");
        assert_eq!(plain("abcdef", 6), "abcdef");
        assert_eq!(plain("abcdefg", 6), "abcde…");
    }

    #[test]
    fn spans_have_two_units_and_numbers_their_commas() {
        let told = [
            5, 119, 120, 332, 3_600, 11_520, 90_000, 180_000, 352_800, -3,
        ];
        let told = told.map(|seconds| spell(TimeDelta::seconds(seconds)));
        let expected = [
            "5 s",
            "119 s",
            "2 min",
            "5 min 32 s",
            "1 h",
            "3 h 12 min",
            "25 h",
            "2 days 2 h",
            "4 days 2 h",
            "0 s",
        ];
        assert_eq!(told, expected);
        assert_eq!(
            [1, 999, 1_000, 1_234_567].map(number),
            ["1", "999", "1,000", "1,234,567"]
        );
    }
}
