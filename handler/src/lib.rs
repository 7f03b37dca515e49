//! The deployer: an event comes in, and the services that run a pushed image are rolled.
//!
//! The modules in the order in which an invocation passes them:
//!
//! | module | what it does | talks to AWS |
//! |---|---|---|
//! | [`trigger`] | tells what woke the handler, and reads the pushes that some events carry | |
//! | `lookup` | reads the pushes from the log group | CloudWatch Logs |
//! | `carried`, `direct` | the other roads: pushes that an event carries, and a tag that somebody names | ECR |
//! | [`record`], [`manifest`], [`push`] | one record, what it pushed, all pushes in their order | |
//! | `session` | passes pushes through all that follows, once or in parts | |
//! | `origins` | asks where an image comes from that no push in sight dates | ECS, ECR |
//! | `survey` | reads what runs, and what was deployed where the ledger leaves a doubt | ECS |
//! | `written` | tells answers of ECS that are older than what this function wrote | |
//! | [`inventory`], [`image`], [`ledger`] | services, revisions, image references, ecroll's own notes | |
//! | [`mod@plan`], [`policy`] | decides, as a pure function of all that | |
//! | `roll`, [`revision`] | does what the plan says | ECS |
//! | [`stacks`] | the same for stacks that take a tag as a parameter: decides, and updates them | CloudFormation, ECR |
//! | `families` | gives families that no service runs their revision of a push, where somebody asked for that | ECS |
//! | [`scheduled`] | rules and schedules of the families that services run move along, once a roll is over and well | EventBridge, Scheduler, ECS |
//! | [`standing`], [`progress`] | how everything stands, for whoever asks; decides nothing | all of the above |
//! | [`picture`] | everything that a look-up would read, as AWS answered it; decides nothing | ECS, ECR |
//! | [`report`], [`deployment`] | what was concluded, and how earlier rolls ended | |
//! | `reconcile` | asks the registry for pushes that never reached the log | ECR |
//! | `in_use` | lets a tag of the registry name what runs, where somebody asked for that | ECR |
//! | `telling` | the log, the metrics, and a topic hear of it | SNS |
//! | [`logged`] | what the log of an invocation says, for whoever reads it | |
//!
//! Every message means *look now*: the handler is right whatever is delivered twice, late, out of order or not at all.

mod carried;
mod concurrent;
pub mod config;
mod context;
mod deadline;
pub mod deployment;
mod direct;
mod ecr;
mod ecs;
mod elsewhere;
mod endpoint;
mod error;
mod families;
mod followers;
mod https;
pub mod image;
mod in_use;
pub mod inventory;
pub mod ledger;
pub mod logged;
mod lookup;
pub mod manifest;
mod origins;
mod pace;
pub mod picture;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod push;
mod reconcile;
pub mod record;
pub mod report;
pub mod revision;
mod roll;
pub mod scheduled;
mod session;
mod site;
pub mod stacks;
pub mod standing;
mod survey;
mod target;
mod telling;
pub mod trigger;
mod way;
mod written;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use context::{Context, Measure, Now};
pub use deadline::Deadline;
pub use ecs::{Keep, carry};
pub use error::{AwsError, Error};
pub use followers::{Follower, followers};
pub use https::https;
use report::Report;
pub use site::Place;
pub use target::places;
use trigger::{Task, Trigger};

/// Handles one event: finds the pushes, decides, rolls, reports.
///
/// # Errors
/// [`Error::Config`] when a look-up is needed and there is no log group; [`Error::Retryable`] when something failed that a
/// retry may mend, after everything else was done; [`Error::Permanent`] when the log group or the clusters cannot be
/// read at all, and when somebody names a tag that cannot be deployed.
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
    match &trigger.task {
        // It holds the calls of every service, which is much for the stack of whoever asks.
        Task::LookUp => Box::pin(lookup::look_up(context, &trigger, event, deadline)).await,
        Task::Pushes(pushes) => carried::decide(context, &trigger, pushes, deadline).await,
        Task::Deploy(direct) => direct::deploy(context, &trigger, direct, deadline).await,
        Task::Refuse(why) => Err(Error::Permanent(why.clone())),
    }
}
