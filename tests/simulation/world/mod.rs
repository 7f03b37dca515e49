//! Worlds and histories from a seed.

mod people;
mod pushes;
mod services;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use local::faults::{Kind as FaultKind, Planned};

use crate::history::{History, Temper};
use crate::trace::{Act, Policy, Settings, World};

/// Chance, with a few words for it.
pub(crate) struct Chance(Rng);

impl Chance {
    /// Once in `n`.
    fn one_in(&mut self, n: u32) -> bool {
        self.0.u32(..n) == 0
    }

    /// One of these; an element that stands twice is twice as likely.
    fn of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.0.usize(..of.len())].clone()
    }

    fn within(&mut self, range: std::ops::RangeInclusive<i64>) -> i64 {
        self.0.i64(range)
    }

    fn seconds(&mut self, range: std::ops::RangeInclusive<i64>) -> TimeDelta {
        TimeDelta::seconds(self.within(range))
    }
}

/// When every history begins.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-03-02T08:00:00Z")
        .unwrap()
        .to_utc()
}

/// From this seed on histories hold what was thought of later: pushes that lie days apart, regular expressions, mute rules.
/// Those before stay as they were: each row of the ledger's table is reached by some of them, and rarely by others.
const LATER: u64 = 400;

/// From this seed on some worlds have waves, and some lose records and ask the registry.
const LATEST: u64 = 410;

/// From this seed on some worlds hear of pushes by the subscription filter as well, or by that alone.
const ROADS: u64 = 450;

/// In these seeds some circuit breakers only stop what fails, and people stop deployments. Those between were looked at before.
const STOPS: [std::ops::RangeInclusive<u64>; 2] = [500..=599, 600_000..=u64::MAX];

/// The road that every world had before.
pub(crate) const ALARM: &str = "alarm";
/// That which carries the records themselves.
const SUBSCRIPTION: &str = "log-subscription";

/// The history of a seed.
pub(crate) fn history(seed: u64) -> History {
    let mut chance = Chance(Rng::with_seed(seed));
    let chance = &mut chance;
    let small = !chance.one_in(3);
    let repositories = services::repositories(chance, small);
    let later = seed >= LATER;
    let mut world = World {
        start: start(),
        settings: settings(chance, &repositories, later),
        event_time: false,
        services: services::services(chance, &repositories, small),
    };
    world.event_time = chance.one_in(4);
    let temper = temper(chance, later && seed % 6 == 2);
    let mut acts = pushes::pushes(chance, &repositories, world.event_time, &temper, small);
    if seed >= LATEST {
        // With a chance of its own: what a seed held before stays as it was.
        let chance = &mut Chance(Rng::with_seed(!seed));
        beyond(chance, &mut world, &mut acts);
    }
    if seed >= ROADS {
        let chance = &mut Chance(Rng::with_seed(!seed.rotate_left(32)));
        roads(chance, &mut world.settings);
    }
    people::meddle(chance, &world, &repositories, &mut acts, small);
    garbage(chance, &mut acts);
    if STOPS.iter().any(|seeds| seeds.contains(&seed)) {
        let chance = &mut Chance(Rng::with_seed(!seed.rotate_left(16)));
        people::stop(chance, &mut world, &mut acts);
    }
    acts.sort_by_key(|(at, _)| *at);
    let last = acts.iter().map(|(at, act)| match act {
        Act::Push(push) => push.delivered.last().copied().unwrap_or(*at).max(*at),
        _ => *at,
    });
    let calm = last.max().unwrap_or(start()) + chance.seconds(0..=1200);
    let busy: Vec<DateTime<Utc>> = acts
        .iter()
        .flat_map(|(at, act)| moments(*at, act))
        .collect();
    let faults = faults(chance, &world.settings, later, &busy, calm);
    let calm = faults
        .iter()
        .map(|planned| planned.until)
        .fold(calm, DateTime::max);
    History {
        seed,
        world,
        temper,
        acts,
        faults,
        calm,
    }
}

