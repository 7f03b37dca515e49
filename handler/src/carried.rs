//! Deciding about pushes that an event carries: no look-up, else the same way as any other push.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecr;
use crate::error::{AwsError, Error};
use crate::image::Repository;
use crate::ledger;
use crate::lookup::{self, LATE, LATEST};
use crate::manifest::Kind;
use crate::push::{Found, Push, coalesce};
use crate::record::Record;
use crate::report::Report;
use crate::session::Session;
use crate::survey::survey;
use crate::trigger::{Carried, Trigger};

/// Decides about these pushes and rolls. With none there is nothing to do, and nothing is read.
///
/// # Errors
/// As [`crate::handle`].
pub(crate) async fn decide(
    context: &Context,
    trigger: &Trigger,
    carried: &[Carried],
    until: Deadline,
) -> Result<Report, Error> {
    let ours = |push: &&Carried| !context.config.is_in_use_tag(&push.found.record.tag);
    let carried: Vec<Carried> = carried.iter().filter(ours).cloned().collect();
    if carried.is_empty() {
        tracing::info!(trigger = trigger.name, "no push in the event");
        return Ok(Report {
            trigger: trigger.name.to_owned(),
            window: None,
            pushes: Vec::new(),
            decisions: Vec::new(),
            ended: Vec::new(),
        });
    }
    let began = context.now();
    let found = crate::concurrent::all(carried.iter().map(|push| complete(context, push)));
    let since = since(context, &carried, (began, until));
    let (found, since, inventory) = futures_util::join!(found, since, survey(context, until));
    let (pushes, left) = told(context, &carried, found, since, began);
    let mut session =
        Session::new(context, inventory?, trigger.dry_run, until).hearing(None, began);
    session.decide(&pushes).await;
    if context.config.sweep.is_none() {
        Box::pin(session.decide_families(&pushes)).await;
    }
    session
        .report(trigger.name, None, &pushes, left.as_deref())
        .await
}

/// Whether a push came so late that something newer may have been decided long ago. A later wave waits longer than that, and
/// must not take a tag that names by now what an earlier one undid.
fn is_late(context: &Context, push: &Carried, now: DateTime<Utc>) -> bool {
    !context.config.waves.is_empty() || now - push.found.record.time > LATE
}

/// What the log tells of the time since the oldest of pushes that came late: nothing of it may be known of a service that holds
/// something newer. Nothing where there is no log to read, or none that may be read: what comes this way needs none.
///
/// # Errors
/// Where a retry may read it.
async fn since(
    context: &Context,
    carried: &[Carried],
    (now, until): (DateTime<Utc>, Deadline),
) -> Result<Vec<Found>, AwsError> {
    let late = carried.iter().filter(|push| is_late(context, push, now));
    let oldest = late.map(|push| push.found.record.time).min();
    let Some(from) = oldest.filter(|_| context.config.log_group.is_some()) else {
        return Ok(Vec::new());
    };
    let span = (from.max(now - LATEST), now);
    let (found, failed) = match Box::pin(lookup::read(context, span, until)).await {
        Ok((found, _, failed)) => (found, failed),
        Err(error) => (Vec::new(), Some(error)),
    };
    match failed {
        Some(error) if error.retryable => Err(error),
        Some(error) => {
            tracing::warn!(%error, "the log cannot be read: a push that came late, or waits for its wave, is decided by what it says itself");
            Ok(found)
        }
        None => Ok(found),
    }
}

/// The pushes of which it is known what was pushed and since, and why others are left to a retry. They take those of their
/// repository with them: one that is left may be the newer. Where the log tells of one as well, its word counts, and its
/// place among the others.
fn told(
    context: &Context,
    carried: &[Carried],
    found: Vec<Result<Found, AwsError>>,
    since: Result<Vec<Found>, AwsError>,
    now: DateTime<Utc>,
) -> (Vec<Push>, Option<String>) {
    let (log, unread) = match since {
        Ok(since) => (since, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut known = Vec::new();
    let mut unknown: BTreeMap<&Repository, AwsError> = BTreeMap::new();
    for (push, found) in carried.iter().zip(found) {
        let record = &push.found.record;
        if tells_of(&log, record) {
            continue;
        }
        let unread = unread.clone().filter(|_| is_late(context, push, now));
        match unread.map_or(found, Err) {
            Ok(found) => known.push(found),
            Err(error) => {
                unknown.insert(&record.repository, error);
            }
        }
    }
    known.extend(log);
    known.retain(|found: &Found| !unknown.contains_key(&found.record.repository));
    let left = unknown
        .iter()
        .map(|(repository, error)| format!("what was pushed to {repository}: {error}"));
    let left: Vec<String> = left.collect();
    (coalesce(known), (!left.is_empty()).then(|| left.join("; ")))
}

/// Whether the log tells of a push that was carried: by one identity, or of the same image at nearly that time where ECR's own
/// event carried it, if the tag did not move between the two.
fn tells_of(log: &[Found], carried: &Record) -> bool {
    let of = |told: &&Record| told.repository == carried.repository && told.tag == carried.tag;
    let log = || log.iter().map(|found| &found.record);
    let moved = |told: &Record| {
        let (from, to) = (told.time.min(carried.time), told.time.max(carried.time));
        let mut others = log()
            .filter(of)
            .filter(|other| other.digest != carried.digest);
        others.any(|other| (from..=to).contains(&other.time))
    };
    let same = |told: &Record| {
        let near = (told.time - carried.time).abs() <= ledger::APART;
        near && told.digest == carried.digest && !moved(told)
    };
    let is_event = carried.id.starts_with(ledger::ECR);
    log().any(|told| told.id == carried.id || is_event && of(&told) && same(told))
}

/// The push with what was pushed, asked of ECR where the road does not say.
async fn complete(context: &Context, push: &Carried) -> Result<Found, AwsError> {
    let mut found = push.found.clone();
    if push.bare {
        found.record.kind = kind(context, &found.record).await?;
    }
    Ok(found)
}

/// What ECR says was pushed. Where it may not be asked the push is left to the look-up, whose record says so itself.
pub(crate) async fn kind(context: &Context, record: &Record) -> Result<Kind, AwsError> {
    let (repository, digest) = (&record.repository, &record.digest);
    let client = context.ecr(&repository.region);
    match ecr::manifest(&client, repository, digest).await {
        Ok(Some(manifest)) => Ok(Kind::of(Some(&manifest))),
        Ok(None) => Ok(Kind::Other(format!(
            "ECR holds no image manifest under {digest}"
        ))),
        Err(error) if error.retryable => Err(error),
        Err(error) => Ok(Kind::Other(format!(
            "what was pushed cannot be known here: {error}"
        ))),
    }
}
