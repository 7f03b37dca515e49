//! Whether a rolling update can move at all within the percentages.

use crate::inventory::{Controller, Service};

/// Why a deployment of this service would stand still for ever, with the smallest change that would let it move.
///
/// ECS keeps at least ceil(desired × minimum / 100) tasks healthy and at most floor(desired × maximum / 100) running;
/// when neither leaves room for one task, the deployment is accepted and never ends.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>
pub(super) fn obstacle(
    service: &Service,
    minimum: Option<i32>,
    maximum: Option<i32>,
) -> Option<String> {
    let desired = i64::from(service.desired);
    if service.controller != Controller::Rolling || service.daemon || desired < 1 {
        return None;
    }
    let minimum = i64::from(minimum.unwrap_or(service.minimum_healthy_percent));
    let maximum = i64::from(maximum.unwrap_or(service.maximum_percent));
    let lower = (desired * minimum + 99) / 100;
    let upper = desired * maximum / 100;
    if upper > desired || lower < desired {
        return None;
    }
    let enough_maximum = ((desired + 1) * 100 + desired - 1) / desired;
    let enough_minimum = (desired - 1) * 100 / desired;
    Some(format!(
        "with {desired} tasks, {minimum} % minimum healthy and {maximum} % maximum, no task may start or stop: \
         set maximum percent to {enough_maximum} or more, or minimum healthy percent to {enough_minimum} or less"
    ))
}
