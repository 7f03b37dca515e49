//! The accounts and Regions that are looked after, and the way in which every call to ECS there is made.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Semaphore;

use crate::context::Now;
use crate::deadline::Deadline;
use crate::error::AwsError;
use crate::pace::{Announced, Pace};
use crate::way::Way;

/// How often a call is tried while its error is one that passes.
const TRIES: u32 = 5;

/// How many connections to one Region's ECS there are at most. More calls a second than the buckets refill, even where
/// a call takes a second; each costs a handshake on a small function.
const CONNECTIONS: usize = 20;

/// How much longer than the slowest recent call another one is expected to take at worst, where time must be left for it.
const SLACK: TimeDelta = TimeDelta::milliseconds(250);

/// An account and a Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Twelve digits.
    pub account: String,
    /// For example `eu-west-1`.
    pub region: String,
}

impl Place {
    /// The place that an ARN names; `None` for text that is no ARN, or names no account or Region.
    #[must_use]
    pub fn of(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':');
        let head = parts.next() == Some("arn");
        let region = parts.nth(2).filter(|region| !region.is_empty())?.to_owned();
        let account = parts.next().filter(|account| !account.is_empty())?;
        head.then(|| Self {
            account: account.to_owned(),
            region,
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", self.account, self.region)
    }
}

/// One account and Region whose services follow. The function's own does not know its account before it has seen an ARN.
pub(crate) struct Site {
    pub(crate) place: Option<Place>,
    ecs: aws_sdk_ecs::Client,
    /// Made when they are asked for: most functions never do.
    events: OnceLock<Way>,
    scheduler: OnceLock<Way>,
    sdk: SdkConfig,
    pace: Pace,
    connections: Semaphore,
}

impl Site {
    pub(crate) fn new(place: Option<Place>, sdk: &SdkConfig, now: DateTime<Utc>) -> Self {
        // Retries are made here and nowhere else: each takes its turn, and the SDK would also repeat
        // LimitExceededException, which does not pass.
        let config = aws_sdk_ecs::config::Builder::from(sdk)
            .retry_config(RetryConfig::disabled())
            .build();
        let seed = now.timestamp_nanos_opt().unwrap_or_default();
        Self {
            place,
            ecs: aws_sdk_ecs::Client::from_conf(config),
            events: OnceLock::new(),
            scheduler: OnceLock::new(),
            sdk: sdk.clone(),
            pace: Pace::new(seed.unsigned_abs()),
            connections: Semaphore::new(CONNECTIONS),
        }
    }
}

impl Site {
    /// EventBridge there.
    pub(crate) fn events(&self) -> &Way {
        self.events.get_or_init(|| Way::to_events(&self.sdk))
    }

    /// EventBridge Scheduler there.
    pub(crate) fn scheduler(&self) -> &Way {
        self.scheduler.get_or_init(|| Way::to_scheduler(&self.sdk))
    }
}

/// Access to one place during one invocation.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) site: &'a Site,
    pub(crate) now: &'a Now,
    pub(crate) until: Deadline,
    /// For how many further calls time is to be left after one.
    pub(crate) calls: i32,
}

impl<'a> Access<'a> {
    pub(crate) fn ecs(&self) -> &'a aws_sdk_ecs::Client {
        &self.site.ecs
    }

    /// The same, but time for so many further calls is left after each call.
    pub(crate) fn leaving(self, calls: i32) -> Self {
        Self { calls, ..self }
    }

    /// How long a call and what is to come after it may take.
    fn needed(&self) -> TimeDelta {
        let slowest = self.site.pace.slowest();
        if self.calls == 0 {
            slowest
        } else {
            slowest + (slowest + SLACK) * self.calls + SLACK
        }
    }

    /// Announces calls that will need tokens. `None` when the last of them, or what happens at `earliest`, and what is to
    /// come after would not be done by the deadline.
    pub(crate) fn announce(
        &self,
        operations: &[&'static str],
        earliest: Option<DateTime<Utc>>,
    ) -> Option<Vec<Announced<'a>>> {
        let (now, after) = ((self.now)(), self.needed());
        if earliest.is_some_and(|earliest| !self.until.allows(earliest + after)) {
            return None;
        }
        let pace = &self.site.pace;
        pace.announce(operations, now, after, self.until)
    }

    /// Makes a call when its turn comes, and again while its error passes, each time after a longer wait.
    ///
    /// # Errors
    /// What AWS answered last; or that there is no time left.
    pub(crate) async fn call<T, E, F>(
        &self,
        operation: &'static str,
        attempt: impl Fn() -> F,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.attempts(operation, attempt, |error| error.retryable)
            .await
    }

    /// The same for a call that does something anew each time: it is made again only where ECS refused to take it.
    ///
    /// # Errors
    /// As [`Access::call`].
    pub(crate) async fn call_once<T, E, F>(
        &self,
        operation: &'static str,
        attempt: impl Fn() -> F,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.attempts(operation, attempt, |error| error.throttled)
            .await
    }

    async fn attempts<T, E, F>(
        &self,
        operation: &'static str,
        attempt: impl Fn() -> F,
        again: impl Fn(&AwsError) -> bool,
    ) -> Result<T, AwsError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let mut tries = 0;
        loop {
            let (now, after) = ((self.now)(), self.needed());
            let at = self.site.pace.take(operation, now, after, self.until);
            let at = at.ok_or_else(|| self.too_late(operation))?;
            self.sleep_until(at).await;
            let answer = {
                // Only a closed semaphore refuses, and nobody closes this one.
                let _connection = self.site.connections.acquire().await;
                let begun = (self.now)();
                if !self.until.allows(begun + self.needed()) {
                    return Err(self.too_late(operation));
                }
                let answer = attempt().await;
                self.site.pace.took((self.now)() - begun);
                answer
            };
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => AwsError::new(operation, &error),
            };
            tries += 1;
            if !again(&error) || tries >= TRIES {
                return Err(error);
            }
            if error.throttled {
                self.site.pace.empty(operation, (self.now)());
            }
            let wait = self.site.pace.wait(tries - 1);
            let after = (self.now)() + TimeDelta::from_std(wait).unwrap_or_default();
            if !self.until.allows(after + self.needed()) {
                return Err(error);
            }
            tracing::info!(%error, tries, "tried again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits before something is tried once more, each time longer; `false` where there is no time left for it, or it was
    /// tried often enough.
    pub(crate) async fn pause(&self, tries: u32) -> bool {
        let wait = self.site.pace.wait(tries.saturating_sub(1));
        let after = (self.now)() + TimeDelta::from_std(wait).unwrap_or_default();
        if tries >= TRIES || !self.until.allows(after + self.needed()) {
            return false;
        }
        tokio::time::sleep(wait).await;
        true
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        while let Ok(wait) = (at - (self.now)()).to_std() {
            if wait.is_zero() {
                return;
            }
            // The runtime's timers count milliseconds.
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }

    fn too_late(&self, call: &'static str) -> AwsError {
        AwsError {
            call,
            message: self.until.too_late(),
            retryable: true,
            throttled: false,
            timed_out: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn an_arn_tells_its_place() {
        let arn = "arn:aws-cn:ecs:cn-north-1:111122223333:service/default/web";
        let place = Place::of(arn).unwrap();
        assert_eq!(place.to_string(), "111122223333 in cn-north-1");
        for other in [
            "",
            "web",
            "arn:aws:iam::111122223333:role/x",
            "arn:aws:s3:::b",
            "a:b:c:d:e",
        ] {
            assert_eq!(Place::of(other), None, "{other}");
        }
    }
}
