//! How everything stands, for whoever asks: what runs, which push it came from, what waits and why. Reads what a look-up
//! reads, decides by the same code, and changes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::context::Context;
use crate::deadline::Deadline;
use crate::error::{AwsError, Error};
use crate::inventory::{Gap, Inventory, Service};
use crate::lookup;
use crate::origins;
use crate::plan::{Doubt, Histories};
use crate::progress::Progress;
use crate::push::{Push, coalesce};
use crate::stacks;
use crate::survey;

pub use crate::plan::{By, InWave, Known, Noted, Standing};

pub use crate::stacks::{Last, StackStanding};

/// How often more may be asked before it has to do with what is known.
const ROUNDS: usize = 4;

/// Everything that was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When the reading began.
    pub at: DateTime<Utc>,
    /// The services, their revisions, how far their deployments have come, and what could not be read.
    pub inventory: Inventory,
    /// How the services stand towards the repositories that they run.
    pub standings: Vec<Standing>,
    /// What each wave of the configuration names.
    pub waves: Vec<Vec<String>>,
    /// How the stacks of the configuration stand; none where services alone were asked for.
    pub stacks: Vec<StackStanding>,
    /// Whether the pushes of `look_back` were seen.
    pub log: Log,
}

/// Whether the log group was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Log {
    /// The configuration names none.
    None,
    /// From this time on.
    Read(DateTime<Utc>),
    /// It could not be, from this time back; nothing of it where the time is missing. And why.
    Unread(Option<DateTime<Utc>>, AwsError),
}

/// Looks at the services that are wanted, told by the ARNs of cluster and service; `wanted` is asked about every service
/// that is listed. `stacks`: and at the stacks of the configuration.
///
/// # Errors
/// When the clusters cannot be listed.
pub async fn standing(
    context: &Context,
    wanted: &(dyn Fn(&str, &str) -> bool + Sync),
    stacks: bool,
) -> Result<Seen, Error> {
    let at = context.now();
    let reading = async {
        match context.config.log_group {
            Some(_) => read_log(context, at).await,
            None => (Vec::new(), Log::None),
        }
    };
    // What one waits for may be a service that nobody asked for.
    let waves = !context.config.waves.is_empty();
    let needed = |cluster: &str, service: &str| wanted(cluster, service) || waves;
    let (inventory, (pushes, log, stacks)) = futures_util::join!(
        survey::survey_of(context, Deadline::NONE, Some(&needed)),
        async {
            let (pushes, log) = reading.await;
            let stacks = if stacks {
                Box::pin(stacks::standings(context, &pushes)).await
            } else {
                Vec::new()
            };
            (pushes, log, stacks)
        }
    );
    let mut inventory = inventory?;
    let mut histories = Histories::new();
    let mut judged = crate::plan::standings(&pushes, &inventory, &histories, &context.config);
    for _ in 1..ROUNDS {
        let asked = |doubt: &Doubt| !histories.contains_key(&doubt.service);
        judged.doubts.retain(asked);
        if judged.doubts.is_empty() && judged.undated.is_empty() {
            break;
        }
        let (past, origins) = futures_util::join!(
            survey::histories(context, Deadline::NONE, &judged.doubts),
            origins::origins(context, Deadline::NONE, &judged.undated)
        );
        histories.extend(past);
        inventory.origins.extend(origins);
        judged = crate::plan::standings(&pushes, &inventory, &histories, &context.config);
    }
    let is_wanted = |service: &Service| wanted(&service.cluster_arn, &service.arn);
    inventory.services.retain(is_wanted);
    Ok(Seen {
        at,
        inventory,
        standings: judged.standings,
        waves: context
            .config
            .waves
            .iter()
            .map(|wave| wave.services.clone())
            .collect(),
        stacks,
        log,
    })
}

async fn read_log(context: &Context, to: DateTime<Utc>) -> (Vec<Push>, Log) {
    let span = TimeDelta::from_std(context.config.look_back).unwrap_or(TimeDelta::days(1));
    let from = to.checked_sub_signed(span).unwrap_or(to);
    match lookup::read(context, (from, to), Deadline::NONE).await {
        Ok((found, reached, None)) => (coalesce(found), Log::Read(reached)),
        Ok((found, reached, Some(error))) => (coalesce(found), Log::Unread(Some(reached), error)),
        Err(error) => (Vec::new(), Log::Unread(None, error)),
    }
}

/// Reads services once more, with how far their deployments have come. One that is gone is missing; what could not be
/// read is a gap.
pub async fn progress(
    context: &Context,
    services: &[&Service],
) -> (BTreeMap<String, (Service, Progress)>, Vec<Gap>) {
    survey::progress(context, services).await
}
