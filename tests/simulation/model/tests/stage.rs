//! A pocket account with the pipeline, the real handler or a wrong one behind it, and the model looking on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use local::{Account, Clock, FunctionError, Invocation, Options};
use serde_json::{Value, json};
use setup::replay::host;

use super::actor::Actor;
use crate::act;
use crate::build::{self, set_up};
use crate::history::{self, OTHER as REGISTRY, REGION, digest};
use crate::model::Model;
use crate::trace::{Act, Kind, Policy, Push, Service, Settings, Step, Violation, World};

/// The image string of a repository and a tag.
pub(super) fn image(repository: &str, tag: &str) -> String {
    format!("{}/{repository}:{tag}", history::host(REGISTRY, REGION))
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
        rollback: true,
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
        reconcile: false,
        roads: vec!["alarm".to_owned()],
        waves: Vec::new(),
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
        set_up(&account, settings).await;
        account.run_until(start + TimeDelta::minutes(30)).await;
        let now = account.clock().now();
        let world = World {
            start: now,
            event_time: false,
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

    /// Something was found, and some of it in these words.
    #[track_caller]
    pub(super) fn said(&self, words: &str) {
        let told: Vec<String> = self.found.iter().map(Violation::to_string).collect();
        let any = told.iter().any(|told| told.contains(words));
        assert!(
            any,
            "not among what was found: {words}\n{}",
            told.join("\n")
        );
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
        act::push(&self.account, &push);
        self.acts.push((self.now(), Act::Push(push)));
    }

    /// From now on the next invocation does this, and all further ones nothing; both report what they say.
    pub(super) fn wrong<F, D>(&self, deed: F)
    where
        F: Fn(Actor) -> D + Send + Sync + 'static,
        D: Future<Output = Result<Value, FunctionError>> + Send + 'static,
    {
        let actor = Actor::on(&self.account);
        let done = AtomicBool::new(false);
        self.account.host(Arc::new(move |_: Invocation| {
            if done.swap(true, Ordering::Relaxed) {
                return Box::pin(async { Ok(nothing()) });
            }
            Box::pin(deed(actor.clone()))
        }));
    }

    /// A person deploys an image in the container of a service.
    pub(super) fn deploy(&self, service: &str, image: &str) {
        act::deploy(&self.account, "default", service, "app", image).unwrap();
    }

    /// A person updates a service.
    pub(super) fn update(&self, service: &str, members: &Value) {
        let mut input = json!({"cluster": "default", "service": service});
        for (key, value) in members.as_object().unwrap() {
            input[key] = value.clone();
        }
        self.account.call("ecs", "UpdateService", input).unwrap();
    }

    /// Lets time pass until a service was rolled to a tag, and not longer.
    pub(super) async fn until_it_runs(&mut self, service: &str, tag: &str) {
        for _ in 0..120 {
            if self.image_of(service) == image("web", tag) {
                return self.look();
            }
            let soon = self.now() + TimeDelta::seconds(5);
            self.account.run_until(soon).await;
        }
        panic!("{service} never ran {tag}");
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

/// Creates a service, in a cluster that may be there already.
pub(super) fn create(account: &Account, service: &Service) {
    let cluster = json!({"clusterName": service.cluster});
    account.call("ecs", "CreateCluster", cluster).unwrap();
    build::create(account, service).unwrap();
}
