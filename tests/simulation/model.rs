//! The naive model: it looks on, and says which of the ten rules did not hold.
//!
//! It shares no code with the handler and none with `filters`. What it knows comes from the acts (which pushes there were),
//! from the journal (which records arrived, who called what, what began), and from task definitions, which never change.
//! Everything it takes as right is from the contract: README ("What it decides") and the rules; where these leave something
//! open, the comment at the check says what is taken. Each excuse stands next to the check that it weakens.
//!
//! | rule | file | looks at |
//! |---|---|---|
//! | 1 | `rule_01` | every visible push against every report; `decisions`: what a report says against what happened |
//! | 2 to 6 | `rule_02` to `rule_06` | every deployment that ecroll begins; 6: every refusal as well |
//! | 7 | `rule_07` | every UpdateService, and the tasks that run |
//! | 8, 9 | `rule_08`, `rule_09` | every call |
//! | 10 | `rule_10` | every answer |
//! | 1, 4 | `registry` | what came of pushes of which no record told |
//! | 1 | `waves` | every deployment that ecroll begins in a later wave |
//! | all | `last` | what every service runs in the end |
//!
//! A step costs what happened in it. The model disturbs nothing: it reads behind the API's back, so that neither the journal
//! nor a request rate nor a fault notices.

mod begin;
mod decisions;
mod definitions;
mod image;
mod last;
mod policy;
mod pushes;
mod registry;
mod reports;
mod roll;
mod rule_01;
mod rule_02;
mod rule_03;
mod rule_04;
mod rule_05;
mod rule_06;
mod rule_07;
mod rule_08;
mod rule_09;
mod rule_10;
mod services;
mod track;
mod version;
mod waves;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use local::{Account, Caller, Entry, Place, What};
use serde_json::Value;

use crate::trace::{Act, Policy, Settings, Step, Violation, World};

use definitions::Definitions;
use image::Repository;
use pushes::Pushes;
use services::{Key, Service};

/// How long a deployment may stand before an entry of the journal that belongs to it is no longer looked for.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);
/// An invocation that took longer than this kept the others waiting.
const LONG: TimeDelta = TimeDelta::minutes(1);

/// The model of one history.
#[derive(Debug)]
pub(crate) struct Model {
    start: DateTime<Utc>,
    settings: Settings,
    /// Log events carry the record's own `eventTime`.
    event_time: bool,
    place: Place,
    /// The `ecroll:` tags that services are created with.
    own: BTreeMap<Key, Policy>,
    pushes: Pushes,
    services: BTreeMap<Key, Service>,
    /// Services that were deleted, and when: decisions on them may still be under way.
    gone: BTreeMap<Key, DateTime<Utc>>,
    /// Of services that were deleted since: their wave, and the records of the pushes that they had given up. These go no further.
    given_up: BTreeMap<Key, (usize, BTreeSet<String>)>,
    /// Which services run a repository.
    running: BTreeMap<Repository, BTreeSet<Key>>,
    /// Services that follow by their names.
    by_name: BTreeSet<Key>,
    definitions: Definitions,
    /// Services in which a deployment of ecroll goes on.
    rolling: BTreeSet<Key>,
    /// When the invocations that have not ended began, by request: an event that comes twice has one request for both.
    invocations: BTreeMap<String, Vec<DateTime<Utc>>>,
    /// When those that ended of late did so, and when they had begun: what they did last may take effect at that same moment.
    ended: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// When an invocation last ended that had taken long.
    long_until: Option<DateTime<Utc>>,
    /// When look-ups began: in the empty stretches of a history there are none.
    look_ups: Vec<DateTime<Utc>>,
    /// When a new function took the place of the old one.
    restarted: Option<DateTime<Utc>>,
    owed: Vec<rule_01::Owed>,
    /// What nobody but its owner may change, as it was at the start.
    others: Option<BTreeMap<&'static str, Value>>,
    begun: bool,
    found: Vec<Violation>,
}

/// What is known of the moment at which something is checked.
#[derive(Debug, Clone, Copy)]
struct Moment<'a> {
    at: DateTime<Utc>,
    /// Since when nothing has gone wrong on purpose.
    calm_since: Option<DateTime<Utc>>,
    account: &'a Account,
}

impl Moment<'_> {
    /// Whether nothing went wrong on purpose since a time.
    fn calm_from(&self, time: DateTime<Utc>) -> bool {
        self.calm_since.is_some_and(|since| since <= time)
    }
}

impl Model {
    /// The model of a world in which nothing has happened yet.
    pub(crate) fn new(world: &World) -> Self {
        let own = world.services.iter();
        let own = own.map(|s| ((s.cluster.clone(), s.name.clone()), s.own.clone()));
        Self {
            start: world.start,
            settings: world.settings.clone(),
            event_time: world.event_time,
            place: local::Options::default().place(),
            own: own.collect(),
            pushes: Pushes::default(),
            services: BTreeMap::new(),
            gone: BTreeMap::new(),
            given_up: BTreeMap::new(),
            running: BTreeMap::new(),
            by_name: BTreeSet::new(),
            definitions: Definitions::default(),
            rolling: BTreeSet::new(),
            invocations: BTreeMap::new(),
            ended: Vec::new(),
            long_until: None,
            look_ups: Vec::new(),
            restarted: None,
            owed: Vec::new(),
            others: None,
            begun: false,
            found: Vec::new(),
        }
    }

