//! The calls to ECS, one function each: typed where the types know enough, raw JSON where they would lose something.

mod digests;
mod raw;
mod read;

use std::collections::BTreeMap;

use aws_sdk_ecs::operation::describe_services::builders::DescribeServicesFluentBuilder;
use aws_sdk_ecs::types::{DeploymentConfiguration, ServiceField, Tag};

use crate::error::AwsError;
use crate::plan::{Roll, Source};
use crate::site::Access;

pub(crate) use digests::digests;
pub use raw::{Keep, carry};
pub(crate) use raw::{
    describe_task_definition, raw_definition, raw_deployments, raw_revisions, raw_services,
    register_task_definition,
};
pub(crate) use read::{
    Described, describe_services, history, list_clusters, list_families, list_services,
};

/// The token of the next page. One that repeats would be followed for ever.
pub(crate) fn next(
    this: Option<&str>,
    next: Option<&str>,
    call: &'static str,
) -> Result<Option<String>, AwsError> {
    if next.is_some() && this == next {
        let message = "the next page has the same token as this one";
        return Err(AwsError::strange(call, message, true));
    }
    Ok(next.map(str::to_owned))
}

/// The request for services of one cluster, with their tags.
fn services_of(at: Access<'_>, cluster: &str, arns: &[String]) -> DescribeServicesFluentBuilder {
    let request = at.ecs().describe_services();
    let request = request.cluster(cluster).set_services(Some(arns.to_vec()));
    request.include(ServiceField::Tags)
}

/// Sets tags on a service or a revision; others stay.
pub(crate) async fn tag(
    at: Access<'_>,
    arn: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), AwsError> {
    let tags: Vec<Tag> = tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    let request = at.ecs().tag_resource();
    let request = request.resource_arn(arn).set_tags(Some(tags));
    let answer = at.call("TagResource", || request.clone().send());
    answer.await.map(drop)
}

/// Lets a service run a revision, named by its full ARN so that nothing is resolved on the way.
///
/// Sends the two percentages where the plan asks for them, and no other setting: what is left out is kept, and a
/// desired count would fight autoscaling.
pub(crate) async fn update_service(
    at: Access<'_>,
    roll: &Roll,
    revision: &str,
) -> Result<(), AwsError> {
    let percentages = (roll.minimum_healthy_percent, roll.maximum_percent);
    let deployment = (percentages != (None, None)).then(|| {
        DeploymentConfiguration::builder()
            .set_minimum_healthy_percent(percentages.0)
            .set_maximum_percent(percentages.1)
            .build()
    });
    let request = at
        .ecs()
        .update_service()
        .cluster(&roll.service.cluster_arn)
        .service(&roll.service.arn)
        .task_definition(revision)
        // Only where the revision stays the same: another one is a new deployment by itself.
        .set_force_new_deployment((roll.source == Source::Same).then_some(true))
        .set_deployment_configuration(deployment);
    // One that may have been accepted is not sent again: somebody may have deployed since.
    let answer = at.call_once("UpdateService", || request.clone().send());
    answer.await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn rule_10_a_token_that_repeats_ends_the_reading_with_an_error() {
        assert_eq!(next(None, Some("a"), "X").unwrap().as_deref(), Some("a"));
        assert_eq!(
            next(Some("a"), Some("b"), "X").unwrap().as_deref(),
            Some("b")
        );
        assert_eq!(next(Some("b"), None, "X").unwrap(), None);
        assert_eq!(next(None, None, "X").unwrap(), None);
        let error = next(Some("a"), Some("a"), "X").unwrap_err();
        assert!(error.retryable && error.to_string().contains("same token"));
    }
}
