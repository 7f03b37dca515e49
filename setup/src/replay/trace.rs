//! What went on between pushes and decisions: states of alarms, look-ups, numbers of tasks, faults. A picture of a replay is
//! drawn from it; the JSON does not carry it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use local::ecs::Tasks;
use local::{Entry, What};

use super::host::Answer;

/// An alarm changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// The state since: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub(crate) to: String,
    /// `CloudWatch`'s sentence about it.
    pub(crate) reason: String,
}

/// An invocation that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// What caused it, in the words of the handler's report.
    pub(crate) trigger: String,
    /// How many pushes it had in sight.
    pub(crate) pushes: usize,
    /// How many of its decisions were new.
    pub(crate) news: usize,
    /// Whether it read the log; else an event carried its pushes.
    pub(crate) read: bool,
    /// Whether it ended in an error and is tried again.
    pub(crate) failed: bool,
}

/// Cluster and name of a service.
pub(crate) type Service = (String, String);

/// All of it, each list in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    /// By the alarm's name.
    pub(crate) alarms: BTreeMap<String, Vec<Changed>>,
    /// Every invocation that answered.
    pub(crate) looks: Vec<Look>,
    /// By service: how many tasks there are since when. A service of another account or Region is not among them.
    pub(crate) tasks: BTreeMap<Service, Vec<(DateTime<Utc>, Tasks)>>,
    /// What went wrong on purpose.
    pub(crate) faults: Vec<(DateTime<Utc>, String)>,
}

impl Trace {
    /// Of a journal and of what the handler answered; `news` says how many new decisions were taken at a time.
    pub(super) fn new(
        journal: &[Entry],
        answers: &[Answer],
        news: &BTreeMap<DateTime<Utc>, usize>,
    ) -> Self {
        let look = |answer: &Answer| Look {
            at: answer.at,
            trigger: answer.report.trigger.clone(),
            pushes: answer.report.pushes.len(),
            news: news.get(&answer.at).copied().unwrap_or_default(),
            read: answer.report.window.is_some(),
            failed: answer.failed,
        };
        let mut trace = Self {
            looks: answers.iter().map(look).collect(),
            ..Self::default()
        };
        for entry in journal {
            trace.take(entry);
        }
        trace.looks.sort_by_key(|look| look.at);
        for told in trace.tasks.values_mut() {
            told.sort_by_key(|(at, _)| *at);
        }
        trace
    }

    fn take(&mut self, entry: &Entry) {
        let at = entry.at;
        match &entry.what {
            What::Alarm {
                name, to, reason, ..
            } => {
                let changed = Changed {
                    at,
                    to: to.clone(),
                    reason: reason.clone(),
                };
                self.alarms.entry(name.clone()).or_default().push(changed);
            }
            What::Fault { kind, on } => self.faults.push((at, format!("{kind} befalls {on}"))),
            What::Tasks(tally) => {
                let service = (tally.cluster.clone(), tally.service.clone());
                let told = self.tasks.entry(service).or_default();
                told.push((tally.at, tally.tasks));
            }
            _ => {}
        }
    }
}
