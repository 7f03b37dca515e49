//! How each service stands towards each repository that it runs: the same judgement as the plan's, told instead of acted
//! upon. Pure, as the plan is.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::running::Running;
use super::verdict::{Candidate, Settled, Verdict};
use super::{Deciding, Doubt, Histories, History, Plan, Undated, by_name, waves};
use crate::config::{Config, ServiceSettings};
use crate::image::Repository;
use crate::inventory::Inventory;
use crate::ledger::Entry;
use crate::manifest::Kind;
use crate::push::{Push, Tagged};
use crate::report::{Decision, Outcome};

/// How one service stands towards one repository.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// ARN of the service.
    pub service: String,
    /// The repository.
    pub repository: Repository,
    /// What holds for the two.
    pub settings: ServiceSettings,
    /// Whether the configuration's `repositories` take it.
    pub followed: bool,
    /// The images of the service's containers, as written; none where it belongs to the repository by its name alone.
    pub images: Vec<String>,
    /// What runs.
    pub running: Known,
    /// What the ledger says of it.
    pub noted: Noted,
    /// What speaks against any roll, whatever is pushed: `held` or `refused`, and why.
    pub objection: Option<(Outcome, String)>,
    /// Its wave, where the configuration has any.
    pub wave: Option<InWave>,
    /// What a look-up would decide about the pushes in sight, with the time of each push; the newest first.
    pub decisions: Vec<(DateTime<Utc>, Decision)>,
}

/// A service's place among the waves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InWave {
    /// The first is 1; the one after the last is that of all services that none names.
    pub number: usize,
    /// What a newer push waits for, and whether for good: an earlier wave had it undone.
    pub held: Option<(String, bool)>,
}

/// What is known of an image that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The tag: the one that the containers name, else the one by which the push is known.
    pub tag: Option<String>,
    /// The digest.
    pub digest: Option<String>,
    /// When it was pushed.
    pub pushed_at: Option<DateTime<Utc>>,
}

/// What the ledger says, beside what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// Nothing: no push has rolled it, or been found running.
    Nothing,
    /// The push that it names runs.
    Runs(Entry),
    /// The push that it names is to be deployed by the next look-up: why it was not yet.
    Waits(Entry, String),
    /// Another image runs, and only the next push moves it: who did that, and the handler's reason.
    Undone(Entry, By, String),
}

/// Who put another image in the place of the ledger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// ECS gave the roll up.
    CircuitBreaker,
    /// A person, or a program such as Terraform.
    Somebody,
    /// Nobody can tell.
    Unknown,
}

/// How everything stands, and what must be asked before that is certain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standings {
    /// One for each service and repository.
    pub standings: Vec<Standing>,
    /// As in [`Plan::doubts`].
    pub doubts: Vec<Doubt>,
    /// As in [`Plan::undated`].
    pub undated: Vec<Undated>,
}

/// Judges every service. The arguments are those of [`super::plan`].
#[must_use]
pub fn standings(
    pushes: &[Push],
    inventory: &Inventory,
    histories: &Histories,
    config: &Config,
) -> Standings {
    let mut all = Standings::default();
    let by_name = by_name(config, inventory);
    // As a look-up plans: first as if there were no waves.
    let (mut held, mut asked) = (super::Held::new(), Plan::default());
    if !config.waves.is_empty() {
        let plan = super::ordered(pushes, inventory, histories, config, false, &held);
        let doubts;
        (held, doubts) = waves::held(&plan, pushes, inventory, histories, config);
        asked.doubt_all(doubts);
    }
    for service in &inventory.services {
        let Some(definition) = inventory.definitions.get(&service.task_definition) else {
            continue;
        };
        let mut deciding = Deciding {
            history: histories.get(&service.arn),
            by_name,
            // Nothing is rolled here: a push that would be is held by that.
            dry: true,
            held: &held,
            ..Deciding::new(service, definition, &inventory.origins, config)
        };
        let mut plan = Plan::default();
        deciding.decide(pushes, &mut plan);
        deciding.dry = false;
        let repositories: Vec<Repository> =
            deciding.repositories(pushes).into_iter().cloned().collect();
        for repository in repositories {
            all.standings
                .push(deciding.standing(&repository, pushes, &mut plan));
        }
        asked.doubt_all(plan.doubts);
        all.undated.extend(plan.undated);
    }
    asked.reach_back(pushes, inventory, config);
    all.doubts = asked.doubts;
    all
}

