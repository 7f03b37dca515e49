//! Reading what runs: all clusters that are followed, all their services, the revisions these run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::concurrent;
use crate::context::{Context, Past};
use crate::deadline::Deadline;
use crate::ecs;
use crate::error::{AwsError, Error};
use crate::inventory::{Definition, Gap, Inventory, Service};
use crate::plan::{Deployed, Doubt, Histories, History};
use crate::progress::Progress;
use crate::site::{Access, Place};

/// The most services that DescribeServices takes.
pub(crate) const BATCH: usize = 10;

/// What is left of the time after each reading: a whole roll.
pub(crate) const ROLL: i32 = 4;

/// What one place holds.
#[derive(Default)]
struct Part {
    clusters: Vec<String>,
    services: Vec<Service>,
    gaps: Vec<Gap>,
    progress: BTreeMap<String, Progress>,
}

/// Which of the listed services are read, told by the ARNs of cluster and service.
pub(crate) type Wanted<'a> = &'a (dyn Fn(&str, &str) -> bool + Sync);

impl Part {
    fn gap(gap: Gap) -> Self {
        Self {
            gaps: vec![gap],
            ..Self::default()
        }
    }

    /// Takes out what is older than what this function wrote, and answers the ARNs.
    fn take_outdated(&mut self, context: &Context) -> Vec<String> {
        let services = std::mem::take(&mut self.services).into_iter();
        let (old, kept): (Vec<_>, Vec<_>) =
            services.partition(|service| context.is_outdated(service));
        self.services = kept;
        let old: Vec<String> = old.into_iter().map(|service| service.arn).collect();
        self.progress.retain(|arn, _| !old.contains(arn));
        old
    }

    fn join(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.clusters.extend(part.clusters);
            all.services.extend(part.services);
            all.gaps.extend(part.gaps);
            all.progress.extend(part.progress);
        }
        all
    }
}

/// Reads everything that runs, in all places. What cannot be read is a gap, and hides nothing else.
///
/// # Errors
/// Only when the clusters of the function's own place cannot be listed.
pub(crate) async fn survey(context: &Context, until: Deadline) -> Result<Inventory, Error> {
    survey_of(context, until, None).await
}

/// The same for those that are wanted, with the progress of their deployments.
///
/// # Errors
/// As [`survey`].
pub(crate) async fn survey_of(
    context: &Context,
    until: Deadline,
    wanted: Option<Wanted<'_>>,
) -> Result<Inventory, Error> {
    let sites = context.everywhere(until).map(|at| at.leaving(ROLL));
    let read = sites.map(|at| async move { (at, everything(context, at, wanted).await) });
    let mut parts = Vec::new();
    for (at, part) in concurrent::all(read).await {
        match (part, &at.site.place) {
            (Ok(part), _) => parts.push(part),
            (Err(error), None) => return Err(error.into()),
            (Err(error), Some(place)) => {
                let error = AwsError {
                    message: format!("{} (target {place})", error.message),
                    ..error
                };
                parts.push(Part::gap(Gap {
                    place: Some(place.clone()),
                    ..gap("*", "", &error)
                }));
            }
        }
    }
    let Part {
        clusters,
        mut services,
        gaps,
        progress,
    } = Part::join(parts);
    services.sort_by(|a, b| a.arn.cmp(&b.arn));
    // A target may name the function's own place.
    services.dedup_by(|a, b| a.arn == b.arn);
    let mut inventory = Inventory {
        clusters: clusters.into_iter().collect(),
        services,
        gaps,
        progress,
        ..Inventory::default()
    };
    definitions(context, until, &mut inventory).await;
    Ok(inventory)
}

