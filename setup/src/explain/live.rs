//! A history from the log of the function that runs. Reads only.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use handler::plan::FAMILIES;
use handler::stacks;

use super::judge::Origin;
use super::source::of_runs;
use crate::clients::Clients;
use crate::error::{Error, Result};
use crate::history::History;
use crate::invocations;
use crate::names::Names;
use crate::resource::Function;
use crate::status::text;

/// Reads how look-ups went in the last `since`. The policies are those of the function's configuration.
///
/// # Errors
/// No log of the function, or no look-up in it; what AWS refuses of the log.
pub async fn read(
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    since: Duration,
) -> Result<(History, Origin)> {
    let place = clients.place().await?;
    let names = Names::new(&config.name, config.log_group.as_deref(), &place);
    let group = &names.function_log_group;
    let from = TimeDelta::from_std(since).ok();
    let from = from
        .and_then(|since| now.checked_sub_signed(since))
        .unwrap_or(DateTime::UNIX_EPOCH);
    let read = invocations::since(clients, group, from).await?;
    if !read.found {
        return Err(Error::Wrong(format!(
            "there is no log group `{group}` in {}: `ecroll setup` makes the pipeline; another `name` is that of the \
             configuration (--config)",
            place.region
        )));
    }
    if read.runs.is_empty() {
        return Err(Error::Wrong(format!(
            "`{group}` tells of no look-up since {}: a longer --since reaches further back, and `ecroll doctor` says \
             whether the pipeline works",
            text(from)
        )));
    }
    let mut origin = Origin {
        name: format!("`{group}` since {}", text(from)),
        gaps: Vec::new(),
    };
    if !read.whole {
        let last = read.runs.last().map(|run| text(run.at));
        let after = last.unwrap_or_default();
        origin.gaps.push(format!(
            "look-ups after {after}: the log is longer than is read at once; a shorter --since reaches them"
        ));
    }
    let mut history = of_runs(&read.runs, &mut origin);
    // Without it there are no policies to tell of; everything else is in the log.
    match Function::live_config(clients, &config.name).await {
        Ok(Some(live)) => {
            if let Ok(live) = Config::from_json_text(&live) {
                add_policies(&mut history, &live);
            }
        }
        Ok(None) => {}
        Err(error) => origin.gaps.push(format!("the policies: {error}")),
    }
    Ok((history, origin))
}

fn add_policies(history: &mut History, config: &Config) {
    for decided in &mut history.decisions {
        let decision = &decided.decision;
        if ![stacks::CLUSTER, FAMILIES].contains(&decision.cluster.as_str()) {
            let settings =
                config.settings(&decision.cluster, &decision.service, &decision.repository);
            decided.policy = Some(settings.tags.to_string());
        }
    }
}
