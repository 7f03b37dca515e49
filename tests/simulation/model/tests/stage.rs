//! A pocket account with the pipeline, the real handler or a wrong one behind it, and the model looking on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{ContainerDefinition, DeploymentConfiguration};
use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use local::{Account, Clock, FunctionError, Invocation, Options};
use serde_json::{Value, json};
use setup::replay::host;
use setup::{Clients, Code, provision};

use crate::model::Model;
use crate::trace::{Act, Kind, Policy, Push, Service, Settings, Step, Violation, World};

pub(super) const REGISTRY: &str = "111122223333";
const REGION: &str = "eu-west-1";

/// The image string of a repository and a tag.
pub(super) fn image(repository: &str, tag: &str) -> String {
    format!("{REGISTRY}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{tag}")
}

/// A digest that follows from a name.
pub(super) fn digest(name: &str) -> String {
    let hex: String = name.bytes().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex:0>64}")
}

/// A service of two tasks whose only container runs this image.
pub(super) fn service(name: &str, image: &str) -> Service {
    Service {
        cluster: "default".to_owned(),
        name: name.to_owned(),
        containers: vec![("app".to_owned(), image.to_owned())],
        daemon: false,
        desired: 2,
        minimum: 50,
        maximum: 200,
        breaker: false,
        own: Policy::default(),
    }
}

/// The same with a tag policy of its own.
pub(super) fn following(name: &str, image: &str, tags: &str) -> Service {
    let own = Policy {
        tags: Some(tags.to_owned()),
        ..Policy::default()
    };
    Service {
        own,
        ..service(name, image)
    }
}

pub(super) fn settings() -> Settings {
    Settings {
        sweep: Some(TimeDelta::minutes(5)),
        look_back: TimeDelta::hours(24),
        repositories: vec!["*".to_owned()],
        service: Policy::default(),
    }
}

/// The identity of a push.
fn id(tag: &str, name: &str) -> String {
    format!("{tag}-{name}")
}

/// A report without pushes and decisions.
pub(super) fn nothing() -> Value {
    json!({"trigger": "sweep", "window": null, "pushes": [], "decisions": []})
}

/// A report with one push and one decision on it for a service.
pub(super) fn says(service: &str, push: &str, name: &str, outcome: &str, reason: &str) -> Value {
    let mut report = nothing();
    report["pushes"] = json!([{"account": REGISTRY, "region": REGION, "repository": "web", "tag": push,
        "digest": digest(name), "pushed_at": "2026-03-01T08:30:00Z", "event_id": id(push, name)}]);
    report["decisions"] = json!([{"cluster": "default", "service": service, "repository": "web", "tag": push,
        "digest": digest(name), "outcome": outcome, "reason": reason, "from": null, "to": null}]);
    report
}

/// The account and its watcher.
pub(super) struct Stage {
    pub(super) account: Account,
    model: Model,
    acts: Vec<(DateTime<Utc>, Act)>,
    /// How much of the journal the model has seen.
    seen: usize,
    pub(super) found: Vec<Violation>,
    /// Since when nothing goes wrong on purpose.
    pub(super) calm_since: Option<DateTime<Utc>>,
}

