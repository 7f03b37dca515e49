//! Deciding. Values in, a plan out: nothing here talks to AWS, and nothing after it chooses.
//!
//! For every service and every repository that it runs, `verdict` finds the one push that counts and what is to
//! become of it; here the verdicts of one service are joined into one roll, checked, and written down with the
//! decisions on all other pushes.

mod doubt;
mod feasible;
mod objection;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::{Config, ServiceSettings};
use crate::image::Repository;
use crate::inventory::{Controller, Definition, Inventory, Service};
use crate::ledger::{self, Entry, Stamp};
use crate::push::Push;
use crate::report::{Decision, Outcome};
use crate::revision::Registration;
use verdict::{Candidate, Settled, Verdict};

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
    /// The identity by which the report names it.
    pub push: String,
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

/// A push that is to be rolled, and why.
struct Move<'p> {
    candidate: Candidate<'p>,
    reason: String,
}

/// A roll that an earlier look-up did not live to finish.
struct Left<'p> {
    repository: Repository,
    entry: Entry,
    candidate: Option<Candidate<'p>>,
    revision: String,
}

const TAKEN_UP: &str = "an earlier look-up ended before it could deploy this: taken up again";

impl Deciding<'_> {
    fn decide(&self, pushes: &[Push], plan: &mut Plan) {
        let mut moves = Vec::new();
        let mut left = Vec::new();
        for repository in self.definition.repositories() {
            let its: Vec<&Push> = pushes
                .iter()
                .filter(|push| push.repository == *repository)
                .collect();
            match self.verdict(repository, &its, plan) {
                Verdict::Nothing => {}
                Verdict::Settled(done) => self.settle(repository, done, plan),
                Verdict::Doubt { since } => self.doubt(since, plan),
                Verdict::Roll { candidate, reason } => {
                    if self.may_move(repository, Some(&candidate), plan) {
                        moves.push(Move { candidate, reason });
                    }
                }
                Verdict::Resume {
                    entry,
                    candidate,
                    revision,
                } => {
                    if self.may_move(repository, candidate.as_ref(), plan) {
                        left.push(Left {
                            repository: repository.clone(),
                            entry,
                            candidate,
                            revision,
                        });
                    }
                }
            }
        }
        let last = left.last().map(|last| last.revision.clone());
        let one = left.iter().all(|l| Some(&l.revision) == last.as_ref());
        if !moves.is_empty() || !one {
            // One revision for all of them: those whose push is in sight are made anew.
            let known = left.iter_mut().filter_map(|left| left.candidate.take());
            let anew = |candidate| Move {
                candidate,
                reason: TAKEN_UP.to_owned(),
            };
            moves.extend(known.map(anew));
        }
        if !moves.is_empty() {
            self.roll(&moves, plan);
        } else if let Some(revision) = last {
            left.retain(|left| left.revision == revision);
            self.resume(&left, revision, plan);
        }
    }

    /// Whether nothing speaks against a roll; what does becomes the decision on its push.
    fn may_move(
        &self,
        repository: &Repository,
        candidate: Option<&Candidate<'_>>,
        plan: &mut Plan,
    ) -> bool {
        let objection = self.objection(repository);
        if let (Some((outcome, reason)), Some(candidate)) = (&objection, candidate) {
            let Candidate { push, tag, .. } = candidate;
            let decision = self.decision(push, tag, *outcome, reason.clone());
            plan.decisions.push(decision);
        }
        objection.is_none()
    }

    fn settle(&self, repository: &Repository, settled: Settled<'_>, plan: &mut Plan) {
        let Settled {
            candidate,
            outcome,
            reason,
            note,
        } = settled;
        plan.decisions
            .push(self.decision(candidate.push, &candidate.tag, outcome, reason));
        // Where nothing may roll, nothing is written either.
        if let Some(entry) = note.filter(|_| self.objection(repository).is_none()) {
            plan.notes.push(Note {
                service: self.service.arn.clone(),
                tag: (ledger::key(repository), entry.value()),
            });
        }
    }

    /// Each service is asked about once, from the earliest doubt on.
    fn doubt(&self, since: DateTime<Utc>, plan: &mut Plan) {
        let mut doubts = plan.doubts.iter_mut();
        match doubts.find(|doubt| doubt.service == self.service.arn) {
            Some(doubt) => doubt.since = doubt.since.min(since),
            None => plan.doubts.push(Doubt {
                service: self.service.arn.clone(),
                cluster: self.service.cluster_arn.clone(),
                since,
            }),
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

    /// Registers a revision with all images that moved.
    fn roll(&self, moves: &[Move<'_>], plan: &mut Plan) {
        let mut images = BTreeMap::new();
        let mut stamps = BTreeMap::new();
        let mut cargo = Vec::new();
        for Move { candidate, reason } in moves {
            let Candidate { push, tag, record } = candidate;
            let mut changed = Vec::new();
            for (index, (_, image)) in &self.definition.images {
                if image.repository == push.repository {
                    changed.push((*index, image.moved_to(tag, &push.digest)));
                }
            }
            let strings: Vec<&str> = changed.iter().map(|(_, image)| image.as_str()).collect();
            let stamp = Stamp::new(push, record, &strings);
            stamps.insert(ledger::key(&push.repository), stamp.value());
            images.extend(changed);
            cargo.push(Cargo {
                repository: push.repository.clone(),
                tag: tag.clone(),
                digest: push.digest.clone(),
                pushed: (record.time, ledger::word(&record.id)),
                push: push.id().to_owned(),
                reason: reason.clone(),
            });
        }
        let base = self.definition.arn.clone();
        let source = Source::Register(Registration {
            base,
            images,
            stamps,
        });
        plan.rolls.push(self.as_roll(source, cargo));
    }

    /// Deploys the revision that an earlier look-up registered and noted, but did not live to deploy.
    fn resume(&self, left: &[Left<'_>], revision: String, plan: &mut Plan) {
        let cargo = |left: &Left<'_>| {
            let push = left.candidate.as_ref().map(|candidate| candidate.push);
            Cargo {
                repository: left.repository.clone(),
                tag: left.entry.tag.clone(),
                digest: push.map(|push| push.digest.clone()).unwrap_or_default(),
                pushed: (left.entry.time, left.entry.id.clone()),
                push: push.map_or_else(|| left.entry.id.clone(), |push| push.id().to_owned()),
                reason: TAKEN_UP.to_owned(),
            }
        };
        let cargo = left.iter().map(cargo).collect();
        plan.rolls
            .push(self.as_roll(Source::Registered(revision), cargo));
    }

    fn as_roll(&self, source: Source, cargo: Vec<Cargo>) -> Roll {
        let asked: Vec<ServiceSettings> = cargo
            .iter()
            .map(|cargo| self.settings(&cargo.repository))
            .collect();
        let minimum = asked.iter().find_map(|asked| asked.minimum_healthy_percent);
        let maximum = asked.iter().find_map(|asked| asked.maximum_percent);
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

    /// What the configuration says about this service and one of its repositories.
    fn settings(&self, repository: &Repository) -> ServiceSettings {
        let (cluster, service) = (self.service.cluster(), &self.service.name);
        self.config.settings(cluster, service, &repository.name)
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
