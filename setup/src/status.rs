//! How the services stand: which push each of them runs and since when, what is held or refused and why, and how far rolls
//! have come.
//!
//! `select` says which services were asked for, `read` asks the handler's own code with the operator's credentials,
//! `judge` makes one [`Status`] of it, `follow` tells how rolls under way end, `show` writes the text. Judging and following
//! are pure; nothing is written to the account.
//!
//! # JSON
//!
//! One object; with `--watch` one on a line for each change. Times are RFC 3339 in whole seconds with `Z`.
//!
//! ```text
//! {
//!   "at": time,                    when it was read
//!   "services": [{
//!     "account", "region", "cluster", "service",
//!     "arn",
//!     "wave": number | null,       which of `waves` it is in
//!     "state":                     rolling | failed | refused | held | waiting | current | no_push | not_followed
//!     "reason": text | null,       why it is so, where there is more to say
//!     "since": time | null,        when the newest deployment began
//!     "task_definition": ARN | null,
//!     "images": [{                 one for each repository of ECR
//!       "account", "region", "repository",
//!       "images": [text],          as the containers name them
//!       "tags": text,              the policy: which tags roll
//!       "state", "reason",         as above, for this repository alone; never rolling or failed
//!       "runs": {"tag", "digest", "pushed_at"},          each null where it is not known
//!       "undone": null | {"tag", "pushed_at", "by": circuit_breaker | somebody | unknown, "older": bool | null},
//!       "waiting": [{"tag", "digest", "pushed_at", "outcome", "reason"}]   newer pushes in sight, the newest first
//!     }],
//!     "deployments": [{"id", "status", "task_definition", "desired", "running", "pending", "failed", "rollout_state",
//!                      "rollout_state_reason", "began"}],
//!     "events": [{"at", "message"}],   of services that roll or were named; the newest first
//!     "ended": null | completed | rolled_back | failed | gone       with --watch: how its roll ended
//!   }],
//!   "stacks": [{                   entries of `[[stacks]]`; none where services are named
//!     "stack", "arn": ARN | null,
//!     "account", "region",         of the registry; null where the stack cannot be read and the entry does not say
//!     "repository", "parameter",
//!     "tags": text,                the policy
//!     "value": text | null,        the parameter's
//!     "status": text | null,       CloudFormation's
//!     "since": time | null,        when its last operation began
//!     "state", "reason",           as above; never not_followed
//!     "waiting": [as above],
//!     "last": null | {             ecroll's last update of it by this entry
//!       "tag": text | null, "pushed_at", "began", "ended": time | null, "end": null | completed | rolled_back | stuck,
//!       "reason": text | null}     CloudFormation's own sentence on its end
//!   }],
//!   "waves": [{                    of the configuration, where no services are named; the last holds all that none names
//!     "wave": number, "named": [text], "services": [text]       followed ones, as cluster/service
//!   }],
//!   "not_followed": number,        services that no policy follows; among `services` only with `--all`, or if named
//!   "gaps": [text]                 what could not be read
//! }
//! ```
//!
//! | state | meaning |
//! |---|---|
//! | `rolling` | a deployment is under way, whoever began it |
//! | `failed` | ECS gave the newest deployment up, and did not go back |
//! | `refused` | a push cannot roll it: percentages, platform, controller, short ARN, wrong tags |
//! | `held` | `hold` is set, or another image was put in the place of the last push: the next push rolls |
//! | `waiting` | a newer push is in sight, and rolls at the next look-up, or when the waves before its own have it |
//! | `current` | it runs the last push that it follows, as far as can be seen |
//! | `no_push` | no push of what it runs is known |
//! | `not_followed` | it runs no image of ECR, or none that the configuration's `repositories` take |

pub mod follow;
pub mod judge;
pub mod read;
pub mod select;
pub(crate) mod show;
pub mod stacks;
pub mod waves;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

use follow::End;
use stacks::StackStatus;
use waves::WaveStatus;

/// How everything stands; the module says what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// When it was read.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// The services, sorted by place, cluster and name.
    pub services: Vec<ServiceStatus>,
    /// The stacks that take a tag as a parameter, in the order of their names.
    pub stacks: Vec<StackStatus>,
    /// The waves, and who is in them.
    pub waves: Vec<WaveStatus>,
    /// How many services no policy follows.
    pub not_followed: usize,
    /// What could not be read; everything else was.
    pub gaps: Vec<String>,
}

