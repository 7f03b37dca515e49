//! What can be chosen about an alarm, and every combination of it.

use std::fmt;

use local::alarms::{Missing, Rule, State, Watch};

/// Which states tell the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actions {
    Alarm,
    AlarmOk,
    All,
}

impl Actions {
    pub(crate) const EACH: [Self; 3] = [Self::Alarm, Self::AlarmOk, Self::All];

    /// Whether a change to this state is told.
    pub(crate) fn tell(self, state: State) -> bool {
        match state {
            State::Alarm => true,
            State::Ok => self != Self::Alarm,
            State::InsufficientData => self == Self::All,
        }
    }
}

/// An alarm on the metric, without what follows from its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub(crate) watch: Watch,
    /// Whether the metric filter publishes a 0 for a minute with events and without a push.
    pub(crate) default: bool,
}

/// Everything that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) alarm: Alarm,
    pub(crate) actions: Actions,
    /// Minutes between sweeps.
    pub(crate) sweep: Option<i64>,
    /// Whether the handler sets the alarm back to OK before it looks, when it was told ALARM.
    pub(crate) rearm: bool,
}

/// Minutes between sweeps.
pub(crate) const SWEEPS: [Option<i64>; 3] = [None, Some(5), Some(15)];

/// Periods in seconds, each with its M of N.
const PERIODS: [(i64, &[(usize, usize)]); 4] = [
    (10, &[(1, 1), (1, 3), (1, 5), (2, 5), (5, 5), (1, 30)]),
    (30, &[(1, 1), (1, 3), (1, 5), (2, 5), (5, 5), (1, 10)]),
    (
        60,
        &[
            (1, 1),
            (1, 2),
            (2, 2),
            (1, 3),
            (2, 3),
            (3, 3),
            (1, 4),
            (1, 5),
            (2, 5),
            (3, 5),
            (5, 5),
            (1, 6),
            (1, 10),
            (1, 15),
        ],
    ),
    (
        300,
        &[(1, 1), (1, 2), (1, 3), (2, 3), (1, 5), (2, 5), (5, 5)],
    ),
];

impl Alarm {
    /// Every alarm of the table.
    pub(crate) fn every() -> Vec<Self> {
        let mut every = Vec::new();
        for (period, rules) in PERIODS {
            for (m, n) in rules {
                for missing in [
                    Missing::Unknown,
                    Missing::Ignore,
                    Missing::Breaching,
                    Missing::NotBreaching,
                ] {
                    for default in [false, true] {
                        every.push(Self::new(period, *m, *n, missing, default));
                    }
                }
            }
        }
        every
    }

    pub(crate) fn new(period: i64, m: usize, n: usize, missing: Missing, default: bool) -> Self {
        let rule = Rule { m, n, missing };
        Self {
            watch: Watch { period, rule },
            default,
        }
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { m, n, missing } = self.watch.rule;
        let default = if self.default { "0" } else { "-" };
        let of = format!("{m}/{n}");
        write!(
            f,
            "{:>3} s {of:>4} {:<12} {default}",
            self.watch.period,
            missing.name()
        )
    }
}

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Alarm => "A",
            Self::AlarmOk => "A+O",
            Self::All => "A+O+I",
        })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sweep = self.sweep.map_or("-".to_owned(), |m| format!("{m}m"));
        let rearm = if self.rearm { "yes" } else { "-" };
        write!(
            f,
            "{} {:<5} {sweep:>5} {rearm:>6}",
            self.alarm, self.actions
        )
    }
}