impl Stage {
    /// An account with these services, the pipeline, and the real handler.
    pub(super) async fn new(settings: &Settings, services: &[Service]) -> Self {
        let start: DateTime<Utc> = "2026-03-01T08:00:00Z".parse().unwrap();
        let account = Account::new(Clock::new(start), Options::default());
        let _answers = host(&account);
        for service in services {
            create(&account, service);
        }
        let clients = Clients::new(&account.sdk_config());
        let config = config(settings);
        let built = account.drive(async {
            let plan = provision::plan(&clients, &config, &Code::placeholder(), start).await?;
            provision::apply(&clients, &plan, &mut |_| {}).await
        });
        built.await.unwrap();
        account.run_until(start + TimeDelta::minutes(30)).await;
        let now = account.clock().now();
        let world = World {
            start: now,
            settings: settings.clone(),
            services: services.to_vec(),
        };
        Self {
            model: Model::new(&world),
            seen: account.journal_len(),
            account,
            acts: Vec::new(),
            found: Vec::new(),
            calm_since: Some(now),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.account.clock().now()
    }

    /// Lets time pass, and the model look at it.
    pub(super) async fn minutes(&mut self, minutes: i64) {
        let until = self.now() + TimeDelta::minutes(minutes);
        self.account.run_until(until).await;
        self.look();
    }

    fn look(&mut self) {
        let entries = self.account.journal_since(self.seen);
        self.seen = self.account.journal_len();
        let acts = std::mem::take(&mut self.acts);
        let step = Step {
            at: self.now(),
            acts: &acts,
            entries: &entries,
            calm_since: self.calm_since,
        };
        self.found.extend(self.model.step(&step, &self.account));
    }

    /// A long calm, and what the model says of the last state.
    pub(super) async fn end(&mut self) {
        self.minutes(120).await;
        let now = self.now();
        self.found.extend(self.model.end(now, &self.account));
    }

    /// Nothing was found so far.
    #[track_caller]
    pub(super) fn holds(&self) {
        let told: Vec<String> = self.found.iter().map(Violation::to_string).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
    }

    /// Something was found, and of this rule only.
    #[track_caller]
    pub(super) fn caught(&mut self, rule: u8) {
        let told: Vec<String> = self.found.iter().map(Violation::to_string).collect();
        assert!(!told.is_empty(), "nothing was found");
        let only = self.found.iter().all(|violation| violation.rule == rule);
        assert!(only, "{}", told.join("\n"));
        self.found.clear();
    }

    /// Pushes an image now; the record arrives so many minutes later.
    pub(super) fn push(&mut self, repository: &str, tag: &str, name: &str, minutes: i64) {
        let delivered = vec![self.now() + TimeDelta::minutes(minutes)];
        let at = self.now();
        self.push_as(Push {
            id: id(tag, name),
            account: REGISTRY.to_owned(),
            region: REGION.to_owned(),
            repository: repository.to_owned(),
            tag: Some(tag.to_owned()),
            digest: digest(name),
            at,
            delivered,
            kind: Kind::Image,
            healthy: true,
        });
    }

    pub(super) fn push_as(&mut self, push: Push) {
        let Push { repository, .. } = &push;
        let base = format!(
            "{}.dkr.ecr.{}.amazonaws.com/{repository}",
            push.account, push.region
        );
        if let (Some(tag), true) = (&push.tag, push.kind != Kind::Refused) {
            self.account.with_ecs(|ecs, _| {
                if !push.healthy {
                    ecs.push_image(&base, "crash", &push.digest);
                }
                ecs.push_image(&base, tag, &push.digest);
            });
        }
        for at in &push.delivered {
            self.account.deliver(record(&push), *at);
        }
        self.acts.push((self.now(), Act::Push(push)));
    }

    /// From now on the next invocation does this, and all further ones nothing; both report what they say.
    pub(super) fn wrong<F, D>(&self, deed: F)
    where
        F: Fn(Actor) -> D + Send + Sync + 'static,
        D: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        let actor = Actor {
            ecs: Client::new(&self.account.sdk_config()),
            account: self.account.clone(),
        };
        let done = AtomicBool::new(false);
        self.account.host(Arc::new(move |_: Invocation| {
            if done.swap(true, Ordering::Relaxed) {
                return Box::pin(async { Ok(nothing()) });
            }
            Box::pin(deed(actor.clone()))
        }));
    }

    /// A person deploys an image in the first container of a service.
    pub(super) fn deploy(&self, service: &str, image: &str) {
        let definition = self.definition(service);
        let mut containers = definition["containerDefinitions"].clone();
        containers[0]["image"] = json!(image);
        let input = json!({"family": service, "memory": "512", "containerDefinitions": containers});
        let made = self.account.call("ecs", "RegisterTaskDefinition", input);
        let arn = made.unwrap()["taskDefinition"]["taskDefinitionArn"].clone();
        self.update(service, &json!({"taskDefinition": arn}));
    }

    /// A person updates a service.
    pub(super) fn update(&self, service: &str, members: &Value) {
        let mut input = json!({"cluster": "default", "service": service});
        for (key, value) in members.as_object().unwrap() {
            input[key] = value.clone();
        }
        self.account.call("ecs", "UpdateService", input).unwrap();
    }

