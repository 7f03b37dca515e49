//! The lane of a service: what was decided, how its rolls ended, how many tasks ran.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use handler::deployment::End;
use handler::report::Outcome;

use super::{Lane, MARKS, MIDDLE, label, many};
use crate::history::{Decided, Ended};
use crate::replay::line::word;
use crate::report::axis::Axis;
use crate::report::bands::{self, Rect, Span};
use crate::report::marks::{Mark, together};
use crate::report::plain::{moment, name};
use crate::report::story::{GRAVE_FIRST, Joined};
use crate::report::tasks;

/// How high the numbers of tasks are below the marks.
const TASKS: u32 = 22;

/// What stands in the lane of a service.
enum Item<'s> {
    Decided(usize, &'s Decided),
    /// With the place of its roll.
    Ended(usize, &'s Ended),
}

impl Item<'_> {
    fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Decided(_, decided) => decided.at,
            Self::Ended(_, ended) => ended.at,
        }
    }

    fn shape(&self) -> &'static str {
        match self {
            Self::Decided(_, decided) => word(decided.decision.outcome),
            Self::Ended(_, ended) => match ended.state {
                End::Completed => "completed",
                End::RolledBack => "rolled-back",
                End::Stuck => "stuck",
            },
        }
    }

    /// The lower, the sooner somebody should look.
    fn rank(&self) -> usize {
        match self {
            Self::Ended(..) => 0,
            Self::Decided(_, decided) => {
                let mut places = GRAVE_FIRST.iter();
                1 + places
                    .position(|one| *one == decided.decision.outcome)
                    .unwrap_or_default()
            }
        }
    }

    fn line(&self) -> String {
        let at = moment(self.at());
        match self {
            Self::Decided(_, decided) => {
                let decision = &decided.decision;
                let (outcome, tag, reason) = (
                    decision.outcome,
                    name(&decision.tag),
                    name(&decision.reason),
                );
                format!("{at}  {outcome} {tag}: {reason}")
            }
            Self::Ended(_, ended) => {
                let what = if ended.state == End::Stuck {
                    "stuck"
                } else {
                    "rolled back"
                };
                format!("{at}  {what}: {}", name(&ended.reason))
            }
        }
    }
}

/// The lane of a service.
pub(super) fn service<'s>(
    joined: &Joined<'s>,
    axis: &Axis,
    (cluster, service): (&str, &str),
    decisions: &[(usize, &'s Decided)],
) -> Lane {
    let key = (cluster.to_owned(), service.to_owned());
    let spans = tasks::between(&joined.story.trace, &key, axis.first(), axis.until());
    let here = |ended: &&Ended| (&*ended.cluster, &*ended.service) == (cluster, service);
    let ends: Vec<&'s Ended> = joined.story.ended.iter().filter(here).collect();
    let mut rects = rolls(&ends, axis, decisions);
    let mut height = MARKS;
    if !spans.is_empty() {
        rects.extend(bands::levels(axis, &spans, MARKS + 2, TASKS));
        height += TASKS + 4;
    }
    // Of a direct push that is rolled again the later one.
    let rolls = decisions
        .iter()
        .filter_map(|(at, one)| Some((one.decision.to.as_ref()?, *at)));
    let rolls: BTreeMap<&String, usize> = rolls.collect();
    let undone = |ended: &&'s Ended| {
        let roll = rolls.get(ended.to.as_ref()?)?;
        (ended.state != End::Completed).then_some(Item::Ended(*roll, ended))
    };
    let ended = ends.iter().filter_map(undone);
    let items = decisions
        .iter()
        .map(|(at, decided)| Item::Decided(*at, decided))
        .chain(ended);
    let items = items.map(|item| (axis.place(item.at()), item)).collect();
    let marks = together(items).into_iter().filter_map(|(x, group)| {
        let gravest = group.iter().min_by_key(|item| item.rank())?;
        let href = |item: &Item<'_>| match item {
            Item::Decided(at, _) | Item::Ended(at, _) => joined.href(*at),
        };
        Some(Mark {
            x,
            y: MIDDLE,
            shape: gravest.shape(),
            count: many(group.len()),
            label: label(group.iter().map(Item::line), "decisions and ends"),
            href: href(gravest).or_else(|| group.iter().find_map(href)),
        })
    });
    let mut notes: Vec<String> = Vec::new();
    for outcome in GRAVE_FIRST {
        let of = decisions
            .iter()
            .filter(|(_, one)| one.decision.outcome == outcome);
        match of.count() {
            0 => {}
            some => notes.push(format!("{some} {outcome}")),
        }
    }
    notes.extend(tasks::note(&spans).map(|note| format!("tasks: {note}")));
    Lane {
        name: format!("{}/{}", name(cluster), name(service)),
        note: notes.join(" · "),
        height,
        rects,
        marks: marks.collect(),
    }
}

/// From decision to end of each roll whose end is told.
fn rolls(ends: &[&Ended], axis: &Axis, decisions: &[(usize, &Decided)]) -> Vec<Rect> {
    let ends = ends
        .iter()
        .filter_map(|ended| Some((ended.to.as_deref()?, ended.at)));
    let ends: BTreeMap<&str, DateTime<Utc>> = ends.collect();
    let span = |(_, decided): &(usize, &Decided)| {
        let decision = &decided.decision;
        let to = decision
            .to
            .as_deref()
            .filter(|_| decision.outcome == Outcome::Rolled)?;
        let end = ends.get(to)?;
        Some((decided.at, *end, ()))
    };
    let spans: Vec<Span<()>> = decisions.iter().filter_map(span).collect();
    let mut rects = bands::presence(axis, &spans, MIDDLE - 2, 4);
    for rect in &mut rects {
        rect.class = "roll";
    }
    rects
}
