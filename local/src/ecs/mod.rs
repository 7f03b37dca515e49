//! Amazon ECS, in process and on a virtual clock.
//!
//! [`Ecs`] answers the calls of the API with the members of the API model, keeps task definitions,
//! services and tasks, and rolls deployments as the documentation says. Nothing happens by itself:
//! [`Ecs::next_due`] names the next moment at which something would change, and [`Ecs::advance`]
//! lets it change. Ids come from counters, so one history of calls gives one history of answers.
//!
//! # What is simulated, by which rule
//!
//! *model* is the API model of 2014-11-13 in botocore 1.43, *guide* the developer guide. A rule that
//! is only reported names its source; one that is ours says so. Where AWS is silent or its pages
//! disagree, [`Settings`] has a switch.
//!
//! | what | rule | source |
//! |---|---|---|
//! | lists | 100 per page; `ListServices` 10, `ListServiceDeployments` 20 unless asked for more; only ACTIVE services | model |
//! | describe calls | 10 services, 20 deployments or revisions, 100 clusters or tasks; misses in `failures` with HTTP 200 | model |
//! | request rates | token buckets per group of actions; off by default ([`Settings::throttle`]) | API reference, request throttling |
//! | task definitions | kept as JSON text, unknown members too; tags apart and on request; an empty list of tags is refused | model; `fabfuel/ecs-deploy` 146 |
//! | registration | never idempotent; a collision that passes can be injected ([`Ecs::fail_registrations`]) | `hashicorp/terraform-provider-aws` 9777 |
//! | tags | 50, keys 128, values 256, `aws:` reserved, letters digits spaces `+ - = . _ : / @`; services with a short ARN cannot have any | model; `boto/boto3` 2473 |
//! | family without revision | the latest ACTIVE one at the time of the call | model, `UpdateService` |
//! | what starts a deployment | another task definition, `forceNewDeployment`, or a change of network, platform version, load balancers, registries, Service Connect, volumes, Lattice; nothing else | model, `UpdateService` |
//! | `deploymentConfiguration` | merges at its top level; one level down only the breaker keeps newer members | measured, `go-to-k/cdkd` 1802, 1805, 1806, 1861 |
//! | percentages | ceil of the minimum, floor of the maximum; running, pending and stopping tasks count | model; guide, rolling update |
//! | defaults | REPLICA 100/200, DAEMON 0 and no maximum; 100/100 refused; rebalancing of zones on where the maximum is above 100, and refused at 100 | model; guide, service rebalancing |
//! | health | 40 s after RUNNING, sooner where a load balancer or health check decides | model, `minimumHealthyPercent` |
//! | no step possible | stays `IN_PROGRESS` and posts the service event | guide, service event messages |
//! | superseding | a newer deployment takes the place of one under way; a sixth active one is refused | model; `aws/containers-roadmap` 2836 |
//! | nothing wanted | completes at once, no digest is established | guide, rolling update |
//! | digests | resolved by the first task of a service revision; a rollback reuses the revision and so the digest; `versionConsistency: disabled` pulls every time | guide, container image resolution and service revisions |
//! | tasks that cannot start | tried again with growing pauses, up to 27 minutes; a new deployment starts afresh | guide, service throttle logic (the steps are ours) |
//! | circuit breaker | half of the desired count, 3 to 200, or `thresholdConfiguration`; back to the last COMPLETED deployment as a new PRIMARY; stalls where there is none or the rollback fails too | guide, deployment circuit breaker; `hashicorp/terraform-provider-aws` 48748 |
//! | after a rollback | running tasks of the old revision stay; no new service revision | guide, service revisions (staying is ours) |
//! | `StopServiceDeployment` | ROLLBACK, also without a breaker | guide, stopping service deployments |
//! | history | 90 days; gone with the service | guide, service deployments and service revisions |
//! | `BLUE_GREEN`, `LINEAR`, `CANARY` | all new tasks at once, then the bake time, then all old ones stop | ours, simplified |
//! | other controllers | refuse a task definition with the documented text; `CODE_DEPLOY` shows task sets, `EXTERNAL` runs nothing | guide, update-service parameters |
//! | DELETE | DRAINING, then INACTIVE; an INACTIVE namesake is replaced, another refused | model, `DeleteService` |
//! | deleted clusters | INACTIVE: described, no longer listed, not found by other calls, made anew by `CreateCluster`; one with services is refused | model, `DeleteCluster` |
//! | `clientToken` | the same token with the same input answers with the service that it made, with another input it is refused | guide, ensuring idempotency |
//! | services of another account ([`Ecs::restore_service`], [`Ecs::restore_definition`]) | as they were described: revisions keep their numbers, the primary deployment its time, digests and history what ECS said | ours |
//! | members of services that nobody here knows | kept as given, and described | ours |
//! | numbers of tasks | told at every change of one where [`Settings::tallies`] asks for it: wanted, pending, running of the PRIMARY and of older deployments | ours, as `runningCount` and `pendingCount` count |
//! | short capacity | tasks above [`Settings::capacity`] wait and post the service event | guide, service event messages (retry time is ours) |
//!
//! Not simulated: load balancers and their health, task sets of EXTERNAL services, lifecycle hooks
//! and traffic steps, alarms that roll back, Service Connect, volumes, placement rules, container
//! instances, standalone tasks, propagation of tags to tasks, deletion of task definitions, and Express services beyond their `resourceManagementType`.

