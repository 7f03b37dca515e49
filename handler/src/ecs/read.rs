//! Lists and descriptions, every page of them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::primitives::DateTime as SdkTime;
use aws_sdk_ecs::types::{
    self as model, AvailabilityZoneRebalancing, DeploymentControllerType, DeploymentRolloutState,
    LaunchType, ResourceManagementType, SchedulingStrategy, ServiceDeploymentStatus,
};
use chrono::{DateTime, Utc};

use super::{next, services_of};
use crate::error::AwsError;
use crate::inventory::{Controller, Rollout, Service};
use crate::plan::Deployed;
use crate::progress::{Progress, time};
use crate::site::Access;

/// The largest page that ListServices and ListClusters give.
const PAGE: i32 = 100;
/// The most service revisions that DescribeServiceRevisions takes.
const REVISIONS: usize = 20;

/// The ARNs of all clusters.
pub(crate) async fn list_clusters(at: Access<'_>) -> Result<Vec<String>, AwsError> {
    const CALL: &str = "ListClusters";
    let request = at.ecs().list_clusters().max_results(PAGE);
    let (mut arns, mut token) = (Vec::new(), None);
    loop {
        let page = request.clone().set_next_token(token.clone());
        let page = at.call(CALL, || page.clone().send()).await?;
        // The SDK's own paginator takes a token that repeats for the end, and what comes after would be missing.
        token = next(token.as_deref(), page.next_token(), CALL)?;
        arns.extend(page.cluster_arns.unwrap_or_default());
        if token.is_none() {
            return Ok(arns);
        }
    }
}

/// The names of all families that have an ACTIVE revision.
pub(crate) async fn list_families(at: Access<'_>) -> Result<Vec<String>, AwsError> {
    const CALL: &str = "ListTaskDefinitionFamilies";
    let active = model::TaskDefinitionFamilyStatus::Active;
    let request = at.ecs().list_task_definition_families();
    let request = request.status(active).max_results(PAGE);
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let page = request.clone().set_next_token(token.clone());
        let page = at.call(CALL, || page.clone().send()).await?;
        token = next(token.as_deref(), page.next_token(), CALL)?;
        names.extend(page.families.unwrap_or_default());
        if token.is_none() {
            return Ok(names);
        }
    }
}

/// The ARNs of all services in a cluster.
pub(crate) async fn list_services(at: Access<'_>, cluster: &str) -> Result<Vec<String>, AwsError> {
    const CALL: &str = "ListServices";
    let request = at.ecs().list_services().cluster(cluster).max_results(PAGE);
    let (mut arns, mut token) = (Vec::new(), None);
    loop {
        let page = request.clone().set_next_token(token.clone());
        let page = at.call(CALL, || page.clone().send()).await?;
        token = next(token.as_deref(), page.next_token(), CALL)?;
        arns.extend(page.service_arns.unwrap_or_default());
        if token.is_none() {
            return Ok(arns);
        }
    }
}

/// What a description of services brought.
pub(crate) struct Described {
    /// The services as far as they could be described.
    pub(crate) services: Vec<Service>,
    /// The others' names, with what ECS said about them.
    pub(crate) failed: Vec<(String, AwsError)>,
    /// How far their deployments have come, by ARN; empty unless asked for.
    pub(crate) progress: BTreeMap<String, Progress>,
}

/// At most ten services of one cluster; those that are gone by now are left out. Their progress only where it is wanted:
/// the answer holds it anyway, but nobody else should have to keep it.
pub(crate) async fn describe_services(
    at: Access<'_>,
    cluster: &str,
    arns: &[String],
    with_progress: bool,
) -> Result<Described, AwsError> {
    const CALL: &str = "DescribeServices";
    let request = services_of(at, cluster, arns);
    let answer = at.call(CALL, || request.clone().send()).await?;
    let mut failed = Vec::new();
    for failure in answer.failures() {
        let reason = failure.reason().unwrap_or("no reason");
        let arn = failure.arn().unwrap_or_default();
        if reason != "MISSING" {
            let error = AwsError::strange(CALL, format!("{arn}: {reason}"), true);
            let name = arn.rsplit('/').next().unwrap_or(arn);
            failed.push((name.to_owned(), error));
        }
    }
    let services = answer.services().iter().filter_map(service).collect();
    let read = |service: &model::Service| {
        let arn = service.service_arn()?.to_owned();
        Some((arn, Progress::read(service)))
    };
    let progress = answer.services().iter().filter(|_| with_progress);
    Ok(Described {
        services,
        failed,
        progress: progress.filter_map(read).collect(),
    })
}

