//! A history before it runs: plain values from which everything follows.

use chrono::{DateTime, TimeDelta, Utc};
use local::faults::{Planned, delivered};

use crate::trace::{Act, Push, World};

/// The account number of the pocket account, whose own registry most pushes go to.
pub(crate) const HOME: &str = "000000000000";
/// Somebody else's registry, of which the account runs images as well.
pub(crate) const OTHER: &str = "111122223333";
/// Where the services run.
pub(crate) const REGION: &str = "eu-west-1";
/// Another Region with a registry.
pub(crate) const ELSEWHERE: &str = "us-east-1";

/// In place of an ARN: the revision that the service ran before the one that it runs.
pub(crate) const BEFORE: &str = "the one before";
/// In place of an ARN: the revision with which the service was created.
pub(crate) const FIRST: &str = "the first one";

/// A deployment is over after so long, whatever its size.
const DEPLOYMENT: TimeDelta = TimeDelta::minutes(20);

/// A whole history.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    /// The seed that it was made from, and that the account's own chance follows.
    pub(crate) seed: u64,
    pub(crate) world: World,
    /// How AWS behaves where nobody knows.
    pub(crate) temper: Temper,
    /// What people do, in order of time.
    pub(crate) acts: Vec<(DateTime<Utc>, Act)>,
    /// What goes wrong.
    pub(crate) faults: Vec<Planned>,
    /// From here on nothing happens and nothing goes wrong.
    pub(crate) calm: DateTime<Utc>,
}

/// The behaviours that differ from account to account, or that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "behaviours, each for itself")]
pub(crate) struct Temper {
    /// Pushes lie days apart, so that what came before is older than any window.
    pub(crate) days: bool,
    /// Every how many pages `FilterLogEvents` answers an empty one.
    pub(crate) empty_page_every: u32,
    /// Milliseconds of every call.
    pub(crate) latency: u64,
    /// Periods that an alarm looks at beyond its own.
    pub(crate) range_extra: u32,
    /// A deployment stops old tasks before new ones are healthy.
    pub(crate) stops_early: bool,
    /// A task that exits early counts for the circuit breaker.
    pub(crate) exit_counts: bool,
    /// ECS refuses calls above its documented rates.
    pub(crate) throttles: bool,
}

impl History {
    /// The sweep's interval; where it is off, the time that an alarm's episode takes.
    pub(crate) fn sweep(&self) -> TimeDelta {
        self.world.settings.sweep.unwrap_or(TimeDelta::minutes(10))
    }

    /// Whether the function is new at the end, which shortens it; of every fourth history it is the one that was there.
    pub(crate) fn is_restarted(&self) -> bool {
        !self.seed.is_multiple_of(4)
    }

    /// How long a push may take from wave to wave.
    pub(crate) fn waves(&self) -> TimeDelta {
        let waves = i32::try_from(self.world.settings.waves.len()).unwrap_or(i32::MAX);
        (DEPLOYMENT + self.sweep()) * waves
    }

    /// A push with the times at which its record truly arrives under the plan of faults.
    pub(crate) fn as_delivered(&self, push: &Push) -> Push {
        let at = push.delivered.iter();
        let mut at: Vec<_> = at.map(|at| delivered(&self.faults, *at)).collect();
        at.sort_unstable();
        Push {
            delivered: at,
            ..push.clone()
        }
    }

    /// When something last happens by the plan before a time: an act, or the arrival of a record.
    pub(crate) fn last_before(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let times = self.acts.iter().flat_map(|(at, act)| {
            let arrivals = match act {
                Act::Push(push) => self.as_delivered(push).delivered,
                _ => Vec::new(),
            };
            arrivals.into_iter().chain([*at])
        });
        times.filter(|at| *at <= now).max()
    }

    /// When somebody last created or deployed a service before a time.
    pub(crate) fn last_by_people_before(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let deploys = |act: &Act| {
            matches!(
                act,
                Act::Create(_) | Act::Deploy { .. } | Act::RollBack { .. } | Act::Stop { .. }
            )
        };
        let acts = self.acts.iter().filter(|(_, act)| deploys(act));
        acts.map(|(at, _)| *at).filter(|at| *at <= now).max()
    }

    /// When something next happens by the plan after a time.
    pub(crate) fn next_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let acts = self.acts.iter().flat_map(|(at, act)| {
            let arrivals = match act {
                Act::Push(push) => self.as_delivered(push).delivered,
                _ => Vec::new(),
            };
            arrivals.into_iter().chain([*at])
        });
        let faults = self.faults.iter();
        let by_hand = faults.filter(|planned| planned.kind.is_by_hand());
        let by_hand = by_hand.flat_map(|planned| [planned.from, planned.until]);
        acts.chain(by_hand).filter(|at| *at > now).min()
    }
}

/// The host of a registry.
pub(crate) fn host(account: &str, region: &str) -> String {
    format!("{account}.dkr.ecr.{region}.amazonaws.com")
}

/// A digest that follows from a name.
pub(crate) fn digest(name: &str) -> String {
    let hex: Vec<String> = name.bytes().map(|b| format!("{b:02x}")).collect();
    let hex = hex.concat();
    format!("sha256:{:0>64}", &hex[hex.len().saturating_sub(64)..])
}
