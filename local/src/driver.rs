//! The driver: it lets the account's own life go on while some work runs.

use std::pin::{Pin, pin};
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;

use crate::account::Account;
use crate::faults::Doom;
use crate::lambda::{FunctionError, Start};
use crate::state::Hosted;

/// A run of a function, with what started it.
type Run = Pin<Box<dyn Future<Output = (Start, Result<Value, FunctionError>)> + Send>>;

/// The runs under way.
pub(crate) type Running = FuturesUnordered<Run>;

/// Holds the runs during a drive and gives them back at its end, however it ends: a function that
/// still runs goes on in the next drive.
struct Borrowed<'a> {
    account: &'a Account,
    running: Running,
}

impl<'a> Borrowed<'a> {
    fn new(account: &'a Account) -> Self {
        let mut held = account
            .shared
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Self {
            account,
            running: std::mem::take(&mut *held),
        }
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let mut held = self
            .account
            .shared
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        held.extend(std::mem::take(&mut self.running));
    }
}

impl Account {
    /// Runs `work` and meanwhile everything that happens in the account by itself: deliveries,
    /// alarm evaluations, messages, invocations, schedules, deployments.
    ///
    /// Use a current-thread runtime with a paused clock. One drive at a time.
    pub async fn drive<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        let mut borrowed = Borrowed::new(self);
        loop {
            let next = self.turn(&borrowed.running);
            let timer = async {
                match next {
                    Some(next) => self.clock().sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            // The order is fixed, so that one seed gives one history.
            tokio::select! {
                biased;
                output = &mut work => return output,
                Some((start, result)) = borrowed.running.next() => {
                    let now = self.clock().now();
                    self.state().finish(start, result, now);
                }
                () = self.shared.wake.notified() => {}
                () = timer => {}
            }
        }
    }

    /// Drives until the clock shows `at`.
    pub async fn run_until(&self, at: DateTime<Utc>) {
        self.drive(self.clock().sleep_until(at)).await;
    }

    /// Drives until nothing but the recurring background is left, at most until `limit`; whether it
    /// came to that.
    pub async fn run_until_quiet(&self, limit: DateTime<Utc>) -> bool {
        let quiet = async {
            // The driver rings at every turn at which it finds the account quiet, and work runs
            // before the first turn is over: an old ring must not count.
            while self.clock().now() < limit {
                tokio::select! {
                    biased;
                    () = self.shared.quiet.notified() => {
                        if self.is_quiet() {
                            return true;
                        }
                    }
                    () = self.clock().sleep_until(limit) => {}
                }
            }
            self.is_quiet()
        };
        self.drive(quiet).await
    }

    /// Lets happen what is due, starts the runs that came of it, and tells when to come back.
    fn turn(&self, running: &Running) -> Option<DateTime<Utc>> {
        let now = self.clock().now();
        let mut state = self.state();
        state.run_due(now);
        for start in std::mem::take(&mut state.starts) {
            let program = state.program.clone();
            let timeout = self.clock().runtime(start.timeout);
            running.push(Box::pin(async move {
                let result = run(program, &start, timeout).await;
                (start, result)
            }));
        }
        if running.is_empty() && state.is_quiet() {
            self.shared.quiet.notify_one();
        }
        state.next_due()
    }
}

/// Runs a function until it answers, dies, or its timeout, in the runtime's time, ends it.
pub(crate) async fn run(
    program: Hosted,
    start: &Start,
    timeout: Duration,
) -> Result<Value, FunctionError> {
    let Some(program) = program.0 else {
        return Err(nothing_hosted());
    };
    let doom = Doom::default();
    let run = doom.over(program(start.invocation.clone()));
    tokio::select! {
        biased;
        () = doom.comes() => Err(died(start)),
        result = tokio::time::timeout(timeout, run) => match result {
            Ok(result) => result,
            Err(_) => Err(timed_out(start)),
        },
    }
}

/// The process is gone, and with it whatever it was doing.
fn died(start: &Start) -> FunctionError {
    let id = &start.invocation.request_id;
    FunctionError {
        error_type: "Runtime.ExitError".to_owned(),
        message: format!("RequestId: {id} Error: Runtime exited with error: signal: killed"),
    }
}

fn timed_out(start: &Start) -> FunctionError {
    let seconds = start.timeout.as_secs_f64();
    let id = &start.invocation.request_id;
    FunctionError {
        error_type: "Sandbox.Timedout".to_owned(),
        message: format!("RequestId: {id} Error: Task timed out after {seconds:.2} seconds"),
    }
}

fn nothing_hosted() -> FunctionError {
    FunctionError {
        error_type: "Runtime.InvalidEntrypoint".to_owned(),
        message: "no program is hosted in the pocket account: call Account::host first".to_owned(),
    }
}
