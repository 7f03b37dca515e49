//! What a rule's target gets, and what becomes of an event that it does not take.

use serde_json::Value;

use crate::input::Input;
use crate::service::Fault;

/// A target of a rule and the event for it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) arn: String,
    pub(crate) event: Value,
    pub(crate) dead_letter_queue: Option<String>,
}

impl Target {
    pub(super) fn new(target: &Value, event: &Value) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let constant = target.get("Input").and_then(Value::as_str);
        let constant = constant.and_then(|text| serde_json::from_str(text).ok());
        Self {
            arn: text(target.get("Arn")).unwrap_or_default(),
            event: constant.unwrap_or_else(|| event.clone()),
            dead_letter_queue: text(target.pointer("/DeadLetterConfig/Arn")),
        }
    }
}

/// What a target says of events that cannot be delivered. Source: API model, `RetryPolicy` and `DeadLetterConfig`.
pub(super) fn check_delivery(target: Input<'_>) -> Result<(), Fault> {
    let policy = target.get("RetryPolicy").unwrap_or(&Value::Null);
    let policy = Input::new(policy, "ValidationException");
    for (member, range) in [
        ("MaximumRetryAttempts", 0..=185),
        ("MaximumEventAgeInSeconds", 60..=86400),
    ] {
        let given = policy.number(member);
        if given.is_some_and(|given| !range.contains(&given)) {
            let (low, high) = range.into_inner();
            return Err(target.fault(format!(
                "1 validation error detected: Value at 'retryPolicy.{member}' failed to satisfy constraint: Member must \
                 be between {low} and {high}"
            )));
        }
    }
    let queue = target.get("DeadLetterConfig");
    let queue = queue.and_then(|config| config.get("Arn")?.as_str());
    if queue.is_some_and(|arn| !arn.contains(":sqs:")) {
        return Err(target.fault("Parameter DeadLetterConfig.Arn is not the ARN of a queue."));
    }
    Ok(())
}
