//! Small accounts in a few words.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::config::Config;
use crate::image::Repository;
use crate::inventory::{Controller, Definition, Inventory, Made, Origin, Rollout, Service};
use crate::ledger::{self, Entry, RevisionName};
use crate::manifest::Kind;
use crate::plan::{Deployed, Histories, History, Plan, Roll, Source};
use crate::push::{Found, Push, coalesce};
use crate::record::Record;
use crate::report::Outcome;
use crate::revision::copy;

/// So many minutes into the story.
pub(super) fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_352_000, 0).unwrap() + TimeDelta::minutes(minute)
}

pub(super) fn repository(name: &str) -> Repository {
    Repository {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        name: name.to_owned(),
    }
}

/// The image string of `name:tag`.
pub(super) fn image(name_and_tag: &str) -> String {
    format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/{name_and_tag}")
}

/// The record of a push of `name:tag`, found in the log right away.
pub(super) fn record(name_and_tag: &str, digest: &str, minute: i64, id: &str) -> Found {
    let (name, tag) = name_and_tag.split_once(':').unwrap();
    let record = Record {
        repository: repository(name),
        tag: tag.to_owned(),
        digest: format!("sha256:{digest}"),
        time: at(minute),
        id: id.to_owned(),
        kind: Kind::Image,
    };
    let timestamp = at(minute).timestamp_millis();
    Found {
        record,
        timestamp,
        ingestion: timestamp,
    }
}

/// ARN of a revision of the family `web`.
pub(super) fn arn(revision: u32) -> String {
    format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/web:{revision}")
}

/// A revision whose containers have these images, `name:tag` each; those with a host already stay.
pub(super) fn definition(revision: u32, images: &[&str]) -> Definition {
    let full = |name: &&str| {
        if name.contains(".dkr.") {
            (*name).to_owned()
        } else {
            image(name)
        }
    };
    let containers: Vec<Value> = images
        .iter()
        .map(|name| json!({"name": name, "image": full(name)}))
        .collect();
    let raw = json!({"taskDefinitionArn": arn(revision), "family": "web", "revision": revision,
        "containerDefinitions": containers});
    Definition::read(&json!({"taskDefinition": raw, "tags": []})).unwrap()
}

/// A service that runs a revision since before the story begins.
pub(super) fn service(name: &str, revision: u32) -> Service {
    Service {
        cluster_arn: "arn:aws:ecs:eu-west-1:000000000000:cluster/main".to_owned(),
        arn: format!("arn:aws:ecs:eu-west-1:000000000000:service/main/{name}"),
        name: name.to_owned(),
        status: "ACTIVE".to_owned(),
        task_definition: arn(revision),
        deployed_at: Some(at(-1000)),
        desired: 2,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        daemon: false,
        controller: Controller::Rolling,
        express: false,
        fargate: false,
        zone_rebalancing: false,
        rollout: Some(Rollout::Completed),
        tags: BTreeMap::new(),
    }
}

/// What ecroll says of a revision that it made at a minute, for nothing in particular.
pub(super) fn made_at(minute: i64) -> Made {
    Made {
        at: at(minute),
        brought: BTreeMap::new(),
    }
}

/// What the plan sees.
#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    pub(super) records: Vec<Found>,
    pub(super) inventory: Inventory,
    pub(super) histories: Histories,
    pub(super) config: Config,
    pub(super) dry: bool,
    /// What ECS and ECR say of an image that is asked about.
    pub(super) origin: Option<Origin>,
    /// What was deployed to each service, by its ARN.
    past: BTreeMap<String, Vec<Deployed>>,
}

impl Scene {
    /// One service `web` on revision 1 with these images.
    pub(super) fn new(images: &[&str]) -> Self {
        let mut scene = Self::default();
        scene.define(definition(1, images));
        scene.inventory.services.push(service("web", 1));
        scene
    }

