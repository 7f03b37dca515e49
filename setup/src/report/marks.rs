//! Marks that lie on each other become one with a count. Pure.

use super::axis::X;

/// How far marks are apart: at the least width of the picture their own width.
pub(super) const APART: i64 = 250;

/// A mark in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) x: X,
    /// Its middle, from the top of the lane.
    pub(super) y: u32,
    /// Its shape, and so its colour.
    pub(super) shape: &'static str,
    /// How many it stands for, if more than one.
    pub(super) count: Option<String>,
    /// What it says, line by line.
    pub(super) label: String,
    /// Where the record is.
    pub(super) href: Option<String>,
}

/// Puts together what is closer than [`APART`] to the first of its group. Each group is where its first is.
pub(super) fn together<T>(mut all: Vec<(X, T)>) -> Vec<(X, Vec<T>)> {
    all.sort_by_key(|(x, _)| *x);
    let mut groups: Vec<(X, Vec<T>)> = Vec::new();
    for (x, one) in all {
        match groups.last_mut() {
            Some((first, group)) if x.0 - first.0 < APART => group.push(one),
            _ => groups.push((x, vec![one])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::{APART, X, together};

    #[test]
    fn marks_are_apart_and_none_is_lost() {
        let all: Vec<(X, usize)> = (0..10_000)
            .map(|at| (X((at * 7_919) % 10_000), 1))
            .collect();
        let groups = together(all);
        assert_eq!(
            groups.iter().map(|(_, group)| group.len()).sum::<usize>(),
            10_000
        );
        assert!(groups.len() <= 40, "{}", groups.len());
        let places: Vec<i64> = groups.iter().map(|(x, _)| x.0).collect();
        assert!(places.windows(2).all(|two| two[1] - two[0] >= APART));
        assert_eq!(together(vec![(X(5), 'a'), (X(255), 'b')]).len(), 2);
        assert_eq!(
            together(vec![(X(255), 'b'), (X(6), 'a')]),
            [(X(6), vec!['a', 'b'])]
        );
    }
}
