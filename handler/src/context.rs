//! What the handler works with: its configuration, its clients, the time, and what a warm function remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::config::Config;
use crate::deadline::Deadline;
use crate::image::Repository;
use crate::inventory::{Definition, Made, Origin, Service};
use crate::lookup::Mark;
use crate::plan::Undated;
use crate::site::{Access, Place, Site};
use crate::stacks;
use crate::telling::news::Told;
use crate::written::{Tags, Written};

/// Where the time comes from.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Where lines of metrics go.
pub type Measure = Arc<dyn Fn(&Value) + Send + Sync>;
/// How long a denied ledger is not tried again: every try registers a revision that nothing will run.
const DENIAL: TimeDelta = TimeDelta::hours(1);

/// How often a call to CloudWatch Logs is tried: FilterLogEvents shares five calls a second with everybody in the Region.
const LOGS_TRIES: u32 = 6;

/// Everything that an invocation needs. Lives as long as the function stays warm.
pub struct Context {
    /// What the user set.
    pub config: Config,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    now: Now,
    measure: Option<Measure>,
    told: Mutex<Told>,
    /// Remarks on services that were told already.
    remarked: Mutex<BTreeSet<String>>,
    mark: Mutex<Mark>,
    sdk: SdkConfig,
    /// The function's own place.
    home: Site,
    /// The other places whose services follow.
    targets: Vec<Site>,
    memory: Mutex<Memory>,
}

/// What a warm function remembers. Nothing hangs on it: it only saves calls and repetition.
#[derive(Default)]
struct Memory {
    /// Revisions never change, so what was read of one holds.
    definitions: BTreeMap<String, Arc<Definition>>,
    /// Where images come from, of deployments that began at a time; a deployment resolves its tags once.
    origins: BTreeMap<OriginKey, Origin>,
    /// What revisions of the past tell, by their ARNs.
    past: BTreeMap<String, Past>,
    /// By the ARN of a service: when AWS denied to write its ledger, and in which words.
    denials: BTreeMap<String, (DateTime<Utc>, String)>,
    /// The function's own place, as the clusters there name it.
    home: Option<Place>,
    /// When the registry was last asked for what the log lacks.
    reconciled: Option<DateTime<Utc>>,
    /// The pushes about which all families that no service runs have been decided.
    concluded: BTreeSet<String>,
    /// The revisions that such families got.
    registered: BTreeSet<String>,
    /// The revisions to which all scheduled tasks have moved that will.
    settled: Option<BTreeSet<String>>,
    /// What was done to stacks, by their ARNs.
    stacks: BTreeMap<String, stacks::Remembered>,
    /// What was written into ledgers of late.
    written: Written,
}

/// What ecroll says of a revision, if it made it, and what the revision names.
pub(crate) type Past = (Option<Made>, BTreeSet<(Repository, String)>);

/// ARN of the service, beginning of the deployment, repository.
type OriginKey = (String, DateTime<Utc>, Repository);

/// Every so many sweeps the registry is asked for what the log lacks.
const RECONCILE: u32 = 12;
/// Schedules are not exact.
const JITTER: TimeDelta = TimeDelta::seconds(30);

/// How many origins are remembered, and of how many revisions what they tell.
const MOST_ORIGINS: usize = 5000;
/// So many revisions are remembered besides those that run, while part of the account cannot be read.
const SPARE: usize = 500;

/// After this time a call that got no answer is given up and made again.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(30);

/// The same configuration, with a limit to how long a call may take.
pub(crate) fn impatient(sdk: &SdkConfig) -> SdkConfig {
    let theirs = sdk.timeout_config().map(TimeoutConfig::to_builder);
    let timeouts = theirs.unwrap_or_else(TimeoutConfig::builder);
    let timeouts = timeouts.operation_attempt_timeout(LONGEST_CALL).build();
    sdk.to_builder().timeout_config(timeouts).build()
}

impl Context {
    /// A context for the services of one place: that where the calls of the SDK configuration go.
    #[must_use]
    pub fn new(config: Config, sdk: &SdkConfig, now: Now) -> Self {
        Self::with_places(config, sdk, now, Vec::new())
    }

    /// A context for the services of several places: the function's own, and each of these by its own way there.
    #[must_use]
    pub fn with_places(
        config: Config,
        sdk: &SdkConfig,
        now: Now,
        places: Vec<(Place, SdkConfig)>,
    ) -> Self {
        let begun = now();
        let targets = places
            .into_iter()
            .map(|(place, sdk)| Site::new(Some(place), &impatient(&sdk), begun));
        let sdk = impatient(sdk);
        Self {
            config,
            logs: logs(&sdk),
            home: Site::new(None, &sdk, begun),
            targets: targets.collect(),
            now,
            measure: None,
            told: Mutex::default(),
            remarked: Mutex::default(),
            mark: Mutex::default(),
            sdk,
            memory: Mutex::default(),
        }
    }

