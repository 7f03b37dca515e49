//! Each point that AWS does not document: both readings can be had, and the probe tells them apart.

use std::collections::BTreeMap;

use crate::{Compat, Pattern, Point};

/// What `TestMetricFilter` would answer: a refusal, no match, or the extracted values.
type Answer = Option<Option<BTreeMap<String, String>>>;

fn answer(point: Point, compat: Compat) -> Answer {
    let (pattern, message) = point.probe();
    Pattern::parse_with(pattern, compat)
        .ok()
        .map(|pattern| pattern.extract(message))
}

#[test]
fn every_probe_tells_the_readings_apart() {
    for &point in Point::ALL {
        let chosen = answer(point, Compat::default());
        let other = answer(point, Compat::default().with(point));
        assert_ne!(chosen, other, "{point:?}: {:?}", point.probe());
    }
}

#[test]
fn points_are_numbered_in_order() {
    let numbers: Vec<u32> = Point::ALL.iter().map(|point| point.number()).collect();
    assert_eq!(numbers, (1..=26).collect::<Vec<_>>());
}

#[test]
fn a_compat_shows_what_was_switched() {
    let compat = Compat::default()
        .with(Point::NullExists)
        .with(Point::KeywordCase);
    assert_eq!(format!("{compat:?}"), "{NullExists, KeywordCase}");
    assert!(compat.other(Point::NullExists) && !compat.other(Point::NullNotEqual));
}