mod arn;
mod cluster;
mod configuration;
mod create;
mod deployment;
mod event;
mod history;
mod images;
mod lifecycle;
mod lookup;
mod notice;
mod page;
mod request;
mod restore;
mod revision;
mod rolling;
mod service;
mod settings;
mod tagging;
mod tags;
mod tally;
mod task;
mod task_definition;
mod throttle;
mod update;
mod world;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::service::{Answer, Fault, Scope};

pub(crate) use images::digest_of;
pub use notice::{DeploymentState, Notice};
pub use restore::Described;
pub use settings::Settings;
pub use tally::{Tally, Tasks};

use cluster::Cluster;
use images::Images;
use request::Input;
use service::Service;
use task_definition::Family;
use throttle::Throttle;
use world::{Ids, World};

/// ECS in one account and Region.
#[derive(Debug, Default, Clone)]
pub struct Ecs {
    settings: Settings,
    clusters: BTreeMap<String, Cluster>,
    families: BTreeMap<String, Family>,
    services: BTreeMap<u64, Service>,
    /// When each service next changes by itself.
    calendar: BTreeSet<(DateTime<Utc>, u64)>,
    images: Images,
    throttle: Throttle,
    /// Registrations that are still to fail, by family.
    collisions: BTreeMap<String, u32>,
    ids: Ids,
    /// What happened and has not been handed out yet.
    notices: Vec<Notice>,
    /// Likewise, of numbers of tasks.
    tallies: Vec<Tally>,
}

