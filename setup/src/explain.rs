//! Why a service was rolled, or was not: the facts of a history, in sentences.
//!
//! `source` reads a history from a file, [`live`] from the function's log; `ask` finds what was asked for in it, `judge`
//! puts the facts of each push and service together, `sentence` says them, `show` writes the text. All but [`live`] is pure.
//! The reasons are the handler's own, word by word.
//!
//! # JSON
//!
//! One object. Times are RFC 3339 in whole seconds with `Z`; what is not told by the source is null.
//!
//! ```text
//! {
//!   "asked": text,                 as it was asked
//!   "source": text,                where the facts are from
//!   "pushes": [{                   the newest first
//!     "account", "region", "repository", "tags": [text], "digest", "pushed_at", "event_ids": [text],
//!     "by": ARN | null,            who pushed it
//!     "no_image": text | null,     what it is, if it is no image
//!     "sentences": [text],         what is to be said of the push
//!     "services": [{
//!       "cluster", "service", "tag",
//!       "outcome": rolled | unchanged | held | refused | skipped | failed,      the last word
//!       "reason": text,            likewise
//!       "policy": text | null,     which tags roll, by the configuration
//!       "ran": {"revision": ARN, "tag": text | null} | null,     what ran when it was decided
//!       "steps": [{"at", "trigger", "window": {"from", "to"} | null, "outcome", "reason", "from", "to"}],
//!       "ended": null | {"at", "state": completed | rolled-back | stuck, "runs": ARN, "reason"},
//!       "overtaken": null | {"at", "tag", "to": ARN},            the roll that came after it
//!       "next": text,              what is to be done
//!       "sentences": [text]
//!     }]
//!   }],
//!   "earlier": number,             pushes that were left out; `--all` shows them
//!   "gaps": [text]                 what the source does not tell
//! }
//! ```

pub mod ask;
pub mod judge;
pub mod live;
pub(crate) mod sentence;
mod show;
pub mod source;

use chrono::{DateTime, Utc};
use handler::deployment::End;
use handler::report::{Outcome, Window};
use serde::Serialize;

use crate::history::Pushed;
use crate::status::seconds;

/// What there is to say; the module tells what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was asked for.
    pub asked: String,
    /// Where the facts are from.
    pub source: String,
    /// The pushes that it is about, the newest first.
    pub pushes: Vec<Told>,
    /// How many older ones were left out.
    pub earlier: usize,
    /// What the source does not tell.
    pub gaps: Vec<String>,
}

/// A push, and what became of it at each service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What was pushed.
    #[serde(flatten)]
    pub push: Pushed,
    /// The services about which something was decided, in the order of their names.
    pub services: Vec<Case>,
    /// What is to be said of the push itself.
    pub sentences: Vec<String>,
}

/// One push at one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The tag that was chosen, or would have been.
    pub tag: String,
    /// The last outcome.
    pub outcome: Outcome,
    /// Its reason.
    pub reason: String,
    /// Which tags roll, by the configuration.
    pub policy: Option<String>,
    /// What ran when it was decided first.
    pub ran: Option<Ran>,
    /// What was decided, one after the other; never empty.
    pub steps: Vec<Step>,
    /// How its roll ended.
    pub ended: Option<Over>,
    /// The roll of another push that came after it.
    pub overtaken: Option<Overtaken>,
    /// What is to be done.
    pub next: String,
    /// All of it, in sentences.
    pub sentences: Vec<String>,
}

/// What a service ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// ARN of the revision; of a stack, the value of its parameter.
    pub revision: String,
    /// The tag for which ecroll made it, if that is in the history.
    pub tag: Option<String>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// What caused it, in the words of the handler's report.
    pub trigger: String,
    /// What was read of the log; `None` where nothing was.
    pub window: Option<Window>,
    /// What was decided.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// The revision that ran.
    pub from: Option<String>,
    /// The one that took its place.
    pub to: Option<String>,
}

/// The end of a roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Over {
    /// When.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// How.
    pub state: End,
    /// ARN of the revision that the service runs since.
    pub runs: String,
    /// ECS's own sentence.
    pub reason: String,
}

/// The next roll of the same repository at the same service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overtaken {
    /// When it was decided.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// Its tag.
    pub tag: String,
    /// The revision that it brought.
    pub to: Option<String>,
}
