//! From a configuration to a plan, and from a plan to a pipeline.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Utc};
use handler::config::{Config, TriggerKind};

use crate::clients::Clients;
use crate::code::Code;
use crate::desired::{self, Circumstances};
use crate::diff::{Action, Change};
use crate::error::{Error, Result};
use crate::inventory;
use crate::names::{METRIC, Names};
use crate::resource::{Finding, Function, MetricFilter, Resource};
use crate::trails::{self, Selection};

pub use crate::apply::apply;
pub use crate::plan::Plan;

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
    // It holds the calls of every service, which is much for the stack of whoever asks.
    Box::pin(planned(clients, config, code, now)).await
}

async fn planned(
    clients: &Clients,
    config: &Config,
    code: &Code,
    now: DateTime<Utc>,
) -> Result<Plan> {
    let place = clients.place().await?;
    let names = Names::new(&config.name, config.log_group.as_deref(), &place);
    let before = earlier_run(clients, &names).await?;
    let since = config
        .since
        .or_else(|| before.as_ref().and_then(|before| before.since))
        .unwrap_or_else(|| now.trunc_subsecs(0));
    let remembered = before.as_ref().map(|before| &before.trail);
    let trail = Box::pin(trails::select(clients, config, &place, &names, remembered)).await?;
    let pass_roles = inventory::pass_roles(clients, config, &place).await?;
    let stack_roles = inventory::stack_roles(clients, config, now).await?;
    let target_roles = inventory::target_roles(clients, config, now).await?;
    let around = Circumstances {
        place,
        pass_roles,
        stack_roles,
        target_roles,
        trail,
        since,
    };
    let mut plan = Plan::default();
    let mut foreign = Vec::new();
    for resource in desired::resources(config, code, &around)? {
        match resource.inspect(clients).await? {
            Finding::Ours(change) | Finding::Blocked(change) => plan.add(change, resource),
            Finding::Foreign(change) => foreign.push(change.subject()),
            Finding::Nothing => {}
        }
    }
    if !foreign.is_empty() {
        return Err(Error::Foreign {
            owner: config.name.clone(),
            found: foreign,
        });
    }
    // Once the new filter counts, one on a log group of an earlier choice has nothing left to do.
    for group in trails::our_filters(clients, &names).await? {
        if group != around.trail.log_group || !config.takes(TriggerKind::Alarm) {
            let filter = MetricFilter::named(&names.base, &group, METRIC);
            plan.add(filter.removal(), Resource::MetricFilter(filter));
        }
    }
    if let Some(before) = before {
        remove_roads(clients, config, &around, before.log_group, &mut plan).await?;
    }
    if around.trail.left {
        keep_own_trail(config, &names, &around, &mut plan)?;
    }
    plan.trail = Some(around.trail);
    Ok(plan)
}

/// What an earlier configuration had made for roads that this one does not take, as far as it is ours. `looked_at` is the
/// log group of that configuration. Where no earlier run is known nothing is looked for.
async fn remove_roads(
    clients: &Clients,
    config: &Config,
    around: &Circumstances,
    looked_at: Option<String>,
    plan: &mut Plan,
) -> Result<()> {
    let Circumstances { place, trail, .. } = around;
    let names = Names::new(&config.name, Some(&trail.log_group), place);
    let groups: BTreeSet<String> = looked_at
        .into_iter()
        .chain([trail.log_group.clone()])
        .collect();
    let groups: Vec<String> = groups.into_iter().collect();
    for resource in desired::not_taken(config, &names, place, &groups) {
        if let Finding::Ours(change) = resource.inspect_removal(clients).await?
            && change.is_work()
        {
            let change = match &resource {
                Resource::SubscriptionFilter(filter) => filter.removal(),
                _ => Change {
                    note: Some("`triggers` does not name its road".to_owned()),
                    ..change
                },
            };
            plan.add(change, resource);
        }
    }
    Ok(())
}

/// A trail of an earlier run stays, and the plan says so: it may be the only record of what happened in the account, so
/// deleting it is for a person to decide.
fn keep_own_trail(
    config: &Config,
    names: &Names,
    around: &Circumstances,
    plan: &mut Plan,
) -> Result<()> {
    let own = Circumstances {
        trail: Selection::own(names, &around.place, ""),
        ..around.clone()
    };
    let all = desired::resources(config, &Code::placeholder(), &own)?;
    let trail = all.into_iter().find(|r| matches!(r, Resource::Trail(_)));
    if let Some(trail) = trail {
        let name = &names.base;
        let note = format!(
            "of an earlier run: nothing reads it any more, and AWS may charge for its copy of the events; setup does \
             not delete it: `aws cloudtrail delete-trail --name {name}` does, `trail = \"auto\"` takes it up again"
        );
        let change = Change {
            action: Action::Keep,
            resource: "trail",
            name: name.clone(),
            fields: Vec::new(),
            note: Some(note),
        };
        plan.add(change, trail);
    }
    Ok(())
}

/// The configuration that an earlier run left with the function: when it first ran, and which trail it chose.
pub(crate) async fn earlier_run(clients: &Clients, names: &Names) -> Result<Option<Config>> {
    let text = Function::live_config(clients, &names.base).await?;
    Ok(text.and_then(|text| Config::from_json_text(&text).ok()))
}

impl MetricFilter {
    /// The line of a plan that takes it away.
    pub(crate) fn removal(&self) -> Change {
        Change {
            action: Action::Remove,
            resource: "metric filter",
            name: self.name.clone(),
            fields: Vec::new(),
            note: Some(format!("on the log group `{}`", self.log_group)),
        }
    }
}
