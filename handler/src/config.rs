//! The configuration: what a user may set, with its defaults.
//!
//! The same keys stand in `ecroll.toml` and, as JSON, in the function's environment. Reading one takes a JSON value and
//! returns either a [`Config`] or **all** its faults, each with the path of the key it concerns; whoever read the text
//! knows the line that goes with the path.

mod file;
mod read;
mod service;
mod span;
pub(crate) mod stack;
mod write;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use read::{Fault, OwnTags, edits};
pub use service::{Action, Families, Match, Pin, ServiceRule, ServiceSettings};
pub use span::span;
pub use stack::StackRule;

use crate::policy::TagPolicy;

/// Where a trail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trail {
    /// A trail that fits, else one of our own.
    Auto,
    /// One of our own.
    Create,
    /// The trail with this name or ARN.
    Reuse(String),
}

/// A road by which the handler hears of a push, besides the sweep.
///
/// The alarm says only "look now", minutes later; the others carry the push, and some in seconds. Those are delivered at
/// best effort, or only where something else holds, so none of them is without a net: see [`Config::triggers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TriggerKind {
    /// Metric filter, alarm, SNS: minutes, and nothing is lost on it.
    Alarm,
    /// `ECR Image Action` by EventBridge: seconds, at best effort.
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>
    EcrEvents,
    /// `AWS API Call via CloudTrail` by EventBridge: sooner than the log group, where a trail logs.
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
    CloudtrailEvents,
    /// A subscription filter on the log group: as soon as the record is there, without waiting for the alarm.
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>
    LogSubscription,
}

impl TriggerKind {
    /// Every road, the net first.
    pub const ALL: [Self; 4] = [
        Self::Alarm,
        Self::EcrEvents,
        Self::CloudtrailEvents,
        Self::LogSubscription,
    ];

    /// Its word in a configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::EcrEvents => "ecr-events",
            Self::CloudtrailEvents => "cloudtrail-events",
            Self::LogSubscription => "log-subscription",
        }
    }
}

impl fmt::Display for TriggerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for TriggerKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::word).join(", ");
            format!("names `{text}`; known: {known}")
        })
    }
}

/// Services in another account or Region than the pipeline's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Twelve digits.
    pub account: String,
    /// For example `eu-west-1`.
    pub region: String,
    /// ARN of the role to assume there; `None` takes the handler's own, which reaches other Regions of its account.
    pub role: Option<String>,
    /// Handed over with the role, where its trust policy asks for one.
    pub external_id: Option<String>,
}

/// Services that take a push together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// Names or globs of services, `cluster/service` each; one without a cluster is of any.
    pub services: Vec<String>,
}

impl Wave {
    /// Whether a service, named as in ECS, belongs to it.
    #[must_use]
    pub fn covers(&self, cluster: &str, service: &str) -> bool {
        self.services.iter().any(|glob| match glob.split_once('/') {
            Some((of, glob)) => {
                filters::glob::matches(of, cluster) && filters::glob::matches(glob, service)
            }
            None => filters::glob::matches(glob, service),
        })
    }

    /// Whether any service of a cluster, named as in ECS, may belong to it.
    #[must_use]
    pub fn speaks_of(&self, cluster: &str) -> bool {
        self.services.iter().any(|glob| {
            let of = glob.split_once('/').map(|(of, _)| of);
            of.is_none_or(|of| filters::glob::matches(of, cluster))
        })
    }
}

/// Everything that a user may set. Every field has a default; [`Config::default`] is an empty file.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Prefix of everything that setup creates; also the value of the tag `ecroll:owner`. Default `ecroll`.
    pub name: String,
    /// Which trail carries the records.
    pub trail: Trail,
    /// The log group to look in; `None` in a file means the trail's own. Setup fills it in for the handler.
    pub log_group: Option<String>,
    /// Names, ARNs or globs of the clusters whose services follow. Default all.
    pub clusters: Vec<String>,
    /// Names or globs of the repositories that are followed. Default all.
    pub repositories: Vec<String>,
    /// The roads by which the handler hears of a push, none twice, one at least. Without [`TriggerKind::Alarm`] no metric
    /// filter, alarm, topic and subscription are made, and the sweep alone is the net below; so then it cannot be off.
    pub triggers: Vec<TriggerKind>,
    /// How often a look-up runs whatever the alarm says; `None` is off. Whole minutes. Default five.
    pub sweep: Option<Duration>,
    /// How far back a look-up reads, by the log events' own timestamps. Default 24 hours.
    pub look_back: Duration,
    /// Pushes before this time are ignored. Setup writes the time of its first run.
    pub since: Option<DateTime<Utc>>,
    /// ARN of an SNS topic that hears of results.
    pub notify: Option<String>,
    /// What holds for every service.
    pub service: ServiceSettings,
    /// Exceptions, first match wins.
    pub services: Vec<ServiceRule>,
    /// Other accounts and Regions with services that follow.
    pub targets: Vec<Target>,
    /// The order in which services take a push; those of no wave come last. Default none: all at once.
    pub waves: Vec<Wave>,
    /// Whether every twelfth sweep asks ECR for pushes that never reached the log. Default yes.
    pub reconcile: bool,
    /// CloudFormation stacks that take an image's tag as a parameter.
    pub stacks: Vec<StackRule>,
    /// Which task definitions follow. Default those that services run.
    pub families: Families,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "ecroll".to_owned(),
            trail: Trail::Auto,
            log_group: None,
            clusters: vec!["*".to_owned()],
            repositories: vec!["*".to_owned()],
            triggers: vec![TriggerKind::Alarm],
            sweep: Some(Duration::from_mins(5)),
            look_back: Duration::from_hours(24),
            since: None,
            notify: None,
            service: ServiceSettings::default(),
            services: Vec::new(),
            targets: Vec::new(),
            waves: Vec::new(),
            reconcile: true,
            stacks: Vec::new(),
            families: Families::Services,
        }
    }
}

