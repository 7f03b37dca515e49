//! Deciding. Values in, a plan out: nothing here talks to AWS, and nothing after it chooses.
//!
//! For every service and every repository that it runs, [`verdict`] finds the one push that counts and what is to
//! become of it; here the verdicts of one service are joined into one roll, checked, and written down with the
//! decisions on all other pushes.

mod feasible;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::image::Repository;
use crate::inventory::{Controller, Definition, Inventory, Service};
use crate::ledger::{self, Entry, Stamp};
use crate::push::Push;
use crate::report::{Decision, Outcome};
use crate::revision::Registration;
use verdict::Verdict;

/// What was ever deployed to a service, read only where the ledger leaves a doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// Its deployments: ARN of the revision, and when it was first deployed.
    Known(Vec<Deployed>),
    /// It could not be read: why.
    Unknown(String),
}

/// One deployment of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// ARN of the revision.
    pub task_definition: String,
    /// When it began.
    pub at: DateTime<Utc>,
}

/// Histories by the ARN of the service.
pub type Histories = BTreeMap<String, History>;

/// Where a roll's revision comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is to be registered.
    Register(Registration),
    /// It was registered by a look-up that died before it was deployed: this ARN.
    Registered(String),
}

/// One push that a roll carries into a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cargo {
    /// The repository.
    pub repository: Repository,
    /// The tag chosen for this service.
    pub tag: String,
    /// The digest pushed.
    pub digest: String,
    /// When it was pushed, and by which identity the ledger names it.
    pub pushed: (DateTime<Utc>, String),
    /// Why this push, in a sentence.
    pub reason: String,
}

/// One service that is to be updated.
#[derive(Debug, Clone, PartialEq)]
pub struct Roll {
    /// The service as it was seen.
    pub service: Service,
    /// The revision to deploy.
    pub source: Source,
    /// The pushes that it brings; never empty.
    pub cargo: Vec<Cargo>,
    /// To be sent with the update, percent.
    pub minimum_healthy_percent: Option<i32>,
    /// Likewise.
    pub maximum_percent: Option<i32>,
}

/// A ledger entry to be written though nothing rolls: so that a later rollback of what runs is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// ARN of the service.
    pub service: String,
    /// Key and value of the tag.
    pub tag: (String, String),
}

/// A service whose past must be known before it can be decided about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// ARN of the service.
    pub service: String,
    /// ARN of its cluster.
    pub cluster: String,
    /// Deployments older than this do not matter.
    pub since: DateTime<Utc>,
}

/// Everything that a look-up concluded, before anything is done about it.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct Plan {
    /// What is settled already.
    pub decisions: Vec<Decision>,
    /// What is to be rolled.
    pub rolls: Vec<Roll>,
    /// What is to be noted besides.
    pub notes: Vec<Note>,
    /// What must be asked first; the plan is made again with the answers.
    pub doubts: Vec<Doubt>,
}

/// Decides for every push and every service that runs its repository.
///
/// `pushes` as [`crate::push::coalesce`] orders them; `histories` for the doubts of the plan before, empty at first.
/// `dry` holds everything.
pub fn plan(
    pushes: &[Push],
    inventory: &Inventory,
    histories: &Histories,
    config: &Config,
    dry: bool,
) -> Plan {
    let mut plan = Plan::default();
    for service in &inventory.services {
        if let Some(definition) = inventory.definitions.get(&service.task_definition) {
            let history = histories.get(&service.arn);
            Deciding {
                service,
                definition,
                history,
                config,
                dry,
            }
            .decide(pushes, &mut plan);
        }
    }
    plan
}

/// One service while it is decided about.
struct Deciding<'a> {
    service: &'a Service,
    definition: &'a Arc<Definition>,
    history: Option<&'a History>,
    config: &'a Config,
    dry: bool,
}

