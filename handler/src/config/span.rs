//! Spans of time as people write them.

use std::time::Duration;

/// Reads `90s`, `5m`, `24h` or `7d`; `None` for anything else and for more than can be counted.
#[must_use]
pub fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_is_a_number_with_its_unit() {
        let table = [
            ("90s", 90),
            ("5m", 300),
            ("2h", 7200),
            ("7d", 604_800),
            ("0s", 0),
        ];
        for (text, seconds) in table {
            assert_eq!(
                span(text).map(|span| span.as_secs()),
                Some(seconds),
                "{text}"
            );
        }
        for wrong in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "5w",
            "1.5h",
            "99999999999999999999d",
            "18446744073709551615d",
            "5ü",
        ] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
