//! What ecroll concluded: the answer of the function, and the same for the log.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::deployment::Ended;
use crate::push::Push;

/// What the reason of a decision begins with that a dry run held, and nothing else would have.
pub const DRY_RUN: &str = "dry run: it would have been rolled";

/// What became of one push at one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// UpdateService was accepted.
    Rolled,
    /// The service runs this push's image.
    Unchanged,
    /// `hold`, a dry run, or rolled back since.
    Held,
    /// It cannot work: percentages, controller.
    Refused,
    /// Policy, superseded, older than what runs, no image.
    Skipped,
    /// AWS said no.
    Failed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rolled => "rolled",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        })
    }
}

/// What ecroll concluded for one push and one service, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The repository's name.
    pub repository: String,
    /// The tag that was chosen, or would have been.
    pub tag: String,
    /// The digest pushed.
    pub digest: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub reason: String,
    /// The revision that ran; `None` where there is none.
    pub from: Option<String>,
    /// The revision that runs now, if ecroll changed it.
    pub to: Option<String>,
    /// The identity of the push, by which the report's `pushes` name it where it is in sight.
    #[serde(rename = "event_id", default, skip_serializing_if = "String::is_empty")]
    pub push: String,
    /// Whether trying again may change a failure.
    #[serde(skip)]
    pub retryable: bool,
}

/// A push, as the report names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushLine {
    /// The registry's account.
    pub account: String,
    /// The registry's Region.
    pub region: String,
    /// The repository's name.
    pub repository: String,
    /// The tag pushed last.
    pub tag: String,
    /// The digest.
    pub digest: String,
    /// When it was pushed.
    #[serde(serialize_with = "seconds")]
    pub pushed_at: DateTime<Utc>,
    /// Its identity.
    pub event_id: String,
}

impl From<&Push> for PushLine {
    fn from(push: &Push) -> Self {
        Self {
            account: push.repository.account.clone(),
            region: push.repository.region.clone(),
            repository: push.repository.name.clone(),
            tag: push.tag().to_owned(),
            digest: push.digest.clone(),
            pushed_at: push.time(),
            event_id: push.id().to_owned(),
        }
    }
}

/// The span of the log that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The earliest log event's time that counts.
    #[serde(serialize_with = "seconds")]
    pub from: DateTime<Utc>,
    /// When the look-up began.
    #[serde(serialize_with = "seconds")]
    pub to: DateTime<Utc>,
}

/// The answer of one invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What caused it.
    pub trigger: String,
    /// What was read; `None` where nothing was looked up.
    pub window: Option<Window>,
    /// The pushes found, oldest first within a repository.
    pub pushes: Vec<PushLine>,
    /// What was concluded, one per push and service.
    pub decisions: Vec<Decision>,
    /// Rolls that came to their end, where the event that woke the handler says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Ended>,
}

/// RFC 3339 in whole seconds with `Z`.
fn seconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Secs, true))
}
