//! One trail: its settings, what it logs, how its delivery goes.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::foreign::Shadow;
use super::selectors::{advanced_selects, basic_selects};
use crate::input::present;
use crate::policy::Ask;
use crate::record::Record;
use crate::service::{Fault, Place};

/// One trail.
#[derive(Debug)]
pub(crate) struct Trail {
    /// The members of the API's `Trail`, as given.
    pub(super) settings: Value,
    pub(super) basic: Vec<Value>,
    pub(super) advanced: Vec<Value>,
    pub(super) custom_selectors: bool,
    pub(super) logging: bool,
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) stopped: Option<DateTime<Utc>>,
    pub(super) delivered: Option<DateTime<Utc>>,
    pub(super) delivery_error: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// Set where the trail lives elsewhere and is only seen here.
    pub(super) shadow: Option<Shadow>,
}

impl Trail {
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.settings.get(member).and_then(Value::as_str)
    }

    pub(crate) fn arn(&self) -> &str {
        self.text("TrailARN").unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.text("Name").unwrap_or_default()
    }

    /// Whether a call that names `name` means this trail: a shadow is found by its ARN only.
    pub(super) fn is(&self, name: &str) -> bool {
        self.arn() == name || (self.shadow.is_none() && self.name() == name)
    }

    fn flag(&self, member: &str) -> bool {
        self.settings
            .get(member)
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// Remembers how the delivery of a record to the log group went.
    pub(crate) fn note_delivery(&mut self, result: Result<(), &str>, now: DateTime<Utc>) {
        match result {
            Ok(()) => {
                self.delivered = Some(now);
                self.delivery_error = None;
            }
            Err(why) => self.delivery_error = Some(why.to_owned()),
        }
    }

    /// Whether the trail logs this record; the error says why not.
    pub(crate) fn logs(&self, record: &Record) -> Result<(), &'static str> {
        if self.shadow.is_some() {
            return Err("the trail lives elsewhere");
        }
        if !self.logging {
            return Err("the trail is not logging");
        }
        if !record.management {
            return Err("it is no management event");
        }
        let home = self.text("HomeRegion").unwrap_or_default();
        let global = record.is_global() && self.flag("IncludeGlobalServiceEvents");
        if !self.flag("IsMultiRegionTrail") && !global && record.region != home {
            return Err("it is of another Region and the trail is of one Region");
        }
        let selected = if self.advanced.is_empty() {
            self.basic
                .iter()
                .any(|selector| basic_selects(selector, record))
        } else {
            self.advanced
                .iter()
                .any(|selector| advanced_selects(selector, record))
        };
        if selected {
            Ok(())
        } else {
            Err("the trail's event selectors leave it out")
        }
    }

    pub(super) fn describe(&self) -> Value {
        let mut trail = self.settings.clone();
        if let Some(members) = trail.as_object_mut() {
            let flags = [
                ("HasCustomEventSelectors", self.custom_selectors),
                ("HasInsightSelectors", false),
            ];
            for (name, value) in flags {
                members.entry(name).or_insert(value.into());
            }
        }
        trail
    }

    pub(super) fn selectors(&self) -> Result<Value, Fault> {
        if let Some(shadow) = &self.shadow {
            return shadow.selectors(self.arn());
        }
        Ok(if self.advanced.is_empty() {
            json!({"TrailARN": self.arn(), "EventSelectors": self.basic})
        } else {
            json!({"TrailARN": self.arn(), "AdvancedEventSelectors": self.advanced})
        })
    }

    pub(super) fn status(&self) -> Result<Value, Fault> {
        if let Some(shadow) = &self.shadow {
            return shadow.status(self.arn());
        }
        let text = |time: Option<DateTime<Utc>>| {
            time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
                .unwrap_or_default()
        };
        Ok(present(json!({
            "IsLogging": self.logging,
            "StartLoggingTime": self.started.map(|time| time.timestamp()),
            "StopLoggingTime": self.stopped.map(|time| time.timestamp()),
            "TimeLoggingStarted": text(self.started),
            "TimeLoggingStopped": text(self.stopped),
            "LatestCloudWatchLogsDeliveryTime": self.delivered.map(|time| time.timestamp()),
            "LatestCloudWatchLogsDeliveryError": self.delivery_error,
            "LatestDeliveryTime": self.delivered.map(|time| time.timestamp()),
            "LatestDeliveryAttemptTime": text(self.delivered),
            "LatestDeliveryAttemptSucceeded": text(self.delivered),
        })))
    }
}

/// Whether a bucket policy lets CloudTrail write for this trail: both statements of the user guide.
pub(crate) fn bucket_admits(
    admits: impl Fn(&Ask<'_>) -> bool,
    settings: &Value,
    place: &Place,
    arn: &str,
) -> bool {
    let text = |member: &str| settings.get(member).and_then(Value::as_str);
    let bucket = format!(
        "arn:{}:s3:::{}",
        place.partition,
        text("S3BucketName").unwrap_or_default()
    );
    let prefix = text("S3KeyPrefix").filter(|prefix| !prefix.is_empty());
    let prefix = prefix
        .map(|prefix| format!("{prefix}/"))
        .unwrap_or_default();
    let object = format!(
        "{bucket}/{prefix}AWSLogs/{}/CloudTrail/object",
        place.account
    );
    let context = [
        ("aws:SourceArn", arn),
        ("aws:SourceAccount", place.account.as_str()),
        ("s3:x-amz-acl", "bucket-owner-full-control"),
    ];
    let ask = |action, resource| Ask {
        principal: "cloudtrail.amazonaws.com",
        action,
        resource,
        context: &context,
    };
    admits(&ask("s3:GetBucketAcl", &bucket)) && admits(&ask("s3:PutObject", &object))
}
