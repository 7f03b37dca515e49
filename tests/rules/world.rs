//! A pocket account with services, the pipeline built by setup, and the real handler behind it.

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use handler::report::{Decision, Outcome};
use local::ecs::DeploymentState;
use local::{Account, Clock, What};
use serde_json::{Value, json};
use setup::replay::{Answer, Answers, host};
use setup::{Clients, Code, provision};

/// The registry that the tests push to.
pub(crate) const REGISTRY: &str = "111122223333";
/// Its Region, and that of the services.
pub(crate) const REGION: &str = "eu-west-1";

/// The image string of a repository and a tag.
pub(crate) fn image(repository: &str, tag: &str) -> String {
    format!("{REGISTRY}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{tag}")
}

/// A digest that follows from a name.
pub(crate) fn digest(name: &str) -> String {
    let hex: Vec<String> = name.bytes().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{:0>64}", hex.concat())
}

/// The CloudTrail record of a tagged push.
pub(crate) fn record(
    repository: &str,
    tag: &str,
    image: &str,
    at: DateTime<Utc>,
    id: &str,
) -> Value {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json"},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"}],
    });
    json!({
        "eventVersion": "1.11", "eventSource": "ecr.amazonaws.com", "eventName": "PutImage",
        "eventTime": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "awsRegion": REGION,
        "readOnly": false, "managementEvent": true, "eventID": id,
        "recipientAccountId": REGISTRY,
        "requestParameters": {"registryId": REGISTRY, "repositoryName": repository,
            "imageTag": tag, "imageManifest": manifest.to_string()},
        "responseElements": {"image": {"registryId": REGISTRY, "repositoryName": repository,
            "imageId": {"imageDigest": digest(image), "imageTag": tag}}},
    })
}

/// The account, the pipeline in it, and what the handler said.
pub(crate) struct World {
    pub(crate) account: Account,
    pub(crate) answers: Answers,
    heard: Vec<Answer>,
    /// The actions that the handler may be refused in this world, `*` for any: what the test is about.
    pub(crate) refused: Vec<&'static str>,
}

/// The handler's role.
pub(crate) const HANDLER: &str = "arn:aws:iam::000000000000:role/ecroll-eu-west-1-handler";

/// Rule 8 in every scenario: the policy that setup wrote allowed every call that the handler made.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let refused: Vec<String> = self
            .account
            .permissions()
            .into_iter()
            .filter(|asked| asked.principal == HANDLER && asked.statement.is_none())
            .map(|asked| asked.action)
            .collect();
        let told: Vec<&String> = refused
            .iter()
            .filter(|action| {
                let expected = |refused: &&str| [action.as_str(), "*"].contains(refused);
                !self.refused.iter().any(expected)
            })
            .collect();
        assert!(told.is_empty(), "rule 8: the handler was refused {told:?}");
    }
}

impl World {
    /// An account where these services run, each `(name, image)`, and the pipeline stands.
    pub(crate) async fn new(services: &[(&str, &str)]) -> Self {
        Self::with(services, &Config::default()).await
    }

    /// The same with a configuration.
    pub(crate) async fn with(services: &[(&str, &str)], config: &Config) -> Self {
        Self::built(services, config, local::Options::default()).await
    }

    /// The same in an account with a mind of its own.
    pub(crate) async fn built(
        services: &[(&str, &str)],
        config: &Config,
        options: local::Options,
    ) -> Self {
        let start = DateTime::parse_from_rfc3339("2026-03-01T08:00:00Z")
            .unwrap()
            .to_utc();
        let account = Account::new(Clock::new(start), options);
        account
            .call("ecs", "CreateCluster", json!({"clusterName": "default"}))
            .unwrap();
        let world = Self {
            answers: host(&account),
            account,
            heard: Vec::new(),
            refused: Vec::new(),
        };
        for (name, image) in services {
            world.service(name, &json!({}), &json!([{"name": "app", "image": image}]));
        }
        world.set_up(config).await;
        world
            .account
            .run_until(start + TimeDelta::minutes(30))
            .await;
        let _ = world.answers.taken();
        world
    }

    /// Runs setup once.
    pub(crate) async fn set_up(&self, config: &Config) {
        let clients = Clients::new(&self.account.sdk_config());
        let now = self.now();
        self.account
            .drive(async {
                let plan = provision::plan(&clients, config, &Code::placeholder(), now).await?;
                provision::apply(&clients, &plan, &mut |_| {}).await
            })
            .await
            .unwrap();
    }

