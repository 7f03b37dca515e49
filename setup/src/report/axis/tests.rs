use chrono::{DateTime, TimeDelta, Utc};

use super::{APART, Axis, CUT, EDGE, WHOLE, X};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn axis(times: &[&str]) -> Axis {
    Axis::of(times.iter().map(|time| at(time)), TimeDelta::minutes(30)).unwrap()
}

/// What stands below the picture.
fn labels(axis: &Axis) -> Vec<String> {
    let label = |tick: super::Tick| {
        let rows = [tick.day, tick.time].into_iter().flatten();
        rows.collect::<Vec<_>>().join(" ")
    };
    let all = axis.ticks().into_iter().map(label);
    all.filter(|label| !label.is_empty()).collect()
}

#[test]
fn nothing_has_no_scale_and_one_push_has_one() {
    assert_eq!(Axis::of([], TimeDelta::minutes(30)), None);
    let one = axis(&["2026-03-02T09:00:11Z"]);
    assert_eq!(one.place(at("2026-03-02T09:00:11Z")), X(WHOLE / 2));
    assert_eq!(labels(&one), ["2 Mar 2026 09:00"]);
    assert_eq!(one.cuts(), []);
}

#[test]
fn an_hour_has_round_times_and_names_its_day_once() {
    let hour = axis(&[
        "2026-03-02T09:02:00Z",
        "2026-03-02T09:22:00Z",
        "2026-03-02T09:42:00Z",
        "2026-03-02T10:02:00Z",
    ]);
    let told = labels(&hour);
    assert_eq!(told.first().unwrap(), "2 Mar 2026 09:10");
    assert!(told[1..].iter().all(|label| label.len() == 5), "{told:?}");
    assert!(told.len() >= 4, "{told:?}");
}

#[test]
fn midnight_names_the_new_day() {
    let start = at("2026-12-31T22:00:00Z");
    let times = (0..10).map(|step| start + TimeDelta::minutes(25) * step);
    let night = Axis::of(times, TimeDelta::minutes(30)).unwrap();
    assert!(
        labels(&night).contains(&"1 Jan 2027 00:00".to_owned()),
        "{:?}",
        labels(&night)
    );
}

#[test]
fn months_without_anything_are_cut_out_and_said() {
    let long = axis(&[
        "1999-03-02T09:00:00Z",
        "1999-03-02T09:20:00Z",
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:20:00Z",
    ]);
    let cuts = long.cuts();
    assert_eq!(cuts.len(), 1);
    assert_eq!(cuts[0].label, "9861 days without anything");
    let told = labels(&long).join(", ");
    assert!(told.contains("2 Mar 1999 09:"), "{told}");
    assert!(told.contains("2 Mar 2026 09:"), "{told}");
    // Within a cut the order stays.
    let middle = long.place(at("2012-01-01T00:00:00Z"));
    assert!(
        cuts[0].x < middle && middle.0 < cuts[0].x.0 + CUT,
        "{middle}"
    );
}

#[test]
fn a_push_a_day_for_a_year_is_not_cut_and_has_months() {
    let start = at("2026-01-01T12:00:00Z");
    let times = (0..365).map(|day| start + TimeDelta::days(day));
    let year = Axis::of(times, TimeDelta::minutes(30)).unwrap();
    assert_eq!(year.cuts(), []);
    let told = labels(&year);
    assert_eq!(&told[..2], ["1 Jan 2026", "1 Mar"], "{told:?}");
    assert!((5..=8).contains(&told.len()), "{told:?}");
}

/// Whatever the times are: in order, within the picture, labels that do not lie on each other, few pieces.
#[test]
fn every_scale_keeps_the_order_and_its_labels_apart() {
    let start = at("2026-01-01T00:00:00Z");
    for seed in 1..400_i64 {
        let mut bits = seed.wrapping_mul(0x9e37_79b9);
        let mut times = vec![start];
        for _ in 0..(seed % 60) {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(seed);
            let gap = 1_i64 << ((bits >> 33) & 0x1f).min(24);
            times.push(times[times.len() - 1] + TimeDelta::seconds(gap));
        }
        let axis = Axis::of(times.clone(), TimeDelta::minutes(30)).unwrap();
        let places: Vec<X> = times.iter().map(|at| axis.place(*at)).collect();
        assert!(places.is_sorted(), "seed {seed}");
        assert!(
            places.iter().all(|x| (0..=WHOLE).contains(&x.0)),
            "seed {seed}"
        );
        assert!(axis.cuts().len() <= 5, "seed {seed}");
        assert_eq!(
            (
                axis.place(start - TimeDelta::days(9_999)),
                axis.place(axis.until())
            ),
            (X(0), X(WHOLE)),
            "seed {seed}"
        );
        let ticks = axis.ticks();
        assert!(ticks.len() <= 60, "seed {seed}: {} lines", ticks.len());
        let labelled = ticks
            .iter()
            .filter(|tick| tick.day.is_some() || tick.time.is_some());
        let mut last: Option<i64> = None;
        for tick in labelled {
            let left = if tick.x.0 > EDGE {
                tick.x.0 - APART
            } else {
                tick.x.0
            };
            assert!(
                last.is_none_or(|last| left - last >= APART),
                "seed {seed}: {ticks:?}"
            );
            last = Some(tick.x.0);
        }
        assert!(last.is_some(), "seed {seed}: no label");
    }
}
