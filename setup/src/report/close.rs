//! A roll close up: from the push to its end, with the tasks that ran meanwhile. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use handler::deployment::End;

use super::axis::{Axis, Cut, Tick};
use super::bands::{self, Rect};
use super::lanes;
use super::marks::Mark;
use super::plain::spell;
use super::story::Joined;
use super::tasks;
use crate::history::Decided;

/// Where marks and states are; below it are the tasks.
const EVENTS: u32 = 26;
/// How high the tasks are.
const TASKS: u32 = 48;
/// Between the two.
const SPACE: u32 = 6;
/// Shorter waits than this are drawn as long as they are.
const LEAST: TimeDelta = TimeDelta::minutes(3);
/// Drawn after the end.
const AFTER: TimeDelta = TimeDelta::seconds(20);

/// The picture.
pub(super) struct Close {
    pub(super) height: u32,
    pub(super) ticks: Vec<Tick>,
    pub(super) cuts: Vec<Cut>,
    pub(super) rects: Vec<Rect>,
    pub(super) marks: Vec<Mark>,
    /// The same in words.
    pub(super) caption: String,
}

/// Draws a roll; `None` where there is nothing to draw but the decision itself.
pub(super) fn close(joined: &Joined<'_>, at: usize, decided: &Decided) -> Option<Close> {
    let pushed = joined.push(at).and_then(|push| push.pushed_at);
    let over = joined
        .case(at, decided)
        .and_then(|case| case.ended.as_ref());
    // Another roll of the same push has its own end.
    let over = over.filter(|over| over.at >= decided.at);
    let trace = &joined.story.trace;
    let service = (
        decided.decision.cluster.clone(),
        decided.decision.service.clone(),
    );
    let from = pushed.unwrap_or(decided.at).min(decided.at);
    let until = over.map_or(decided.at + TimeDelta::minutes(2), |over| over.at) + AFTER;
    let tasks = tasks::between(trace, &service, from, until);
    if pushed.is_none() && tasks.is_empty() {
        return None;
    }
    let moves = tasks.iter().map(|(at, ..)| *at);
    let times = moves
        .filter(|at| *at > from)
        .chain([from, decided.at, until]);
    let axis = Axis::of(times, LEAST)?;
    let mut rects = Vec::new();
    for changes in trace.alarms.values() {
        let states = lanes::states_of(changes, until);
        rects.extend(bands::states(&axis, &states, 0, EVENTS));
    }
    rects.extend(bands::stacked(&axis, &tasks, EVENTS + SPACE, TASKS));
    let mark = |at: DateTime<Utc>, shape, label: &str| Mark {
        x: axis.place(at),
        y: EVENTS / 2,
        shape,
        count: None,
        label: label.to_owned(),
        href: None,
    };
    let end = over.map(|over| match over.state {
        End::Completed => (over.at, "completed", "completed"),
        End::RolledBack => (over.at, "rolled-back", "rolled back"),
        End::Stuck => (over.at, "stuck", "stuck"),
    });
    let mut marks: Vec<Mark> = pushed
        .map(|at| mark(at, "push", "pushed"))
        .into_iter()
        .collect();
    marks.push(mark(decided.at, "rolled", "rolled"));
    marks.extend(end.map(|(at, shape, word)| mark(at, shape, word)));
    let waited =
        pushed.map(|pushed| format!("Rolled {} after the push", spell(decided.at - pushed)));
    let ended = match end {
        Some((at, _, word)) => format!(", {word} {} later", spell(at - decided.at)),
        None => ", how it ended is not told".to_owned(),
    };
    let counts = tasks::note(&tasks).map(|note| format!(" Tasks: {note}."));
    Some(Close {
        height: EVENTS + SPACE + TASKS,
        ticks: axis.ticks(),
        cuts: axis.cuts(),
        rects,
        marks,
        caption: format!(
            "{}{ended}.{}",
            waited.unwrap_or_else(|| "Rolled".to_owned()),
            counts.unwrap_or_default()
        ),
    })
}
