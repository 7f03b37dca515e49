//! Deciding about pushes that an event carries: no look-up, else the same way as any other push.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecr;
use crate::error::{AwsError, Error};
use crate::image::Repository;
use crate::lookup::{self, LATE};
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
    let since = since(context, &carried, began);
    let (found, since, inventory) = futures_util::join!(found, since, survey(context, until));
    let (pushes, left) = told(&carried, found, since?);
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

/// What the log tells of the time since the oldest of pushes that came late: something newer may have been decided long ago, and
/// nothing of it may be known of a service that holds it. Nothing where there is no log to read.
async fn since(
    context: &Context,
    carried: &[Carried],
    now: DateTime<Utc>,
) -> Result<Vec<Found>, AwsError> {
    let span = TimeDelta::from_std(context.config.look_back).unwrap_or(TimeDelta::days(1));
    let earliest = now.checked_sub_signed(span).unwrap_or(now);
    let oldest = carried.iter().map(|push| push.found.record.time).min();
    let late = oldest.filter(|at| now - *at > LATE && context.config.log_group.is_some());
    let Some(from) = late.map(|at| at.max(earliest)) else {
        return Ok(Vec::new());
    };
    let (found, _, failed) = Box::pin(lookup::read(context, from, now)).await?;
    failed.map_or(Ok(found), Err)
}

/// The pushes of which it is known what was pushed, and why others are left to a retry. They take those of their
/// repository with them: one that is left may be the newer.
fn told(
    carried: &[Carried],
    found: Vec<Result<Found, AwsError>>,
    since: Vec<Found>,
) -> (Vec<Push>, Option<String>) {
    let mut known = since;
    let mut unknown: BTreeMap<&Repository, AwsError> = BTreeMap::new();
    for (push, found) in carried.iter().zip(found) {
        match found {
            Ok(found) => known.push(found),
            Err(error) => {
                unknown.insert(&push.found.record.repository, error);
            }
        }
    }
    known.retain(|found| !unknown.contains_key(&found.record.repository));
    let left = unknown
        .iter()
        .map(|(repository, error)| format!("what was pushed to {repository}: {error}"));
    let left: Vec<String> = left.collect();
    (coalesce(known), (!left.is_empty()).then(|| left.join("; ")))
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
