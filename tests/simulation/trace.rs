//! What a history is made of, and what was seen of it: plain values. The engine makes them, the model reads them; they know
//! nothing else of each other, and neither uses code of the handler.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use local::Entry;

/// Within so many sweeps one reads all of `look_back`.
pub(crate) const FULL: i32 = 13;

/// The account at the beginning, before anything was pushed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct World {
    /// When the pipeline stands and everything is at rest.
    pub(crate) start: DateTime<Utc>,
    /// What `ecroll.toml` says.
    pub(crate) settings: Settings,
    /// Log events carry the record's own `eventTime` instead of the delivery's.
    pub(crate) event_time: bool,
    /// The services that run at the start.
    pub(crate) services: Vec<Service>,
}

/// The part of the configuration that differs between worlds; the engine writes it as `ECROLL_CONFIG`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// `sweep`; `None` is "off".
    pub(crate) sweep: Option<TimeDelta>,
    /// `look_back`.
    pub(crate) look_back: TimeDelta,
    /// `reconcile`: the registry is asked for pushes of which no record told.
    pub(crate) reconcile: bool,
    /// `triggers`: the roads by which the function hears of pushes, as the file writes them.
    pub(crate) roads: Vec<String>,
    /// `repositories`: names or globs with `*`.
    pub(crate) repositories: Vec<String>,
    /// `waves`: the services of each, as `cluster/service` or `service`, with `*`.
    pub(crate) waves: Vec<Vec<String>>,
    /// `[service]`.
    pub(crate) service: Policy,
}

/// What holds for a service: of the file, or of its own `ecroll:` tags, which win one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    /// `tags`, as the file writes it (`any`, `exact:prod`, `prefix:main-`, `newest-semver`, …); `None` on a service: the file's.
    pub(crate) tags: Option<String>,
    /// `action = "force"` (true) or `"revision"`.
    pub(crate) force: Option<bool>,
    /// `match = "name-prefix"` (true) or `"image"`.
    pub(crate) name_prefix: Option<bool>,
    /// `pin = "digest"` (true) or `"tag"`.
    pub(crate) pin_digest: Option<bool>,
    /// `hold`.
    pub(crate) hold: Option<bool>,
    /// `minimum_healthy_percent`.
    pub(crate) minimum: Option<u32>,
    /// `maximum_percent`.
    pub(crate) maximum: Option<u32>,
}

/// A service as somebody creates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) cluster: String,
    pub(crate) name: String,
    /// Its containers' names and images, as the task definition names them.
    pub(crate) containers: Vec<(String, String)>,
    /// `DAEMON` instead of `REPLICA`.
    pub(crate) daemon: bool,
    pub(crate) desired: u32,
    pub(crate) minimum: u32,
    pub(crate) maximum: u32,
    /// The deployment circuit breaker.
    pub(crate) breaker: bool,
    /// Whether it brings back what ran before.
    pub(crate) rollback: bool,
    /// Its own `ecroll:` tags.
    pub(crate) own: Policy,
}

/// A PutImage and what became of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Push {
    /// The record's `eventID`; unique in a history.
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) repository: String,
    /// `None`: a push by digest alone, such as the parts of a multi-platform image.
    pub(crate) tag: Option<String>,
    pub(crate) digest: String,
    /// The record's `eventTime`, in whole seconds: when the registry has it.
    pub(crate) at: DateTime<Utc>,
    /// When the record reaches the log group: once, several times, or never.
    pub(crate) delivered: Vec<DateTime<Utc>>,
    pub(crate) kind: Kind,
    /// Whether tasks of this image become healthy; otherwise they exit and the breaker has its day.
    pub(crate) healthy: bool,
}

/// What was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A Docker or OCI image, or an index of such.
    Image,
    /// A Helm chart.
    Chart,
    /// A signature, SBOM or attestation.
    Signature,
    /// PutImage that ECR refused (`errorCode` in the record): nothing was pushed.
    Refused,
}

/// Something that somebody does, or that befalls the account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// An image is pushed.
    Push(Push),
    /// A person creates a service.
    Create(Service),
    /// A person registers a definition with this image in the container and deploys it.
    Deploy {
        cluster: String,
        service: String,
        container: String,
        image: String,
    },
    /// A person deploys a revision that exists already, by ARN: usually the one before.
    RollBack {
        cluster: String,
        service: String,
        task_definition: String,
    },
    /// A person stops the deployment that goes on, which brings back what ran before.
    Stop { cluster: String, service: String },
    /// A person changes the desired count.
    Scale {
        cluster: String,
        service: String,
        desired: u32,
    },
    /// A person changes minimum-healthy-percent and maximum-percent.
    Percentages {
        cluster: String,
        service: String,
        minimum: u32,
        maximum: u32,
    },
    /// A person deletes a service (`force`).
    Delete { cluster: String, service: String },
    /// Something goes wrong on purpose; the name is the one that coverage counts.
    Fault(&'static str),
}

/// A stretch of a history: what was done at its beginning, and what happened until its end.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    /// When it ended.
    pub(crate) at: DateTime<Utc>,
    /// What was done, in order, each at its time.
    pub(crate) acts: &'a [(DateTime<Utc>, Act)],
    /// The account's journal of this stretch: calls, deliveries, alarms, invocations, answers (the report as JSON),
    /// deployments.
    pub(crate) entries: &'a [Entry],
    /// Since when nothing has gone wrong on purpose: no fault fired or was in force. `None` while one is. A bound in time
    /// ("within one sweep") counts from here at the earliest.
    pub(crate) calm_since: Option<DateTime<Utc>>,
}

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// 1 to 10, as README counts them.
    pub(crate) rule: u8,
    pub(crate) at: DateTime<Utc>,
    /// What happened, to what, against what was expected.
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rule {}: {}",
            self.at.format("%Y-%m-%d %H:%M:%S"),
            self.rule,
            self.what
        )
    }
}
