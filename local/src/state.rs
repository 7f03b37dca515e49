//! The whole account: its services, what is due, and what happened.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::agenda::Job;
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
use crate::logs::Logs;
use crate::options::Options;
use crate::rates::Rates;
use crate::s3::S3;
use crate::scheduler::Scheduler;
use crate::service::{Answer, Place, Scope};
use crate::sns::Sns;
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
    /// When a trail was last let write, by which role and to which group.
    pub(crate) delivering: Option<(DateTime<Utc>, String, String)>,
    pub(crate) agenda: BTreeMap<DateTime<Utc>, VecDeque<Job>>,
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
            delivering: None,
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
        self.delivering = None;
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
