//! Doing what the plan says, in the order that survives a death between any two calls: register the revision, write the
//! ledger, read the service again, update it. Nothing here chooses.

use std::collections::BTreeMap;

use crate::concurrent;
use crate::context::Context;
use crate::ecs;
use crate::error::AwsError;
use crate::inventory::{Inventory, Service};
use crate::ledger::{self, Entry, RevisionName};
use crate::plan::{Note, Plan, Roll, Source, registrations};
use crate::report::{Decision, Outcome};
use crate::revision::{Registration, copy};
use crate::survey::again;

/// How a step ended that may end a roll.
struct Stop {
    outcome: Outcome,
    reason: String,
    retryable: bool,
}

impl From<AwsError> for Stop {
    fn from(error: AwsError) -> Self {
        let retryable = error.retryable;
        Self {
            outcome: Outcome::Failed,
            reason: error.to_string(),
            retryable,
        }
    }
}

/// Carries out a plan and returns the decisions on everything that it meant to roll.
pub(crate) async fn carry_out(
    context: &Context,
    inventory: &Inventory,
    plan: &Plan,
) -> Vec<Decision> {
    for remark in &plan.remarks {
        if context.is_news(remark) {
            tracing::warn!(remark, "service");
        }
    }
    let (revisions, ()) = futures_util::join!(
        register(context, inventory, plan),
        note(context, &plan.notes)
    );

    let noted = concurrent::all(plan.rolls.iter().map(|roll| {
        let revision = revision(roll, &revisions);
        async move {
            let step = match revision {
                Ok(revision) => write_ledger(context, roll, &revision)
                    .await
                    .map(|()| revision),
                Err(stop) => Err(stop),
            };
            (roll, step)
        }
    }))
    .await;

    let ready: Vec<&Service> = noted
        .iter()
        .filter(|(_, step)| step.is_ok())
        .map(|(roll, _)| &roll.service)
        .collect();
    let now = again(context, &ready).await;
    let now = &now;
    let updated = concurrent::all(noted.into_iter().map(|(roll, step)| async move {
        let done = match step {
            Ok(revision) => {
                let service = now.get(&roll.service.arn);
                update(context, roll, &revision, service)
                    .await
                    .map(|()| revision)
            }
            Err(stop) => Err(stop),
        };
        decisions(roll, &done)
    }));
    updated.await.into_iter().flatten().collect()
}

impl Stop {
    fn again(&self) -> Self {
        Self {
            outcome: self.outcome,
            reason: self.reason.clone(),
            retryable: self.retryable,
        }
    }
}

type Registered<'p> = BTreeMap<&'p Registration, Result<String, Stop>>;

/// Registers every revision that the plan needs, each once, whatever number of services shares it.
async fn register<'p>(context: &Context, inventory: &Inventory, plan: &'p Plan) -> Registered<'p> {
    let wanted = registrations(&plan.rolls)
        .into_iter()
        .map(|registration| async move {
            let arn = register_one(context, inventory, registration).await;
            (registration, arn)
        });
    concurrent::all(wanted).await.into_iter().collect()
}

async fn register_one(
    context: &Context,
    inventory: &Inventory,
    registration: &Registration,
) -> Result<String, Stop> {
    let refused = |reason: String| Stop {
        outcome: Outcome::Refused,
        reason,
        retryable: false,
    };
    let base = inventory
        .definitions
        .get(&registration.base)
        .ok_or_else(|| refused(format!("{} was not read", registration.base)))?;
    let input = copy(base, registration).map_err(refused)?;
    Ok(ecs::register_task_definition(&context.ecs, &input).await?)
}

