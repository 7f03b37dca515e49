//! `CreateService` and `DeleteService`.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use crate::service::{Answer, Fault, Place, Scope};

use super::Ecs;
use super::configuration::{Configuration, Scheduling};
use super::history::RecordStatus;
use super::request::{Input, invalid};
use super::service::{Beginning, Controller, DEPLOYED, QUIET, Service, Status};
use super::tags;

impl Ecs {
    /// `CreateService`.
    ///
    /// An ACTIVE namesake is refused, a DRAINING one as well; an INACTIVE one is replaced. Besides
    /// the members of the API, `resourceManagementType` is taken, so that an Express service can be
    /// set up.
    pub(super) fn create_service(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let cluster = self.cluster_of(input.text("cluster")?)?.to_owned();
        let name = read_name(input)?.to_owned();
        let token = input.text("clientToken")?;
        if let Some(made) = self.made_by(&cluster, &name, token, input) {
            return made;
        }
        self.check_namesake(&cluster, &name)?;
        let strategies = ["REPLICA", "DAEMON"];
        let scheduling = match input.choice("schedulingStrategy", &strategies)? {
            Some("DAEMON") => Scheduling::Daemon,
            _ => Scheduling::Replica,
        };
        let controller = read_controller(input)?.unwrap_or(Controller::Ecs);
        let desired = match (input.count("desiredCount")?, scheduling) {
            (Some(_), Scheduling::Daemon) => {
                return Err(invalid(
                    "The daemon scheduling strategy does not support a desired count for \
                     services. Remove the desired count value and try again.",
                ));
            }
            (Some(count), _) => count,
            (None, Scheduling::Daemon) => 0,
            (None, Scheduling::Replica) => {
                return Err(invalid("desiredCount is required for a REPLICA service."));
            }
        };
        let mut configuration = Configuration::new(scheduling);
        if let Some(sent) = input.structure("deploymentConfiguration")? {
            configuration = configuration.merge(sent, scheduling, &self.settings)?;
        }
        let definition = match (input.text("taskDefinition")?, controller) {
            // Its task sets say what runs.
            (_, Controller::External) => None,
            (None, _) => return Err(invalid("TaskDefinition can not be blank.")),
            (Some(given), _) => {
                let definition = self.deployable(given, scope.place)?;
                Some((
                    Arc::clone(&definition.arn),
                    Arc::clone(&definition.containers),
                ))
            }
        };
        let tags = tags::read(input, self.settings.tags)?;
        if !tags.is_empty() && !self.settings.long_arns {
            return Err(invalid(
                "The new ARN and resource ID format must be enabled to add tags to the service. \
                 Opt in to the new format and try again.",
            ));
        }
        let members = read_members(input, &configuration, scheduling)?;
        let id = self.ids.other();
        let service = Service::new(Beginning {
            id,
            cluster_arn: scope.place.arn("ecs", &format!("cluster/{cluster}")),
            arn: self.service_arn(&cluster, &name, scope.place),
            arn_start: scope.place.arn("ecs", ""),
            cluster: cluster.clone(),
            name: name.clone(),
            scheduling,
            controller,
            desired,
            members,
            configuration,
            tags,
            created_at: scope.now,
            token: token.map(|token| (token.to_owned(), input.0.clone())),
        });
        let found = self.clusters.get_mut(&cluster);
        if let Some(old) = found.and_then(|found| found.services.insert(name, id)) {
            self.services.remove(&old);
        }
        self.services.insert(id, service);
        let output = self.change(id, scope.now, |service, world| {
            if let Some((arn, containers)) = &definition {
                service.deploy(arn, containers, scope.now, world);
            }
            let output = service.describe(world.settings, true);
            service.schedule(scope.now, world);
            output
        });
        Ok(json!({ "service": output }))
    }

    /// The answer to a creation that was sent before, with the token that it bore then.
    fn made_by(
        &self,
        cluster: &str,
        name: &str,
        token: Option<&str>,
        input: Input<'_>,
    ) -> Option<Answer> {
        let id = self.clusters.get(cluster)?.services.get(name)?;
        let service = self.services.get(id)?;
        let (bore, with) = service.token.as_ref()?;
        if token != Some(bore.as_str()) || service.status != Status::Active {
            return None;
        }
        Some(if with == input.0 {
            Ok(json!({ "service": service.describe(&self.settings, true) }))
        } else {
            Err(invalid("Creation of service was not idempotent."))
        })
    }

    fn check_namesake(&self, cluster: &str, name: &str) -> Result<(), Fault> {
        let Some(cluster) = self.clusters.get(cluster) else {
            return Ok(());
        };
        let namesake = cluster
            .services
            .get(name)
            .and_then(|id| self.services.get(id));
        match namesake.map(|service| service.status) {
            Some(Status::Active) => {
                return Err(invalid("Creation of service was not idempotent."));
            }
            Some(Status::Draining) => {
                return Err(invalid("Unable to Start a service that is still Draining."));
            }
            Some(Status::Inactive) | None => {}
        }
        if cluster.services.len() >= self.settings.services_per_cluster {
            return Err(invalid("The maximum number of services has been reached."));
        }
        Ok(())
    }