    /// Creates a service of two tasks with these containers; `extra` goes into CreateService.
    pub(crate) fn service(&self, name: &str, extra: &Value, containers: &Value) {
        let definition =
            json!({"family": name, "memory": "512", "containerDefinitions": containers});
        self.account
            .call("ecs", "RegisterTaskDefinition", definition)
            .unwrap();
        let mut input = json!({"cluster": "default", "serviceName": name, "taskDefinition": name,
            "desiredCount": 2});
        for (key, value) in extra.as_object().cloned().unwrap_or_default() {
            input[key] = value;
        }
        self.account.call("ecs", "CreateService", input).unwrap();
    }

    /// The SDK as the handler has it: under the role that setup wrote.
    pub(crate) fn sdk(&self) -> aws_types::SdkConfig {
        let keys = self.account.function_keys("ecroll").unwrap();
        self.account.sdk_config_as(&keys)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.account.clock().now()
    }

    pub(crate) async fn minutes(&self, minutes: i64) {
        self.account
            .run_until(self.now() + TimeDelta::minutes(minutes))
            .await;
    }

    /// Pushes now; the record arrives so many minutes later. Returns the push's identity.
    pub(crate) fn push(&self, repository: &str, tag: &str, image: &str, minutes: i64) -> String {
        let at = self.now();
        let id = format!("{repository}-{image}-{tag}-{}", at.timestamp());
        let name = super::world::image(repository, "x");
        let name = name.rsplit_once(':').unwrap().0.to_owned();
        self.account
            .with_ecs(|ecs, _| ecs.push_image(&name, tag, &digest(image)));
        let record = record(repository, tag, image, at, &id);
        self.account
            .deliver(record, at + TimeDelta::minutes(minutes));
        id
    }

    /// The service as ECS describes it now.
    pub(crate) fn describe(&self, service: &str) -> Value {
        let input = json!({"cluster": "default", "services": [service], "include": ["TAGS"]});
        self.account.call("ecs", "DescribeServices", input).unwrap()["services"][0].clone()
    }

    /// The answer of DescribeTaskDefinition for what the service is to run.
    pub(crate) fn definition(&self, service: &str) -> Value {
        let arn = self.describe(service)["taskDefinition"].clone();
        let input = json!({"taskDefinition": arn, "include": ["TAGS"]});
        self.account
            .call("ecs", "DescribeTaskDefinition", input)
            .unwrap()
    }

    /// The image of the service's container, by index.
    pub(crate) fn image_of(&self, service: &str, container: usize) -> String {
        let definition = self.definition(service);
        let containers = &definition["taskDefinition"]["containerDefinitions"];
        containers[container]["image"].as_str().unwrap().to_owned()
    }

    /// How many deployments of the service were begun by an update, since the service was created.
    pub(crate) fn deployments(&self, service: &str) -> usize {
        self.rolled_to(service).len()
    }

    /// The revisions that the service was rolled to by ecroll, in order.
    pub(crate) fn rolled_to(&self, service: &str) -> Vec<String> {
        let journal = self.account.journal();
        let begun = journal.iter().filter_map(|entry| match &entry.what {
            What::Deployment(notice)
                if notice.service == service && notice.state == DeploymentState::Started =>
            {
                Some(notice.task_definition.clone())
            }
            _ => None,
        });
        begun.skip(1).collect()
    }

    /// Everything that the handler answered so far.
    pub(crate) fn heard(&mut self) -> Vec<Answer> {
        self.heard.extend(self.answers.taken());
        self.heard.clone()
    }

    /// Everything that the handler decided so far.
    pub(crate) fn decisions(&mut self) -> Vec<Decision> {
        self.heard.extend(self.answers.taken());
        self.heard
            .iter()
            .flat_map(|answer| answer.report.decisions.clone())
            .collect()
    }

    /// The last thing that was decided on a push for a service.
    pub(crate) fn last(&mut self, service: &str, push: &str) -> Option<(Outcome, String)> {
        let decisions = self.decisions();
        let of = decisions
            .into_iter()
            .rev()
            .find(|d| d.service == service && d.push == push);
        of.map(|decision| (decision.outcome, decision.reason))
    }

    /// When a push was first decided on for a service.
    pub(crate) fn first_decided(&mut self, service: &str, push: &str) -> Option<DateTime<Utc>> {
        self.heard.extend(self.answers.taken());
        let mut on = self.heard.iter().filter(|answer| {
            let mut decisions = answer.report.decisions.iter();
            decisions.any(|decision| decision.service == service && decision.push == push)
        });
        on.next().map(|answer| answer.at)
    }

    /// The calls of one operation that programs made, since an index of the journal.
    pub(crate) fn calls(&self, since: usize) -> Vec<String> {
        let journal = self.account.journal_since(since);
        let calls = journal.into_iter().filter_map(|entry| match entry.what {
            What::Call {
                operation,
                by: local::Caller::Sdk,
                ..
            } => Some(operation),
            _ => None,
        });
        calls.collect()
    }
}
