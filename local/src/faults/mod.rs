//! Faults on purpose: what is to go wrong, when, and how often.
//!
//! A plan is a list of plain values, so that it can be drawn from a seed, printed, and made smaller. The same plan on the
//! same account gives the same history.

mod calls;
mod draw;
mod kind;
mod life;

use chrono::{DateTime, TimeDelta, Utc};

pub use kind::Kind;

pub(crate) use calls::{respond, throttle};
pub(crate) use life::{Doom, doomed};

/// One fault that is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What goes wrong.
    pub kind: Kind,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when; a state that lasts is undone then.
    pub until: DateTime<Utc>,
    /// The operation that it befalls, for example `UpdateService`; `None` is any. Only for calls.
    pub operation: Option<String>,
    /// So many occasions go well first.
    pub skip: u32,
    /// So many occasions are hit then. States that last need none.
    pub times: u32,
    /// How much: the delay of a message or an answer, the skew of a clock, the age of a stale answer at most.
    pub amount: TimeDelta,
}

/// Everything that is to go wrong, and what did so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    items: Vec<Item>,
    fired: Vec<(DateTime<Utc>, Kind)>,
    /// What fired and does not stand in the journal yet, with what it befell.
    untold: Vec<(DateTime<Utc>, Kind, String)>,
    answers: calls::Answers,
}

/// A planned fault, and how far it has come.
#[derive(Debug, Clone)]
struct Item {
    planned: Planned,
    skip: u32,
    times: u32,
    last: Option<DateTime<Utc>>,
    /// What it takes to undo it.
    undo: Vec<life::Deed>,
}

impl Item {
    fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        let within = self.planned.from <= now && now < self.planned.until;
        within && (self.planned.kind.lasts() || self.times > 0)
    }

    /// When it was last felt or in force; `None` if it has not begun.
    fn ended(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let begun = self.planned.from <= now;
        let exhausted = self.times == 0 && !self.planned.kind.lasts();
        let over = if exhausted {
            None
        } else {
            Some(self.planned.until)
        };
        begun.then(|| self.last.max(over).unwrap_or(self.planned.from))
    }
}

impl Plan {
    pub(crate) fn new(planned: Vec<Planned>) -> Self {
        let item = |planned: Planned| Item {
            skip: planned.skip,
            times: planned.times,
            planned,
            last: None,
            undo: Vec::new(),
        };
        Self {
            items: planned.into_iter().map(item).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What went wrong so far.
    pub(crate) fn fired(&self) -> &[(DateTime<Utc>, Kind)] {
        &self.fired
    }

    /// Since when nothing has gone wrong and nothing can, of what has begun: `None` while something is in force, the
    /// beginning of time if nothing has begun.
    pub(crate) fn calm_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.items.iter().any(|item| item.is_in_force(now)) {
            return None;
        }
        let ended = self.items.iter().filter_map(|item| item.ended(now)).max();
        let ended = ended.unwrap_or(DateTime::<Utc>::MIN_UTC);
        Some(ended).filter(|ended| *ended <= now)
    }

    /// Notes that a fault befell something.
    fn fire(&mut self, now: DateTime<Utc>, kind: Kind, on: &str) {
        self.fired.push((now, kind));
        self.untold.push((now, kind, on.to_owned()));
    }

    /// The first fault in force that fits, once its occasions to skip are over; it counts as fired.
    fn take(
        &mut self,
        now: DateTime<Utc>,
        on: &str,
        fits: impl Fn(&Planned) -> bool,
    ) -> Option<Planned> {
        for item in &mut self.items {
            if !item.is_in_force(now) || !fits(&item.planned) {
                continue;
            }
            if item.skip > 0 {
                item.skip -= 1;
                continue;
            }
            item.times = item.times.saturating_sub(1);
            let planned = item.planned.clone();
            let slow = planned.kind == Kind::Slow;
            // A call that waits for its answer is in trouble until then.
            let lasts = Some(planned.amount).filter(|_| slow);
            item.last = Some(now + lasts.unwrap_or_default());
            self.fire(now, planned.kind, on);
            return Some(planned);
        }
        None
    }

    /// Whether this kind befalls the occasion.
    fn takes(&mut self, now: DateTime<Utc>, on: &str, kind: Kind) -> bool {
        let taken = self.take(now, on, |planned| planned.kind == kind);
        taken.is_some()
    }

    /// How much later than usual each copy of a message arrives.
    pub(crate) fn message_copies(&mut self, now: DateTime<Utc>) -> Vec<TimeDelta> {
        let kinds = [
            Kind::MessageLost,
            Kind::MessageDoubled,
            Kind::MessageDelayed,
            Kind::MessageReordered,
        ];
        self.copies(now, "a message", &kinds)
    }

    /// The same for an event on its way to a function.
    pub(crate) fn event_copies(&mut self, now: DateTime<Utc>) -> Vec<TimeDelta> {
        let kinds = [Kind::EventLost, Kind::EventDoubled, Kind::EventDelayed];
        self.copies(now, "an event", &kinds)
    }

    fn copies(&mut self, now: DateTime<Utc>, on: &str, kinds: &[Kind]) -> Vec<TimeDelta> {
        let on_time = TimeDelta::zero();
        if self.is_empty() {
            return vec![on_time];
        }
        match self.take(now, on, |planned| kinds.contains(&planned.kind)) {
            None => vec![on_time],
            Some(Planned { kind, amount, .. }) => match kind {
                Kind::MessageLost | Kind::EventLost => Vec::new(),
                Kind::MessageDoubled | Kind::EventDoubled => vec![on_time, amount],
                _ => vec![amount],
            },
        }
    }

    /// Whether the function that would take an invocation is gone.
    pub(crate) fn is_cold(&mut self, now: DateTime<Utc>) -> bool {
        self.takes(now, "the function", Kind::ColdStart)
    }

    /// How far a function's clock is ahead.
    pub(crate) fn skew(&mut self, now: DateTime<Utc>) -> TimeDelta {
        let skewed = |planned: &Planned| planned.kind == Kind::ClockSkew;
        let skew = self.take(now, "the function", skewed);
        skew.map_or_else(TimeDelta::zero, |planned| planned.amount)
    }

    /// When a record that is due now arrives, if CloudTrail's delivery has stopped.
    pub(crate) fn postponed(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.is_empty() {
            return None;
        }
        let stopped = |planned: &Planned| planned.kind == Kind::DeliveryStops;
        self.take(now, "a record", stopped)
            .map(|planned| planned.until)
    }
}

/// Faults of some kinds, each a few times, drawn from a seed over a span of time.
#[must_use]
pub fn drawn(kinds: &[Kind], seed: u64, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Planned> {
    let mut chance = fastrand::Rng::with_seed(seed);
    let each = kinds.iter().flat_map(|kind| [*kind; 3]);
    each.map(|kind| Planned::drawn(kind, &mut chance, from, until))
        .collect()
}

/// When a record that would arrive at a time does so under a plan: at the end of the stop of CloudTrail's delivery that it
/// falls into.
#[must_use]
pub fn delivered(plan: &[Planned], mut at: DateTime<Utc>) -> DateTime<Utc> {
    let stops = |at: DateTime<Utc>| {
        let mut plan = plan.iter();
        let within = |planned: &&Planned| planned.from <= at && at < planned.until;
        plan.find(|planned| planned.kind == Kind::DeliveryStops && within(planned))
    };
    while let Some(stop) = stops(at) {
        at = stop.until;
    }
    at
}
