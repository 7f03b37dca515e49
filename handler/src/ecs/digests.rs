//! Which digests a service's tags were resolved to.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{ServiceDeploymentBrief, ServiceDeploymentStatus};

use crate::error::AwsError;
use crate::site::Access;

/// The most service revisions that DescribeServiceRevisions takes.
const REVISIONS: usize = 20;

/// The digests of a service's images by the image string of its definition: those of the newest service revision that has
/// this task definition, among the twenty newest deployments; where the newest one goes back, or went, the newest of those that
/// came to their end. What ECS did not resolve is missing.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html>; revisions of before
/// 2024-10-25 are not there.
pub(crate) async fn digests(
    at: Access<'_>,
    cluster: &str,
    service: &str,
    task_definition: &str,
) -> Result<BTreeMap<String, String>, AwsError> {
    let request = at.ecs().list_service_deployments();
    let request = request.cluster(cluster).service(service);
    let page = at
        .call("ListServiceDeployments", || request.clone().send())
        .await?;
    // The way back from what the circuit breaker gave up, or somebody stopped, leads to the service revision that was completed
    // last, which may be of the same task definition with other digests.
    let deployments = page.service_deployments().iter();
    let created = |brief: &&ServiceDeploymentBrief| {
        let at = brief.created_at();
        at.map(|at| (at.secs(), at.subsec_nanos()))
    };
    let last = deployments.clone().max_by_key(created);
    let back = last.and_then(|brief| brief.status()).is_some_and(goes_back);
    let completed: BTreeSet<&str> = deployments
        .clone()
        .filter(|brief| brief.status() == Some(&ServiceDeploymentStatus::Successful))
        .filter_map(|brief| brief.target_service_revision_arn())
        .collect();
    let stays = deployments.filter(|brief| !brief.status().is_some_and(goes_back));
    let targets: BTreeSet<&str> = stays
        .filter_map(|brief| brief.target_service_revision_arn())
        .collect();
    let arns: Vec<String> = targets
        .into_iter()
        .take(REVISIONS)
        .map(str::to_owned)
        .collect();
    if arns.is_empty() {
        return Ok(BTreeMap::new());
    }
    let request = at.ecs().describe_service_revisions();
    let request = request.set_service_revision_arns(Some(arns));
    let answer = at
        .call("DescribeServiceRevisions", || request.clone().send())
        .await?;
    let newest = answer
        .service_revisions()
        .iter()
        .filter(|revision| revision.task_definition() == Some(task_definition))
        .filter(|revision| {
            let arn = revision.service_revision_arn();
            !back || arn.is_some_and(|arn| completed.contains(arn))
        })
        .max_by_key(|revision| {
            let at = revision.created_at();
            at.map(|at| (at.secs(), at.subsec_nanos()))
        });
    let images = newest.map_or(&[][..], |revision| revision.container_images());
    let resolved = images.iter().filter_map(|image| {
        let digest = image.image_digest()?.to_owned();
        Some((image.image()?.to_owned(), digest))
    });
    Ok(resolved.collect())
}

/// Whether what a deployment was to bring does not run, because ECS goes back, or went.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentBrief.html>
fn goes_back(status: &ServiceDeploymentStatus) -> bool {
    matches!(
        status,
        ServiceDeploymentStatus::RollbackRequested
            | ServiceDeploymentStatus::RollbackInProgress
            | ServiceDeploymentStatus::RollbackSuccessful
    )
}
