//! Putting back what another ECS described: revisions with their numbers, services with their past.
//!
//! Nothing is asked whether it would be allowed: it was there. What cannot be described is not there afterwards: which
//! tasks ran, what the service log said.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::service::{Fault, Scope};

use super::configuration::{Configuration, Scheduling};
use super::history::Record;
use super::request::{Input, client, from_epoch, invalid};
use super::revision::Revision;
use super::service::{Beginning, Controller, ON_DEPLOYMENT, Service};
use super::task_definition::{Container, Definition, OUTPUT_ONLY, read_containers};
use super::{Ecs, arn, tags};

/// Members of a described service that the simulation itself answers.
const ANSWERED: [&str; 16] = [
    "serviceArn",
    "serviceName",
    "clusterArn",
    "status",
    "desiredCount",
    "runningCount",
    "pendingCount",
    "schedulingStrategy",
    "deploymentController",
    "deploymentConfiguration",
    "createdAt",
    "taskDefinition",
    "deployments",
    "events",
    "currentServiceDeployment",
    "currentServiceRevisions",
];

/// A service as ECS described it, in the API's own members.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// A member of `services` of `DescribeServices`, with its tags.
    pub service: &'a Value,
    /// `serviceDeployments` of `ListServiceDeployments`, as far as known.
    pub deployments: &'a [Value],
    /// `serviceRevisions` of `DescribeServiceRevisions`, as far as known.
    pub revisions: &'a [Value],
}

impl Ecs {
    /// Puts a revision back under the number that it had: an answer of `DescribeTaskDefinition` with tags. The next one
    /// that is registered in its family gets the number after the highest.
    ///
    /// # Errors
    ///
    /// `ClientException` or `InvalidParameterException` for what is no such answer.
    pub fn restore_definition(&mut self, answer: &Value, scope: &Scope<'_>) -> Result<(), Fault> {
        let described = Input(answer).structure("taskDefinition")?;
        let described = described.ok_or_else(|| client("taskDefinition is missing."))?;
        let given = Value::Object(described.clone());
        let given = Input(&given);
        let named = given.required("taskDefinitionArn")?;
        let (family, revision) = arn::definition_name(named)
            .and_then(|(family, revision)| Some((family, revision?)))
            .filter(|(_, revision)| (1..u32::MAX).contains(revision))
            .ok_or_else(|| client(format!("{named} names no revision.")))?;
        let containers = read_containers(given)?;
        let mut members = described.clone();
        members.retain(|member, _| !OUTPUT_ONLY.contains(&member.as_str()));
        let is_active = given.text("status")? != Some("INACTIVE");
        let registered = given.get("registeredAt").and_then(from_epoch);
        let definition = Definition {
            arn: named.into(),
            text: Value::Object(members).to_string().into(),
            containers: containers.into(),
            tags: tags::restored(answer),
            registered_at: registered.unwrap_or(scope.now).min(scope.now),
            deregistered_at: (!is_active).then_some(scope.now),
        };
        let family = self.families.entry(family.to_owned()).or_default();
        family.revisions.insert(revision as usize, definition);
        Ok(())
    }

