//! Reading the trails that can be seen from here, each as far as it can serve at all.

use aws_sdk_cloudtrail::types::{ResourceTag, Trail as Described};
use aws_sdk_cloudwatchlogs::types::{LogGroup, LogGroupClass, MetricFilter, MetricTransformation};

use super::fit::{Group, Seen, Status, Wanted, Watched};
use crate::clients::Clients;
use crate::error::{Called, Result};
use crate::names::{METRIC, Names};
use crate::resource::owned;
use crate::resource::trail::takes_pushes;

/// Every trail that can be seen, those of other Regions and of an organization included.
pub(super) async fn survey(
    clients: &Clients,
    names: &Names,
    wanted: &Wanted<'_>,
) -> Result<Vec<Seen>> {
    let call = clients.cloudtrail.describe_trails();
    let found = call.include_shadow_trails(true).send().await;
    let found = found.called("cloudtrail:DescribeTrails", "all trails")?;
    let mut seen = Vec::new();
    for trail in found.trail_list() {
        let mut one = Seen {
            name: trail.name().unwrap_or_default().to_owned(),
            arn: trail.trail_arn().unwrap_or_default().to_owned(),
            home: trail.home_region().unwrap_or_default().to_owned(),
            log_group: trail
                .cloud_watch_logs_log_group_arn()
                .map(ToOwned::to_owned),
            multi_region: trail.is_multi_region_trail().unwrap_or(false),
            organization: trail.is_organization_trail().unwrap_or(false),
            ours: false,
            watched: None,
        };
        one.ours = one.arn == names.trail_arn(wanted.place) && tagged(clients, &one, names).await?;
        if !one.ours && one.obstacle(wanted).is_none() {
            one.watched = Some(watch(clients, trail, &one, wanted).await);
        }
        seen.push(one);
    }
    Ok(seen)
}

/// Whether a trail with our name is ours.
async fn tagged(clients: &Clients, seen: &Seen, names: &Names) -> Result<bool> {
    let call = clients.cloudtrail.list_tags();
    let tags = call.resource_id_list(&seen.arn).send().await;
    let tags = tags.called("cloudtrail:ListTags", &seen.name)?;
    let tags = tags
        .resource_tag_list()
        .iter()
        .flat_map(ResourceTag::tags_list);
    Ok(owned(
        &names.base,
        tags.map(|tag| (Some(tag.key()), tag.value())),
    ))
}

/// What calls tell of a trail. What may not be read is said, and holds up no other trail.
async fn watch(clients: &Clients, trail: &Described, seen: &Seen, wanted: &Wanted<'_>) -> Watched {
    let status = async {
        // By ARN: a name would not find a trail of the organization.
        let call = clients.cloudtrail.get_trail_status().name(&seen.arn);
        let found = call
            .send()
            .await
            .called("cloudtrail:GetTrailStatus", &seen.name)?;
        let error = found.latest_cloud_watch_logs_delivery_error();
        Ok(Status {
            logging: found.is_logging().unwrap_or(false),
            delivery_error: error
                .filter(|error| !error.is_empty())
                .map(ToOwned::to_owned),
        })
    };
    let selectors = async {
        if trail.has_custom_event_selectors() == Some(false) {
            // Without any, a trail takes all management events.
            return Ok(Ok(()));
        }
        let call = clients
            .cloudtrail
            .get_event_selectors()
            .trail_name(&seen.arn);
        let found = call
            .send()
            .await
            .called("cloudtrail:GetEventSelectors", &seen.name)?;
        Ok(takes_pushes(&found))
    };
    let text = |error: crate::error::Error| error.to_string();
    let status: Result<Status> = status.await;
    let selectors: Result<std::result::Result<(), String>> = selectors.await;
    let name = seen.group_name().unwrap_or_default();
    let group = group(clients, name, wanted.filter).await;
    Watched {
        status: status.map_err(text),
        selectors: selectors.map_err(text),
        group: group.map_err(text),
    }
}

/// The log group of that name with what hangs on it; `None` where there is none.
pub(crate) async fn group(clients: &Clients, name: &str, filter: &str) -> Result<Option<Group>> {
    let call = clients
        .logs
        .describe_log_groups()
        .log_group_name_prefix(name);
    let mut groups = call.into_paginator().items().send();
    let mut found: Option<LogGroup> = None;
    while let Some(next) = groups.next().await {
        let next = next.called("logs:DescribeLogGroups", name)?;
        // Other names may begin the same.
        if next.log_group_name() == Some(name) {
            found = Some(next);
            break;
        }
    }
    let Some(found) = found else { return Ok(None) };
    let call = clients.logs.describe_metric_filters().log_group_name(name);
    let mut filters = call.into_paginator().items().send();
    let mut group = Group {
        class: found
            .log_group_class()
            .unwrap_or(&LogGroupClass::Standard)
            .to_string(),
        retention: found.retention_in_days(),
        filters: 0,
        ours: false,
        namesake: false,
    };
    while let Some(next) = filters.next().await {
        let next = next.called("logs:DescribeMetricFilters", name)?;
        group.filters += 1;
        if next.filter_name() == Some(filter) {
            group.ours = counts_ours(&next, filter);
            group.namesake = !group.ours;
        }
    }
    Ok(Some(group))
}

/// Whether a metric filter counts into our metric. It carries no tags, so this is how ours is told.
fn counts_ours(filter: &MetricFilter, base: &str) -> bool {
    let ours =
        |to: &MetricTransformation| to.metric_namespace() == base && to.metric_name() == METRIC;
    filter.metric_transformations().iter().any(ours)
}

/// The log groups in this Region that carry a metric filter of ours.
pub(crate) async fn our_filters(clients: &Clients, names: &Names) -> Result<Vec<String>> {
    let call = clients.logs.describe_metric_filters();
    let call = call.metric_name(METRIC).metric_namespace(&names.base);
    let mut filters = call.into_paginator().items().send();
    let mut groups = Vec::new();
    while let Some(next) = filters.next().await {
        let next = next.called("logs:DescribeMetricFilters", METRIC)?;
        if next.filter_name() == Some(&names.base) && counts_ours(&next, &names.base) {
            groups.extend(next.log_group_name);
        }
    }
    Ok(groups)
}
