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
///
/// On a runtime whose clock runs, it runs with it, or a whole number of times as fast: [`Clock::fast`].
#[derive(Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

struct Inner {
    start: DateTime<Utc>,
    origin: Instant,
    skipped: AtomicI64,
    /// How many milliseconds pass here in one of the runtime's; at least 1.
    speed: u32,
}

impl Clock {
    /// A clock that shows `start` now.
    #[must_use]
    pub fn new(start: DateTime<Utc>) -> Self {
        Self::fast(start, 1)
    }

    /// A clock that shows `start` now and runs `speed` times as fast as the runtime's; 0 counts as 1.
    #[must_use]
    pub fn fast(start: DateTime<Utc>, speed: u32) -> Self {
        let inner = Inner {
            start: start.trunc_subsecs(3),
            origin: Instant::now(),
            skipped: AtomicI64::new(0),
            speed: speed.max(1),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let skipped = self.inner.skipped.load(Ordering::Relaxed);
        let ran = self.ran().saturating_mul(i64::from(self.inner.speed));
        self.after(ran.saturating_add(skipped))
    }

    /// The time outside: the start and what the runtime's clock has run, neither fast nor skipped. Who calls from
    /// outside signs by it.
    pub(crate) fn outside(&self) -> DateTime<Utc> {
        self.after(self.ran())
    }

    /// How long the runtime takes for so much of this clock's time.
    pub(crate) fn runtime(&self, span: Duration) -> Duration {
        span / self.inner.speed
    }

    fn ran(&self) -> i64 {
        i64::try_from(self.inner.origin.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn after(&self, milliseconds: i64) -> DateTime<Utc> {
        self.inner
            .start
            .checked_add_signed(TimeDelta::milliseconds(milliseconds))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Returns when the clock shows `at` or later.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        // The runtime caps very long sleeps, hence the loop.
        while let Ok(wait) = (at - self.now()).to_std() {
            if wait.is_zero() {
                return;
            }
            // Never less than the grain of the timers, or a fast clock would spin.
            let wait = self.runtime(wait).max(Duration::from_millis(1));
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
        Sleep::new(tokio::time::sleep(self.runtime(duration)))
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
    async fn a_fast_clock_sleeps_less_and_knows_the_time_outside() {
        let start = at("2026-03-01T00:00:00Z");
        let clock = Clock::fast(start, 60);
        let began = Instant::now();
        clock.sleep_until(at("2026-03-01T01:00:00Z")).await;
        assert_eq!(began.elapsed(), Duration::from_mins(1));
        assert_eq!(clock.now(), at("2026-03-01T01:00:00Z"));
        assert_eq!(clock.outside(), at("2026-03-01T00:01:00Z"));
        AsyncSleep::sleep(&clock, Duration::from_hours(1)).await;
        assert_eq!(clock.now(), at("2026-03-01T02:00:00Z"));
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