fn service(service: &model::Service) -> Option<Service> {
    let configuration = service.deployment_configuration();
    let percent =
        |get: fn(&model::DeploymentConfiguration) -> Option<i32>| configuration.and_then(get);
    let daemon = service.scheduling_strategy() == Some(&SchedulingStrategy::Daemon);
    let primary = service
        .deployments()
        .iter()
        .find(|d| d.status() == Some("PRIMARY"));
    let tags: BTreeMap<String, String> = service
        .tags()
        .iter()
        .filter_map(|tag| {
            Some((
                tag.key()?.to_owned(),
                tag.value().unwrap_or_default().to_owned(),
            ))
        })
        .collect();
    Some(Service {
        cluster_arn: service.cluster_arn()?.to_owned(),
        arn: service.service_arn()?.to_owned(),
        name: service.service_name()?.to_owned(),
        status: service.status().unwrap_or("ACTIVE").to_owned(),
        task_definition: task_definition(service).unwrap_or_default().to_owned(),
        deployed_at: primary.and_then(|d| d.created_at()).and_then(time),
        desired: service.desired_count(),
        minimum_healthy_percent: percent(model::DeploymentConfiguration::minimum_healthy_percent)
            .unwrap_or(if daemon { 0 } else { 100 }),
        // For a daemon service 100 is the default, and what it should remain.
        // Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>
        maximum_percent: percent(model::DeploymentConfiguration::maximum_percent)
            .unwrap_or(if daemon { 100 } else { 200 }),
        daemon,
        controller: controller(service),
        express: service.resource_management_type() == Some(&ResourceManagementType::Ecs),
        fargate: on_fargate(service),
        zone_rebalancing: service.availability_zone_rebalancing()
            == Some(&AvailabilityZoneRebalancing::Enabled),
        rollout: primary
            .and_then(model::Deployment::rollout_state)
            .and_then(rollout),
        tags,
    })
}

fn rollout(state: &DeploymentRolloutState) -> Option<Rollout> {
    match state {
        DeploymentRolloutState::InProgress => Some(Rollout::UnderWay),
        DeploymentRolloutState::Completed => Some(Rollout::Completed),
        DeploymentRolloutState::Failed => Some(Rollout::Failed),
        _ => None,
    }
}

/// The service's own revision, or that of its primary task set where another controller deploys.
fn task_definition(service: &model::Service) -> Option<&str> {
    let mut sets = service.task_sets().iter();
    let primary = sets.find(|set| set.status() == Some("PRIMARY"));
    let set = primary.or_else(|| service.task_sets().first());
    service
        .task_definition()
        .or_else(|| set.and_then(model::TaskSet::task_definition))
}

fn on_fargate(service: &model::Service) -> bool {
    let providers = service.capacity_provider_strategy().iter();
    let mut names = providers.map(model::CapacityProviderStrategyItem::capacity_provider);
    service.launch_type() == Some(&LaunchType::Fargate)
        || names.any(|name| matches!(name, "FARGATE" | "FARGATE_SPOT"))
}