    /// Puts a service back into a cluster that is there: with its members, its tags, its history, and a primary deployment
    /// that began when it did, so that it runs what it ran. One that had completed has completed; what lies in the future of
    /// `scope.now` begins now.
    ///
    /// # Errors
    ///
    /// `ClusterNotFoundException`; `ClientException` where the revision that it runs is not there; a namesake.
    pub fn restore_service(&mut self, of: Described<'_>, scope: &Scope<'_>) -> Result<(), Fault> {
        let input = Input(of.service);
        let name = input.required("serviceName")?.to_owned();
        let cluster_arn = input.required("clusterArn")?;
        let cluster = self.cluster_of(Some(cluster_arn))?.to_owned();
        let found = self.clusters.get(&cluster);
        if found.is_some_and(|cluster| cluster.services.contains_key(&name)) {
            return Err(invalid(format!("{name} is there already.")));
        }
        let service_arn = input.required("serviceArn")?.to_owned();
        let scheduling = match input.text("schedulingStrategy")? {
            Some("DAEMON") => Scheduling::Daemon,
            _ => Scheduling::Replica,
        };
        let controller = input.structure("deploymentController")?;
        let controller = controller.and_then(|controller| controller.get("type"));
        let controller = controller.and_then(Value::as_str).unwrap_or("ECS");
        let controller = Controller::read(controller);
        let desired = input.count("desiredCount")?.unwrap_or_default();
        if scheduling == Scheduling::Daemon {
            let instances = &mut self.settings.container_instances;
            *instances = desired.max(*instances);
        }
        let mut configuration = Configuration::new(scheduling);
        if let Some(given) = input.structure("deploymentConfiguration")? {
            configuration.0.extend(given.clone());
        }
        let primary = primary(of.service);
        let began = primary.and_then(|one| one.get("createdAt"));
        let began = began.and_then(from_epoch).unwrap_or(scope.now);
        let began = began.min(scope.now);
        let created = input.get("createdAt").and_then(from_epoch).unwrap_or(began);
        let definition = match runs(of.service, controller) {
            None => None,
            Some(given) => {
                let (_, definition) = self
                    .definition(given, scope.place)
                    .ok_or_else(|| client(format!("{given} is not there.")))?;
                let containers = Arc::clone(&definition.containers);
                Some((Arc::clone(&definition.arn), containers))
            }
        };
        let id = self.ids.other();
        let mut service = Service::new(Beginning {
            id,
            cluster: cluster.clone(),
            cluster_arn: cluster_arn.to_owned(),
            name: name.clone(),
            arn: service_arn,
            arn_start: scope.place.arn("ecs", ""),
            scheduling,
            controller,
            desired,
            members: members(of.service, primary, controller),
            configuration,
            tags: tags::restored(of.service),
            created_at: created.min(began),
            token: None,
        });
        let numbers = self.restore_history(&mut service, of, began);
        self.services.insert(id, service);
        if let Some(cluster) = self.clusters.get_mut(&cluster) {
            cluster.services.insert(name, id);
        }
        if let Some((arn, containers)) = definition {
            let known = numbers.get(&*arn).copied();
            let under_way = primary
                .and_then(|one| one.get("rolloutState"))
                .is_some_and(|state| state == "IN_PROGRESS");
            self.run_again(
                id,
                began,
                &Again {
                    arn,
                    containers,
                    known,
                    under_way,
                },
                scope.now,
            );
        }
        Ok(())
    }

