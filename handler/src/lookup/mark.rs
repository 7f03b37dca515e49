//! How far a warm function has handled the log: a hint that spares reading everything again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::push::Found;

/// A look-up starts so long before the mark: ingestion spreads over the streams of a trail.
const OVERLAP: TimeDelta = TimeDelta::minutes(30);
/// Every so many look-ups everything is read, whatever the mark says.
const FULL: u32 = 12;
/// Log events whose time differs from their ingestion by more do not carry the time of delivery, and a late one would lie
/// before any mark. AWS promises neither, so it is measured.
const DELIVERY: TimeDelta = TimeDelta::minutes(1);

/// The mark, and when it was last done without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The newest time of a log event that was handled, with everything before it.
    at: Option<DateTime<Utc>>,
    /// Look-ups since everything was read.
    since_full: u32,
    /// From here on something is left to be decided.
    left: Option<DateTime<Utc>>,
}

impl Mark {
    /// Where a look-up begins that would read from `earliest` without the mark: before that only for the sake of what an earlier
    /// one left.
    pub(crate) fn start(self, earliest: DateTime<Utc>) -> DateTime<Utc> {
        let usual = match self.at.filter(|_| self.since_full + 1 < FULL) {
            Some(at) => (at - OVERLAP).max(earliest),
            None => earliest,
        };
        self.left.map_or(usual, |left| left.min(usual))
    }

    /// After a look-up that handled all of this. `full`: it did without the mark.
    pub(crate) fn handled(self, found: &[Found], full: bool) -> Self {
        let delivered = |found: &Found| {
            TimeDelta::milliseconds(found.ingestion.saturating_sub(found.timestamp)) <= DELIVERY
        };
        let newest = found.iter().map(|found| found.timestamp).max();
        let newest = newest.and_then(DateTime::from_timestamp_millis);
        Self {
            at: self.at.max(newest).filter(|_| found.iter().all(delivered)),
            since_full: if full { 0 } else { self.since_full + 1 },
            left: None,
        }
    }

    /// For the sake of what was left nothing is read that is older than this.
    pub(crate) fn not_before(self, earliest: DateTime<Utc>) -> Self {
        Self {
            left: self.left.map(|left| left.max(earliest)),
            ..self
        }
    }

    /// After a look-up that left something to the next one: that reads the same again, and from the time on of the oldest push that
    /// was `left`. What was left before stays so where not all was read: `partly`.
    pub(crate) fn unfinished(self, left: Option<DateTime<Utc>>, partly: bool, full: bool) -> Self {
        let before = self.left.filter(|_| partly);
        Self {
            at: self.at,
            // A reading of everything that failed is still to be done.
            since_full: if full && !partly {
                0
            } else {
                self.since_full + 1
            },
            left: left.into_iter().chain(before).min(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{FULL, Mark};
    use crate::image::Repository;
    use crate::manifest::Kind;
    use crate::push::Found;
    use crate::record::Record;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_352_000, 0).unwrap() + TimeDelta::minutes(minute)
    }

    fn found(minute: i64, ingested: i64) -> Found {
        let record = Record {
            repository: Repository {
                account: "111122223333".to_owned(),
                region: "eu-west-1".to_owned(),
                name: "web".to_owned(),
            },
            tag: "v1".to_owned(),
            digest: "sha256:aa".to_owned(),
            time: at(minute),
            id: "e".to_owned(),
            kind: Kind::Image,
        };
        Found {
            record,
            timestamp: at(minute).timestamp_millis(),
            ingestion: at(ingested).timestamp_millis(),
        }
    }

    #[test]
    fn a_warm_look_up_starts_half_an_hour_before_what_was_handled() {
        let mark = Mark::default();
        assert_eq!(mark.start(at(-1440)), at(-1440), "cold");
        let mark = mark.handled(&[found(5, 5), found(0, 0)], true);
        assert_eq!(mark.start(at(-1440)), at(-25));
        assert_eq!(mark.start(at(0)), at(0), "never before the span");
        let mark = mark.handled(&[found(-10, -10)], false);
        assert_eq!(mark.start(at(-1440)), at(-25), "and never goes back");
        assert_eq!(
            mark.unfinished(Some(at(-20)), false, false)
                .start(at(-1440)),
            at(-25)
        );
    }

    #[test]
    fn rule_01_what_was_left_undone_is_read_again_however_long_ago_it_was() {
        let mark = Mark::default().handled(&[found(0, 0)], true);
        let left = mark.unfinished(Some(at(-3000)), false, false);
        assert_eq!(left.start(at(-1440)), at(-3000), "beyond the span as well");
        let partly = left.unfinished(None, true, false);
        assert_eq!(partly.start(at(-1440)), at(-3000), "not read to the end");
        let late = partly.not_before(at(-2000));
        assert_eq!(late.start(at(-1440)), at(-2000), "not for ever");
        let done = left.handled(&[found(5, 5)], false);
        assert_eq!(done.start(at(-1440)), at(-25));
    }

    #[test]
    fn rule_01_every_twelfth_look_up_reads_everything() {
        let mut mark = Mark::default();
        let mut full = 0;
        for _ in 0..36 {
            let everything = mark.start(at(-1440)) == at(-1440);
            full += u32::from(everything);
            mark = mark.handled(&[found(0, 0)], everything);
        }
        assert_eq!(full, 3);
    }

    #[test]
    fn rule_01_a_reading_of_everything_that_failed_is_done_again() {
        let mut mark = Mark::default().handled(&[found(0, 0)], true);
        for _ in 1..FULL {
            mark = mark.handled(&[found(0, 0)], false);
        }
        assert_eq!(mark.start(at(-1440)), at(-1440));
        let failed = mark.unfinished(None, true, true);
        assert_eq!(failed.start(at(-1440)), at(-1440));
        let done = failed.unfinished(None, false, true);
        assert_eq!(done.start(at(-1440)), at(-30));
    }

    #[test]
    fn rule_01_there_is_no_mark_where_log_events_carry_the_time_of_the_call() {
        let mark = Mark::default().handled(&[found(0, 5)], true);
        assert_eq!(mark.start(at(-1440)), at(-1440));
    }
}
