//! The one clock: virtual time on top of the runtime's own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tokio::time::Instant;

/// Virtual time: a start, plus what the runtime's clock has run since, plus what was skipped.
///
/// On a tokio runtime whose clock is paused, time stands still while anything can run and jumps to
/// the next timer when nothing can: thirty days of waiting take microseconds. Make the clock inside
/// that runtime. Times are whole milliseconds, the grain of the runtime's timers.
#[derive(Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

struct Inner {
    start: DateTime<Utc>,
    origin: Instant,
    skipped: AtomicI64,
}

impl Clock {
    /// A clock that shows `start` now.
    #[must_use]
    pub fn new(start: DateTime<Utc>) -> Self {
        let inner = Inner {
            start: start.trunc_subsecs(3),
            origin: Instant::now(),
            skipped: AtomicI64::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let ran = i64::try_from(self.inner.origin.elapsed().as_millis()).unwrap_or(i64::MAX);
        let skipped = self.inner.skipped.load(Ordering::Relaxed);
        let passed = TimeDelta::milliseconds(ran.saturating_add(skipped));
        self.inner
            .start
            .checked_add_signed(passed)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Returns when the clock shows `at` or later.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        // The runtime caps very long sleeps, hence the loop.
        while let Ok(wait) = (at - self.now()).to_std() {
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Moves the clock to `at` without letting any timer fire; never backwards.
    ///
    /// Timers that already run keep their distance, so this is for a moment when nothing waits.
    pub fn skip_to(&self, at: DateTime<Utc>) {
        let ahead = (at - self.now()).num_milliseconds();
        if ahead > 0 {
            self.inner.skipped.fetch_add(ahead, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// The SDK signs and retries by this clock, too.
impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Clock::now(self).into()
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn thirty_days_pass_exactly_and_at_once() {
        let clock = Clock::new(at("2026-03-01T00:00:00Z"));
        clock.sleep_until(at("2026-03-31T00:00:00.001Z")).await;
        assert_eq!(clock.now(), at("2026-03-31T00:00:00.001Z"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_skip_moves_forward_only() {
        let clock = Clock::new(at("2026-03-01T00:00:00Z"));
        clock.skip_to(at("2027-03-01T00:00:00Z"));
        clock.skip_to(at("2026-03-01T00:00:00Z"));
        assert_eq!(clock.now(), at("2027-03-01T00:00:00Z"));
        clock.sleep_until(at("2027-03-01T00:00:05Z")).await;
        assert_eq!(clock.now(), at("2027-03-01T00:00:05Z"));
    }
}
