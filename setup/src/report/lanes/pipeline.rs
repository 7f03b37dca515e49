//! What the pipeline did: alarms, look-ups, and what went wrong on purpose.

use chrono::{DateTime, Utc};

use super::{Lane, MARKS, MIDDLE, label, many};
use crate::replay::trace::{Changed, Look};
use crate::report::axis::Axis;
use crate::report::bands::{self, Span};
use crate::report::marks::{Mark, together};
use crate::report::plain::{count, moment, name, spell};
use crate::report::story::Joined;

/// What an alarm's states were until then.
pub(in crate::report) fn states_of(changes: &[Changed], until: DateTime<Utc>) -> Vec<Span<&str>> {
    let changes = changes.iter().take_while(|changed| changed.at < until);
    let changes: Vec<(DateTime<Utc>, &str)> =
        changes.map(|one| (one.at, one.to.as_str())).collect();
    bands::spans(&changes, until)
}

pub(super) fn pipeline(joined: &Joined<'_>, axis: &Axis) -> Vec<Lane> {
    let trace = &joined.story.trace;
    let until = axis.until();
    let mut lanes = Vec::new();
    for (alarm, changes) in &trace.alarms {
        let states = states_of(changes, until);
        let rung = states.iter().filter(|(.., state)| *state == "ALARM");
        let (times, long) = (
            rung.clone().count(),
            rung.map(|(from, to, _)| *to - *from).sum(),
        );
        if times == 0 {
            continue;
        }
        lanes.push(Lane {
            name: format!("Alarm {}", name(alarm)),
            note: format!(
                "in ALARM {}, {} in all",
                count(times, "time", "times"),
                spell(long)
            ),
            height: 22,
            rects: bands::states(axis, &states, 5, 12),
            marks: Vec::new(),
        });
    }
    lanes.extend(look_ups(&trace.looks, axis));
    if !trace.faults.is_empty() {
        let all = trace.faults.iter();
        let items = all
            .map(|(at, what)| (axis.place(*at), (*at, what)))
            .collect();
        let marks = together(items).into_iter().map(|(x, group)| Mark {
            x,
            y: MIDDLE,
            shape: "fault",
            count: many(group.len()),
            label: label(
                group
                    .iter()
                    .map(|(at, what)| format!("{}  {}", moment(*at), name(what))),
                "faults",
            ),
            href: None,
        });
        lanes.push(Lane {
            name: "Faults".to_owned(),
            note: format!(
                "{} on purpose",
                count(trace.faults.len(), "fault", "faults")
            ),
            height: MARKS,
            rects: Vec::new(),
            marks: marks.collect(),
        });
    }
    lanes
}

fn look_ups(looks: &[Look], axis: &Axis) -> Option<Lane> {
    if looks.is_empty() {
        return None;
    }
    let telling = looks.iter().filter(|look| look.news > 0 || look.failed);
    let told = telling.clone().count();
    let items = telling.map(|look| (axis.place(look.at), look)).collect();
    let line = |look: &&Look| {
        let (at, trigger) = (moment(look.at), name(&look.trigger));
        let seen = count(look.pushes, "push", "pushes");
        let seen = if look.read {
            format!("{seen} in sight")
        } else {
            format!("carried {seen}")
        };
        let failed = if look.failed { ", will be retried" } else { "" };
        format!("{at}  {trigger}: {seen}, {} decided{failed}", look.news)
    };
    let marks = together(items).into_iter().map(|(x, group)| Mark {
        x,
        y: MIDDLE,
        shape: "look-up",
        count: many(group.len()),
        label: label(group.iter().map(line), "look-ups that decided something"),
        href: None,
    });
    let times = looks.iter().map(|look| (look.at, look.at, ()));
    Some(Lane {
        name: "Look-ups".to_owned(),
        note: format!(
            "{}, {told} with news",
            count(looks.len(), "look-up", "look-ups")
        ),
        height: MARKS,
        rects: bands::presence(axis, &times.collect::<Vec<_>>(), MARKS - 5, 3),
        marks: marks.collect(),
    })
}
