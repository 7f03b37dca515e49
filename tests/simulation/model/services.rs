//! What every service runs and is asked to be, told from the journal alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::definitions::Definition;
use super::image::Repository;
use super::policy::Asked;
use super::pushes::Group;
use crate::trace::Push;

/// Cluster and service, by name.
pub(super) type Key = (String, String);

/// Who began a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Ecroll,
    Person,
    /// The circuit breaker went back.
    Breaker,
}

/// A deployment, current or past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deployment {
    pub(super) at: DateTime<Utc>,
    pub(super) id: String,
    pub(super) definition: String,
    pub(super) by: By,
    /// What each container's image meant to the registry when it began, where it is in ECR and was pushed.
    pub(super) digests: BTreeMap<String, (Repository, String)>,
    /// The repositories for which ecroll began it.
    pub(super) rolled: BTreeSet<Repository>,
    /// Those whose image ecroll brought, with this deployment or with one that it was to follow or to bring back.
    pub(super) brought: BTreeSet<Repository>,
    /// What ran before it was healthy, and nobody has touched the service since: rule 7 can be seen.
    pub(super) watched: bool,
}

impl Deployment {
    /// The digests that run of a repository, each once.
    pub(super) fn digests_of(&self, repository: &Repository) -> BTreeSet<&str> {
        let all = self.digests.values();
        let of = all.filter(|(of, _)| of == repository);
        of.map(|(_, digest)| digest.as_str()).collect()
    }
}

/// An UpdateService that a program or a person sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Update {
    pub(super) at: DateTime<Utc>,
    pub(super) by: By,
    pub(super) input: Value,
    /// What it said of counts and percentages has been taken in.
    pub(super) applied: bool,
}

impl Update {
    pub(super) fn definition(&self) -> Option<&str> {
        self.input.get("taskDefinition").and_then(Value::as_str)
    }

    pub(super) fn forces(&self) -> bool {
        let force = self.input.get("forceNewDeployment");
        force.and_then(Value::as_bool).unwrap_or(false)
    }
}

/// A service of the account.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) key: Key,
    pub(super) asked: Asked,
    pub(super) daemon: bool,
    pub(super) desired: u32,
    pub(super) minimum: u32,
    pub(super) maximum: u32,
    /// The current deployment and the one before it.
    pub(super) runs: Option<Deployment>,
    pub(super) before: Option<Deployment>,
    /// What the breaker would go back to.
    pub(super) completed: Option<Deployment>,
    /// Since when it runs each repository that it runs now.
    pub(super) since: BTreeMap<Repository, DateTime<Utc>>,
    /// What was sent of late, oldest first.
    pub(super) updates: Vec<Update>,
    /// When the handler last read it.
    pub(super) read_at: Option<DateTime<Utc>>,
    /// When somebody other than ecroll last deployed it; the circuit breaker chooses nothing.
    pub(super) chosen_at: Option<DateTime<Utc>>,
    /// When a person last changed its count or percentages.
    pub(super) changed_at: Option<DateTime<Utc>>,
    /// Records whose push ecroll rolled here, or found running, and when.
    pub(super) done: BTreeMap<String, DateTime<Utc>>,
    /// Records that the ledger was seen to name, and when.
    pub(super) noted: BTreeMap<String, DateTime<Utc>>,
    /// Those of them that it named, and not another record of the same push.
    pub(super) named: BTreeSet<String>,
    /// What the ledger was seen to name as found in a registry: the end of the digest, and the tag.
    pub(super) found: BTreeSet<(String, String)>,
    /// Records of those that somebody or the breaker deployed over.
    pub(super) undone: BTreeSet<String>,
    /// Records of those that had been rolled or noted when a deployment could not start, with no way back.
    pub(super) failed: BTreeSet<String>,
    /// Images that ecroll had brought and that were stopped while they ran, by somebody or the breaker, and when: what came then
    /// was another one.
    pub(super) stopped: BTreeMap<(Repository, String), DateTime<Utc>>,
    /// Repositories whose push may be tried once more, alone.
    pub(super) alone: BTreeSet<Repository>,
}

/// How many tasks of so many must stay healthy: the minimum is rounded up (developer guide, rolling update).
pub(super) fn fewest(desired: u32, minimum: u32) -> u32 {
    desired.saturating_mul(minimum).div_ceil(100)
}

/// How many tasks there may be at most: the maximum is rounded down.
pub(super) fn most(desired: u32, maximum: u32) -> u32 {
    desired.saturating_mul(maximum) / 100
}

impl Service {
    /// A service as CreateService asks for it. Defaults: REPLICA 100/200, DAEMON 0 and no maximum (API model).
    pub(super) fn new(key: Key, asked: Asked, input: &Value) -> Self {
        let daemon = input.get("schedulingStrategy").and_then(Value::as_str) == Some("DAEMON");
        let mut service = Self {
            key,
            asked,
            daemon,
            desired: 1,
            minimum: if daemon { 0 } else { 100 },
            maximum: if daemon { 100 } else { 200 },
            runs: None,
            before: None,
            completed: None,
            since: BTreeMap::new(),
            updates: Vec::new(),
            read_at: None,
            chosen_at: None,
            changed_at: None,
            done: BTreeMap::new(),
            noted: BTreeMap::new(),
            named: BTreeSet::new(),
            found: BTreeSet::new(),
            undone: BTreeSet::new(),
            failed: BTreeSet::new(),
            stopped: BTreeMap::new(),
            alone: BTreeSet::new(),
        };
        service.apply(input);
        service
    }

