//! `FilterLogEvents`: pages by time, some of them empty, until there is no token.

use std::ops::Bound;

use serde_json::{Value, json};

use super::Logs;
use super::events::{Event, Position};
use crate::input::{Input, present};
use crate::service::{Answer, Fault, Scope};

/// A page holds at most this many events …
const PAGE_EVENTS: i64 = 10_000;
/// … of about this many bytes …
const PAGE_BYTES: usize = 1024 * 1024;
/// … and ends after this many events were looked at, so that a rare match has thin pages before it.
const PAGE_SCANNED: usize = 50_000;

impl Logs {
    pub(super) fn filter_log_events(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let limit = input.number("limit").unwrap_or(PAGE_EVENTS);
        if !(1..=PAGE_EVENTS).contains(&limit) {
            return Err(input.fault(format!(
                "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy \
                 constraint: Member must have value less than or equal to 10000"
            )));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let text = input.text("filterPattern").unwrap_or_default();
        let streams = input.texts("logStreamNames");
        if streams.len() > 100 {
            return Err(input.fault("logStreamNames takes at most 100 names"));
        }
        let prefix = input.text("logStreamNamePrefix").unwrap_or_default();
        let start = input.number("startTime").unwrap_or(0);
        // Events later than the end are left out; those at the end are not.
        let end = input.number("endTime").unwrap_or(i64::MAX);
        let token = input
            .text("nextToken")
            .map(|text| Token::read(text, input))
            .transpose()?;

        let page = self.pages.wrapping_add(1);
        let every = self.empty_page_every;
        let group = self.group(input)?;
        let (number, pattern) = group.searches.take(text, input)?;
        let retained = group.retention.map_or(i64::MIN, |days| {
            (scope.now - chrono::TimeDelta::days(days)).timestamp_millis()
        });
        let from = token.as_ref().and_then(|token| token.after);
        let first = from.unwrap_or((start.max(retained), 0, 0));
        let from = from.map_or(Bound::Included(first), Bound::Excluded);
        let to = (end, i64::MAX, u64::MAX);

        let after_empty = token.as_ref().is_some_and(|token| token.empty);
        let is_empty = every > 0 && page.is_multiple_of(every) && !after_empty;
        let mut events = Vec::new();
        let mut last = token.and_then(|token| token.after);
        let mut next = is_empty.then_some(Token {
            after: last,
            empty: true,
        });
        if !is_empty && first < to {
            let (mut bytes, mut scanned) = (0, 0);
            for (position, event) in group.events.range((from, Bound::Included(to))) {
                if events.len() == limit || bytes >= PAGE_BYTES || scanned == PAGE_SCANNED {
                    next = Some(Token {
                        after: last,
                        empty: false,
                    });
                    break;
                }
                last = Some(*position);
                scanned += 1;
                let wanted = event.stream.starts_with(prefix)
                    && (streams.is_empty() || streams.iter().any(|name| **name == *event.stream));
                if wanted && event.matches(number, &pattern) {
                    bytes += event.message.len() + 26;
                    events.push(describe(*position, event));
                }
            }
        }
        self.pages = page;
        let next = next.map(Token::write);
        Ok(present(
            json!({"events": events, "searchedLogStreams": [], "nextToken": next}),
        ))
    }
}

/// Where the next page begins. A page after an empty one is never empty, so that reading ends.
#[derive(Debug, Clone, Copy)]
struct Token {
    after: Option<Position>,
    empty: bool,
}

impl Token {
    fn write(self) -> String {
        let kind = if self.empty { 'e' } else { 'f' };
        match self.after {
            Some((timestamp, ingestion, number)) => {
                format!("{kind}/{timestamp}/{ingestion}/{number}")
            }
            None => format!("{kind}/"),
        }
    }

    fn read(text: &str, input: Input<'_>) -> Result<Self, Fault> {
        let read = || {
            let (kind, rest) = text.split_once('/')?;
            let empty = match kind {
                "e" => true,
                "f" => false,
                _ => return None,
            };
            if rest.is_empty() {
                return Some(Self { after: None, empty });
            }
            let mut parts = rest.split('/');
            let timestamp = parts.next()?.parse().ok()?;
            let ingestion = parts.next()?.parse().ok()?;
            let number = parts.next()?.parse().ok()?;
            Some(Self {
                after: Some((timestamp, ingestion, number)),
                empty,
            })
        };
        read().ok_or_else(|| input.fault("The specified nextToken is invalid."))
    }
}

fn describe((timestamp, ingestion, number): Position, event: &Event) -> Value {
    json!({
        "logStreamName": *event.stream,
        "timestamp": timestamp,
        "message": *event.message,
        "ingestionTime": ingestion,
        "eventId": format!("{number:056}"),
    })
}
