//! Runs the unit tests once for each mutant: those that take no time first, which catch nearly all.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context, Result, bail};
use wait_timeout::ChildExt;

use crate::build::Tests;
use crate::list::Mutant;

/// A test that takes longer is run only if no other catches the mutant. In seconds.
const SLOW: f64 = 0.5;

/// What came of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A test failed of it, or it did not come to an end.
    Caught,
    Missed,
}

/// A program of a package's tests in the order in which they are run, with the time that each part may take.
struct Judge<'t> {
    tests: &'t Tests,
    program: &'t Path,
    slow: Vec<String>,
    quickly: Duration,
    slowly: Duration,
}

/// Judges each of `mutants`, as many at a time as there are cores.
///
/// # Errors
/// The tests of a package fail without any mutant.
pub(crate) fn judge(tests: &BTreeMap<String, Tests>, mutants: &[Mutant]) -> Result<Vec<Verdict>> {
    let mut judges: BTreeMap<&str, Vec<Judge<'_>>> = BTreeMap::new();
    for (package, tests) in tests {
        for program in &tests.programs {
            let judge = Judge::new(tests, program)?;
            let Judge {
                quickly,
                slowly,
                slow,
                ..
            } = &judge;
            println!(
                "{}: {quickly:?}, and {slowly:?} for {slow:?}",
                program.display()
            );
            judges.entry(package).or_default().push(judge);
        }
    }
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(BTreeMap::new());
    let work = || -> Result<()> {
        while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
            let judges = judges.get(mutant.package.as_str());
            let judges = judges.with_context(|| format!("no tests of {}", mutant.package))?;
            let verdict = verdict(judges, mutant)?;
            if verdict == Verdict::Missed {
                println!("missed: {}", mutant.name);
            }
            let mut verdicts = verdicts.lock().ok().context("a worker broke")?;
            verdicts.insert(mutant.id, verdict);
        }
        Ok(())
    };
    thread::scope(|scope| -> Result<()> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let done = threads
            .into_iter()
            .map(|one| one.join().unwrap_or_else(|_| bail!("a worker broke")));
        done.collect()
    })?;
    Ok(verdicts
        .into_inner()
        .ok()
        .context("a worker broke")?
        .into_values()
        .collect())
}

impl<'t> Judge<'t> {
    /// Runs everything without a mutant.
    fn new(tests: &'t Tests, program: &'t Path) -> Result<Self> {
        let told = command(tests, program, 0).arg("--report-time").output()?;
        if !told.status.success() {
            bail!("the tests fail without a change: {}", program.display());
        }
        // "test plan::waves::tests::one ... ok <0.003s>"
        let lines = String::from_utf8(told.stdout)?;
        let times = lines.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ok <")?;
            Some((name, rest.strip_suffix("s>")?.parse::<f64>().ok()?))
        });
        let (slow, quick): (Vec<_>, Vec<_>) = times.partition(|(_, took)| *took > SLOW);
        // Several times as long as without a change, which was measured on a machine with other things to do.
        let patience = |of: &[(&str, f64)]| {
            let all: f64 = of.iter().map(|(_, took)| took).sum();
            Duration::from_secs(5) + Duration::from_secs_f64(all) * 5
        };
        Ok(Self {
            tests,
            program,
            quickly: patience(&quick),
            slowly: patience(&slow),
            slow: slow.into_iter().map(|(name, _)| name.to_owned()).collect(),
        })
    }

    /// Whether what takes no time passes, as far as its names begin with `name`.
    fn passes_quickly(&self, id: u32, name: &str) -> Result<bool> {
        let mut command = command(self.tests, self.program, id);
        command.args((!name.is_empty()).then_some(name));
        command.args(self.slow.iter().flat_map(|name| ["--skip", name]));
        passes(&mut command, self.quickly)
    }

    fn passes_slowly(&self, id: u32) -> Result<bool> {
        let mut command = command(self.tests, self.program, id);
        command.arg("--exact").args(&self.slow);
        Ok(self.slow.is_empty() || passes(&mut command, self.slowly)?)
    }
}

/// What the tests of a package make of a mutant: what stands beside the code is the most likely to see it.
fn verdict(judges: &[Judge<'_>], mutant: &Mutant) -> Result<Verdict> {
    for name in [&*module(&mutant.file), ""] {
        for judge in judges {
            if !judge.passes_quickly(mutant.id, name)? {
                return Ok(Verdict::Caught);
            }
        }
    }
    for judge in judges {
        if !judge.passes_slowly(mutant.id)? {
            return Ok(Verdict::Caught);
        }
    }
    Ok(Verdict::Missed)
}

/// The module of a source, as the names of its tests begin: `plan::waves` of `handler/src/plan/waves.rs`.
fn module(file: &str) -> String {
    let path = file.split_once("/src/").map_or(file, |(_, path)| path);
    path.trim_end_matches(".rs").replace('/', "::")
}

/// A program of tests with the mutant `id` turned on, each that its further arguments name.
fn command(tests: &Tests, program: &Path, id: u32) -> Command {
    // A mutant may ask for memory without end.
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\""])
        .arg(program)
        // The harness takes these only as it would of a nightly compiler.
        .args(["-Zunstable-options", "--fail-fast", "--test-threads=1"])
        .current_dir(&tests.folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("MUTANT", id.to_string())
        .env(
            "PROPTEST_CASES",
            env::var("PROPTEST_CASES").as_deref().unwrap_or("32"),
        )
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
        .env("INSTA_UPDATE", "no")
        .env("INSTA_WORKSPACE_ROOT", &tests.workspace)
        .stderr(Stdio::null());
    command
}

/// Whether the tests pass within a time.
fn passes(command: &mut Command, within: Duration) -> Result<bool> {
    let mut running = command
        .stdout(Stdio::null())
        .spawn()
        .context("sh does not run")?;
    let Some(status) = running.wait_timeout(within)? else {
        running.kill()?;
        running.wait()?;
        return Ok(false);
    };
    Ok(status.success())
}
