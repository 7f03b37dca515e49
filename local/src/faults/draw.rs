//! Plans drawn from chance.

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use super::{Kind, Planned};

/// The calls that matter most: those that change something, and those that tell what is there.
const OPERATIONS: [&str; 10] = [
    "RegisterTaskDefinition",
    "TagResource",
    "UpdateService",
    "DescribeServices",
    "DescribeTaskDefinition",
    "FilterLogEvents",
    "ListServices",
    "ListClusters",
    "ListServiceDeployments",
    "DescribeImages",
];

impl Planned {
    /// A fault of this kind somewhere in a span of time, as chance wants it.
    ///
    /// Single faults hit a few occasions within an hour; states last some minutes to some hours.
    #[must_use]
    pub fn drawn(kind: Kind, chance: &mut Rng, from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        let span = (until - from).num_seconds().max(1);
        let begin = from + TimeDelta::seconds(chance.i64(0..span));
        let minutes =
            |chance: &mut Rng, range: std::ops::Range<i64>| TimeDelta::minutes(chance.i64(range));
        let lasts = if kind.lasts() {
            minutes(chance, 5..240)
        } else {
            minutes(chance, 10..90)
        };
        let operation = (kind.befalls_calls() && chance.u8(..4) > 0)
            .then(|| chance.choice(OPERATIONS).unwrap_or("UpdateService"))
            .filter(|operation| kind.suits(operation))
            .map(str::to_owned);
        let amount = match kind {
            Kind::Slow => minutes(chance, 1..20),
            Kind::MessageDelayed | Kind::EventDelayed => minutes(chance, 30..300),
            Kind::MessageReordered => TimeDelta::seconds(chance.i64(30..400)),
            Kind::MessageDoubled | Kind::EventDoubled => {
                // At the same moment, or later.
                TimeDelta::milliseconds(chance.choice([0, 0, 100, 700, 20_000]).unwrap_or(0))
            }
            Kind::ClockSkew => TimeDelta::seconds(chance.i64(-180..180)),
            Kind::Stale => TimeDelta::seconds(60),
            _ => TimeDelta::zero(),
        };
        Self {
            kind,
            from: begin,
            until: (begin + lasts).min(until.max(begin)),
            operation,
            skip: chance.u32(..4) * chance.u32(..4),
            times: 1 + chance.u32(..3) * chance.u32(..3),
            amount,
        }
    }
}
