//! The real binaries against outside judges, in real time: `MiniStack` and moto, AWS emulators that others wrote.
//!
//! `MiniStack` judges the wiring: that every resource of the pipeline is accepted by a server which is not ours, that an alarm
//! reaches the real Lambda through SNS and the Runtime API, and that ECS then rolls. It cannot judge metric filters,
//! missing data and the delivery by CloudTrail: those it does not have, so the tests write the record into the log
//! group and set the alarm themselves.
//!
//! Both judge the handler: its real process behind a small Lambda Runtime API, the state of ECS compared afterwards.
//! Each scenario is written once and runs on both; what one of them cannot judge is printed, with the reason, and tried,
//! so that it is not claimed longer than it is true.
//!
//! The judges come from `PyPI`, into the target folder, once. Without Python or without a network these tests fail;
//! `ECROLL_SKIP_FOREIGN=1` passes them over.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod account;
mod binaries;
mod blind;
mod examples;
mod http;
mod install;
mod judge;
mod plain;
mod push;
mod records;
mod roll;
mod runtime_api;
mod scenarios;
mod setup;
mod stacks;
mod stage;
mod tap;
mod template;
