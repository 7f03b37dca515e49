//! The table as text, for people.

use std::fmt::Write as _;

use super::choice::{Actions, Choice};
use super::history::{DELAYS, Pattern};
use super::run::Tally;
use super::table::Row;

/// A wait, as short as it can be said: `99s`, `11m`, `3h09m`.
fn wait(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", (seconds + 59) / 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0".to_owned(),
        share if share < 1.0 => "<1%".to_owned(),
        share => format!("{share:.0}%"),
    }
}

/// One line per row: loss and worst wait under each delay and pattern, then look-ups of the average history, and of a
/// day without pushes.
pub(crate) fn details<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text = String::from(
        "                                                  | delay of datapoints <= 30 s               | <= 4 minutes                              |\n\
         period M/N missing   default act. sweep re-arm    | single   pair       burst      steady     | single   pair       burst      steady     | mean  look-ups  at rest\n",
    );
    for row in rows {
        let mut line = format!("{:<49} |", row.choice.to_string());
        for delay in 0..DELAYS.len() {
            for (pattern, width) in Pattern::ALL.into_iter().zip([8, 10, 10, 10]) {
                let Tally { worst, .. } = row.of(delay, pattern);
                let cell = format!("{} {}", percent(row.of(delay, pattern).loss()), wait(worst));
                let _ = write!(line, " {cell:<width$}");
            }
            line.push_str(" |");
        }
        let mean = row.average(Tally::mean);
        let runs = row.average(Tally::runs);
        let _ = writeln!(
            text,
            "{line} {mean:>5.0} {runs:>9.2} {:>8}",
            row.false_alarms
        );
    }
    text
}

/// One line per alarm: the worst loss and the worst wait with each kind of actions, without sweep; then re-armed, with
/// all actions; then with a sweep of five minutes.
pub(crate) fn grid(rows: &[Row]) -> String {
    let mut text = String::from(
        "period M/N missing   default | A            A+O          A+O+I        | A+O+I, re-armed | A+O+I, sweep 5m: mean, look-ups\n",
    );
    for alarm in rows.chunk_by(|a, b| a.choice.alarm == b.choice.alarm) {
        let find = |actions, sweep, rearm| {
            let mut rows = alarm.iter();
            rows.find(|row| {
                let choice = &row.choice;
                (choice.actions, choice.sweep, choice.rearm) == (actions, sweep, rearm)
            })
        };
        let Some(Choice { alarm: name, .. }) = alarm.first().map(|row| row.choice) else {
            continue;
        };
        let cell = |row: Option<&Row>| {
            row.map_or(String::new(), |row| {
                format!("{} {}", percent(row.loss()), wait(row.worst()))
            })
        };
        let _ = write!(text, "{:<28} |", name.to_string());
        for actions in Actions::EACH {
            let _ = write!(text, " {:<12}", cell(find(actions, None, false)));
        }
        let _ = write!(text, "| {:<15} |", cell(find(Actions::All, None, true)));
        if let Some(swept) = find(Actions::All, Some(5), false) {
            let (mean, runs) = (swept.average(Tally::mean), swept.average(Tally::runs));
            let _ = write!(text, " {mean:>4.0} {runs:>5.1}");
        }
        text.push('\n');
    }
    text
}
