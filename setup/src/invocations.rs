//! What the function's log says of its invocations.

use chrono::{DateTime, Utc};
use handler::logged::{self, Line};

use crate::clients::Clients;
use crate::doctor::time::of_millis;
use crate::error::{Called, Result};

/// Pages of the log that are read at most.
const MOST_PAGES: usize = 50;

/// One invocation, as the log tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) at: DateTime<Utc>,
    pub(crate) line: Line,
}

/// What was read of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// How invocations went, the oldest first.
    pub(crate) all: Vec<Run>,
    /// Whether there is such a log.
    pub(crate) found: bool,
    /// Whether it was read to its end.
    pub(crate) whole: bool,
}

/// How invocations went from a time on, by the log group of the function. Reads only.
///
/// # Errors
/// What AWS refuses.
pub(crate) async fn since(clients: &Clients, group: &str, from: DateTime<Utc>) -> Result<Runs> {
    let call = clients.logs.filter_log_events();
    let call = call
        .log_group_name(group)
        .start_time(from.timestamp_millis())
        .filter_pattern(logged::PATTERN);
    let mut pages = call.into_paginator().send();
    let mut read = Runs::default();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else {
            read.whole = true;
            break;
        };
        let absent = ["ResourceNotFoundException"];
        let Some(page) = page.found("logs:FilterLogEvents", group, &absent)? else {
            break;
        };
        read.found = true;
        let events = page.events().iter();
        // Not every endpoint filters.
        read.all.extend(events.filter_map(|event| {
            Some(Run {
                at: of_millis(event.timestamp().unwrap_or_default()),
                line: Line::read(event.message()?)?,
            })
        }));
    }
    read.all.sort_by_key(|run| run.at);
    Ok(read)
}
