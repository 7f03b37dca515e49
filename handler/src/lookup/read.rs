//! Reading one slice of the log group: every page, the empty ones too.

use chrono::{DateTime, Utc};
use filters::Pattern;
use serde_json::Value;

use super::slices::Slice;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecs::next;
use crate::error::{AwsError, Error};
use crate::push::Found;
use crate::record::{NoPush, Record};

/// Where and by what pattern to read.
pub(super) struct Reader<'c> {
    context: &'c Context,
    group: &'c str,
    text: String,
    pattern: Pattern,
}

impl<'c> Reader<'c> {
    /// # Errors
    /// When the configuration names no log group.
    pub(super) fn new(context: &'c Context) -> Result<Self, Error> {
        let Some(group) = &context.config.log_group else {
            let fault =
                crate::config::Fault::new("log_group", "is not set: `ecroll setup` fills it in");
            return Err(Error::Config(vec![fault]));
        };
        let text = filters::put_image::pattern(&context.config.repositories);
        let pattern = Pattern::parse(&text).map_err(|error| {
            Error::Permanent(format!("the PutImage pattern is refused: {error}"))
        })?;
        Ok(Self {
            context,
            group,
            text,
            pattern,
        })
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.context.now()
    }

    /// The records of a slice, by the log events' own time.
    ///
    /// The server filters by the PutImage pattern; every event it returns is checked again, so that nothing hangs on
    /// that. A record that cannot be read is told in the log and hides no other. The newest slice is read in any case.
    pub(super) async fn read(
        &self,
        slice: &Slice,
        until: Deadline,
    ) -> Result<Vec<Found>, AwsError> {
        // Both ends are inclusive. Source:
        // <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>
        let request = self
            .context
            .logs
            .filter_log_events()
            .log_group_name(self.group)
            .start_time(slice.from.timestamp_millis())
            .set_end_time(slice.to.map(|to| to.timestamp_millis() - 1))
            .filter_pattern(&self.text);
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        loop {
            if slice.to.is_some() && !until.allows(self.context.now()) {
                return Err(AwsError::strange("FilterLogEvents", until.too_late(), true));
            }
            let page = request
                .clone()
                .set_next_token(token.clone())
                .send()
                .await
                .map_err(|error| AwsError::new("FilterLogEvents", &error))?;
            for event in page.events() {
                let message = event.message();
                let Some(message) = message.filter(|message| self.pattern.matches(message)) else {
                    continue;
                };
                match serde_json::from_str::<Value>(message).map(|record| Record::read(&record)) {
                    // ecroll says itself what runs.
                    Ok(Ok(record)) if self.context.config.is_in_use_tag(&record.tag) => {}
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
                return Ok(found);
            }
        }
    }
}
