//! The update itself, of a service that was read again right before.

use super::note::is_written;
use super::{Stop, Work};
use crate::ecs;
use crate::inventory::Service;
use crate::plan::{Roll, Source, objection_by_now};
use crate::report::Outcome;
use crate::survey::again;

const OVERTAKEN: &str = "another revision was deployed meanwhile; the next look-up decides";

impl Work<'_> {
    /// Updates a service, if it is still as the plan saw it and the ledger still says what was written.
    pub(super) async fn update(
        &self,
        roll: &Roll,
        revision: &str,
        now: Option<&Service>,
    ) -> Result<(), Stop> {
        let Some(now) = now else {
            return Err(Stop {
                outcome: Outcome::Failed,
                reason: "the service could not be read again right before the update".to_owned(),
                retryable: true,
            });
        };
        let anew = roll.source == Source::Same && now.deployed_at != roll.service.deployed_at;
        if anew {
            return Err(Stop::held(
                "the service was deployed meanwhile; the next look-up decides",
            ));
        }
        let written = roll.entries(revision);
        let ours = |(key, value): (&String, &String)| now.tags.get(key) == Some(value);
        let ours = written.iter().all(ours);
        if now.task_definition != roll.service.task_definition {
            // What an earlier look-up wrote would only be written once more.
            if ours && !is_written(roll, revision) {
                self.take_back(roll, &written, &now.task_definition).await;
            }
            return Err(Stop::held(OVERTAKEN));
        }
        if !ours {
            return Err(Stop::held("another look-up is rolling this service"));
        }
        if let Some(stop) = self.objection(roll, now) {
            // As if it had been seen by the plan: nothing is noted that did not roll.
            if !is_written(roll, revision) {
                self.give_back(roll, &written).await;
            }
            return Err(stop);
        }
        self.deploy(roll, revision).await
    }

    /// Deploys a revision, and tries again after an error that may pass. ECS may have accepted it all the same, and somebody may
    /// have deployed since: each time the service is read before. A forced deployment cannot be told from another.
    async fn deploy(&self, roll: &Roll, revision: &str) -> Result<(), Stop> {
        let service = &roll.service;
        let at = self.context.where_is(&service.arn, self.until);
        let mut tries = 0;
        loop {
            let Err(error) = ecs::update_service(at, roll, revision).await else {
                if roll.source == Source::Same {
                    self.context.remember_deployment(service);
                }
                return Ok(());
            };
            tries += 1;
            let passes = error.retryable && !error.timed_out && !error.throttled;
            if roll.source == Source::Same || !passes || !at.pause(tries).await {
                return Err(error.into());
            }
            tracing::info!(%error, tries, "tried again");
            let read = again(at, &[service]).await;
            let Some(now) = read.get(&service.arn) else {
                return Err(error.into());
            };
            if now.task_definition == revision {
                return Ok(());
            }
            if now.task_definition != service.task_definition {
                // The ledger stays: the revision may have been accepted before, and then somebody went over it.
                return Err(Stop::held(OVERTAKEN));
            }
            if let Some(stop) = self.objection(roll, now) {
                return Err(stop);
            }
        }
    }

    /// What speaks against a roll by now.
    fn objection(&self, roll: &Roll, now: &Service) -> Option<Stop> {
        let definition = self.inventory.definitions.get(&now.task_definition)?;
        let objection = objection_by_now(now, roll, definition, &self.context.config);
        objection.map(|(outcome, reason)| Stop {
            outcome,
            reason,
            retryable: false,
        })
    }
}
