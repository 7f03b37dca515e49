//! A service: what is asked for, what runs, and how the API describes it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::configuration::{Configuration, Scheduling};
use super::deployment::Deployment;
use super::event::Event;
use super::history::Record;
use super::request::epoch;
use super::revision::Revision;
use super::settings::Settings;
use super::tags::{self, Tags};
use super::tally::Tasks;
use super::task::Task;

/// The life of a service: ACTIVE, then DRAINING, then INACTIVE (API model).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Draining,
    Inactive,
}

/// Who deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controller {
    Ecs,
    CodeDeploy,
    External,
}

impl Controller {
    pub(super) const NAMES: [&str; 3] = ["ECS", "CODE_DEPLOY", "EXTERNAL"];

    pub(super) fn read(name: &str) -> Self {
        match name {
            "CODE_DEPLOY" => Self::CodeDeploy,
            "EXTERNAL" => Self::External,
            _ => Self::Ecs,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::CodeDeploy => "CODE_DEPLOY",
            Self::External => "EXTERNAL",
        }
    }
}

/// Members that a deployment puts in place: a change of one of them starts a deployment (API model,
/// `UpdateService`).
pub(super) const DEPLOYED: [&str; 7] = [
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// Members of a service that change without a deployment.
pub(super) const QUIET: [&str; 7] = [
    "capacityProviderStrategy",
    "placementConstraints",
    "placementStrategy",
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "propagateTags",
];

/// Of [`DEPLOYED`], those that the API shows on the deployment and not on the service.
pub(super) const ON_DEPLOYMENT: [&str; 3] = [
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// What a rollback goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Completed {
    pub(super) deployment: u64,
    pub(super) revision: u64,
}

/// A service of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) id: u64,
    pub(super) cluster: String,
    pub(super) cluster_arn: String,
    pub(super) name: String,
    pub(super) arn: String,
    /// What precedes `service-deployment/…` in an ARN of this service.
    pub(super) arn_start: String,
    pub(super) status: Status,
    pub(super) scheduling: Scheduling,
    pub(super) controller: Controller,
    /// What was asked for; a DAEMON service does not use it.
    pub(super) desired: u32,
    pub(super) task_definition: Option<Arc<str>>,
    /// Further members as they were given.
    pub(super) members: Map<String, Value>,
    pub(super) configuration: Configuration,
    /// Oldest first; the last is PRIMARY.
    pub(super) deployments: Vec<Deployment>,
    /// Service deployments, oldest first.
    pub(super) records: Vec<Record>,
    pub(super) revisions: BTreeMap<u64, Revision>,
    pub(super) last_completed: Option<Completed>,
    pub(super) tasks: Vec<Task>,
    /// Stopped tasks, kept apart because every step looks at the others; the longest stopped first.
    pub(super) gone: VecDeque<Task>,
    events: VecDeque<Event>,
    pub(super) tags: Tags,
    pub(super) created_at: DateTime<Utc>,
    /// The token of its creation, with the input that came with it.
    pub(super) token: Option<(String, Value)>,
    /// Until when a deleted service stays DRAINING at least.
    pub(super) draining_until: Option<DateTime<Utc>>,
    /// When a refused placement is tried again.
    pub(super) placement_at: Option<DateTime<Utc>>,
    /// When this service next changes by itself, as the account's calendar has it.
    pub(super) due: Option<DateTime<Utc>>,
    /// The numbers of tasks that were told last.
    pub(super) tallied: Option<Tasks>,
}

/// What a new service begins with.
pub(super) struct Beginning {
    pub(super) id: u64,
    pub(super) cluster: String,
    pub(super) cluster_arn: String,
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) arn_start: String,
    pub(super) scheduling: Scheduling,
    pub(super) controller: Controller,
    pub(super) desired: u32,
    pub(super) members: Map<String, Value>,
    pub(super) configuration: Configuration,
    pub(super) tags: Tags,
    pub(super) created_at: DateTime<Utc>,
    pub(super) token: Option<(String, Value)>,
}