    /// Hands every look-up's line of metrics, in CloudWatch's embedded metric format, to this function; without one they
    /// are not taken.
    #[must_use]
    pub fn measured(mut self, measure: Measure) -> Self {
        self.measure = Some(measure);
        self
    }

    pub(crate) fn measure(&self, line: &Value) {
        if let Some(measure) = &self.measure {
            measure(line);
        }
    }

    /// What was told so far.
    pub(crate) fn news(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a remark is told for the first time by this warm function.
    pub(crate) fn is_news(&self, remark: &str) -> bool {
        let remarked = self.remarked.lock();
        let mut remarked = remarked.unwrap_or_else(PoisonError::into_inner);
        remarked.insert(remark.to_owned())
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Access to every place, the function's own first.
    pub(crate) fn everywhere(&self, until: Deadline) -> impl Iterator<Item = Access<'_>> {
        let sites = std::iter::once(&self.home).chain(&self.targets);
        sites.map(move |site| self.access(site, until))
    }

    /// How far the log was handled.
    pub(crate) fn mark(&self) -> Mark {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_mark(&self, mark: Mark) {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
    }

    /// SNS where the function is. Made when there is something to say: most look-ups have nothing.
    pub(crate) fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.sdk)
    }

    /// ECR in a Region: that of the repository asked about, which need not be the function's.
    pub(crate) fn ecr(&self, region: &str) -> aws_sdk_ecr::Client {
        let region = aws_sdk_ecr::config::Region::new(region.to_owned());
        let config = aws_sdk_ecr::config::Builder::from(&self.sdk).region(region);
        aws_sdk_ecr::Client::from_conf(config.build())
    }

    /// What was learnt before about the images of a deployment.
    pub(crate) fn origin(&self, of: &Undated) -> Option<Origin> {
        let key = (of.service.clone(), of.deployed_at, of.repository.clone());
        self.memory().origins.get(&key).cloned()
    }

    /// Remembers the origin of a deployment's images. What could not be known is asked again.
    pub(crate) fn remember_origin(&self, of: &Undated, origin: &Origin) {
        let known = origin.digest.is_some() || origin.latest.is_some();
        if origin.retryable || !known {
            return;
        }
        let origins = &mut self.memory().origins;
        if origins.len() >= MOST_ORIGINS {
            origins.clear();
        }
        let key = (of.service.clone(), of.deployed_at, of.repository.clone());
        origins.insert(key, origin.clone());
    }

