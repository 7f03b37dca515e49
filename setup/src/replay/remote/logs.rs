//! Records of pushes from a trail's log group: the metric filter's pattern is applied there.

use std::path::Path;

use chrono::DateTime;
use filters::put_image;

use super::Window;
use crate::clients::Clients;
use crate::error::{Called, Result};
use crate::replay::source::Sources;
use crate::status::text;

/// Events in an answer, at the most: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>.
const PAGE: i32 = 10_000;

/// Fetches them.
///
/// # Errors
/// What AWS refuses, a group that is not there among it.
pub(super) async fn fetch(
    clients: &Clients,
    group: &str,
    window: Window,
    repositories: &[String],
    sources: &mut Sources,
    told: &mut dyn FnMut(String),
) -> Result<()> {
    let call = clients.logs.filter_log_events();
    let call = if group.starts_with("arn:") {
        call.log_group_identifier(group)
    } else {
        call.log_group_name(group)
    };
    // The end is inclusive there.
    let mut pages = call
        .start_time(window.from.timestamp_millis().max(0))
        .end_time(window.until.timestamp_millis() - 1)
        .filter_pattern(put_image::pattern(repositories))
        .limit(PAGE)
        .into_paginator()
        .send();
    let name = format!("logs://{group}");
    let (mut read, mut pages_read, mut last) = (0, 0, None);
    while let Some(page) = pages.next().await {
        let page = match page.called("logs:FilterLogEvents", group) {
            Ok(page) => page,
            Err(error) if read == 0 => {
                return Err(error.and("a group of another Region takes --region"));
            }
            // What was read counts all the same.
            Err(error) => {
                let from = last.map_or_else(String::new, |at| format!("after {}", text(at)));
                sources.reject(Path::new(&name), from, error.to_string());
                return Ok(());
            }
        };
        for event in page.events() {
            read += 1;
            let at = format!(
                "event {}",
                event.event_id().unwrap_or("without an identity")
            );
            let arrived = event.ingestion_time().or(event.timestamp());
            last = last.max(event.timestamp().and_then(DateTime::from_timestamp_millis));
            let message = event.message().unwrap_or_default();
            sources.log_event(Path::new(&name), &at, message, arrived);
        }
        pages_read += 1;
        told(format!(
            "{name}: {read} records of pushes in {pages_read} pages"
        ));
    }
    if read == 0 {
        let reason = format!(
            "holds no record of a push from {} to {} to {}: --since reaches further back, if the group keeps it so long",
            text(window.from),
            text(window.until),
            repositories.join(", ")
        );
        sources.reject(Path::new(&name), "", reason);
    }
    Ok(())
}
