//! The life of a deployment: begun, superseded, completed, failed, rolled back.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::history::{Record, RecordStatus, Rollback};
use super::notice::{DeploymentState, Notice};
use super::request::epoch;
use super::restore::Again;
use super::revision::Revision;
use super::service::{Completed, Controller, DEPLOYED, Service};
use super::settings::Settings;
use super::task_definition::Container;
use super::world::World;

/// A deployment's id as the API shows it.
pub(super) fn name(id: u64) -> String {
    format!("ecs-svc/{id:019}")
}

/// How far a deployment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

/// One entry of a service's `deployments`.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    pub(super) id: u64,
    pub(super) revision: u64,
    pub(super) task_definition: Arc<str>,
    pub(super) rollout: Rollout,
    reason: String,
    /// It puts an older revision back.
    pub(super) is_rollback: bool,
    /// Failures in a row.
    pub(super) failed: usize,
    /// How often in a row tasks could not start; tasks that fail together count once.
    rounds: u32,
    last_failure: Option<DateTime<Utc>>,
    /// No task starts before: the pause after failures.
    pub(super) next_start: Option<DateTime<Utc>>,
    /// A rollback is not complete before.
    pub(super) settles_at: Option<DateTime<Utc>>,
    /// When the bake time of a blue/green deployment ends, once it has begun.
    pub(super) bake_until: Option<DateTime<Utc>>,
    pub(super) is_baked: bool,
    /// The event about percentages that allow nothing has been posted.
    pub(super) is_stuck: bool,
    created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

impl Deployment {
    pub(super) fn describe(&self, shows_rollout: bool) -> Map<String, Value> {
        let mut output = Map::new();
        let mut put = |member: &str, value: Value| output.insert(member.to_owned(), value);
        put("id", json!(name(self.id)));
        put("taskDefinition", json!(&*self.task_definition));
        put("failedTasks", json!(self.failed));
        put("createdAt", epoch(self.created_at));
        put("updatedAt", epoch(self.updated_at));
        if shows_rollout {
            let state = match self.rollout {
                Rollout::InProgress => "IN_PROGRESS",
                Rollout::Completed => "COMPLETED",
                Rollout::Failed => "FAILED",
            };
            put("rolloutState", json!(state));
            put("rolloutStateReason", json!(self.reason));
        }
        output
    }

    /// A task of this deployment failed. One that never ran makes the next ones wait: the pause
    /// doubles with every round (developer guide, service throttle logic; the steps are ours).
    /// Answers whether this is the moment to complain.
    pub(super) fn fail_task(&mut self, now: DateTime<Utc>, ran: bool, settings: &Settings) -> bool {
        self.failed += 1;
        self.updated_at = now;
        if ran || self.last_failure == Some(now) {
            return false;
        }
        self.last_failure = Some(now);
        self.rounds = self.rounds.saturating_add(1);
        let factor = 1_i64
            .checked_shl(self.rounds - 1)
            .filter(|factor| *factor > 0);
        let pause = factor
            .and_then(|factor| settings.restart_delay.checked_mul(factor))
            .map_or(settings.restart_delay_limit, |pause| {
                pause.min(settings.restart_delay_limit)
            });
        self.next_start = Some(now + TimeDelta::seconds(pause));
        self.rounds == 2
    }

    /// A task succeeded: failures are counted from zero again.
    pub(super) fn succeed_task(&mut self, resets: bool) {
        self.rounds = 0;
        self.next_start = None;
        if resets {
            self.failed = 0;
        }
    }
}

impl Service {
    pub(super) fn primary(&self) -> Option<&Deployment> {
        self.deployments.last()
    }