    /// Looks at a stretch of the history. What does not hold in it is told once.
    pub(crate) fn step(&mut self, step: &Step<'_>, account: &Account) -> Vec<Violation> {
        self.begin_once(step, account);
        let mut acts = step.acts.iter().peekable();
        for entry in step.entries {
            while let Some((at, act)) = acts.next_if(|(at, _)| *at <= entry.at) {
                self.act(*at, act);
            }
            self.entry(entry, step.calm_since, account);
        }
        for (at, act) in acts {
            self.act(*at, act);
        }
        let moment = Moment {
            at: step.at,
            calm_since: step.calm_since,
            account,
        };
        self.check_owed(moment);
        self.watch_tasks(moment);
        std::mem::take(&mut self.found)
    }

    /// From now on a new function looks up, which knows nothing and reads everything first.
    pub(crate) fn restarted(&mut self, at: DateTime<Utc>) {
        self.restarted = Some(at);
    }

    /// After a calm in which sweep and retries had their time: what every service must run now.
    ///
    /// Unless the function is a new one, the calm must be longer than twelve sweeps, because a warm one reads all of
    /// `look_back` every twelfth time only (DESIGN 5.2). With the sweep off a last alarm episode must have ended in it.
    pub(crate) fn end(&mut self, at: DateTime<Utc>, account: &Account) -> Vec<Violation> {
        let moment = Moment {
            at,
            calm_since: Some(at),
            account,
        };
        self.check_all_owed(moment);
        self.check_last(moment);
        self.check_missed(moment);
        self.check_others(moment);
        std::mem::take(&mut self.found)
    }

    fn act(&mut self, at: DateTime<Utc>, act: &Act) {
        match act {
            Act::Push(push) => self.pushes.add(push, at),
            Act::Create(service) => {
                let key = (service.cluster.clone(), service.name.clone());
                self.own.insert(key, service.own.clone());
            }
            // What people do is in the journal, with what came of it.
            _ => {}
        }
    }

    fn entry(&mut self, entry: &Entry, calm_since: Option<DateTime<Utc>>, account: &Account) {
        let moment = Moment {
            at: entry.at,
            calm_since,
            account,
        };
        match &entry.what {
            What::Call {
                service,
                operation,
                input,
                error,
                by,
                ..
            } => {
                let call = track::Call {
                    service,
                    operation,
                    input,
                    error: error.as_deref(),
                    by_person: matches!(by, Caller::Person),
                };
                self.call(&call, moment);
            }
            What::Delivered {
                log_group,
                message_id: Some(id),
                ..
            } if log_group == "/ecroll/trail" => self.delivered(id, moment),
            What::Invoked { request_id, .. } => {
                let of = self.invocations.entry(request_id.clone()).or_default();
                of.push(entry.at);
                self.look_ups.push(entry.at);
            }
            What::Answered {
                request_id, result, ..
            } => {
                // Which of two at once has ended is not told: either did what it did since the first of them began.
                let of = self.invocations.entry(request_id.clone()).or_default();
                let began = of.first().copied().unwrap_or(entry.at);
                of.pop();
                if entry.at - began > LONG {
                    self.long_until = Some(entry.at);
                }
                self.ended.retain(|(at, _)| entry.at - *at < LONG);
                self.ended.push((entry.at, began));
                self.answered(began, result, moment);
            }
            What::Deployment(notice) => self.notice(notice, moment),
            _ => {}
        }
    }

    fn say(&mut self, rule: u8, at: DateTime<Utc>, what: String) {
        // What came before the start is only taken in.
        if self.begun {
            self.found.push(Violation { rule, at, what });
        }
    }

    /// When the oldest invocation that runs at this moment began, else now: what the handler knows may be that old.
    fn since(&self, moment: Moment<'_>) -> DateTime<Utc> {
        let ended = self.ended.iter().filter(|(at, _)| *at == moment.at);
        let ended = ended.map(|(_, began)| began);
        let oldest = self.invocations.values().flatten().chain(ended).min();
        oldest.copied().unwrap_or(moment.at)
    }

    /// Whether two invocations were at once, which only a fault allows, and the other one deployed a service: neither can see in
    /// time what the other does.
    fn is_raced(&self, roll: &roll::Roll, moment: Moment<'_>) -> bool {
        let since = self.since(moment);
        let now = self.ended.iter().filter(|(at, _)| *at == moment.at);
        let at_once = self.invocations.values().flatten().count() + now.count();
        let mut others = self.ended.iter().filter(|(at, _)| *at < moment.at);
        let overlap = at_once > 1 || others.any(|(at, _)| *at > since);
        overlap && roll.base.by == services::By::Ecroll && roll.base.at >= since
    }
}
