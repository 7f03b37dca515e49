//! How far a service's deployments have come: what people want to see, and no decision hangs on.

use aws_sdk_ecs::primitives::DateTime as SdkTime;
use aws_sdk_ecs::types as model;
use chrono::{DateTime, Utc};

/// How many service events are kept of the hundred that ECS shows.
const EVENTS: usize = 10;

/// What ECS says of a service's deployments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The primary one first, then those whose tasks are still there.
    pub deployments: Vec<Deployment>,
    /// How many tasks there are to be.
    pub desired: i32,
    /// How many run, of all deployments.
    pub running: i32,
    /// How many are about to.
    pub pending: i32,
    /// The last service events, the newest first.
    pub events: Vec<Event>,
}

/// One entry of a service's `deployments`.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// `ecs-svc/…`.
    pub id: String,
    /// `PRIMARY` or `ACTIVE`.
    pub status: String,
    /// ARN of the revision.
    pub task_definition: String,
    /// How many tasks it is to have.
    pub desired: i32,
    /// How many run.
    pub running: i32,
    /// How many are about to.
    pub pending: i32,
    /// How many failed in a row.
    pub failed: i32,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`; ECS says none behind a Classic Load Balancer and for other controllers.
    pub state: Option<String>,
    /// Why it is in that state, in ECS's words.
    pub reason: Option<String>,
    /// When it began.
    pub began: Option<DateTime<Utc>>,
}

/// A sentence of the service's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its identity.
    pub id: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The sentence.
    pub message: String,
}

impl Progress {
    /// The deployment that the service is to have.
    #[must_use]
    pub fn primary(&self) -> Option<&Deployment> {
        let mut all = self.deployments.iter();
        all.find(|deployment| deployment.status == "PRIMARY")
    }

    /// Whether the service is on its way to what it is to run. Where ECS gives no state, the tasks tell.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        let Some(primary) = self.primary() else {
            return false;
        };
        match &primary.state {
            Some(state) => state == "IN_PROGRESS",
            None => {
                self.deployments.len() > 1
                    || primary.running != primary.desired
                    || primary.pending > 0
            }
        }
    }

    /// Takes the answer of a call apart that describes a service.
    #[must_use]
    pub fn read(service: &model::Service) -> Self {
        let events = service.events().iter();
        let mut deployments: Vec<Deployment> =
            service.deployments().iter().map(Deployment::read).collect();
        deployments.sort_by_key(|deployment| deployment.status != "PRIMARY");
        Self {
            deployments,
            desired: service.desired_count(),
            running: service.running_count(),
            pending: service.pending_count(),
            events: events.filter_map(Event::read).take(EVENTS).collect(),
        }
    }
}

impl Deployment {
    fn read(deployment: &model::Deployment) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(deployment.id()),
            status: text(deployment.status()),
            task_definition: text(deployment.task_definition()),
            desired: deployment.desired_count(),
            running: deployment.running_count(),
            pending: deployment.pending_count(),
            failed: deployment.failed_tasks(),
            state: deployment.rollout_state().map(|s| s.as_str().to_owned()),
            reason: deployment.rollout_state_reason().map(str::to_owned),
            began: deployment.created_at().and_then(time),
        }
    }
}

impl Event {
    fn read(event: &model::ServiceEvent) -> Option<Self> {
        Some(Self {
            id: event.id().unwrap_or_default().to_owned(),
            at: event.created_at().and_then(time)?,
            message: event.message()?.to_owned(),
        })
    }
}

/// A time of the SDK.
pub(crate) fn time(time: &SdkTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::{Deployment, Progress};

    fn progress(state: Option<&str>, running: i32, others: usize) -> Progress {
        let primary = Deployment {
            id: "ecs-svc/2".to_owned(),
            status: "PRIMARY".to_owned(),
            task_definition: "web:2".to_owned(),
            desired: 2,
            running,
            pending: 0,
            failed: 0,
            state: state.map(str::to_owned),
            reason: None,
            began: None,
        };
        let active = Deployment {
            status: "ACTIVE".to_owned(),
            ..primary.clone()
        };
        let mut deployments = vec![primary];
        deployments.extend(std::iter::repeat_n(active, others));
        Progress {
            deployments,
            ..Progress::default()
        }
    }

    #[test]
    fn a_roll_is_under_way_as_long_as_ecs_says_so_or_its_tasks_do() {
        assert!(progress(Some("IN_PROGRESS"), 2, 0).is_under_way());
        assert!(!progress(Some("COMPLETED"), 0, 1).is_under_way());
        assert!(!progress(Some("FAILED"), 0, 1).is_under_way());
        assert!(progress(None, 2, 1).is_under_way());
        assert!(progress(None, 1, 0).is_under_way());
        assert!(!progress(None, 2, 0).is_under_way());
        assert!(!Progress::default().is_under_way());
    }
}
