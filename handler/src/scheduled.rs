//! Scheduled tasks follow: targets of EventBridge's rules, and schedules of EventBridge Scheduler, that name a revision of
//! a family which a followed service runs. `scheduled = true`.
//!
//! They move **after** the services: when the deployment of a revision is over and well, at the event that says so or at a
//! sweep; never to a revision that may still be rolled back. Only forward, only within the family, only to a revision that
//! the services' ledger tells of, and only from one that differs in nothing but the images that ecroll changes. A target
//! without a revision follows by itself and is never touched.
//!
//! A service that cannot be read holds up, as `held`, the tasks about which it may decide: those of its own cluster for as
//! long as that lasts, those of clusters without a service of the family until trying again is of no use.
//!
//! `goal` says where the tasks of a family belong and whether it is time, `judge` decides about one task, both pure; `mark`
//! is the ledger of a rule's target, and a schedule's own date is that of a schedule. `read` and `act` talk to AWS. Without
//! the key in the configuration no call is made.
//!
//! In the report a task stands as a service of the cluster `events`, `bus/rule/target`, or `scheduler`, `group/schedule`;
//! `from` and `to` are ARNs of revisions.

mod act;
mod goal;
mod judge;
mod mark;
mod read;
mod task;

use std::collections::{BTreeMap, BTreeSet};

use crate::concurrent;
use crate::config::Families;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecs;
use crate::error::{AwsError, Error};
use crate::families;
use crate::inventory::{Gap, Inventory};
use crate::report::{Decision, Outcome};
use crate::site::{Access, Place};
use crate::survey::survey;
pub(crate) use goal::{Goal, Goals, Run};
use judge::{Case, Rule, Verdict, judge};
pub use mark::Mark;
use read::Found;
pub use task::{At, Task, family, time};

/// What stands in place of a cluster in the report, of a target of a rule.
pub const EVENTS: &str = "events";
/// Likewise, of a schedule.
pub const SCHEDULER: &str = "scheduler";

/// How many rules or schedules are decided about at once; the targets of one rule follow each other.
const AT_ONCE: usize = 4;

/// What was concluded about scheduled tasks, or about families.
#[derive(Debug, Default)]
pub(crate) struct Concluded {
    pub(crate) decisions: Vec<Decision>,
    /// What could not be read.
    pub(crate) gaps: Vec<Gap>,
    /// Something is left to the next look-up.
    pub(crate) waits: bool,
}

/// Moves the tasks whose time has come. `goals` say where to.
pub(crate) async fn move_along(
    context: &Context,
    inventory: &Inventory,
    goals: &Goals,
    dry: bool,
    until: Deadline,
) -> Concluded {
    let mut all = Concluded::default();
    for at in places(context, until) {
        let found = tasks(at, &clusters(at, inventory, context)).await;
        all.gaps.extend(gaps(&found));
        let free = free(at, context, inventory, &found.tasks).await;
        let (runs, failed) = free;
        all.gaps.extend(failed.iter().map(gap));
        let ours = found.tasks.into_iter().filter_map(|task| {
            let family = task.family().0;
            let free = || runs.iter().find(|run| run.family() == family);
            let goal = goals.of_task(family, &task.cluster);
            let goal = goal.or_else(|| Some(goals.to(free()?.clone(), &task.cluster, false)))?;
            Some((task, goal))
        });
        // One rule's targets come one after the other: EventBridge refuses changes of one rule at the same time.
        let mut groups: BTreeMap<(String, String), Vec<(Task, Goal)>> = BTreeMap::new();
        for (task, goal) in ours {
            let group = match &task.at {
                At::Rule { bus, rule, .. } => (bus.clone(), format!("rule {rule}")),
                At::Schedule { group, name } => (group.clone(), name.clone()),
            };
            groups.entry(group).or_default().push((task, goal));
        }
        let work = Work {
            context,
            at,
            dry,
            until,
        };
        let done = groups.values().map(|tasks| work.each(tasks));
        for one in concurrent::some(AT_ONCE, done).await {
            all.decisions.extend(one.decisions);
            all.waits |= one.waits;
        }
    }
    all
}

