//! Every reader of outside data in the handler and in setup, on inputs that are nearly right; see README.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says how many inputs it tried"
)]

mod config;
mod definitions;
mod events;
mod mutate;
mod records;
mod seeds;
mod snapshots;
mod sources;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use fastrand::Rng;

/// One try: makes an input from the random numbers, and says what does not hold for it.
type Try = fn(&mut Rng) -> Result<(), String>;

/// How many inputs a target gets when no time is given.
const CASES: u64 = 500;
/// How long one input may take. All readers take time in proportion to what they read, so this is never near, however
/// busy the machine is; a reader that goes back and forth takes longer than anybody waits.
const LONGEST: Duration = Duration::from_secs(20);

/// Runs a target: always on the same first inputs, and with `ECROLL_FUZZ_SECONDS` on others until the time is over.
/// `ECROLL_FUZZ_CASE` is one input alone.
fn fuzz(name: &str, one: Try) {
    let number = |variable: &str| std::env::var(variable).ok()?.parse::<u64>().ok();
    if let Some(case) = number("ECROLL_FUZZ_CASE") {
        return run(name, one, case);
    }
    let started = now();
    let seconds = number("ECROLL_FUZZ_SECONDS").map(Duration::from_secs);
    let cases = (0..CASES).chain(seconds.map_or(0..0, |_| fresh()));
    let mut tried = 0_u64;
    for case in cases {
        if tried >= CASES && seconds.is_none_or(|seconds| started.elapsed() >= seconds) {
            break;
        }
        run(name, one, case);
        tried += 1;
    }
    println!("fuzz {name}: nothing found in {tried} inputs");
}

fn run(name: &str, one: Try, case: u64) {
    let started = now();
    let result = catch_unwind(AssertUnwindSafe(|| one(&mut Rng::with_seed(case))));
    let took = started.elapsed();
    let again = format!(
        "again: ECROLL_FUZZ_CASE={case} cargo test --workspace --test fuzz -- {name} --nocapture"
    );
    match result {
        Ok(Ok(())) => assert!(took < LONGEST, "{name}: took {took:?}\n{again}"),
        Ok(Err(why)) => panic!("{name}: {why}\n{again}"),
        Err(payload) => {
            println!("{again}");
            std::panic::resume_unwind(payload)
        }
    }
}

/// Numbers of inputs that no run before had.
fn fresh() -> std::ops::Range<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "what is tried next to the fixed inputs may differ from run to run"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let first = since.map_or(0, |since| since.as_secs()) * 1_000_000;
    first..u64::MAX
}

#[expect(
    clippy::disallowed_methods,
    reason = "the budget of a run is real time"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// An error with the input it speaks of.
fn unless(holds: bool, what: &str, input: &dyn std::fmt::Display) -> Result<(), String> {
    if holds {
        return Ok(());
    }
    let input: String = input.to_string().chars().take(4000).collect();
    Err(format!("{what}\n{input}"))
}
