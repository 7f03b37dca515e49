//! Names inside ARNs: clusters, services, task definitions.

use crate::service::{Fault, Place};

use super::request::invalid;

/// The resource part of an ECS ARN, or `None` for anything else.
pub(super) fn resource(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    if parts.next() != Some("arn") {
        return None;
    }
    let (_partition, service) = (parts.next()?, parts.next()?);
    let (_region, _account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (service == "ecs").then_some(resource)
}

/// Whether an ARN is of this account and Region; a plain name always is.
pub(super) fn is_here(arn: &str, place: &Place) -> bool {
    let mut parts = arn.splitn(6, ':');
    if parts.next() != Some("arn") {
        return true;
    }
    parts.next() == Some(place.partition.as_str())
        && parts.next() == Some("ecs")
        && parts.next() == Some(place.region.as_str())
        && parts.next() == Some(place.account.as_str())
}

/// The name in a cluster's name or ARN; absent means `default`.
pub(super) fn cluster_name(given: Option<&str>) -> Result<&str, Fault> {
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Ok("default");
    };
    if !given.starts_with("arn:") {
        return Ok(given);
    }
    resource(given)
        .and_then(|resource| resource.strip_prefix("cluster/"))
        .ok_or_else(|| invalid(format!("Invalid identifier: {given}")))
}

/// A service as a call may name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServiceName<'a> {
    /// The cluster, where the ARN names it.
    pub(super) cluster: Option<&'a str>,
    /// The service.
    pub(super) name: &'a str,
}

/// Reads a service's name, or its ARN in the long or the short form.
pub(super) fn service_name(given: &str) -> Result<ServiceName<'_>, Fault> {
    if !given.starts_with("arn:") {
        return Ok(ServiceName {
            cluster: None,
            name: given,
        });
    }
    let wrong = || invalid(format!("Invalid identifier: {given}"));
    let rest = resource(given)
        .and_then(|part| part.strip_prefix("service/"))
        .ok_or_else(wrong)?;
    match rest.split_once('/') {
        Some((_, name)) if name.contains('/') || name.is_empty() => Err(wrong()),
        Some((cluster, name)) => Ok(ServiceName {
            cluster: Some(cluster),
            name,
        }),
        None => Ok(ServiceName {
            cluster: None,
            name: rest,
        }),
    }
}

/// A task definition as a call may name it: family, and revision where given.
pub(super) fn definition_name(given: &str) -> Option<(&str, Option<u32>)> {
    let name = if given.starts_with("arn:") {
        resource(given)?.strip_prefix("task-definition/")?
    } else {
        given
    };
    match name.split_once(':') {
        None => Some((name, None)),
        Some((family, revision)) => Some((family, Some(revision.parse().ok()?))),
    }
}
