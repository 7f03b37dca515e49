//! What happens to tasks by themselves: pulled, started, proven healthy, failed, gone.

use chrono::{DateTime, Utc};

use super::images::Outlook;
use super::revision::Revision;
use super::service::Service;
use super::task::{Phase, Task};
use super::world::World;

impl Service {
    /// Lets everything happen that is due, then decides what to start and what to stop.
    pub(super) fn tick(&mut self, now: DateTime<Utc>, world: &mut World<'_>) {
        let mut tasks = std::mem::take(&mut self.tasks);
        for task in &mut tasks {
            if task.due.is_some_and(|due| due <= now) {
                self.step(task, now, world);
            }
        }
        self.gone
            .extend(tasks.extract_if(.., |task| !task.takes_place()));
        self.tasks = tasks;
        while self
            .gone
            .front()
            .is_some_and(|task| task.is_forgotten(now, world.settings))
        {
            self.gone.pop_front();
        }
        self.schedule(now, world);
    }

    /// One task passes into its next phase.
    fn step(&mut self, task: &mut Task, now: DateTime<Utc>, world: &mut World<'_>) {
        match task.phase {
            Phase::Pulling => {
                let revision = self.revisions.get_mut(&task.revision);
                task.outlook = revision.map_or(Outlook::Runs, |r| r.pull(world.images));
                if task.outlook == Outlook::CannotPull {
                    let reason =
                        "CannotPullContainerError: the image could not be pulled: not found";
                    task.gone(now, Some(("TaskFailedToStart", reason)));
                    self.task_failed(task.deployment, false, now, world);
                } else {
                    task.start_at(world.settings);
                }
            }
            Phase::Starting => {
                let checked = self
                    .revisions
                    .get(&task.revision)
                    .is_some_and(Revision::is_checked);
                let seconds = match task.outlook {
                    Outlook::Runs if checked || self.is_balanced() => {
                        world.settings.seconds_to_healthy_checked
                    }
                    Outlook::Runs => world.settings.seconds_to_healthy,
                    _ => world.settings.seconds_to_exit,
                };
                task.run(now, seconds);
                if !world.settings.exit_counts_as_failure {
                    self.task_succeeded(task.deployment);
                }
            }
            Phase::Unproven if task.outlook == Outlook::Runs => {
                task.prove();
                self.task_succeeded(task.deployment);
            }
            Phase::Unproven => {
                let reason = "Essential container in task exited";
                task.gone(now, Some(("EssentialContainerExited", reason)));
                if world.settings.exit_counts_as_failure {
                    self.task_failed(task.deployment, true, now, world);
                }
            }
            Phase::Stopping => task.gone(now, None),
            Phase::Healthy | Phase::Stopped => task.due = None,
        }
    }

    fn task_failed(&mut self, id: u64, ran: bool, now: DateTime<Utc>, world: &mut World<'_>) {
        let deployment = self
            .deployments
            .iter_mut()
            .find(|deployment| deployment.id == id);
        if deployment.is_some_and(|deployment| deployment.fail_task(now, ran, world.settings)) {
            let text = "is unable to consistently start tasks successfully.";
            self.post(world.ids.other(), now, text, world.settings);
        }
        let counts = self.primary().is_some_and(|primary| primary.id == id);
        if let Some(record) = self.records.last_mut().filter(|r| counts && r.is_open()) {
            record.failures += 1;
        }
    }

    fn task_succeeded(&mut self, id: u64) {
        let resets = self
            .configuration
            .breaker()
            .is_none_or(|breaker| breaker.reset_on_healthy);
        if let Some(deployment) = self.deployments.iter_mut().find(|d| d.id == id) {
            deployment.succeed_task(resets);
        }
    }
}
