//! How long rolls came after their pushes, as a distribution. Pure.

use chrono::TimeDelta;

use super::axis::{WHOLE, X};
use super::plain::{number, spell};
use super::story::Joined;

/// How many classes there are at most, the last one, which is open, included.
const CLASSES: i64 = 12;
/// The widths that a class may have, in seconds.
const WIDTHS: [i64; 19] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200,
    86_400, 604_800,
];

/// The distribution.
pub(super) struct Waits {
    /// How many rolls.
    pub(super) rolls: String,
    pub(super) median: String,
    /// Nine of ten came sooner.
    pub(super) ninety: String,
    pub(super) worst: String,
    pub(super) classes: Vec<Class>,
    pub(super) roads: Vec<Road>,
}

/// Waits of about one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) count: String,
    /// How long its bar is; the longest is the whole.
    pub(super) width: X,
}

/// What came by one road.
pub(super) struct Road {
    pub(super) name: String,
    pub(super) rolled: String,
    pub(super) median: String,
    pub(super) worst: String,
}

/// `None` where nothing rolled.
pub(super) fn waits(joined: &Joined<'_>) -> Option<Waits> {
    let mut all: Vec<i64> = joined.waits().iter().map(TimeDelta::num_seconds).collect();
    all.sort_unstable();
    let seconds = |seconds: i64| spell(TimeDelta::seconds(seconds));
    let roads = joined.story.roads.iter().map(|(name, road)| Road {
        name: super::plain::name(name),
        rolled: number(road.rolled),
        median: seconds(road.push_to_roll_seconds.p50),
        worst: seconds(road.push_to_roll_seconds.worst),
    });
    Some(Waits {
        rolls: number(all.len()),
        median: seconds(part(&all, 50)?),
        ninety: seconds(part(&all, 90)?),
        worst: seconds(*all.last()?),
        classes: classes(&all),
        roads: roads.collect(),
    })
}

/// The least wait that so many percent do not exceed.
fn part(sorted: &[i64], percent: usize) -> Option<i64> {
    sorted
        .get((sorted.len() * percent).div_ceil(100).saturating_sub(1))
        .copied()
}

/// Classes of one round width between the least and the longest wait; what is far beyond nearly all others is in an open one
/// at the end.
fn classes(sorted: &[i64]) -> Vec<Class> {
    let (Some(least), Some(longest), Some(nearly)) =
        (sorted.first(), sorted.last(), part(sorted, 95))
    else {
        return Vec::new();
    };
    let least = (*least).max(0);
    let fits = |width: &&i64| nearly.div_euclid(**width) - least.div_euclid(**width) + 2 <= CLASSES;
    let width = WIDTHS.iter().find(fits).copied().unwrap_or(604_800 * 52);
    let first = least.div_euclid(width);
    let highest = longest.div_euclid(width);
    let open = first + CLASSES - 1;
    let mut counts =
        vec![0_usize; usize::try_from((highest.min(open) - first).max(0) + 1).unwrap_or(1)];
    for wait in sorted {
        let class =
            usize::try_from((wait.max(&0).div_euclid(width) - first).max(0)).unwrap_or_default();
        let class = class.min(counts.len() - 1);
        counts
            .get_mut(class)
            .into_iter()
            .for_each(|count| *count += 1);
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let edge = |class: i64| spell(TimeDelta::seconds(class * width));
    let all = (first..).zip(counts);
    all.map(|(class, count)| Class {
        name: if class == open && highest > open {
            format!("{} and more", edge(class))
        } else {
            format!("{} to {}", edge(class), edge(class + 1))
        },
        count: number(count),
        width: X(WHOLE * i64::try_from(count).unwrap_or(WHOLE) / i64::try_from(most).unwrap_or(1)),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{CLASSES, Class, classes, part};

    fn told(waits: &[i64]) -> Vec<(String, String)> {
        let mut waits = waits.to_vec();
        waits.sort_unstable();
        let told = classes(&waits).into_iter();
        told.map(|Class { name, count, .. }| (name, count))
            .collect()
    }

    fn of(name: &str, count: &str) -> (String, String) {
        (name.to_owned(), count.to_owned())
    }

    #[test]
    fn classes_are_round_few_and_hold_every_wait() {
        assert_eq!(told(&[]), []);
        assert_eq!(told(&[61]), [of("61 s to 62 s", "1")]);
        let even = told(&(0..600).collect::<Vec<_>>());
        assert_eq!(even.len(), 10);
        assert_eq!(even.first().unwrap(), &of("0 s to 60 s", "60"));
        assert_eq!(even.last().unwrap(), &of("9 min to 10 min", "60"));
        for seed in 1..300_i64 {
            let waits: Vec<i64> = (0..seed)
                .map(|at| (at * at * seed) % (seed * 977))
                .collect();
            let told = told(&waits);
            assert!(i64::try_from(told.len()).unwrap() <= CLASSES, "seed {seed}");
            let all: i64 = told
                .iter()
                .map(|(_, count)| count.parse::<i64>().unwrap())
                .sum();
            assert_eq!(all, seed);
        }
    }

    #[test]
    fn one_that_took_a_day_does_not_flatten_the_others() {
        let mut waits: Vec<i64> = (0..99).map(|at| 200 + at).collect();
        waits.push(86_400);
        let told = told(&waits);
        assert!(told.len() > 8, "{told:?}");
        assert_eq!(told.last().unwrap().1, "1");
        assert!(told.last().unwrap().0.ends_with("and more"), "{told:?}");
    }

    #[test]
    fn half_and_nine_tenths() {
        let ten: Vec<i64> = (1..=10).collect();
        assert_eq!((part(&ten, 50), part(&ten, 90)), (Some(5), Some(9)));
        assert_eq!((part(&[7], 50), part(&[], 50)), (Some(7), None));
    }
}
