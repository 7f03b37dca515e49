//! The programs under test, as the dev profile builds them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::install::{folder, target};

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Binaries {
    pub(crate) ecroll: PathBuf,
    pub(crate) handler: PathBuf,
}

/// Builds what is not up to date, into the folder of this build. Cargo holds no lock while tests run.
pub(crate) fn binaries() -> &'static Binaries {
    static BUILT: OnceLock<Binaries> = OnceLock::new();
    BUILT.get_or_init(build)
}

fn build() -> Binaries {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--bin", "handler", "--bin", "ecroll"]);
    command.args(["--message-format", "json-render-diagnostics"]);
    command.arg("--target-dir").arg(target());
    // What cargo tells a test about its package; build scripts that watch these would run again, and half of the
    // dependencies with them, at every change between this build and one by hand.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let told = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if told.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "the programs cannot be built:\n{said}"
    );
    // Cargo says where it put them, whatever else decides on that.
    let messages = String::from_utf8_lossy(&done.stdout);
    let messages: Vec<Value> = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let program = |name: &str| {
        let mut of_name = messages.iter().filter(|m| m["target"]["name"] == name);
        let path = of_name.find_map(|m| m["executable"].as_str());
        PathBuf::from(path.unwrap_or_else(|| panic!("cargo names no program {name}")))
    };
    let handler = program("handler");
    Binaries {
        ecroll: program("ecroll"),
        handler: stripped(&handler).unwrap_or(handler),
    }
}

/// The same program without what only a debugger reads, where the machine can do that: half of it, and setup compresses
/// it with unoptimised code at every run.
fn stripped(program: &Path) -> Option<PathBuf> {
    std::fs::create_dir_all(folder()).ok()?;
    let done = folder().join("handler");
    // Renamed in the end: another test program may be using it.
    let made = done.with_extension(std::process::id().to_string());
    let strip = Command::new("strip")
        .arg("-o")
        .args([made.as_path(), program])
        .output();
    strip.ok().filter(|strip| strip.status.success())?;
    std::fs::rename(made, &done).ok()?;
    Some(done)
}
