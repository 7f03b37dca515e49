//! A CloudTrail record on its way to the log groups: what a trail needs to know about it.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::service::Place;

/// Records above this many bytes are not sent to CloudWatch Logs.
const MAX_BYTES: usize = 256 * 1024;

/// The type of such events on the bus.
const API_CALL: &str = "AWS API Call via CloudTrail";

/// One record.
#[derive(Debug)]
pub(crate) struct Record {
    /// The record as the log group holds it: one line of JSON.
    pub(crate) text: Arc<str>,
    /// It tells of a push that worked.
    pub(crate) pushes: bool,
    pub(crate) id: Option<String>,
    pub(crate) time: Option<DateTime<Utc>>,
    pub(crate) source: String,
    pub(crate) region: String,
    pub(crate) account: Option<String>,
    pub(crate) read_only: bool,
    pub(crate) management: bool,
}

/// The members of a record that a trail looks at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    event_time: Option<String>,
    event_source: Option<String>,
    event_name: Option<String>,
    event_category: Option<String>,
    error_code: Option<String>,
    aws_region: Option<String>,
    recipient_account_id: Option<String>,
    read_only: Option<bool>,
    management_event: Option<bool>,
}

impl Head {
    /// What is not of its type counts as absent.
    fn of(record: &Value) -> Self {
        let text = |name: &str| record.get(name)?.as_str().map(str::to_owned);
        let flag = |name: &str| record.get(name)?.as_bool();
        Self {
            event_id: text("eventID"),
            event_time: text("eventTime"),
            event_source: text("eventSource"),
            event_name: text("eventName"),
            event_category: text("eventCategory"),
            error_code: text("errorCode"),
            aws_region: text("awsRegion"),
            recipient_account_id: text("recipientAccountId"),
            read_only: flag("readOnly"),
            management_event: flag("managementEvent"),
        }
    }
}

impl Record {
    pub(crate) fn new(record: &Value) -> Self {
        Self::headed(Head::of(record), line(record))
    }

    /// The same from its text, of which only the head is kept apart.
    pub(crate) fn read(text: Arc<str>) -> Result<Self, serde_json::Error> {
        Ok(Self::headed(serde_json::from_str(&text)?, text))
    }

    fn headed(head: Head, text: Arc<str>) -> Self {
        let name = head.event_name.unwrap_or_default();
        let source = head.event_source.unwrap_or_default();
        Self {
            text,
            pushes: source == "ecr.amazonaws.com"
                && name == "PutImage"
                && head.error_code.is_none(),
            id: head.event_id,
            time: head.event_time.and_then(|time| time.parse().ok()),
            source,
            region: head.aws_region.unwrap_or_default(),
            account: head.recipient_account_id,
            // Records before version 1.05 do not say; the verb does.
            read_only: head.read_only.unwrap_or_else(|| reads(&name)),
            management: match head.event_category {
                Some(category) => category == "Management",
                None => head.management_event.unwrap_or(true),
            },
        }
    }

    /// What is known of its event on the bus before the record is copied into it.
    pub(crate) fn head(&self) -> Value {
        json!({"source": self.bus_source(), "detail-type": API_CALL})
    }

    fn bus_source(&self) -> String {
        let service = self.source.split('.').next().unwrap_or_default();
        format!("aws.{service}")
    }

    /// The record as the event bus gets it: an envelope with the service that was called and the record as its detail.
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
    pub(crate) fn event(&self, record: &Value, place: &Place) -> Value {
        let time = self.time.unwrap_or_default();
        json!({
            "version": "0",
            "detail-type": API_CALL,
            "source": self.bus_source(),
            "account": self.account.as_deref().unwrap_or(&place.account),
            "time": time.to_rfc3339_opts(SecondsFormat::Secs, true),
            "region": self.region,
            "resources": [],
            "detail": record,
        })
    }

    /// Whether CloudTrail sends it to a log group at all.
    pub(crate) fn fits(&self) -> bool {
        self.text.len() <= MAX_BYTES
    }

    /// Whether it comes from one of the services without Regions.
    pub(crate) fn is_global(&self) -> bool {
        matches!(
            self.source.as_str(),
            "iam.amazonaws.com" | "sts.amazonaws.com" | "cloudfront.amazonaws.com"
        )
    }
}

/// One line of JSON. Several times as fast as `Display`, and most records fit without growing; a value is always written.
fn line(record: &Value) -> Arc<str> {
    let mut bytes = Vec::with_capacity(2048);
    let written = serde_json::to_writer(&mut bytes, record);
    written
        .ok()
        .and_then(|()| String::from_utf8(bytes).ok())
        .unwrap_or_default()
        .into()
}

fn reads(event_name: &str) -> bool {
    [
        "Get", "List", "Describe", "BatchGet", "Head", "Lookup", "Check",
    ]
    .iter()
    .any(|verb| event_name.starts_with(verb))
}
