//! The quantities of the simulated ECS that an account owner may turn.

/// Times, limits and the behaviours on which AWS's own pages are silent or disagree.
///
/// Times are whole seconds of virtual time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switch is one behaviour that AWS leaves open, not a state"
)]
pub struct Settings {
    /// From the creation of a task to the moment when its images are pulled and tags are resolved.
    pub seconds_to_pull: i64,
    /// From the creation of a task to RUNNING.
    pub seconds_to_run: i64,
    /// From RUNNING to healthy, without load balancer and health check: 40 s (API model,
    /// `minimumHealthyPercent`).
    pub seconds_to_healthy: i64,
    /// From RUNNING to healthy, where a load balancer or a container health check decides.
    pub seconds_to_healthy_checked: i64,
    /// From RUNNING to the exit of a task whose image crashes.
    pub seconds_to_exit: i64,
    /// From the order to stop to STOPPED.
    pub seconds_to_stop: i64,
    /// The least time from the beginning of a rollback to its completion, also where the old tasks
    /// are still there.
    pub seconds_to_roll_back: i64,
    /// The first pause after a task that could not start; it doubles with every round.
    pub restart_delay: i64,
    /// The longest such pause: 27 minutes (developer guide, service throttle logic).
    pub restart_delay_limit: i64,
    /// From a refused placement to the next attempt.
    pub placement_retry: i64,
    /// How many tasks a DAEMON service wants: one per container instance.
    pub container_instances: u32,
    /// How many tasks a cluster can hold, stopping ones included; `None` is no bound.
    pub capacity: Option<u32>,
    /// The most items on any page: 100 (API model).
    pub page: usize,
    /// Items per page of `ListServices` when nothing is asked for: 10 (API model).
    pub service_page: usize,
    /// Items per page of `ListServiceDeployments` when nothing is asked for: 20 (API model).
    pub deployment_page: usize,
    /// Services per `DescribeServices`: 10 (API model).
    pub described_services: usize,
    /// Deployments or revisions per describe call: 20 (API model).
    pub described_deployments: usize,
    /// Deployments that a service may have at once: 5 (reported in `aws/containers-roadmap` 2836).
    pub active_deployments: usize,
    /// Service events kept: 100 (API model).
    pub events: usize,
    /// How long stopped tasks can be described: an hour (developer guide, stopped tasks).
    pub stopped_tasks: i64,
    /// How long finished service deployments can be described: 90 days (developer guide, service
    /// deployments).
    pub history: i64,
    /// Tags per resource: 50 (API model).
    pub tags: usize,
    /// The longest task definition, in bytes: 64 KiB (reported; older pages say 32).
    pub definition_bytes: usize,
    /// Services per cluster: 5,000 (quota page).
    pub services_per_cluster: usize,
    /// New services get the ARN form that names the cluster. Off: the old short form, which cannot
    /// be tagged.
    pub long_arns: bool,
    /// 100/100 is refused (thinly reported, so it can be turned off).
    pub refuse_hundred_hundred: bool,
    /// A `maximumPercent` for a DAEMON service is refused (what AWS does is unknown).
    pub refuse_daemon_maximum: bool,
    /// A task that exits before it was healthy counts for the circuit breaker. The API model says
    /// that only a task that never ran or fails a health check does; threads report both.
    pub exit_counts_as_failure: bool,
    /// A deployment uses its whole allowance at once: old tasks stop down to the minimum before any
    /// new one is healthy. Off: they stop early only where new ones would not fit otherwise. The
    /// pages allow both.
    pub stops_early: bool,
    /// Calls above the documented request rates are refused.
    pub throttle: bool,
    /// The account's journal tells every change in the number of a service's tasks. Off: long runs can do without.
    pub tallies: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seconds_to_pull: 5,
            seconds_to_run: 20,
            seconds_to_healthy: 40,
            seconds_to_healthy_checked: 30,
            seconds_to_exit: 5,
            seconds_to_stop: 10,
            seconds_to_roll_back: 15,
            restart_delay: 10,
            restart_delay_limit: 27 * 60,
            placement_retry: 60,
            container_instances: 3,
            capacity: None,
            page: 100,
            service_page: 10,
            deployment_page: 20,
            described_services: 10,
            described_deployments: 20,
            active_deployments: 5,
            events: 100,
            stopped_tasks: 3_600,
            history: 90 * 86_400,
            tags: 50,
            definition_bytes: 65_536,
            services_per_cluster: 5_000,
            long_arns: true,
            refuse_hundred_hundred: true,
            refuse_daemon_maximum: true,
            exit_counts_as_failure: true,
            stops_early: true,
            throttle: false,
            tallies: false,
        }
    }
}