    pub(super) fn describe(&self, service: &str) -> Value {
        let input = json!({"cluster": "default", "services": [service]});
        let found = self.account.call("ecs", "DescribeServices", input).unwrap();
        found["services"][0].clone()
    }

    pub(super) fn definition(&self, service: &str) -> Value {
        let arn = self.describe(service)["taskDefinition"].clone();
        let input = json!({"taskDefinition": arn});
        let found = self.account.call("ecs", "DescribeTaskDefinition", input);
        found.unwrap()["taskDefinition"].clone()
    }

    pub(super) fn image_of(&self, service: &str) -> String {
        let definition = self.definition(service);
        let image = &definition["containerDefinitions"][0]["image"];
        image.as_str().unwrap().to_owned()
    }
}

/// What a wrong handler calls ECS with.
#[derive(Clone)]
pub(super) struct Actor {
    pub(super) ecs: Client,
    /// For what the typed client cannot say. The account holds the program that holds this: a test may leak it.
    account: Account,
}

impl Actor {
    async fn described(&self, service: &str) -> aws_sdk_ecs::types::Service {
        let found = self
            .ecs
            .describe_services()
            .cluster("default")
            .services(service);
        found.send().await.unwrap().services.unwrap().remove(0)
    }

    /// Registers what a service runs with other containers.
    async fn register(
        &self,
        service: &str,
        change: impl Fn(ContainerDefinition) -> ContainerDefinition,
    ) -> String {
        let runs = self.described(service).await.task_definition.unwrap();
        let found = self.ecs.describe_task_definition().task_definition(runs);
        let found = found.send().await.unwrap().task_definition.unwrap();
        let containers = found.container_definitions.unwrap().into_iter().map(change);
        let made = self
            .ecs
            .register_task_definition()
            .family(found.family.unwrap())
            .set_memory(found.memory)
            .set_container_definitions(Some(containers.collect()));
        let made = made.send().await.unwrap().task_definition.unwrap();
        made.task_definition_arn.unwrap()
    }

    /// Rolls a service to an image, by a copy as far as the typed client knows the members.
    pub(super) async fn roll_typed(&self, service: &str, image: &str) {
        let image = image.to_owned();
        let arn = self.register(service, |mut container| {
            container.image = Some(image.clone());
            container
        });
        let arn = arn.await;
        self.update(service, &arn, None).await;
    }

    /// Registers what a service runs with another image in every container, all else kept.
    pub(super) async fn register_raw(&self, service: &str, image: &str) -> String {
        let runs = self.described(service).await.task_definition.unwrap();
        let account = &self.account;
        let input = json!({"taskDefinition": runs, "include": ["TAGS"]});
        let found =
            account.with_ecs(|ecs, scope| ecs.call("DescribeTaskDefinition", &input, scope));
        let found = found.unwrap();
        let mut made = found["taskDefinition"].clone();
        for container in made["containerDefinitions"].as_array_mut().unwrap() {
            container["image"] = json!(image);
        }
        if found["tags"]
            .as_array()
            .is_some_and(|tags| !tags.is_empty())
        {
            made["tags"] = found["tags"].clone();
        }
        let members = made.as_object_mut().unwrap();
        for member in [
            "taskDefinitionArn",
            "revision",
            "status",
            "requiresAttributes",
            "compatibilities",
            "registeredAt",
            "registeredBy",
        ] {
            members.remove(member);
        }
        let made = account.with_ecs(|ecs, scope| ecs.call("RegisterTaskDefinition", &made, scope));
        let arn = &made.unwrap()["taskDefinition"]["taskDefinitionArn"];
        arn.as_str().unwrap().to_owned()
    }

    /// Rolls a service to an image, all else kept.
    pub(super) async fn roll_raw(&self, service: &str, image: &str) {
        let arn = self.register_raw(service, image).await;
        self.update(service, &arn, None).await;
    }

    pub(super) async fn update(
        &self,
        service: &str,
        arn: &str,
        settings: Option<DeploymentConfiguration>,
    ) {
        let update = self
            .ecs
            .update_service()
            .cluster("default")
            .service(service);
        let update = update
            .task_definition(arn)
            .set_deployment_configuration(settings);
        update.send().await.unwrap();
    }
}

