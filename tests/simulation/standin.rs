//! In place of the model, until it is here: only that the engine keeps its promises.

use chrono::{DateTime, Utc};
use local::Account;

use crate::trace::{Step, Violation, World};

/// Checks nothing of the handler.
#[derive(Debug)]
pub(crate) struct Model;

impl Model {
    pub(crate) fn new(_: &World) -> Self {
        Self
    }

    pub(crate) fn step(&mut self, step: &Step<'_>, _: &Account) -> Vec<Violation> {
        let Step { at, acts, .. } = *step;
        let times = acts.iter().map(|(at, _)| *at);
        let times = times.chain(step.entries.iter().map(|entry| entry.at));
        let late = times.chain(step.calm_since).find(|time| *time > at);
        let what = |late| format!("the step was told of something at {late}, after its end");
        let violation = |late| Violation {
            rule: 10,
            at,
            what: what(late),
        };
        late.map(violation).into_iter().collect()
    }

    pub(crate) fn end(&mut self, _: DateTime<Utc>, _: &Account) -> Vec<Violation> {
        Vec::new()
    }
}
