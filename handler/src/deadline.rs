//! When an invocation ends: nothing is begun that would not be done by then.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// The moment at which Lambda stops an invocation, whatever it is doing then; or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deadline(Option<DateTime<Utc>>);

impl Deadline {
    /// There is time for everything.
    pub const NONE: Self = Self(None);

    /// The invocation ends at this time.
    #[must_use]
    pub const fn at(time: DateTime<Utc>) -> Self {
        Self(Some(time))
    }

    /// As Lambda tells it, in milliseconds since 1970; a number beyond all time is none.
    ///
    /// Source: the header `Lambda-Runtime-Deadline-Ms`,
    /// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
    #[must_use]
    pub fn from_millis(millis: u64) -> Self {
        Self(
            i64::try_from(millis)
                .ok()
                .and_then(DateTime::from_timestamp_millis),
        )
    }

    /// A deadline that leaves so much time after it.
    #[must_use]
    pub fn earlier(self, by: TimeDelta) -> Self {
        Self(self.0.map(|at| at.checked_sub_signed(by).unwrap_or(at)))
    }

    /// The moment at which half of the time that is left now will be over.
    #[must_use]
    pub fn half(self, now: DateTime<Utc>) -> Self {
        Self(self.0.map(|at| now + (at - now) / 2))
    }

    /// Whether what is done at this time is done in time.
    #[must_use]
    pub fn allows(self, done: DateTime<Utc>) -> bool {
        self.0.is_none_or(|at| done <= at)
    }

    /// What is said of a thing that was not begun.
    #[must_use]
    pub fn too_late(self) -> String {
        let at = self.0.map_or_else(
            || "too soon".to_owned(),
            |at| format!("at {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        );
        format!("left to the next look-up: the invocation ends {at}")
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::Deadline;

    #[test]
    fn a_deadline_allows_what_ends_by_then() {
        let at = DateTime::from_timestamp_millis(1_767_225_600_000).unwrap();
        let deadline = Deadline::from_millis(1_767_225_600_000);
        assert_eq!(deadline, Deadline::at(at));
        let second = TimeDelta::seconds(1);
        assert!(deadline.allows(at) && !deadline.allows(at + second));
        assert!(!deadline.earlier(second).allows(at));
        assert!(
            deadline
                .too_late()
                .ends_with("ends at 2026-01-01T00:00:00Z")
        );
        let half = deadline.half(at - second * 4);
        assert!(half.allows(at - second * 2) && !half.allows(at - second));
        assert!(Deadline::NONE.earlier(second).half(at).allows(at));
        assert_eq!(Deadline::from_millis(u64::MAX), Deadline::NONE);
    }
}
