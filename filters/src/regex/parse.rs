//! From an expression's text to rows of character classes.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::error::Kind;
use crate::{Compat, Point, limits};

/// A set of characters. No expression can tell one character beyond ASCII from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) ascii: u128,
    pub(super) beyond: bool,
}

impl Class {
    const NONE: Self = Self {
        ascii: 0,
        beyond: false,
    };
    const ANY: Self = Self {
        ascii: u128::MAX,
        beyond: true,
    };

    fn of(accept: impl Fn(u8) -> bool) -> Self {
        let bits = (0..128).filter(|b| accept(*b)).map(|b| 1u128 << b);
        Self {
            ascii: bits.sum(),
            beyond: false,
        }
    }

    fn not(self) -> Self {
        Self {
            ascii: !self.ascii,
            beyond: !self.beyond,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            ascii: self.ascii | other.ascii,
            beyond: self.beyond | other.beyond,
        }
    }
}

/// How often a class stands in a row; without a maximum any number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) least: usize,
    pub(super) most: Option<usize>,
}

impl Times {
    const ONCE: Self = Self {
        least: 1,
        most: Some(1),
    };

    const PERHAPS: Self = Self {
        least: 0,
        most: Some(1),
    };

    /// These times repeated `again`; `None` where the result has gaps, such as 2, 4, 6.
    fn repeated(self, again: Self) -> Option<Self> {
        let nothing = self.most == Some(0) || again.most == Some(0);
        if self != Self::ONCE && self.least > 1 && !nothing && again != Self::ONCE {
            return None;
        }
        let most = match (self.most, again.most) {
            _ if nothing => Some(0),
            (Some(most), Some(again)) => Some(most.saturating_mul(again)),
            _ => None,
        };
        Some(Self {
            least: self.least.saturating_mul(again.least),
            most,
        })
    }
}

/// One member of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Class(Class, Times),
    /// `^`
    Start,
    /// `$`
    End,
}

type Chars<'a> = Peekable<CharIndices<'a>>;
type Fault = (usize, Kind);

/// What the `|` separate: one of the rows must be found.
pub(super) fn rows(body: &str, compat: Compat) -> Result<Vec<Vec<Part>>, Fault> {
    if body.is_empty() {
        return Err((0, Kind::EmptyRegex));
    }
    let newline = Class::of(|b| b == b'\n');
    let any = if compat.other(Point::DotNewline) {
        newline.not()
    } else {
        Class::ANY
    };
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let part = match c {
            '|' => {
                rows.push(std::mem::take(&mut row));
                continue;
            }
            '?' | '*' | '+' | '{' => {
                let why = "nothing stands before the repetition".into();
                return Err((at, Kind::RegexSyntax(why)));
            }
            '^' => Part::Start,
            '$' => Part::End,
            '.' => Part::Class(any, Times::ONCE),
            '[' => Part::Class(class(at, &mut chars)?, Times::ONCE),
            '\\' => Part::Class(escape(at, &mut chars)?.1, Times::ONCE),
            c if is_plain(c) => Part::Class(one(c), Times::ONCE),
            c => return Err((at, Kind::RegexCharacter(c))),
        };
        let part = repetitions(part, &mut chars)?;
        if part == Some(Part::End) && compat.other(Point::DotNewline) {
            row.push(Part::Class(newline, Times::PERHAPS));
        }
        row.extend(part);
    }
    rows.push(row);
    Ok(rows)
}

/// The part with all repetitions behind it; `None` when it may be left out and matters no more.
fn repetitions(part: Part, chars: &mut Chars<'_>) -> Result<Option<Part>, Fault> {
    let (class, mut times) = match part {
        Part::Class(class, times) => (Some(class), times),
        _ => (None, Times::ONCE),
    };
    while let Some((at, again)) = repetition(chars)? {
        let gaps = || {
            (
                at,
                Kind::RegexSyntax("a repetition of a counted repetition".into()),
            )
        };
        times = times.repeated(again).ok_or_else(gaps)?;
        // Whether as much or as little as possible is taken is the same to a search.
        chars.next_if(|(_, c)| *c == '?');
    }
    Ok(match class {
        Some(class) => Some(Part::Class(class, times)),
        None => (times.least > 0).then_some(part),
    })
}

fn repetition(chars: &mut Chars<'_>) -> Result<Option<(usize, Times)>, Fault> {
    let Some((at, c)) = chars.next_if(|(_, c)| "?*+{".contains(*c)) else {
        return Ok(None);
    };
    let times = match c {
        '?' => Times::PERHAPS,
        '*' => Times {
            least: 0,
            most: None,
        },
        '+' => Times {
            least: 1,
            most: None,
        },
        _ => count(at, chars)?,
    };
    Ok(Some((at, times)))
}

