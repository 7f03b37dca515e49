//! The judges and their interpreter, in the target folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Judges that share an interpreter: what is installed, name and version.
#[derive(Debug)]
pub(crate) struct Judges {
    /// The folder, below the target folder.
    folder: &'static str,
    packages: &'static [(&'static str, &'static str)],
}

/// Those of the pocket account; the two share one botocore.
const CLIENTS: Judges = Judges {
    folder: "judges",
    packages: &[("awscli", "1.46.2"), ("boto3", "1.44.5")],
};

/// Whether a template is one.
pub(crate) const CFN_LINT: Judges = Judges {
    folder: "judges-cfn-lint",
    packages: &[("cfn-lint", "1.58.0")],
};

/// Whether a template is safe. It wants other versions of what cfn-lint wants as well.
pub(crate) const CHECKOV: Judges = Judges {
    folder: "judges-checkov",
    packages: &[("checkov", "3.3.30")],
};

/// Whether a workflow is one, by the schema that comes with it.
pub(crate) const CHECK_JSONSCHEMA: Judges = Judges {
    folder: "judges-workflow",
    packages: &[("check-jsonschema", "0.39.0")],
};

/// Whether the judges are to be left out. Then the test passes and says so.
pub(crate) fn skipped(test: &str) -> bool {
    let skip = std::env::var_os("ECROLL_SKIP_FOREIGN").is_some_and(|value| value == "1");
    if skip {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "{test}: passed over, ECROLL_SKIP_FOREIGN=1"
        );
    }
    skip
}

/// The folder with the programs of the pocket account's judges, `python` and `aws`.
pub(crate) fn programs() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| CLIENTS.programs())
}

impl Judges {
    /// The folder with their programs; installs them where they are not there yet.
    pub(crate) fn programs(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(folder).unwrap();
        let venv = folder.join(self.folder);
        // Two test programs at once: the second waits, and finds it done.
        let lock = File::create(venv.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        let programs = venv.join("bin");
        if !self.is_complete(&programs) {
            self.install(&venv, &programs);
        }
        programs
    }

    fn is_complete(&self, programs: &Path) -> bool {
        let versions = self.packages.iter();
        let versions = versions.map(|(name, version)| format!("version('{name}') == '{version}'"));
        let all = versions.collect::<Vec<_>>().join(" and ");
        let check =
            format!("from importlib.metadata import version; raise SystemExit(not ({all}))");
        let python = Command::new(programs.join("python"))
            .args(["-c", &check])
            .output();
        python.is_ok_and(|python| python.status.success())
    }

    fn install(&self, venv: &Path, programs: &Path) {
        let _ = std::fs::remove_dir_all(venv);
        run(
            Command::new("python3").args(["-m", "venv"]).arg(venv),
            "the outside judges need python3 with venv and pip",
        );
        let mut pip = Command::new(programs.join("python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]);
        let packages = self.packages.iter();
        pip.args(packages.map(|(name, version)| format!("{name}=={version}")));
        run(&mut pip, "the outside judges are installed with pip once");
    }
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
