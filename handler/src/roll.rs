//! Doing what the plan says, in the order that survives a death between any two calls: register the revision, write the
//! ledger, read the service again, update it. Nothing here chooses.

mod note;
mod update;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use crate::concurrent;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecs;
use crate::error::AwsError;
use crate::inventory::{Inventory, Service};
use crate::pace::Announced;
use crate::plan::{Plan, Roll, Source, registrations};
use crate::report::{Decision, Outcome};
use crate::revision::{Registration, copy};
use crate::survey::{BATCH, ROLL, again};
use note::{is_written, note};

const REGISTER: &str = "RegisterTaskDefinition";
const LEDGER: &str = "TagResource";
const UPDATE: &str = "UpdateService";

/// How many tens of services are under way at once: with calls of a second still more than ECS's buckets let through.
const BATCHES: usize = 8;

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

/// A revision that one or several rolls need, registered once.
#[derive(Default)]
struct Revision<'a> {
    /// The token for it, until it is taken, and when it was expected.
    turn: Mutex<(Option<Announced<'a>>, Option<DateTime<Utc>>)>,
    registered: OnceCell<Result<String, Stop>>,
}

impl Revision<'_> {
    /// Its token is about to be taken.
    fn begin(&self) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        turn.0 = None;
    }
}

/// The tokens for the two writes of a roll, until they are taken.
struct Turns<'a> {
    ledger: Option<Announced<'a>>,
    update: Option<Announced<'a>>,
}

/// A plan while it is carried out.
struct Work<'a> {
    context: &'a Context,
    inventory: &'a Inventory,
    until: Deadline,
    revisions: BTreeMap<&'a Registration, Revision<'a>>,
}

/// Carries out a plan and returns the decisions on everything that it meant to roll.
///
/// Services of one cluster go together, ten at a time, because as many can be read with one call; no ten wait for others.
/// A roll that would not be done by the deadline is not begun.
pub(crate) async fn carry_out(
    context: &Context,
    inventory: &Inventory,
    plan: &Plan,
    until: Deadline,
) -> Vec<Decision> {
    for remark in &plan.remarks {
        if context.is_news(remark) {
            tracing::warn!(remark, "service");
        }
    }
    let wanted = registrations(&plan.rolls).into_iter();
    let work = Work {
        context,
        inventory,
        until,
        revisions: wanted.map(|wanted| (wanted, Revision::default())).collect(),
    };
    let same = |a: &Roll, b: &Roll| a.service.cluster_arn == b.service.cluster_arn;
    let batches: Vec<&[Roll]> = plan
        .rolls
        .chunk_by(same)
        .flat_map(|cluster| cluster.chunks(BATCH))
        .collect();
    let work = &work;
    let batches = batches.into_iter().map(|rolls| work.batch(rolls));
    let rolled = concurrent::some(BATCHES, batches);
    let (rolled, ()) = futures_util::join!(rolled, note(context, inventory, until, &plan.notes));
    rolled.into_iter().flatten().collect()
}

impl Stop {
    fn again(&self) -> Self {
        Self {
            outcome: self.outcome,
            reason: self.reason.clone(),
            retryable: self.retryable,
        }
    }

    fn held(reason: &str) -> Self {
        Self {
            outcome: Outcome::Held,
            reason: reason.to_owned(),
            retryable: false,
        }
    }

    fn too_late(until: Deadline) -> Self {
        Self {
            outcome: Outcome::Failed,
            reason: until.too_late(),
            retryable: true,
        }
    }
}

impl<'a> Work<'a> {
    /// Rolls at most ten services of one cluster.
    async fn batch(&self, rolls: &[Roll]) -> Vec<Decision> {
        // In the order of the rolls, so that those who are sure to be in time come first.
        let turns: Vec<_> = rolls.iter().map(|roll| (roll, self.turns(roll))).collect();
        let noted = concurrent::all(turns.into_iter().map(|(roll, turns)| async move {
            let step = match turns {
                Ok(turns) => self.revision(roll).await.map(|revision| (revision, turns)),
                Err(stop) => Err(stop),
            };
            (roll, step)
        }))
        .await;
        let noted = concurrent::all(noted.into_iter().map(|(roll, step)| async move {
            let step = match step {
                Ok((revision, mut turns)) => {
                    drop(turns.ledger.take());
                    let written = self.write_ledger(roll, &revision).await;
                    written.map(|()| (revision, turns))
                }
                Err(stop) => Err(stop),
            };
            (roll, step)
        }))
        .await;

        let ready: Vec<&Service> = noted
            .iter()
            .filter(|(_, step)| step.is_ok())
            .map(|(roll, _)| &roll.service)
            .collect();
        let now = match ready.first() {
            Some(first) => again(self.context.where_is(&first.arn, self.until), &ready).await,
            None => BTreeMap::new(),
        };
        let now = &now;
        let updated = concurrent::all(noted.into_iter().map(|(roll, step)| async move {
            let done = match step {
                Ok((revision, turns)) => {
                    drop(turns.update);
                    let service = now.get(&roll.service.arn);
                    let updated = self.update(roll, &revision, service).await;
                    updated.map(|()| revision)
                }
                Err(stop) => Err(stop),
            };
            decisions(roll, &done)
        }));
        updated.await.into_iter().flatten().collect()
    }

