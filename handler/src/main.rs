//! The Lambda: reads its configuration once, then answers events until it is stopped.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use chrono::{DateTime, Utc};
use handler::config::{Config, Fault};
use handler::{Context, Deadline, Error, handle_by, https, logged, places};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

/// The environment variable that holds the configuration as JSON.
const VARIABLE: &str = "ECROLL_CONFIG";
/// The file beside the program that holds it where the environment is too small.
const FILE: &str = "ecroll.json";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .with_current_span(false)
        .with_target(false)
        .init();
    // A configuration that cannot be read is answered to every event, so that it shows where people look.
    let context = match configuration() {
        Ok(config) => Ok(connect(config).await),
        Err(faults) => Err(faults),
    };
    let context = &context;
    let answer = async move |event: LambdaEvent<Value>| match context {
        Ok(context) => {
            let deadline = Deadline::from_millis(event.context.deadline);
            let report = handle_by(&event.payload, context, deadline).await;
            report.map_err(|error| {
                logged::failed(&error);
                Diagnostic::from(error)
            })
        }
        Err(faults) => {
            let error = Error::Config(faults.clone());
            tracing::error!(%error, "configuration");
            Err(Diagnostic::from(error))
        }
    };
    lambda_runtime::run(service_fn(answer)).await
}

/// The configuration from the environment, else from the file, else the defaults.
fn configuration() -> Result<Config, Vec<Fault>> {
    Config::found(VARIABLE, std::env::var(VARIABLE), &beside_the_program())
}

fn beside_the_program() -> std::path::PathBuf {
    let root = std::env::var("LAMBDA_TASK_ROOT").unwrap_or_else(|_| ".".to_owned());
    Path::new(&root).join(FILE)
}

async fn connect(config: Config) -> Context {
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https())
        .load()
        .await;
    let places = places(&config.targets, &sdk).await;
    Context::with_places(config, &sdk, Arc::new(now), places).measured(Arc::new(measure))
}

/// CloudWatch takes metrics from lines of the log that hold nothing else.
fn measure(line: &Value) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}") {
        tracing::warn!(%error, "metrics not written");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the Lambda reads the time"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
