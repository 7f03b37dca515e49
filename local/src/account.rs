//! The handle of a pocket account.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use aws_types::SdkConfig;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::Notify;

use crate::agenda::Job;
use crate::clock::Clock;
use crate::cloudformation::Doomed;
use crate::cloudtrail::ForeignTrail;
use crate::connector;
use crate::driver::{self, Running};
use crate::ecr::Ecr;
use crate::ecs::Ecs;
use crate::faults::{Kind, Plan, Planned};
use crate::journal::{Caller, Entry};
use crate::lambda::Program;
use crate::options::Options;
use crate::record::Record;
use crate::service::{Answer, Place, Scope};
use crate::state::{Hosted, State};
use crate::wire;

/// A pocket AWS account. The handle is cheap to clone; all clones are the same account.
///
/// Things that take time (deliveries, alarms, invocations, deployments) happen while
/// [`Account::drive`] or one of its relatives runs, and calls through the SDK are answered then, too.
#[derive(Clone)]
pub struct Account {
    pub(crate) shared: Arc<Shared>,
}

/// What all handles of an account share.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    /// Rings when something may be due earlier than the driver thinks.
    pub(crate) wake: Notify,
    /// Rings when nothing but the recurring is left.
    pub(crate) quiet: Notify,
    /// The runs of functions that the driver has taken; they outlive one drive.
    pub(crate) running: Mutex<Running>,
    /// The accounts within reach.
    pub(crate) beside: Mutex<Vec<Weak<Self>>>,
}

impl Account {
    /// An empty account; `000000000000` unless the options name another. Several may share one clock.
    #[must_use]
    pub fn new(clock: Clock, options: Options) -> Self {
        let shared = Shared {
            state: Mutex::new(State::new(options)),
            clock,
            wake: Notify::new(),
            quiet: Notify::new(),
            running: Mutex::default(),
            beside: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The account's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Where the account's resources live.
    #[must_use]
    pub fn place(&self) -> Place {
        self.state().place.clone()
    }

    /// A configuration with which the clients of the AWS SDK talk to this account as its operator, an administrator.
    ///
    /// S3 clients must force the path style.
    #[must_use]
    pub fn sdk_config(&self) -> SdkConfig {
        connector::sdk_config(self, false)
    }

    /// The same for a program that the account [hosts](Self::host): it does not keep the account alive, since the account
    /// keeps the program.
    #[must_use]
    pub fn hosted_sdk_config(&self) -> SdkConfig {
        connector::sdk_config(self, true)
    }

    /// Puts a program behind every Lambda function.
    pub fn host(&self, program: Program) {
        self.state().program = Hosted(Some(program));
    }

    /// Lets a CloudTrail record reach the log group of every logging trail at that time. If it tells of a push, the
    /// registry has the image from the record's `eventTime` on.
    ///
    /// Where rules ask for it, the event bus hears of the push from the registry, and of the call from CloudTrail; see
    /// [`Options::event_delay`] and [`Options::api_call_delay`].
    ///
    /// Records above 256 KB never reach a log group or the bus. Source: "Sending events to CloudWatch Logs" in the CloudTrail
    /// user guide.
    pub fn deliver(&self, record: Value, at: DateTime<Utc>) {
        self.take_in(Record::new(&record), record, at);
    }

    /// [`deliver`](Self::deliver) for a record that is a text already: as `CloudTrail` writes it, so it reaches the log group.
    /// Much faster, since little of it is looked at.
    ///
    /// # Errors
    ///
    /// It is no JSON, or one of the members by which a trail chooses is of another type than `CloudTrail` gives it.
    pub fn deliver_text(
        &self,
        record: impl Into<Arc<str>>,
        at: DateTime<Utc>,
    ) -> Result<(), serde_json::Error> {
        let read = Record::read(record.into())?;
        let whole = if self.state().needs_whole(&read) {
            serde_json::from_str(&read.text)?
        } else {
            Value::Null
        };
        self.take_in(read, whole, at);
        Ok(())
    }

    fn take_in(&self, read: Record, record: Value, at: DateTime<Utc>) {
        let read = Arc::new(read);
        let now = self.clock().now();
        let mut state = self.state();
        match read.time {
            // The registry has the image at once; only the record of it takes its time.
            Some(pushed) if pushed > now => {
                state.await_call(&read, &record, now);
                if read.pushes {
                    state.schedule(pushed, Job::Push(Box::new(record)));
                }
            }
            pushed => {
                state.learn(&record, pushed.unwrap_or(now), now);
                state.await_call(&read, &record, now);
            }
        }
        state.schedule(at, Job::Deliver(read));
        drop(state);
        self.shared.wake.notify_one();
    }

    /// Lets a trail of another Region or of an organization be seen here.
    pub fn show_trail(&self, trail: ForeignTrail) {
        self.state().cloudtrail.show(trail);
    }

    /// Calls an operation as some person in the account would, at once.
    ///
    /// # Errors
    ///
    /// The fault that the service answers.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "inputs are made for the call"
    )]
    pub fn call(&self, service: &str, operation: &str, input: Value) -> Answer {
        let now = self.clock().now();
        let answer = self
            .state()
            .call(service, operation, &input, Caller::Person, now);
        self.shared.wake.notify_one();
        answer
    }

