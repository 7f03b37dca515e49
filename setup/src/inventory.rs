//! Which roles the services that follow today use: what the handler must be allowed to pass on.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{Service, TaskDefinition, TaskDefinitionFamilyStatus};
use chrono::{DateTime, Utc};
use handler::Context;
use handler::config::{Config, Families};
use handler::image::ImageRef;

use crate::clients::Clients;
use crate::clock;
use crate::error::{Called, Error, Result};
use crate::names::Place;
use crate::policy_document::TargetRoles;

/// `DescribeServices` takes no more at once.
const BATCH: usize = 10;

/// Task and execution roles of every task definition that a service in a followed cluster runs; and of families that no
/// service runs, where they follow.
pub(crate) async fn pass_roles(
    clients: &Clients,
    config: &Config,
    place: &Place,
) -> Result<BTreeSet<String>> {
    let mut definitions = BTreeSet::new();
    for cluster in clusters(clients).await? {
        if config.follows_cluster(&cluster) {
            definitions.extend(task_definitions(clients, &cluster).await?);
        }
    }
    if config.families == Families::All {
        definitions.extend(families(clients).await?);
    }
    let mut roles = BTreeSet::new();
    for definition in definitions {
        let call = clients
            .ecs
            .describe_task_definition()
            .task_definition(&definition)
            .send()
            .await;
        let found = call
            .called("ecs:DescribeTaskDefinition", &definition)?
            .task_definition
            .filter(|found| definition.starts_with("arn:") || follows(found, config));
        let found = found
            .into_iter()
            .flat_map(|d| [d.task_role_arn, d.execution_role_arn]);
        // A definition may name a role of its account by the plain name; a policy needs the ARN.
        roles.extend(found.flatten().map(|role| {
            if role.starts_with("arn:") {
                role
            } else {
                place.role_arn(&role)
            }
        }));
    }
    Ok(roles)
}

/// The names of all families: their newest revisions may get a successor.
async fn families(clients: &Clients) -> Result<Vec<String>> {
    let call = clients.ecs.list_task_definition_families();
    let call = call.status(TaskDefinitionFamilyStatus::Active);
    let mut pages = call.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(next) = pages.next().await {
        found.push(next.called("ecs:ListTaskDefinitionFamilies", "all families")?);
    }
    Ok(found)
}

/// Whether a push of a followed repository may give it a successor.
fn follows(definition: &TaskDefinition, config: &Config) -> bool {
    let containers = definition.container_definitions().iter();
    let mut images = containers.filter_map(|container| ImageRef::parse(container.image()?));
    images.any(|image| config.follows_repository(&image.repository.name))
}

/// The roles of the stacks that follow: whoever updates a stack must be allowed to pass its role on. A stack that cannot be
/// read has a line in the plan and a link of doctor's.
///
/// # Errors
/// When CloudFormation could not be asked just now: to go on would take the roles out of the policy.
pub(crate) async fn stack_roles(
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<BTreeSet<String>> {
    let context = Context::new(config.clone(), clients.sdk(), clock::from(now));
    let mut roles = BTreeSet::new();
    for one in handler::stacks::following(&context).await {
        match one.stack {
            Ok(stack) => roles.extend(stack.role),
            Err(error) if error.retryable => return Err(Error::Unreadable(error.to_string())),
            Err(_) => {}
        }
    }
    Ok(roles)
}

/// The roles of the scheduled tasks that follow: whoever moves a task hands its role over again. Without the key nothing is
/// read.
///
/// # Errors
/// When services, rules or schedules could not be read just now: to go on would take the roles out of the policy.
pub(crate) async fn target_roles(
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<TargetRoles> {
    // Targets elsewhere have roles of their own.
    let config = Config {
        targets: Vec::new(),
        ..config.clone()
    };
    let context = Context::new(config, clients.sdk(), clock::from(now));
    let unreadable = |error: String| Error::Unreadable(error);
    let roles = handler::scheduled::roles(&context).await;
    let roles = roles.map_err(|error| unreadable(error.to_string()))?;
    // What is refused for good stays refused: its tasks cannot be moved either, and doctor tells of it.
    if let Some(gap) = roles.hidden.iter().find(|gap| gap.retryable) {
        return Err(unreadable(format!("{}: {}", gap.whose(), gap.reason)));
    }
    match roles.failed.iter().find(|error| error.retryable) {
        Some(error) => Err(unreadable(error.to_string())),
        None => Ok(TargetRoles {
            events: roles.events,
            scheduler: roles.scheduler,
        }),
    }
}

pub(crate) async fn clusters(clients: &Clients) -> Result<Vec<String>> {
    let mut pages = clients.ecs.list_clusters().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(next) = pages.next().await {
        found.push(next.called("ecs:ListClusters", "all clusters")?);
    }
    Ok(found)
}

async fn task_definitions(clients: &Clients, cluster: &str) -> Result<BTreeSet<String>> {
    let call = clients.ecs.list_services().cluster(cluster);
    let mut pages = call.into_paginator().page_size(100).items().send();
    let mut services = Vec::new();
    while let Some(next) = pages.next().await {
        services.push(next.called("ecs:ListServices", cluster)?);
    }
    let mut definitions = BTreeSet::new();
    for batch in services.chunks(BATCH) {
        let call = clients.ecs.describe_services().cluster(cluster);
        let call = call.set_services(Some(batch.to_vec())).send().await;
        let found = call
            .called("ecs:DescribeServices", cluster)?
            .services
            .unwrap_or_default();
        definitions.extend(
            found
                .into_iter()
                .filter_map(|service: Service| service.task_definition),
        );
    }
    Ok(definitions)
}