/// The services of one place.
async fn everything(
    context: &Context,
    at: Access<'_>,
    wanted: Option<Wanted<'_>>,
) -> Result<Part, AwsError> {
    let clusters = ecs::list_clusters(at).await?;
    let here = clusters.first().and_then(|arn| Place::of(arn));
    match (&at.site.place, here) {
        (Some(meant), Some(here)) if *meant != here => {
            let message = format!(
                "the credentials reach {here}: give the target the `role` to assume, one of its own account"
            );
            return Err(AwsError::strange("ListClusters", message, false));
        }
        (None, Some(here)) => context.learn_home(here),
        _ => {}
    }
    let followed: Vec<String> = clusters
        .into_iter()
        .filter(|arn| context.config.follows_cluster(arn))
        .collect();
    let parts = followed
        .iter()
        .map(|cluster| cluster_services(context, at, cluster, wanted));
    let mut all = Part::join(concurrent::all(parts).await);
    all.clusters = followed;
    Ok(all)
}

/// The services of one cluster.
async fn cluster_services(
    context: &Context,
    at: Access<'_>,
    cluster: &str,
    wanted: Option<Wanted<'_>>,
) -> Part {
    let mut arns = match ecs::list_services(at, cluster).await {
        Ok(arns) => arns,
        Err(error) => {
            return Part::gap(gap(cluster, "", &error));
        }
    };
    if let Some(wanted) = wanted {
        arns.retain(|arn| wanted(cluster, arn));
    }
    let described = arns
        .chunks(BATCH)
        .map(|some| settled(context, at, cluster, some, wanted.is_some()));
    Part::join(concurrent::all(described).await)
}

/// At most ten services of one cluster. Those that ECS shows as they were before this function wrote to them are read once more;
/// where that does not help nothing is known of them for now, or a push would roll them twice.
async fn settled(
    context: &Context,
    at: Access<'_>,
    cluster: &str,
    arns: &[String],
    progress: bool,
) -> Part {
    let mut read = described(at, cluster, arns, progress).await;
    let old = read.take_outdated(context);
    if !old.is_empty() {
        let mut anew = described(at, cluster, &old, progress).await;
        for arn in anew.take_outdated(context) {
            let message = "ECS answers with what was there before the ledger was written: the next look-up asks again";
            let error = AwsError::strange("DescribeServices", message, true);
            let name = arn.rsplit('/').next().unwrap_or_default();
            anew.gaps.push(gap(cluster, name, &error));
        }
        read = Part::join([read, anew]);
    }
    read
}

async fn described(at: Access<'_>, cluster: &str, arns: &[String], progress: bool) -> Part {
    match ecs::describe_services(at, cluster, arns, progress).await {
        Ok(described) => part(cluster, described),
        Err(error) => Part::gap(gap(cluster, "", &error)),
    }
}

fn part(cluster: &str, described: ecs::Described) -> Part {
    let failed = described.failed.iter();
    let gaps = failed.map(|(name, error)| gap(cluster, name, error));
    Part {
        clusters: Vec::new(),
        gaps: gaps.collect(),
        services: described.services,
        progress: described.progress,
    }
}

