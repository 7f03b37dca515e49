//! What befalls single calls: between the SDK's connector and the account.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, Response};
use serde_json::{Map, Value, json};

use super::{Kind, Planned, doomed};
use crate::account::Account;
use crate::journal::Caller;
use crate::service::Fault;
use crate::wire::{self, Call};

/// A token that begins so follows a page that was empty on purpose; the rest is the true token.
const AFTER_EMPTY: &str = "after-empty-page/";
/// How many answers are kept to be given once more.
const MOST_ANSWERS: usize = 500;

/// What tells one read from another: the service's host in its Region, the operation and the body.
type Asked = (String, String, Bytes);

/// What reads were answered a short time before.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(BTreeMap<Asked, (DateTime<Utc>, Response<Bytes>)>);

fn asked(call: &Call, request: &Request<Bytes>) -> Asked {
    let header = request.headers().get(http::header::HOST);
    let header = header.and_then(|host| host.to_str().ok());
    let host = request.uri().host().or(header).unwrap_or_default();
    (
        host.to_owned(),
        call.operation.clone(),
        request.body().clone(),
    )
}

/// Answers a request of a program as [`Account::respond`] does, unless the plan has something else in store.
pub(crate) async fn respond(
    account: &Account,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, ConnectorError> {
    if account.state().faults.is_empty() {
        return Ok(account.respond(&request).await);
    }
    let Ok(call) = wire::decode(&request) else {
        return Ok(account.respond(&request).await);
    };
    let (call, request, empty) = past_empty_pages(call, request);
    let now = account.clock().now();
    let planned = account.state().befalls(&call, &request, now);
    let Some(Planned { kind, amount, .. }) = planned else {
        let response = account.respond(&request).await;
        account
            .state()
            .faults
            .answers
            .keep(&call, &request, &response, now);
        return Ok(response);
    };
    let broken = || Err(ConnectorError::io("connection reset by peer".into()));
    match kind {
        Kind::ErrorBefore => Ok(account.refuse(&request, &call, &server_fault(call.service))),
        Kind::Throttled => Ok(account.refuse(&request, &call, &throttle(call.service))),
        Kind::ErrorAfter => {
            account.respond(&request).await;
            Ok(account.encode(&call, &Err(server_fault(call.service))))
        }
        Kind::AnswerLost => {
            account.respond(&request).await;
            broken()
        }
        Kind::Stale => {
            let old = account.state().faults.answers.find(&call, &request);
            match old {
                Some(response) => Ok(response),
                None => Ok(account.respond(&request).await),
            }
        }
        Kind::Failures => Ok(with_failure(account.respond(&request).await)),
        Kind::EmptyPage => Ok(account.encode(&call, &Ok(empty_page(&call, empty + 1)))),
        Kind::Slow => {
            let response = account.respond(&request).await;
            tokio::time::sleep(amount.to_std().unwrap_or(Duration::ZERO)).await;
            Ok(response)
        }
        Kind::DeathBefore if doomed() => std::future::pending().await,
        Kind::DeathAfter => {
            account.respond(&request).await;
            if doomed() {
                std::future::pending().await
            } else {
                broken()
            }
        }
        // `Reset`; or no function runs that could die.
        _ => broken(),
    }
}

impl crate::state::State {
    /// What the plan has in store for a call.
    fn befalls(
        &mut self,
        call: &Call,
        request: &Request<Bytes>,
        now: DateTime<Utc>,
    ) -> Option<Planned> {
        let answered = self.faults.answers.when(call, request);
        let fits = |planned: &Planned| {
            let named = planned.operation.as_ref();
            // Only what was answered a short time before can be answered again.
            let old = planned.kind != Kind::Stale
                || answered.is_some_and(|at| now - at <= planned.amount);
            planned.kind.suits(&call.operation)
                && named.is_none_or(|named| *named == call.operation)
                && old
        };
        let planned = self.faults.take(now, &call.operation, fits)?;
        self.tell_faults();
        Some(planned)
    }
}

impl Account {
    fn encode(&self, call: &Call, answer: &crate::Answer) -> Response<Bytes> {
        let request_id = self.state().request_id();
        wire::encode(call, answer, &request_id)
    }

    /// Refuses a call that has done nothing, and notes it.
    fn refuse(&self, request: &Request<Bytes>, call: &Call, fault: &Fault) -> Response<Bytes> {
        let (now, code) = (self.clock().now(), Some(fault.code.clone()));
        let (account, Ok(who)) = self.whose(request) else {
            return self.encode(call, &Err(fault.clone()));
        };
        account.state().note_call(
            &who,
            call.service,
            &call.operation,
            &call.input,
            code,
            Caller::Sdk,
            now,
        );
        self.encode(call, &Err(fault.clone()))
    }
}

impl Answers {
    fn keep(
        &mut self,
        call: &Call,
        request: &Request<Bytes>,
        response: &Response<Bytes>,
        now: DateTime<Utc>,
    ) {
        if !Kind::Stale.suits(&call.operation) || !response.status().is_success() {
            return;
        }
        if self.0.len() >= MOST_ANSWERS {
            self.0
                .retain(|_, (at, _)| now - *at <= TimeDelta::minutes(2));
        }
        self.0.insert(asked(call, request), (now, response.clone()));
    }

    fn when(&self, call: &Call, request: &Request<Bytes>) -> Option<DateTime<Utc>> {
        self.0.get(&asked(call, request)).map(|(at, _)| *at)
    }

    fn find(&self, call: &Call, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let kept = self.0.get(&asked(call, request));
        kept.map(|(_, response)| response.clone())
    }
}

/// The member that an operation lists, where an empty page of it is simulated.
pub(super) fn list_member(operation: &str) -> Option<&'static str> {
    match operation {
        "ListClusters" => Some("clusterArns"),
        "ListServices" => Some("serviceArns"),
        "ListServiceDeployments" => Some("serviceDeployments"),
        "FilterLogEvents" => Some("events"),
        _ => None,
    }
}

