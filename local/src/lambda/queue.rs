//! Asynchronous invocation: the queue, retries after one and two minutes, throttling by reserved
//! concurrency, and the end of an event that never succeeds.
//!
//! Source: "How Lambda handles errors and retries with asynchronous invocation" in the Lambda
//! developer guide.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::functions::Function;
use super::invoke_config::InvokeConfig;
use super::{
    FunctionError, Invocation, Lambda, Output, conflict, function_name, name_in_arn,
    no_such_function,
};
use crate::iam::Keys;
use crate::input::Input;
use crate::options::Options;
use crate::service::{Answer, Fault, Scope};

/// The wait before a first retry, and the step by which it grows.
const RETRY: TimeDelta = TimeDelta::minutes(1);
/// A throttled event waits a second, then twice as long each time, but never more than this.
const MAX_THROTTLE_WAIT: TimeDelta = TimeDelta::minutes(5);

/// The events that wait, and how many runs each function has.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: BTreeMap<DateTime<Utc>, VecDeque<Event>>,
    running: BTreeMap<String, u32>,
    delay: TimeDelta,
}

#[derive(Debug, Clone)]
struct Event {
    function: String,
    payload: Value,
    request_id: String,
    accepted: DateTime<Utc>,
    attempt: u32,
    throttle_wait: TimeDelta,
}

/// A run that begins now.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) invocation: Invocation,
    pub(crate) timeout: std::time::Duration,
    /// The ARN of the function's role; whose keys it runs with is IAM's to say.
    pub(crate) role: String,
    accepted: DateTime<Utc>,
}

/// An event that was given up, and the message for each place that keeps it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) function: String,
    pub(crate) request_id: String,
    pub(crate) reason: String,
    /// The ARN of the function's role, in whose name both places are written to.
    pub(crate) role: String,
    /// The function's failure destination with the record for it.
    pub(crate) destination: Option<(String, Value)>,
    /// The function's dead-letter queue with the event's text and its attributes.
    pub(crate) dead_letter: Option<(String, String, Value)>,
}

/// What became of the events that were due.
#[derive(Debug)]
pub(crate) enum Step {
    Start(Start),
    Ended(Ended),
}

impl Event {
    fn start(self, function: &Function, now: DateTime<Utc>) -> Start {
        let configuration = function.running(now);
        let timeout = TimeDelta::seconds(configuration.timeout);
        Start {
            timeout: timeout.to_std().unwrap_or_default(),
            accepted: self.accepted,
            role: configuration.role.clone(),
            invocation: Invocation {
                function: self.function,
                keys: Keys::default(),
                env: configuration.env.clone(),
                event: self.payload,
                request_id: self.request_id,
                deadline: now + timeout,
                attempt: self.attempt,
                cold: false,
                skew: TimeDelta::zero(),
                output: Output::default(),
            },
        }
    }
}

impl Queue {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            delay: TimeDelta::from_std(options.invocation_delay).unwrap_or_default(),
        }
    }

    /// A deleted function loses its events.
    pub(super) fn forget(&mut self, function: &str) {
        for events in self.waiting.values_mut() {
            events.retain(|event| event.function != function);
        }
        self.waiting.retain(|_, events| !events.is_empty());
    }

    fn push(&mut self, at: DateTime<Utc>, event: Event) {
        self.waiting.entry(at).or_default().push_back(event);
    }

    fn pop_due(&mut self, now: DateTime<Utc>) -> Option<Event> {
        let mut first = self.waiting.first_entry()?;
        if *first.key() > now {
            return None;
        }
        let event = first.get_mut().pop_front();
        if first.get().is_empty() {
            first.remove();
        }
        event
    }
}

impl Lambda {
    /// Takes an event into the queue of a function, once for each of these times by which it comes later than usual.
    /// Whether the sender may is the sender's question.
    pub(crate) fn accept(
        &mut self,
        arn: &str,
        payload: Value,
        copies: &[TimeDelta],
        now: DateTime<Utc>,
    ) {
        let request_id = self.ids.uuid();
        let event = Event {
            function: name_in_arn(arn).to_owned(),
            payload,
            request_id,
            accepted: now,
            attempt: 1,
            throttle_wait: TimeDelta::seconds(1),
        };
        for later in copies {
            self.queue
                .push(now + self.queue.delay + *later, event.clone());
        }
    }

    pub(super) fn invoke(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = function_name(input)?;
        if !self.functions.contains_key(name) {
            return Err(no_such_function(name, scope));
        }
        match input.text("InvocationType") {
            Some("Event") => {
                let payload = input.get("Payload").cloned().unwrap_or_else(|| json!({}));
                self.accept(name, payload, &[TimeDelta::zero()], scope.now);
                Ok(json!({"StatusCode": 202}))
            }
            Some("DryRun") => Ok(json!({"StatusCode": 204})),
            // The connector runs these; a plain call cannot wait for a function.
            _ => {
                let message = "a function that is to answer runs through the SDK only: use \
                               InvocationType Event";
                Err(Fault::client("NotImplemented", message).with_status(501))
            }
        }
    }

