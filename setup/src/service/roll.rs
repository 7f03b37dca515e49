//! Whether a service with these settings can ever roll: the handler's own judgement, of what will be there.

use std::collections::BTreeMap;

use handler::inventory::{Controller, Rollout, Service};
use serde_json::Value;

/// Why a deployment could not move, with the smallest change that would let it. `live` is the service as it stands, an empty
/// object where there is none; `file` is what is asked for; `desired` is how many tasks there are to be.
pub(super) fn obstacle(live: &Value, file: &Value, desired: i32) -> Option<String> {
    let either = |path: &str| file.pointer(path).or_else(|| live.pointer(path));
    let text = |path: &str| either(path).and_then(Value::as_str).unwrap_or_default();
    let daemon = text("/schedulingStrategy") == "DAEMON";
    let percent = |of: &Value, member: &str| {
        let found = of.pointer(&format!("/deploymentConfiguration/{member}"));
        found
            .and_then(Value::as_i64)
            .and_then(|percent| i32::try_from(percent).ok())
    };
    let controller = match (
        text("/deploymentController/type"),
        text("/deploymentConfiguration/strategy"),
    ) {
        ("" | "ECS", "" | "ROLLING") => Controller::Rolling,
        ("" | "ECS", strategy) => Controller::Strategy(strategy.to_owned()),
        (other, _) => Controller::Foreign(other.to_owned()),
    };
    let (minimum, maximum) = ("minimumHealthyPercent", "maximumPercent");
    let service = Service {
        cluster_arn: String::new(),
        arn: String::new(),
        name: String::new(),
        status: "ACTIVE".to_owned(),
        task_definition: String::new(),
        deployed_at: None,
        desired,
        minimum_healthy_percent: percent(live, minimum).unwrap_or(if daemon { 0 } else { 100 }),
        maximum_percent: percent(live, maximum).unwrap_or(if daemon { 100 } else { 200 }),
        daemon,
        controller,
        express: false,
        fargate: false,
        zone_rebalancing: text("/availabilityZoneRebalancing") == "ENABLED",
        rollout: Some(Rollout::Completed),
        tags: BTreeMap::new(),
    };
    handler::plan::obstacle(&service, percent(file, minimum), percent(file, maximum))
}