impl Deciding<'_> {
    fn decide(&self, pushes: &[Push], plan: &mut Plan) {
        let mut moves = Vec::new();
        let mut resumed = None;
        for repository in self.definition.repositories() {
            let pushed: Vec<&Push> = pushes
                .iter()
                .filter(|push| push.repository == *repository)
                .collect();
            match self.verdict(repository, &pushed, plan) {
                Verdict::Nothing => {}
                Verdict::Settled {
                    push,
                    tag,
                    outcome,
                    reason,
                } => {
                    plan.decisions
                        .push(self.decision(push, &tag, outcome, reason));
                }
                Verdict::Runs { push, tag, note } => {
                    let reason = "the service runs this image".to_owned();
                    plan.decisions
                        .push(self.decision(push, &tag, Outcome::Unchanged, reason));
                    if note && !self.dry && !self.service.has_short_arn() {
                        plan.notes.push(self.note(push, &tag));
                    }
                }
                Verdict::Roll { push, tag, reason } => moves.push((push, tag, reason)),
                Verdict::Resume {
                    entry,
                    push,
                    revision,
                } => resumed = Some((entry, push, revision)),
                Verdict::Doubt { since } => plan.doubts.push(Doubt {
                    service: self.service.arn.clone(),
                    cluster: self.service.cluster_arn.clone(),
                    since,
                }),
            }
        }
        match resumed {
            Some((entry, push, revision)) if moves.is_empty() => {
                self.resume(&entry, push, revision, plan);
            }
            Some((entry, Some(push), _)) => {
                let reason = "taken up again together with another push".to_owned();
                moves.push((push, entry.tag, reason));
                self.roll(&moves, plan);
            }
            _ if moves.is_empty() => {}
            _ => self.roll(&moves, plan),
        }
    }

    fn decision(&self, push: &Push, tag: &str, outcome: Outcome, reason: String) -> Decision {
        Decision {
            cluster: self.service.cluster().to_owned(),
            service: self.service.name.clone(),
            repository: push.repository.name.clone(),
            tag: tag.to_owned(),
            digest: push.digest.clone(),
            outcome,
            reason,
            from: Some(self.service.task_definition.clone()),
            to: None,
            push: push.id().to_owned(),
            retryable: false,
        }
    }

    fn note(&self, push: &Push, tag: &str) -> Note {
        let running = &self.service.task_definition;
        let entry = Entry::new(push, tag, running, running);
        let tag = (ledger::key(&push.repository), entry.value());
        Note {
            service: self.service.arn.clone(),
            tag,
        }
    }

    /// Registers a revision with all images that moved, unless something speaks against it.
    fn roll(&self, moves: &[(&Push, String, String)], plan: &mut Plan) {
        if let Some((outcome, reason)) = self.objection(moves.iter().map(|(push, ..)| *push)) {
            for (push, tag, _) in moves {
                plan.decisions
                    .push(self.decision(push, tag, outcome, reason.clone()));
            }
            return;
        }
        let mut images = BTreeMap::new();
        let mut stamps = BTreeMap::new();
        for (push, tag, _) in moves {
            let mut moved = Vec::new();
            for (index, (_, image)) in &self.definition.images {
                if image.repository == push.repository {
                    moved.push((*index, image.moved_to(tag, &push.digest)));
                }
            }
            let strings: Vec<&str> = moved.iter().map(|(_, image)| image.as_str()).collect();
            let stamp = Stamp::new(push, &strings);
            stamps.insert(ledger::key(&push.repository), stamp.value());
            images.extend(moved);
        }
        let base = self.definition.arn.clone();
        let cargo = moves.iter().map(|(push, tag, reason)| Cargo {
            repository: push.repository.clone(),
            tag: tag.clone(),
            digest: push.digest.clone(),
            pushed: (push.time(), push.id().to_owned()),
            reason: reason.clone(),
        });
        let source = Source::Register(Registration {
            base,
            images,
            stamps,
        });
        plan.rolls
            .push(self.as_roll(source, cargo.collect(), moves.iter().map(|m| m.0)));
    }

    /// Deploys the revision that an earlier look-up registered and noted, but did not live to deploy.
    fn resume(&self, entry: &Entry, push: Option<&Push>, revision: String, plan: &mut Plan) {
        let reason = "an earlier look-up ended before it could deploy this: taken up again";
        let repository = self
            .definition
            .repositories()
            .into_iter()
            .find(|repository| self.service.entry(repository).as_ref() == Some(entry));
        let Some(repository) = repository else { return };
        if let Some((outcome, reason)) = self.objection(push.into_iter()) {
            if let Some(push) = push {
                plan.decisions
                    .push(self.decision(push, &entry.tag, outcome, reason));
            }
            return;
        }
        let cargo = Cargo {
            repository: repository.clone(),
            tag: entry.tag.clone(),
            digest: push.map(|push| push.digest.clone()).unwrap_or_default(),
            pushed: (entry.time, entry.id.clone()),
            reason: reason.to_owned(),
        };
        plan.rolls
            .push(self.as_roll(Source::Registered(revision), vec![cargo], push.into_iter()));
    }

    fn as_roll<'p>(
        &self,
        source: Source,
        cargo: Vec<Cargo>,
        pushes: impl Iterator<Item = &'p Push>,
    ) -> Roll {
        let (minimum, maximum) = self.percentages(pushes);
        let changed = |wanted: Option<i32>, now: i32| wanted.filter(|wanted| *wanted != now);
        let rolling = self.service.controller == Controller::Rolling;
        Roll {
            service: self.service.clone(),
            source,
            cargo,
            // Percentages stick to the service, so they are sent only when they change something; blue/green has
            // no use for them, and a daemon service takes the minimum alone (Terraform's provider does the same).
            minimum_healthy_percent: changed(minimum, self.service.minimum_healthy_percent)
                .filter(|_| rolling),
            maximum_percent: changed(maximum, self.service.maximum_percent)
                .filter(|_| rolling && !self.service.daemon),
        }
    }

    /// The percentages that the configuration asks for, by the first of the pushes.
    fn percentages<'p>(
        &self,
        mut pushes: impl Iterator<Item = &'p Push>,
    ) -> (Option<i32>, Option<i32>) {
        let repository = pushes
            .next()
            .map_or("", |push| push.repository.name.as_str());
        let settings = self
            .config
            .settings(self.service.cluster(), &self.service.name, repository);
        (settings.minimum_healthy_percent, settings.maximum_percent)
    }

    /// What speaks against a roll of this service, whatever the push.
    fn objection<'p>(&self, pushes: impl Iterator<Item = &'p Push>) -> Option<(Outcome, String)> {
        let service = self.service;
        let pushes: Vec<&Push> = pushes.collect();
        let refused = |reason: String| Some((Outcome::Refused, reason));
        if self.dry {
            return Some((
                Outcome::Held,
                "dry run: it would have been rolled".to_owned(),
            ));
        }
        let hold = |push: &&Push| {
            self.config
                .settings(service.cluster(), &service.name, &push.repository.name)
                .hold
        };
        if pushes.iter().any(hold) || (pushes.is_empty() && self.config.service.hold) {
            let reason = "`hold` is set for this service; clear it to let the push roll";
            return Some((Outcome::Held, reason.to_owned()));
        }
        if service.status != "ACTIVE" {
            return refused(format!("the service is {}, not ACTIVE", service.status));
        }
        if service.express {
            return refused("an Express service: ECS owns its definition".to_owned());
        }
        if let Controller::Foreign(name) = &service.controller {
            return refused(format!("its deployments belong to {name}: start one there"));
        }
        if service.has_short_arn() {
            return refused(format!(
                "its ARN is of the old short form, which cannot carry the ledger's tags; move it with `aws ecs \
                 put-account-setting --name serviceLongArnFormat --value enabled` and re-create the service {}",
                service.name,
            ));
        }
        let (minimum, maximum) = self.percentages(pushes.iter().copied());
        feasible::obstacle(service, minimum, maximum).map(|reason| (Outcome::Refused, reason))
    }
}

/// The registrations that a plan's rolls need, each once.
#[must_use]
pub fn registrations(rolls: &[Roll]) -> BTreeSet<&Registration> {
    rolls
        .iter()
        .filter_map(|roll| match &roll.source {
            Source::Register(registration) => Some(registration),
            Source::Registered(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