    pub(super) fn define(&mut self, definition: Definition) {
        let arn = definition.arn.clone();
        self.inventory.definitions.insert(arn, Arc::new(definition));
    }

    pub(super) fn web(&mut self) -> &mut Service {
        self.inventory
            .services
            .iter_mut()
            .find(|service| service.name == "web")
            .unwrap()
    }

    /// The push of a record, found from now on.
    pub(super) fn pushed(mut self, name_and_tag: &str, digest: &str, minute: i64) -> Self {
        let id = format!("{digest}-{}", name_and_tag.replace(':', "-"));
        self.records.push(record(name_and_tag, digest, minute, &id));
        self
    }

    /// Writes an entry on the service `web`, as if a roll had done so.
    pub(super) fn noted(mut self, name: &str, id: &str, minute: i64, new: u32, base: u32) -> Self {
        let entry = Entry {
            time: at(minute),
            id: id.to_owned(),
            tag: id.rsplit('-').next().unwrap().to_owned(),
            new: RevisionName::of(&arn(new)),
            base: RevisionName::of(&arn(base)),
            shared: false,
            first: None,
        };
        let key = ledger::key(&repository(name));
        self.web().tags.insert(key, entry.value());
        self
    }

    /// What was deployed to the service `web`: revision and minute.
    pub(super) fn deployed(mut self, past: &[(u32, i64)]) -> Self {
        let past = past
            .iter()
            .map(|(revision, minute)| Deployed::new(arn(*revision), at(*minute)));
        let history = History::whole(past.collect());
        let web = self.web().arn.clone();
        self.histories.insert(web, history);
        self
    }

    pub(super) fn configured(mut self, config: &Value) -> Self {
        self.config = Config::from_json(config).unwrap();
        self
    }

    pub(super) fn pushes(&self) -> Vec<Push> {
        coalesce(self.records.clone())
    }

    /// The plan; what it asks ECS and ECR about images cannot be known, unless the scene knows.
    pub(super) fn plan(&self) -> Plan {
        let plan = self.first_plan(&self.inventory);
        let mut inventory = self.inventory.clone();
        for one in &plan.undated {
            let key = (one.service.clone(), one.repository.clone());
            let unknown = Origin {
                unknown: Some("nobody can say".to_owned()),
                ..Origin::default()
            };
            inventory
                .origins
                .insert(key, self.origin.clone().unwrap_or(unknown));
        }
        self.first_plan(&inventory)
    }

    /// The plan before anything was asked.
    pub(super) fn first_plan(&self, inventory: &Inventory) -> Plan {
        crate::plan::plan(
            &self.pushes(),
            inventory,
            &self.histories,
            &self.config,
            self.dry,
        )
    }

    /// The plan when there is nothing left to ask.
    pub(super) fn settled(&self) -> Plan {
        let plan = self.plan();
        assert_eq!(plan.doubts, [], "{plan:#?}");
        plan
    }

    /// The plan, with the true past of every service that it doubts.
    pub(super) fn asked(&mut self) -> Plan {
        for _ in 0..3 {
            for doubt in self.plan().doubts {
                let past = self.past.get(&doubt.service).cloned().unwrap_or_default();
                let since = past.into_iter().filter(|past| past.at > doubt.since);
                let history = History::Known(doubt.since, since.collect());
                self.histories.insert(doubt.service, history);
            }
        }
        self.settled()
    }