/// `m}`, `m,}`, `,n}` or `m,n}`.
fn count(at: usize, chars: &mut Chars<'_>) -> Result<Times, Fault> {
    let fault = |why: &str| Err((at, Kind::RegexSyntax(why.into())));
    let least = number(chars);
    let comma = chars.next_if(|(_, c)| *c == ',').is_some();
    let most = if comma { number(chars) } else { least };
    if chars.next_if(|(_, c)| *c == '}').is_none() || least.is_none() && most.is_none() {
        return fault("a count is written {2}, {2,}, {,2} or {1,2}");
    }
    let least = least.unwrap_or(0);
    if most.is_some_and(|most| most < least) {
        return fault("the least number of times is above the most");
    }
    if least.max(most.unwrap_or(0)) > limits::REGEX_CHARACTERS {
        return Err((at, Kind::LargeRegex));
    }
    Ok(Times { least, most })
}

fn number(chars: &mut Chars<'_>) -> Option<usize> {
    let mut number = None;
    while let Some((_, digit)) = chars.next_if(|(_, c)| c.is_ascii_digit()) {
        let digit = digit.to_digit(10).unwrap_or(0) as usize;
        let so_far: usize = number.unwrap_or(0);
        number = Some(so_far.saturating_mul(10).saturating_add(digit));
    }
    number
}

/// What follows an opening bracket, which stands at `open`.
fn class(open: usize, chars: &mut Chars<'_>) -> Result<Class, Fault> {
    let negated = chars.next_if(|(_, c)| *c == '^').is_some();
    let mut class = Class::NONE;
    let mut first = true;
    loop {
        let Some((at, c)) = chars.next() else {
            return Err((open, Kind::RegexSyntax("the `[` is not closed".into())));
        };
        // `]` right after the opening, or after `^`, is an ordinary member.
        if c == ']' && !first {
            return Ok(if negated { class.not() } else { class });
        }
        first = false;
        let (low, member) = member(at, c, chars)?;
        let mut ahead = chars.clone();
        let dash = ahead.next().is_some_and(|(_, c)| c == '-');
        let range = dash && ahead.peek().is_some_and(|(_, c)| *c != ']');
        let Some(low) = low.filter(|_| range) else {
            class = class.or(member);
            continue;
        };
        chars.next();
        let Some((at_high, c)) = chars.next() else {
            continue;
        };
        let (high, _) = self::member(at_high, c, chars)?;
        match high {
            Some(high) if low <= high => {
                class = class.or(Class::of(|b| (low..=high).contains(&b)));
            }
            _ => return Err((at, Kind::RegexSyntax("a range runs backwards".into()))),
        }
    }
}

/// One member of a class; the character too, unless it is a class of its own.
fn member(at: usize, c: char, chars: &mut Chars<'_>) -> Result<(Option<u8>, Class), Fault> {
    match c {
        '\\' => escape(at, chars),
        c if is_plain(c) || is_operator(c) => Ok((u8::try_from(c).ok(), one(c))),
        c => Err((at, Kind::RegexCharacter(c))),
    }
}

/// What follows a backslash, which stands at `at`.
fn escape(at: usize, chars: &mut Chars<'_>) -> Result<(Option<u8>, Class), Fault> {
    let Some((_, escaped)) = chars.next() else {
        return Err((at, Kind::RegexEscape('\\')));
    };
    let digit = Class::of(|b| b.is_ascii_digit());
    let word = Class::of(|b| b.is_ascii_alphanumeric() || b == b'_');
    let blank = Class::of(|b| matches!(b, b' ' | b'\t' | b'\n'));
    let class = match escaped {
        'd' => digit,
        'D' => digit.not(),
        'w' => word,
        'W' => word.not(),
        's' => blank,
        'S' => blank.not(),
        'x' => {
            let mut digit = || chars.next().and_then(|(_, c)| c.to_digit(16));
            let code = digit().zip(digit()).map(|(high, low)| high << 4 | low);
            return match code.and_then(|code| u8::try_from(code).ok()) {
                Some(byte @ 0..128) => Ok((Some(byte), one(char::from(byte)))),
                _ => Err((at, Kind::RegexEscape('x'))),
            };
        }
        c if (is_plain(c) && !c.is_ascii_alphanumeric() && c != ' ') || is_operator(c) => {
            return Ok((u8::try_from(c).ok(), one(c)));
        }
        c => return Err((at, Kind::RegexEscape(c))),
    };
    Ok((None, class))
}

fn one(c: char) -> Class {
    Class::of(|b| char::from(b) == c)
}

/// What stands for itself; a bracket or brace that closes nothing does too.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || " :_#=@/;,-]}".contains(c)
}

fn is_operator(c: char) -> bool {
    "^$?[]{}|\\*+.".contains(c)
}
