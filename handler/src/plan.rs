//! Deciding. Values in, a plan out: nothing here talks to AWS, and nothing after it chooses.
//!
//! For every service and every repository that it runs, `verdict` finds the one push that counts and what is to
//! become of it; `service` joins the verdicts of one service into one roll, checked, and writes them down with the
//! decisions on all other pushes.
//!
//! # Which push counts
//!
//! The newest that may roll the service: one that the configuration follows, that is an image, whose tag the policy takes
//! and whose platforms hold the service's. What may not roll hides nothing before it.
//!
//! Under the policy `newest-semver` the **highest version** counts instead, among the pushes that are
//!
//! - above the version that runs: the highest of the tag that a container names, of the other tags of the push that runs,
//!   and of the ledger's tag where the image of the ledger's push runs. A version that is the same or lower is `skipped`,
//!   however late it was pushed; the same version pushed again with another digest too. Where what runs has no version
//!   (`latest`, a commit), every version is above it; over a digest of which no push is known, the ledger's and all above it;
//! - not older in time than what runs or than what the ledger names, as under every policy. So a 2.0.0 whose record
//!   arrives after the later 1.9.5 rolled does not roll: push it again, or name it in a direct event;
//! - not undone. After a rollback from 2.0.0 to 1.9.0 the next push above 1.9.0 rolls, also a 1.9.5.
//!
//! Pre-releases never roll under it; what runs may be one, and then 2.1.0 is above 2.1.0-rc.1.

mod belongs;
mod build;
mod choose;
mod chosen;
mod dating;
mod doubt;
mod eligible;
mod families;
mod feasible;
mod force;
pub(crate) mod missing;
mod objection;
mod parted;
mod platform;
mod proof;
mod race;
mod running;
mod same;
mod service;
mod standing;
mod verdict;
mod waves;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::{Config, Match, OwnTags};
use crate::image::{ImageRef, Repository};
use crate::inventory::{Definition, Inventory, Made, Origins, Service};
use crate::ledger::{self, Entry, RevisionName};
use crate::push::Push;
use crate::report::Decision;
use crate::revision::Registration;
use doubt::SKEW;
pub use families::FAMILIES;
pub(crate) use families::{families, registered};
pub use feasible::obstacle;
pub(crate) use objection::{objection_by_now, refusal};
pub(crate) use service::settings;
pub use standing::{By, InWave, Known, Noted, Standing, Standings, standings};
use waves::Held;
pub(crate) use waves::wave;

/// What was ever deployed to a service, read only where the ledger leaves a doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// Its deployments, of which none is missing that began at this time or later.
    Known(DateTime<Utc>, Vec<Deployed>),
    /// It could not be read: why.
    Unknown(String),
}

impl History {
    /// All that ever was deployed.
    #[must_use]
    pub const fn whole(deployed: Vec<Deployed>) -> Self {
        Self::Known(DateTime::<Utc>::MIN_UTC, deployed)
    }
}

/// One deployment of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// ARN of the revision.
    pub task_definition: String,
    /// When it began.
    pub at: DateTime<Utc>,
    /// The circuit breaker undid it.
    pub undone: bool,
    /// The service did not keep it: it went back, whoever asked for that, or could not start it.
    pub failed: bool,
    /// It came to its end before another one took its place.
    pub completed: bool,
    /// What ecroll says of the revision; `None` where somebody else registered it, or nobody asked.
    pub made: Option<Made>,
    /// The tags and digests that the revision names, by the repository; none where nobody asked.
    pub names: BTreeSet<(Repository, String)>,
}

impl Deployed {
    /// One that began at a time and went well, of a revision of which nothing is known.
    #[must_use]
    pub const fn new(task_definition: String, at: DateTime<Utc>) -> Self {
        Self {
            task_definition,
            at,
            undone: false,
            failed: false,
            completed: true,
            made: None,
            names: BTreeSet::new(),
        }
    }
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
    /// It is the one that runs: deployed anew, so that ECS resolves its tags again.
    Same,
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

impl Roll {
    /// What the ledger is to say once it is deployed by this revision, by the key of the service's tag.
    pub(crate) fn entries(&self, revision: &str) -> BTreeMap<String, String> {
        let entry = |cargo: &Cargo| Entry {
            time: cargo.pushed.0,
            id: cargo.pushed.1.clone(),
            tag: cargo.tag.clone(),
            new: RevisionName::of(revision),
            base: RevisionName::of(&self.service.task_definition),
            shared: self.cargo.len() > 1,
            first: None,
        };
        let entries = self.cargo.iter();
        let entries = entries.map(|cargo| (ledger::key(&cargo.repository), entry(cargo).value()));
        entries.collect()
    }
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
    /// Nobody but a later wave wants to know.
    pub for_waves: bool,
}

impl Doubt {
    fn of(service: &Service, since: DateTime<Utc>) -> Self {
        Self {
            service: service.arn.clone(),
            cluster: service.cluster_arn.clone(),
            since,
            for_waves: false,
        }
    }
}

/// Images that run, whose push must be dated before another may replace them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undated {
    /// ARN of the service.
    pub service: String,
    /// ARN of its cluster.
    pub cluster: String,
    /// ARN of the revision that it runs.
    pub task_definition: String,
    /// The repository.
    pub repository: Repository,
    /// The containers' images of that repository: as written, and read.
    pub images: Vec<(String, ImageRef)>,
    /// When the deployment began that pulled them.
    pub deployed_at: DateTime<Utc>,
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
    /// What must be asked likewise: the answers go into [`Inventory::origins`].
    pub undated: Vec<Undated>,
    /// Something waits for an earlier wave, or for another roll: the next look-up has to see its push again.
    pub waiting: bool,
    /// What people should know of services, whatever was pushed. The same at every look-up, so told once.
    pub remarks: BTreeSet<String>,
}

