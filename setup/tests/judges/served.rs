//! `ecroll local` as a process, for as long as a test needs it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::install::programs;

/// A served account.
#[derive(Debug)]
pub(crate) struct Served {
    server: Child,
    greeting: Value,
    told: Arc<Mutex<String>>,
    listening: Option<JoinHandle<()>>,
    /// Where its clients are at home: without anybody's profile or configuration.
    pub(crate) home: tempfile::TempDir,
}

impl Served {
    /// Starts one on a free port and waits until it listens.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_ecroll"))
            .args(["local", "--port", "0", "--output", "json"])
            .args(flags)
            .env_clear()
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(server.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let told = Arc::new(Mutex::new(String::new()));
        let (mut err, heard) = (server.stderr.take().unwrap(), Arc::clone(&told));
        let listening = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = err.read(&mut bytes) {
                heard
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        });
        let greeting = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error}: {line}: {}", told.lock().unwrap()));
        Self {
            server,
            greeting,
            told,
            listening: Some(listening),
            home,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let endpoint = self.greeting["endpoint"].as_str().unwrap();
        endpoint.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// What it has said on standard error.
    pub(crate) fn told(&self) -> String {
        self.told.lock().unwrap().clone()
    }

    /// A program with the environment that the server asked for, and nothing else.
    pub(crate) fn client(&self, program: &Path) -> Command {
        let environment = self.greeting["environment"].as_object().unwrap();
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.home.path());
        for (name, value) in environment {
            command.env(name, value.as_str().unwrap());
        }
        command
            .env("HOME", self.home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        command
    }

    /// Runs the AWS CLI.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Output {
        let mut aws = self.client(&programs().join("aws"));
        aws.args(arguments).output().unwrap()
    }

    /// Runs the AWS CLI, which must succeed; answers what it printed.
    pub(crate) fn asked(&self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        let done = self.aws(&words);
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "aws {line}\n{err}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// Presses Ctrl-C, and tells how it ended.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let id = self.server.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(kill.success());
        self.server.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}
