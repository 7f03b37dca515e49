//! Random histories of an account, with faults, checked against the rules by a model that shares no code with the handler.
//!
//! `cargo test --workspace --test simulation` runs a fixed budget of seeds and a few fresh ones. `ECROLL_SEEDS=100000`
//! runs so many on all cores and prints figures (`-- --nocapture`), `ECROLL_SEED=7` runs one and prints it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says on the way what it found"
)]

mod act;
mod build;
mod coverage;
mod history;
mod model;
mod records;
mod run;
mod seeds;
mod show;
mod shrink;
mod soak;
mod stream;
mod trace;
mod world;

use model::Model;

/// A history is mostly small allocations, which it serves faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