impl Deciding<'_> {
    fn standing(&self, repository: &Repository, pushes: &[Push], plan: &mut Plan) -> Standing {
        let its: Vec<&Push> = pushes
            .iter()
            .filter(|push| push.repository == *repository)
            .collect();
        let running = self.running(repository, &its);
        let entry = self.entry(repository, &its);
        let mut known = Known {
            tag: self.one_tag(repository),
            digest: running.digest.clone(),
            pushed_at: running.time,
        };
        let noted = match entry {
            None => Noted::Nothing,
            Some(entry) => self.noted(repository, entry, &its, (&running, &known), plan),
        };
        if let Noted::Runs(entry) = &noted {
            known.tag = known.tag.or_else(|| Some(entry.tag.clone()));
            known.pushed_at = known.pushed_at.or(Some(entry.time));
        }
        let push = running.push.map(|push| push.tag().to_owned());
        known.tag = known.tag.or(push);
        let mut decisions: Vec<(DateTime<Utc>, Decision)> = its
            .iter()
            .flat_map(|push| {
                let of = plan.decisions.iter().filter(|decision| {
                    decision.push == push.id() && decision.repository == repository.name
                });
                of.map(|decision| (push.time(), decision.clone()))
            })
            .collect();
        decisions.reverse();
        Standing {
            service: self.service.arn.clone(),
            repository: repository.clone(),
            settings: self.settings(repository),
            followed: self.config.follows_repository(&repository.name),
            images: self
                .definition
                .images_of(repository)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            running: known,
            noted,
            objection: self
                .refused_by_tags()
                .or_else(|| self.objection(repository)),
            wave: self.in_wave(repository),
            decisions,
        }
    }

    fn in_wave(&self, repository: &Repository) -> Option<InWave> {
        let key = (self.service.arn.clone(), repository.clone());
        (!self.config.waves.is_empty()).then(|| InWave {
            number: waves::wave(self.config, self.service) + 1,
            held: self.held.get(&key).cloned(),
        })
    }

    fn refused_by_tags(&self) -> Option<(Outcome, String)> {
        (!self.own.wrong.is_empty()).then(|| (Outcome::Refused, self.wrong_tags()))
    }

    /// The tag that all containers of a repository name.
    fn one_tag(&self, repository: &Repository) -> Option<String> {
        let images = self.definition.images.values();
        let of = images.filter(|(_, image)| image.repository == *repository);
        let mut tags: BTreeSet<Option<&String>> = of.map(|(_, image)| image.tag.as_ref()).collect();
        let first = tags.pop_first().flatten();
        first.filter(|_| tags.is_empty()).cloned()
    }

    fn noted(
        &self,
        repository: &Repository,
        entry: Entry,
        pushed: &[&Push],
        (running, runs): (&Running<'_>, &Known),
        plan: &mut Plan,
    ) -> Noted {
        if self.runs_as_noted(repository, &entry, runs) {
            return Noted::Runs(entry);
        }
        // The judgement is that on the push that the entry names; of a push it needs no more than the entry says.
        let record = Tagged {
            tag: entry.tag.clone(),
            time: entry.time,
            id: entry.word().to_owned(),
        };
        let push = Push {
            repository: repository.clone(),
            tagged: vec![record.clone()],
            digest: String::new(),
            order: (entry.time, 0, 0, record.id.clone()),
            kind: Kind::Image,
        };
        let candidate = Candidate {
            push: &push,
            tag: entry.tag.clone(),
            record: &record,
        };
        // In sight it has other tags besides.
        let mut seen = pushed.iter().filter(|push| entry.names(push));
        let seen = seen.find_map(|push| self.eligible(push).ok());
        let seen = seen.map(|seen| self.by_what_it_stands_for(repository, seen));
        let candidate = seen.unwrap_or(candidate);
        let known = self.is_known(repository, running.digest.as_ref());
        let ahead = running.is_ahead_of(&candidate);
        let brought = (known || ahead) && self.is_below(repository, &entry);
        match self.doubtful(repository, entry.clone(), Some(candidate), brought) {
            Verdict::Doubt { since } => {
                self.doubt(since, plan);
                let reason = "what was deployed since is not known";
                Noted::Undone(entry, By::Unknown, reason.to_owned())
            }
            Verdict::Settled(Settled { reason, .. }) => {
                if runs.pushed_at.is_none() {
                    self.ask_for_the_age(repository, &entry, plan);
                }
                let by = self.undone_by(&entry);
                Noted::Undone(entry, by, reason)
            }
            Verdict::Resume { .. } => {
                let reason = "registered, and not deployed yet: the next look-up takes it up";
                Noted::Waits(entry, reason.to_owned())
            }
            Verdict::Roll { candidate, .. } | Verdict::Alone { candidate, .. }
                if self.is_above(repository, running, &candidate) =>
            {
                Noted::Undone(entry, By::Unknown, Self::not_above(&candidate))
            }
            Verdict::Roll { reason, .. } | Verdict::Alone { reason, .. } => {
                Noted::Waits(entry, reason)
            }
            Verdict::Nothing | Verdict::Force { .. } | Verdict::Undated(_) => Noted::Nothing,
        }
    }

    /// Whether what runs is the image of the entry's push, by its revision, its stamp, its digest or its tag.
    fn runs_as_noted(&self, repository: &Repository, entry: &Entry, runs: &Known) -> bool {
        let stamp = self.definition.stamp(repository);
        // What ECS pulled counts more than what the tag named when the revision was made.
        let pulled = |digest: &String| runs.digest.as_ref().is_none_or(|runs| runs == digest);
        if stamp.is_some_and(|s| s.id == entry.word() && s.time == entry.time && pulled(&s.digest))
        {
            return true;
        }
        let revision = &self.service.task_definition;
        if let Some(digest) = &runs.digest {
            return entry.is_of(digest);
        }
        // The base may name the same tag: it is the digest that a push brings.
        let named = runs.tag.as_ref() == Some(&entry.tag);
        entry.new.names(revision) || (named && !entry.base.names(revision))
    }

    fn undone_by(&self, entry: &Entry) -> By {
        match self.history {
            Some(History::Known(_, deployed)) => {
                let mut undone = deployed.iter().filter(|past| past.undone);
                if undone.any(|past| entry.new.names(&past.task_definition)) {
                    By::CircuitBreaker
                } else {
                    By::Somebody
                }
            }
            _ => By::Unknown,
        }
    }

    /// What somebody deployed may be older or newer than the ledger's push. What ran before it is older in any case.
    fn ask_for_the_age(&self, repository: &Repository, entry: &Entry, plan: &mut Plan) {
        let known =
            entry.base.names(&self.service.task_definition) || self.origin(repository).is_some();
        let Some(deployed_at) = self.service.deployed_at.filter(|_| !known) else {
            return;
        };
        let question = self.question(repository, deployed_at);
        if !question.images.is_empty() && !plan.undated.contains(&question) {
            plan.undated.push(question);
        }
    }
}