    /// Answers an HTTP request at once, in the wire format in which it came.
    #[must_use]
    pub fn handle(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let call = match wire::decode(request) {
            Ok(call) => call,
            Err(response) => return *response,
        };
        let now = self.clock().now();
        let (account, who) = self.whose(request);
        let answer = match who {
            Ok(who) => account.answer(&call, &who, now),
            Err(stranger) => Err(wire::stranger_fault(&call, stranger)),
        };
        let request_id = account.state().request_id();
        account.shared.wake.notify_one();
        wire::encode(&call, &answer, &request_id)
    }

    /// Answers a request like [`Account::handle`], and waits for a function that is to answer.
    pub(crate) async fn respond(&self, request: &http::Request<Bytes>) -> http::Response<Bytes> {
        let call = match wire::decode(request) {
            Ok(call) if call.waits_for_function() => call,
            _ => return self.handle(request),
        };
        let (account, Ok(who)) = self.whose(request) else {
            return self.handle(request);
        };
        let now = self.clock().now();
        let begun = account.state().begin_run(&who, &call.input, now);
        let answer = match begun {
            Err(fault) => Err(fault),
            Ok((start, program)) => {
                let timeout = self.clock().runtime(start.timeout);
                let result = driver::run(program, &start, timeout).await;
                Ok(account.state().end_run(&start, result, self.clock().now()))
            }
        };
        let request_id = self.state().request_id();
        wire::encode(&call, &answer, &request_id)
    }

    /// Everything that happened so far.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.journal_since(0)
    }

    /// What happened after the first `index` entries.
    #[must_use]
    pub fn journal_since(&self, index: usize) -> Vec<Entry> {
        self.state().journal.since(index)
    }

    /// How many entries the journal has.
    #[must_use]
    pub fn journal_len(&self) -> usize {
        self.state().journal.len()
    }

    /// Takes everything out of the journal, so that a long run does not hold it all.
    #[must_use]
    pub fn take_journal(&self) -> Vec<Entry> {
        self.state().journal.take()
    }

    /// From now on these things go wrong. An earlier plan is forgotten, together with what it still had to undo.
    pub fn plan_faults(&self, planned: Vec<Planned>) {
        let now = self.clock().now();
        self.state().plan_faults(Plan::new(planned), now);
        self.shared.wake.notify_one();
    }

    /// What went wrong on purpose so far, by the plan, with its time.
    #[must_use]
    pub fn faults(&self) -> Vec<(DateTime<Utc>, Kind)> {
        self.state().faults.fired().to_vec()
    }

    /// Since when nothing has gone wrong on purpose, of what the plan has begun; `None` while something may.
    #[must_use]
    pub fn calm_since(&self) -> Option<DateTime<Utc>> {
        self.state().faults.calm_since(self.clock().now())
    }

    /// Lets time pass without schedules: nothing but what is under way happens until `at`. What recurs goes on then.
    ///
    /// For the empty stretches of long histories, in which every look-up by a schedule would find what the one before it
    /// found.
    pub async fn doze_until(&self, at: DateTime<Utc>) {
        self.state().dozes = true;
        self.run_until(at).await;
        let mut state = self.state();
        state.dozes = false;
        state.rebase(at);
    }

    /// Works on ECS directly, for what its API cannot say.
    pub fn with_ecs<T>(&self, work: impl FnOnce(&mut Ecs, &Scope<'_>) -> T) -> T {
        let now = self.clock().now();
        let mut state = self.state();
        let state = &mut *state;
        let result = work(
            &mut state.ecs,
            &Scope {
                now,
                place: &state.place,
            },
        );
        self.shared.wake.notify_one();
        result
    }

    /// Lets an update of a stack fail and be rolled back.
    pub fn doom(&self, doomed: Doomed) {
        self.state().cloudformation.doom(doomed);
    }

    /// Puts a stack into a state that nothing here leads to, such as `UPDATE_ROLLBACK_FAILED`.
    pub fn strand(&self, stack: &str, status: &'static str) {
        let now = self.clock().now();
        self.state().cloudformation.strand(stack, status, now);
    }

    /// Works on ECR directly: pushes without a record, and what its API cannot say.
    pub fn with_ecr<T>(&self, work: impl FnOnce(&mut Ecr, &Scope<'_>) -> T) -> T {
        let now = self.clock().now();
        let mut state = self.state();
        let state = &mut *state;
        let place = &state.place;
        work(&mut state.ecr, &Scope { now, place })
    }

    /// Whether nothing but the recurring background is left: schedules, and evaluations that can
    /// change nothing.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.state().is_quiet()
    }

    /// Jumps over empty time. What recurs goes on at or after `at`. Only for a quiet account: while
    /// something waits this does nothing.
    pub fn skip_to(&self, at: DateTime<Utc>) {
        if self.is_quiet() && at > self.clock().now() {
            self.clock().skip_to(at);
            self.state().rebase(at);
            self.shared.wake.notify_one();
        }
    }

    /// The time that a request needs to be answered.
    pub(crate) async fn wait_for_answer(&self) {
        let latency = self.state().options.call_latency;
        if !latency.is_zero() {
            tokio::time::sleep(self.clock().runtime(latency)).await;
        }
    }

    /// A panic elsewhere cannot leave the state half changed in a way that matters more than the
    /// panic itself.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("clock", self.clock())
            .finish_non_exhaustive()
    }
}
