//! Tasks: pulled, started, proven healthy, stopped.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::images::Outlook;
use super::request::epoch;
use super::revision::Revision;
use super::service::Service;
use super::settings::Settings;

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// PENDING, before the pull.
    Pulling,
    /// PENDING, with its images.
    Starting,
    /// RUNNING, not counted as healthy yet.
    Unproven,
    /// RUNNING and healthy.
    Healthy,
    /// Told to stop; it still takes its place.
    Stopping,
    /// Gone; kept for a while to be described.
    Stopped,
}

/// One task of a service.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) id: u64,
    /// The number of its deployment.
    pub(super) deployment: u64,
    /// The number of its service revision.
    pub(super) revision: u64,
    pub(super) phase: Phase,
    /// When the phase ends by itself.
    pub(super) due: Option<DateTime<Utc>>,
    /// What becomes of it: known once its images are pulled.
    pub(super) outlook: Outlook,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    stopped_at: Option<DateTime<Utc>>,
    /// Stop code and reason.
    pub(super) stop: Option<(&'static str, String)>,
}

impl Task {
    pub(super) fn new(
        id: u64,
        deployment: u64,
        revision: u64,
        now: DateTime<Utc>,
        settings: &Settings,
    ) -> Self {
        let pulled = now + TimeDelta::seconds(settings.seconds_to_pull);
        Self {
            id,
            deployment,
            revision,
            phase: Phase::Pulling,
            due: Some(pulled),
            outlook: Outlook::Runs,
            created_at: now,
            started_at: None,
            stopped_at: None,
            stop: None,
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        matches!(self.phase, Phase::Pulling | Phase::Starting)
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Unproven | Phase::Healthy)
    }

    /// PENDING or RUNNING: a task that is meant to stay.
    pub(super) fn is_live(&self) -> bool {
        self.is_pending() || self.is_running()
    }

    /// Everything that takes a place, tasks that are stopping included (developer guide).
    pub(super) fn takes_place(&self) -> bool {
        self.phase != Phase::Stopped
    }

    /// The pull is over: the task will start at its time.
    pub(super) fn start_at(&mut self, settings: &Settings) {
        self.phase = Phase::Starting;
        self.due = Some(self.created_at + TimeDelta::seconds(settings.seconds_to_run));
    }

    /// The task is RUNNING; it gets healthy, or exits, later.
    pub(super) fn run(&mut self, now: DateTime<Utc>, seconds: i64) {
        self.phase = Phase::Unproven;
        self.started_at = Some(now);
        self.due = Some(now + TimeDelta::seconds(seconds));
    }

    pub(super) fn prove(&mut self) {
        self.phase = Phase::Healthy;
        self.due = None;
    }

    /// The scheduler tells a task to stop.
    pub(super) fn stop(&mut self, now: DateTime<Utc>, settings: &Settings, reason: String) {
        self.phase = Phase::Stopping;
        self.due = Some(now + TimeDelta::seconds(settings.seconds_to_stop));
        self.stop = Some(("ServiceSchedulerInitiated", reason));
    }

    /// The task is gone, by order or by itself.
    pub(super) fn gone(&mut self, now: DateTime<Utc>, cause: Option<(&'static str, &str)>) {
        self.phase = Phase::Stopped;
        self.due = None;
        self.stopped_at = Some(now);
        if let Some((code, reason)) = cause {
            self.stop = Some((code, reason.to_owned()));
        }
    }

    /// Whether a stopped task has been kept long enough.
    pub(super) fn is_forgotten(&self, now: DateTime<Utc>, settings: &Settings) -> bool {
        self.stopped_at
            .is_some_and(|at| now - at > TimeDelta::seconds(settings.stopped_tasks))
    }

    fn desired_status(&self) -> &'static str {
        if self.is_live() { "RUNNING" } else { "STOPPED" }
    }

    /// Whether `ListTasks` shows it for a desired status.
    pub(super) fn is_wanted(&self, desired_status: &str) -> bool {
        self.desired_status() == desired_status
    }

    fn last_status(&self) -> &'static str {
        match self.phase {
            Phase::Pulling | Phase::Starting => "PENDING",
            Phase::Unproven | Phase::Healthy => "RUNNING",
            Phase::Stopping => "STOPPING",
            Phase::Stopped => "STOPPED",
        }
    }

    /// The part of its ARN after `task/<cluster>/`.
    pub(super) fn name(&self) -> String {
        format!("{:032x}", self.id)
    }

    pub(super) fn describe(&self, arn: &str, service: &Service) -> Value {
        let revision = service.revisions.get(&self.revision);
        let pulled = !matches!(self.phase, Phase::Pulling);
        let containers: Vec<Value> = revision.map_or_else(Vec::new, |revision| {
            let describe = |image: &super::revision::Image| self.container(arn, image, pulled);
            revision.images.iter().map(describe).collect()
        });
        let mut output = json!({
            "taskArn": arn,
            "clusterArn": service.cluster_arn,
            "group": format!("service:{}", service.name),
            "startedBy": super::deployment::name(self.deployment),
            "taskDefinitionArn": revision.map(|r: &Revision| &*r.task_definition),
            "launchType": service.launch_type(),
            "desiredStatus": self.desired_status(),
            "lastStatus": self.last_status(),
            "healthStatus": "UNKNOWN",
            "createdAt": epoch(self.created_at),
            "containers": containers,
            "version": 1,
        });
        if let Some(members) = output.as_object_mut() {
            let times = [
                ("startedAt", self.started_at),
                ("stoppedAt", self.stopped_at),
            ];
            for (member, at) in times {
                members.extend(at.map(|at| (member.to_owned(), epoch(at))));
            }
            if let Some((code, reason)) = &self.stop {
                members.insert("stopCode".to_owned(), json!(code));
                members.insert("stoppedReason".to_owned(), json!(reason));
            }
        }
        output
    }

    fn container(&self, arn: &str, image: &super::revision::Image, pulled: bool) -> Value {
        let mut output = json!({
            "name": image.container.name,
            "taskArn": arn,
            "image": image.container.image,
            "lastStatus": self.last_status(),
            "healthStatus": "UNKNOWN",
        });
        if let (true, Some(digest), Some(members)) = (pulled, &image.digest, output.as_object_mut())
        {
            members.insert("imageDigest".to_owned(), json!(digest));
        }
        output
    }
}
