//! One server of a test's own, from its start to its end.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::binaries::binaries;
use crate::install::{folder, python, tell};
use crate::plain;

/// The Region of the account.
pub(crate) const REGION: &str = "eu-west-1";

/// Who judges: an AWS emulator that others wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    MiniStack,
    Moto,
}

impl Kind {
    /// Its name in Python, of the folder that it is installed into, and for `serve.py`.
    pub(crate) fn module(self) -> &'static str {
        match self {
            Self::MiniStack => "ministack",
            Self::Moto => "moto",
        }
    }

    /// A path that answers once it is up.
    fn health(self) -> &'static str {
        match self {
            Self::MiniStack => "/_ministack/health",
            Self::Moto => "/moto-api/data.json",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::MiniStack => "MiniStack",
            Self::Moto => "moto",
        })
    }
}

/// A server that runs as long as this value lives.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    server: Child,
    /// What it writes: its log, and the functions' code. Goes with it.
    pub(crate) home: PathBuf,
}

impl Judge {
    /// Starts one and waits until it answers.
    pub(crate) fn start(kind: Kind) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let python = python(kind);
        let home = folder().join(format!("run-{}-{count}", std::process::id()));
        // Of a test program that was killed, and had this number by chance.
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).unwrap();
        // Somebody may take the free port before the server does; then it ends and another port is tried.
        for _ in 0..3 {
            if let Some(judge) = Self::try_start(kind, &python, &home) {
                return judge;
            }
        }
        panic!("{kind} does not start:\n{}", last_lines(&home));
    }

    fn try_start(kind: Kind, python: &Path, home: &Path) -> Option<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign");
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let log = File::create(log_of(home)).unwrap();
        let server = Command::new(python)
            .arg(here.join("serve.py"))
            .args([kind.module(), &port.to_string()])
            // Nothing of the caller's environment: neither credentials nor settings of the judge's.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("TMPDIR", home)
            .env("PYTHONPATH", &here)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("CLOUDTRAIL_RECORDING", "1")
            // The functions that it starts inherit this.
            .env("AWS_ENDPOINT_URL", endpoint(port))
            .current_dir(home)
            // The server ends when this pipe closes, so it outlives nobody.
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut judge = Self {
            kind,
            port,
            server,
            home: home.to_owned(),
        };
        for _ in 0..300 {
            if plain::get(port, kind.health()).is_some() {
                return Some(judge);
            }
            if judge.server.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        None
    }

    pub(crate) fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// Runs `ecroll` with these arguments and the built handler on the account.
    pub(crate) fn ecroll(&self, arguments: &[&str]) -> Output {
        let handler = binaries().handler.to_string_lossy();
        self.ecroll_alone(&[arguments, &["--handler", &handler]].concat())
    }

    /// The same with a verb that asks for no handler.
    pub(crate) fn ecroll_alone(&self, arguments: &[&str]) -> Output {
        Command::new(&binaries().ecroll)
            .args(arguments)
            // Neither a profile nor an `ecroll.toml` of whoever runs the tests.
            .env_clear()
            .env("HOME", &self.home)
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", REGION)
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It ends itself and its functions when its standard input closes, which waiting does first.
        let _ = self.server.wait();
        if std::thread::panicking() {
            tell(&format!(
                "the last that {} said:\n{}",
                self.kind,
                last_lines(&self.home)
            ));
        }
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn log_of(home: &Path) -> PathBuf {
    home.join("server.log")
}

fn last_lines(home: &Path) -> String {
    let log = std::fs::read_to_string(log_of(home)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let last = lines.len().saturating_sub(30);
    lines[last..].join("\n")
}