    fn service_arn(&self, cluster: &str, name: &str, place: &Place) -> String {
        if self.settings.long_arns {
            place.arn("ecs", &format!("service/{cluster}/{name}"))
        } else {
            place.arn("ecs", &format!("service/{name}"))
        }
    }

    /// `DeleteService`: DRAINING until its tasks are gone, then INACTIVE.
    ///
    /// A REPLICA service that is not scaled to 0 needs `force` (API model).
    pub(super) fn delete_service(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let force = input.flag("force")?.unwrap_or(false);
        let service = self.one_service(input, scope.place)?;
        let is_scaled = service.scheduling == Scheduling::Replica && service.desired > 0;
        match service.status {
            Status::Inactive => {
                return Err(Fault::client(
                    "ServiceNotFoundException",
                    "Service not found.",
                ));
            }
            Status::Active if is_scaled && !force => {
                return Err(invalid(
                    "The service cannot be stopped while it is scaled above 0.",
                ));
            }
            Status::Active | Status::Draining => {}
        }
        let id = service.id;
        let output = self.change(id, scope.now, |service, world| {
            if service.status == Status::Active {
                service.status = Status::Draining;
                let stop = TimeDelta::seconds(world.settings.seconds_to_stop);
                service.draining_until = Some(scope.now + stop);
                service.placement_at = None;
                let reason = "The service was deleted.";
                service.end_record(RecordStatus::Stopped, reason, scope.now);
                service.schedule(scope.now, world);
            }
            service.describe(world.settings, false)
        });
        Ok(json!({ "service": output }))
    }
}

fn read_name(input: Input<'_>) -> Result<&str, Fault> {
    let name = input.required("serviceName")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.len() > 255 || !name.chars().all(fits) {
        return Err(invalid(
            "Invalid service name: up to 255 letters, numbers, hyphens and underscores.",
        ));
    }
    Ok(name)
}

/// The deployment controller that a call names.
pub(super) fn read_controller(input: Input<'_>) -> Result<Option<Controller>, Fault> {
    let Some(controller) = input.get("deploymentController") else {
        return Ok(None);
    };
    let name = Input(controller).choice("type", &Controller::NAMES)?;
    Ok(name.map(Controller::read))
}

/// The further members of a new service, with the defaults that the API shows.
fn read_members(
    input: Input<'_>,
    configuration: &Configuration,
    scheduling: Scheduling,
) -> Result<Map<String, Value>, Fault> {
    let mut members = Map::new();
    for list in [
        "loadBalancers",
        "serviceRegistries",
        "placementConstraints",
        "placementStrategy",
    ] {
        members.insert(list.to_owned(), json!([]));
    }
    members.insert("enableECSManagedTags".to_owned(), json!(false));
    members.insert("enableExecuteCommand".to_owned(), json!(false));
    members.insert("propagateTags".to_owned(), json!("NONE"));
    members.insert("resourceManagementType".to_owned(), json!("CUSTOMER"));
    let carried = ["launchType", "resourceManagementType"];
    for member in DEPLOYED.iter().chain(&QUIET).chain(&carried) {
        if let Some(value) = input.get(member) {
            members.insert((*member).to_owned(), value.clone());
        }
    }
    let further = input.0.as_object().into_iter().flatten();
    let further = further.filter(|(member, value)| !is_known(member) && !value.is_null());
    members.extend(further.map(|(member, value)| (member.clone(), value.clone())));
    if members.get("launchType").is_none() && members.get("capacityProviderStrategy").is_none() {
        members.insert("launchType".to_owned(), json!("EC2"));
    }
    let modes = ["ENABLED", "DISABLED"];
    let asked = input.choice("availabilityZoneRebalancing", &modes)?;
    let is_eligible = scheduling == Scheduling::Replica && configuration.maximum() > 100;
    check_rebalancing(asked, configuration)?;
    // On by default where it can work (since September 2025; API model).
    let mode = asked.unwrap_or(if is_eligible { "ENABLED" } else { "DISABLED" });
    members.insert("availabilityZoneRebalancing".to_owned(), json!(mode));
    Ok(members)
}

/// Members of the calls that the simulation itself has a place for; any other is kept as it is given.
const KNOWN: [&str; 14] = [
    "availabilityZoneRebalancing",
    "clientToken",
    "cluster",
    "deploymentConfiguration",
    "deploymentController",
    "desiredCount",
    "forceNewDeployment",
    "launchType",
    "role",
    "schedulingStrategy",
    "service",
    "serviceName",
    "tags",
    "taskDefinition",
];

pub(super) fn is_known(member: &str) -> bool {
    KNOWN.contains(&member) || DEPLOYED.contains(&member) || QUIET.contains(&member)
}

/// Availability Zone rebalancing starts a task before it stops one, so it needs room above 100 %
/// (developer guide, service rebalancing).
pub(super) fn check_rebalancing(
    mode: Option<&str>,
    configuration: &Configuration,
) -> Result<(), Fault> {
    if mode == Some("ENABLED") && configuration.maximum() <= 100 {
        return Err(invalid(
            "A maximumPercent of 100 or less is not compatible with Availability Zone \
             rebalancing.",
        ));
    }
    Ok(())
}
