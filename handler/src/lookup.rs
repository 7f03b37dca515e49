//! The look-up: which pushes does the log group hold?

use chrono::{DateTime, Utc};
use filters::Pattern;
use serde_json::Value;

use crate::context::Context;
use crate::ecs::next;
use crate::error::{AwsError, Error};
use crate::push::{Found, Push, coalesce};
use crate::record::{NoPush, Record};

/// Reads the log group from a time on: every page, the empty ones too.
///
/// The server filters by the PutImage pattern; every event it returns is checked again, so that nothing hangs on that.
/// A record that cannot be read is told in the log and hides no other.
///
/// # Errors
/// When the configuration names no log group, or AWS refuses the reading.
pub(crate) async fn look_up(context: &Context, from: DateTime<Utc>) -> Result<Vec<Push>, Error> {
    let Some(group) = &context.config.log_group else {
        let fault =
            crate::config::Fault::new("log_group", "is not set: `ecroll setup` fills it in");
        return Err(Error::Config(vec![fault]));
    };
    let text = filters::put_image::pattern(&context.config.repositories);
    let pattern = Pattern::parse(&text)
        .map_err(|error| Error::Permanent(format!("the PutImage pattern is refused: {error}")))?;
    let request = context
        .logs
        .filter_log_events()
        .log_group_name(group)
        .start_time(from.timestamp_millis())
        .filter_pattern(&text);
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = request
            .clone()
            .set_next_token(token.clone())
            .send()
            .await
            .map_err(|error| AwsError::new("FilterLogEvents", &error))?;
        for event in page.events() {
            let Some(message) = event.message().filter(|message| pattern.matches(message)) else {
                continue;
            };
            match serde_json::from_str::<Value>(message).map(|record| Record::read(&record)) {
                Ok(Ok(record)) => found.push(Found {
                    record,
                    timestamp: event.timestamp().unwrap_or_default(),
                    ingestion: event.ingestion_time().unwrap_or_default(),
                }),
                Ok(Err(NoPush::NotOurs)) => {}
                Ok(Err(NoPush::Unreadable(why))) => tracing::warn!(why, "push passed over"),
                Err(error) => tracing::warn!(%error, "log event passed over"),
            }
        }
        // A page may be empty and yet not be the last; only a missing token ends the reading.
        token = next(token.as_deref(), page.next_token(), "FilterLogEvents")?;
        if token.is_none() {
            return Ok(coalesce(found));
        }
    }
}
