//! A service from two files: a task definition and the service that runs it. `ecroll service` reads what stands, says what
//! would change, and carries that out.
//!
//! `file` reads the two files and keeps each member's own text; `members` knows what ECS takes; `live` asks ECS; `judge`
//! makes an [`Outline`] of the two, by `compare`; `act` sends it; `follow` waits for its end. Judging and comparing are pure.
//!
//! # JSON
//!
//! ```text
//! {
//!   "cluster", "service",
//!   "state":            missing | active | draining | inactive      how the service stood
//!   "changes": [{"action": create | change | keep, "resource", "name", "fields": [{"field", "from", "to"}], "note"}],
//!   "notes": [text],    what is left alone, and why
//!   "done": bool,       whether it was carried out; false too where there was nothing to do
//!   "task_definition": ARN | null,     the revision that the service is to run now
//!   "ended": null | completed | rolled_back | failed | gone | timed_out     with --wait
//!   "failures": [text]  what went wrong, in the words of ECS: events, and why tasks stopped
//! }
//! ```

pub mod act;
pub mod compare;
pub mod file;
pub mod follow;
pub mod judge;
pub mod live;
pub mod members;
mod roll;
mod show;

use handler::progress::Progress;
use serde::Serialize;

use crate::diff::Change;
use file::Members;

/// How a service stands before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// ECS knows none of this name.
    Missing,
    /// It runs, or could.
    Active,
    /// It was deleted, and its tasks are stopping: neither can it be updated nor another be created.
    Draining,
    /// It was deleted; another may be created.
    Inactive,
}

/// What the verb was asked for besides the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// How many tasks there are to be.
    pub desired: Option<i32>,
    /// Lower bound during a deployment, percent.
    pub minimum_healthy_percent: Option<i32>,
    /// Upper bound during a deployment, percent.
    pub maximum_percent: Option<i32>,
}

/// The two files, read and checked.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Name or ARN of the cluster.
    pub cluster: String,
    /// Name of the service.
    pub name: String,
    /// The family of the task definition.
    pub family: String,
    /// The members of the task definition.
    pub definition: Members,
    /// The members of the service.
    pub service: Members,
    /// What the command line says.
    pub asked: Asked,
    /// What was left out of the files, and why.
    pub notes: Vec<String>,
}

/// What would be done, and what is to be sent.
#[derive(Debug, Clone, Serialize)]
pub struct Outline {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// How it stands.
    pub state: State,
    /// What would change; first the task definition, then the service.
    pub changes: Vec<Change>,
    /// What is left alone, and why.
    pub notes: Vec<String>,
    /// What is to be sent.
    #[serde(skip)]
    pub(crate) deeds: Deeds,
}

/// What is to be sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deeds {
    /// The revision that the service is to run, where it exists already.
    pub(crate) revision: Option<String>,
    /// The input of RegisterTaskDefinition, where it does not.
    pub(crate) register: Option<Members>,
    /// What becomes of the service.
    pub(crate) write: Write,
    /// Tags to be set on the service, and its ARN.
    pub(crate) tags: Option<(String, Vec<(String, String)>)>,
}

/// What becomes of the service.
#[derive(Debug, Clone, Default)]
pub(crate) enum Write {
    /// Nothing.
    #[default]
    Nothing,
    /// CreateService with these members, less the revision and the token.
    Create(Members),
    /// UpdateService with these members; with the revision where it is another.
    Update(Members, bool),
}

impl Outline {
    /// Whether there is anything to do.
    #[must_use]
    pub fn is_work(&self) -> bool {
        self.deeds.register.is_some()
            || self.deeds.tags.is_some()
            || !matches!(self.deeds.write, Write::Nothing)
    }
}

/// How a deployment ended that was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The new revision runs and is steady.
    Completed,
    /// What ran before runs again.
    RolledBack,
    /// ECS gave it up, and what ran before did not come back.
    Failed,
    /// The service is no longer there.
    Gone,
    /// It had not ended when the time was up.
    TimedOut,
}

/// The whole result, as JSON has it.
#[derive(Debug, Serialize)]
pub struct Outcome<'a> {
    /// What was to be done.
    #[serde(flatten)]
    pub outline: &'a Outline,
    /// Whether it was.
    pub done: bool,
    /// ARN of the revision that the service is to run.
    pub task_definition: Option<String>,
    /// How the deployment ended, where that was waited for.
    pub ended: Option<Ended>,
    /// What went wrong on the way.
    pub failures: Vec<String>,
}

/// What AWS answered to what was sent.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// ARN of the revision that the service is to run.
    pub task_definition: Option<String>,
    /// How far its deployments have come by then.
    pub progress: Option<Progress>,
}
