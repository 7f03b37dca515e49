//! Waiting: for a deleted service to be gone, and for a deployment to end.

use std::time::Duration;

use aws_sdk_ecs::types::DesiredStatus;
use handler::progress::Progress;
use serde_json::Value;
use tokio::time::Instant;

use super::{Ended, live};
use crate::clients::Clients;
use crate::error::{Called, Error, Result};
use crate::status::DeploymentStatus;
use crate::status::follow::{End, Follow};

/// How often a service is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How long an answer may be older than the update that it follows: reads of ECS are eventually consistent.
const STALE: Duration = Duration::from_mins(1);
/// How often in a row a look may fail.
const PATIENCE: u32 = 12;
/// The most stopped tasks that are told of.
const TASKS: usize = 3;
/// The most service events that are told of.
const EVENTS: usize = 3;

/// Where the service is, and until when it is looked at.
#[derive(Debug)]
pub struct Watched<'a> {
    /// The account.
    pub clients: &'a Clients,
    /// Name or ARN of the cluster.
    pub cluster: &'a str,
    /// The service's name.
    pub name: &'a str,
    /// When patience ends.
    pub until: Instant,
}

impl Watched<'_> {
    /// Waits for a deleted service to be INACTIVE or gone; whether it was in time.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn gone(&self) -> Result<bool> {
        loop {
            let (service, _) = live::service(self.clients, self.cluster, self.name).await?;
            if service.is_none_or(|service| !is(&service, "DRAINING")) {
                return Ok(true);
            }
            if Instant::now() + LOOK > self.until {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Follows the deployment that `first` shows to its end; `tell` hears of every change of its counts. `None` where none
    /// is under way.
    ///
    /// # Errors
    /// What AWS refuses, again and again.
    pub async fn end(&self, first: &Progress, mut tell: impl FnMut(&str)) -> Result<Option<Ended>> {
        if !first.is_under_way() {
            return Ok(None);
        }
        let ours = first.primary().map(|primary| primary.id.clone());
        let mut follow = Follow::new(first);
        let (began, mut seen, mut failures) = (Instant::now(), false, 0);
        let mut last = counts(first);
        tell(&last);
        loop {
            if Instant::now() + LOOK > self.until {
                return Ok(Some(Ended::TimedOut));
            }
            tokio::time::sleep(LOOK).await;
            let progress = match live::service(self.clients, self.cluster, self.name).await {
                Ok((service, progress)) => {
                    progress.filter(|_| service.is_some_and(|service| !is(&service, "INACTIVE")))
                }
                Err(Error::Refused(refusal)) if failures < PATIENCE && !refusal.is_denied() => {
                    failures += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            failures = 0;
            seen |= progress.as_ref().is_some_and(|progress| {
                progress
                    .deployments
                    .iter()
                    .any(|deployment| Some(&deployment.id) == ours.as_ref())
            });
            if !seen && began.elapsed() < STALE {
                continue;
            }
            if let Some(progress) = &progress {
                let now = counts(progress);
                if now != last {
                    tell(&now);
                    last = now;
                }
            }
            if let Some(end) = follow.look(progress.as_ref()) {
                return Ok(Some(match end {
                    End::Completed => Ended::Completed,
                    End::RolledBack => Ended::RolledBack,
                    End::Failed => Ended::Failed,
                    End::Gone => Ended::Gone,
                }));
            }
        }
    }

    /// What ECS says of why it went wrong: the last events since `since`, and why tasks of the revision stopped. What cannot
    /// be read is said as well; it is only the explanation.
    pub async fn failures(
        &self,
        since: Option<chrono::DateTime<chrono::Utc>>,
        revision: &str,
    ) -> Vec<String> {
        let mut told = match self.stopped(revision).await {
            Ok(tasks) => tasks,
            Err(error) => vec![format!("stopped tasks: {error}")],
        };
        match live::service(self.clients, self.cluster, self.name).await {
            Ok((_, Some(progress))) => {
                let failed = progress.deployments.iter();
                let failed = failed.filter(|deployment| deployment.task_definition == revision);
                let reasons = failed.filter_map(|deployment| deployment.reason.clone());
                told.extend(reasons.filter(|reason| !reason.ends_with("in progress.")));
                let events = progress.events.iter();
                let events = events.filter(|event| since.is_none_or(|since| event.at >= since));
                let well = ["steady state", "has started", "completed"];
                let says = |message: &&str| !well.iter().any(|text| message.contains(text));
                let events = events.map(|event| event.message.as_str()).filter(says);
                told.extend(events.take(EVENTS).map(str::to_owned));
            }
            Ok(_) => {}
            Err(error) => told.push(format!("events: {error}")),
        }
        told
    }

    async fn stopped(&self, revision: &str) -> Result<Vec<String>> {
        let ecs = &self.clients.ecs;
        let list = ecs
            .list_tasks()
            .cluster(self.cluster)
            .service_name(self.name);
        let list = list.desired_status(DesiredStatus::Stopped).send().await;
        let arns = list
            .called("ecs:ListTasks", self.name)?
            .task_arns
            .unwrap_or_default();
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let describe = ecs
            .describe_tasks()
            .cluster(self.cluster)
            .set_tasks(Some(arns));
        let tasks = describe
            .send()
            .await
            .called("ecs:DescribeTasks", self.name)?;
        let tasks = tasks.tasks().iter();
        let mut told = Vec::new();
        for task in tasks.filter(|task| task.task_definition_arn() == Some(revision)) {
            let Some(reason) = task.stopped_reason() else {
                continue;
            };
            let id = task
                .task_arn()
                .and_then(|arn| arn.rsplit('/').next())
                .unwrap_or_default();
            let containers = task.containers().iter().filter_map(|container| {
                let name = container.name()?;
                match (container.exit_code(), container.reason()) {
                    (_, Some(reason)) => Some(format!("; container {name}: {reason}")),
                    (Some(code), None) if code != 0 => {
                        Some(format!("; container {name} exited with {code}"))
                    }
                    _ => None,
                }
            });
            let containers: String = containers.collect();
            told.push(format!("task {id} stopped: {reason}{containers}"));
        }
        told.truncate(TASKS);
        Ok(told)
    }
}

fn is(service: &Value, status: &str) -> bool {
    service.get("status").and_then(Value::as_str) == Some(status)
}

/// How far the deployments have come, in a line.
fn counts(progress: &Progress) -> String {
    let counts = progress.deployments.iter();
    let counts = counts.map(|deployment| DeploymentStatus::of(deployment).counts());
    counts.collect::<Vec<_>>().join("; ")
}