    /// Somebody else deployed: what was rolled or noted until then stays undone until the next push, whatever ecroll rolls
    /// for other repositories meanwhile.
    pub(super) fn overruled(&mut self, at: DateTime<Utc>) {
        let known = self.done.iter().chain(&self.noted);
        let until = known.filter(|(_, since)| **since <= at);
        self.undone.extend(until.map(|(id, _)| id.clone()));
    }

    /// Whether what is to run has the image of a push.
    pub(super) fn deploys(&self, push: Option<(&Repository, &Push)>) -> bool {
        let runs = self.runs.iter().flat_map(|runs| runs.digests.values());
        push.is_some_and(|(of, push)| {
            let mut images = runs.filter(|(repository, _)| repository == of);
            images.any(|(_, digest)| *digest == push.digest)
        })
    }

    /// What was to be deployed could not start, and there is nothing to go back to.
    pub(super) fn could_not_start<'r>(
        &mut self,
        find: impl Fn(&str) -> Option<(&'r Repository, &'r Push)>,
    ) {
        let known = self.done.keys().chain(self.noted.keys());
        let failed = known.filter(|id| self.deploys(find(id)));
        let failed: Vec<String> = failed.cloned().collect();
        self.failed.extend(failed);
    }

    /// Whether a push was undone, or could not start.
    pub(super) fn is_given_up(&self, group: &Group) -> bool {
        let mut ids = group.ids();
        ids.any(|id| self.undone.contains(id) || self.failed.contains(id))
    }

    /// A deployment begins in the place of another, which may take an image from some containers only. What begins again is not
    /// stopped any more.
    pub(super) fn begins(&mut self, begun: &Deployment) {
        let mut again: BTreeSet<_> = begun.digests.values().collect();
        if let Some(runs) = self.runs.as_ref().filter(|_| begun.by != By::Ecroll) {
            let brought = runs.digests.iter();
            let brought = brought.filter(|(_, (of, _))| runs.brought.contains(of));
            let lost = brought.filter(|(name, image)| begun.digests.get(*name) != Some(*image));
            for (_, image) in lost {
                again.remove(image);
                self.stopped.insert(image.clone(), begun.at);
            }
        }
        self.stopped.retain(|image, _| !again.contains(image));
    }

    /// Takes in the count and the percentages of a call.
    pub(super) fn apply(&mut self, input: &Value) {
        let number = |pointer: &str| {
            let number = input.pointer(pointer).and_then(Value::as_u64);
            number.and_then(|number| u32::try_from(number).ok())
        };
        let percentages = [
            ("/desiredCount", &mut self.desired),
            (
                "/deploymentConfiguration/minimumHealthyPercent",
                &mut self.minimum,
            ),
            ("/deploymentConfiguration/maximumPercent", &mut self.maximum),
        ];
        for (pointer, into) in percentages {
            if let Some(number) = number(pointer) {
                *into = number;
            }
        }
    }

    /// Whether a rolling deployment could move: one task more may start, or one may stop.
    pub(super) fn can_move(&self, minimum: u32, maximum: u32) -> bool {
        let one_more = most(self.desired, maximum) > self.desired;
        let one_less = fewest(self.desired, minimum) < self.desired;
        self.daemon || self.desired == 0 || one_more || one_less
    }

    /// Whether a roll could move with what is asked for over what the service has.
    pub(super) fn is_feasible(&self) -> bool {
        let minimum = self.asked.minimum.unwrap_or(self.minimum);
        let maximum = self.asked.maximum.unwrap_or(self.maximum);
        self.can_move(minimum, maximum)
    }

    /// Whether it is free to roll, and ECS takes and carries out what it is rolled with: a DAEMON service at 100 % may stop no
    /// task, and 100/100 is no pair.
    pub(super) fn may_roll(&self) -> bool {
        let minimum = self.asked.minimum.unwrap_or(self.minimum);
        let maximum = self.asked.maximum.unwrap_or(self.maximum);
        let stuck = self.daemon && minimum >= 100;
        let not_taken = !self.daemon && (minimum, maximum) == (100, 100);
        !self.asked.hold && self.is_feasible() && !stuck && !not_taken
    }

    /// Whether the service's name begins with the repository's, by whole words.
    ///
    /// DESIGN says "service name begins with the repository name", README that `api` takes `api-worker` and not `apis`. A
    /// service's name has no `/` and no `.`, so these stand as `-`.
    pub(super) fn is_named_after(&self, repository: &Repository) -> bool {
        let start = repository.name.replace(['/', '.'], "-");
        let rest = self.key.1.strip_prefix(&start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    }

    /// Whether its pushes may roll the service: `match = "name-prefix"` takes only services named after the repository, also
    /// where a container names it (README: "takes services named after the repository"); of those that it runs the one whose
    /// name fits best has it.
    pub(super) fn may_follow(&self, repository: &Repository) -> bool {
        let mut run = self.since.keys();
        let own =
            self.is_named_after(repository) && !run.any(|other| self.is_closer(other, repository));
        !self.asked.name_prefix || own
    }

    fn is_closer(&self, one: &Repository, other: &Repository) -> bool {
        self.is_named_after(one) && one.name.len() > other.name.len()
    }

    /// Whether a push to this repository concerns it: a container names exactly this repository, or the configuration says
    /// that names decide, which holds within one account and Region (README), and of several names the longest has it.
    pub(super) fn belongs(
        &self,
        repository: &Repository,
        runs: &Definition,
        place: &local::Place,
    ) -> bool {
        let mut named = runs.repositories();
        if named.any(|named| named == repository) {
            return true;
        }
        let here = repository.account == place.account && repository.region == place.region;
        self.asked.name_prefix
            && here
            && self.is_named_after(repository)
            && !runs
                .repositories()
                .any(|other| self.is_closer(other, repository))
    }
}