impl Config {
    /// Reads a configuration from JSON, the form in which setup hands it to the function.
    ///
    /// # Errors
    /// All faults at once: unknown keys, values of the wrong kind, values out of range.
    pub fn from_json(value: &Value) -> Result<Self, Vec<Fault>> {
        read::config(value)
    }

    /// Reads a configuration from JSON text.
    ///
    /// # Errors
    /// As [`Config::from_json`]; text that is no JSON is one fault with its line and column.
    pub fn from_json_text(text: &str) -> Result<Self, Vec<Fault>> {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => Self::from_json(&value),
            Err(error) => Err(vec![Fault::new("", format!("is not JSON: {error}"))]),
        }
    }

    /// The same content as JSON, with every key that differs from its default.
    #[must_use]
    pub fn to_json(&self) -> Value {
        write::to_json(self)
    }

    /// What holds for one service and one of the repositories it runs: the first rule that matches, over the defaults.
    #[must_use]
    pub fn settings(&self, cluster: &str, service: &str, repository: &str) -> ServiceSettings {
        let rule = self
            .services
            .iter()
            .find(|rule| rule.covers(cluster, service, repository));
        rule.map_or_else(|| self.service.clone(), |rule| rule.over(&self.service))
    }

    /// What holds for a family that no service runs, and one of its repositories: the first rule that names neither
    /// cluster nor service and covers the repository, over the defaults.
    #[must_use]
    pub fn family_settings(&self, repository: &str) -> ServiceSettings {
        let rule = self.services.iter().find(|rule| {
            rule.cluster.is_none() && rule.service.is_none() && rule.covers("", "", repository)
        });
        rule.map_or_else(|| self.service.clone(), |rule| rule.over(&self.service))
    }

    /// Whether any rule or schedule is to move along.
    #[must_use]
    pub fn moves_targets(&self) -> bool {
        let mut rules = self.services.iter().filter_map(|rule| rule.scheduled);
        self.service.scheduled || rules.any(|scheduled| scheduled)
    }

    /// Whether a cluster, named by its ARN, is one whose services follow.
    #[must_use]
    pub fn follows_cluster(&self, arn: &str) -> bool {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        self.clusters.iter().any(|glob| {
            let subject = if glob.starts_with("arn:") { arn } else { name };
            filters::glob::matches(glob, subject)
        })
    }

    /// Whether a tag is one that ecroll puts on what runs: setting it is no push.
    #[must_use]
    pub fn is_in_use_tag(&self, tag: &str) -> bool {
        let rules = self
            .services
            .iter()
            .filter_map(|rule| rule.in_use_tag.as_deref());
        let mut all = rules.chain(self.service.in_use_tag.as_deref());
        !tag.is_empty() && all.any(|in_use| in_use == tag)
    }

    /// Whether any service's images are to carry a tag while they run.
    #[must_use]
    pub fn marks_images(&self) -> bool {
        let rules = self
            .services
            .iter()
            .filter_map(|rule| rule.in_use_tag.as_deref());
        let mut all = rules.chain(self.service.in_use_tag.as_deref());
        all.any(|tag| !tag.is_empty())
    }

    /// Whether pushes come by this road.
    #[must_use]
    pub fn takes(&self, road: TriggerKind) -> bool {
        self.triggers.contains(&road)
    }

    /// Whether a repository is followed.
    #[must_use]
    pub fn follows_repository(&self, repository: &str) -> bool {
        self.repositories
            .iter()
            .any(|glob| filters::glob::matches(glob, repository))
    }
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            tags: TagPolicy::Any,
            matching: Match::Image,
            action: Action::Revision,
            pin: Pin::Tag,
            hold: false,
            scheduled: false,
            in_use_tag: None,
            minimum_healthy_percent: None,
            maximum_percent: None,
        }
    }
}
