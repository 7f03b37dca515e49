//! An account with the pipeline in it, the real handler behind its function, and people who push and deploy.

use chrono::TimeDelta;
use handler::config::Config;
use local::{Options, What};
use serde_json::{Value, json};
use setup::command::status::StatusArgs;
use setup::exit::Exit;
use setup::replay::{Answers, host};
use setup::ui::Output;

use crate::pocket::Pocket;

const REGISTRY: &str = "000000000000.dkr.ecr.eu-west-1.amazonaws.com";

/// The digest that these tests mean by a letter.
pub(crate) fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

/// The configuration of a file with this text.
pub(crate) fn config(text: &str) -> Config {
    setup::config::parse(std::path::Path::new("ecroll.toml"), text).unwrap()
}

pub(crate) struct Scene {
    pub(crate) pocket: Pocket,
    /// What the handler reported.
    pub(crate) answers: Answers,
}

impl Scene {
    /// With the pipeline; `text` is that of the configuration.
    pub(crate) async fn new(text: &str) -> Self {
        let scene = Self::bare();
        scene.pocket.set_up(&config(text)).await.unwrap();
        scene.minutes(1).await;
        scene
    }

    /// Without it.
    pub(crate) fn bare() -> Self {
        Self::in_account(Options::default())
    }

    /// With the pipeline, whose function writes its log.
    pub(crate) async fn logged(text: &str) -> Self {
        let scene = Self::in_account(Options {
            function_logs: true,
            ..Options::default()
        });
        scene.pocket.set_up(&config(text)).await.unwrap();
        scene.minutes(1).await;
        scene
    }

    fn in_account(options: Options) -> Self {
        let pocket = Pocket::new(options);
        let answers = host(pocket.account());
        Self { pocket, answers }
    }

    pub(crate) async fn minutes(&self, minutes: i64) {
        self.pocket.wait(TimeDelta::minutes(minutes)).await;
    }

    pub(crate) async fn seconds(&self, seconds: i64) {
        self.pocket.wait(TimeDelta::seconds(seconds)).await;
    }

    /// Registers a revision of a family with these images, `name:tag` of our registry or whole.
    pub(crate) fn define(&self, family: &str, images: &[&str]) {
        let containers = images.iter().enumerate().map(|(number, image)| {
            let image = match image.split_once('/') {
                Some(_) => (*image).to_owned(),
                None => format!("{REGISTRY}/{image}"),
            };
            json!({"name": format!("c{number}"), "essential": true, "memory": 128, "image": image})
        });
        let containers: Vec<Value> = containers.collect();
        let input = json!({"family": family, "containerDefinitions": containers});
        self.pocket.call("ecs", "RegisterTaskDefinition", input);
    }

    /// A service in the cluster `prod` whose containers have these images; `more` goes into its creation.
    pub(crate) fn serve(&self, name: &str, images: &[&str], more: &Value) {
        self.pocket
            .call("ecs", "CreateCluster", json!({"clusterName": "prod"}));
        self.define(name, images);
        let mut input = json!({"cluster": "prod", "serviceName": name, "taskDefinition": name,
            "desiredCount": 2});
        let more = more.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(more);
        self.pocket.call("ecs", "CreateService", input);
    }

    /// A service with a circuit breaker that rolls back.
    pub(crate) fn serve_with_breaker(&self, name: &str, images: &[&str]) {
        let breaker = json!({"deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
        self.serve(name, images, &breaker);
    }

    /// Somebody pushes `name:tag`; the record arrives two minutes later.
    pub(crate) fn push(&self, image: &str, letter: char) {
        let (name, tag) = image.split_once(':').unwrap();
        let account = self.pocket.account();
        let now = account.clock().now();
        let digest = digest(letter);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                       "digest": format!("sha256:{}", "2".repeat(64)), "size": 1},
            "layers": [],
        });
        let record = json!({
            "eventVersion": "1.11", "eventID": format!("{letter}-{tag}"),
            "eventSource": "ecr.amazonaws.com", "eventName": "PutImage",
            "awsRegion": "eu-west-1", "eventTime": now.to_rfc3339(),
            "eventCategory": "Management", "managementEvent": true, "readOnly": false,
            "recipientAccountId": "000000000000",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::000000000000:user/ci"},
            "requestParameters": {"repositoryName": name, "imageTag": tag},
            "responseElements": {"image": {
                "registryId": "000000000000", "repositoryName": name,
                "imageId": {"imageDigest": digest, "imageTag": tag},
                "imageManifest": manifest.to_string(),
            }},
        });
        let image = format!("{REGISTRY}/{name}");
        account.with_ecs(|ecs, _| ecs.push_image(&image, tag, &digest));
        account.deliver(record, now + TimeDelta::minutes(2));
    }

    /// Somebody deploys a task definition, `family` or `family:revision`, past ecroll.
    pub(crate) fn deploy(&self, service: &str, definition: &str) {
        let input = json!({"cluster": "prod", "service": service, "taskDefinition": definition});
        self.pocket.call("ecs", "UpdateService", input);
    }

    /// Waits until a service runs another revision than now: its roll has just begun.
    pub(crate) async fn rolls(&self, service: &str) {
        let runs = || {
            let input = json!({"cluster": "prod", "services": [service]});
            let answer = self.pocket.answer("ecs", "DescribeServices", input);
            answer["services"][0]["taskDefinition"].clone()
        };
        let before = runs();
        for _ in 0..1200 {
            self.seconds(1).await;
            if runs() != before {
                return;
            }
        }
        panic!("{service} did not roll");
    }

    pub(crate) async fn text(&self, args: &StatusArgs) -> String {
        self.pocket.forget();
        let never = std::future::pending();
        let (exit, out, err) = self.pocket.verb_status(args, Output::Text, never).await;
        assert_eq!(exit.unwrap(), Exit::Done, "{err}");
        let mut writes = self.pocket.writes();
        writes.retain(|call| !call.starts_with("sts:AssumeRole"));
        assert_eq!(writes, Vec::<String>::new(), "it only reads");
        let wide = out.lines().find(|line| line.chars().count() > 80);
        assert!(wide.is_none() || out.contains("arn:"), "{wide:?}");
        out
    }

    pub(crate) async fn json(&self, args: &StatusArgs) -> Value {
        let never = std::future::pending();
        let (exit, out, err) = self.pocket.verb_status(args, Output::Json, never).await;
        assert_eq!(exit.unwrap(), Exit::Done, "{err}");
        serde_json::from_str(&out).unwrap()
    }

    /// The calls to AWS that a status makes, as `Operation × number`, sorted.
    pub(crate) async fn calls(&self, args: &StatusArgs) -> Vec<String> {
        let from = self.pocket.account().journal_len();
        self.text(args).await;
        let journal = self.pocket.account().journal_since(from);
        let mut calls = std::collections::BTreeMap::<String, usize>::new();
        for entry in journal {
            if let What::Call {
                operation,
                by: local::Caller::Sdk,
                ..
            } = entry.what
            {
                *calls.entry(operation).or_default() += 1;
            }
        }
        calls
            .iter()
            .map(|(call, n)| format!("{call} × {n}"))
            .collect()
    }
}

pub(crate) fn all() -> StatusArgs {
    StatusArgs::default()
}

pub(crate) fn named(service: &str) -> StatusArgs {
    StatusArgs {
        service: Some(service.to_owned()),
        ..StatusArgs::default()
    }
}
