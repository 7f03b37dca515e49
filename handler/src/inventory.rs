//! What runs: services and their task definitions, as values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::image::{ImageRef, Repository};
use crate::ledger::{self, Entry, Stamp};
use crate::progress::Progress;
use crate::scheduled::family;
use crate::site::Place;

/// Who replaces a service's tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Controller {
    /// ECS, by the rolling update that the two percentages bound.
    Rolling,
    /// ECS, by a strategy of its own: `BLUE_GREEN`, `LINEAR`, `CANARY`.
    Strategy(String),
    /// Somebody else: `CODE_DEPLOY`, `EXTERNAL`.
    Foreign(String),
}

/// A service, as far as a roll needs to know it.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "what ECS says of a service, each for itself"
)]
pub struct Service {
    /// ARN of the cluster.
    pub cluster_arn: String,
    /// ARN of the service.
    pub arn: String,
    /// Name of the service.
    pub name: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// ARN of the revision that it is to run; empty where ECS names none, as for some whose controller is `EXTERNAL`.
    pub task_definition: String,
    /// When its newest deployment began; the tags of its images were resolved then.
    pub deployed_at: Option<DateTime<Utc>>,
    /// How many tasks it is to have.
    pub desired: i32,
    /// Lower bound during a deployment, percent; 100 where ECS says none.
    pub minimum_healthy_percent: i32,
    /// Upper bound during a deployment, percent; 200 where ECS says none.
    pub maximum_percent: i32,
    /// One task per instance, instead of a count.
    pub daemon: bool,
    /// Who replaces its tasks.
    pub controller: Controller,
    /// ECS manages its infrastructure as well (an Express service).
    pub express: bool,
    /// Its tasks run on Fargate, by launch type or capacity provider.
    pub fargate: bool,
    /// ECS moves its tasks between Availability Zones, which needs a maximum above 100 percent.
    pub zone_rebalancing: bool,
    /// How its newest deployment stands; `None` where ECS does not say, as behind a Classic Load Balancer.
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>
    pub rollout: Option<Rollout>,
    /// The tags that ecroll or anybody else put on it.
    pub tags: BTreeMap<String, String>,
}

/// How a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollout {
    /// It is not over yet.
    UnderWay,
    /// It is over, and well.
    Completed,
    /// The circuit breaker gave it up, and there was nothing to go back to.
    Failed,
}

impl Service {
    /// Whether its newest deployment is not over yet.
    #[must_use]
    pub fn is_deploying(&self) -> bool {
        self.rollout == Some(Rollout::UnderWay)
    }

    /// The cluster's name.
    #[must_use]
    pub fn cluster(&self) -> &str {
        self.cluster_arn
            .rsplit('/')
            .next()
            .unwrap_or(&self.cluster_arn)
    }

    /// What the ledger says of a repository.
    #[must_use]
    pub fn entry(&self, repository: &Repository) -> Option<Entry> {
        self.tags
            .get(&ledger::key(repository))
            .and_then(|value| Entry::read(value))
    }

    /// The ledger's entry where it overrules the stamp of the revision that runs: another push was found running with that
    /// revision, because its tag had moved between the push that it was made for and the deployment.
    #[must_use]
    pub fn found_instead(&self, repository: &Repository, stamp: &Stamp) -> Option<Entry> {
        let found = |entry: &Entry| {
            // What was found running ran, although its image may have been pushed once more since.
            let pulled =
                !entry.is_deployment() || self.deployed_at.is_some_and(|at| entry.time <= at);
            let later = entry.time > stamp.time && !entry.is_of(&stamp.digest);
            pulled && later && entry.new.names(&self.task_definition)
        };
        self.entry(repository).filter(found)
    }

    /// Whether its ARN is of the old form without the cluster's name: such services cannot be tagged.
    #[must_use]
    pub fn has_short_arn(&self) -> bool {
        self.arn.matches('/').count() < 2
    }
}

/// A task definition revision. Revisions never change, so one that was read need not be read again.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// ARN with the revision number.
    pub arn: String,
    /// The member `taskDefinition` exactly as ECS returned it.
    pub raw: Value,
    /// Its tags, in ECS's order.
    pub tags: Vec<(String, String)>,
    /// Its containers' images, by their index in `containerDefinitions`; those of ECR's private registries only.
    pub images: BTreeMap<usize, (String, ImageRef)>,
}

