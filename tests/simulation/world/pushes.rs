//! Pushes: bursts, moved tags, versions out of order, what is no image, and records that come as they please.

use chrono::{DateTime, TimeDelta, Utc};

use crate::history::{Temper, digest};
use crate::trace::{Act, Kind, Push};

use super::services::Repository;
use super::{Chance, start};

const TAGS: [&str; 10] = [
    "latest",
    "latest",
    "latest",
    "main-abc",
    "v2",
    "1.0.0",
    "1.2.0",
    "1.10.0",
    "2.0.0-rc.1",
    "2.0.0",
];

/// The pushes of a history, in order of time.
pub(super) fn pushes(
    chance: &mut Chance,
    repositories: &[Repository],
    event_time: bool,
    temper: &Temper,
    small: bool,
) -> Vec<(DateTime<Utc>, Act)> {
    let count = if small {
        chance.within(1..=5)
    } else {
        chance.within(3..=25)
    };
    let mut at = start() + chance.seconds(60..=900);
    let mut acts = Vec::new();
    let mut made: Vec<Push> = Vec::new();
    for number in 0..count {
        let repository = chance.of(repositories);
        let mut push = push(chance, &repository, number, at, &made);
        push.delivered = deliveries(chance, at, event_time);
        made.push(push.clone());
        acts.push((at, Act::Push(push)));
        at += gap(chance, temper);
    }
    acts
}

fn gap(chance: &mut Chance, temper: &Temper) -> TimeDelta {
    match chance.of(&[0, 0, 1, 1, 1, 2, 2, 3]) {
        // Over a night, a weekend, or holidays: longer than any window.
        3 if temper.days => chance.seconds(36_000..=400_000),
        0 => chance.seconds(1..=10),
        1 => chance.seconds(20..=400),
        2 => chance.seconds(400..=3600),
        _ => chance.seconds(3600..=36_000),
    }
}

fn push(
    chance: &mut Chance,
    repository: &Repository,
    number: i64,
    at: DateTime<Utc>,
    made: &[Push],
) -> Push {
    let of_it = |push: &&Push| {
        push.repository == repository.name
            && push.account == repository.account
            && push.region == repository.region
            && push.kind == Kind::Image
    };
    let earlier: Vec<&Push> = made.iter().filter(of_it).collect();
    // The same image once more: under a further tag, or a tag that moves back.
    let again = chance.one_in(4).then(|| earlier.last().copied());
    let again = again.flatten().filter(|_| !earlier.is_empty());
    let again = again.map(|_| earlier[chance.0.usize(..earlier.len())]);
    let kind = if again.is_some() {
        Kind::Image
    } else {
        chance.of(&[
            Kind::Image,
            Kind::Image,
            Kind::Image,
            Kind::Image,
            Kind::Image,
            Kind::Image,
            Kind::Image,
            Kind::Image,
            Kind::Image,
            Kind::Chart,
            Kind::Signature,
            Kind::Refused,
        ])
    };
    let image = format!("{} image {number}", repository.name);
    let tag = match kind {
        Kind::Chart => Some("chart-1.0.0".to_owned()),
        Kind::Signature => Some(format!("sha256-{number}.sig")),
        _ if chance.one_in(15) => None,
        _ if chance.one_in(3) => Some(format!("v{number}")),
        _ => Some(chance.of(&TAGS).to_owned()),
    };
    Push {
        id: format!("push-{number:03}"),
        account: repository.account.to_owned(),
        region: repository.region.to_owned(),
        repository: repository.name.clone(),
        tag,
        digest: again.map_or_else(|| digest(&image), |push| push.digest.clone()),
        at,
        delivered: Vec::new(),
        kind,
        healthy: again.map_or_else(|| !chance.one_in(7), |push| push.healthy),
    }
}

/// When the record arrives: mostly some minutes later, sometimes hours, twice, or never.
fn deliveries(chance: &mut Chance, at: DateTime<Utc>, event_time: bool) -> Vec<DateTime<Utc>> {
    if chance.one_in(40) {
        return Vec::new();
    }
    // By the event's own time, what comes later than the warm window of half an hour waits for the full reading.
    let late = if event_time { 1200 } else { 5 * 3600 };
    let delay = |chance: &mut Chance| {
        if chance.one_in(12) {
            chance.seconds(600..=late)
        } else {
            chance.seconds(20..=540)
        }
    };
    let mut times = vec![at + delay(chance)];
    if chance.one_in(8) {
        times.push(at + delay(chance));
    }
    times.sort_unstable();
    times
}
