//! The whole account: its services, what is due, and what happened.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::cloudformation::CloudFormation;
use crate::cloudtrail::CloudTrail;
use crate::cloudwatch::CloudWatch;
use crate::ecr::Ecr;
use crate::ecs::Ecs;
use crate::events::Events;
use crate::faults::{self, Plan};
use crate::iam::{Asks, Iam, Identity, operator};
use crate::ids::Ids;
use crate::input::not_implemented;
use crate::journal::{Caller, Journal, What};
use crate::lambda::{Lambda, Program, Start};
use crate::logs::{Gathering, Logs, OpenMinute};
use crate::metric::Sample;
use crate::options::Options;
use crate::rates::Rates;
use crate::record::Record;
use crate::s3::S3;
use crate::scheduler::Scheduler;
use crate::service::{Answer, Place, Scope};
use crate::sns::{Delivery, Sns};
use crate::sqs::Sqs;

/// The state behind an account's handle.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) place: Place,
    pub(crate) options: Options,
    pub(crate) iam: Iam,
    pub(crate) s3: S3,
    pub(crate) sqs: Sqs,
    pub(crate) sns: Sns,
    pub(crate) events: Events,
    pub(crate) scheduler: Scheduler,
    pub(crate) cloudformation: CloudFormation,
    pub(crate) cloudtrail: CloudTrail,
    pub(crate) logs: Logs,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) lambda: Lambda,
    pub(crate) ecr: Ecr,
    pub(crate) ecs: Ecs,
    pub(crate) journal: Journal,
    pub(crate) program: Hosted,
    /// Runs that began and wait for the driver to take them.
    pub(crate) starts: Vec<Start>,
    /// What is to go wrong on purpose.
    pub(crate) faults: Plan,
    /// Whether schedules are left out for a while.
    pub(crate) dozes: bool,
    /// How many calls a second are taken.
    rates: Rates,
    /// From when on a new trail is found, by name.
    pub(crate) fresh_trails: BTreeMap<String, DateTime<Utc>>,
    /// How many events of the registry and of CloudTrail some rule would have taken.
    pub(crate) tellable: u32,
    /// What policies were asked so far, and said.
    pub(crate) asks: Asks,
    agenda: BTreeMap<DateTime<Utc>, VecDeque<Job>>,
    ids: Ids,
}

/// The hosted program; a closure has nothing to show.
#[derive(Clone, Default)]
pub(crate) struct Hosted(pub(crate) Option<Program>);

