//! Plan and apply against the pocket account: what is created, that it is created once, what is mended, and what is
//! left alone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![expect(clippy::large_futures, reason = "a test has a stack to itself")]

mod creation;
mod destroy;
mod doctor;
mod doctor_faults;
mod doctor_findings;
mod doctor_probe;
mod drift;
mod explain;
mod faulty;
mod following_stacks;
mod following_tasks;
mod operator;
mod outlook;
mod pocket;
mod refusals;
mod report;
mod roads;
mod service;
mod snapshot;
mod stack;
mod status;
mod template;
mod texts;
mod trails;
mod verbs;
mod watching;
mod whole;
mod words;
#[path = "../written/mod.rs"]
mod written;