    /// Does what a plan says, at a minute, and leaves the account as AWS would.
    pub(super) fn carry_out(&mut self, plan: &Plan, minute: i64) {
        for note in &plan.notes {
            let mut services = self.inventory.services.iter_mut();
            let service = services.find(|s| s.arn == note.service).unwrap();
            service.tags.insert(note.tag.0.clone(), note.tag.1.clone());
        }
        for roll in &plan.rolls {
            let revision = self.revision(roll, minute);
            let mut services = self.inventory.services.iter_mut();
            let service = services.find(|s| s.arn == roll.service.arn).unwrap();
            service.tags.extend(roll.entries(&revision));
            service.task_definition.clone_from(&revision);
            service.deployed_at = Some(at(minute));
            let made = self.inventory.definitions[&revision].made();
            let made = made.unwrap_or_else(|| made_at(minute));
            let past = self.past.entry(service.arn.clone()).or_default();
            past.push(Deployed {
                made: Some(made),
                ..Deployed::new(revision, at(minute))
            });
        }
        self.histories.clear();
    }

    /// Somebody deploys a revision that is there, at a minute.
    pub(super) fn deploy(&mut self, service: &str, revision: u32, minute: i64) {
        let revision = arn(revision);
        let mut services = self.inventory.services.iter_mut();
        let deployed = services.find(|s| s.arn == service).unwrap();
        deployed.task_definition.clone_from(&revision);
        deployed.deployed_at = Some(at(minute));
        let past = self.past.entry(service.to_owned()).or_default();
        let before = past.iter().find(|past| past.task_definition == revision);
        let made = before.and_then(|past| past.made.clone());
        past.push(Deployed {
            made,
            ..Deployed::new(revision, at(minute))
        });
    }

    /// The circuit breaker undoes what was deployed last to the service `web`, and a revision runs again.
    pub(super) fn fall_back(&mut self, revision: u32, minute: i64) {
        let web = self.web();
        web.task_definition = arn(revision);
        web.deployed_at = Some(at(minute));
        let web = web.arn.clone();
        let last = self.past.get_mut(&web).and_then(|past| past.last_mut());
        last.unwrap().undone = true;
        self.histories.clear();
    }

    pub(super) fn revision(&mut self, roll: &Roll, minute: i64) -> String {
        let registration = match &roll.source {
            Source::Registered(arn) => return arn.clone(),
            Source::Same => return roll.service.task_definition.clone(),
            Source::Register(registration) => registration,
        };
        let base = &self.inventory.definitions[&registration.base];
        let mut raw = copy(base, registration).unwrap();
        let tags = raw["tags"].take();
        let number = 100 + u32::try_from(self.inventory.definitions.len()).unwrap();
        raw["taskDefinitionArn"] = json!(arn(number));
        raw["registeredAt"] = json!(at(minute).timestamp());
        self.define(Definition::read(&json!({"taskDefinition": raw, "tags": tags})).unwrap());
        arn(number)
    }

    /// A look-up at a minute, and what the services run after it.
    pub(super) fn look_up(&mut self, minute: i64) -> Plan {
        let plan = self.settled();
        self.carry_out(&plan, minute);
        plan
    }

    /// The images of the service `web`, without the registry.
    pub(super) fn images(&self) -> Vec<String> {
        let mut services = self.inventory.services.iter();
        let web = services.find(|service| service.name == "web").unwrap();
        let images = self.inventory.definitions[&web.task_definition]
            .images
            .values();
        images
            .map(|(image, _)| image.split_once('/').unwrap().1.to_owned())
            .collect()
    }
}

/// Outcomes with their tags, in the order of the plan.
pub(super) fn outcomes(plan: &Plan) -> Vec<(Outcome, &str)> {
    plan.decisions
        .iter()
        .map(|decision| (decision.outcome, decision.tag.as_str()))
        .collect()
}

/// Nothing is written.
pub(super) fn writes_nothing(plan: &Plan) {
    assert_eq!(plan.rolls, [], "{plan:#?}");
    assert_eq!(plan.notes, [], "{plan:#?}");
}

/// The tags of what the plan rolls.
pub(super) fn rolled(plan: &Plan) -> Vec<String> {
    let cargo = plan.rolls.iter().flat_map(|roll| &roll.cargo);
    cargo
        .map(|cargo| format!("{}:{}", cargo.repository.name, cargo.tag))
        .collect()
}
