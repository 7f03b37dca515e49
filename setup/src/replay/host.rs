//! The real handler behind the pocket account's functions, called in process: what Lambda would run.

use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use handler::report::Report;
use handler::{Context, Deadline, Error, logged, places};
use local::{Account, Clock, FunctionError, Invocation, Keys, Output};
use serde_json::Value;
use tracing::instrument::WithSubscriber as _;

/// A report of the handler, and when it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// When the handler answered.
    pub at: DateTime<Utc>,
    /// What it reported.
    pub report: Report,
    /// Whether the invocation ended in an error all the same.
    pub failed: bool,
}

/// Everything that the hosted handler has reported so far. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Answers(Arc<Mutex<Vec<Answer>>>);

impl Answers {
    /// Takes what was reported since the last time.
    #[must_use]
    pub fn taken(&self) -> Vec<Answer> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, answer: Answer) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(answer);
    }
}

/// An instance of the function: the configuration and the keys with which it started, what it made of them, and its
/// clock.
struct Instance {
    config: String,
    keys: Keys,
    context: Context,
    /// By how many milliseconds its clock is ahead.
    skew: Arc<AtomicI64>,
}

/// The instances that are warm and do nothing. One that runs is not among them, so one that dies is gone for good.
#[derive(Clone, Default)]
struct Idle(Arc<Mutex<Vec<Instance>>>);

impl Idle {
    fn instances(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the real handler behind every function of the account, under the function's own role. An instance stays warm as
/// long as configuration and role are the same and it does not die; runs at the same time have one each, as on Lambda.
#[must_use]
pub fn host(account: &Account) -> Answers {
    let idle = Idle::default();
    let answers = Answers::default();
    let reported = answers.clone();
    // The account holds the program, so the program must not hold the account: it takes what it needs of it.
    let (sdk, clock) = (account.hosted_sdk_config(), account.clock().clone());
    account.host(Arc::new(move |invocation: Invocation| {
        let (sdk, clock) = (sdk.clone(), clock.clone());
        let (idle, answers) = (idle.clone(), answers.clone());
        Box::pin(async move {
            let instance = Box::pin(instance(&invocation, &idle, &sdk, &clock)).await?;
            let by = Deadline::at(invocation.deadline);
            let run = run(&invocation.event, &instance.context, by, &clock, &answers);
            let result = Box::pin(logging(&invocation.output, run)).await;
            idle.instances().push(instance);
            result
        })
    }));
    reported
}

/// A warm instance, or a new one.
async fn instance(
    invocation: &Invocation,
    idle: &Idle,
    sdk: &aws_types::SdkConfig,
    clock: &Clock,
) -> Result<Instance, FunctionError> {
    let config = invocation.env.get("ECROLL_CONFIG");
    let config = config.cloned().unwrap_or_default();
    let warm = {
        let mut idle = idle.instances();
        let keys = &invocation.keys;
        idle.retain(|warm| !invocation.cold && warm.config == config && warm.keys == *keys);
        idle.pop()
    };
    let ahead = invocation.skew.num_milliseconds();
    if let Some(warm) = warm {
        warm.skew.store(ahead, Ordering::Relaxed);
        return Ok(warm);
    }
    let read = Config::from_json_text(&config).map_err(|faults| failed(&Error::Config(faults)))?;
    let skew = Arc::new(AtomicI64::new(ahead));
    let (time, ahead) = (clock.clone(), Arc::clone(&skew));
    let now = move || time.now() + TimeDelta::milliseconds(ahead.load(Ordering::Relaxed));
    let keys = invocation.keys.clone();
    let sdk = keys.on(sdk);
    let ways = places(&read.targets, &sdk).await;
    Ok(Instance {
        context: Context::with_places(read, &sdk, Arc::new(now), ways),
        config,
        keys,
        skew,
    })
}

/// Lets a run write its log as the function does: JSON lines, here without the time, which is the log event's own.
async fn logging<T>(output: &Output, run: impl Future<Output = T>) -> T {
    if !output.is_kept() {
        return run.await;
    }
    let kept = output.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .without_time()
        .with_max_level(tracing::Level::INFO)
        .with_current_span(false)
        .with_target(false)
        .with_writer(move || Lines(kept.clone()))
        .finish();
    run.with_subscriber(subscriber).await
}

/// A function's output as a stream.
struct Lines(Output);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn run(
    event: &Value,
    context: &Context,
    by: Deadline,
    clock: &Clock,
    answers: &Answers,
) -> Result<Value, FunctionError> {
    let result = handler::handle_by(event, context, by).await;
    let report = match &result {
        Ok(report) => Some(report.clone()),
        Err(Error::Retryable { report, .. }) => report.as_deref().cloned(),
        Err(_) => None,
    };
    if let Some(report) = report {
        answers.add(Answer {
            at: clock.now(),
            report,
            failed: result.is_err(),
        });
    }
    let report = result.map_err(|error| {
        logged::failed(&error);
        failed(&error)
    })?;
    serde_json::to_value(report).map_err(|error| failed(&Error::Permanent(error.to_string())))
}

fn failed(error: &Error) -> FunctionError {
    FunctionError {
        error_type: error.kind().to_owned(),
        message: error.to_string(),
    }
}
