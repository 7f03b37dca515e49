//! Our own pace: a call waits here for its turn, so that ECS need not refuse it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::context::LONGEST_CALL;
use crate::deadline::Deadline;

/// The request rates of ECS per account and Region: operations that share a bucket, its size, tokens per second. Others
/// in the account take from the same buckets, so a throttle may come all the same.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>. That page does not name
/// DescribeServiceRevisions: it is counted with the deployments that it belongs to.
const RATES: &[(&[&str], i32, i32)] = &[
    (&["RegisterTaskDefinition"], 20, 1),
    (
        &["DescribeTaskDefinition", "ListTaskDefinitionFamilies"],
        50,
        20,
    ),
    (&["UpdateService"], 50, 5),
    (&["DescribeServices", "ListServices"], 100, 20),
    (&["ListClusters"], 50, 20),
    (
        &[
            "ListServiceDeployments",
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
        ],
        50,
        20,
    ),
    (&["TagResource"], 20, 10),
];

/// How long the first wait before another try is at most; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The buckets of one account and Region, and how long calls take there.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    /// By row of [`RATES`]: when the bucket is full again. A bucket that nobody took from is full.
    full_at: BTreeMap<usize, DateTime<Utc>>,
    /// Likewise: how many tokens are announced and not taken yet.
    announced: BTreeMap<usize, i32>,
    /// How long the slowest of the recent calls took.
    slowest: TimeDelta,
    /// What the chance for waits follows from.
    chance: u64,
}

/// A token that will be taken. Dropped when it is, or when it is not needed after all.
#[derive(Debug)]
pub(crate) struct Announced<'a> {
    pace: &'a Pace,
    row: Option<usize>,
    /// When it will be there.
    pub(crate) at: DateTime<Utc>,
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        if let Some(row) = self.row {
            let mut state = self.pace.state();
            let announced = state.announced.entry(row).or_default();
            *announced = (*announced - 1).max(0);
        }
    }
}

