//! How a roll ended: `ECS Deployment State Change` events, read together with the ledger.
//!
//! The event names the service and a deployment, not the task definition, and after a rollback the deployment of the old
//! revision ends as completed. So what a completed deployment means is told by what the service runs then.
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html>

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::inventory::{Inventory, Service};
use crate::ledger::Entry;
use crate::plan::{Histories, History};
use crate::push::Push;

/// To which events tell their times.
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// How a roll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Its revision runs and is steady.
    Completed,
    /// ECS gave it up, and what ran before runs again.
    RolledBack,
    /// ECS gave it up, and there is nothing to go back to.
    Stuck,
}

impl End {
    /// Whether the push runs now.
    #[must_use]
    pub fn is_good(self) -> bool {
        self == Self::Completed
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completed => "completed",
            Self::RolledBack => "rolled back",
            Self::Stuck => "stuck",
        })
    }
}

/// A roll of ecroll's that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The repository's name.
    pub repository: String,
    /// The tag that was rolled.
    pub tag: String,
    /// The identity of the push, as the report names it where the push is in sight.
    #[serde(rename = "event_id")]
    pub push: String,
    /// How it ended.
    pub state: End,
    /// ARN of the revision that the service runs now.
    pub revision: String,
    /// ECS's own sentence.
    pub reason: String,
}

/// What such an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// ARN of the service.
    pub service: String,
    /// Completed, else failed.
    pub completed: bool,
    /// ECS's own sentence.
    pub reason: String,
    /// When that deployment ended, to the second; `None` where the event does not tell.
    pub at: Option<DateTime<Utc>>,
}

impl Change {
    /// Reads an event; `None` for any other, and for the start of a deployment.
    #[must_use]
    pub fn read(event: &Value) -> Option<Self> {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        if text("/detail-type") != Some("ECS Deployment State Change") {
            return None;
        }
        let completed = match text("/detail/eventName")? {
            "SERVICE_DEPLOYMENT_COMPLETED" => true,
            "SERVICE_DEPLOYMENT_FAILED" => false,
            _ => return None,
        };
        Some(Self {
            service: text("/resources/0")?.to_owned(),
            completed,
            reason: text("/detail/reason").unwrap_or_default().to_owned(),
            at: text("/detail/updatedAt").and_then(|at| at.parse().ok()),
        })
    }
}

/// The rolls of ecroll's that a change brought to their end: one for each repository whose push the revision carried.
///
/// A change of a service that ecroll did not roll, or that says nothing about its roll, gives none.
#[must_use]
pub fn ended(
    change: &Change,
    inventory: &Inventory,
    histories: &Histories,
    pushes: &[Push],
) -> Vec<Ended> {
    let mut services = inventory.services.iter();
    let Some(service) = services.find(|service| service.arn == change.service) else {
        return Vec::new();
    };
    let Some(definition) = inventory.definitions.get(&service.task_definition) else {
        return Vec::new();
    };
    let history = histories.get(&service.arn);
    let repositories = definition.repositories().into_iter();
    repositories
        .filter_map(|repository| {
            let entry = service.entry(repository)?;
            let state = end(change, service, &entry, history)?;
            let seen = pushes.iter().find(|push| entry.names(push));
            Some(Ended {
                cluster: service.cluster().to_owned(),
                service: service.name.clone(),
                repository: repository.name.clone(),
                tag: entry.tag.clone(),
                push: seen.map_or_else(|| entry.called().to_owned(), |push| push.id().to_owned()),
                state,
                revision: service.task_definition.clone(),
                reason: change.reason.clone(),
            })
        })
        .collect()
}

fn end(
    change: &Change,
    service: &Service,
    entry: &Entry,
    history: Option<&History>,
) -> Option<End> {
    if !entry.is_deployment() {
        // Noted only: ecroll did not roll it.
        return None;
    }
    let runs = &service.task_definition;
    if entry.new.names(runs) {
        // An event may come when the next roll has begun already.
        let before =
            |at: DateTime<Utc>| service.deployed_at.is_some_and(|began| at + SECOND < began);
        if change.at.is_some_and(before) {
            return None;
        }
        return Some(if change.completed {
            End::Completed
        } else {
            End::Stuck
        });
    }
    // The base revision's own deployment may end after the ledger was written and before the new one began: only a new
    // revision that was deployed can have been rolled back.
    let deployed = match history? {
        History::Known(_, deployed) => deployed,
        History::Unknown(_) => return None,
    };
    let was = deployed
        .iter()
        .any(|past| entry.new.names(&past.task_definition));
    // What it was to follow may never have completed: ECS then goes back further.
    let last = deployed.iter().max_by_key(|past| past.at);
    let given_up = last.is_some_and(|last| last.undone && entry.new.names(&last.task_definition));
    (given_up || (was && entry.base.names(runs))).then_some(End::RolledBack)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Change;

    fn event(name: &str) -> serde_json::Value {
        json!({
            "detail-type": "ECS Deployment State Change", "source": "aws.ecs",
            "resources": ["x"],
            "detail": {"eventName": name, "deploymentId": "ecs-svc/1", "reason": "said so"},
        })
    }

    #[test]
    fn only_ends_are_read() {
        assert!(
            Change::read(&event("SERVICE_DEPLOYMENT_COMPLETED"))
                .unwrap()
                .completed
        );
        assert!(
            !Change::read(&event("SERVICE_DEPLOYMENT_FAILED"))
                .unwrap()
                .completed
        );
        assert_eq!(Change::read(&event("SERVICE_DEPLOYMENT_IN_PROGRESS")), None);
        assert_eq!(
            Change::read(&json!({"detail-type": "Scheduled Event"})),
            None
        );
        assert_eq!(Change::read(&json!(null)), None);
    }
}
