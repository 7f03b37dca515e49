//! Numbers as patterns and events write them.
//!
//! An optional sign, an integer or a decimal, an optional exponent
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>).

use std::cmp::Ordering;

use crate::{Compat, Point};

/// A number that keeps its text: canonical printing and exact comparison need it.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    text: String,
    float: f64,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Number {
    /// `None` when the text is no number.
    pub(crate) fn new(text: &str) -> Option<Self> {
        is_number(text).then(|| Self {
            text: text.to_owned(),
            float: float(text),
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How the number `text` compares to this one; `None` when `text` is no number.
    pub(crate) fn order(&self, text: &str, compat: Compat) -> Option<Ordering> {
        if !is_number(text) {
            return None;
        }
        if !compat.other(Point::LargeIntegers)
            && let (Some(left), Some(right)) = (Integer::new(text), Integer::new(&self.text))
        {
            return Some(left.order(right));
        }
        float(text).partial_cmp(&self.float)
    }
}

/// The syntax has been checked, so this does not fail; too large a number is infinite.
fn float(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// Sign, digits, fraction, exponent. Leading zeros and a plus are allowed, unlike in JSON.
pub(crate) fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// An integer of any size, by its digits: 2^53 and its neighbours are told apart.
#[derive(Clone, Copy)]
struct Integer<'a> {
    negative: bool,
    digits: &'a str,
}

impl<'a> Integer<'a> {
    fn new(text: &'a str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        digits(rest).then(|| {
            let digits = rest.trim_start_matches('0');
            Self {
                negative: negative && !digits.is_empty(),
                digits,
            }
        })
    }

    fn order(self, other: Self) -> Ordering {
        let size = || {
            let length = self.digits.len().cmp(&other.digits.len());
            length.then_with(|| self.digits.cmp(other.digits))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(),
            (true, true) => size().reverse(),
        }
    }
}
