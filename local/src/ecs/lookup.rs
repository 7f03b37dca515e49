//! Which service a call means, and the calls that list and describe services.

use serde_json::{Value, json};

use crate::service::{Answer, Fault, Place};

use super::Ecs;
use super::arn;
use super::page::page;
use super::request::{Input, invalid};
use super::service::{Service, Status};

impl Ecs {
    /// The service that an identifier means in a cluster; its name in any case.
    ///
    /// An ARN of another cluster than the call's is refused, also when the call leaves the cluster
    /// out and so means `default`.
    pub(super) fn find<'a>(
        &self,
        cluster: &str,
        given: &'a str,
        place: &Place,
    ) -> Result<(&'a str, Option<&Service>), Fault> {
        let name = arn::service_name(given)?;
        if let Some(other) = name.cluster.filter(|other| *other != cluster) {
            return Err(invalid(format!(
                "Identifier is for cluster {other}. Your cluster is {cluster}"
            )));
        }
        let id = self
            .clusters
            .get(cluster)
            .and_then(|found| found.services.get(name.name));
        let service = id.and_then(|id| self.services.get(id));
        Ok((name.name, service.filter(|_| arn::is_here(given, place))))
    }

    /// The service of a call that changes or reads exactly one.
    pub(super) fn one_service(&self, input: Input<'_>, place: &Place) -> Result<&Service, Fault> {
        let given = input.required("service")?;
        let cluster = self.cluster_of(input.text("cluster")?)?;
        let (_, service) = self.find(cluster, given, place)?;
        service.ok_or_else(|| Fault::client("ServiceNotFoundException", "Service not found."))
    }

    /// The same; a deleted service is as good as none.
    pub(super) fn living_service(
        &self,
        input: Input<'_>,
        place: &Place,
    ) -> Result<&Service, Fault> {
        let service = self.one_service(input, place)?;
        if service.status == Status::Inactive {
            return Err(Fault::client(
                "ServiceNotFoundException",
                "Service not found.",
            ));
        }
        Ok(service)
    }

    /// `ListServices`: only ACTIVE ones; ten per page where nothing is asked for.
    pub(super) fn list_services(&self, input: Input<'_>) -> Answer {
        let cluster = self.cluster_of(input.text("cluster")?)?;
        let launch_types = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];
        let launch_type = input.choice("launchType", &launch_types)?;
        let scheduling = input.choice("schedulingStrategy", &["REPLICA", "DAEMON"])?;
        let management = input.choice("resourceManagementType", &["CUSTOMER", "ECS"])?;
        let managed = |service: &Service| {
            let own = service
                .members
                .get("resourceManagementType")
                .and_then(Value::as_str);
            management.is_none_or(|wanted| own.unwrap_or("CUSTOMER") == wanted)
        };
        let shown = |service: &&Service| {
            service.status == Status::Active
                && launch_type.is_none_or(|wanted| service.launch_type() == wanted)
                && scheduling.is_none_or(|wanted| service.scheduling_name() == wanted)
                && managed(service)
        };
        let ids = self
            .clusters
            .get(cluster)
            .map(|cluster| cluster.services.values());
        let services = ids
            .into_iter()
            .flatten()
            .filter_map(|id| self.services.get(id));
        let arns = services.filter(shown).map(|service| service.arn.as_str());
        page(
            arns,
            input,
            "serviceArns",
            self.settings.service_page,
            self.settings.page,
        )
    }

    /// `DescribeServices`: at most ten, misses in `failures`, INACTIVE ones included.
    pub(super) fn describe_services(&self, input: Input<'_>, place: &Place) -> Answer {
        let asked = input.texts("services")?;
        let most = self.settings.described_services;
        if asked.is_empty() {
            return Err(invalid("Services cannot be empty."));
        }
        if asked.len() > most {
            return Err(invalid(format!("services can have at most {most} items.")));
        }
        let cluster = self.cluster_of(input.text("cluster")?)?;
        let with_tags = input.wants_tags()?;
        let (mut services, mut failures) = (Vec::new(), Vec::new());
        for given in asked {
            match self.find(cluster, given, place)? {
                (_, Some(service)) => services.push(service.describe(&self.settings, with_tags)),
                (name, None) => failures.push(json!({
                    "arn": place.arn("ecs", &format!("service/{cluster}/{name}")),
                    "reason": "MISSING",
                })),
            }
        }
        Ok(json!({ "services": services, "failures": failures }))
    }

    /// `ListTasks`: by cluster, service, family and desired status.
    pub(super) fn list_tasks(&self, input: Input<'_>, place: &Place) -> Answer {
        let cluster = self.cluster_of(input.text("cluster")?)?;
        let states = ["RUNNING", "PENDING", "STOPPED"];
        let state = input.choice("desiredStatus", &states)?.unwrap_or("RUNNING");
        let family = input.text("family")?;
        let only = match input.text("serviceName")? {
            None => None,
            Some(given) => match self.find(cluster, given, place)? {
                (_, Some(service)) => Some(service.id),
                _ => {
                    return Err(Fault::client(
                        "ServiceNotFoundException",
                        "Service not found.",
                    ));
                }
            },
        };
        let ids = self
            .clusters
            .get(cluster)
            .map(|cluster| cluster.services.values());
        let services = ids
            .into_iter()
            .flatten()
            .filter_map(|id| self.services.get(id));
        let mut arns = Vec::new();
        for service in services.filter(|service| only.is_none_or(|only| only == service.id)) {
            for task in service.all_tasks().filter(|task| task.is_wanted(state)) {
                let revision = service.revisions.get(&task.revision);
                let definition = revision.and_then(|r| arn::definition_name(&r.task_definition));
                if family.is_none_or(|wanted| definition.is_some_and(|(name, _)| name == wanted)) {
                    arns.push(service.task_arn(task));
                }
            }
        }
        let most = self.settings.page;
        page(
            arns.iter().map(String::as_str),
            input,
            "taskArns",
            most,
            most,
        )
    }

    /// `DescribeTasks`: up to 100, misses in `failures`.
    pub(super) fn describe_tasks(&self, input: Input<'_>, place: &Place) -> Answer {
        let cluster = self.cluster_of(input.text("cluster")?)?;
        let asked = input.texts("tasks")?;
        if asked.is_empty() || asked.len() > self.settings.page {
            return Err(invalid(format!(
                "tasks must have 1 to {} items.",
                self.settings.page
            )));
        }
        let ids = self
            .clusters
            .get(cluster)
            .map(|cluster| cluster.services.values());
        let services: Vec<&Service> = ids
            .into_iter()
            .flatten()
            .filter_map(|id| self.services.get(id))
            .collect();
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for given in asked {
            let name = given.rsplit('/').next().unwrap_or(given);
            let found = services.iter().find_map(|service| {
                Some((
                    service,
                    service.all_tasks().find(|task| task.name() == name)?,
                ))
            });
            let arn = place.arn("ecs", &format!("task/{cluster}/{name}"));
            match found {
                Some((service, task)) => tasks.push(task.describe(&arn, service)),
                None => failures.push(json!({ "arn": arn, "reason": "MISSING" })),
            }
        }
        Ok(json!({ "tasks": tasks, "failures": failures }))
    }
}
