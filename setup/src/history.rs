//! What happened, as facts: the images that were pushed, what was decided about them, and how rolls ended. `ecroll replay`
//! writes it into its JSON; `ecroll explain` reads it there, or makes it of the function's log.

use chrono::{DateTime, Utc};
use handler::config::Config;
use handler::deployment::End;
use handler::plan::FAMILIES;
use handler::report::{Decision, Window};
use handler::{scheduled, stacks};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::status::{maybe_seconds, seconds};

/// An image that was pushed, with all the tags that it got in one go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// The registry's account.
    pub account: String,
    /// The registry's Region.
    pub region: String,
    /// The repository's name.
    pub repository: String,
    /// The tags in the order in which they were set.
    pub tags: Vec<String>,
    /// The digest.
    pub digest: String,
    /// When the first tag was set; `None` where that is not told.
    #[serde(serialize_with = "maybe_seconds")]
    pub pushed_at: Option<DateTime<Utc>>,
    /// The identities by which decisions name it.
    pub event_ids: Vec<String>,
    /// Who pushed it: an ARN, or the service of AWS that did; `None` where that is not told.
    #[serde(default)]
    pub by: Option<String>,
    /// What it is, if it is no image: a chart, a signature.
    #[serde(default)]
    pub no_image: Option<String>,
}

/// A decision, and when it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// When.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// By which road the handler had heard of the push: its report's `trigger`, such as `alarm` or `ecr-event`.
    pub road: String,
    /// The span of the log that was read; `None` where an event carried the push.
    #[serde(default)]
    pub window: Option<Window>,
    /// Which tags roll, as the configuration says for this service; `None` where that is not told.
    #[serde(default)]
    pub policy: Option<String>,
    /// What, as the handler reported it.
    #[serde(flatten)]
    pub decision: Decision,
}

/// How a roll ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// How.
    pub state: End,
    /// ARN of the revision that was rolled, where that is told.
    pub to: Option<String>,
    /// The identity of the push, where that is told instead.
    #[serde(default)]
    pub event_id: Option<String>,
    /// ARN of the revision that the service runs now.
    pub runs: String,
    /// ECS's own sentence.
    pub reason: String,
}

/// Which tags roll a service, as the configuration says; stacks and families have settings of their own, and scheduled tasks
/// follow services.
pub(crate) fn policy(decision: &Decision, config: &Config) -> Option<String> {
    let Decision {
        cluster,
        service,
        repository,
        ..
    } = decision;
    let others = [
        stacks::CLUSTER,
        FAMILIES,
        scheduled::EVENTS,
        scheduled::SCHEDULER,
    ];
    let of_services = !others.contains(&cluster.as_str());
    of_services.then(|| {
        config
            .settings(cluster, service, repository)
            .tags
            .to_string()
    })
}

/// Who made a record of CloudTrail: a user or role, else the service of AWS that acted for somebody.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
pub(crate) fn made_by(record: &Value) -> Option<String> {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    let who = text("/userIdentity/arn").or_else(|| text("/userIdentity/invokedBy"));
    who.map(ToOwned::to_owned)
}

/// All of it, in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct History {
    /// What was pushed.
    pub pushed: Vec<Pushed>,
    /// What was decided: the first word on each pair of push and service, and each later one that differs.
    pub decisions: Vec<Decided>,
    /// How rolls ended.
    pub ended: Vec<Ended>,
}
