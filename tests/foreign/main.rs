//! The real binaries against an outside judge: `MiniStack`, an AWS emulator that others wrote, in real time.
//!
//! It judges the wiring: that every resource of the pipeline is accepted by a server which is not ours, that an alarm
//! reaches the real Lambda through SNS and the Runtime API, and that ECS then rolls. It cannot judge metric filters,
//! missing data and the delivery by CloudTrail: those it does not have, so the tests write the record into the log
//! group and set the alarm themselves.
//!
//! `MiniStack` comes from `PyPI`, into the target folder, once. Without Python or without a network these tests fail;
//! `ECROLL_SKIP_FOREIGN=1` passes them over.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod account;
mod binaries;
mod install;
mod judge;
mod plain;
mod push;
mod roll;
mod setup;
