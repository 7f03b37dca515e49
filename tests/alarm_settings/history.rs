//! Pushes reaching the log group, and the datapoints that follow from them.

/// Milliseconds in a minute.
const MINUTE: i64 = 60_000;
/// Never.
const NEVER: i64 = i64::MAX;
/// When the first push comes at the earliest: the alarm is at rest by then.
const FIRST: i64 = 3 * MINUTE;

/// How pushes follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// One push.
    Single,
    /// Two, at most ten minutes apart.
    Pair,
    /// Twelve within a quarter of an hour.
    Burst,
    /// One every 45 seconds for three hours.
    Steady,
}

impl Pattern {
    pub(crate) const ALL: [Self; 4] = [Self::Single, Self::Pair, Self::Burst, Self::Steady];

    /// How many histories of each kind: short ones cost little and say little.
    fn seeds(self) -> u64 {
        match self {
            Self::Single | Self::Pair => 24,
            Self::Burst => 8,
            Self::Steady => 2,
        }
    }

    fn times(self, random: &mut fastrand::Rng) -> Vec<i64> {
        let first = FIRST + random.i64(0..MINUTE);
        match self {
            Self::Single => vec![first],
            Self::Pair => vec![first, first + random.i64(5_000..10 * MINUTE)],
            Self::Burst => {
                let mut times: Vec<_> = (0..12)
                    .map(|_| FIRST + random.i64(0..15 * MINUTE))
                    .collect();
                times.sort_unstable();
                times
            }
            Self::Steady => (0..240).map(|number| first + number * 45_000).collect(),
        }
    }
}

/// What else reaches the log group: it decides where the default value 0 appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Nothing: no minute has a 0.
    Idle,
    /// Something in one minute of three.
    Patchy,
    /// Something in every minute: every minute without a push has a 0.
    Busy,
    /// Something once in an hour: a night without pushes.
    Night,
}

impl Group {
    /// Those in which pushes come.
    pub(crate) const ALL: [Self; 3] = [Self::Idle, Self::Patchy, Self::Busy];
}

/// How long a datapoint takes to be seen, in milliseconds: at most so long, each as chance has it. AWS does not say.
pub(crate) const DELAYS: [i64; 2] = [30_000, 4 * MINUTE];

/// One history: when pushes are in the log group, and when their datapoints are seen.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) pattern: Pattern,
    /// Index into [`DELAYS`].
    pub(crate) delay: usize,
    pub(crate) group: Group,
    /// When each push is in the log group, ascending.
    pub(crate) pushes: Vec<i64>,
    /// How long after the full minute the alarm is evaluated.
    pub(crate) offset: i64,
    /// Where in its interval the sweep comes, from 0 to 1.
    pub(crate) sweep_phase: f64,
    /// The end of what happens; the alarm goes on until it is out of sight.
    pub(crate) until: i64,
    minutes: Vec<Minute>,
}

/// When the datapoints of one minute are seen.
#[derive(Debug, Clone, Copy)]
struct Minute {
    /// Of the first push in it.
    one: i64,
    /// Of the default value.
    zero: i64,
}

impl History {
    /// All histories of the table, always the same.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for delay in 0..DELAYS.len() {
            for group in Group::ALL {
                for pattern in Pattern::ALL {
                    // The same seeds in every group and under every delay, so that only these differ.
                    all.extend((0..pattern.seeds()).map(|s| Self::new(pattern, delay, group, s)));
                }
            }
        }
        all
    }

    fn new(pattern: Pattern, delay: usize, group: Group, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let times = pattern.times(&mut random);
        // Published alarms show 14 to 41 seconds (and CloudWatch's own guide 41).
        let offset = random.i64(14_000..41_000);
        let sweep_phase = random.f64();
        let longest = DELAYS.get(delay).copied().unwrap_or_default();
        let mut draw = || random.i64(0..=longest);
        let arrivals = times.into_iter().map(|at| (at, draw())).collect::<Vec<_>>();
        let zeros: Vec<_> = std::iter::repeat_with(draw).take(400).collect();
        Self::with(
            pattern,
            delay,
            group,
            &arrivals,
            &zeros,
            offset,
            sweep_phase,
        )
    }

    /// A history in which every datapoint takes equally long: what the pocket account can be told.
    pub(crate) fn even(pushes: &[i64], group: Group, delay: i64, offset: i64) -> Self {
        let arrivals: Vec<_> = pushes.iter().map(|at| (*at, delay)).collect();
        let zeros = vec![delay; 400];
        Self::with(Pattern::Pair, 0, group, &arrivals, &zeros, offset, 0.0)
    }

    /// `arrivals`: when each push is in the log, and how long its datapoint takes; `zeros`: how long the default value of
    /// each minute takes after the minute has ended.
    fn with(
        pattern: Pattern,
        delay: usize,
        group: Group,
        arrivals: &[(i64, i64)],
        zeros: &[i64],
        offset: i64,
        sweep_phase: f64,
    ) -> Self {
        let last = arrivals.last().map_or(0, |(at, _)| *at);
        // Longer than any range looks back after the last push.
        let minutes = (0_i64..).zip(zeros).map(|(minute, delay)| {
            let (from, to) = (minute * MINUTE, (minute + 1) * MINUTE);
            let inside = arrivals.iter().filter(|(at, _)| (from..to).contains(at));
            let one = inside.map(|(at, delay)| at + delay).min().unwrap_or(NEVER);
            let zero = group.has_others(minute) && one == NEVER;
            Minute {
                one,
                zero: if zero { to + delay } else { NEVER },
            }
        });
        let minutes = minutes.take(usize::try_from(last / MINUTE).unwrap_or(0) + 140);
        Self {
            pattern,
            delay,
            group,
            pushes: arrivals.iter().map(|(at, _)| *at).collect(),
            offset,
            sweep_phase,
            until: last,
            minutes: minutes.collect(),
        }
    }

    /// A day without any push: whoever looks now was called for nothing.
    pub(crate) fn without_pushes() -> Self {
        Self {
            until: 24 * 60 * MINUTE,
            ..Self::even(&[], Group::Night, 0, 20_000)
        }
    }

    /// Whether the datapoint over `[from, to)` breaches, as it is seen at `now`; `None` where none is seen. The metric is
    /// of standard resolution: its datapoints stand at full minutes, and a shorter period finds nothing between them.
    pub(crate) fn breaches(&self, from: i64, to: i64, now: i64, default: bool) -> Option<bool> {
        let first = (from + MINUTE - 1).div_euclid(MINUTE);
        let end = (to + MINUTE - 1).div_euclid(MINUTE);
        let mut found = None;
        for minute in first..end {
            let minute = self.minute(minute);
            if minute.one <= now {
                return Some(true);
            }
            if default && minute.zero <= now {
                found = Some(false);
            }
        }
        found
    }

    fn minute(&self, number: i64) -> Minute {
        let held = usize::try_from(number).ok();
        match held.and_then(|index| self.minutes.get(index)) {
            Some(minute) => *minute,
            None => Minute {
                one: NEVER,
                zero: if self.group.has_others(number) {
                    (number + 1) * MINUTE
                } else {
                    NEVER
                },
            },
        }
    }
}

impl Group {
    /// Whether something other than a push reaches the group in this minute.
    pub(crate) fn has_others(self, minute: i64) -> bool {
        match self {
            Self::Idle => false,
            Self::Patchy => minute.rem_euclid(3) == 0,
            Self::Busy => true,
            Self::Night => minute.rem_euclid(61) == 0,
        }
    }
}
