//! A history from the log of the function that runs. Reads only.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use handler::record::Record;
use serde_json::Value;

use super::ask::Asked;
use super::judge::{Origin, wanted};
use super::source::of_runs;
use crate::clients::Clients;
use crate::error::{Called, Error, Result};
use crate::history::{History, Pushed, made_by, policy};
use crate::invocations;
use crate::names::Names;
use crate::resource::Function;
use crate::status::text;

/// Clocks may differ so much.
const AROUND: TimeDelta = TimeDelta::minutes(5);
/// A record that comes later than this is not waited for.
const LATE: TimeDelta = TimeDelta::hours(2);
/// What identities begin with that are not those of records.
const DIRECT: &str = "direct:";
const ECR: &str = "ecr:";
/// Pages of the trail's log that are read at most for one push.
const MOST_PAGES: usize = 20;

/// What was read.
#[derive(Debug, Clone)]
pub struct Live {
    /// What happened.
    pub history: History,
    /// Where that is from.
    pub origin: Origin,
    /// Where the records are.
    log_group: Option<String>,
}

/// Reads how look-ups went in the last `since`. The policies are those of the function's configuration.
///
/// # Errors
/// No log of the function, or no look-up in it; what AWS refuses of the log.
pub async fn read(
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    since: Duration,
) -> Result<Live> {
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
    if read.all.is_empty() && !read.whole {
        return Err(Error::Wrong(format!(
            "`{group}` tells of no look-up in what is read of it at once since {}: a shorter --since reads what is newer",
            text(from)
        )));
    }
    if read.all.is_empty() {
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
        let last = read.all.last().map(|run| text(run.at));
        let after = last.unwrap_or_default();
        origin.gaps.push(format!(
            "look-ups after {after}: the log is longer than is read at once; a shorter --since reaches them"
        ));
    }
    let (mut history, repeated) = of_runs(&read.all, &mut origin).without_repeated(from);
    if repeated {
        origin.gaps.push(format!(
            "pushes before {}: what was first decided about them lies before it; a longer --since reaches it",
            text(from)
        ));
    }
    // Without it there are no policies to tell of; everything else is in the log.
    let log_group = match Function::live_config(clients, &config.name).await {
        Ok(Some(live)) => Config::from_json_text(&live).ok().and_then(|live| {
            add_policies(&mut history, &live);
            live.log_group
        }),
        Ok(None) => None,
        Err(error) => {
            origin.gaps.push(format!("the policies: {error}"));
            None
        }
    };
    Ok(Live {
        history,
        origin,
        log_group,
    })
}

impl Live {
    /// Asks the trail's log who made the pushes that are to be told of.
    pub async fn add_identities(&mut self, clients: &Clients, asked: &Asked, all: bool) {
        let Some(group) = self.log_group.clone() else {
            return;
        };
        for at in wanted(&self.history, asked, all) {
            let Some(push) = self.history.pushed.get_mut(at) else {
                continue;
            };
            match identity(clients, &group, push).await {
                Ok(by) => push.by = by,
                Err(error) => {
                    // The next would fail likewise.
                    self.origin.gaps.push(format!("who pushed: {error}"));
                    return;
                }
            }
        }
    }
}

/// Who made a push, by its record in the trail's log group.
async fn identity(clients: &Clients, group: &str, push: &Pushed) -> Result<Option<String>> {
    let (Some(at), Some(id)) = (push.pushed_at, push.event_ids.first()) else {
        return Ok(None);
    };
    // No record has such an identity.
    if id.starts_with(DIRECT) || id.starts_with(ECR) {
        return Ok(None);
    }
    // A quote would end the pattern's text; no identity of CloudTrail has one.
    if id.contains(['"', '\\']) {
        return Ok(None);
    }
    let named = ["eventID", "sharedEventID", "addendum.originalEventID"];
    let named = named.map(|member| format!("$.{member} = \"{id}\""));
    let mut pages = clients
        .logs
        .filter_log_events()
        .log_group_name(group)
        .start_time((at - AROUND).timestamp_millis())
        .end_time((at + LATE).timestamp_millis())
        .filter_pattern(format!("{{ {} }}", named.join(" || ")))
        .into_paginator()
        .send();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else {
            break;
        };
        let page = page.called("logs:FilterLogEvents", group)?;
        for event in page.events() {
            let record = event.message().map(serde_json::from_str::<Value>);
            let Some(Ok(record)) = record else {
                continue;
            };
            // Not every endpoint filters.
            if Record::read(&record).is_ok_and(|read| read.id == *id) {
                return Ok(made_by(&record));
            }
        }
    }
    Ok(None)
}

fn add_policies(history: &mut History, config: &Config) {
    for decided in &mut history.decisions {
        decided.policy = policy(&decided.decision, config);
    }
}