/// An empty page, so many of them by now: no two have the same token.
fn empty_page(call: &Call, number: usize) -> Value {
    let token = call.input.get("nextToken").and_then(Value::as_str);
    let mut page = Map::new();
    if let Some(member) = list_member(&call.operation) {
        page.insert(member.to_owned(), json!([]));
    }
    let token = AFTER_EMPTY.repeat(number) + token.unwrap_or_default();
    page.insert("nextToken".to_owned(), token.into());
    Value::Object(page)
}

/// A request that goes on after empty pages asks for what they did not hold. How many there were.
fn past_empty_pages(mut call: Call, request: Request<Bytes>) -> (Call, Request<Bytes>, usize) {
    let token = call.input.get("nextToken").and_then(Value::as_str);
    let whole = token.unwrap_or_default();
    let token = whole.trim_start_matches(AFTER_EMPTY).to_owned();
    let pages = (whole.len() - token.len()) / AFTER_EMPTY.len();
    if pages == 0 {
        return (call, request, 0);
    }
    if let Some(members) = call.input.as_object_mut() {
        if token.is_empty() {
            members.remove("nextToken");
        } else {
            members.insert("nextToken".to_owned(), token.into());
        }
    }
    // All of these are JSON on the wire.
    let body = Bytes::from(call.input.to_string());
    (call, request.map(|_| body), pages)
}

/// The answer of `DescribeServices`, as if the first service could not be read.
fn with_failure(response: Response<Bytes>) -> Response<Bytes> {
    let Ok(mut answer) = serde_json::from_slice::<Value>(response.body()) else {
        return response;
    };
    let services = answer.get_mut("services").and_then(Value::as_array_mut);
    let Some(service) = services.filter(|s| !s.is_empty()).map(|s| s.remove(0)) else {
        return response;
    };
    let failure = json!({"arn": service.get("serviceArn"), "reason": "INTERNAL"});
    match answer.get_mut("failures").and_then(Value::as_array_mut) {
        Some(failures) => failures.push(failure),
        None => return response,
    }
    response.map(|_| Bytes::from(answer.to_string()))
}

/// The code by which a service says that the fault is its own.
fn server_fault(service: &str) -> Fault {
    let (code, status) = match service {
        "ecs" | "ecr" => ("ServerException", 500),
        "logs" => ("ServiceUnavailableException", 503),
        "sns" => ("InternalError", 500),
        _ => ("InternalFailure", 500),
    };
    Fault::client(code, "a fault on purpose").with_status(status)
}

/// The code by which a service throttles.
pub(crate) fn throttle(service: &str) -> Fault {
    match service {
        "sns" => Fault::client("Throttled", "Rate exceeded").with_status(429),
        "sts" | "cloudwatch" | "cloudformation" | "iam" => {
            Fault::client("Throttling", "Rate exceeded")
        }
        "lambda" => Fault::client("TooManyRequestsException", "Rate exceeded").with_status(429),
        "s3" => Fault::client("SlowDown", "Please reduce your request rate.").with_status(503),
        "scheduler" => Fault::client("ThrottlingException", "Rate exceeded").with_status(429),
        _ => Fault::client("ThrottlingException", "Rate exceeded"),
    }
}
