//! What this function wrote into ledgers and deployed of late, by which an answer of ECS is known that is older than that.
//!
//! An answer may be as it was a while before: "the Amazon ECS API follows an eventual consistency model", with waits of up to
//! five minutes before one may be sure. Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

/// Tags, by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// After so long an answer is believed, whatever it lacks: somebody may have taken a tag away.
const SETTLED: TimeDelta = TimeDelta::minutes(5);

/// What was written, by the ARN of the service.
#[derive(Debug, Default)]
pub(crate) struct Written {
    tags: BTreeMap<String, Vec<Writing>>,
    /// When a deployment was accepted, and the one that ran before: when it had begun, and of which revision it was.
    deployments: BTreeMap<String, (DateTime<Utc>, Before)>,
}

/// A deployment in place of which another one was accepted.
type Before = (DateTime<Utc>, String);

/// One tag, as it was read before and as it was written.
#[derive(Debug)]
struct Writing {
    at: DateTime<Utc>,
    key: String,
    before: Option<String>,
    after: String,
}

impl Written {
    /// Remembers what was written to the service of an ARN, and what was read there before.
    pub(crate) fn remember(&mut self, arn: &str, before: &Tags, after: &Tags, now: DateTime<Utc>) {
        self.forget(now);
        let writings = after.iter().map(|(key, after)| Writing {
            at: now,
            key: key.clone(),
            before: before.get(key).cloned(),
            after: after.clone(),
        });
        self.tags
            .entry(arn.to_owned())
            .or_default()
            .extend(writings);
    }

    /// Remembers that ECS accepted a deployment of the service of an ARN, in place of another one.
    pub(crate) fn deployed(&mut self, arn: &str, before: Before, now: DateTime<Utc>) {
        self.deployments.insert(arn.to_owned(), (now, before));
    }

    /// Whether an answer shows the deployment of a service in place of which another one was accepted.
    pub(crate) fn is_beyond(&mut self, arn: &str, shown: &Before, now: DateTime<Utc>) -> bool {
        self.forget(now);
        let accepted = self.deployments.get(arn);
        accepted.is_some_and(|(_, before)| before == shown)
    }

    /// Whether an answer shows the tags of a service as they were before something that was written to it. One that shows a later
    /// deployment is from after it: then somebody took the tag away.
    pub(crate) fn is_newer_than(
        &mut self,
        arn: &str,
        read: &Tags,
        deployed_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> bool {
        self.forget(now);
        let writings = self.tags.get(arn).into_iter().flatten();
        let writings = writings.filter(|one| deployed_at.is_none_or(|at| at < one.at));
        let mut last: BTreeMap<&str, (&str, Vec<Option<&str>>)> = BTreeMap::new();
        for one in writings {
            let (after, before) = last.entry(&one.key).or_default();
            *after = &one.after;
            before.push(one.before.as_deref());
        }
        last.into_iter().any(|(key, (after, before))| {
            let read = read.get(key).map(String::as_str);
            read != Some(after) && before.contains(&read)
        })
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        for writings in self.tags.values_mut() {
            writings.retain(|one| now - one.at < SETTLED);
        }
        self.tags.retain(|_, writings| !writings.is_empty());
        self.deployments.retain(|_, (at, _)| now - *at < SETTLED);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::{Tags, Written};

    fn tags(value: Option<&str>) -> Tags {
        let tags = value.map(|value| ("ecroll:0".to_owned(), value.to_owned()));
        tags.into_iter().collect()
    }

    #[test]
    fn rule_03_an_answer_from_before_a_write_is_outdated_for_five_minutes() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let mut written = Written::default();
        written.remember("web", &tags(None), &tags(Some("one")), now);
        written.remember("web", &tags(Some("one")), &tags(Some("two")), now);
        for (read, outdated) in [
            (None, true),
            (Some("one"), true),
            (Some("two"), false),
            (Some("another program's"), false),
        ] {
            let is = written.is_newer_than("web", &tags(read), None, now);
            assert_eq!(is, outdated, "{read:?}");
        }
        let before = now - TimeDelta::minutes(1);
        assert!(written.is_newer_than("web", &tags(None), Some(before), now));
        assert!(!written.is_newer_than("web", &tags(None), Some(now), now));
        assert!(!written.is_newer_than("api", &tags(None), None, now));
        // Taken back: what was written last is not outdated, though it stood there before.
        written.remember("web", &tags(Some("two")), &tags(Some("one")), now);
        assert!(!written.is_newer_than("web", &tags(Some("one")), None, now));
        assert!(written.is_newer_than("web", &tags(Some("two")), None, now));
        let later = now + TimeDelta::minutes(5);
        assert!(!written.is_newer_than("web", &tags(None), None, later));
        assert!(written.tags.is_empty(), "what is settled is forgotten");
    }

    #[test]
    fn rule_03_an_answer_without_a_deployment_that_was_accepted_is_outdated_for_five_minutes() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let (before, later) = (now - TimeDelta::hours(1), now + TimeDelta::minutes(5));
        let shown = |at, revision: &str| (at, revision.to_owned());
        let mut written = Written::default();
        written.deployed("web", shown(before, "web:1"), now);
        assert!(written.is_beyond("web", &shown(before, "web:1"), now));
        assert!(!written.is_beyond("web", &shown(now, "web:1"), now));
        assert!(!written.is_beyond("web", &shown(before, "web:2"), now));
        assert!(!written.is_beyond("api", &shown(before, "web:1"), now));
        assert!(!written.is_beyond("web", &shown(before, "web:1"), later));
        assert!(written.deployments.is_empty());
    }
}
