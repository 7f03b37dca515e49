//! Which digests a service's tags were resolved to.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::Client;

use crate::error::AwsError;

/// The most service revisions that DescribeServiceRevisions takes.
const REVISIONS: usize = 20;

/// The digests of a service's images by the image string of its definition: those of the newest service revision that has
/// this task definition, among the twenty newest deployments. What ECS did not resolve is missing.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html>; revisions of before
/// 2024-10-25 are not there.
pub(crate) async fn digests(
    ecs: &Client,
    cluster: &str,
    service: &str,
    task_definition: &str,
) -> Result<BTreeMap<String, String>, AwsError> {
    let page = ecs
        .list_service_deployments()
        .cluster(cluster)
        .service(service)
        .send()
        .await
        .map_err(|error| AwsError::new("ListServiceDeployments", &error))?;
    let targets: BTreeSet<&str> = page
        .service_deployments()
        .iter()
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
    let answer = ecs
        .describe_service_revisions()
        .set_service_revision_arns(Some(arns))
        .send()
        .await
        .map_err(|error| AwsError::new("DescribeServiceRevisions", &error))?;
    let newest = answer
        .service_revisions()
        .iter()
        .filter(|revision| revision.task_definition() == Some(task_definition))
        .max_by_key(|revision| {
            revision
                .created_at()
                .map(|at| (at.secs(), at.subsec_nanos()))
        });
    let images = newest.map_or(&[][..], |revision| revision.container_images());
    let resolved = images.iter().filter_map(|image| {
        let digest = image.image_digest()?.to_owned();
        Some((image.image()?.to_owned(), digest))
    });
    Ok(resolved.collect())
}