impl Ecs {
    /// Answers a call. What was due before it happens first.
    ///
    /// # Errors
    ///
    /// The faults of the API; `UnknownOperationException` for an operation that is not simulated.
    pub fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        self.run_until(scope.now);
        if self.settings.throttle {
            self.throttle.take(operation, scope.now)?;
        }
        let (input, place) = (Input(input), scope.place);
        match operation {
            "CreateCluster" => self.create_cluster(input, place),
            "DeleteCluster" => self.delete_cluster(input),
            "ListClusters" => self.list_clusters(input),
            "DescribeClusters" => self.describe_clusters(input, place),
            "RegisterTaskDefinition" => self.register_task_definition(input, scope),
            "DescribeTaskDefinition" => self.describe_task_definition(input, place),
            "DeregisterTaskDefinition" => self.deregister_task_definition(input, scope),
            "ListTaskDefinitions" => self.list_task_definitions(input),
            "ListTaskDefinitionFamilies" => self.list_task_definition_families(input),
            "CreateService" => self.create_service(input, scope),
            "UpdateService" => self.update_service(input, scope),
            "DeleteService" => self.delete_service(input, scope),
            "ListServices" => self.list_services(input),
            "DescribeServices" => self.describe_services(input, place),
            "TagResource" => self.tag_resource(input, place),
            "UntagResource" => self.untag_resource(input, place),
            "ListTagsForResource" => self.list_tags_for_resource(input, place),
            "ListServiceDeployments" => self.list_service_deployments(input, place),
            "DescribeServiceDeployments" => self.describe_service_deployments(input, place),
            "DescribeServiceRevisions" => self.describe_service_revisions(input, place),
            "StopServiceDeployment" => self.stop_service_deployment(input, scope),
            "ListTasks" => self.list_tasks(input, place),
            "DescribeTasks" => self.describe_tasks(input, place),
            _ => Err(Fault::client(
                "UnknownOperationException",
                format!("The pocket account does not simulate {operation} of ECS."),
            )),
        }
    }

    /// When [`Ecs::advance`] would next change something or hand something out.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        let change = self.calendar.first().map(|(at, _)| *at);
        let notice = self.notices.first().map(|notice| notice.at);
        change.into_iter().chain(notice).min()
    }

    /// Lets everything happen that is due by `scope.now`, each at its own moment and in order, and
    /// hands out what the outside hears of it, in order of time.
    pub fn advance(&mut self, scope: &Scope<'_>) -> Vec<Notice> {
        self.run_until(scope.now);
        std::mem::take(&mut self.notices)
    }

    /// Hands out how numbers of tasks changed, in order of time; nothing unless [`Settings::tallies`].
    pub fn tallies(&mut self) -> Vec<Tally> {
        std::mem::take(&mut self.tallies)
    }

    /// Whether no deployment is under way and no task is pending or stopping.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.services.values().all(Service::is_steady)
    }

    /// Makes an image's tag (`host/path` and the tag) name a digest. Tasks see it from their next
    /// pull on.
    ///
    /// A tag that contains `crash` makes tasks exit after they have started; one that contains
    /// `missing` cannot be pulled. A tag that was never pushed stands for a digest of its own.
    pub fn push_image(&mut self, image: &str, tag: &str, digest: &str) {
        self.images.push(image, tag, digest);
    }

    /// Makes the next registrations of a family fail as they do when somebody else registers it at
    /// the same moment: a `ClientException` that passes (`hashicorp/terraform-provider-aws` 9777).
    pub fn fail_registrations(&mut self, family: &str, times: u32) {
        self.collisions.insert(family.to_owned(), times);
    }

    /// Puts on the services of a name the tag that CloudFormation puts on whatever a stack made, and that nobody else may.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html>
    pub fn made_by_stack(&mut self, service: &str, stack: &str) {
        let of = self.services.values_mut().filter(|one| one.name == service);
        for service in of {
            let key = "aws:cloudformation:stack-id".to_owned();
            service.tags.insert(key, stack.to_owned());
        }
    }

    /// The quantities and switches of the simulation.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same, to be changed. Changes count from the next call or the next moment on.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn run_until(&mut self, now: DateTime<Utc>) {
        while let Some((at, id)) = self.calendar.first().copied().filter(|(at, _)| *at <= now) {
            self.change(id, at, |service, world| service.tick(at, world));
        }
    }

    /// Changes a service and enters its next moment into the calendar.
    fn change<R>(
        &mut self,
        id: u64,
        now: DateTime<Utc>,
        act: impl FnOnce(&mut Service, &mut World<'_>) -> R,
    ) -> Option<R> {
        let free = self.free_places(id);
        let service = self.services.get_mut(&id)?;
        let mut world = World {
            settings: &self.settings,
            images: &self.images,
            ids: &mut self.ids,
            notices: &mut self.notices,
            free,
        };
        let result = act(service, &mut world);
        if self.settings.tallies {
            self.tallies.extend(service.tally(now, &self.settings));
        }
        if let Some(due) = service.due.take() {
            self.calendar.remove(&(due, id));
        }
        // Never the same moment again, so that settings of zero seconds cannot stop the clock.
        let soonest = now + TimeDelta::milliseconds(1);
        service.due = service.next_due().map(|due| due.max(soonest));
        self.calendar.extend(service.due.map(|due| (due, id)));
        Some(result)
    }

    /// How many more tasks fit on the cluster of a service, where that is bounded.
    fn free_places(&self, id: u64) -> Option<usize> {
        let capacity = self.settings.capacity? as usize;
        let cluster = self.clusters.get(&self.services.get(&id)?.cluster)?;
        let services = cluster
            .services
            .values()
            .filter_map(|id| self.services.get(id));
        let places = |service: &Service| service.tasks.iter().filter(|t| t.takes_place()).count();
        Some(capacity.saturating_sub(services.map(places).sum::<usize>()))
    }
}
