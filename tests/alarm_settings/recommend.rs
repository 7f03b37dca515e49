//! Which settings the table recommends, by a criterion that stands before the figures.

use std::collections::BTreeMap;

use super::choice::{Alarm, Choice};
use super::history::{DELAYS, Pattern};
use super::run::Tally;
use super::table::Row;

/// The choices that remain, in this order of questions:
///
/// 1. A period of a minute or more. AWS advises against shorter ones on a metric of standard resolution: the alarm asks
///    ten times a minute or so, finds a datapoint once, and costs three times as much
///    (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>, `Period`).
/// 2. No push is lost in any cell by the alarm alone: the sweep is the second net, not the first. And no look-up on a day
///    without pushes: an alarm that changes whenever somebody else writes into the group is a sweep in disguise.
/// 3. The shortest worst wait of an isolated push, which is the usual one, under either delay.
/// 4. The shortest worst wait, on the average of all cells, without a sweep. Not the worst of all cells: that is three
///    hours of steady pushes for everybody, and would drown what the settings differ in.
/// 5. The fewest look-ups.
pub(crate) fn recommended(rows: &[Row]) -> Vec<Choice> {
    let mut left: Vec<&Row> = eligible(rows);
    keep_least(&mut left, isolated);
    keep_least(&mut left, |row| row.average(Tally::worst_seconds));
    keep_least(&mut left, |row| row.average(Tally::runs));
    left.into_iter().map(|row| row.choice).collect()
}

/// How long an isolated push waits at worst, in seconds, the delays added up.
pub(crate) fn isolated(row: &Row) -> f64 {
    let under = |delay| row.of(delay, Pattern::Single).worst_seconds();
    (0..DELAYS.len()).map(under).sum()
}

/// The rows without sweep and without re-arming that pass the first two questions.
pub(crate) fn eligible(rows: &[Row]) -> Vec<&Row> {
    rows.iter()
        .filter(|row| {
            let choice = &row.choice;
            choice.sweep.is_none()
                && !choice.rearm
                && choice.alarm.watch.period >= 60
                && row.false_alarms == 0
                && row.cells().all(|cell| cell.lost == 0)
        })
        .collect()
}

/// The rows with this sweep and re-arming whose alarm and actions are eligible.
pub(crate) fn eligible_with(rows: &[Row], sweep: Option<i64>, rearm: bool) -> Vec<&Row> {
    let alone = eligible(rows);
    rows.iter()
        .filter(|row| {
            let choice = &row.choice;
            let same = |other: &&Row| {
                other.choice.alarm == choice.alarm && other.choice.actions == choice.actions
            };
            choice.sweep == sweep && choice.rearm == rearm && alone.iter().any(same)
        })
        .collect()
}

/// Least by a figure in seconds or look-ups; what differs by less than a thousandth of one is the same.
fn keep_least(rows: &mut Vec<&Row>, figure: impl Fn(&Row) -> f64) {
    let least = rows.iter().map(|row| figure(row)).fold(f64::MAX, f64::min);
    rows.retain(|row| figure(row) < least + 0.001);
}

/// How many of the alarms lose nothing, by period and M of N: what the table comes to.
pub(crate) fn lossless(rows: &[Row]) -> BTreeMap<(i64, usize, usize), usize> {
    let mut lossless = BTreeMap::new();
    for row in rows {
        let Choice { sweep, rearm, .. } = row.choice;
        let Alarm { watch, .. } = row.choice.alarm;
        let entry = lossless
            .entry((watch.period, watch.rule.m, watch.rule.n))
            .or_insert(0);
        if sweep.is_none() && !rearm && row.cells().all(|cell| cell.lost == 0) {
            *entry += 1;
        }
    }
    lossless
}