/// The function's own place, and the others that are not the same.
pub(crate) fn places(context: &Context, until: Deadline) -> Vec<Access<'_>> {
    let home = context.home();
    let all = context.everywhere(until);
    all.filter(|at| at.site.place.is_none() || at.site.place != home)
        .collect()
}

/// The followed clusters of a place.
fn clusters(at: Access<'_>, inventory: &Inventory, context: &Context) -> BTreeSet<String> {
    let place = at.site.place.clone().or_else(|| context.home());
    let here = |arn: &&String| Place::of(arn) == place;
    inventory.clusters.iter().filter(here).cloned().collect()
}

/// The ECS tasks that rules and schedules of one place start in these clusters.
async fn tasks(at: Access<'_>, clusters: &BTreeSet<String>) -> Found {
    if clusters.is_empty() {
        return Found::default();
    }
    let (events, scheduler) = (at.site.events(), at.site.scheduler());
    let (mut all, more) = futures_util::join!(
        read::rules(at, events, clusters),
        read::schedules(at, scheduler, clusters)
    );
    all.tasks.extend(more.tasks);
    all.failed.extend(more.failed);
    all
}

/// The newest revisions of the families that these tasks name and no service runs, as far as ecroll made them.
async fn free(
    at: Access<'_>,
    context: &Context,
    inventory: &Inventory,
    tasks: &[Task],
) -> (Vec<Run>, Vec<AwsError>) {
    if context.config.families != Families::All {
        return (Vec::new(), Vec::new());
    }
    let led = inventory.families();
    let pinned = tasks.iter().map(Task::family);
    let pinned = pinned.filter(|(family, number)| number.is_some() && !led.contains(family));
    let wanted: BTreeSet<&str> = pinned.map(|(family, _)| family).collect();
    families::runs(at, &context.config, wanted).await
}

fn gap(error: &AwsError) -> Gap {
    Gap {
        place: None,
        cluster: "scheduled tasks".to_owned(),
        service: String::new(),
        reason: error.to_string(),
        retryable: error.retryable,
    }
}

fn gaps(found: &Found) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for gap in found.failed.iter().map(gap) {
        // One word of a throttle is enough.
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }
    gaps
}

/// What an invocation does about the tasks of one place.
#[derive(Clone, Copy)]
struct Work<'a> {
    context: &'a Context,
    at: Access<'a>,
    dry: bool,
    until: Deadline,
}

impl Work<'_> {
    async fn each(&self, tasks: &[(Task, Goal)]) -> Concluded {
        let mut done = Concluded::default();
        for (task, goal) in tasks {
            if !self.until.allows(self.context.now()) {
                tracing::info!(reason = self.until.too_late(), "scheduled tasks");
                done.waits = true;
                break;
            }
            self.one(task, goal, &mut done).await;
        }
        done
    }

    async fn one(&self, task: &Task, goal: &Goal, done: &mut Concluded) {
        let (mut rule, mut base, mut arn) = (None, None, String::new());
        loop {
            let verdict = judge(&Case {
                task,
                goal,
                rule: rule.as_ref(),
                base: base.as_ref(),
                dry: self.dry,
                now: self.context.now(),
            });
            match (verdict, goal) {
                (Verdict::AskRule, _) => {
                    let read = self.rule(task).await;
                    rule = Some(read.map(|(named, rule)| {
                        arn = named;
                        rule
                    }));
                }
                (Verdict::AskBase, _) => base = Some(self.base(task).await),
                (Verdict::Note, Goal::Move(run)) => {
                    self.note(task, &arn, &run.definition.arn).await;
                    return;
                }
                (Verdict::Moves, Goal::Move(run)) => {
                    let moved = self.act(task, &arn, run).await;
                    let (outcome, reason, retryable) = match moved {
                        Ok(()) => (
                            Outcome::Rolled,
                            format!("{}: moved along", run.because),
                            false,
                        ),
                        Err(stop) => {
                            done.waits |= stop.waits;
                            (stop.outcome, stop.reason, stop.retryable)
                        }
                    };
                    let said = decision(task, run, outcome, reason, retryable);
                    done.decisions.push(said);
                    return;
                }
                (
                    Verdict::Stays(outcome, reason, retryable),
                    Goal::Move(run) | Goal::Unread(run, _),
                ) => {
                    let said = decision(task, run, outcome, reason, retryable);
                    done.decisions.push(said);
                    return;
                }
                (Verdict::Stays(_, reason, _), _) => {
                    let (task, at) = (&task.task_definition, task.at.to_string());
                    tracing::info!(at, task, reason, "scheduled task");
                    done.waits |= matches!(goal, Goal::Wait(_));
                    return;
                }
                (Verdict::Nothing | Verdict::Note | Verdict::Moves, _) => return,
            }
        }
    }

    async fn rule(&self, task: &Task) -> Result<(String, Rule), AwsError> {
        match &task.at {
            At::Rule { bus, rule, target } => {
                read::rule(self.at.site.events(), bus, rule, target).await
            }
            // Nobody asks.
            At::Schedule { .. } => Ok((String::new(), Rule::default())),
        }
    }

    async fn base(&self, task: &Task) -> Result<crate::inventory::Definition, AwsError> {
        let arn = &task.task_definition;
        match self.context.definition(arn) {
            Some(known) => Ok((*known).clone()),
            None => ecs::describe_task_definition(self.at, arn).await,
        }
    }
}