fn revision(roll: &Roll, registered: &Registered<'_>) -> Result<String, Stop> {
    match &roll.source {
        Source::Registered(arn) => Ok(arn.clone()),
        Source::Same => Ok(roll.service.task_definition.clone()),
        Source::Register(registration) => match registered.get(registration) {
            Some(Ok(arn)) => Ok(arn.clone()),
            Some(Err(stop)) => Err(stop.again()),
            None => Err(Stop {
                outcome: Outcome::Failed,
                reason: "its revision was not registered".to_owned(),
                retryable: true,
            }),
        },
    }
}

/// The ledger entries of a roll, by the tag's key.
pub(crate) fn entries(roll: &Roll, revision: &str) -> BTreeMap<String, String> {
    let entry = |cargo: &crate::plan::Cargo| Entry {
        time: cargo.pushed.0,
        id: cargo.pushed.1.clone(),
        tag: cargo.tag.clone(),
        new: RevisionName::of(revision),
        base: RevisionName::of(&roll.service.task_definition),
        shared: roll.cargo.len() > 1,
    };
    roll.cargo
        .iter()
        .map(|cargo| (ledger::key(&cargo.repository), entry(cargo).value()))
        .collect()
}

async fn write_ledger(context: &Context, roll: &Roll, revision: &str) -> Result<(), Stop> {
    let entries = entries(roll, revision);
    let written = entries
        .iter()
        .all(|(key, value)| roll.service.tags.get(key) == Some(value));
    if !written {
        ecs::tag(&context.ecs, &roll.service.arn, &entries).await?;
    }
    Ok(())
}

/// Updates a service, if it is still as the plan saw it and the ledger still says what was written.
async fn update(
    context: &Context,
    roll: &Roll,
    revision: &str,
    now: Option<&Service>,
) -> Result<(), Stop> {
    let gone = |reason: &str| Stop {
        outcome: Outcome::Held,
        reason: reason.to_owned(),
        retryable: false,
    };
    let Some(now) = now else {
        return Err(Stop {
            outcome: Outcome::Failed,
            reason: "the service could not be read again right before the update".to_owned(),
            retryable: true,
        });
    };
    let anew = roll.source == Source::Same && now.deployed_at != roll.service.deployed_at;
    if anew {
        return Err(gone(
            "the service was deployed meanwhile; the next look-up decides",
        ));
    }
    if now.task_definition != roll.service.task_definition {
        return Err(gone(
            "another revision was deployed meanwhile; the next look-up decides",
        ));
    }
    let written = entries(roll, revision);
    if written
        .iter()
        .any(|(key, value)| now.tags.get(key) != Some(value))
    {
        return Err(gone("another look-up is rolling this service"));
    }
    Ok(ecs::update_service(&context.ecs, roll, revision).await?)
}

fn decisions(roll: &Roll, done: &Result<String, Stop>) -> Vec<Decision> {
    let decision = |cargo: &crate::plan::Cargo| {
        let (outcome, reason, to, retryable) = match done {
            Ok(revision) => (
                Outcome::Rolled,
                cargo.reason.clone(),
                Some(revision.clone()),
                false,
            ),
            Err(stop) => (stop.outcome, stop.reason.clone(), None, stop.retryable),
        };
        Decision {
            cluster: roll.service.cluster().to_owned(),
            service: roll.service.name.clone(),
            repository: cargo.repository.name.clone(),
            tag: cargo.tag.clone(),
            digest: cargo.digest.clone(),
            outcome,
            reason,
            from: Some(roll.service.task_definition.clone()),
            to,
            push: cargo.push.clone(),
            retryable,
        }
    };
    roll.cargo.iter().map(decision).collect()
}

/// Writes the ledger of services that run the newest push already. That it failed is told and left to the next look-up.
async fn note(context: &Context, notes: &[Note]) {
    let written = notes.iter().map(|note| async move {
        let tags = BTreeMap::from([note.tag.clone()]);
        if let Err(error) = ecs::tag(&context.ecs, &note.service, &tags).await {
            tracing::warn!(service = note.service, %error, "ledger not written");
        }
    });
    concurrent::all(written).await;
}
