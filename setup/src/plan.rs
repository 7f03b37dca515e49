//! What setup or destroy would do.

use std::fmt;

use serde::Serialize;

use crate::diff::{Action, Change};
use crate::outlook::Outlook;
use crate::resource::Resource;
use crate::trails::Selection;

/// What would be done, resource by resource, in the order in which it would be done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Plan {
    /// Which trail brings the records, and why; nothing where the pipeline is to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trail: Option<Selection>,
    /// Which services will follow, and what the last day's pushes would have rolled; where somebody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outlook: Option<Outlook>,
    /// One entry per resource.
    pub changes: Vec<Change>,
    /// What each change would bring about; as long as `changes`.
    #[serde(skip)]
    pub(crate) resources: Vec<Resource>,
    /// Whether it takes the pipeline away.
    #[serde(skip)]
    pub(crate) destroys: bool,
}

impl Plan {
    /// Adds what would happen to a resource.
    pub(crate) fn add(&mut self, change: Change, resource: Resource) {
        self.changes.push(change);
        self.resources.push(resource);
    }

    /// Leaves out every resource of a kind.
    pub(crate) fn drop_kind(&mut self, kind: &str) {
        let both = self.changes.drain(..).zip(self.resources.drain(..));
        let (changes, resources) = both.filter(|(change, _)| change.resource != kind).unzip();
        (self.changes, self.resources) = (changes, resources);
    }

    /// The log group that holds pushes already, if there is one.
    #[must_use]
    pub fn live_log_group(&self) -> Option<&str> {
        let trail = self.trail.as_ref()?;
        let group = trail.log_group.as_str();
        let stands = |change: &Change| {
            change.resource == "log group"
                && change.name == group
                && change.action != Action::Create
        };
        let there = trail.reused().is_some() || self.changes.iter().any(stands);
        there.then_some(group)
    }

    /// Whether applying it changes anything.
    #[must_use]
    pub fn is_work(&self) -> bool {
        self.changes.iter().any(Change::is_work)
    }

    /// How many resources would be treated so.
    #[must_use]
    pub fn count(&self, action: Action) -> usize {
        self.changes
            .iter()
            .filter(|change| change.action == action)
            .count()
    }

    /// How many resources would be created, changed, kept and removed, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |action| self.count(action);
        let (keep, remove) = (count(Action::Keep), count(Action::Remove));
        if self.destroys {
            return format!("{remove} to remove, {keep} to keep");
        }
        let (create, change) = (count(Action::Create), count(Action::Change));
        let setup = format!("{create} to create, {change} to change, {keep} to keep");
        match remove {
            0 => setup,
            remove => format!("{setup}, {remove} to remove"),
        }
    }

    /// What was done, in one line.
    #[must_use]
    pub fn done(&self) -> String {
        let [created, changed, removed] =
            [Action::Create, Action::Change, Action::Remove].map(|action| self.count(action));
        match (self.destroys, removed) {
            (true, removed) => format!("done: {removed} removed"),
            (false, 0) => format!("done: {created} created, {changed} changed"),
            (false, removed) => {
                format!("done: {created} created, {changed} changed, {removed} removed")
            }
        }
    }

    /// The verb that carries it out.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        if self.destroys { "destroy" } else { "setup" }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(trail) = &self.trail {
            writeln!(f, "{trail}")?;
        }
        if let Some(outlook) = &self.outlook {
            writeln!(f, "{outlook}")?;
        }
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        f.write_str(&self.summary())
    }
}
