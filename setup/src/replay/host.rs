//! The real handler behind the pocket account's functions, called in process: what Lambda would run.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use handler::config::Config;
use handler::report::Report;
use handler::{Context, Deadline, Error};
use local::{Account, Clock, FunctionError, Invocation};
use serde_json::Value;

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

/// A function that is warm: the configuration with which it started, and what it made of it.
type Warm = Arc<Mutex<Option<(String, Arc<Context>)>>>;

/// Puts the real handler behind every function of the account. It stays warm as long as its configuration is the same.
#[must_use]
pub fn host(account: &Account) -> Answers {
    let warm: Warm = Arc::default();
    let answers = Answers::default();
    let reported = answers.clone();
    // The account holds the program, so the program must not hold the account: it takes what it needs of it.
    let (sdk, clock) = (account.sdk_config(), account.clock().clone());
    account.host(Arc::new(move |invocation: Invocation| {
        let (sdk, clock) = (sdk.clone(), clock.clone());
        let (warm, answers) = (Arc::clone(&warm), answers.clone());
        Box::pin(async move {
            let config = invocation
                .env
                .get("ECROLL_CONFIG")
                .cloned()
                .unwrap_or_default();
            let context = context(config, &warm, &sdk, &clock)?;
            let by = Deadline::at(invocation.deadline);
            run(&invocation.event, &context, by, &clock, &answers).await
        })
    }));
    reported
}

fn context(
    text: String,
    warm: &Warm,
    sdk: &aws_types::SdkConfig,
    clock: &Clock,
) -> Result<Arc<Context>, FunctionError> {
    let mut warm = warm.lock().unwrap_or_else(PoisonError::into_inner);
    match &*warm {
        Some((config, context)) if *config == text => Ok(Arc::clone(context)),
        _ => {
            let config =
                Config::from_json_text(&text).map_err(|faults| failed(&Error::Config(faults)))?;
            let time = clock.clone();
            let context = Arc::new(Context::new(config, sdk, Arc::new(move || time.now())));
            *warm = Some((text, Arc::clone(&context)));
            Ok(context)
        }
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
    let report = result.map_err(|error| failed(&error))?;
    serde_json::to_value(report).map_err(|error| failed(&Error::Permanent(error.to_string())))
}

fn failed(error: &Error) -> FunctionError {
    FunctionError {
        error_type: error.kind().to_owned(),
        message: error.to_string(),
    }
}