    /// Begins a run whose caller waits for its result: no queue, no retries.
    pub(crate) fn begin(
        &mut self,
        name: &str,
        payload: Value,
        scope: &Scope<'_>,
    ) -> Result<Start, Fault> {
        let name = name_in_arn(name);
        let request_id = self.ids.uuid();
        let function = self
            .functions
            .get(name)
            .ok_or_else(|| no_such_function(name, scope))?;
        if function.active > scope.now {
            return Err(conflict(format!(
                "The operation cannot be performed at this time. The function is currently in the \
                 following state: Pending ({})",
                function.arn
            )));
        }
        let limit = function.reserved.unwrap_or(self.account_concurrency);
        let event = Event {
            function: name.to_owned(),
            payload,
            request_id,
            accepted: scope.now,
            attempt: 1,
            throttle_wait: TimeDelta::seconds(1),
        };
        let running = self.queue.running.entry(name.to_owned()).or_default();
        if *running >= limit {
            let fault = Fault::client("TooManyRequestsException", "Rate Exceeded.");
            return Err(fault.with_status(429));
        }
        *running += 1;
        Ok(event.start(function, scope.now))
    }

    /// Ends a run whose caller waited for it.
    pub(crate) fn end_run(&mut self, function: &str) {
        if let Some(running) = self.queue.running.get_mut(function) {
            *running = running.saturating_sub(1);
        }
    }

    /// When the next event is due.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.queue.waiting.first_key_value().map(|(due, _)| *due)
    }

    /// Whether nothing waits and nothing runs.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.waiting.is_empty() && self.queue.running.values().all(|count| *count == 0)
    }

    /// Handles the events that are due: each starts, goes back into the queue, or ends.
    pub(crate) fn advance(&mut self, scope: &Scope<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Some(event) = self.queue.pop_due(scope.now) {
            steps.extend(self.step(event, scope.now));
        }
        steps
    }

    fn step(&mut self, mut event: Event, now: DateTime<Utc>) -> Option<Step> {
        // The function may have been deleted while the event was under way.
        let function = self.functions.get(&event.function)?;
        if function.reserved == Some(0) {
            return Some(Step::Ended(self.end(
                event,
                "ZeroReservedConcurrency",
                None,
                now,
            )));
        }
        let max_age = function
            .invoke_config
            .as_ref()
            .map_or(TimeDelta::hours(6), InvokeConfig::max_age);
        if now - event.accepted > max_age {
            return Some(Step::Ended(self.end(event, "EventAgeExceeded", None, now)));
        }
        if function.active > now {
            self.queue.push(function.active, event);
            return None;
        }
        let limit = function.reserved.unwrap_or(self.account_concurrency);
        let running = self
            .queue
            .running
            .entry(event.function.clone())
            .or_default();
        if *running >= limit {
            let wait = event.throttle_wait;
            event.throttle_wait = (wait * 2).min(MAX_THROTTLE_WAIT);
            self.queue.push(now + wait, event);
            return None;
        }
        *running += 1;
        Some(Step::Start(event.start(function, now)))
    }

    /// Notes the end of a run: a failure is tried again or given up.
    pub(crate) fn finish(
        &mut self,
        start: Start,
        result: &Result<Value, FunctionError>,
        now: DateTime<Utc>,
    ) -> Option<Ended> {
        let Invocation {
            function,
            event,
            request_id,
            attempt,
            ..
        } = start.invocation;
        self.end_run(&function);
        let error = result.as_ref().err()?;
        let held = self.functions.get(&function)?;
        let retries = held.invoke_config.as_ref().map_or(2, InvokeConfig::retries);
        let event = Event {
            function,
            payload: event,
            request_id,
            accepted: start.accepted,
            attempt: attempt + 1,
            throttle_wait: TimeDelta::seconds(1),
        };
        if attempt > retries {
            return Some(self.end(event, "RetriesExhausted", Some(error), now));
        }
        let wait = RETRY * i32::try_from(attempt).unwrap_or(1);
        self.queue.push(now + wait, event);
        None
    }

    fn end(
        &self,
        event: Event,
        condition: &str,
        error: Option<&FunctionError>,
        now: DateTime<Utc>,
    ) -> Ended {
        let function = self.functions.get(&event.function);
        let arn = function
            .map(|function| function.arn.clone())
            .unwrap_or_default();
        let count = event.attempt - 1;
        let failed = error
            .map(|error| json!({"errorType": error.error_type, "errorMessage": error.message}));
        let record = json!({
            "version": "1.0",
            "timestamp": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": format!("{arn}:$LATEST"),
                "condition": condition,
                "approximateInvokeCount": count,
            },
            "requestPayload": event.payload,
            "responseContext": {
                "statusCode": if error.is_some() { 200 } else { 429 },
                "executedVersion": "$LATEST",
                "functionError": error.map(|_| "Unhandled"),
            },
            "responsePayload": failed,
        });
        let attribute = |text: String| json!({"DataType": "String", "StringValue": text});
        let attributes = json!({
            "RequestID": attribute(event.request_id.clone()),
            "ErrorCode": attribute(if error.is_some() { "200" } else { "429" }.to_owned()),
            "ErrorMessage":
                attribute(error.map_or(condition, |error| error.message.as_str()).to_owned()),
        });
        let role = function.map(|function| function.configuration.role.clone());
        let destination = function
            .and_then(|function| function.invoke_config.as_ref()?.on_failure())
            .map(|target| (target.to_owned(), record));
        let dead_letter = function
            .and_then(|function| function.configuration.dead_letter_target.clone())
            .map(|target| (target, event.payload.to_string(), attributes));
        Ended {
            function: event.function,
            request_id: event.request_id,
            reason: condition.to_owned(),
            role: role.unwrap_or_default(),
            destination,
            dead_letter,
        }
    }
}