    /// Announces everything that a roll writes, or says why it is not to begin.
    fn turns(&self, roll: &Roll) -> Result<Turns<'a>, Stop> {
        if let Some(words) = self.context.denial(&roll.service.arn) {
            return Err(Stop {
                outcome: Outcome::Failed,
                reason: format!(
                    "{words}; nothing rolls without the ledger, which is tried again when an hour is over and everything is read"
                ),
                retryable: false,
            });
        }
        let at = self.context.where_is(&roll.service.arn, self.until);
        let late = || Stop::too_late(self.until);
        match &roll.source {
            Source::Registered(revision) if is_written(roll, revision) => {
                let turns = at.leaving(2).announce(&[UPDATE], None);
                Ok(Turns {
                    ledger: None,
                    update: turns.ok_or_else(late)?.pop(),
                })
            }
            Source::Registered(_) | Source::Same => {
                let turns = at.leaving(3).announce(&[LEDGER, UPDATE], None);
                Ok(Turns::of(turns.ok_or_else(late)?))
            }
            Source::Register(registration) => {
                let Some(revision) = self.revisions.get(registration) else {
                    return Err(unregistered());
                };
                let mut turn = revision.turn.lock().unwrap_or_else(PoisonError::into_inner);
                let at = at.leaving(ROLL);
                if turn.1.is_some() {
                    let turns = at.announce(&[LEDGER, UPDATE], turn.1);
                    return Ok(Turns::of(turns.ok_or_else(late)?));
                }
                let turns = at.announce(&[LEDGER, UPDATE, REGISTER], None);
                let mut turns = turns.ok_or_else(late)?;
                let register = turns.pop();
                let expected = register.as_ref().map(|turn| turn.at);
                *turn = (register, expected);
                Ok(Turns::of(turns))
            }
        }
    }

    /// The revision that a roll deploys, registered if need be, whatever number of services shares it.
    async fn revision(&self, roll: &Roll) -> Result<String, Stop> {
        let registration = match &roll.source {
            Source::Registered(arn) => return Ok(arn.clone()),
            Source::Same => return Ok(roll.service.task_definition.clone()),
            Source::Register(registration) => registration,
        };
        let Some(revision) = self.revisions.get(registration) else {
            return Err(unregistered());
        };
        let registered = revision
            .registered
            .get_or_init(|| async { self.register(registration, revision).await });
        match registered.await {
            Ok(arn) => Ok(arn.clone()),
            Err(stop) => Err(stop.again()),
        }
    }

    async fn register(
        &self,
        registration: &Registration,
        revision: &Revision<'_>,
    ) -> Result<String, Stop> {
        let refused = |reason: String| Stop {
            outcome: Outcome::Refused,
            reason,
            retryable: false,
        };
        let base = self
            .inventory
            .definitions
            .get(&registration.base)
            .ok_or_else(|| refused(format!("{} was not read", registration.base)))?;
        let input = copy(base, registration).map_err(refused)?;
        revision.begin();
        let at = self.context.where_is(&registration.base, self.until);
        Ok(ecs::register_task_definition(at.leaving(ROLL - 1), &input).await?)
    }
}

fn unregistered() -> Stop {
    Stop {
        outcome: Outcome::Failed,
        reason: "its revision was not registered".to_owned(),
        retryable: true,
    }
}

impl<'a> Turns<'a> {
    /// From those for the ledger and the update, in this order.
    fn of(turns: Vec<Announced<'a>>) -> Self {
        let mut turns = turns.into_iter();
        Self {
            ledger: turns.next(),
            update: turns.next(),
        }
    }
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
