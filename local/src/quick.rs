//! The quick roads of a push: the registry and CloudTrail tell the event bus, and a subscription filter its function.
//!
//! Nothing here happens, and nothing is drawn, where no rule and no filter asks for it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::agenda::Job;
use crate::ecr::Pushed;
use crate::journal::What;
use crate::logs::{Batch, Gathering};
use crate::record::Record;
use crate::state::{State, delta};

/// How CloudWatch Logs calls itself: plainly, and with its Region, as older examples have it.
const LOGS: &str = "logs";

impl State {
    /// The registry takes in what a record tells of, and tells of it where that was news.
    pub(crate) fn learn(&mut self, record: &Value, pushed: DateTime<Utc>, now: DateTime<Utc>) {
        if let Some(image) = self.ecr.learn(record, &self.place.region, pushed) {
            self.tell_push(&image, pushed, now);
        }
    }

    /// The registry's event of a push comes some seconds later, if any rule takes it.
    pub(crate) fn tell_push(&mut self, image: &Pushed, pushed: DateTime<Utc>, now: DateTime<Utc>) {
        if image.region != self.place.region {
            return;
        }
        let event = image.event(pushed);
        if self.is_told(&event) {
            let at = (pushed + delta(self.options.event_delay)).max(now);
            self.schedule(at, Job::Event(Box::new(event)));
        }
    }

    /// CloudTrail's event of a call comes some time later, if any rule takes it.
    pub(crate) fn await_call(&mut self, read: &Arc<Record>, record: &Value, now: DateTime<Utc>) {
        if !self.awaits(read) {
            return;
        }
        let event = read.event(record, &self.place);
        if self.is_told(&event) {
            let at = read.time.unwrap_or(now) + delta(self.options.api_call_delay);
            let job = Job::ApiCall(Arc::clone(read), Box::new(event));
            self.schedule(at.max(now), job);
        }
    }

    /// Whether some rule may take CloudTrail's event of a call.
    fn awaits(&self, read: &Record) -> bool {
        let told = read.region == self.place.region && !read.read_only && read.fits();
        told && self.events.may_take(&read.head())
    }

    /// Whether anybody looks at more of a record than its head.
    pub(crate) fn needs_whole(&self, read: &Record) -> bool {
        read.pushes || self.awaits(read)
    }

    /// Whether an event is wanted and not lost.
    fn is_told(&mut self, event: &Value) -> bool {
        if !self.events.takes(event) {
            return false;
        }
        self.tellable += 1;
        let every = self.options.lost_event_every;
        every == 0 || !self.tellable.is_multiple_of(every)
    }

    /// A call reaches the event bus, if a trail logs it by now.
    pub(crate) fn tell_call(&mut self, record: &Record, event: Value, now: DateTime<Utc>) {
        let logged = {
            let mut trails = self.cloudtrail.trails_mut();
            trails.any(|(_, trail)| trail.logs(record).is_ok())
        };
        if logged {
            self.route(event, now);
        }
    }

    /// Whether CloudWatch Logs may invoke a function for a group.
    pub(crate) fn may_subscribe(
        &self,
        group: &str,
        function: &str,
        now: DateTime<Utc>,
    ) -> Result<(), &'static str> {
        let source = self.place.arn("logs", &format!("log-group:{group}:*"));
        let region = &self.place.region;
        let plain = format!("{LOGS}.amazonaws.com");
        let regional = format!("{LOGS}.{region}.amazonaws.com");
        let admits = |principal: &str| {
            let scope = self.scope(now);
            self.lambda.admits(function, principal, &source, &scope)
        };
        admits(&plain).or_else(|why| admits(&regional).map_err(|_| why))
    }

    /// The first message of a new subscription filter.
    pub(crate) fn subscribe(&mut self, control: Batch, now: DateTime<Utc>) {
        let copies = [chrono::TimeDelta::zero()];
        let (function, event) = (control.destination, control.event);
        self.lambda.accept(&function, event, &copies, now);
    }

    /// What a subscription filter gathered goes to its function. A refusal lasts: the filter rests, and what it had is
    /// gone.
    pub(crate) fn send_gathered(&mut self, of: &Gathering, now: DateTime<Utc>) {
        let owner = self.place.account.clone();
        for batch in self.logs.end_gathering(of, &owner) {
            let Batch {
                group,
                filter,
                destination,
                event,
            } = batch;
            match self.may_subscribe(&group, &destination, now) {
                Ok(()) => {
                    let copies = self.faults.event_copies(now);
                    self.lambda.accept(&destination, event, &copies, now);
                }
                Err(why) => {
                    self.logs.rest(&group, &filter, now);
                    let what = What::Dropped {
                        meant_for: destination,
                        message_id: filter,
                        reason: why.to_owned(),
                        kept_in: None,
                    };
                    self.journal.write(now, what);
                }
            }
        }
    }
}