    /// Access to the place that an ARN names; to the function's own if it is no target's.
    pub(crate) fn where_is(&self, arn: &str, until: Deadline) -> Access<'_> {
        let place = Place::of(arn);
        let known = place.is_some() && self.memory().home != place;
        let mut targets = self.targets.iter();
        let target = targets.find(|site| known && site.place == place);
        self.access(target.unwrap_or(&self.home), until)
    }

    fn access<'a>(&'a self, site: &'a Site, until: Deadline) -> Access<'a> {
        Access {
            site,
            now: &self.now,
            until,
            calls: 0,
        }
    }

    pub(crate) fn definition(&self, arn: &str) -> Option<Arc<Definition>> {
        self.memory().definitions.get(arn).cloned()
    }

    /// Remembers these revisions. When they are `all` that run, others are forgotten, and where there are too many.
    pub(crate) fn remember(&self, definitions: &BTreeMap<String, Arc<Definition>>, all: bool) {
        let known = &mut self.memory().definitions;
        if all || known.len() > definitions.len() + SPARE {
            known.clone_from(definitions);
        } else {
            known.extend(definitions.clone());
        }
    }

    /// What a revision of the past tells; none where it was not asked yet.
    pub(crate) fn past(&self, arn: &str) -> Option<Past> {
        self.memory().past.get(arn).cloned()
    }

    /// Remembers what a revision tells.
    pub(crate) fn remember_past(&self, arn: &str, past: Past) {
        let known = &mut self.memory().past;
        if known.len() >= MOST_ORIGINS {
            known.clear();
        }
        known.insert(arn.to_owned(), past);
    }

    /// Remembers what was written into the ledger of the service of an ARN, and what was read there before.
    pub(crate) fn remember_ledger(&self, arn: &str, before: &Tags, after: &Tags) {
        let now = self.now();
        self.memory().written.remember(arn, before, after, now);
    }

    /// Remembers that ECS accepted a deployment of the revision that a service, as that was read before, ran already: nothing but its
    /// time tells it from the one before.
    pub(crate) fn remember_deployment(&self, service: &Service) {
        let now = self.now();
        if let Some(before) = service.deployed_at {
            let before = (before, service.task_definition.clone());
            self.memory().written.deployed(&service.arn, before, now);
        }
    }

    /// Whether ECS answered with a service as it was before its ledger was written, or before it was deployed.
    pub(crate) fn is_outdated(&self, service: &Service) -> bool {
        let now = self.now();
        let written = &mut self.memory().written;
        let shown = service
            .deployed_at
            .map(|at| (at, service.task_definition.clone()));
        shown.is_some_and(|shown| written.is_beyond(&service.arn, &shown, now))
            || written.is_newer_than(&service.arn, &service.tags, service.deployed_at, now)
    }

    /// Remembers that AWS denied to write a service's ledger.
    pub(crate) fn remember_denial(&self, service: &str, words: &str) {
        let denial = (self.now(), words.to_owned());
        self.memory().denials.insert(service.to_owned(), denial);
    }

    /// In which words AWS denied to write a service's ledger, if that is not long ago.
    pub(crate) fn denial(&self, service: &str) -> Option<String> {
        let now = self.now();
        let denials = &mut self.memory().denials;
        denials.retain(|_, (at, _)| now - *at < DENIAL);
        denials.get(service).map(|(_, words)| words.clone())
    }

    /// What a way to a service starts from that has no client here.
    pub(crate) fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// What was learnt before about a stack's past.
    pub(crate) fn stack(&self, id: &str) -> Option<stacks::Remembered> {
        self.memory().stacks.get(id).cloned()
    }

    /// Remembers a stack's past.
    pub(crate) fn remember_stack(&self, id: &str, past: stacks::Remembered) {
        self.memory().stacks.insert(id.to_owned(), past);
    }

    /// Whether all families were decided about, for each of these pushes.
    pub(crate) fn has_concluded(&self, pushes: &BTreeSet<String>) -> bool {
        pushes.is_subset(&self.memory().concluded)
    }

    /// Remembers that all families were decided about, for each of these pushes; others are forgotten.
    pub(crate) fn conclude(&self, pushes: BTreeSet<String>) {
        self.memory().concluded = pushes;
    }

    /// Remembers the revision that a family got which no service runs.
    pub(crate) fn registered(&self, arn: String) {
        self.memory().registered.insert(arn);
    }

    /// Whether all scheduled tasks were looked at with just these places to move to, and nothing was left.
    pub(crate) fn has_settled(&self, moves: &BTreeSet<String>) -> bool {
        let memory = self.memory();
        memory.settled.as_ref() == Some(moves) && memory.registered.is_empty()
    }

    /// Remembers where scheduled tasks could move to when nothing was left; `None` when something was.
    pub(crate) fn settle(&self, moves: Option<BTreeSet<String>>) {
        let mut memory = self.memory();
        if moves.is_some() {
            memory.registered.clear();
        }
        memory.settled = moves;
    }

    /// Learns where the function is.
    pub(crate) fn learn_home(&self, place: Place) {
        self.memory().home = Some(place);
    }

    /// Whether the registry is to be asked now for what the log lacks: at every twelfth sweep, and at the first of a cold
    /// function.
    pub(crate) fn reconciles(&self, now: DateTime<Utc>) -> bool {
        let sweep = self.config.sweep.unwrap_or_default();
        let every = TimeDelta::from_std(sweep * RECONCILE).unwrap_or(TimeDelta::MAX);
        let last = self.memory().reconciled;
        last.is_none_or(|last| now - last + JITTER >= every)
    }

    /// The registry was asked.
    pub(crate) fn set_reconciled(&self, at: DateTime<Utc>) {
        self.memory().reconciled = Some(at);
    }

    /// Where the function is, once an ARN told.
    pub(crate) fn home(&self) -> Option<Place> {
        self.memory().home.clone()
    }

    /// All places whose services follow; `None` as long as the function's own is not known.
    pub(crate) fn places(&self) -> Option<BTreeSet<Place>> {
        let home = self.memory().home.clone()?;
        let targets = self.targets.iter().filter_map(|site| site.place.clone());
        Some(targets.chain([home]).collect())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn logs(sdk: &SdkConfig) -> aws_sdk_cloudwatchlogs::Client {
    let retries = sdk.retry_config().cloned();
    let retries = retries.unwrap_or_else(RetryConfig::standard);
    let config = aws_sdk_cloudwatchlogs::config::Builder::from(sdk)
        .retry_config(retries.with_max_attempts(LOGS_TRIES))
        .build();
    aws_sdk_cloudwatchlogs::Client::from_conf(config)
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
