//! Reading what runs: all clusters that are followed, all their services, the revisions these run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::concurrent;
use crate::context::Context;
use crate::ecs;
use crate::error::{AwsError, Error};
use crate::inventory::{Definition, Gap, Inventory, Service};
use crate::plan::{Doubt, Histories, History};

/// The most services that DescribeServices takes.
const BATCH: usize = 10;

/// Reads everything that runs. What cannot be read is a gap, and hides nothing else.
///
/// # Errors
/// Only when the clusters cannot be listed.
pub(crate) async fn survey(context: &Context) -> Result<Inventory, Error> {
    let mut inventory = Inventory::default();
    let clusters = ecs::list_clusters(&context.ecs).await?;
    let followed = clusters
        .into_iter()
        .filter(|arn| context.config.follows_cluster(arn));
    let listed = concurrent::all(followed.map(|cluster| async move {
        let services = ecs::list_services(&context.ecs, &cluster).await;
        (cluster, services)
    }))
    .await;

    let mut batches = Vec::new();
    for (cluster, services) in listed {
        match services {
            Ok(arns) => {
                batches.extend(
                    arns.chunks(BATCH)
                        .map(|some| (cluster.clone(), some.to_vec())),
                );
            }
            Err(error) => inventory.gaps.push(gap(&cluster, "", &error)),
        }
    }
    let described = concurrent::all(batches.into_iter().map(|(cluster, arns)| async move {
        let services = ecs::describe_services(&context.ecs, &cluster, &arns).await;
        (cluster, services)
    }))
    .await;
    for (cluster, services) in described {
        match services {
            Ok((services, failed)) => {
                inventory.services.extend(services);
                let failed = failed.iter();
                let gaps = failed.map(|(name, error)| gap(&cluster, name, error));
                inventory.gaps.extend(gaps);
            }
            Err(error) => inventory.gaps.push(gap(&cluster, "", &error)),
        }
    }
    inventory.services.sort_by(|a, b| a.arn.cmp(&b.arn));
    definitions(context, &mut inventory).await;
    Ok(inventory)
}

/// Reads each distinct revision once; those that a warm function knows already not at all.
async fn definitions(context: &Context, inventory: &mut Inventory) {
    let wanted: BTreeSet<String> = inventory
        .services
        .iter()
        .map(|service| service.task_definition.clone())
        .filter(|arn| !arn.is_empty())
        .collect();
    let read = concurrent::all(wanted.into_iter().map(|arn| async move {
        let definition: Result<Arc<Definition>, _> = match context.definition(&arn) {
            Some(known) => Ok(known),
            None => ecs::describe_task_definition(&context.ecs, &arn)
                .await
                .map(Arc::new),
        };
        (arn, definition)
    }))
    .await;
    let mut failed: BTreeMap<String, AwsError> = BTreeMap::new();
    for (arn, definition) in read {
        match definition {
            Ok(definition) => {
                inventory.definitions.insert(arn, definition);
            }
            Err(error) => {
                failed.insert(arn, error);
            }
        }
    }
    for service in &inventory.services {
        if let Some(error) = failed.get(&service.task_definition) {
            inventory
                .gaps
                .push(gap(&service.cluster_arn, &service.name, error));
        }
    }
    context.remember(&inventory.definitions);
}

fn gap(cluster: &str, service: &str, error: &AwsError) -> Gap {
    Gap {
        cluster: cluster.rsplit('/').next().unwrap_or(cluster).to_owned(),
        service: service.to_owned(),
        reason: error.to_string(),
        retryable: error.retryable,
    }
}

/// Asks what was deployed to the services that the plan is in doubt about.
pub(crate) async fn histories(context: &Context, doubts: &[Doubt]) -> Histories {
    let asked = doubts.iter().map(|doubt| async move {
        let past = ecs::history(&context.ecs, &doubt.cluster, &doubt.service, doubt.since);
        let history = match past.await {
            Ok(deployed) => History::Known(deployed),
            Err(error) => History::Unknown(error.to_string()),
        };
        (doubt.service.clone(), history)
    });
    concurrent::all(asked).await.into_iter().collect()
}

/// Reads services once more, right before they are changed.
pub(crate) async fn again(context: &Context, services: &[&Service]) -> BTreeMap<String, Service> {
    let mut by_cluster: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for service in services {
        by_cluster
            .entry(&service.cluster_arn)
            .or_default()
            .push(service.arn.clone());
    }
    let batches = by_cluster.into_iter().flat_map(|(cluster, arns)| {
        let some: Vec<Vec<String>> = arns.chunks(BATCH).map(<[String]>::to_vec).collect();
        some.into_iter().map(move |arns| (cluster.to_owned(), arns))
    });
    let read = batches.map(|(cluster, arns)| async move {
        ecs::describe_services(&context.ecs, &cluster, &arns).await
    });
    let services = concurrent::all(read).await;
    services
        .into_iter()
        .flatten()
        .flat_map(|(services, _)| services)
        .map(|service| (service.arn.clone(), service))
        .collect()
}
