//! The program `ecroll`: parse, run, exit code.

use std::process::ExitCode;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the real clock enters"
)]
fn main() -> ExitCode {
    setup::cli::main(std::env::args_os(), chrono::Utc::now()).into()
}
