//! The deployer: an event comes in, and the services that run a pushed image are rolled.
//!
//! The modules in the order in which an invocation passes them:
//!
//! | module | what it does | talks to AWS |
//! |---|---|---|
//! | [`trigger`] | tells what woke the handler | |
//! | `lookup` | reads the pushes from the log group | CloudWatch Logs |
//! | [`record`], [`manifest`], [`push`] | one record, what it pushed, all pushes in their order | |
//! | `survey` | reads what runs, and what was deployed where the ledger leaves a doubt | ECS |
//! | [`inventory`], [`image`], [`ledger`] | services, revisions, image references, ecroll's own notes | |
//! | [`mod@plan`], [`policy`] | decides, as a pure function of all that | |
//! | `roll`, [`revision`] | does what the plan says | ECS |
//! | [`report`], [`deployment`] | what was concluded, and how earlier rolls ended | |
//! | `telling` | the log, the metrics, and a topic hear of it | SNS |
//!
//! Every message means *look now*: the handler is right whatever is delivered twice, late, out of order or not at all.

mod concurrent;
pub mod config;
mod context;
mod deadline;
pub mod deployment;
mod ecs;
mod elsewhere;
mod error;
pub mod image;
pub mod inventory;
pub mod ledger;
mod lookup;
pub mod manifest;
mod pace;
pub mod plan;
pub mod policy;
pub mod push;
pub mod record;
pub mod report;
pub mod revision;
mod roll;
mod site;
mod survey;
mod target;
mod telling;
pub mod trigger;

#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use serde_json::Value;

pub use context::{Context, Measure, Now};
pub use deadline::Deadline;
use deployment::Change;
pub use error::{AwsError, Error};
use plan::{Histories, Plan};
use report::{Decision, Outcome, PushLine, Report, Window};
pub use site::Place;
pub use target::places;
use trigger::Trigger;

/// Handles one event: looks up the pushes, decides, rolls, reports.
///
/// # Errors
/// [`Error::Config`] without a log group; [`Error::Retryable`] when something failed that a retry may mend, after
/// everything else was done; [`Error::Permanent`] when the log group or the clusters cannot be read at all.
pub async fn handle(event: &Value, context: &Context) -> Result<Report, Error> {
    handle_by(event, context, Deadline::NONE).await
}

/// The same in an invocation that ends: what would not be done by then is not begun, and the next look-up finds it.
///
/// # Errors
/// As [`handle`]; [`Error::Retryable`] when something was left for want of time.
pub async fn handle_by(
    event: &Value,
    context: &Context,
    deadline: Deadline,
) -> Result<Report, Error> {
    let trigger = Trigger::read(event);
    if let Some(warning) = &trigger.warning {
        tracing::warn!(warning, "event");
    }
    let to = context.now();
    let span = trigger.look_back.unwrap_or(context.config.look_back);
    let from = to - TimeDelta::from_std(span).unwrap_or(TimeDelta::days(1));

    let (pushes, inventory) = futures_util::join!(
        lookup::look_up(context, from),
        survey::survey(context, deadline)
    );
    let (pushes, inventory) = (pushes?, inventory?);
    elsewhere::warn(context, &pushes, &inventory);

    let plan = |histories: &Histories| {
        plan::plan(
            &pushes,
            &inventory,
            histories,
            &context.config,
            trigger.dry_run,
        )
    };
    let mut histories = Histories::new();
    let mut decided: Plan = plan(&histories);
    if !decided.doubts.is_empty() {
        histories = survey::histories(context, deadline, &decided.doubts).await;
        decided = plan(&histories);
    }
    let ended = Change::read(event).map_or_else(Vec::new, |change| {
        deployment::ended(&change, &inventory, &histories, &pushes)
    });
    let rolled = roll::carry_out(context, &inventory, &decided, deadline).await;

    let mut decisions = decided.decisions;
    decisions.extend(rolled);
    decisions.extend(unread(&pushes, &inventory));
    let report = Report {
        trigger: trigger.name.to_owned(),
        window: Some(Window { from, to }),
        pushes: pushes.iter().map(PushLine::from).collect(),
        decisions,
        ended,
    };
    telling::tell(context, &report, to).await;
    let gaps = inventory.gaps.iter().filter(|gap| gap.retryable).count();
    let failed = report
        .decisions
        .iter()
        .filter(|decision| decision.retryable)
        .count();
    if gaps + failed > 0 {
        let message = format!(
            "{failed} decision(s) failed and {gaps} part(s) of the account could not be read, in a way that a retry \
             may mend; the log holds the report"
        );
        return Err(Error::Retryable {
            message,
            report: Some(Box::new(report)),
        });
    }
    Ok(report)
}

/// Pushes meet services whose revision could not be read: nobody knows whether they run the repository.
fn unread(pushes: &[push::Push], inventory: &inventory::Inventory) -> Vec<Decision> {
    for gap in &inventory.gaps {
        let (cluster, service, reason) = (&gap.cluster, &gap.service, &gap.reason);
        tracing::error!(
            cluster,
            service,
            reason,
            "part of the account could not be read"
        );
    }
    let Some(newest) = pushes.iter().max_by(|a, b| a.order.cmp(&b.order)) else {
        return Vec::new();
    };
    let failed = |gap: &inventory::Gap| Decision {
        cluster: gap.cluster.clone(),
        service: if gap.service.is_empty() {
            "*".to_owned()
        } else {
            gap.service.clone()
        },
        repository: newest.repository.name.clone(),
        tag: newest.tag().to_owned(),
        digest: newest.digest.clone(),
        outcome: Outcome::Failed,
        reason: format!("could not be read: {}", gap.reason),
        from: None,
        to: None,
        push: newest.id().to_owned(),
        retryable: gap.retryable,
    };
    inventory.gaps.iter().map(failed).collect()
}
