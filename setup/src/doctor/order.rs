//! The links, in the order of the chain, and what each of them needs.

/// All links but the probe, in the order in which they are told.
pub const LINKS: [&str; 36] = [
    CREDENTIALS,
    CONFIGURATION,
    TRAIL,
    TRAIL_ROLE,
    DELIVERY,
    FILES,
    LOG_GROUP,
    METRIC_FILTER,
    LAST_PUSH,
    METRIC,
    ALARM,
    ALARM_HISTORY,
    TOPIC,
    SUBSCRIPTION,
    PERMISSION,
    FUNCTION,
    FUNCTION_LOG,
    HANDLER_ROLE,
    SIMULATION,
    PASS_ROLE,
    ECR_EVENTS,
    CLOUDTRAIL_EVENTS,
    LOG_SUBSCRIPTION,
    SWEEP,
    DEPLOYMENTS,
    LOOK_UPS,
    FAILURES,
    FAILURES_ALARM,
    UNDELIVERED,
    DASHBOARD,
    CLUSTERS,
    SERVICES,
    FEASIBILITY,
    PUSHES,
    TASKS,
    STACKS,
];

pub(super) const CREDENTIALS: &str = "credentials";
pub(super) const CONFIGURATION: &str = "configuration";
pub(super) const TRAIL: &str = "trail";
pub(super) const TRAIL_ROLE: &str = "trail role";
pub(super) const DELIVERY: &str = "delivery";
pub(super) const FILES: &str = "trail files";
pub(super) const LOG_GROUP: &str = "log group";
pub(super) const METRIC_FILTER: &str = "metric filter";
pub(super) const LAST_PUSH: &str = "last push";
pub(super) const METRIC: &str = "metric";
pub(super) const ALARM: &str = "alarm";
pub(super) const ALARM_HISTORY: &str = "alarm history";
pub(super) const TOPIC: &str = "topic";
pub(super) const SUBSCRIPTION: &str = "subscription";
pub(super) const PERMISSION: &str = "permission";
pub(super) const FUNCTION: &str = "function";
pub(super) const FUNCTION_LOG: &str = "function log";
pub(super) const HANDLER_ROLE: &str = "handler role";
pub(super) const SIMULATION: &str = "role simulation";
pub(super) const PASS_ROLE: &str = "pass role";
pub(super) const ECR_EVENTS: &str = "ecr events";
pub(super) const CLOUDTRAIL_EVENTS: &str = "cloudtrail events";
pub(super) const LOG_SUBSCRIPTION: &str = "log subscription";
pub(super) const SWEEP: &str = "sweep";
pub(super) const DEPLOYMENTS: &str = "deployments";
pub(super) const LOOK_UPS: &str = "look-ups";
pub(super) const FAILURES: &str = "failures queue";
pub(super) const FAILURES_ALARM: &str = "failures alarm";
pub(super) const UNDELIVERED: &str = "undelivered queue";
pub(super) const DASHBOARD: &str = "dashboard";
pub(super) const CLUSTERS: &str = "clusters";
pub(super) const SERVICES: &str = "services";
pub(super) const FEASIBILITY: &str = "feasibility";
pub(super) const PUSHES: &str = "pushes";
pub(super) const TASKS: &str = "scheduled tasks";
pub(super) const STACKS: &str = "stacks";
/// The link that only `--probe` tries.
pub const PROBE: &str = "probe";

/// Links that are one resource of setup's, and nothing besides.
pub(super) const PLAIN: [&str; 11] = [
    TOPIC,
    SUBSCRIPTION,
    PERMISSION,
    FUNCTION_LOG,
    ECR_EVENTS,
    CLOUDTRAIL_EVENTS,
    LOG_SUBSCRIPTION,
    SWEEP,
    DEPLOYMENTS,
    FAILURES_ALARM,
    DASHBOARD,
];

/// How much of an earlier link a later one needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// That it is there.
    There,
    /// That nothing is wrong with it.
    Sound,
}

/// What a link needs: where that is broken, a fault of this link says nothing new.
pub(super) const NEEDS: &[(&str, &str, Need)] = &[
    (TRAIL, LOG_GROUP, Need::There),
    (TRAIL, TRAIL_ROLE, Need::There),
    (DELIVERY, TRAIL, Need::Sound),
    (DELIVERY, TRAIL_ROLE, Need::Sound),
    (DELIVERY, LOG_GROUP, Need::There),
    (FILES, TRAIL, Need::There),
    (METRIC_FILTER, LOG_GROUP, Need::There),
    (LAST_PUSH, LOG_GROUP, Need::There),
    (LAST_PUSH, METRIC_FILTER, Need::Sound),
    (METRIC, METRIC_FILTER, Need::Sound),
    (ALARM_HISTORY, ALARM, Need::There),
    (ALARM_HISTORY, TOPIC, Need::Sound),
    (SUBSCRIPTION, TOPIC, Need::There),
    (PERMISSION, FUNCTION, Need::There),
    (FUNCTION, HANDLER_ROLE, Need::There),
    (SIMULATION, HANDLER_ROLE, Need::Sound),
    (SIMULATION, PASS_ROLE, Need::Sound),
    (PASS_ROLE, HANDLER_ROLE, Need::There),
    (ECR_EVENTS, FUNCTION, Need::There),
    (CLOUDTRAIL_EVENTS, FUNCTION, Need::There),
    (LOG_SUBSCRIPTION, FUNCTION, Need::There),
    (LOG_SUBSCRIPTION, LOG_GROUP, Need::There),
    (SWEEP, FUNCTION, Need::There),
    (DEPLOYMENTS, FUNCTION, Need::There),
    (LOOK_UPS, FUNCTION, Need::Sound),
    (LOOK_UPS, FUNCTION_LOG, Need::There),
    (LOOK_UPS, HANDLER_ROLE, Need::Sound),
    (LOOK_UPS, PASS_ROLE, Need::Sound),
    (LOOK_UPS, SWEEP, Need::Sound),
    (FAILURES_ALARM, FAILURES, Need::There),
    (SERVICES, CLUSTERS, Need::Sound),
    (FEASIBILITY, SERVICES, Need::There),
    (PUSHES, LOG_GROUP, Need::There),
    (PUSHES, CLUSTERS, Need::Sound),
    (PUSHES, SERVICES, Need::Sound),
    (PUSHES, FEASIBILITY, Need::Sound),
    (TASKS, SERVICES, Need::There),
];