impl Service {
    pub(super) fn new(beginning: Beginning) -> Self {
        Self {
            id: beginning.id,
            cluster: beginning.cluster,
            cluster_arn: beginning.cluster_arn,
            name: beginning.name,
            arn: beginning.arn,
            arn_start: beginning.arn_start,
            status: Status::Active,
            scheduling: beginning.scheduling,
            controller: beginning.controller,
            desired: beginning.desired,
            task_definition: None,
            members: beginning.members,
            configuration: beginning.configuration,
            deployments: Vec::new(),
            records: Vec::new(),
            revisions: BTreeMap::new(),
            last_completed: None,
            tasks: Vec::new(),
            gone: VecDeque::new(),
            events: VecDeque::new(),
            tags: beginning.tags,
            created_at: beginning.created_at,
            token: beginning.token,
            draining_until: None,
            placement_at: None,
            due: None,
            tallied: None,
        }
    }

    /// How many tasks there should be.
    pub(super) fn wanted(&self, settings: &Settings) -> usize {
        let wanted = match (self.status, self.scheduling) {
            (Status::Active, Scheduling::Replica) => self.desired,
            (Status::Active, Scheduling::Daemon) => settings.container_instances,
            _ => 0,
        };
        wanted as usize
    }

    pub(super) fn running(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_running()).count()
    }

    pub(super) fn pending(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_pending()).count()
    }

    pub(super) fn launch_type(&self) -> &str {
        self.members
            .get("launchType")
            .and_then(Value::as_str)
            .unwrap_or("EC2")
    }

    /// A load balancer decides about health.
    pub(super) fn is_balanced(&self) -> bool {
        let balancers = self.members.get("loadBalancers").and_then(Value::as_array);
        balancers.is_some_and(|list| !list.is_empty())
    }

    /// Neither other controllers nor a Classic Load Balancer have a `rolloutState` (API model).
    fn shows_rollout(&self) -> bool {
        let balancers = self.members.get("loadBalancers").and_then(Value::as_array);
        let is_classic = |balancer: &Value| balancer.get("loadBalancerName").is_some();
        self.controller == Controller::Ecs
            && !balancers.is_some_and(|list| list.iter().any(is_classic))
    }

    pub(super) fn has_long_arn(&self) -> bool {
        self.arn.matches('/').count() == 2
    }

    pub(super) fn revision_arn(&self, id: u64) -> String {
        let Self {
            arn_start,
            cluster,
            name,
            ..
        } = self;
        format!("{arn_start}service-revision/{cluster}/{name}/{id:019}")
    }

    pub(super) fn record_arn(&self, id: u64) -> String {
        let Self {
            arn_start,
            cluster,
            name,
            ..
        } = self;
        format!("{arn_start}service-deployment/{cluster}/{name}/{id:019}")
    }

    pub(super) fn task_arn(&self, task: &Task) -> String {
        format!("{}task/{}/{}", self.arn_start, self.cluster, task.name())
    }

    /// Posts a service event; the oldest gives way.
    pub(super) fn post(&mut self, id: u64, at: DateTime<Utc>, text: &str, settings: &Settings) {
        let message = format!("(service {}) {text}", self.name);
        self.events.push_front(Event { id, at, message });
        self.events.truncate(settings.events);
    }

    /// Every task that the API shows.
    pub(super) fn all_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().chain(&self.gone)
    }

    /// Live tasks of a deployment that run, and that are pending.
    pub(super) fn counts(&self, belongs: impl Fn(&Task) -> bool) -> (usize, usize) {
        let mine = || self.tasks.iter().filter(|task| belongs(task));
        (
            mine().filter(|task| task.is_running()).count(),
            mine().filter(|task| task.is_pending()).count(),
        )
    }

    /// The service as `DescribeServices` returns it.
    pub(super) fn describe(&self, settings: &Settings, with_tags: bool) -> Value {
        let wanted = self.wanted(settings);
        let mut output = Map::new();
        let shown = self
            .members
            .iter()
            .filter(|(name, _)| !ON_DEPLOYMENT.contains(&name.as_str()));
        output.extend(shown.map(|(name, value)| (name.clone(), value.clone())));
        let mut put = |member: &str, value: Value| output.insert(member.to_owned(), value);
        put("serviceArn", json!(self.arn));
        put("serviceName", json!(self.name));
        put("clusterArn", json!(self.cluster_arn));
        put("status", json!(self.status_name()));
        put("desiredCount", json!(wanted));
        put("runningCount", json!(self.running()));
        put("pendingCount", json!(self.pending()));
        put("schedulingStrategy", json!(self.scheduling_name()));
        put(
            "deploymentController",
            json!({ "type": self.controller.name() }),
        );
        put(
            "deploymentConfiguration",
            Value::Object(self.configuration.0.clone()),
        );
        put("createdAt", epoch(self.created_at));
        if let Some(definition) = &self.task_definition {
            put("taskDefinition", json!(&**definition));
        }
        let deployments = self.deployments.iter().rev().enumerate();
        let deployments: Vec<Value> = deployments
            .map(|(place, deployment)| self.deployment(deployment, place == 0, wanted))
            .collect();
        if self.controller == Controller::CodeDeploy {
            put("deployments", json!([]));
            put("taskSets", deployments.into_iter().map(task_set).collect());
        } else {
            put("deployments", Value::Array(deployments));
        }
        put("events", self.events.iter().map(Event::describe).collect());
        if let Some(record) = self.records.last() {
            put(
                "currentServiceDeployment",
                json!(self.record_arn(record.id)),
            );
        }
        let revisions = self.deployments.iter().rev().enumerate();
        let revisions =
            revisions.map(|(place, d)| self.revision_summary(d.revision, place == 0, wanted));
        put("currentServiceRevisions", revisions.collect());
        if with_tags {
            put("tags", tags::write(&self.tags));
        }
        Value::Object(output)
    }

    /// The counts of a service revision, as several answers carry them.
    pub(super) fn revision_summary(&self, id: u64, is_primary: bool, wanted: usize) -> Value {
        let (running, pending) = self.counts(|task| task.revision == id);
        json!({
            "arn": self.revision_arn(id),
            "requestedTaskCount": if is_primary { wanted } else { running + pending },
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        })
    }

    fn deployment(&self, deployment: &Deployment, is_primary: bool, wanted: usize) -> Value {
        let (running, pending) = self.counts(|task| task.deployment == deployment.id);
        let mut output = deployment.describe(self.shows_rollout());
        if let Some(revision) = self.revisions.get(&deployment.revision) {
            let mut members = revision.members.clone();
            for member in ["loadBalancers", "serviceRegistries"] {
                members.remove(member);
            }
            output.extend(members);
        }
        let mut put = |member: &str, value: Value| output.insert(member.to_owned(), value);
        put(
            "status",
            json!(if is_primary { "PRIMARY" } else { "ACTIVE" }),
        );
        put(
            "desiredCount",
            json!(if is_primary {
                wanted
            } else {
                running + pending
            }),
        );
        put("runningCount", json!(running));
        put("pendingCount", json!(pending));
        if let Some(strategy) = self.members.get("capacityProviderStrategy") {
            put("capacityProviderStrategy", strategy.clone());
        } else {
            put("launchType", json!(self.launch_type()));
        }
        Value::Object(output)
    }

    fn status_name(&self) -> &'static str {
        match self.status {
            Status::Active => "ACTIVE",
            Status::Draining => "DRAINING",
            Status::Inactive => "INACTIVE",
        }
    }

    pub(super) fn scheduling_name(&self) -> &'static str {
        match self.scheduling {
            Scheduling::Replica => "REPLICA",
            Scheduling::Daemon => "DAEMON",
        }
    }
}

/// The deployment of a service under `CODE_DEPLOY` shows as a task set.
fn task_set(deployment: Value) -> Value {
    let Value::Object(mut members) = deployment else {
        return deployment;
    };
    if let Some(count) = members.remove("desiredCount") {
        members.insert("computedDesiredCount".to_owned(), count);
    }
    members.insert(
        "scale".to_owned(),
        json!({ "value": 100.0, "unit": "PERCENT" }),
    );
    for member in ["failedTasks"].iter().chain(&ON_DEPLOYMENT) {
        members.remove(*member);
    }
    Value::Object(members)
}
