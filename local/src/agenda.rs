//! What happens by itself: jobs at their times, and what recurs.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::journal::What;
use crate::logs::{Gathering, OpenMinute};
use crate::metric::Sample;
use crate::record::Record;
use crate::service::Scope;
use crate::sns::Delivery;
use crate::state::{State, delta};

/// Something that happens by itself, once.
#[derive(Debug)]
pub(crate) enum Job {
    /// What a record tells of happens in the registry.
    Push(Box<Value>),
    /// A CloudTrail record reaches the log groups.
    Deliver(Arc<Record>),
    /// An event of the registry reaches the event bus.
    Event(Box<Value>),
    /// A CloudTrail record reaches the event bus.
    ApiCall(Arc<Record>, Box<Value>),
    /// What a subscription filter gathered goes to its function.
    Batch(Gathering),
    /// A sample becomes visible in its metric.
    Sample(Sample),
    /// A minute is over for a metric filter with a default value.
    CloseMinute(OpenMinute),
    /// A message reaches a subscriber.
    Notify(Delivery),
    /// Somebody does what a planned fault says, by its index in the plan.
    BeginFault(usize),
    /// Somebody undoes it.
    EndFault(usize),
}

/// The sources of what is due, in the order in which they act at one moment.
#[derive(Debug, Clone, Copy)]
enum Source {
    Agenda,
    Ecs,
    Alarms,
    Rules,
    Functions,
}

impl State {
    /// Puts a job on the agenda.
    pub(crate) fn schedule(&mut self, at: DateTime<Utc>, job: Job) {
        self.agenda.entry(at).or_default().push_back(job);
    }

    /// When something next happens by itself.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due().map(|(due, _)| due)
    }

    fn due(&self) -> Option<(DateTime<Utc>, Source)> {
        let agenda = self.agenda.first_key_value().map(|(due, _)| *due);
        let sources = [
            (agenda, Source::Agenda),
            (self.ecs.next_due(), Source::Ecs),
            (self.cloudwatch.next_due(), Source::Alarms),
            (
                self.events.next_due().filter(|_| !self.dozes),
                Source::Rules,
            ),
            (self.lambda.next_due(), Source::Functions),
        ];
        let dues = sources
            .into_iter()
            .filter_map(|(due, source)| Some((due?, source)));
        // The first of equals wins.
        dues.min_by_key(|(due, _)| *due)
    }

    /// Lets everything happen that is due.
    pub(crate) fn run_due(&mut self, now: DateTime<Utc>) {
        while let Some((due, source)) = self.due()
            && due <= now
        {
            match source {
                Source::Agenda => {
                    if let Some(job) = self.next_job(due) {
                        self.run(job, now);
                    }
                }
                Source::Ecs => {
                    let scope = Scope {
                        now,
                        place: &self.place,
                    };
                    let notices = self.ecs.advance(&scope);
                    for tally in self.ecs.tallies() {
                        self.journal.write(tally.at, What::Tasks(tally));
                    }
                    for notice in notices {
                        let event = notice.event(&self.place);
                        self.journal.write(notice.at, What::Deployment(notice));
                        if let Some(event) = event {
                            self.route(event, now);
                        }
                    }
                }
                Source::Alarms => {
                    self.cloudwatch.advance(&Scope {
                        now,
                        place: &self.place,
                    });
                }
                Source::Rules => self.fire_rules(now),
                Source::Functions => self.run_functions(now),
            }
            self.settle(now);
        }
    }

    fn next_job(&mut self, due: DateTime<Utc>) -> Option<Job> {
        let mut entry = self
            .agenda
            .first_entry()
            .filter(|entry| *entry.key() == due)?;
        let job = entry.get_mut().pop_front();
        if entry.get().is_empty() {
            entry.remove();
        }
        job
    }

    fn run(&mut self, job: Job, now: DateTime<Utc>) {
        match job {
            Job::Push(record) => self.learn(&record, now, now),
            Job::Event(event) => self.route(*event, now),
            Job::ApiCall(record, event) => self.tell_call(&record, *event, now),
            Job::Batch(gathering) => self.send_gathered(&gathering, now),
            Job::Deliver(record) => match self.faults.postponed(now) {
                Some(later) => self.schedule(later, Job::Deliver(record)),
                None => self.deliver(&record, now),
            },
            Job::Sample(sample) => self.cloudwatch.add(&sample, now),
            Job::CloseMinute(minute) => {
                if let Some(sample) = self.logs.close_minute(&minute) {
                    self.cloudwatch.add(&sample, now);
                }
            }
            Job::Notify(delivery) => self.notify(&delivery, now),
            Job::BeginFault(index) => self.begin_fault(index, now),
            Job::EndFault(index) => self.end_fault(index, now),
        }
    }

    /// Hands on what the services have put out, until there is nothing more.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>) {
        self.tell_faults();
        let metric_delay = delta(self.options.metric_delay);
        let depths = self.sqs.take_samples();
        for sample in self.logs.take_samples().into_iter().chain(depths) {
            self.schedule(now + metric_delay, Job::Sample(sample));
        }
        for open in self.logs.take_minutes() {
            let end = crate::logs::minute_end(open.minute);
            self.schedule(end + metric_delay, Job::CloseMinute(open));
        }
        let gathering = delta(self.options.subscription_delay);
        for opened in self.logs.take_opened() {
            self.schedule(now + gathering, Job::Batch(opened));
        }
        for control in self.logs.take_controls() {
            self.subscribe(control, now);
        }
        for change in self.cloudwatch.take_changes() {
            self.act_on(&change, now);
        }
        let delay = delta(self.options.notification_delay);
        for delivery in self.sns.take_deliveries() {
            let copies = self.faults.message_copies(now);
            self.tell_faults();
            if copies.is_empty() {
                let what = What::Dropped {
                    meant_for: delivery.subscription.clone(),
                    message_id: delivery.message.id.clone(),
                    reason: "lost on purpose".to_owned(),
                    kept_in: None,
                };
                self.journal.write(now, what);
            }
            for later in copies {
                self.schedule(now + delay + later, Job::Notify(delivery.clone()));
            }
        }
    }

    /// Whether nothing but the recurring is left, and what somebody is to break or to mend on purpose: nobody waits for that.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut jobs = self.agenda.values().flatten();
        jobs.all(|job| matches!(job, Job::BeginFault(_) | Job::EndFault(_)))
            && self.starts.is_empty()
            && self.lambda.is_idle()
            && self.cloudwatch.is_settled()
            && self.ecs.is_steady()
    }

    /// After a jump of the clock: what recurs goes on from there.
    pub(crate) fn rebase(&mut self, at: DateTime<Utc>) {
        self.events.rebase(at);
        self.cloudwatch.rebase(at);
    }
}
