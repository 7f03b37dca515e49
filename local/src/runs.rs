//! Runs of functions: how they begin, how they end, where failures go.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::iam::Identity;
use crate::journal::{Caller, What};
use crate::lambda::{Ended, FunctionError, Output, Start, Step};
use crate::service::{Fault, Scope};
use crate::state::{Hosted, State};

/// What Lambda does with events that were given up.
const SEND: &str = "sqs:SendMessage";

impl State {
    /// The events that are due in the functions' queue start, wait longer, or end.
    pub(crate) fn run_functions(&mut self, now: DateTime<Utc>) {
        let steps = self.lambda.advance(&Scope {
            now,
            place: &self.place,
        });
        for step in steps {
            match step {
                Step::Start(start) => {
                    let mut start = self.with_keys(start);
                    self.befall(&mut start, now);
                    self.note_invoked(&start, now);
                    self.starts.push(start);
                }
                Step::Ended(ended) => self.give_up(ended, now),
            }
        }
    }

    /// Begins a run whose caller waits for its result.
    pub(crate) fn begin_run(
        &mut self,
        who: &Identity,
        input: &Value,
        now: DateTime<Utc>,
    ) -> Result<(Start, Hosted), Fault> {
        let name = input
            .get("FunctionName")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let payload = input.get("Payload").cloned().unwrap_or_default();
        let scope = Scope {
            now,
            place: &self.place.clone(),
        };
        let begun = self
            .authorise("lambda", "Invoke", input, who, now)
            .and_then(|()| self.lambda.begin(name, payload, &scope));
        let error = begun.as_ref().err().map(|fault| fault.code.clone());
        self.note_call(who, "lambda", "Invoke", input, error, Caller::Sdk, now);
        let mut start = self.with_keys(begun?);
        self.befall(&mut start, now);
        self.note_invoked(&start, now);
        Ok((start, self.program.clone()))
    }

    /// Ends such a run; the answer is the operation's.
    pub(crate) fn end_run(
        &mut self,
        start: &Start,
        result: Result<Value, FunctionError>,
        now: DateTime<Utc>,
    ) -> Value {
        let function = start.invocation.function.clone();
        self.write_log(start, &result, now);
        self.lambda.end_run(&function);
        let request_id = start.invocation.request_id.clone();
        let answer = match &result {
            Ok(payload) => json!({"StatusCode": 200, "Payload": payload}),
            Err(error) => json!({
                "StatusCode": 200,
                "FunctionError": "Unhandled",
                "Payload": {"errorType": error.error_type, "errorMessage": error.message},
            }),
        };
        self.journal.write(
            now,
            What::Answered {
                function,
                request_id,
                result,
            },
        );
        answer
    }

    /// A function runs under its role.
    fn with_keys(&mut self, mut start: Start) -> Start {
        let function = &start.invocation.function;
        start.invocation.keys = self.iam.function_keys(&start.role, function);
        start
    }

    /// What the plan of faults has in store for a run.
    fn befall(&mut self, start: &mut Start, now: DateTime<Utc>) {
        let invocation = &mut start.invocation;
        invocation.cold = self.faults.is_cold(now);
        invocation.skew = self.faults.skew(now);
        invocation.deadline += invocation.skew;
        if self.options.function_logs {
            invocation.output = Output::kept();
        }
        self.tell_faults();
    }

    /// Lambda writes a run's log in the name of the function's role.
    fn write_log(
        &mut self,
        start: &Start,
        result: &Result<Value, FunctionError>,
        now: DateTime<Utc>,
    ) {
        let invocation = &start.invocation;
        if !invocation.output.is_kept() {
            return;
        }
        let (function, id) = (&invocation.function, &invocation.request_id);
        let group = format!("/aws/lambda/{function}");
        let stream = format!("{}/[$LATEST]{}", now.format("%Y/%m/%d"), "0".repeat(32));
        let arn = self
            .place
            .arn("logs", &format!("log-group:{group}:log-stream:{stream}"));
        let may = ["logs:CreateLogStream", "logs:PutLogEvents"];
        if !self.logs.has(&group)
            || !may
                .iter()
                .all(|action| self.role_allows(&start.role, action, &arn, now))
        {
            return;
        }
        let mut lines = vec![format!("START RequestId: {id} Version: $LATEST")];
        lines.extend(invocation.output.lines());
        if let Err(error) = result
            && error.error_type.starts_with("Sandbox.")
        {
            lines.push(format!("{} {id} {}", now.to_rfc3339(), error.message));
        }
        lines.push(format!("END RequestId: {id}"));
        lines.push(format!("REPORT RequestId: {id}"));
        for line in lines {
            self.logs.ingest(&group, &stream, now, line.into(), now);
        }
    }

    fn note_invoked(&mut self, start: &Start, now: DateTime<Utc>) {
        let invocation = &start.invocation;
        let what = What::Invoked {
            function: invocation.function.clone(),
            request_id: invocation.request_id.clone(),
            attempt: invocation.attempt,
            event: invocation.event.clone(),
        };
        self.journal.write(now, what);
    }

    /// A run is over.
    pub(crate) fn finish(
        &mut self,
        start: Start,
        result: Result<Value, FunctionError>,
        now: DateTime<Utc>,
    ) {
        let function = start.invocation.function.clone();
        let request_id = start.invocation.request_id.clone();
        self.write_log(&start, &result, now);
        let ended = self.lambda.finish(start, &result, now);
        self.journal.write(
            now,
            What::Answered {
                function,
                request_id,
                result,
            },
        );
        if let Some(ended) = ended {
            self.give_up(ended, now);
        }
        self.settle(now);
    }

    /// An event is given up: its failure destination and its dead-letter queue get it. Lambda sends in the name of the
    /// function's role, so the queue's own policy is not asked.
    fn give_up(&mut self, ended: Ended, now: DateTime<Utc>) {
        let mut kept_in = None;
        if let Some((target, body, attributes)) = ended.dead_letter
            && self.role_allows(&ended.role, SEND, &target, now)
            && self.sqs.put(&target, body, attributes, now)
        {
            kept_in = Some(target);
        }
        if let Some((target, record)) = ended.destination
            && self.role_allows(&ended.role, SEND, &target, now)
            && self.sqs.put(&target, record.to_string(), Value::Null, now)
        {
            kept_in = Some(target);
        }
        let what = What::Dropped {
            meant_for: ended.function,
            message_id: ended.request_id,
            reason: ended.reason,
            kept_in,
        };
        self.journal.write(now, what);
    }
}