fn decision(task: &Task, run: &Run, outcome: Outcome, reason: String, retryable: bool) -> Decision {
    let to = (outcome == Outcome::Rolled).then(|| run.definition.arn.clone());
    Decision {
        cluster: task.at.cluster().to_owned(),
        service: task.at.to_string(),
        repository: run.repository.name.clone(),
        tag: run.tag.clone(),
        digest: run.digest.clone(),
        outcome,
        reason,
        from: Some(task.task_definition.clone()),
        to,
        push: run.push.clone(),
        retryable,
    }
}

/// What would be decided now, for whoever asks; nothing is changed. With it what could not be read.
///
/// # Errors
/// When the clusters cannot be listed.
pub async fn rehearsal(context: &Context) -> Result<(Vec<Decision>, Vec<Gap>), Error> {
    if !context.config.moves_targets() {
        return Ok((Vec::new(), Vec::new()));
    }
    let inventory = survey(context, Deadline::NONE).await?;
    let goals = Goals::of(&inventory, &BTreeSet::new(), &[], &context.config);
    let done = Box::pin(move_along(
        context,
        &inventory,
        &goals,
        true,
        Deadline::NONE,
    ))
    .await;
    Ok((done.decisions, done.gaps))
}

/// The roles of the scheduled tasks that follow.
///
/// # Errors
/// When the clusters cannot be listed.
pub async fn roles(context: &Context) -> Result<Roles, Error> {
    let mut roles = Roles::default();
    if !context.config.moves_targets() {
        return Ok(roles);
    }
    let inventory = survey(context, Deadline::NONE).await?;
    let goals = Goals::of(&inventory, &BTreeSet::new(), &[], &context.config);
    let led = inventory.families();
    roles.hidden.clone_from(&inventory.gaps);
    for at in places(context, Deadline::NONE) {
        let found = tasks(at, &clusters(at, &inventory, context)).await;
        for task in found.tasks {
            let (family, number) = task.family();
            let alone = context.config.families == Families::All && !led.contains(family);
            // Without a revision it follows by itself.
            if number.is_none() || !(alone || goals.follows(family)) {
                continue;
            }
            match task.at {
                At::Rule { .. } => roles.events.extend(task.role),
                At::Schedule { .. } => roles.scheduler.extend(task.role),
            }
        }
        roles.failed.extend(found.failed);
    }
    Ok(roles)
}

/// The roles by which scheduled tasks of followed families are started: whoever moves them hands these over again.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    /// Handed to `events.amazonaws.com`.
    pub events: BTreeSet<String>,
    /// Handed to `scheduler.amazonaws.com`.
    pub scheduler: BTreeSet<String>,
    /// Rules and schedules that could not be read.
    pub failed: Vec<AwsError>,
    /// Services that could not be read: tasks of their families may be missing above.
    pub hidden: Vec<Gap>,
}