impl std::fmt::Debug for Hosted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Hosted(…)"
        } else {
            "Hosted(nothing)"
        })
    }
}

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
    pub(crate) fn new(options: Options) -> Self {
        let seed = options.seed;
        Self {
            place: options.place(),
            iam: Iam::new(&options),
            s3: S3::default(),
            sqs: Sqs::new(seed),
            sns: Sns::new(seed),
            events: Events::new(seed),
            scheduler: Scheduler::default(),
            cloudformation: CloudFormation::new(seed),
            cloudtrail: CloudTrail::default(),
            logs: Logs::new(&options),
            cloudwatch: CloudWatch::new(&options),
            lambda: Lambda::new(&options),
            ecr: Ecr::default(),
            ecs: Ecs::default(),
            journal: Journal::default(),
            program: Hosted::default(),
            starts: Vec::new(),
            faults: Plan::default(),
            dozes: false,
            rates: Rates::new(&options),
            fresh_trails: BTreeMap::new(),
            tellable: 0,
            asks: Asks::default(),
            agenda: BTreeMap::new(),
            ids: Ids::new(seed, "requests"),
            options,
        }
    }

    /// Answers one call of the operator and lets its immediate consequences happen.
    pub(crate) fn call(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
        by: Caller,
        now: DateTime<Utc>,
    ) -> Answer {
        let who = operator(&self.place);
        self.call_as(&who, service, operation, input, by, now)
    }

    /// Answers one call of somebody, if they may make it.
    pub(crate) fn call_as(
        &mut self,
        who: &Identity,
        service: &str,
        operation: &str,
        input: &Value,
        by: Caller,
        now: DateTime<Utc>,
    ) -> Answer {
        // What was due before the call happens before the call.
        self.run_due(now);
        let too_many = by == Caller::Sdk && !self.rates.take(service, operation, now);
        // The registries of all Regions are here; everything else is of one.
        let region = who.region.as_ref().filter(|_| service == "ecr");
        let region = region.map_or_else(|| self.place.region.clone(), ToString::to_string);
        let home = std::mem::replace(&mut self.place.region, region.clone());
        let answer = match self.authorise(service, operation, input, who, now) {
            _ if too_many => Err(faults::throttle(service)),
            Ok(()) if service == "sts" => self.answer_sts(operation, input, who, now),
            Ok(()) => self.answer(service, operation, input, now),
            Err(fault) => Err(fault),
        };
        self.place.region = home;
        if (service, operation) == ("ecr", "PutImage")
            && let Ok(answer) = &answer
            && let Some(image) = crate::ecr::Pushed::answered(answer, &region)
        {
            self.tell_push(&image, now, now);
        }
        if operation == "CreateTrail" && answer.is_ok() {
            let name = input.get("Name").and_then(Value::as_str);
            let seen = now + delta(self.options.trail_propagation);
            self.fresh_trails
                .extend(name.map(|name| (name.to_owned(), seen)));
        }
        let error = answer.as_ref().err().map(|fault| fault.code.clone());
        self.note_call(who, service, operation, input, error, by, now);
        self.settle(now);
        answer
    }

    #[expect(clippy::too_many_arguments, reason = "these are the parts of one call")]
    pub(crate) fn note_call(
        &mut self,
        who: &Identity,
        service: &str,
        operation: &str,
        input: &Value,
        error: Option<String>,
        by: Caller,
        now: DateTime<Utc>,
    ) {
        if self.options.journal_calls {
            let (service, operation) = (service.to_owned(), operation.to_owned());
            let input = without_zip(input);
            self.journal.write(
                now,
                What::Call {
                    service,
                    operation,
                    input,
                    error,
                    by,
                    principal: Arc::clone(&who.principal),
                },
            );
        }
    }

    pub(crate) fn answer(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
        now: DateTime<Utc>,
    ) -> Answer {
        self.check_neighbours(service, operation, input, now)?;
        let scope = Scope {
            now,
            place: &self.place,
        };
        match service {
            "iam" => self.iam.call(operation, input, &scope),
            "s3" => self.s3.call(operation, input, &scope),
            "sqs" => self.sqs.call(operation, input, &scope),
            "sns" => self.sns.call(operation, input, &scope),
            "events" => self.events.call(operation, input, &scope),
            "scheduler" => self.scheduler.call(operation, input, &scope),
            "cloudformation" => self.cloudformation.call(operation, input, &scope),
            "cloudtrail" => self.cloudtrail.call(operation, input, &scope),
            "logs" => self.logs.call(operation, input, &scope),
            "cloudwatch" => self.cloudwatch.call(operation, input, &scope),
            "lambda" => self.lambda.call(operation, input, &scope),
            "ecr" => self.ecr.call(operation, input, &scope),
            "ecs" => self.ecs.call(operation, input, &scope),
            _ => Err(not_implemented(service, operation)),
        }
    }

    /// The identifier of the next response.
    pub(crate) fn request_id(&mut self) -> String {
        self.ids.uuid()
    }

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

pub(crate) fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or_default()
}

/// A function's zip is megabytes that nobody reads in a journal.
fn without_zip(input: &Value) -> Value {
    let shortened = |zip: Option<&Value>| {
        zip.and_then(Value::as_str)
            .map(|zip| json!(format!("{} bytes in base64", zip.len())))
    };
    let top = shortened(input.get("ZipFile"));
    let code = shortened(input.pointer("/Code/ZipFile"));
    let mut input = if top.is_none() && code.is_none() {
        return input.clone();
    } else {
        let members = input.as_object().into_iter().flatten();
        let light = members.filter(|(name, _)| !matches!(name.as_str(), "ZipFile" | "Code"));
        Value::Object(
            light
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    };
    if let Some(members) = input.as_object_mut() {
        members.extend(top.map(|zip| ("ZipFile".to_owned(), zip)));
        members.extend(code.map(|zip| ("Code".to_owned(), json!({"ZipFile": zip}))));
    }
    input
}
