//! Running a history: the real handler in a pocket account with the pipeline of setup, watched step by step by the model.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, TimeDelta, Utc};
use local::faults::Kind;
use local::{Account, Entry, What};
use setup::replay::{Answers, host};

use crate::Model;
use crate::act::{Past, perform};
use crate::build::account;
use crate::coverage::Coverage;
use crate::history::History;
use crate::show::timeline;
use crate::trace::{Act, FULL, Step, Violation};

/// A step is no longer than this.
const STRETCH: TimeDelta = TimeDelta::minutes(30);
/// An image is so old before the registry is asked for it, and a look-up that asked too early is over.
const MISSED: TimeDelta = TimeDelta::minutes(20);
/// Retries of an invocation after one and two minutes, and some room.
const SETTLING: TimeDelta = TimeDelta::minutes(6);

/// What came of a history.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<Violation>,
    pub(crate) coverage: Coverage,
    /// How long it was.
    pub(crate) span: TimeDelta,
    /// How much happened.
    pub(crate) entries: usize,
    /// What happened, if a rule did not hold.
    pub(crate) story: Vec<String>,
    /// A mark of everything that happened, for comparing two runs.
    pub(crate) mark: u64,
}

/// Runs a history on a runtime of its own; a panic is a violation of rule 10.
pub(crate) fn run(history: &History) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let ran = catch_unwind(AssertUnwindSafe(|| runtime.block_on(lived(history))));
    ran.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let violation = Violation {
            rule: 10,
            at: history.calm,
            what: format!("panic: {}", text.unwrap_or_default()),
        };
        Outcome {
            violations: vec![violation],
            ..Outcome::default()
        }
    })
}

async fn lived(history: &History) -> Outcome {
    let account = account(history).await;
    let answers = host(&account);
    account.run_until(history.world.start).await;
    let mut life = Life {
        history,
        model: Model::new(&history.world),
        past: Past::default(),
        pending: Vec::new(),
        outcome: Outcome::default(),
        told: 0,
        account,
        answers,
    };
    // What the pipeline's own making did is no part of the history, but what the services ran first is.
    life.past.learn(&life.account.journal());
    life.told = life.account.journal_len();
    let _ = life.answers.taken();
    life.account.plan_faults(history.faults.clone());
    life.go().await;
    if !life.outcome.violations.is_empty() {
        life.outcome.story = timeline(&life.account.journal(), history.world.start);
    }
    life.outcome
}

/// A history under way.
struct Life<'h> {
    history: &'h History,
    account: Account,
    answers: Answers,
    model: Model,
    past: Past,
    /// What was done and not yet told to the model.
    pending: Vec<(DateTime<Utc>, Act)>,
    /// How much of the journal the model knows.
    told: usize,
    outcome: Outcome,
}

impl Life<'_> {
    async fn go(&mut self) {
        let history = self.history;
        for (at, act) in &history.acts {
            self.pass(*at).await;
            if !self.outcome.violations.is_empty() {
                return;
            }
            if let Some(done) = perform(&self.account, history, act, &self.past) {
                self.outcome.coverage.act(&done);
                self.pending.push((*at, done));
            }
        }
        self.pass(history.calm).await;
        if !self.outcome.violations.is_empty() {
            return;
        }
        // Nothing goes wrong any more; everything may come to its end.
        let delayed = self.last_delay();
        // By the event's own time a late record is seen when everything is read, which is every twelfth time.
        // So is an old push by a service that somebody made follow it meanwhile.
        // Only such a sweep asks the registry what it holds.
        let settings = &history.world.settings;
        let all = history.world.event_time || history.temper.days || settings.reconcile;
        let mut from = history.calm + delayed;
        let mut sweeps = if all { FULL } else { 2 };
        if all && history.is_restarted() {
            from += MISSED.max(history.sweep());
            self.pass(from).await;
            self.restart();
            sweeps = 2;
        }
        let end = from + history.sweep() * sweeps + SETTLING * 2 + history.waves();
        self.pass(end).await;
        self.finish();
    }

    /// A new function reads everything with its first sweep, as a warm one does with its twelfth.
    fn restart(&mut self) {
        self.outcome.coverage.answers(&self.answers.taken());
        self.answers = host(&self.account);
        self.model.restarted(self.account.clock().now());
    }

    /// How long the messages that are under way may still take.
    fn last_delay(&self) -> TimeDelta {
        let amounts = self.history.faults.iter().map(|planned| planned.amount);
        amounts.max().unwrap_or_default().max(TimeDelta::zero())
    }

    fn finish(&mut self) {
        let now = self.account.clock().now();
        if self.outcome.violations.is_empty() {
            let found = self.model.end(now, &self.account);
            self.outcome.violations.extend(found);
        }
        self.outcome.coverage.faults(&self.account.faults());
        self.outcome.span = now - self.history.world.start;
    }

    /// Lets time pass until then; where nothing is under way, without look-ups.
    async fn pass(&mut self, until: DateTime<Utc>) {
        while self.account.clock().now() < until && self.outcome.violations.is_empty() {
            let now = self.account.clock().now();
            let busy = self.busy_until(now);
            if busy > now {
                let next = busy.min(until).min(now + STRETCH);
                self.account.run_until(next).await;
            } else {
                let next = self.history.next_after(now);
                let next = next.unwrap_or(until).min(until);
                self.account.doze_until(next).await;
            }
            self.told();
        }
    }

    /// Until when look-ups may still have something to find or to mend.
    fn busy_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let planned = self.history.last_before(now);
        let fault = self.account.faults().last().map(|(at, kind)| match kind {
            // It is felt until the answer comes, or the function's time is over.
            Kind::Slow => *at + TimeDelta::minutes(20),
            _ => *at,
        });
        let last = planned.into_iter().chain(fault).max();
        let last = last.unwrap_or(self.history.world.start);
        if now >= self.history.calm {
            return DateTime::<Utc>::MAX_UTC;
        }
        let usual = last + self.history.sweep() + SETTLING + self.history.waves();
        let people = self.history.last_by_people_before(now);
        let people = people.filter(|_| self.history.temper.days);
        usual.max(people.map_or(usual, |at| at + self.history.sweep() * FULL))
    }

    /// Tells the model what happened since the last time.
    fn told(&mut self) {
        let entries = self.account.journal_since(self.told);
        self.past.learn(&entries);
        self.outcome.entries += entries.len();
        self.outcome.mark = mark(self.outcome.mark, &entries);
        self.outcome.coverage.entries(&entries);
        self.outcome.coverage.answers(&self.answers.taken());
        let acts = std::mem::take(&mut self.pending);
        let step = Step {
            at: self.account.clock().now(),
            acts: &acts,
            entries: &entries,
            calm_since: self
                .account
                .calm_since()
                .map(|since| since.max(self.history.world.start)),
        };
        let found = self.model.step(&step, &self.account);
        self.outcome.violations.extend(found);
        // What the model asks the account is no part of the history.
        self.told = self.account.journal_len();
    }
}

/// A mark of what happened, and when.
fn mark(mut mark: u64, entries: &[Entry]) -> u64 {
    for entry in entries {
        let what = match &entry.what {
            What::Call { operation, .. } => operation.as_str(),
            What::Deployment(notice) => notice.task_definition.as_str(),
            What::Answered { request_id, .. } => request_id.as_str(),
            _ => "",
        };
        let time = entry.at.timestamp_millis().to_le_bytes();
        for byte in what.bytes().chain(time) {
            mark = (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    mark
}
