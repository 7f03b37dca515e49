//! What happened in the account, in order: the story that a replay tells.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::lambda::FunctionError;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When, in virtual time.
    pub at: DateTime<Utc>,
    /// What.
    pub what: What,
}

/// How an API call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A program, through the AWS SDK.
    Sdk,
    /// A person in the account, through [`Account::call`](crate::Account::call).
    Person,
}

/// The kinds of things that happen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// An API call was answered.
    Call {
        /// The service, for example `logs`.
        service: String,
        /// The operation, for example `FilterLogEvents`.
        operation: String,
        /// The input as the API names its members; a function's zip is left out.
        input: Value,
        /// The error code, if it was refused.
        error: Option<String>,
        /// How it came.
        by: Caller,
        /// Who called: the ARN of the user or role.
        principal: Arc<str>,
    },
    /// An image was pushed through the API of a served account.
    Pushed {
        /// The registry's host and the repository.
        image: String,
        /// The tag, if it got one.
        tag: Option<String>,
        /// `sha256:…`.
        digest: String,
    },
    /// A CloudTrail record reached a log group.
    Delivered {
        /// The name of the log group.
        log_group: String,
        /// The record's `eventID`.
        message_id: Option<String>,
        /// The names of the metric filters that matched it.
        matched: Vec<String>,
    },
    /// A CloudTrail record did not reach a log group.
    Withheld {
        /// The trail that did not log it, if there is one.
        trail: Option<String>,
        /// The record's `eventID`.
        message_id: Option<String>,
        /// Why.
        reason: String,
    },
    /// An alarm changed its state.
    Alarm {
        /// The name of the alarm.
        name: String,
        /// The state before: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        from: String,
        /// The state now.
        to: String,
        /// CloudWatch's sentence about it.
        reason: String,
    },
    /// SNS handed a message to a subscriber.
    Notified {
        /// The ARN of the topic.
        topic: String,
        /// The ARN of the function or queue.
        endpoint: String,
        /// The identifier of the message.
        message_id: String,
    },
    /// A scheduled rule came due.
    Scheduled {
        /// The name of the rule.
        rule: String,
    },
    /// A function began to run.
    Invoked {
        /// The name of the function.
        function: String,
        /// The identifier of the event; retries keep it.
        request_id: String,
        /// 1 for the first try.
        attempt: u32,
        /// The event.
        event: Value,
    },
    /// A function ended.
    Answered {
        /// The name of the function.
        function: String,
        /// The identifier of the event.
        request_id: String,
        /// What it returned, or how it failed.
        result: Result<Value, FunctionError>,
    },
    /// A message or an event was given up.
    Dropped {
        /// What it was meant for: a function, a queue or a topic.
        meant_for: String,
        /// The identifier of the message or event.
        message_id: String,
        /// Why.
        reason: String,
        /// The failure destination or dead-letter queue that has it now; none: it is gone.
        kept_in: Option<String>,
    },
    /// Something went wrong on purpose.
    Fault {
        /// What.
        kind: crate::faults::Kind,
        /// What it befell: an operation, or the account.
        on: String,
    },
    /// A deployment of an ECS service changed.
    Deployment(crate::ecs::Notice),
    /// The tasks of an ECS service changed in number; told where [`Settings::tallies`](crate::ecs::Settings::tallies) asks
    /// for it.
    Tasks(crate::ecs::Tally),
}

/// The journal: append only.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
}

impl Journal {
    pub(crate) fn write(&mut self, at: DateTime<Utc>, what: What) {
        self.entries.push_back(Entry { at, what });
    }

    pub(crate) fn since(&self, index: usize) -> Vec<Entry> {
        self.entries.iter().skip(index).cloned().collect()
    }

    pub(crate) fn take(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries).into()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