pub(super) fn create(account: &Account, service: &Service) {
    let cluster = json!({"clusterName": service.cluster});
    account.call("ecs", "CreateCluster", cluster).unwrap();
    let containers: Vec<Value> = service
        .containers
        .iter()
        .map(|(name, image)| json!({"name": name, "image": image, "unknownMember": {"kept": 1}}))
        .collect();
    let definition = json!({"family": service.name, "memory": "512", "containerDefinitions": containers,
        "tags": [{"key": "team", "value": "shop"}]});
    account
        .call("ecs", "RegisterTaskDefinition", definition)
        .unwrap();
    let mut configuration = json!({"minimumHealthyPercent": service.minimum});
    if !service.daemon {
        configuration["maximumPercent"] = json!(service.maximum);
    }
    if service.breaker {
        configuration["deploymentCircuitBreaker"] = json!({"enable": true, "rollback": true});
    }
    let mut input = json!({"cluster": service.cluster, "serviceName": service.name,
        "taskDefinition": service.name, "deploymentConfiguration": configuration, "tags": tags(&service.own)});
    if service.daemon {
        input["schedulingStrategy"] = json!("DAEMON");
    } else {
        input["desiredCount"] = json!(service.desired);
    }
    account.call("ecs", "CreateService", input).unwrap();
}

fn tags(own: &Policy) -> Vec<Value> {
    let flag = |flag: Option<bool>, yes: &str, no: &str| {
        flag.map(|flag| if flag { yes.to_owned() } else { no.to_owned() })
    };
    let all = [
        ("ecroll:tags", own.tags.clone()),
        ("ecroll:action", flag(own.force, "force", "revision")),
        (
            "ecroll:match",
            flag(own.name_prefix, "name-prefix", "image"),
        ),
        ("ecroll:pin", flag(own.pin_digest, "digest", "tag")),
        ("ecroll:hold", flag(own.hold, "true", "false")),
        (
            "ecroll:minimum-healthy-percent",
            own.minimum.map(|percent| percent.to_string()),
        ),
        (
            "ecroll:maximum-percent",
            own.maximum.map(|percent| percent.to_string()),
        ),
    ];
    let set = all
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    set.map(|(key, value)| json!({"key": key, "value": value}))
        .collect()
}

fn config(settings: &Settings) -> Config {
    let sweep = settings.sweep;
    let sweep = sweep.map_or("off".to_owned(), |sweep| {
        format!("{}m", sweep.num_minutes())
    });
    let look_back = format!("{}m", settings.look_back.num_minutes());
    let config =
        json!({"sweep": sweep, "look_back": look_back, "repositories": settings.repositories});
    Config::from_json(&config).unwrap()
}

fn record(push: &Push) -> Value {
    let media = match push.kind {
        Kind::Chart => "application/vnd.cncf.helm.config.v1+json",
        Kind::Signature => "application/vnd.dev.cosign.artifact.sig.v1+json",
        Kind::Image | Kind::Refused => "application/vnd.docker.container.image.v1+json",
    };
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": media}, "layers": []});
    let mut record = json!({
        "eventVersion": "1.11", "eventSource": "ecr.amazonaws.com", "eventName": "PutImage",
        "eventTime": push.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "awsRegion": push.region,
        "readOnly": false, "managementEvent": true, "eventID": push.id, "recipientAccountId": push.account,
        "requestParameters": {"registryId": push.account, "repositoryName": push.repository,
            "imageManifest": manifest.to_string()},
        "responseElements": {"image": {"registryId": push.account, "repositoryName": push.repository,
            "imageId": {"imageDigest": push.digest}}},
    });
    if let Some(tag) = &push.tag {
        record["requestParameters"]["imageTag"] = json!(tag);
        record["responseElements"]["image"]["imageId"]["imageTag"] = json!(tag);
    }
    if push.kind == Kind::Refused {
        record["errorCode"] = json!("ImageAlreadyExistsException");
        record["responseElements"] = Value::Null;
    }
    record
}
