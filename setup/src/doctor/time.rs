//! Spans of time as people read them, and times of the SDK as ours.

use aws_smithy_types::DateTime as Theirs;
use chrono::{DateTime, TimeDelta, Utc};

/// A span in its largest whole unit: `3 days`, `5 h`, `12 min`, `40 s`.
pub(crate) fn span(span: TimeDelta) -> String {
    match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (days, ..) if days > 1 => format!("{days} days"),
        (_, hours, _) if hours > 1 => format!("{hours} h"),
        (.., minutes) if minutes > 1 => format!("{minutes} min"),
        _ => format!("{} s", span.num_seconds().max(0)),
    }
}

/// How long ago something was.
pub(super) fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ago", span(now - then))
}

pub(super) fn ours(time: &Theirs) -> DateTime<Utc> {
    DateTime::from_timestamp(time.secs(), 0).unwrap_or_default()
}

pub(super) fn theirs(time: DateTime<Utc>) -> Theirs {
    Theirs::from_secs(time.timestamp())
}

pub(crate) fn of_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        let table = [
            (TimeDelta::days(3), "3 days"),
            (TimeDelta::hours(25), "25 h"),
            (TimeDelta::minutes(61), "61 min"),
            (TimeDelta::seconds(61), "61 s"),
            (TimeDelta::seconds(-5), "0 s"),
        ];
        for (given, expected) in table {
            assert_eq!(super::span(given), expected);
        }
    }
}
