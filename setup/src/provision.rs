//! From a configuration to a plan, and from a plan to a pipeline.

use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};
use handler::config::Config;
use serde::Serialize;

use crate::clients::Clients;
use crate::code::Code;
use crate::desired::{self, Circumstances};
use crate::diff::{Action, Change};
use crate::error::{Error, Result};
use crate::inventory;
use crate::names::Names;
use crate::resource::{Finding, Function, Resource};

pub use crate::apply::apply;

/// What setup would do, resource by resource, in the order in which it would be done.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// One entry per resource.
    pub changes: Vec<Change>,
    /// What each change would bring about; as long as `changes`.
    #[serde(skip)]
    pub(crate) resources: Vec<Resource>,
}

impl Plan {
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

    /// How many resources would be created, changed and kept, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let [create, change, keep] =
            [Action::Create, Action::Change, Action::Keep].map(|action| self.count(action));
        format!("{create} to create, {change} to change, {keep} to keep")
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        f.write_str(&self.summary())
    }
}

/// Compares the account with what the configuration asks for. Reads only.
///
/// `now` becomes the time before which pushes are ignored, unless the configuration names one or an earlier run has
/// set it.
///
/// # Errors
/// What cannot be asked for, namesakes that are not ours (all of them at once), and refusals of AWS.
pub async fn plan(
    clients: &Clients,
    config: &Config,
    code: &Code,
    now: DateTime<Utc>,
) -> Result<Plan> {
    let place = clients.place().await?;
    let names = Names::new(&config.name, config.log_group.as_deref(), &place);
    let since = match config.since {
        Some(since) => since,
        None => first_run(clients, &names)
            .await?
            .unwrap_or_else(|| now.trunc_subsecs(0)),
    };
    let pass_roles = inventory::pass_roles(clients, config, &place).await?;
    let around = Circumstances {
        place,
        pass_roles,
        since,
    };
    let mut plan = Plan {
        changes: Vec::new(),
        resources: Vec::new(),
    };
    let mut foreign = Vec::new();
    for resource in desired::resources(config, code, &around)? {
        match resource.inspect(clients).await? {
            Finding::Ours(change) => {
                plan.changes.push(change);
                plan.resources.push(resource);
            }
            Finding::Foreign(subject) => foreign.push(subject),
            Finding::Nothing => {}
        }
    }
    if foreign.is_empty() {
        Ok(plan)
    } else {
        Err(Error::Foreign {
            owner: config.name.clone(),
            found: foreign,
        })
    }
}

/// The time that the first run left in the function's configuration.
async fn first_run(clients: &Clients, names: &Names) -> Result<Option<DateTime<Utc>>> {
    let text = Function::live_config(clients, &names.base).await?;
    let config = text.and_then(|text| Config::from_json_text(&text).ok());
    Ok(config.and_then(|config| config.since))
}
