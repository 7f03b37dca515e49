//! The scheduler: how a service gets from the tasks that it has to the tasks that it wants.

use chrono::{DateTime, TimeDelta, Utc};

use super::deployment::Rollout;
use super::service::{Service, Status};
use super::task::{Phase, Task};
use super::world::World;

/// The event of a deployment whose percentages leave no step (developer guide, service events).
const STUCK: &str = "was unable to stop or start tasks during a deployment because of the service \
                     deployment configuration. Update the minimumHealthyPercent or maximumPercent \
                     value and try again.";

impl Service {
    /// When this service next changes by itself.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        let tasks = self.tasks.iter().filter_map(|task| task.due);
        let primary = self.primary().filter(|_| self.status == Status::Active);
        let waits = primary.map(|primary| {
            let bake = primary.bake_until.filter(|_| !primary.is_baked);
            [primary.next_start, primary.settles_at, bake]
        });
        let own = [self.draining_until, self.placement_at];
        let waits = waits.into_iter().flatten().chain(own).flatten();
        tasks.chain(waits).min()
    }

    /// Nothing is under way.
    pub(super) fn is_steady(&self) -> bool {
        let settled = |task: &Task| {
            matches!(
                task.phase,
                Phase::Healthy | Phase::Unproven | Phase::Stopped
            )
        };
        self.status != Status::Draining
            && self
                .primary()
                .is_none_or(|primary| primary.rollout != Rollout::InProgress)
            && self.tasks.iter().all(settled)
    }

    /// Decides what to stop and what to start, within the percentages.
    pub(super) fn schedule(&mut self, now: DateTime<Utc>, world: &mut World<'_>) {
        match self.status {
            Status::Active => {}
            Status::Draining => return self.drain(now, world),
            Status::Inactive => return,
        }
        self.check_breaker(now, world);
        self.placement_at = None;
        let wanted = self.wanted(world.settings);
        self.bake(wanted, now);
        let stopped = self.stop_tasks(wanted, now, world);
        let started = self.start_tasks(wanted, now, world);
        self.drop_ended_deployments();
        self.check_completion(wanted, now, world);
        if stopped + started == 0 {
            self.check_stuck(wanted, now, world);
        }
    }

    fn check_breaker(&mut self, now: DateTime<Utc>, world: &mut World<'_>) {
        let Some(breaker) = self.configuration.breaker() else {
            return;
        };
        let threshold = self.configuration.threshold(self.wanted(world.settings));
        let trips = self.primary().is_some_and(|primary| {
            primary.rollout == Rollout::InProgress && primary.failed >= threshold
        });
        if trips {
            self.trip(breaker.rollback, now, world);
        }
    }

    /// A blue/green deployment whose tasks are all healthy begins to bake, or has baked.
    fn bake(&mut self, wanted: usize, now: DateTime<Utc>) {
        let is_rolling = self.configuration.is_rolling();
        let Some((id, is_rollback)) = self.primary().map(|p| (p.id, p.is_rollback)) else {
            return;
        };
        // A way back is not tried out first.
        let seconds = if is_rollback {
            0
        } else {
            self.configuration.bake_seconds()
        };
        let healthy = self.count(|task| task.deployment == id && task.phase == Phase::Healthy);
        let Some(primary) = self.deployments.last_mut() else {
            return;
        };
        if !is_rolling && primary.bake_until.is_none() && healthy >= wanted {
            primary.bake_until = Some(now + TimeDelta::seconds(seconds));
        }
        primary.is_baked |= primary.bake_until.is_some_and(|until| until <= now);
    }

    fn count(&self, counts: impl Fn(&Task) -> bool) -> usize {
        self.tasks.iter().filter(|task| counts(task)).count()
    }

    /// Stops what is too much of PRIMARY, and of older deployments what the minimum spares.
    ///
    /// A task that runs but is not healthy yet neither counts as healthy nor is it stopped below
    /// the minimum: users may be on it.
    fn stop_tasks(&mut self, wanted: usize, now: DateTime<Utc>, world: &mut World<'_>) -> usize {
        let Some(primary) = self.primary() else {
            return 0;
        };
        let (id, rollout, is_baked) = (primary.id, primary.rollout, primary.is_baked);
        let is_rolling = self.configuration.is_rolling();
        let live = self.count(Task::is_live);
        let mine = self.count(|task| task.deployment == id && task.is_live());
        let upper = self.configuration.upper(wanted);
        // A failed deployment launches nothing, so what runs beside it stays.
        let mut excess = match rollout {
            Rollout::Failed => live.saturating_sub(upper.max(wanted)),
            _ => mine.saturating_sub(wanted),
        };
        if excess == 0 && !self.is_replacing() {
            return 0;
        }
        let places = self.count(Task::takes_place);
        let is_crowded = wanted.saturating_sub(mine) > upper.saturating_sub(places);
        let lower = self.configuration.lower(wanted);
        let floor = if world.settings.stops_early || is_crowded {
            lower
        } else {
            wanted.max(lower)
        };
        let mut healthy = self.count(|task| task.phase == Phase::Healthy);
        let live = |index: &usize| self.tasks.get(*index).is_some_and(Task::is_live);
        let mut order: Vec<usize> = (0..self.tasks.len()).filter(live).collect();
        // The least useful first: pending, then running, then healthy; of PRIMARY the youngest.
        order.sort_by_key(|index| {
            self.tasks.get(*index).map(|task| {
                let usefulness = match task.phase {
                    Phase::Pulling | Phase::Starting => 0,
                    Phase::Unproven => 1,
                    _ => 2,
                };
                let age = if task.deployment == id {
                    u64::MAX - task.id
                } else {
                    task.id
                };
                (usefulness, age)
            })
        });
        let mut stopped = Vec::new();
        for index in order {
            let Some(task) = self.tasks.get_mut(index) else {
                continue;
            };
            let counts = usize::from(task.phase == Phase::Healthy);
            let is_old = task.deployment != id && rollout != Rollout::Failed;
            let goes = if is_old {
                task.is_pending()
                    || (is_rolling && healthy >= floor + counts)
                    || (!is_rolling && is_baked)
            } else {
                excess > 0 && (task.deployment == id || rollout == Rollout::Failed)
            };
            if !goes {
                continue;
            }
            if !is_old {
                excess -= 1;
            }
            healthy -= counts;
            task.stop(
                now,
                world.settings,
                "Scaling activity initiated by a deployment".to_owned(),
            );
            stopped.push(task.name());
        }
        self.tell("stopped", "running tasks", &stopped, now, world);
        stopped.len()
    }

    /// Starts tasks of PRIMARY as far as the maximum, the pauses and the cluster allow.
    fn start_tasks(&mut self, wanted: usize, now: DateTime<Utc>, world: &mut World<'_>) -> usize {
        let Some(primary) = self.deployments.last_mut() else {
            return 0;
        };
        if primary.next_start.is_some_and(|at| at <= now) {
            primary.next_start = None;
        }
        if primary.rollout == Rollout::Failed || primary.next_start.is_some() {
            return 0;
        }
        let (id, revision) = (primary.id, primary.revision);
        let mine = self.count(|task| task.deployment == id && task.is_live());
        let missing = wanted.saturating_sub(mine);
        let mut starts = missing.min(self.room(wanted));
        if let Some(free) = world.free.filter(|free| *free < starts) {
            starts = free;
            self.placement_at = Some(now + TimeDelta::seconds(world.settings.placement_retry));
            let text = "was unable to place a task because no container instance met all of its \
                        requirements.";
            self.post(world.ids.other(), now, text, world.settings);
        }
        let mut started = Vec::new();
        for _ in 0..starts {
            let task = Task::new(world.ids.other(), id, revision, now, world.settings);
            started.push(task.name());
            self.tasks.push(task);
        }
        world.free = world.free.map(|free| free - starts);
        self.tell("started", "tasks", &started, now, world);
        starts
    }

    /// How many tasks still fit below the maximum, which counts tasks that are stopping as well. It
    /// binds during deployments only.
    fn room(&self, wanted: usize) -> usize {
        let places = self.count(Task::takes_place);
        let upper = self.configuration.upper(wanted);
        let most = match (self.is_replacing(), self.configuration.is_rolling()) {
            (false, _) => upper.max(wanted),
            (true, true) => upper,
            (true, false) => usize::MAX,
        };
        most.saturating_sub(places)
    }

    /// Whether tasks of older deployments are still there.
    fn is_replacing(&self) -> bool {
        let Some(primary) = self.primary() else {
            return false;
        };
        self.tasks
            .iter()
            .any(|task| task.deployment != primary.id && task.takes_place())
    }

    /// Older deployments end with their last task.
    fn drop_ended_deployments(&mut self) {
        let Some(id) = self.primary().map(|primary| primary.id) else {
            return;
        };
        let tasks = &self.tasks;
        let remains = |other: u64| {
            tasks
                .iter()
                .any(|t| t.deployment == other && t.takes_place())
        };
        self.deployments
            .retain(|deployment| deployment.id == id || remains(deployment.id));
    }

    fn check_completion(&mut self, wanted: usize, now: DateTime<Utc>, world: &mut World<'_>) {
        if let Some(primary) = self.deployments.last_mut() {
            primary.settles_at = primary.settles_at.filter(|at| *at > now);
        }
        let Some(primary) = self
            .primary()
            .filter(|primary| primary.settles_at.is_none())
        else {
            return;
        };
        let id = primary.id;
        let healthy = self.count(|task| task.deployment == id && task.phase == Phase::Healthy);
        let bakes = !self.configuration.is_rolling() && !primary.is_baked && wanted > 0;
        if primary.rollout == Rollout::InProgress
            && !self.is_replacing()
            && healthy == wanted
            && !bakes
        {
            self.complete(now, world);
        }
    }

    /// Percentages that allow neither a start nor a stop leave the deployment where it is.
    fn check_stuck(&mut self, wanted: usize, now: DateTime<Utc>, world: &mut World<'_>) {
        let moving = |task: &Task| task.due.is_some();
        let Some(primary) = self.primary() else {
            return;
        };
        let stuck = primary.rollout == Rollout::InProgress
            && !primary.is_stuck
            && primary.next_start.is_none()
            && self.placement_at.is_none()
            && self.is_replacing()
            && self.room(wanted) == 0
            && !self.tasks.iter().any(moving);
        if !stuck {
            return;
        }
        if let Some(primary) = self.deployments.last_mut() {
            primary.is_stuck = true;
        }
        self.post(world.ids.other(), now, STUCK, world.settings);
    }

    fn drain(&mut self, now: DateTime<Utc>, world: &mut World<'_>) {
        for task in self.tasks.iter_mut().filter(|task| task.is_live()) {
            task.stop(now, world.settings, "Service was deleted".to_owned());
        }
        let over = self.draining_until.is_none_or(|until| until <= now);
        if over {
            self.draining_until = None;
        }
        if over && !self.tasks.iter().any(Task::takes_place) {
            self.status = Status::Inactive;
            self.deployments.clear();
            // Service revisions go with their service (developer guide, service revisions).
            self.revisions.clear();
            self.records.clear();
            self.last_completed = None;
        }
    }

    fn tell(
        &mut self,
        verb: &str,
        what: &str,
        tasks: &[String],
        now: DateTime<Utc>,
        world: &mut World<'_>,
    ) {
        if tasks.is_empty() {
            return;
        }
        let mut text = format!("has {verb} {} {what}:", tasks.len());
        for task in tasks.iter().take(10) {
            text.push_str(" (task ");
            text.push_str(task);
            text.push(')');
        }
        text.push('.');
        self.post(world.ids.other(), now, &text, world.settings);
    }
}