fn settings(chance: &mut Chance, repositories: &[services::Repository], later: bool) -> Settings {
    let minutes = chance.of(&[Some(5), Some(5), Some(5), Some(5), Some(15), Some(60), None]);
    let hours = chance.of(&[24, 24, 24, 12]);
    let names = if chance.one_in(6) {
        let first = &repositories[0].name;
        chance.of(&[vec![first.clone()], vec![format!("{first}*")]])
    } else {
        vec!["*".to_owned()]
    };
    let mut service = Policy {
        tags: Some("any".to_owned()),
        ..Policy::default()
    };
    if chance.one_in(3) {
        let own = services::policy(chance);
        service = Policy {
            tags: own.tags.or(service.tags),
            ..own
        };
    } else if later && chance.one_in(8) {
        // Tags of a service cannot hold one: their alphabet is too small.
        service.tags = Some(
            chance
                .of(&["regex:latest|v[0-9]+", "regex:[^-]*"])
                .to_owned(),
        );
    }
    Settings {
        sweep: minutes.map(TimeDelta::minutes),
        look_back: TimeDelta::hours(hours),
        reconcile: false,
        roads: vec![ALARM.to_owned()],
        repositories: names,
        waves: Vec::new(),
        service,
    }
}

/// Waves, and records that never come.
fn beyond(chance: &mut Chance, world: &mut World, acts: &mut [(DateTime<Utc>, Act)]) {
    if chance.one_in(2) {
        let first = &world.services[0].name;
        let patterns = [
            "prod/*",
            "default/*",
            first,
            "the-*",
            "*-worker",
            "prod/the-*",
        ];
        let count = chance.of(&[1, 1, 2]);
        let wave = |_| vec![chance.of(&patterns).to_owned()];
        world.settings.waves = (0..count).map(wave).collect();
    }
    if world.settings.sweep.is_some() && chance.one_in(2) {
        world.settings.reconcile = true;
        for (_, act) in acts {
            if let Act::Push(push) = act
                && chance.one_in(6)
            {
                push.delivered.clear();
            }
        }
    }
}

/// By which roads pushes are heard of. Only a world that sweeps does without the alarm.
fn roads(chance: &mut Chance, settings: &mut Settings) {
    if !chance.one_in(3) {
        return;
    }
    if settings.sweep.is_some() && chance.one_in(2) {
        settings.roads.clear();
    }
    settings.roads.push(SUBSCRIPTION.to_owned());
}

fn temper(chance: &mut Chance, days: bool) -> Temper {
    Temper {
        days,
        empty_page_every: chance.of(&[3, 3, 0, 1]),
        latency: chance.of(&[40, 40, 5, 300]),
        range_extra: chance.of(&[2, 2, 0, 5]),
        stops_early: !chance.one_in(4),
        exit_counts: !chance.one_in(4),
        throttles: chance.one_in(4),
    }
}

/// What a world without a sweep survives: nothing that keeps a look-up from happening or from being done.
const HARMLESS: [FaultKind; 4] = [
    FaultKind::MessageDoubled,
    FaultKind::EventDoubled,
    FaultKind::EmptyPage,
    FaultKind::ColdStart,
];

/// When something is about to happen because of an act.
fn moments(at: DateTime<Utc>, act: &Act) -> Vec<DateTime<Utc>> {
    match act {
        Act::Push(push) => push.delivered.clone(),
        _ => vec![at],
    }
}

fn faults(
    chance: &mut Chance,
    settings: &Settings,
    later: bool,
    busy: &[DateTime<Utc>],
    calm: DateTime<Utc>,
) -> Vec<Planned> {
    if chance.one_in(4) {
        return Vec::new();
    }
    let kinds: Vec<FaultKind> = if settings.sweep.is_none() {
        HARMLESS.to_vec()
    } else {
        let all = FaultKind::ALL.into_iter();
        all.filter(|kind| later || *kind != FaultKind::AlarmMuted)
            .collect()
    };
    let count = chance.of(&[1, 2, 3, 4, 6, 8, 12]);
    (0..count)
        .map(|_| {
            let kind = chance.of(&kinds);
            let planned = Planned::drawn(kind, &mut chance.0, start(), calm);
            if busy.is_empty() || chance.one_in(4) {
                return planned;
            }
            // Where something happens there is more that can go wrong.
            let from = chance.of(busy).max(start());
            Planned {
                from,
                until: (from + (planned.until - planned.from)).min(calm.max(from)),
                skip: chance.of(&[0, 0, 0, 1, 2, 4]),
                ..planned
            }
        })
        .collect()
}

fn garbage(chance: &mut Chance, acts: &mut Vec<(DateTime<Utc>, Act)>) {
    let span = acts.iter().map(|(at, _)| *at).max().unwrap_or(start()) - start();
    let kinds = crate::records::GARBAGE
        .iter()
        .chain(&crate::records::EVENTS);
    let names: Vec<&'static str> = kinds.map(|(name, _)| *name).collect();
    while chance.one_in(5) {
        let at = start() + chance.seconds(0..=span.num_seconds().max(60));
        acts.push((at, Act::Fault(chance.of(&names))));
    }
}
