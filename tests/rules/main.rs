//! The rules that must hold, each proved on the whole pipeline in the pocket account: CloudTrail delivers, the metric
//! filter counts, the alarm changes, SNS calls, and the real handler rolls. One file per rule, and one for what people hear.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod families;
mod figures;
mod fleet;
mod in_use;
mod proxy;
mod road;
mod rule_01_in_time;
mod rule_01_lost_events;
mod rule_01_meanwhile;
mod rule_01_no_push_is_lost;
mod rule_01_reconcile;
mod rule_01_retries;
mod rule_01_slices;
mod rule_02_by_name;
mod rule_02_dates;
mod rule_02_highest_version;
mod rule_02_late;
mod rule_02_never_backwards;
mod rule_03_alone;
mod rule_03_force;
mod rule_03_once;
mod rule_03_orders;
mod rule_03_roads;
mod rule_03_stale;
mod rule_04_exactly_these_services;
mod rule_04_settings;
mod rule_04_targets;
mod rule_05_only_the_image_changes;
mod rule_06_certain_failures;
mod rule_06_never_stuck;
mod rule_08_permissions;
mod scheduled;
mod seed_ecr_deploy;
mod seed_ecr_image_change_detection;
mod seed_zero_downtime;
mod stacks;
mod stacks_and_services;
mod telling;
mod waves;
mod world;