fn controller(service: &model::Service) -> Controller {
    match service
        .deployment_controller()
        .map(model::DeploymentController::r#type)
    {
        Some(kind) if *kind != DeploymentControllerType::Ecs => {
            Controller::Foreign(kind.as_str().to_owned())
        }
        _ => match service
            .deployment_configuration()
            .and_then(|c| c.strategy())
        {
            Some(strategy) if strategy.as_str() != "ROLLING" => {
                Controller::Strategy(strategy.as_str().to_owned())
            }
            _ => Controller::Rolling,
        },
    }
}

/// What was deployed to a service since a time.
pub(crate) async fn history(
    at: Access<'_>,
    cluster: &str,
    service: &str,
    since: DateTime<Utc>,
) -> Result<Vec<Deployed>, AwsError> {
    const DEPLOYMENTS: &str = "ListServiceDeployments";
    let after = model::CreatedAt::builder()
        .after(SdkTime::from_secs(since.timestamp()))
        .build();
    let request = at
        .ecs()
        .list_service_deployments()
        .cluster(cluster)
        .service(service)
        .created_at(after);
    let mut pages = Vec::new();
    let mut token = None;
    loop {
        let page = request.clone().set_next_token(token.clone());
        let page = at.call(DEPLOYMENTS, || page.clone().send()).await?;
        token = next(token.as_deref(), page.next_token(), DEPLOYMENTS)?;
        pages.extend(page.service_deployments.unwrap_or_default());
        if token.is_none() {
            break;
        }
    }
    let mut began: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    let Stopped {
        mut undone,
        mut failed,
    } = stopped(at, &pages).await?;
    for brief in &pages {
        let revision = brief.target_service_revision_arn();
        if undone_by_breaker(brief) {
            undone.extend(revision.map(str::to_owned));
        }
        // Rolled back, on the way there, or unable to: whoever asked for it.
        let status = brief.status().map(ServiceDeploymentStatus::as_str);
        if status.is_some_and(|status| status.starts_with("ROLLBACK")) {
            failed.extend(revision.map(str::to_owned));
        }
        if let (Some(revision), Some(at)) = (revision, brief.created_at().and_then(time)) {
            // A service revision may be deployed again: what counts is the first time.
            let first = began.entry(revision.to_owned()).or_insert(at);
            *first = at.min(*first);
        }
    }
    let completed = |brief: &&model::ServiceDeploymentBrief| {
        brief.status() == Some(&ServiceDeploymentStatus::Successful)
    };
    let completed = pages.iter().filter(completed);
    let completed = completed.filter_map(|brief| brief.target_service_revision_arn());
    let completed: BTreeSet<&str> = completed.collect();
    let revisions: Vec<&String> = began.keys().collect();
    let mut deployed = Vec::new();
    for some in revisions.chunks(REVISIONS) {
        let request = at
            .ecs()
            .describe_service_revisions()
            .set_service_revision_arns(Some(some.iter().map(|arn| (*arn).clone()).collect()));
        let answer = at.call("DescribeServiceRevisions", || request.clone().send());
        let answer = answer.await?;
        for revision in answer.service_revisions() {
            let at = revision
                .service_revision_arn()
                .and_then(|arn| began.get(arn));
            if let (Some(task_definition), Some(at)) = (revision.task_definition(), at) {
                let task_definition = task_definition.to_owned();
                let arn = revision.service_revision_arn();
                deployed.push(Deployed {
                    undone: arn.is_some_and(|arn| undone.contains(arn)),
                    failed: arn.is_some_and(|arn| failed.contains(arn)),
                    completed: arn.is_some_and(|arn| completed.contains(arn)),
                    ..Deployed::new(task_definition, *at)
                });
            }
        }
    }
    Ok(deployed)
}

/// Service revisions whose deployment was stopped.
#[derive(Default)]
struct Stopped {
    /// The circuit breaker was on the way back.
    undone: BTreeSet<String>,
    /// Somebody was, or the breaker had nothing to go back to.
    failed: BTreeSet<String>,
}

/// The service revisions that the circuit breaker gave up before a newer deployment took the place of the way back, and others
/// that were given up: the list calls such deployments stopped, like any that a newer one took the place of.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentCircuitBreaker.html>
async fn stopped(
    at: Access<'_>,
    briefs: &[model::ServiceDeploymentBrief],
) -> Result<Stopped, AwsError> {
    let stopped = briefs
        .iter()
        .filter(|brief| brief.status() == Some(&ServiceDeploymentStatus::Stopped));
    let arns = stopped.filter_map(model::ServiceDeploymentBrief::service_deployment_arn);
    let arns: Vec<String> = arns.map(str::to_owned).collect();
    let mut given_up = Stopped::default();
    for some in arns.chunks(REVISIONS) {
        let request = at
            .ecs()
            .describe_service_deployments()
            .set_service_deployment_arns(Some(some.to_vec()));
        let answer = at.call("DescribeServiceDeployments", || request.clone().send());
        let answer = match answer.await {
            // A role of before this was asked: what is stopped counts as what a newer deployment took the place of.
            Err(error) if error.denied() => break,
            answer => answer?,
        };
        for deployment in answer.service_deployments() {
            let breaker = deployment.deployment_circuit_breaker();
            let state = breaker.and_then(model::ServiceDeploymentCircuitBreaker::status);
            let triggered =
                state == Some(&model::ServiceDeploymentRollbackMonitorsStatus::Triggered);
            let went_back = deployment.rollback().is_some();
            let revision = deployment.target_service_revision();
            let arn = revision.and_then(model::ServiceRevisionSummary::arn);
            let arn = arn.map(str::to_owned);
            if went_back && triggered {
                given_up.undone.extend(arn.clone());
            }
            if went_back || triggered {
                given_up.failed.extend(arn);
            }
        }
    }
    Ok(given_up)
}

/// Whether the circuit breaker undid a deployment, and the way back is over. A person may ask for a rollback too, which
/// ends in the same status: only the reason tells the two apart.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>
fn undone_by_breaker(brief: &model::ServiceDeploymentBrief) -> bool {
    let reason = brief.status_reason().unwrap_or_default();
    brief.status() == Some(&ServiceDeploymentStatus::RollbackSuccessful)
        && reason.to_ascii_lowercase().contains("circuit breaker")
}
