//! How asynchronous invocations of a function are retried, and where failures go.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Lambda;
use crate::input::{Input, present};
use crate::service::{Answer, Fault, Scope};

/// The configuration for asynchronous invocation.
#[derive(Debug, Clone)]
pub(super) struct InvokeConfig {
    modified: DateTime<Utc>,
    retries: Option<i64>,
    max_age: Option<i64>,
    destinations: Value,
}

impl InvokeConfig {
    /// Two retries unless fewer are asked for.
    pub(super) fn retries(&self) -> u32 {
        self.retries
            .and_then(|retries| u32::try_from(retries).ok())
            .unwrap_or(2)
    }

    /// Six hours unless less is asked for.
    pub(super) fn max_age(&self) -> TimeDelta {
        TimeDelta::seconds(self.max_age.unwrap_or(21_600))
    }

    pub(super) fn on_failure(&self) -> Option<&str> {
        self.destinations
            .pointer("/OnFailure/Destination")
            .and_then(Value::as_str)
    }

    fn describe(&self, arn: &str) -> Value {
        present(json!({
            "LastModified": self.modified.timestamp(),
            "FunctionArn": format!("{arn}:$LATEST"),
            "MaximumRetryAttempts": self.retries,
            "MaximumEventAgeInSeconds": self.max_age,
            "DestinationConfig": self.destinations,
        }))
    }
}

impl Lambda {
    /// Put replaces the whole configuration, update only what it names.
    pub(super) fn put_invoke_config(
        &mut self,
        input: Input<'_>,
        scope: &Scope<'_>,
        replace: bool,
    ) -> Answer {
        let bounded = |name: &str, least: i64, most: i64| match input.number(name) {
            Some(number) if !(least..=most).contains(&number) => {
                Err(input.fault(format!("{name} must be between {least} and {most}")))
            }
            number => Ok(number),
        };
        let retries = bounded("MaximumRetryAttempts", 0, 2)?;
        let max_age = bounded("MaximumEventAgeInSeconds", 60, 21_600)?;
        let destinations = input.get("DestinationConfig").cloned();
        let function = self.function(input)?;
        let held = function.invoke_config.take().filter(|_| !replace);
        let config = InvokeConfig {
            modified: scope.now,
            retries: retries.or_else(|| held.as_ref()?.retries),
            max_age: max_age.or_else(|| held.as_ref()?.max_age),
            destinations: destinations
                .or_else(|| held.map(|held| held.destinations))
                .unwrap_or_else(|| json!({"OnSuccess": {}, "OnFailure": {}})),
        };
        let answer = config.describe(&function.arn);
        function.invoke_config = Some(config);
        Ok(answer)
    }

    pub(super) fn get_invoke_config(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let function = self.function(input)?;
        if let Some(config) = &function.invoke_config {
            return Ok(config.describe(&function.arn));
        }
        let name = super::function_name(input)?;
        let arn = scope.place.arn("lambda", &format!("function:{name}"));
        let message = format!("The function {arn} doesn't have an EventInvokeConfig");
        Err(Fault::client("ResourceNotFoundException", message).with_status(404))
    }
}
