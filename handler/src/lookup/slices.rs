//! The span of a look-up, cut so that what is newest comes first.

use chrono::{DateTime, TimeDelta, Utc};

/// The newest slice; what is left of less than that joins the slice before it.
const FIRST: TimeDelta = TimeDelta::minutes(30);
/// How many times as long each further slice is. Every slice costs a call at least: three reach over a day.
const GROWTH: i32 = 8;

/// A part of the log, from one time on until before another; the newest has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) from: DateTime<Utc>,
    pub(super) to: Option<DateTime<Utc>>,
}

/// The slices from `from` until now, newest first, without a gap.
pub(super) fn slices(from: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Slice> {
    let mut slices = Vec::new();
    let (mut to, mut end, mut length) = (None, now, FIRST);
    while slices.is_empty() || end > from {
        let mut start = end
            .checked_sub_signed(length)
            .map_or(from, |start| start.max(from));
        if start - from < FIRST {
            start = from;
        }
        slices.push(Slice { from: start, to });
        (to, end) = (Some(start), start);
        length = length * GROWTH;
    }
    slices
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::slices;

    fn now() -> DateTime<Utc> {
        "2026-03-01T00:00:00Z".parse().unwrap()
    }

    fn hours(span: TimeDelta) -> Vec<f64> {
        let slices = slices(now() - span, now());
        let first = slices.first().unwrap();
        assert_eq!(first.to, None, "the newest has no end");
        for pair in slices.windows(2) {
            assert_eq!(pair[1].to, Some(pair[0].from), "no gap and no overlap");
        }
        assert_eq!(slices.last().unwrap().from, now() - span);
        slices
            .iter()
            .map(|slice| (now() - slice.from).as_seconds_f64() / 3600.0)
            .collect()
    }

    #[test]
    fn rule_01_the_newest_half_hour_comes_first_and_nothing_is_left_out() {
        assert_eq!(hours(TimeDelta::hours(24)), [0.5, 4.5, 24.0]);
        assert_eq!(hours(TimeDelta::minutes(20)), [1.0 / 3.0]);
        assert_eq!(hours(TimeDelta::minutes(59)), [59.0 / 60.0]);
        assert_eq!(hours(TimeDelta::hours(2)), [0.5, 2.0]);
        assert_eq!(hours(TimeDelta::days(366)).len(), 6);
    }

    #[test]
    fn a_span_that_is_none_is_one_slice() {
        assert_eq!(slices(now(), now()).len(), 1);
        assert_eq!(slices(now() + TimeDelta::hours(1), now()).len(), 1);
    }
}