/// Reads each distinct revision once; those that a warm function knows already not at all.
async fn definitions(context: &Context, until: Deadline, inventory: &mut Inventory) {
    let wanted: BTreeSet<String> = inventory
        .services
        .iter()
        .map(|service| service.task_definition.clone())
        .filter(|arn| !arn.is_empty())
        .collect();
    let read = concurrent::all(wanted.into_iter().map(|arn| async move {
        if let Some(known) = context.definition(&arn) {
            return (arn, Ok(known));
        }
        let at = context.where_is(&arn, until).leaving(ROLL);
        let definition = ecs::describe_task_definition(at, &arn).await.map(Arc::new);
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
    context.remember(&inventory.definitions, inventory.gaps.is_empty());
}

fn gap(cluster: &str, service: &str, error: &AwsError) -> Gap {
    Gap {
        place: Place::of(cluster),
        cluster: cluster.rsplit('/').next().unwrap_or(cluster).to_owned(),
        service: service.to_owned(),
        reason: error.to_string(),
        retryable: error.retryable,
    }
}

/// Asks what was deployed to the services that the plan is in doubt about.
pub(crate) async fn histories(context: &Context, until: Deadline, doubts: &[Doubt]) -> Histories {
    let asked = doubts.iter().map(|doubt| async move {
        let at = context.where_is(&doubt.service, until).leaving(ROLL);
        let past = ecs::history(at, &doubt.cluster, &doubt.service, doubt.since);
        let history = match past.await {
            Ok(mut deployed) => match makers(context, at, &mut deployed).await {
                Ok(()) => History::Known(doubt.since, deployed),
                Err(error) => History::Unknown(error.to_string()),
            },
            Err(error) => History::Unknown(error.to_string()),
        };
        (doubt.service.clone(), history)
    });
    concurrent::all(asked).await.into_iter().collect()
}

/// Learns which of the revisions deployed ecroll made, and what they name. One that is gone for good is taken for somebody
/// else's.
///
/// # Errors
/// When AWS refused to tell of one, in a way that a retry may mend.
async fn makers(
    context: &Context,
    at: Access<'_>,
    deployed: &mut [Deployed],
) -> Result<(), AwsError> {
    let arns: BTreeSet<String> = deployed
        .iter()
        .map(|past| past.task_definition.clone())
        .collect();
    let read = arns.into_iter().map(|arn| async move {
        let tells = |definition: &Definition| (definition.made(), definition.names());
        if let Some(known) = context.definition(&arn) {
            return Ok((arn, tells(&known)));
        }
        if let Some(past) = context.past(&arn) {
            return Ok((arn, past));
        }
        match ecs::describe_task_definition(at, &arn).await {
            Ok(definition) => {
                let past = tells(&definition);
                context.remember_past(&arn, past.clone());
                Ok((arn, past))
            }
            Err(error) if error.retryable => Err(error),
            Err(_) => Ok((arn, Past::default())),
        }
    });
    let read: Result<Vec<_>, AwsError> = concurrent::all(read).await.into_iter().collect();
    let told: BTreeMap<String, Past> = read?.into_iter().collect();
    for past in deployed {
        if let Some((made, names)) = told.get(&past.task_definition) {
            past.made.clone_from(made);
            past.names.clone_from(names);
        }
    }
    Ok(())
}

/// Reads services of one cluster once more, right before they are changed.
pub(crate) async fn again(at: Access<'_>, services: &[&Service]) -> BTreeMap<String, Service> {
    let Some(first) = services.first() else {
        return BTreeMap::new();
    };
    let arns: Vec<String> = services.iter().map(|service| service.arn.clone()).collect();
    let read = arns
        .chunks(BATCH)
        .map(|some| ecs::describe_services(at, &first.cluster_arn, some, false));
    let read = concurrent::all(read).await;
    let found = read.into_iter().flatten().flat_map(|found| found.services);
    found
        .map(|service| (service.arn.clone(), service))
        .collect()
}

/// Reads services once more with the progress of their deployments, whichever clusters they are in; those that are gone
/// are missing. What could not be read is a gap.
pub(crate) async fn progress(
    context: &Context,
    services: &[&Service],
) -> (BTreeMap<String, (Service, Progress)>, Vec<Gap>) {
    let mut clusters: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for service in services {
        let arns = clusters.entry(&service.cluster_arn).or_default();
        arns.push(service.arn.clone());
    }
    let batches = clusters.iter().flat_map(|(cluster, arns)| {
        let batches = arns.chunks(BATCH);
        batches.map(move |some| (*cluster, some))
    });
    let read = batches.map(|(cluster, some)| async move {
        let at = context.where_is(cluster, Deadline::NONE);
        described(at, cluster, some, true).await
    });
    let Part {
        services,
        gaps,
        mut progress,
        ..
    } = Part::join(concurrent::all(read).await);
    let both = services.into_iter().filter_map(|service| {
        let progress = progress.remove(&service.arn)?;
        Some((service.arn.clone(), (service, progress)))
    });
    (both.collect(), gaps)
}
