//! An account with the cluster `prod`, and a folder with the two files.

use clap::Parser;
use local::{Options, What};
use serde_json::{Value, json};
use setup::cli::{Cli, Verb};
use setup::command::service::ServiceArgs;
use setup::exit::Exit;
use setup::ui::Output;
use tempfile::TempDir;

use crate::pocket::Pocket;

const REGISTRY: &str = "000000000000.dkr.ecr.eu-west-1.amazonaws.com";

/// A task definition of one container with this image, `name:tag` of our registry.
pub(crate) fn definition(image: &str) -> Value {
    json!({"family": "web", "containerDefinitions":
        [{"name": "app", "image": format!("{REGISTRY}/{image}"), "memory": 128}]})
}

/// A service of so many tasks, with a circuit breaker that rolls back.
pub(crate) fn service(desired: u32) -> Value {
    json!({"serviceName": "web", "desiredCount": desired, "deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}})
}

/// The service `prod/web` as it is described; `None` where there is none.
pub(crate) fn web(pocket: &Pocket) -> Option<Value> {
    let input = json!({"cluster": "prod", "services": ["web"], "include": ["TAGS"]});
    let answer = pocket.answer("ecs", "DescribeServices", input);
    answer["services"].get(0).cloned()
}

pub(crate) struct Desk {
    pub(crate) pocket: Pocket,
    folder: TempDir,
}

impl Desk {
    /// With the cluster, and nothing in it.
    pub(crate) fn new() -> Self {
        let pocket = Pocket::new(Options::default());
        pocket.call("ecs", "CreateCluster", json!({"clusterName": "prod"}));
        Self::with(pocket)
    }

    pub(crate) fn with(pocket: Pocket) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { pocket, folder }
    }

    /// With a steady service of two tasks at the tag `v1`.
    pub(crate) async fn standing() -> Self {
        let desk = Self::new();
        desk.files(&definition("web:v1"), &service(2));
        let (exit, out, err) = desk.run(&["--wait"]).await;
        assert_eq!(exit.unwrap(), Exit::Done, "{out}{err}");
        desk
    }

    /// Writes the two files.
    pub(crate) fn files(&self, definition: &Value, service: &Value) {
        let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
        self.texts(&pretty(definition), &pretty(service));
    }

    pub(crate) fn texts(&self, definition: &str, service: &str) {
        std::fs::write(self.folder.path().join("taskdef.json"), definition).unwrap();
        std::fs::write(self.folder.path().join("service.json"), service).unwrap();
    }

    /// As the command line has them.
    pub(crate) fn args(&self, arguments: &[&str]) -> ServiceArgs {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let files = [path("taskdef.json"), path("service.json")];
        let all = ["ecroll", "service"].into_iter().map(str::to_owned);
        let all = all
            .chain(files)
            .chain(arguments.iter().map(|text| (*text).to_owned()));
        match Cli::try_parse_from(all).unwrap().verb {
            Verb::Service(args) => args,
            other => panic!("{other:?}"),
        }
    }

    /// Runs it in the cluster `prod`, without asking; answers how it ended, standard output, standard error. The folder is
    /// left out of what it says.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (anyhow::Result<Exit>, String, String) {
        self.run_as(&[&["--cluster", "prod"], arguments].concat())
            .await
    }

    pub(crate) async fn run_as(
        &self,
        arguments: &[&str],
    ) -> (anyhow::Result<Exit>, String, String) {
        let never = std::future::pending();
        let args = self.args(arguments);
        let (exit, out, err) = self
            .pocket
            .verb_service(true, &args, Output::Text, never)
            .await;
        let wide = out.lines().find(|line| line.chars().count() > 80);
        // What cannot be broken, and what is told while somebody waits.
        let whole = |line: &str| {
            line.contains(REGISTRY) || line.contains("arn:") || line.starts_with("2026-")
        };
        assert!(wide.is_none_or(whole), "{wide:?}");
        (exit, self.plain(&out), self.plain(&err))
    }

    pub(crate) async fn json(&self, arguments: &[&str]) -> (anyhow::Result<Exit>, String, String) {
        let never = std::future::pending();
        let args = self.args(&[&["--cluster", "prod"], arguments].concat());
        self.pocket
            .verb_service(true, &args, Output::Json, never)
            .await
    }

    /// Runs it, and answers what it refuses; it must write nothing.
    pub(crate) async fn refused(&self, arguments: &[&str]) -> String {
        self.pocket.forget();
        let (exit, _, _) = self.run(arguments).await;
        let error = exit.unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Wrong, "{error}");
        assert_eq!(self.pocket.writes(), Vec::<String>::new());
        self.plain(&error.to_string())
    }

    fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }

    /// The service as it is described.
    pub(crate) fn live(&self) -> Value {
        web(&self.pocket).unwrap()
    }

    /// The revision that it is to run.
    pub(crate) fn runs(&self) -> String {
        self.live()["taskDefinition"].as_str().unwrap().to_owned()
    }

    /// The last input of an operation that was sent to ECS.
    pub(crate) fn sent(&self, wanted: &str) -> Value {
        let journal = self.pocket.account().journal_since(0).into_iter().rev();
        let mut calls = journal.filter_map(|entry| match entry.what {
            What::Call {
                operation, input, ..
            } if operation == wanted => Some(input),
            _ => None,
        });
        calls.next().unwrap()
    }
}
