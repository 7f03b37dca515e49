//! Making a failing history smaller as long as it fails in the same way.

use crate::history::History;
use crate::run::run;
use crate::trace::{Act, Policy, Violation};
use crate::world::ALARM;

/// How many runs it may take.
const TRIES: usize = 600;

/// The smallest history found that violates the same rule in the same way, with what it violates.
pub(crate) fn shrink(history: &History, violations: &[Violation]) -> (History, Vec<Violation>) {
    let mut search = Search {
        best: history.clone(),
        violations: violations.to_vec(),
        way: violations.first().map(way).unwrap_or_default(),
        tries: 0,
    };
    loop {
        let before = search.best.clone();
        search.fewer(|history| &mut history.acts);
        search.fewer(|history| &mut history.faults);
        search.fewer(|history| &mut history.world.services);
        search.simpler();
        search.sooner();
        if search.best == before || search.tries >= TRIES {
            return (search.best, search.violations);
        }
    }
}

struct Search {
    best: History,
    violations: Vec<Violation>,
    way: (u8, Vec<String>),
    tries: usize,
}

/// The rule and what was said of it, without names, numbers and digests: one rule may be broken in several ways.
fn way(violation: &Violation) -> (u8, Vec<String>) {
    let words = violation.what.split_whitespace();
    let plain = words.filter(|word| word.bytes().all(|b| b.is_ascii_lowercase()));
    (violation.rule, plain.map(str::to_owned).collect())
}

impl Search {
    /// Takes a candidate if it fails as well. One service stays: setup lets the handler pass the roles of those it finds.
    fn take(&mut self, candidate: History) -> bool {
        let empty = candidate.world.services.is_empty();
        if self.tries >= TRIES || candidate == self.best || empty {
            return false;
        }
        self.tries += 1;
        let violations = run(&candidate).violations;
        let same = violations.iter().any(|v| way(v) == self.way);
        if same {
            self.best = candidate;
            self.violations = violations;
        }
        same
    }

    /// Leaves out halves, quarters, … of a list, down to single items.
    fn fewer<T>(&mut self, list: impl Fn(&mut History) -> &mut Vec<T>) {
        let mut size = list(&mut self.best).len();
        while size > 0 {
            let mut at = 0;
            while at < list(&mut self.best).len() {
                let mut candidate = self.best.clone();
                let items = list(&mut candidate);
                let end = (at + size).min(items.len());
                items.drain(at..end);
                if !self.take(candidate) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    fn simpler(&mut self) {
        self.with(|history| history.temper = plain());
        self.with(|history| history.world.event_time = false);
        self.with(|history| {
            history.world.settings.service = Policy {
                tags: Some("any".to_owned()),
                ..Policy::default()
            };
        });
        self.with(|history| history.world.settings.repositories = vec!["*".to_owned()]);
        self.with(|history| history.world.settings.waves.clear());
        self.with(|history| history.world.settings.reconcile = false);
        self.with(|history| history.world.settings.roads = vec![ALARM.to_owned()]);
        for index in 0..self.best.world.services.len() {
            let simple: [fn(&mut crate::trace::Service); 6] = [
                |service| service.own = Policy::default(),
                |service| service.containers.truncate(1),
                |service| service.desired = 1,
                |service| (service.minimum, service.maximum) = (100, 200),
                |service| service.rollback = true,
                |service| (service.breaker, service.daemon) = (false, false),
            ];
            for change in simple {
                self.with(|history| change(&mut history.world.services[index]));
            }
        }
        for index in 0..self.best.faults.len() {
            self.with(|history| history.faults[index].skip = 0);
            self.with(|history| history.faults[index].times = 1);
        }
        for index in 0..self.best.acts.len() {
            self.with(|history| {
                if let Act::Push(push) = &mut history.acts[index].1 {
                    push.delivered.truncate(1);
                }
            });
            self.with(|history| {
                if let Act::Push(push) = &mut history.acts[index].1 {
                    push.healthy = true;
                }
            });
        }
    }

    /// An early end.
    fn sooner(&mut self) {
        let mut candidate = self.best.clone();
        let times = candidate.acts.iter().map(|(at, act)| match act {
            Act::Push(push) => push.delivered.last().copied().unwrap_or(*at).max(*at),
            _ => *at,
        });
        let until = candidate.faults.iter().map(|planned| planned.until);
        let last = times.chain(until).max();
        candidate.calm = last.unwrap_or(candidate.world.start) + chrono::TimeDelta::minutes(1);
        self.take(candidate);
    }

    fn with(&mut self, change: impl Fn(&mut History)) {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        self.take(candidate);
    }
}

/// The temper of most accounts.
fn plain() -> crate::history::Temper {
    crate::history::Temper {
        days: false,
        empty_page_every: 0,
        latency: 40,
        range_extra: 2,
        stops_early: true,
        exit_counts: true,
        throttles: false,
    }
}
