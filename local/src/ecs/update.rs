//! `UpdateService`: which members start a deployment, which do not, and what is refused.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::service::{Answer, Fault, Scope};

use super::Ecs;
use super::configuration::{Configuration, Scheduling};
use super::create::{check_rebalancing, is_known, read_controller};
use super::deployment::Rollout;
use super::request::{Input, invalid};
use super::service::{Controller, DEPLOYED, QUIET, Service, Status};
use super::task_definition::Container;

/// What an update asks for, checked whole before anything changes.
struct Update {
    desired: Option<u32>,
    configuration: Option<Configuration>,
    controller: Option<Controller>,
    /// Members that change without a deployment.
    quiet: Vec<(String, Value)>,
    /// Members that a deployment puts in place.
    deployed: Vec<(String, Value)>,
    /// The task definition to deploy, if there is to be a deployment.
    deployment: Option<(Arc<str>, Arc<[Container]>)>,
}

impl Ecs {
    /// `UpdateService`.
    ///
    /// What is left out stays as it is. The same task definition again, without
    /// `forceNewDeployment`, starts nothing.
    pub(super) fn update_service(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let service = self.one_service(input, scope.place)?;
        if service.status != Status::Active {
            return Err(Fault::client(
                "ServiceNotActiveException",
                "Service was not ACTIVE.",
            ));
        }
        let update = self.read_update(service, input, scope)?;
        let id = service.id;
        let output = self.change(id, scope.now, |service, world| {
            if let Some(desired) = update.desired {
                service.desired = desired;
            }
            if let Some(configuration) = update.configuration {
                service.configuration = configuration;
            }
            if let Some(controller) = update.controller {
                service.controller = controller;
            }
            service.members.extend(update.quiet);
            service.members.extend(update.deployed);
            match &update.deployment {
                Some((arn, containers)) => service.deploy(arn, containers, scope.now, world),
                None => {
                    // New percentages may free a deployment that could not move.
                    if let Some(primary) = service.deployments.last_mut() {
                        primary.is_stuck = false;
                    }
                }
            }
            let output = service.describe(world.settings, true);
            service.schedule(scope.now, world);
            output
        });
        Ok(json!({ "service": output }))
    }

    fn read_update(
        &self,
        service: &Service,
        input: Input<'_>,
        scope: &Scope<'_>,
    ) -> Result<Update, Fault> {
        let desired = input.count("desiredCount")?;
        if desired.is_some() && service.scheduling == Scheduling::Daemon {
            return Err(invalid(
                "The daemon scheduling strategy does not support a desired count for services. \
                 Remove the desired count value and try again.",
            ));
        }
        let forces = input.flag("forceNewDeployment")?.unwrap_or(false);
        let given = input.text("taskDefinition")?;
        refuse_foreign_controller(service, given.is_some(), forces)?;
        let configuration = match input.structure("deploymentConfiguration")? {
            None => None,
            Some(sent) => Some(service.configuration.merge(
                sent,
                service.scheduling,
                &self.settings,
            )?),
        };
        let quiet = read_quiet(service, input, configuration.as_ref())?;
        let changed = |member: &str| {
            let sent = input.get(member)?;
            let differs = service.members.get(member) != Some(sent);
            differs.then(|| (member.to_owned(), sent.clone()))
        };
        let deployed: Vec<_> = DEPLOYED
            .iter()
            .filter_map(|member| changed(member))
            .collect();
        let controller = read_controller(input)?.filter(|wanted| *wanted != service.controller);
        let in_progress = service
            .primary()
            .is_some_and(|primary| primary.rollout == Rollout::InProgress);
        if controller.is_some() && in_progress {
            return Err(invalid(
                "The deployment controller cannot be changed while a deployment is in progress.",
            ));
        }
        let current = service.task_definition.as_deref();
        let definition = given
            .map(|given| self.deployable(given, scope.place))
            .transpose()?;
        let is_other = definition.is_some_and(|found| current != Some(&*found.arn));
        let deploys = is_other || forces || !deployed.is_empty();
        let deployment = match (deploys, definition, current) {
            (false, ..) | (true, None, None) => None,
            (true, Some(found), _) => Some((Arc::clone(&found.arn), Arc::clone(&found.containers))),
            (true, None, Some(current)) => {
                // What runs may be deployed again although it is INACTIVE by now.
                let found = self
                    .definition(current, scope.place)
                    .map(|(_, found)| found);
                found.map(|found| (Arc::clone(&found.arn), Arc::clone(&found.containers)))
            }
        };
        let most = self.settings.active_deployments;
        if deployment.is_some() && service.deployments.len() >= most {
            return Err(invalid(format!(
                "{most} active deployments exist, unable to create new deployment."
            )));
        }
        Ok(Update {
            desired,
            configuration,
            controller,
            quiet,
            deployed,
            deployment,
        })
    }
}

/// Other controllers deploy by other means (developer guide, update-service parameters).
fn refuse_foreign_controller(service: &Service, defines: bool, forces: bool) -> Result<(), Fault> {
    let (name, instead) = match service.controller {
        Controller::Ecs => return Ok(()),
        Controller::CodeDeploy => (
            "a CODE_DEPLOY",
            "Use AWS CodeDeploy to trigger a new deployment.",
        ),
        Controller::External => (
            "an EXTERNAL",
            "Use CreateTaskSet to trigger a new deployment.",
        ),
    };
    let what = match (defines, forces) {
        (true, _) => "Unable to update task definition",
        (false, true) => "Unable to force a new deployment",
        (false, false) => return Ok(()),
    };
    Err(invalid(format!(
        "{what} on services with {name} deployment controller. {instead}"
    )))
}

/// The members that change without a deployment, Availability Zone rebalancing among them.
fn read_quiet(
    service: &Service,
    input: Input<'_>,
    configuration: Option<&Configuration>,
) -> Result<Vec<(String, Value)>, Fault> {
    let mut quiet: Vec<(String, Value)> = QUIET
        .iter()
        .filter_map(|member| Some(((*member).to_owned(), input.get(member)?.clone())))
        .collect();
    let further = input.0.as_object().into_iter().flatten();
    let further = further.filter(|(member, value)| !is_known(member) && !value.is_null());
    quiet.extend(further.map(|(member, value)| (member.clone(), value.clone())));
    let modes = ["ENABLED", "DISABLED"];
    let asked = input.choice("availabilityZoneRebalancing", &modes)?;
    let current = service
        .members
        .get("availabilityZoneRebalancing")
        .and_then(Value::as_str);
    if asked.is_some() || configuration.is_some() {
        let configuration = configuration.unwrap_or(&service.configuration);
        check_rebalancing(asked.or(current), configuration)?;
    }
    if let Some(mode) = asked {
        quiet.push(("availabilityZoneRebalancing".to_owned(), json!(mode)));
    }
    Ok(quiet)
}
