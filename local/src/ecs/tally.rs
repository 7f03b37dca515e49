//! How many tasks a service has, told whenever it changes: what a picture of a roll is drawn from.

use chrono::{DateTime, Utc};

use super::service::Service;
use super::settings::Settings;

/// The tasks of a service from one moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Since when.
    pub at: DateTime<Utc>,
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// How many.
    pub tasks: Tasks,
}

/// Numbers of tasks. Stopping ones are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tasks {
    /// How many the service wants.
    pub wanted: usize,
    /// RUNNING, of the PRIMARY deployment.
    pub new: usize,
    /// RUNNING, of older deployments.
    pub old: usize,
    /// PENDING, of any.
    pub pending: usize,
}

impl Service {
    /// What the service has now, if that is not what was told last.
    pub(super) fn tally(&mut self, at: DateTime<Utc>, settings: &Settings) -> Option<Tally> {
        let primary = self.primary().map(|primary| primary.id);
        let mut tasks = Tasks {
            wanted: self.wanted(settings),
            ..Tasks::default()
        };
        for task in &self.tasks {
            if task.is_pending() {
                tasks.pending += 1;
            } else if task.is_running() && Some(task.deployment) == primary {
                tasks.new += 1;
            } else if task.is_running() {
                tasks.old += 1;
            }
        }
        if self.tallied.replace(tasks) == Some(tasks) {
            return None;
        }
        Some(Tally {
            at,
            cluster: self.cluster.clone(),
            service: self.name.clone(),
            tasks,
        })
    }
}