/// How one service stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceStatus {
    /// Twelve digits.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// Its ARN.
    pub arn: String,
    /// Its wave, where there are any.
    pub wave: Option<usize>,
    /// The most urgent of what is to be said.
    pub state: State,
    /// Why it is so.
    pub reason: Option<String>,
    /// When its newest deployment began.
    #[serde(serialize_with = "maybe_seconds")]
    pub since: Option<DateTime<Utc>>,
    /// ARN of the revision that it is to run.
    pub task_definition: Option<String>,
    /// One for each repository of ECR.
    pub images: Vec<ImageStatus>,
    /// Its deployments, the primary one first.
    pub deployments: Vec<DeploymentStatus>,
    /// Its last events, the newest first.
    pub events: Vec<EventStatus>,
    /// How its roll ended, where somebody waited for that.
    pub ended: Option<End>,
    /// Whether the text has to say where it is: services of several places are shown.
    #[serde(skip)]
    pub(crate) placed: bool,
}

/// How a service stands towards one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageStatus {
    /// The registry.
    pub account: String,
    /// The registry's Region.
    pub region: String,
    /// The repository's name.
    pub repository: String,
    /// The images as the containers name them.
    pub images: Vec<String>,
    /// Which tags roll.
    pub tags: String,
    /// How it stands.
    pub state: State,
    /// Why.
    pub reason: Option<String>,
    /// The push that runs.
    pub runs: Runs,
    /// The push in whose place somebody put another image.
    pub undone: Option<Undone>,
    /// Newer pushes in sight that did not roll, the newest first.
    pub waiting: Vec<Waiting>,
}

/// What is known of the push that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Runs {
    /// Its tag.
    pub tag: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
    /// When it was pushed.
    #[serde(serialize_with = "maybe_seconds")]
    pub pushed_at: Option<DateTime<Utc>>,
}

/// A push that was rolled, or was about to be, and does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// Its tag.
    pub tag: String,
    /// When it was pushed.
    #[serde(serialize_with = "seconds")]
    pub pushed_at: DateTime<Utc>,
    /// Who put another image in its place.
    pub by: By,
    /// Whether what runs now is the older of the two, where that is known.
    pub older: Option<bool>,
}

/// Who put another image in the place of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// ECS.
    CircuitBreaker,
    /// A person, or a program such as Terraform.
    Somebody,
    /// Nobody can tell.
    Unknown,
}

/// A newer push that did not roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The tag by which it would roll.
    pub tag: String,
    /// Its digest.
    pub digest: String,
    /// When it was pushed.
    #[serde(serialize_with = "seconds")]
    pub pushed_at: DateTime<Utc>,
    /// `held`, `refused` or `skipped`, as in the handler's report; `waiting` where the next look-up rolls it.
    pub outcome: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// One deployment of a service, in the words of ECS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeploymentStatus {
    /// Its identity.
    pub id: String,
    /// `PRIMARY` or `ACTIVE`.
    pub status: String,
    /// ARN of the revision.
    pub task_definition: String,
    /// How many tasks it is to have.
    pub desired: i32,
    /// How many run.
    pub running: i32,
    /// How many are about to.
    pub pending: i32,
    /// How many failed in a row.
    pub failed: i32,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub rollout_state: Option<String>,
    /// Why.
    pub rollout_state_reason: Option<String>,
    /// When it began.
    #[serde(serialize_with = "maybe_seconds")]
    pub began: Option<DateTime<Utc>>,
}

/// A sentence of a service's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventStatus {
    /// When it was written.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// The sentence.
    pub message: String,
}

/// What is to be said of a service or an image, the least urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No policy follows it.
    NotFollowed,
    /// No push of what it runs is known.
    NoPush,
    /// It runs the last push that it follows.
    Current,
    /// The next look-up rolls a newer push.
    Waiting,
    /// It stays as it is until somebody pushes, or clears `hold`.
    Held,
    /// It cannot roll.
    Refused,
    /// ECS gave the newest deployment up.
    Failed,
    /// A deployment is under way.
    Rolling,
}

impl State {
    /// In the text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotFollowed => "not followed",
            Self::NoPush => "no push",
            Self::Current => "current",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Rolling => "rolling",
        }
    }
}

/// A time as every output writes it.
pub(crate) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(crate) fn seconds<S: Serializer>(
    time: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*time))
}

#[expect(clippy::ref_option, reason = "serde hands it over so")]
pub(crate) fn maybe_seconds<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => seconds(time, serializer),
        None => serializer.serialize_none(),
    }
}