impl Definition {
    /// Takes the answer of DescribeTaskDefinition apart; `None` when it names no revision.
    #[must_use]
    pub fn read(answer: &Value) -> Option<Self> {
        let raw = answer.get("taskDefinition")?.clone();
        let arn = raw.get("taskDefinitionArn")?.as_str()?.to_owned();
        let text = |tag: &Value, key: &str| tag.get(key).and_then(Value::as_str).map(str::to_owned);
        let tags = answer
            .get("tags")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let tags = tags
            .iter()
            .filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default())))
            .collect();
        let containers = raw.get("containerDefinitions").and_then(Value::as_array);
        let images = containers
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .enumerate()
            .filter_map(|(index, container)| {
                let image = container.get("image")?.as_str()?;
                Some((index, (image.to_owned(), ImageRef::parse(image)?)))
            })
            .collect();
        Some(Self {
            arn,
            raw,
            tags,
            images,
        })
    }

    /// The repositories whose images it runs.
    #[must_use]
    pub fn repositories(&self) -> BTreeSet<&Repository> {
        self.images
            .values()
            .map(|(_, image)| &image.repository)
            .collect()
    }

    /// The image strings of one repository's containers, in their order.
    #[must_use]
    pub fn images_of(&self, repository: &Repository) -> Vec<&str> {
        let of = self
            .images
            .values()
            .filter(|(_, image)| image.repository == *repository);
        of.map(|(image, _)| image.as_str()).collect()
    }

    /// The tags and digests that the revision names, by the repository.
    #[must_use]
    pub fn names(&self) -> BTreeSet<(Repository, String)> {
        let images = self.images.values();
        let names = images.flat_map(|(_, image)| {
            let names = image.tag.iter().chain(&image.digest);
            names.map(|name| (image.repository.clone(), name.clone()))
        });
        names.collect()
    }

    /// When ecroll registered this revision, and for what; `None` where somebody else did: who copies the tags and changes an
    /// image leaves a stamp that does not fit.
    #[must_use]
    pub fn made(&self) -> Option<Made> {
        let tagged = |of: &&Repository| self.tags.iter().any(|(key, _)| *key == ledger::key(of));
        let repositories = self.repositories().into_iter();
        let stamp = |of: &Repository| Some((of.clone(), self.stamp(of)?));
        let brought: Option<BTreeMap<_, _>> = repositories.filter(tagged).map(stamp).collect();
        let brought = brought.filter(|brought| !brought.is_empty())?;
        let at = crate::scheduled::time(self.raw.get("registeredAt")?)?;
        Some(Made { at, brought })
    }

    /// The push that ecroll made this revision for, if its images are still those of that push.
    #[must_use]
    pub fn stamp(&self, repository: &Repository) -> Option<Stamp> {
        let key = ledger::key(repository);
        let (_, value) = self.tags.iter().find(|(name, _)| *name == key)?;
        let stamp = Stamp::read(value)?;
        stamp.fits(&self.images_of(repository)).then_some(stamp)
    }
}

/// What ecroll says of a revision that it registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// When it was registered.
    pub at: DateTime<Utc>,
    /// The pushes for which it was, or one before it, by their repositories.
    pub brought: BTreeMap<Repository, Stamp>,
}

/// Everything that runs in the followed clusters.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// ARNs of the clusters that are followed.
    pub clusters: BTreeSet<String>,
    /// The services, sorted by ARN.
    pub services: Vec<Service>,
    /// The revisions that they run, by ARN.
    pub definitions: BTreeMap<String, Arc<Definition>>,
    /// What could not be read; everything else was.
    pub gaps: Vec<Gap>,
    /// Where images come from that no push in sight dates; filled in for those that a plan asked about.
    pub origins: Origins,
    /// How far the services' deployments have come, by ARN; only where somebody asked.
    pub progress: BTreeMap<String, Progress>,
}

/// Origins by the ARN of the service and the repository.
pub type Origins = BTreeMap<(String, Repository), Origin>;

/// What ECS and ECR say of the images that a service runs of one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The one digest that runs; `None` where it is not known or there are several.
    pub digest: Option<String>,
    /// Where several run, as ECS says: the one whose first push came last.
    pub latest: Option<String>,
    /// The one digest that the tags name by now of which ECS does not say what they were resolved to.
    pub named: Option<String>,
    /// When the newest of them was first pushed.
    pub pushed_at: Option<DateTime<Utc>>,
    /// Why that is not known, where it is not, or not for certain.
    pub unknown: Option<String>,
    /// It may be known when it is asked again.
    pub retryable: bool,
}

impl Inventory {
    /// The gaps in which services are hidden: nobody knows which families these run. Where only the revision of a service
    /// could not be read, the service is among the others and names its family.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| {
            let seen = |of: &Service| of.name == gap.service && gap.is_of_cluster(&of.cluster_arn);
            gap.place.is_some() && !self.services.iter().any(seen)
        })
    }

    /// The families that services run, whether they follow or not, as ARNs without revisions.
    pub(crate) fn families(&self) -> BTreeSet<&str> {
        let services = self.services.iter();
        let families = services.map(|service| family(&service.task_definition).0);
        families.collect()
    }
}

/// A part of the account that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where services are hidden; `None` where something else could not be read.
    pub place: Option<Place>,
    /// Name of the cluster; `*` for all of a place.
    pub cluster: String,
    /// Name of the service; empty when the whole cluster could not be read.
    pub service: String,
    /// What AWS said.
    pub reason: String,
    /// Whether trying again may help.
    pub retryable: bool,
}

impl Gap {
    /// What it is of: `cluster`, or `cluster/service`.
    #[must_use]
    pub fn whose(&self) -> String {
        match self.service.as_str() {
            "" => self.cluster.clone(),
            service => format!("{}/{service}", self.cluster),
        }
    }

    /// Whether it hides services of the cluster with this ARN.
    pub(crate) fn is_of_cluster(&self, arn: &str) -> bool {
        let named = self.cluster == "*" || arn.rsplit('/').next() == Some(self.cluster.as_str());
        named && self.place.is_some() && self.place == Place::of(arn)
    }

    /// Why what its services may decide about has to wait, and what ends that.
    pub(crate) fn waits(&self) -> String {
        let end = if self.retryable {
            "the next look-up tries again"
        } else {
            "mend that, or leave the cluster out of `clusters`"
        };
        let (whose, reason) = (self.whose(), &self.reason);
        format!("waits for {whose}, which cannot be read and may run this family ({reason}): {end}")
    }
}
