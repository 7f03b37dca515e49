//! The table: what becomes of pushes under every choice.

use std::num::NonZeroUsize;

use super::choice::{Actions, Alarm, Choice, SWEEPS};
use super::history::{DELAYS, Group, History, Pattern};
use super::run::{Tally, changes, look_ups, tally};

/// By how many periods the evaluation range may be longer than N; AWS does not say, so it must not matter.
pub(crate) const EXTRAS: [u32; 3] = [0, 2, 5];

/// Tallies by group and by range.
type Circumstances = [[Tally; EXTRAS.len()]; Group::ALL.len()];

/// One row: a choice, and its tallies by delay, by pattern, by group and by range.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) choice: Choice,
    cells: [[Circumstances; Pattern::ALL.len()]; DELAYS.len()],
    /// Look-ups of a day without any push.
    pub(crate) false_alarms: usize,
}

impl Row {
    /// What becomes of a pattern under a delay, whatever the group and the range.
    pub(crate) fn of(&self, delay: usize, pattern: Pattern) -> Tally {
        sum(self.cells[delay][pattern as usize].iter().flatten())
    }

    /// Every cell.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &Tally> {
        self.cells.iter().flatten().flatten().flatten()
    }

    /// The longest wait of any push that was seen, in milliseconds.
    pub(crate) fn worst(&self) -> i64 {
        self.cells().map(|cell| cell.worst).max().unwrap_or(0)
    }

    /// The largest share of pushes lost under any delay and pattern, from 0 to 1.
    pub(crate) fn loss(&self) -> f64 {
        let under = |delay| Pattern::ALL.map(|pattern| self.of(delay, pattern).loss());
        (0..DELAYS.len()).flat_map(under).fold(0.0, f64::max)
    }

    /// The average over the cells, each counting the same, of something about a cell.
    pub(crate) fn average(&self, of: impl Fn(&Tally) -> f64) -> f64 {
        let (count, total) = self.cells().fold((0.0, 0.0), |(count, total), cell| {
            (count + 1.0, total + of(cell))
        });
        total / f64::max(count, 1.0)
    }
}

fn sum<'a>(cells: impl Iterator<Item = &'a Tally>) -> Tally {
    cells.fold(Tally::default(), |mut total, cell| {
        total.add(cell);
        total
    })
}

/// The rows of every choice, in the order of the choices.
pub(crate) fn rows() -> Vec<Row> {
    let alarms = Alarm::every();
    let histories = History::all();
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = alarms.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let histories = &histories;
        let work = alarms.chunks(share).map(|alarms| {
            scope.spawn(move || {
                let rows = alarms.iter().flat_map(|alarm| of_alarm(alarm, histories));
                rows.collect::<Vec<_>>()
            })
        });
        let work: Vec<_> = work.collect();
        work.into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// The rows of one alarm. Its changes do not depend on what is told of them, nor on the sweep.
fn of_alarm(alarm: &Alarm, histories: &[History]) -> Vec<Row> {
    let quiet = History::without_pushes();
    let mut rows = Vec::new();
    for rearm in [false, true] {
        let from = rows.len();
        for actions in Actions::EACH {
            rows.extend(SWEEPS.map(|sweep| {
                let choice = Choice {
                    alarm: *alarm,
                    actions,
                    sweep,
                    rearm,
                };
                Row {
                    choice,
                    cells: Default::default(),
                    false_alarms: look_ups(&choice, &quiet, 2).len(),
                }
            }));
        }
        for history in histories {
            for (range, extra) in EXTRAS.into_iter().enumerate() {
                let changes = changes(alarm, rearm, history, extra);
                for row in &mut rows[from..] {
                    let Choice { actions, sweep, .. } = row.choice;
                    let cells = &mut row.cells[history.delay][history.pattern as usize];
                    let cell = &mut cells[history.group as usize][range];
                    cell.add(&tally(&changes, actions, sweep, history));
                }
            }
        }
    }
    rows
}

impl Tally {
    /// The share of pushes lost, from 0 to 1.
    pub(crate) fn loss(&self) -> f64 {
        ratio(self.lost, self.pushes)
    }

    /// The wait of the average push that was seen, in seconds.
    pub(crate) fn mean(&self) -> f64 {
        ratio(self.waited, self.pushes - self.lost) / 1000.0
    }

    /// The longest wait, in seconds.
    pub(crate) fn worst_seconds(&self) -> f64 {
        ratio(self.worst, 1000)
    }

    /// Look-ups that the alarm caused in the average history.
    pub(crate) fn runs(&self) -> f64 {
        ratio(self.look_ups, self.histories)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds")]
fn ratio(part: i64, whole: i64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}
