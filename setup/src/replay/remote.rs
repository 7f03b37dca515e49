//! Records that are fetched from AWS: from a log group, or from the bucket of a trail. Reads only.

mod folders;
mod logs;
mod s3;

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use super::source::Sources;
use crate::clients::Clients;
use crate::error::Result;

/// Where records are in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remote {
    /// `logs://GROUP`: the name of a log group, or its ARN.
    Logs(String),
    /// `s3://BUCKET/PREFIX`: the objects of a bucket whose keys begin so.
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix; empty for the whole bucket.
        prefix: String,
    },
}

impl Remote {
    /// Reads `logs://…` or `s3://…`; `None` for anything else, which is a path.
    ///
    /// # Errors
    /// Where no group or no bucket is named.
    #[must_use]
    pub fn read(text: &str) -> Option<std::result::Result<Self, String>> {
        if let Some(group) = text.strip_prefix("logs://") {
            let group = group.strip_suffix(":*").unwrap_or(group);
            let named = !group.trim_matches('/').is_empty();
            return Some(if named {
                Ok(Self::Logs(group.to_owned()))
            } else {
                Err(format!(
                    "{text} names no log group: such as logs:///ecroll/trail"
                ))
            });
        }
        let (bucket, prefix) = match text.strip_prefix("s3://")?.split_once('/') {
            Some((bucket, prefix)) => (bucket, prefix),
            None => (text.strip_prefix("s3://")?, ""),
        };
        Some(if bucket.is_empty() {
            Err(format!(
                "{text} names no bucket: such as s3://my-trail/AWSLogs/111122223333/CloudTrail/eu-west-1"
            ))
        } else {
            Ok(Self::S3 {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            })
        })
    }

    /// Fetches the records of a window of time, from a log group those of these repositories alone. `told` hears how far it is.
    ///
    /// # Errors
    /// What AWS refuses. A single object that cannot be read is only told.
    pub async fn fetch(
        &self,
        clients: &Clients,
        window: Window,
        repositories: &[String],
        sources: &mut Sources,
        told: &mut dyn FnMut(String),
    ) -> Result<()> {
        match self {
            Self::Logs(group) => {
                logs::fetch(clients, group, window, repositories, sources, told).await
            }
            Self::S3 { bucket, prefix } => {
                s3::fetch(clients, (bucket, prefix), window, sources, told).await
            }
        }
    }
}

/// A stretch of time, its end left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

impl Window {
    /// The window between two moments; without any, the day until now.
    ///
    /// # Errors
    /// Where it would end before it begins.
    pub fn new(
        since: Option<Moment>,
        until: Option<Moment>,
        now: DateTime<Utc>,
    ) -> std::result::Result<Self, String> {
        let until = until.map_or(now, |moment| moment.at(now));
        let from = since.map_or(until - DAY, |moment| moment.at(now));
        if from >= until {
            return Err(format!(
                "--since is {} and --until {}: nothing lies between them",
                crate::status::text(from),
                crate::status::text(until)
            ));
        }
        Ok(Self { from, until })
    }

    pub(crate) fn holds(&self, time: DateTime<Utc>) -> bool {
        (self.from..self.until).contains(&time)
    }
}

/// What is read where nobody says since when.
const DAY: TimeDelta = TimeDelta::hours(24);

/// A moment as it stands on a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long before now: `7d`.
    Ago(TimeDelta),
    /// A time: `2026-01-01T00:00:00Z`, or a date for its beginning in UTC.
    At(DateTime<Utc>),
}

impl Moment {
    fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Ago(span) => now.checked_sub_signed(span).unwrap_or(DateTime::UNIX_EPOCH),
            Self::At(at) => at,
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let span = handler::config::span(text).and_then(|span| TimeDelta::from_std(span).ok());
        if let Some(span) = span {
            return Ok(Self::Ago(span));
        }
        let whole = format!("{text}T00:00:00Z");
        [text, &whole]
            .iter()
            .find_map(|text| DateTime::parse_from_rfc3339(text).ok())
            .map(|time| Self::At(time.to_utc()))
            .ok_or("must be a span such as 7d, a date such as 2026-01-01, or a time such as 2026-01-01T09:00:00Z")
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, Remote, Window};

    #[test]
    fn places_in_aws_are_told_from_paths() {
        let logs = |group: &str| Some(Ok(Remote::Logs(group.to_owned())));
        assert_eq!(Remote::read("logs:///ecroll/trail"), logs("/ecroll/trail"));
        assert_eq!(
            Remote::read("logs://arn:aws:logs:eu-west-1:1:log-group:trail:*"),
            logs("arn:aws:logs:eu-west-1:1:log-group:trail")
        );
        let s3 = |bucket: &str, prefix: &str| {
            let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
            Some(Ok(Remote::S3 { bucket, prefix }))
        };
        assert_eq!(Remote::read("s3://trail"), s3("trail", ""));
        assert_eq!(Remote::read("s3://trail/a/b/"), s3("trail", "a/b/"));
        assert_eq!(Remote::read("cloudtrail/logs"), None);
        for wrong in ["logs://", "logs:///", "s3://", "s3:///a"] {
            assert!(Remote::read(wrong).unwrap().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_window_lies_between_two_moments() {
        let now = "2026-03-08T12:00:00Z".parse().unwrap();
        let moment = |text: &str| Some(text.parse::<Moment>().unwrap());
        let window = |since, until| Window::new(since, until, now);
        let week = window(moment("7d"), None).unwrap();
        assert_eq!(week.from.to_rfc3339(), "2026-03-01T12:00:00+00:00");
        assert!(week.holds(week.from) && !week.holds(now));
        let day = window(None, moment("2026-03-05")).unwrap();
        assert_eq!(day.from.to_rfc3339(), "2026-03-04T00:00:00+00:00");
        let exact = window(moment("2026-03-05T01:02:03+01:00"), None).unwrap();
        assert_eq!(exact.from.to_rfc3339(), "2026-03-05T00:02:03+00:00");
        assert!(window(moment("1h"), moment("2h")).is_err());
        for wrong in ["", "7", "yesterday", "2026-3-1", "-1d"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}
