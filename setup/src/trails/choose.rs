//! The choice among the trails that were seen. Pure.

use handler::config::{Config, Trail};

use super::fit::{Obstacle, Seen, Wanted};
use super::{Other, Selection, Source};
use crate::error::{Error, Result};
use crate::names::{Names, Place};

/// A trail and whether it serves.
type Judged = (Seen, std::result::Result<Vec<String>, Obstacle>);

/// Decides which trail is used. Reused is only what serves; `auto` stays with what an earlier run chose while that
/// serves.
pub(super) fn choose(
    config: &Config,
    place: &Place,
    names: &Names,
    remembered: Option<&Trail>,
    wanted: &Wanted<'_>,
    seen: Vec<Seen>,
) -> Result<Selection> {
    let (ours, others): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(|seen| seen.ours);
    let mut judged: Vec<Judged> = others
        .into_iter()
        .map(|seen| {
            let verdict = seen.judge(wanted);
            (seen, verdict)
        })
        .collect();
    judged.sort_by(|(a, _), (b, _)| a.rank().cmp(&b.rank()));
    if let Trail::Reuse(asked) = &config.trail {
        let mut selection = named(asked, judged, place)?;
        selection.left = !ours.is_empty();
        return Ok(selection);
    }
    if !ours.is_empty() {
        let reason = "an earlier run made it";
        return Ok(own(names, place, reason, judged));
    }
    let mut lost = String::new();
    if let Some(index) = judged.iter().position(|(seen, _)| used(seen, remembered)) {
        match judged.get(index) {
            Some((_, Ok(_))) => return Ok(reuse(judged, index, "an earlier run chose it")),
            // A call that is refused for once is no reason to build a trail.
            Some((seen, Err(Obstacle::Unknown(why)))) => {
                let name = &seen.name;
                return Err(Error::Wrong(format!(
                    "the trail `{name}` is in use, but {why}; or set `trail` to \"create\""
                )));
            }
            Some((seen, Err(why))) => {
                let why = why.text();
                lost = format!(
                    "`{}`, used until now, serves no longer ({why}); ",
                    seen.name
                );
            }
            None => {}
        }
    }
    if let Some(index) = judged.iter().position(|(_, verdict)| verdict.is_ok()) {
        return Ok(reuse(judged, index, &format!("{lost}it fits")));
    }
    refuse_creation(names, place, &judged)?;
    let reason = match judged.len() {
        0 => format!("{lost}no other can be seen"),
        _ => format!("{lost}no other fits"),
    };
    let mut selection = own(names, place, &reason, judged);
    if !selection.others.is_empty() {
        selection.notes.push(
            "AWS charges for every copy of management events beyond the first; making one of these fit, or \
             `trail = \"reuse:<name>\"`, spares it"
                .to_owned(),
        );
    }
    Ok(selection)
}

/// The most trails of an account in a Region; one of all Regions counts in each.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const MOST_TRAILS: usize = 5;

/// Says beforehand what `CreateTrail` would refuse half-way.
fn refuse_creation(names: &Names, place: &Place, judged: &[Judged]) -> Result<()> {
    let seen = || judged.iter().map(|(seen, _)| seen);
    let elsewhere = |seen: &&Seen| seen.name == names.base && seen.home != place.region;
    if let Some(Seen { name, home, .. }) = seen().find(elsewhere) {
        return Err(Error::Wrong(format!(
            "trail `{name}` has its home in {home}, and a trail of this account by the same name cannot be made \
             here: run with --region {home}, or choose another `name` in ecroll.toml"
        )));
    }
    let count = seen().filter(|seen| seen.of_account() == place.account);
    if count.count() < MOST_TRAILS {
        return Ok(());
    }
    let reasons = judged.iter().map(|(seen, verdict)| {
        let why = verdict.as_ref().err().map_or("it fits", Obstacle::text);
        format!("\n  not `{}`: {why}", seen.name)
    });
    Err(Error::Wrong(format!(
        "no trail fits, and {} shows {MOST_TRAILS}, so that no other can be made: let one of them fit, or delete \
         one{}",
        place.region,
        reasons.collect::<String>()
    )))
}

/// Whether an earlier run chose this trail.
fn used(seen: &Seen, remembered: Option<&Trail>) -> bool {
    let by_name = matches!(remembered, Some(Trail::Reuse(arn)) if *arn == seen.arn);
    by_name || seen.is_followed()
}

/// The trail that `reuse:` names.
fn named(asked: &str, judged: Vec<Judged>, place: &Place) -> Result<Selection> {
    let is_it = |(seen, _): &Judged| seen.arn == asked || seen.name == asked;
    // A name may be that of a trail here and of one elsewhere.
    let fitting = judged.iter().position(|one| is_it(one) && one.1.is_ok());
    let index = fitting.or_else(|| judged.iter().position(is_it));
    let Some((index, (_, verdict))) = index.and_then(|index| Some((index, judged.get(index)?)))
    else {
        let names: Vec<String> = judged
            .iter()
            .map(|(seen, _)| format!("`{}`", seen.name))
            .collect();
        let known = match names.as_slice() {
            [] => "there is none besides ecroll's own".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        return Err(Error::Wrong(format!(
            "`trail` asks to reuse `{asked}`, and {} has no such trail: {known}",
            place.region
        )));
    };
    match verdict {
        Ok(_) => Ok(reuse(judged, index, "`trail` asks for it")),
        Err(why) => Err(Error::Wrong(format!(
            "`trail` asks to reuse `{asked}`, which cannot serve: {}",
            why.text()
        ))),
    }
}

fn own(names: &Names, place: &Place, reason: &str, judged: Vec<Judged>) -> Selection {
    let mut selection = Selection::own(names, place, reason);
    selection.others = others(judged);
    selection
}

fn reuse(mut judged: Vec<Judged>, index: usize, reason: &str) -> Selection {
    let (seen, verdict) = judged.remove(index);
    Selection {
        source: Source::Reuse,
        log_group: seen.group_name().unwrap_or_default().to_owned(),
        name: seen.name,
        arn: seen.arn,
        reason: reason.to_owned(),
        notes: verdict.unwrap_or_default(),
        others: others(judged),
        left: false,
    }
}

fn others(judged: Vec<Judged>) -> Vec<Other> {
    let other = |(seen, verdict): Judged| Other {
        name: seen.name,
        arn: seen.arn,
        reason: match verdict {
            Ok(_) => "it fits as well; `trail = \"reuse:<name>\"` would take it".to_owned(),
            Err(why) => why.text().to_owned(),
        },
    };
    judged.into_iter().map(other).collect()
}
