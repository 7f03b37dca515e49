//! The program's clock: the time at which it started, and what the runtime's clock has run since.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use handler::Now;
use tokio::time::Instant;

/// A clock that shows `now` now and goes on from there, with the runtime's own clock: virtual where that is.
///
/// The handler's code waits for its turn by the clock that it is given. One that stood still would let it wait for ever.
pub(crate) fn from(now: DateTime<Utc>) -> Now {
    let began = Instant::now();
    Arc::new(move || {
        let ran = TimeDelta::from_std(began.elapsed()).unwrap_or(TimeDelta::MAX);
        now.checked_add_signed(ran).unwrap_or(now)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::from;

    #[tokio::test(start_paused = true)]
    async fn it_runs_with_the_runtime() {
        let start = "2026-03-01T00:00:00Z".parse().unwrap();
        let clock = from(start);
        assert_eq!(clock(), start);
        tokio::time::sleep(Duration::from_mins(2)).await;
        assert_eq!((clock() - start).num_seconds(), 120);
    }
}
