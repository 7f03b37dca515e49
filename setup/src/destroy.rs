//! What destroying removes: everything that carries our name and our tag, in the order in which AWS lets it go.

use std::collections::BTreeSet;

use chrono::DateTime;
use handler::config::{Config, TriggerKind};

use crate::clients::Clients;
use crate::code::Code;
use crate::desired::{self, Circumstances};
use crate::diff::{Action, Change};
use crate::error::Result;
use crate::names::{METRIC, Names, Place};
use crate::plan::Plan;
use crate::policy_document::TargetRoles;
use crate::provision::earlier_run;
use crate::resource::{Finding, LogGroup, MetricFilter, Resource, SubscriptionFilter};
use crate::trails::{self, Selection};

/// Why the bucket stays.
const KEPT: &str = "keeps the trail's files; `ecroll destroy --delete-logs` removes it with them";

/// Looks for what is ours. Reads only. The bucket goes only with `logs`.
///
/// # Errors
/// Refusals of AWS.
pub async fn plan(clients: &Clients, config: &Config, logs: bool) -> Result<Plan> {
    let place = clients.place().await?;
    let names = Names::new(&config.name, config.log_group.as_deref(), &place);
    // Before the function goes, which remembers it.
    let before = earlier_run(clients, &names).await?;
    let mut groups = BTreeSet::from([
        names.log_group.clone(),
        Names::new(&config.name, None, &place).log_group,
    ]);
    groups.extend(before.and_then(|before| before.log_group));

    let mut plan = Plan {
        destroys: true,
        ..Plan::default()
    };
    let mut function_is_ours = true;
    for resource in candidates(config, &place, &names, &groups)? {
        let finding = match &resource {
            Resource::MetricFilter(_) => {
                remove_filters(clients, &names, &mut plan).await?;
                continue;
            }
            Resource::SubscriptionFilter(filter) => {
                remove_subscription_filters(clients, filter, &groups, &mut plan).await?;
                continue;
            }
            // The statements of a function's policy go with the function.
            Resource::Permission(_) => continue,
            resource => resource.inspect_removal(clients).await?,
        };
        match finding {
            Finding::Nothing | Finding::Blocked(_) => {}
            Finding::Ours(change) => match &resource {
                Resource::Bucket(_) if !logs => plan.add(kept(change, KEPT), resource),
                _ => plan.add(change, resource),
            },
            Finding::Foreign(change) => {
                function_is_ours &= !matches!(resource, Resource::Function(_));
                let why = format!(
                    "is not ecroll's: it has no tag `ecroll:owner` = `{}`",
                    config.name
                );
                plan.add(kept(change, &why), resource);
            }
        }
    }
    // Neither kind of subscription carries tags: they are ours if the function is.
    if !function_is_ours {
        plan.drop_kind("subscription");
        plan.drop_kind("subscription filter");
    }
    Ok(plan)
}

fn kept(change: Change, why: &str) -> Change {
    Change {
        action: Action::Keep,
        note: Some(why.to_owned()),
        ..change
    }
}

/// Our metric filters, wherever they are: on a log group of our own or on somebody else's.
async fn remove_filters(clients: &Clients, names: &Names, plan: &mut Plan) -> Result<()> {
    for group in trails::our_filters(clients, names).await? {
        let filter = MetricFilter::named(&names.base, &group, METRIC);
        plan.add(filter.removal(), Resource::MetricFilter(filter));
    }
    Ok(())
}

/// Our subscription filters, on each of the log groups that the pipeline may have looked at.
async fn remove_subscription_filters(
    clients: &Clients,
    filter: &SubscriptionFilter,
    groups: &BTreeSet<String>,
    plan: &mut Plan,
) -> Result<()> {
    for group in groups {
        let filter = SubscriptionFilter {
            log_group: group.clone(),
            ..filter.clone()
        };
        let change = filter.removal();
        let resource = Resource::SubscriptionFilter(filter);
        if let Finding::Ours(_) = resource.inspect_removal(clients).await? {
            plan.add(change, resource);
        }
    }
    Ok(())
}

/// Everything that setup may ever have made, the last first: what depends on another goes before it.
fn candidates(
    config: &Config,
    place: &Place,
    names: &Names,
    groups: &BTreeSet<String>,
) -> Result<Vec<Resource>> {
    // Only names matter here, so what else a configuration says cannot be in the way.
    let only_named = Config {
        name: config.name.clone(),
        triggers: TriggerKind::ALL.to_vec(),
        ..Config::default()
    };
    let around = Circumstances {
        place: place.clone(),
        pass_roles: BTreeSet::new(),
        stack_roles: BTreeSet::new(),
        target_roles: TargetRoles::default(),
        trail: Selection::own(names, place, ""),
        since: DateTime::UNIX_EPOCH,
    };
    let mut all = desired::resources(&only_named, &Code::placeholder(), &around)?;
    all.reverse();
    let mut with_groups = Vec::new();
    for resource in all {
        match resource {
            Resource::LogGroup(group) if group.name == names.log_group => {
                with_groups.extend(groups.iter().map(|name| {
                    Resource::LogGroup(LogGroup {
                        name: name.clone(),
                        arn: place.arn("logs", &format!("log-group:{name}")),
                        ..group.clone()
                    })
                }));
            }
            other => with_groups.push(other),
        }
    }
    Ok(with_groups)
}