    /// Starts a deployment of a task definition and of the service's members as they are now.
    ///
    /// It takes the place of one under way: two quick changes supersede, they do not queue.
    pub(super) fn deploy(
        &mut self,
        definition: &Arc<str>,
        containers: &[Container],
        now: DateTime<Utc>,
        world: &mut World<'_>,
    ) {
        self.supersede(now, world);
        let members = self.deployed_members();
        let revision = world.ids.other();
        let sources = self
            .deployments
            .iter()
            .map(|deployment| deployment.revision)
            .collect();
        self.revisions.insert(
            revision,
            Revision::new(revision, definition, containers, members, now),
        );
        let record = Record::new(
            world.ids.other(),
            revision,
            sources,
            &self.configuration,
            now,
        );
        self.records.push(record);
        self.forget(now, world.settings);
        let id = world.ids.deployment();
        let reason = format!("ECS deployment {} in progress.", name(id));
        self.begin(id, revision, false, reason, now);
        self.notify(DeploymentState::Started, now, world);
    }

    /// The members that a deployment puts in place, as they are now.
    pub(super) fn deployed_members(&self) -> Map<String, Value> {
        DEPLOYED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.members.get(*name)?.clone())))
            .collect()
    }

    /// Begins the deployment that a service elsewhere had as its PRIMARY. Where the history does not tell its service
    /// revision, it gets one, with these digests of its images. One that had completed pulls nothing any more.
    pub(super) fn restore_primary(
        &mut self,
        again: &Again,
        digests: &[Option<String>],
        began: DateTime<Utc>,
        world: &mut World<'_>,
    ) {
        let revision = again.known.unwrap_or_else(|| {
            let revision = world.ids.other();
            let members = self.deployed_members();
            let new = Revision::new(revision, &again.arn, &again.containers, members, began);
            self.revisions.insert(revision, new);
            let number = world.ids.other();
            let mut record = Record::new(number, revision, Vec::new(), &self.configuration, began);
            if !again.under_way {
                record.end(RecordStatus::Successful, "", began);
            }
            self.records.push(record);
            revision
        });
        let of = self.revisions.get_mut(&revision);
        if let Some(of) = of.filter(|of| !again.under_way && !of.resolved) {
            for (image, digest) in of.images.iter_mut().zip(digests) {
                image.digest = image.digest.take().or_else(|| digest.clone());
            }
            of.resolved = true;
        }
        let id = world.ids.deployment();
        let reason = format!("ECS deployment {} in progress.", name(id));
        self.begin(id, revision, false, reason, began);
    }

    /// Goes back to the last deployment that completed, if there is one and this is no rollback
    /// already (developer guide, deployment circuit breaker).
    pub(super) fn roll_back(
        &mut self,
        why: &str,
        now: DateTime<Utc>,
        world: &mut World<'_>,
    ) -> bool {
        let Some(goal) = self.last_completed.filter(|_| self.can_roll_back()) else {
            return false;
        };
        if let Some(failed) = self.deployments.last_mut() {
            failed.rollout = Rollout::Failed;
        }
        let id = world.ids.deployment();
        let reason = format!(
            "{why}: rolling back to deploymentId {}.",
            name(goal.deployment)
        );
        // What still runs of that revision stays: it is what the rollback asks for.
        for task in &mut self.tasks {
            if task.revision == goal.revision && task.is_live() {
                task.deployment = id;
            }
        }
        if let Some(record) = self.records.last_mut() {
            record.status = RecordStatus::RollbackInProgress;
            record.reason.clone_from(&reason);
            record.rollback = Some(Rollback {
                reason: why.to_owned(),
                at: now,
                revision: goal.revision,
            });
        }
        self.begin(id, goal.revision, true, reason, now);
        if let Some(rollback) = self.deployments.last_mut() {
            let seconds = world.settings.seconds_to_roll_back;
            rollback.settles_at = Some(now + TimeDelta::seconds(seconds));
        }
        self.notify(DeploymentState::RolledBack, now, world);
        true
    }

    /// Whether there is something to go back to.
    pub(super) fn can_roll_back(&self) -> bool {
        let goal = self
            .last_completed
            .and_then(|goal| self.revisions.get(&goal.revision));
        goal.is_some() && self.primary().is_some_and(|primary| !primary.is_rollback)
    }

    fn begin(
        &mut self,
        id: u64,
        revision: u64,
        is_rollback: bool,
        reason: String,
        now: DateTime<Utc>,
    ) {
        let Some(target) = self.revisions.get(&revision) else {
            return;
        };
        let definition = Arc::clone(&target.task_definition);
        for member in DEPLOYED {
            self.members.remove(member);
        }
        self.members.extend(target.members.clone());
        self.task_definition = Some(Arc::clone(&definition));
        self.deployments.push(Deployment {
            id,
            revision,
            task_definition: definition,
            rollout: Rollout::InProgress,
            reason,
            is_rollback,
            failed: 0,
            rounds: 0,
            last_failure: None,
            next_start: None,
            settles_at: None,
            bake_until: None,
            is_baked: false,
            is_stuck: false,
            created_at: now,
            updated_at: now,
        });
    }

    fn supersede(&mut self, now: DateTime<Utc>, world: &mut World<'_>) {
        if self
            .primary()
            .is_none_or(|primary| primary.rollout != Rollout::InProgress)
        {
            return;
        }
        let reason = "A newer deployment took the place of this one.";
        if let Some(primary) = self.deployments.last_mut() {
            reason.clone_into(&mut primary.reason);
            primary.updated_at = now;
        }
        self.end_record(RecordStatus::Stopped, reason, now);
        self.notify(DeploymentState::Superseded, now, world);
    }

    /// PRIMARY reached the steady state.
    pub(super) fn complete(&mut self, now: DateTime<Utc>, world: &mut World<'_>) {
        let Some(primary) = self.deployments.last_mut() else {
            return;
        };
        primary.rollout = Rollout::Completed;
        primary.reason = format!("ECS deployment {} completed.", name(primary.id));
        primary.updated_at = now;
        let (id, is_rollback) = (name(primary.id), primary.is_rollback);
        self.last_completed = Some(Completed {
            deployment: primary.id,
            revision: primary.revision,
        });
        let status = if is_rollback {
            RecordStatus::RollbackSuccessful
        } else {
            RecordStatus::Successful
        };
        self.end_record(status, "", now);
        self.post(
            world.ids.other(),
            now,
            "has reached a steady state.",
            world.settings,
        );
        let text = format!("(deployment {id}) deployment completed.");
        self.post(world.ids.other(), now, &text, world.settings);
        self.notify(DeploymentState::Completed, now, world);
    }

    /// The circuit breaker trips: PRIMARY failed, and where that is set up the service goes back.
    pub(super) fn trip(&mut self, rolls_back: bool, now: DateTime<Utc>, world: &mut World<'_>) {
        const WHY: &str = "ECS deployment circuit breaker";
        let Some(primary) = self.deployments.last_mut() else {
            return;
        };
        primary.rollout = Rollout::Failed;
        primary.reason = format!("{WHY}: tasks failed to start.");
        primary.updated_at = now;
        let (text, was_rollback) = (primary.reason.clone(), primary.is_rollback);
        let event = format!(
            "(deployment {}) deployment failed: tasks failed to start.",
            name(primary.id)
        );
        if let Some(record) = self.records.last_mut() {
            record.breaker_tripped = true;
        }
        self.post(world.ids.other(), now, &event, world.settings);
        self.notify(DeploymentState::Failed, now, world);
        if rolls_back && self.roll_back(WHY, now, world) {
            return;
        }
        let status = if was_rollback {
            RecordStatus::RollbackFailed
        } else {
            RecordStatus::Stopped
        };
        self.end_record(status, &text, now);
    }

    pub(super) fn end_record(&mut self, status: RecordStatus, reason: &str, now: DateTime<Utc>) {
        if let Some(record) = self.records.last_mut().filter(|record| record.is_open()) {
            record.end(status, reason, now);
        }
    }

    /// Tells the outside about PRIMARY. Only the ECS controller sends deployment events.
    fn notify(&self, state: DeploymentState, at: DateTime<Utc>, world: &mut World<'_>) {
        let Some(primary) = self
            .primary()
            .filter(|_| self.controller == Controller::Ecs)
        else {
            return;
        };
        world.notices.push(Notice {
            at,
            cluster: self.cluster.clone(),
            service: self.name.clone(),
            deployment: name(primary.id),
            task_definition: primary.task_definition.to_string(),
            state,
            reason: primary.reason.clone(),
        });
    }
}
