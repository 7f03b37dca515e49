//! Deciding about pushes that an event carries: no look-up, else the same way as any other push.

use std::collections::BTreeMap;

use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecr;
use crate::error::{AwsError, Error};
use crate::image::Repository;
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
    let (found, inventory) = futures_util::join!(found, survey(context, until));
    let (pushes, left) = told(&carried, found);
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

/// The pushes of which it is known what was pushed, and why others are left to a retry. They take those of their
/// repository with them: one that is left may be the newer.
fn told(carried: &[Carried], found: Vec<Result<Found, AwsError>>) -> (Vec<Push>, Option<String>) {
    let mut known = Vec::new();
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