impl Plan {
    /// Each service is asked about once, from the earliest doubt on.
    fn doubt(&mut self, doubt: Doubt) {
        let mut doubts = self.doubts.iter_mut();
        match doubts.find(|known| known.service == doubt.service) {
            Some(known) => {
                known.since = known.since.min(doubt.since);
                known.for_waves &= doubt.for_waves;
            }
            None => self.doubts.push(doubt),
        }
    }

    fn doubt_all(&mut self, doubts: Vec<Doubt>) {
        for doubt in doubts {
            self.doubt(doubt);
        }
    }

    /// What became of any push of an earlier wave may have to be known in the end, and each service is asked about once.
    fn reach_back(&mut self, pushes: &[Push], inventory: &Inventory, config: &Config) {
        for doubt in &mut self.doubts {
            let mut services = inventory.services.iter();
            let service = services.find(|service| service.arn == doubt.service);
            let earlier = service.filter(|service| wave(config, service) < config.waves.len());
            let runs = earlier.and_then(|one| inventory.definitions.get(&one.task_definition));
            let Some(runs) = runs else {
                continue;
            };
            let repositories = runs.repositories();
            let its = pushes.iter();
            let its = its.filter(|push| repositories.iter().any(|of| **of == push.repository));
            let oldest = its.map(Push::time).min();
            doubt.since = oldest.map_or(doubt.since, |oldest| doubt.since.min(oldest - SKEW));
        }
    }
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
    let mut plan = ordered(pushes, inventory, histories, config, dry, &Held::new());
    if config.waves.is_empty() {
        return plan;
    }
    let (held, doubts) = waves::held(&plan, pushes, inventory, histories, config);
    if !held.is_empty() {
        plan = ordered(pushes, inventory, histories, config, dry, &held);
        plan.waiting |= held.values().any(|(_, over)| !over);
    }
    plan.doubt_all(doubts);
    plan.reach_back(pushes, inventory, config);
    plan
}

/// The same, where what is held by its wave is known.
fn ordered(
    pushes: &[Push],
    inventory: &Inventory,
    histories: &Histories,
    config: &Config,
    dry: bool,
    held: &Held,
) -> Plan {
    let mut plan = Plan::default();
    let by_name = by_name(config, inventory);
    for service in &inventory.services {
        if service.task_definition.is_empty() {
            plan.remarks.insert(format!(
                "{}: ECS names no task definition, so nobody can tell which images it runs: not followed",
                service.arn
            ));
        }
        let Some(definition) = inventory.definitions.get(&service.task_definition) else {
            continue;
        };
        let own = OwnTags::read(&service.tags);
        let unknown = own.unknown.iter();
        let unknown = unknown.map(|unknown| format!("{}: its tag {unknown}", service.arn));
        plan.remarks.extend(unknown);
        Deciding {
            history: histories.get(&service.arn),
            own,
            by_name,
            dry,
            held,
            ..Deciding::new(service, definition, &inventory.origins, config)
        }
        .decide(pushes, &mut plan);
    }
    plan
}

/// Whether any service may belong to a repository by its name alone.
fn by_name(config: &Config, inventory: &Inventory) -> bool {
    let rules = config.services.iter().filter_map(|rule| rule.matching);
    let named = |matching| matching == Match::NamePrefix;
    let mut services = inventory.services.iter();
    rules.chain([config.service.matching]).any(named)
        || services.any(|service| service.tags.contains_key("ecroll:match"))
}

/// One service while it is decided about.
struct Deciding<'a> {
    service: &'a Service,
    definition: &'a Arc<Definition>,
    history: Option<&'a History>,
    origins: &'a Origins,
    config: &'a Config,
    /// What the service's own tags set.
    own: OwnTags,
    /// Names count, somewhere.
    by_name: bool,
    dry: bool,
    /// What waits for an earlier wave.
    held: &'a Held,
}

static NONE_HELD: Held = Held::new();

impl<'a> Deciding<'a> {
    /// What is certain about a service: no history was asked for, no names count, no wave holds it.
    fn new(
        service: &'a Service,
        definition: &'a Arc<Definition>,
        origins: &'a Origins,
        config: &'a Config,
    ) -> Self {
        Self {
            service,
            definition,
            history: None,
            origins,
            config,
            own: OwnTags::read(&service.tags),
            by_name: false,
            dry: false,
            held: &NONE_HELD,
        }
    }
}

/// The registrations that a plan's rolls need, each once.
#[must_use]
pub fn registrations(rolls: &[Roll]) -> BTreeSet<&Registration> {
    rolls
        .iter()
        .filter_map(|roll| match &roll.source {
            Source::Register(registration) => Some(registration),
            Source::Registered(_) | Source::Same => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
