//! Whether a deployment can move at all within the percentages.

use super::build::sent;
use crate::inventory::{Controller, Service};

/// Why a deployment of this service would stand still for ever, or its percentages be refused, with the smallest change
/// that would let it move. `minimum` and `maximum` are what is asked for, of whatever is set.
///
/// ECS keeps at least ceil(desired × minimum / 100) tasks healthy and at most floor(desired × maximum / 100) running;
/// when neither leaves room for one task, the deployment is accepted and never ends. Nothing stands in the way of a service
/// without tasks. Of a daemon service the maximum remains 100, so that only its minimum can stop it; how many tasks that
/// leaves on a few instances is not documented, so only 100 percent is taken for certain.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>
///
/// Whether a host port is taken on every instance, or the cluster full, ECS tells only when it tries.
#[must_use]
pub fn obstacle(service: &Service, minimum: Option<i32>, maximum: Option<i32>) -> Option<String> {
    if service.controller != Controller::Rolling {
        return None;
    }
    let sent = sent(service, minimum, maximum);
    let minimum = sent.0.unwrap_or(service.minimum_healthy_percent);
    let maximum = sent.1.unwrap_or(service.maximum_percent);
    if service.daemon {
        let stuck = service.desired > 0 && minimum >= 100 && maximum <= 100;
        return stuck.then(|| {
            "a daemon service runs one task on each instance, and with 100 % minimum healthy none may stop to make \
             room for the new one: set minimum healthy percent below 100"
                .to_owned()
        });
    }
    immovable(service.desired, minimum, maximum)
        .or_else(|| refused(service, sent, minimum, maximum))
}

fn immovable(desired: i32, minimum: i32, maximum: i32) -> Option<String> {
    let desired = i64::from(desired);
    let (minimum, maximum) = (i64::from(minimum), i64::from(maximum));
    let lower = (desired * minimum + 99) / 100;
    let upper = desired * maximum / 100;
    if desired < 1 || upper > desired || lower < desired {
        return None;
    }
    let enough_maximum = ((desired + 1) * 100 + desired - 1) / desired;
    let enough_minimum = (desired - 1) * 100 / desired;
    let tasks = if desired == 1 { "task" } else { "tasks" };
    Some(format!(
        "with {desired} {tasks}, {minimum} % minimum healthy and {maximum} % maximum, no task may start or stop: \
         set maximum percent to {enough_maximum} or more, or minimum healthy percent to {enough_minimum} or less"
    ))
}

/// What UpdateService refuses, although a service that has it already rolls.
fn refused(
    service: &Service,
    sent: (Option<i32>, Option<i32>),
    minimum: i32,
    maximum: i32,
) -> Option<String> {
    if sent == (None, None) {
        return None;
    }
    if service.zone_rebalancing && maximum <= 100 {
        // Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html>
        return Some(format!(
            "Availability Zone rebalancing is on for the service, which {maximum} % maximum does not allow: ask for 101 \
             or more, or turn it off"
        ));
    }
    (minimum >= 100 && maximum <= 100).then(|| {
        "ECS takes no 100 % minimum healthy together with 100 % maximum: ask for another of the two".to_owned()
    })
}