impl Pace {
    /// Full buckets. `seed` is what the chance begins with: two functions that start at once should not wait alike.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(State {
            full_at: BTreeMap::new(),
            announced: BTreeMap::new(),
            slowest: TimeDelta::zero(),
            chance: seed,
        }))
    }

    /// Announces that one token of each of these operations will be taken, or none at all: with the time at which each
    /// will be there. `None` when a call that begins at the latest of them, and `after` it, would not be done by the
    /// deadline.
    ///
    /// Nothing is taken yet. A token that is counted as used long before it is would seem to come back sooner than it
    /// does: a bucket that is full gains nothing meanwhile.
    pub(crate) fn announce(
        &self,
        operations: &[&'static str],
        now: DateTime<Utc>,
        after: TimeDelta,
        until: Deadline,
    ) -> Option<Vec<Announced<'_>>> {
        let mut state = self.state();
        let mut announced = Vec::with_capacity(operations.len());
        for operation in operations {
            let bucket = row(operation);
            let at = bucket.map_or(now, |(row, burst, gap)| {
                let before = state.announced.get(&row).copied().unwrap_or_default();
                let full_at = state.full_at.get(&row).copied().unwrap_or(now).max(now);
                now.max(full_at + gap * (before + 1 - burst))
            });
            announced.push((bucket.map(|(row, ..)| row), at));
        }
        let last = announced.iter().map(|(_, at)| *at).max().unwrap_or(now);
        if !until.allows(last + after) {
            return None;
        }
        for row in announced.iter().filter_map(|(row, _)| *row) {
            *state.announced.entry(row).or_default() += 1;
        }
        let announced = announced.into_iter().map(|(row, at)| Announced {
            pace: self,
            row,
            at,
        });
        Some(announced.collect())
    }

    /// Takes a token: when it may be used. `None`, and nothing is taken, when a call that begins then, and `after` it,
    /// would not be done by the deadline.
    pub(crate) fn take(
        &self,
        operation: &str,
        now: DateTime<Utc>,
        after: TimeDelta,
        until: Deadline,
    ) -> Option<DateTime<Utc>> {
        let mut state = self.state();
        let Some((row, burst, gap)) = row(operation) else {
            return Some(now).filter(|now| until.allows(*now + after));
        };
        let full_at = state.full_at.get(&row).copied().unwrap_or(now).max(now) + gap;
        let at = now.max(full_at - gap * burst);
        if !until.allows(at + after) {
            return None;
        }
        state.full_at.insert(row, full_at);
        Some(at)
    }

    /// ECS says that the bucket is empty: others took from it, too.
    pub(crate) fn empty(&self, operation: &str, now: DateTime<Utc>) {
        if let Some((row, burst, gap)) = row(operation) {
            let mut state = self.state();
            let full_at = state.full_at.entry(row).or_insert(now);
            *full_at = (now + gap * burst).max(*full_at);
        }
    }

    /// How long the slowest of the recent calls took; zero before the first.
    pub(crate) fn slowest(&self) -> TimeDelta {
        self.state().slowest
    }

    /// Remembers how long a call took; an eighth of what is known is forgotten with each. One that hung, or during which
    /// the clock was set, tells no more than that calls may take as long as they are let: if nothing were begun because
    /// of it, nothing would ever be forgotten.
    pub(crate) fn took(&self, time: TimeDelta) {
        let longest = TimeDelta::from_std(LONGEST_CALL).unwrap_or(TimeDelta::MAX);
        let time = time.clamp(TimeDelta::zero(), longest);
        let mut state = self.state();
        state.slowest = time.max(state.slowest * 7 / 8);
    }

    /// How long to wait before try `try_` + 1, the first try being 0: half of it for certain, half by chance.
    pub(crate) fn wait(&self, try_: u32) -> Duration {
        let half = FIRST_WAIT * 2_u32.saturating_pow(try_) / 2;
        let mut state = self.state();
        // splitmix64: <https://prng.di.unimi.it/splitmix64.c>
        state.chance = state.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let thousandths = u32::try_from((z ^ (z >> 31)) % 1000).unwrap_or_default();
        half + half * thousandths / 1000
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bucket of an operation: its row, its size, and the time in which one token comes back.
fn row(operation: &str) -> Option<(usize, i32, TimeDelta)> {
    let rows = RATES.iter().enumerate();
    let of = rows.filter(|(_, (operations, ..))| operations.contains(&operation));
    of.map(|(row, (_, burst, refill))| (row, *burst, TimeDelta::seconds(1) / *refill))
        .next()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::Pace;
    use crate::deadline::Deadline;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap()
    }

    fn waits(pace: &Pace, operation: &'static str, now: DateTime<Utc>) -> i64 {
        let at = pace.take(operation, now, TimeDelta::zero(), Deadline::NONE);
        (at.unwrap() - now).num_milliseconds()
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_as_tokens_come_back() {
        let pace = Pace::new(0);
        for _ in 0..20 {
            assert_eq!(waits(&pace, "RegisterTaskDefinition", start()), 0);
        }
        assert_eq!(waits(&pace, "RegisterTaskDefinition", start()), 1000);
        assert_eq!(waits(&pace, "RegisterTaskDefinition", start()), 2000);
        let later = start() + TimeDelta::seconds(3);
        assert_eq!(waits(&pace, "RegisterTaskDefinition", later), 0);
        assert_eq!(waits(&pace, "RegisterTaskDefinition", later), 1000);
        assert_eq!(waits(&pace, "UpdateService", later), 0, "its own bucket");
        // However long nobody called, a burst is a burst.
        let much_later = start() + TimeDelta::hours(9);
        for _ in 0..20 {
            assert_eq!(waits(&pace, "RegisterTaskDefinition", much_later), 0);
        }
        assert_eq!(waits(&pace, "RegisterTaskDefinition", much_later), 1000);
    }

    #[test]
    fn operations_of_one_row_share_its_tokens() {
        let pace = Pace::new(0);
        for _ in 0..50 {
            assert_eq!(waits(&pace, "ListServices", start()), 0);
            assert_eq!(waits(&pace, "DescribeServices", start()), 0);
        }
        assert_eq!(waits(&pace, "ListServices", start()), 50);
        assert_eq!(waits(&pace, "Unheard", start()), 0);
    }

    #[test]
    fn rule_01_what_does_not_fit_takes_no_token() {
        let pace = Pace::new(0);
        let until = Deadline::at(start() + TimeDelta::seconds(2));
        let second = TimeDelta::seconds(1);
        let take = |after| pace.take("RegisterTaskDefinition", start(), after, until);
        assert!(take(second * 3).is_none());
        for _ in 0..21 {
            assert!(take(second).is_some());
        }
        assert!(take(second).is_none(), "the next token comes too late");
        assert_eq!(waits(&pace, "RegisterTaskDefinition", start()), 2000);
    }

    #[test]
    fn rule_01_a_chain_counts_those_that_were_announced_before() {
        let pace = Pace::new(0);
        let until = Deadline::at(start() + TimeDelta::seconds(2));
        let chain = ["TagResource", "RegisterTaskDefinition"];
        let announce = || pace.announce(&chain, start(), TimeDelta::zero(), until);
        let mut held: Vec<_> = (0..22).map(|_| announce().unwrap()).collect();
        let last = held.last().unwrap();
        assert_eq!(last[0].at - start(), TimeDelta::milliseconds(200));
        assert_eq!(last[1].at - start(), TimeDelta::seconds(2));
        assert!(announce().is_none(), "the next token comes too late");
        held.pop();
        assert!(announce().is_some(), "one was given back");
        drop(held);
        assert_eq!(
            waits(&pace, "RegisterTaskDefinition", start()),
            0,
            "none was taken"
        );
    }

    #[test]
    fn a_throttle_empties_the_bucket() {
        let pace = Pace::new(0);
        pace.empty("UpdateService", start());
        assert_eq!(waits(&pace, "UpdateService", start()), 200);
    }

    #[test]
    fn waits_grow_and_are_not_all_the_same() {
        let pace = Pace::new(7);
        let mut seen = std::collections::BTreeSet::new();
        for try_ in 0..4 {
            for _ in 0..50 {
                let wait = pace.wait(try_).as_millis();
                let most = 1000 << try_;
                assert!((most / 2..most).contains(&wait), "{try_}: {wait}");
                seen.insert(wait);
            }
        }
        assert!(seen.len() > 100, "{}", seen.len());
    }

    #[test]
    fn rule_01_one_call_that_hung_does_not_keep_others_from_beginning() {
        let pace = Pace::new(0);
        pace.took(TimeDelta::minutes(13));
        assert_eq!(pace.slowest(), TimeDelta::seconds(30));
        pace.took(TimeDelta::minutes(-13));
        assert!(pace.slowest() < TimeDelta::seconds(30));
    }

    #[test]
    fn slow_calls_are_forgotten_after_a_while() {
        let pace = Pace::new(0);
        pace.took(TimeDelta::seconds(8));
        pace.took(TimeDelta::seconds(1));
        assert_eq!(pace.slowest(), TimeDelta::seconds(7));
        for _ in 0..40 {
            pace.took(TimeDelta::seconds(1));
        }
        assert_eq!(pace.slowest(), TimeDelta::seconds(1));
    }
}
