//! The timeline: one lane for what the pipeline did, and for each repository one of its pushes and one a service. Pure.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use self::pipeline::pipeline;
use self::service::service;
use super::axis::{Axis, Cut, Tick};
use super::bands::Rect;
use super::marks::{Mark, together};
use super::plain::{count, name};
use super::rows;
use super::story::Joined;
use crate::history::{Decided, Pushed};

mod pipeline;
mod service;

pub(super) use self::pipeline::states_of;

/// How high a row of marks is.
const MARKS: u32 = 34;
/// The middle of it: counts stand above the marks.
const MIDDLE: u32 = 21;
/// Stretches without anything are cut out from this length on.
const LEAST: TimeDelta = TimeDelta::hours(2);
/// How many lanes of services and repositories are drawn at most.
pub(super) const LANES: usize = 60;
/// How many of a group's parts its label lists.
const LISTED: usize = 6;

/// The picture.
pub(super) struct Chart {
    pub(super) ticks: Vec<Tick>,
    pub(super) cuts: Vec<Cut>,
    pub(super) pipeline: Vec<Lane>,
    pub(super) groups: Vec<Group>,
    /// How many services and repositories are not drawn: those about which the least is told.
    pub(super) left_out: usize,
}

/// A repository.
pub(super) struct Group {
    pub(super) name: String,
    /// Account and Region of its registry.
    pub(super) place: String,
    pub(super) lanes: Vec<Lane>,
}

/// A row of the picture.
pub(super) struct Lane {
    pub(super) name: String,
    /// What there is to see, in words.
    pub(super) note: String,
    pub(super) height: u32,
    pub(super) rects: Vec<Rect>,
    pub(super) marks: Vec<Mark>,
}

/// Repository, account and Region.
type Key<'s> = (&'s str, &'s str, &'s str);

/// What is drawn of a repository.
#[derive(Default)]
struct Of<'s> {
    pushes: Vec<(usize, &'s Pushed)>,
    services: BTreeMap<(&'s str, &'s str), Vec<(usize, &'s Decided)>>,
}

impl Of<'_> {
    fn weight(&self) -> usize {
        self.pushes.len() + self.services.values().map(Vec::len).sum::<usize>()
    }

    fn lanes(&self) -> usize {
        1 + self.services.len()
    }
}

/// Draws it; `None` where nothing was pushed and nothing decided.
pub(super) fn chart(joined: &Joined<'_>) -> Option<Chart> {
    let story = joined.story;
    let pushed = story.pushed.iter().filter_map(|push| push.pushed_at);
    let decided = story.decisions.iter().map(|decided| decided.at);
    let ended = story.ended.iter().map(|ended| ended.at);
    let axis = Axis::of(pushed.chain(decided).chain(ended), LEAST)?;
    let (groups, left_out) = chosen(groups(joined));
    let groups = groups.into_iter().map(|(key, of)| {
        let (repository, account, region) = key;
        let mut lanes = vec![pushes(joined, &axis, &of.pushes)];
        let services = of.services.into_iter();
        lanes.extend(services.map(|(of, decisions)| service(joined, &axis, of, &decisions)));
        let place = match account {
            "" => String::new(),
            account => format!("{account} in {region}"),
        };
        Group {
            name: name(repository),
            place,
            lanes,
        }
    });
    Some(Chart {
        groups: groups.collect(),
        left_out,
        pipeline: pipeline(joined, &axis),
        ticks: axis.ticks(),
        cuts: axis.cuts(),
    })
}

fn groups<'s>(joined: &Joined<'s>) -> BTreeMap<Key<'s>, Of<'s>> {
    let story = joined.story;
    let key = |push: &'s Pushed| {
        (
            push.repository.as_str(),
            push.account.as_str(),
            push.region.as_str(),
        )
    };
    let mut groups: BTreeMap<Key<'s>, Of<'s>> = BTreeMap::new();
    for (at, push) in story.pushed.iter().enumerate() {
        groups.entry(key(push)).or_default().pushes.push((at, push));
    }
    for (at, decided) in story.decisions.iter().enumerate() {
        let decision = &decided.decision;
        let of = joined.push(at).map(key);
        let of = groups
            .entry(of.unwrap_or((&decision.repository, "", "")))
            .or_default();
        let service = (decision.cluster.as_str(), decision.service.as_str());
        of.services.entry(service).or_default().push((at, decided));
    }
    groups
}

/// Those about which most is told, in the order of their names, and how many lanes are left out.
fn chosen<'s>(groups: BTreeMap<Key<'s>, Of<'s>>) -> (Vec<(Key<'s>, Of<'s>)>, usize) {
    let mut all: Vec<(Key<'s>, Of<'s>)> = groups.into_iter().collect();
    let total: usize = all.iter().map(|(_, of)| of.lanes()).sum();
    all.sort_by(|a, b| b.1.weight().cmp(&a.1.weight()).then(a.0.cmp(&b.0)));
    let mut room = LANES;
    let mut kept = Vec::new();
    for (key, mut of) in all {
        if room < 2 {
            break;
        }
        if of.lanes() > room {
            let mut services: Vec<_> = of.services.into_iter().collect();
            services.sort_by_key(|(_, decisions)| std::cmp::Reverse(decisions.len()));
            services.truncate(room - 1);
            of.services = services.into_iter().collect();
        }
        room -= of.lanes();
        kept.push((key, of));
    }
    kept.sort_by(|a, b| a.0.cmp(&b.0));
    let drawn: usize = kept.iter().map(|(_, of)| of.lanes()).sum();
    (kept, total - drawn)
}

fn pushes(joined: &Joined<'_>, axis: &Axis, pushes: &[(usize, &Pushed)]) -> Lane {
    let dated = pushes
        .iter()
        .filter_map(|(at, push)| Some((axis.place(push.pushed_at?), (*at, *push))));
    let marks = together(dated.collect()).into_iter().map(|(x, group)| {
        let shape = if group.iter().any(|(_, push)| push.no_image.is_none()) {
            "push"
        } else {
            "no-image"
        };
        Mark {
            x,
            y: MIDDLE,
            shape,
            count: many(group.len()),
            label: label(group.iter().map(|(_, push)| rows::line(push)), "pushes"),
            href: group.iter().find_map(|(at, _)| record(joined, *at)),
        }
    });
    Lane {
        name: "Pushes".to_owned(),
        note: count(pushes.len(), "push", "pushes"),
        height: MARKS,
        rects: Vec::new(),
        marks: marks.collect(),
    }
}

/// Where the record of a push is: that of what was decided first about it, else its own.
fn record(joined: &Joined<'_>, push: usize) -> Option<String> {
    let decided = joined
        .decided
        .get(push)
        .map(Vec::as_slice)
        .unwrap_or_default();
    match decided {
        [] => super::undecided::href(joined, push),
        decided => decided.iter().find_map(|at| joined.href(*at)),
    }
}

/// How many a mark stands for, if for more than one.
fn many(count: usize) -> Option<String> {
    (count > 1).then(|| super::plain::number(count))
}

/// The lines of a mark: of many, how many and the first of them.
fn label(lines: impl ExactSizeIterator<Item = String>, what: &str) -> String {
    let all = lines.len();
    let mut told = Vec::new();
    if all > 1 {
        told.push(format!("{} {what}", super::plain::number(all)));
    }
    told.extend(lines.take(LISTED));
    if all > LISTED {
        told.push(format!("and {} more", super::plain::number(all - LISTED)));
    }
    told.join("\n")
}