    /// The deployments of before, oldest first; answers the newest service revision of each task definition.
    fn restore_history(
        &mut self,
        service: &mut Service,
        of: Described<'_>,
        began: DateTime<Utc>,
    ) -> BTreeMap<String, u64> {
        let text = |value: &Value, member: &str| {
            let text = value.get(member).and_then(Value::as_str);
            text.map(str::to_owned)
        };
        let time = |value: &Value, member: &str| value.get(member).and_then(from_epoch);
        let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
        let mut by_arn: BTreeMap<String, u64> = BTreeMap::new();
        let mut revisions: Vec<(DateTime<Utc>, &Value)> = of
            .revisions
            .iter()
            .filter_map(|revision| Some((time(revision, "createdAt")?, revision)))
            .filter(|(at, _)| *at <= began)
            .collect();
        revisions.sort_by_key(|(at, _)| *at);
        for (at, described) in revisions {
            let (Some(arn), Some(definition)) = (
                text(described, "serviceRevisionArn"),
                text(described, "taskDefinition"),
            ) else {
                continue;
            };
            let number = self.ids.other();
            let images = described.get("containerImages").and_then(Value::as_array);
            let images = images.map_or(&[][..], Vec::as_slice);
            let container = |image: &Value| {
                Some(Container {
                    name: text(image, "containerName")?,
                    image: text(image, "image")?,
                    consistent: true,
                    checked: false,
                })
            };
            let containers: Vec<Container> = images.iter().filter_map(container).collect();
            let members = service.deployed_members();
            let mut revision = Revision::new(
                number,
                &definition.as_str().into(),
                &containers,
                members,
                at,
            );
            for image in &mut revision.images {
                let mut named = images.iter().filter(|one| {
                    text(one, "containerName").as_ref() == Some(&image.container.name)
                });
                image.digest = named.next().and_then(|one| text(one, "imageDigest"));
            }
            revision.resolved = revision.images.iter().all(|image| image.digest.is_some());
            service.revisions.insert(number, revision);
            numbers.insert(definition, number);
            by_arn.insert(arn, number);
        }
        let mut deployments: Vec<(DateTime<Utc>, &Value)> = of
            .deployments
            .iter()
            .filter_map(|brief| Some((time(brief, "createdAt")?, brief)))
            .filter(|(at, _)| *at <= began)
            .collect();
        deployments.sort_by_key(|(at, _)| *at);
        for (at, brief) in deployments {
            let target = text(brief, "targetServiceRevisionArn");
            let Some(target) = target.and_then(|arn| by_arn.get(&arn).copied()) else {
                continue;
            };
            let number = self.ids.other();
            let mut record = Record::new(number, target, Vec::new(), &service.configuration, at);
            let status = text(brief, "status").unwrap_or_default();
            let reason = text(brief, "statusReason").unwrap_or_default();
            record.restore(&status, &reason, time(brief, "finishedAt").unwrap_or(at));
            service.records.push(record);
        }
        numbers
    }

    /// Lets a restored service run what it ran, up to now.
    fn run_again(&mut self, id: u64, began: DateTime<Utc>, again: &Again, now: DateTime<Utc>) {
        let told = self.notices.len();
        let images: Vec<Option<String>> = again
            .containers
            .iter()
            .map(|container| self.images.pull(&container.image).0)
            .collect();
        self.change(id, began, |service, world| {
            service.restore_primary(again, &images, began, world);
            service.schedule(began, world);
        });
        while let Some(due) = self.services.get(&id).and_then(|service| service.due)
            && due <= now
        {
            self.change(id, due, |service, world| service.tick(due, world));
        }
        // It is past; whoever had to hear of it has heard.
        self.notices.truncate(told);
    }
}

/// What a restored service runs.
pub(super) struct Again {
    pub(super) arn: Arc<str>,
    pub(super) containers: Arc<[Container]>,
    /// The number of its service revision, where the history tells it.
    pub(super) known: Option<u64>,
    /// The deployment was not over.
    pub(super) under_way: bool,
}

/// The primary deployment, or the primary task set where another controller deploys; the first one where none is primary.
fn primary(service: &Value) -> Option<&Value> {
    let list = |member| {
        let list = service.get(member).and_then(Value::as_array);
        list.into_iter().flatten()
    };
    let is_primary = |one: &&Value| one.get("status").is_some_and(|status| status == "PRIMARY");
    let mut all = list("deployments").chain(list("taskSets"));
    all.find(is_primary).or_else(|| list("taskSets").next())
}

fn runs(service: &Value, controller: Controller) -> Option<&str> {
    let definition = |of: &'_ Value| of.get("taskDefinition").is_some();
    let of = match controller {
        Controller::External => return None,
        _ if definition(service) => service,
        _ => primary(service)?,
    };
    of.get("taskDefinition")?.as_str()
}

fn members(service: &Value, primary: Option<&Value>, controller: Controller) -> Map<String, Value> {
    let mut members = service.as_object().cloned().unwrap_or_default();
    let sets = controller == Controller::External;
    members.retain(|member, _| {
        let answered = ANSWERED.contains(&member.as_str()) || member == "tags";
        !answered && (sets || member != "taskSets")
    });
    for member in ON_DEPLOYMENT {
        if let Some(value) = primary.and_then(|primary| primary.get(member)) {
            members.insert(member.to_owned(), value.clone());
        }
    }
    members
}
