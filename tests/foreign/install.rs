//! The judges and their interpreters, in the target folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::judge::Kind;

/// What is installed for a judge, name and version; each has an interpreter of its own.
fn packages(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        // It answers CloudWatch's SDK only with the second.
        Kind::MiniStack => &[("ministack", "1.5.33"), ("cbor2", "6.2.1")],
        // The extra `server` brings what other services need, and takes three times as long.
        Kind::Moto => &[
            ("moto", "5.2.5"),
            ("flask", "3.1.3"),
            ("flask-cors", "6.0.5"),
        ],
    }
}

/// The folder of everything that these tests leave, all of it reusable.
pub(crate) fn folder() -> PathBuf {
    target().join("foreign")
}

/// The target folder of this build.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Whether the judge is to be left out. Then every test passes and says so.
pub(crate) fn skipped(test: &str) -> bool {
    let skip = std::env::var_os("ECROLL_SKIP_FOREIGN").is_some_and(|value| value == "1");
    if skip {
        tell(&format!("{test}: passed over, ECROLL_SKIP_FOREIGN=1"));
    }
    skip
}

/// Says a line to whoever runs the tests, also where the test passes.
pub(crate) fn tell(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The Python that has a judge; installs it where it is not there yet.
pub(crate) fn python(kind: Kind) -> PathBuf {
    let folder = folder();
    std::fs::create_dir_all(&folder).unwrap();
    let venv = folder.join(kind.module());
    // Two test programs at once: the second waits, and finds it done.
    let lock = File::create(venv.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    sweep(&folder);
    let python = venv.join("bin").join("python");
    if !is_complete(&python, packages(kind)) {
        install(&venv, &python, packages(kind));
    }
    python
}

/// Removes what test programs left that were killed: the folders of processes that are no more.
fn sweep(folder: &Path) {
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix("run-").and_then(|n| n.split('-').next());
        if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_complete(python: &Path, packages: &[(&str, &str)]) -> bool {
    let versions = packages
        .iter()
        .map(|(name, version)| format!("version('{name}') == '{version}'"));
    let all = versions.collect::<Vec<_>>().join(" and ");
    let check = format!("from importlib.metadata import version; raise SystemExit(not ({all}))");
    let run = Command::new(python).args(["-c", &check]).output();
    run.is_ok_and(|run| run.status.success())
}

fn install(venv: &Path, python: &Path, packages: &[(&str, &str)]) {
    let _ = std::fs::remove_dir_all(venv);
    let what = "the outside judge needs python3 with venv and pip";
    run(Command::new("python3").args(["-m", "venv"]).arg(venv), what);
    let packages = packages
        .iter()
        .map(|(name, version)| format!("{name}=={version}"));
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]);
    run(
        pip.args(packages),
        "the outside judge is installed with pip once",
    );
}

fn run(command: &mut Command, what: &str) {
    let way_out = "ECROLL_SKIP_FOREIGN=1 passes these tests over";
    match command.output() {
        Ok(done) if done.status.success() => {}
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr);
            let last = said.lines().last().unwrap_or_default();
            panic!("{what}, which failed: {last}; {way_out}");
        }
        Err(error) => panic!("{what}: {error}; {way_out}"),
    }
}
