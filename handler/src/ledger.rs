//! The ledger: what ecroll noted on a service and on a revision, as ECS tags.
//!
//! There is no other store. A service carries one entry per repository, written **before** the service is updated, so
//! that whoever looks next knows what was meant to happen. A revision carries the push that it was made for.
//!
//! ECS allows letters, digits, spaces and `+ - = . _ : / @` in a tag's value, 256 characters at most; the parts of a
//! value are separated by one space.

mod identity;
mod revision_name;
mod stamp;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::image::Repository;
use crate::push::{Push, Tagged};
use identity::{parts, same};

pub(crate) use identity::{APART, DIRECT, ECR, FOUND, found, found_until, short};
pub use identity::{lasting, mark, word};
pub use revision_name::RevisionName;
pub use stamp::Stamp;

/// The longest value that an ECS tag takes, in characters.
const LONGEST: usize = 256;
/// In place of an entry that says nothing any more: it could only be removed by a permission more.
pub(crate) const TAKEN_BACK: &str = "taken back";
/// In place of an identity that was lost: no hash of another has this form.
const UNNAMED: &str = "@earlier";

/// The key of the tag that speaks of a repository, on services and on revisions: `ecroll:` and eight hex digits.
#[must_use]
pub fn key(repository: &Repository) -> String {
    format!("ecroll:{}", short(&repository.to_string()))
}

/// Whether a tag's key is one that [`key`] makes. No setting's name has this form.
#[must_use]
pub fn is_key(key: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    key.strip_prefix("ecroll:")
        .is_some_and(|rest| rest.len() == 8 && rest.bytes().all(hex))
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn read_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

/// What a service's ledger says of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When the push happened.
    pub time: DateTime<Utc>,
    /// The push's identity and digest, as [`mark`] writes them.
    pub id: String,
    /// The tag that was chosen for the service.
    pub tag: String,
    /// The revision made for the push.
    pub new: RevisionName,
    /// The revision that ran before.
    pub base: RevisionName,
    /// The revision brings pushes of other repositories as well: if the circuit breaker undoes it, nobody knows which of
    /// them failed.
    pub shared: bool,
    /// When the push was first told of, if a later record of it was noted while the revision was being deployed for that: to
    /// the hour, and not later than it was.
    pub first: Option<DateTime<Utc>>,
}

/// What an entry ends in that is shared.
const SHARED: &str = "+";
/// What the hours begin with that an entry's push was told of earlier.
const EARLIER: char = '-';
/// So many of them are written at most: more than a year.
const MOST_HOURS: u16 = 9_999;

impl Entry {
    /// The entry for a push, named by one of its records, that is about to be rolled from one revision to another.
    #[must_use]
    pub fn new(push: &Push, record: &Tagged, tag: &str, new: &str, base: &str) -> Self {
        Self {
            time: record.time,
            id: mark(&record.id, &push.digest),
            tag: tag.to_owned(),
            new: RevisionName::of(new),
            base: RevisionName::of(base),
            shared: false,
            first: None,
        }
    }

    /// From when on the revision may have been deployed.
    #[must_use]
    pub fn since(&self) -> DateTime<Utc> {
        self.first.unwrap_or(self.time)
    }

    /// The same entry, for the push as a later record names it, of which was heard while the revision was being deployed.
    #[must_use]
    pub fn told_again(self, push: &Push, record: &Tagged) -> Self {
        let first = Some(self.since()).filter(|first| *first < record.time);
        Self {
            time: record.time,
            first,
            ..self.renamed(push, record)
        }
    }

    /// Whether a revision was made for the push; else its image was found running, and that was noted.
    #[must_use]
    pub fn is_deployment(&self) -> bool {
        !self.new.is(&self.base)
    }

    /// Whether the entry was written for this push, whichever road brought it then and now.
    #[must_use]
    pub fn names(&self, push: &Push) -> bool {
        let (word, digest) = parts(&self.id);
        same(word, digest, self.time, push)
    }

    /// The same entry, naming the push by another of its records. What the registry told of had the time of the image; its tag
    /// may have come long after, but not after the registry was asked.
    #[must_use]
    pub fn renamed(self, push: &Push, record: &Tagged) -> Self {
        let until = found_until(self.word());
        let time = until.map_or(self.time, |until| record.time.min(until));
        let id = mark(&record.id, &push.digest);
        Self { time, id, ..self }
    }

    /// Whether the entry speaks of a push of this digest, be it another push.
    #[must_use]
    pub fn is_of(&self, digest: &str) -> bool {
        parts(&self.id).1 == Some(short(digest).as_str())
    }

    /// The same entry, but of a push whose identity is not known any more; its time and its digest are.
    #[must_use]
    pub fn unnamed(self) -> Self {
        let digest = parts(&self.id).1.map(|digest| format!("={digest}"));
        let id = format!("{UNNAMED}{}", digest.unwrap_or_default());
        Self { id, ..self }
    }

    /// The push's identity, as [`word`] writes it.
    #[must_use]
    pub fn word(&self) -> &str {
        parts(&self.id).0
    }

    /// The identity by which reports name the push.
    #[must_use]
    pub fn called(&self) -> &str {
        lasting(self.word())
    }

    /// The tag's value.
    #[must_use]
    pub fn value(&self) -> String {
        let write = |new: &RevisionName, base: &RevisionName| {
            let mut value = format!(
                "{} {} {} {} {}",
                time(self.time),
                self.id,
                self.tag,
                new.0,
                base.0
            );
            if self.shared || self.first.is_some() {
                value.push(' ');
            }
            if self.shared {
                value.push_str(SHARED);
            }
            if let Some(first) = self.first {
                let seconds = (self.time - first).num_seconds();
                let hours = (seconds + 3_599)
                    .div_euclid(3_600)
                    .clamp(1, MOST_HOURS.into());
                value.push(EARLIER);
                value.push_str(&hours.to_string());
            }
            value
        };
        let plain = write(&self.new, &self.base);
        if plain.len() <= LONGEST {
            plain
        } else {
            write(&self.new.hashed(), &self.base.hashed())
        }
    }

    /// Reads a tag's value; `None` for text that ecroll did not write.
    #[must_use]
    pub fn read(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        let mut entry = Self {
            time: read_time(parts.next()?)?,
            id: parts.next()?.to_owned(),
            tag: parts.next()?.to_owned(),
            new: RevisionName(parts.next()?.to_owned()),
            base: RevisionName(parts.next()?.to_owned()),
            shared: false,
            first: None,
        };
        if let Some(last) = parts.next() {
            let rest = last.strip_prefix(SHARED);
            entry.shared = rest.is_some();
            let hours = rest.unwrap_or(last);
            if !(hours.is_empty() && entry.shared) {
                let hours = hours.strip_prefix(EARLIER)?;
                let plain = hours.starts_with(|c: char| ('1'..='9').contains(&c));
                let hours = hours.parse::<u16>().ok();
                let hours = hours.filter(|hours| plain && *hours <= MOST_HOURS)?;
                let earlier = TimeDelta::hours(hours.into());
                entry.first = Some(entry.time.checked_sub_signed(earlier)?);
            }
        }
        parts.next().is_none().then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::{Entry, RevisionName, Stamp};
    use crate::image::Repository;
    use crate::manifest::Kind;
    use crate::push::{Push, Tagged};

    fn entry(family: &str, tag: &str) -> Entry {
        Entry {
            time: DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
            id: "2bfd4ee2-2178-4a82-a27d-b12939923f0f".to_owned(),
            tag: tag.to_owned(),
            new: RevisionName(format!("{family}:1000000")),
            base: RevisionName(format!("{family}:999999")),
            shared: false,
            first: None,
        }
    }

    #[test]
    fn an_entry_reads_back_what_it_wrote() {
        let entry = entry("web", "v1.2");
        assert_eq!(
            entry.value(),
            "2026-01-01T00:00:00Z 2bfd4ee2-2178-4a82-a27d-b12939923f0f v1.2 web:1000000 web:999999"
        );
        assert_eq!(Entry::read(&entry.value()), Some(entry.clone()));
        let shared = Entry {
            shared: true,
            ..entry.clone()
        };
        assert!(shared.value().ends_with("web:999999 +"));
        assert_eq!(Entry::read(&shared.value()), Some(shared.clone()));
        // To the hour, and never later.
        for (seconds, hours) in [(1, 1), (3599, 1), (3600, 1), (3601, 2), (172_800, 48)] {
            for entry in [&entry, &shared] {
                let first = Some(entry.time - TimeDelta::seconds(seconds));
                let told = Entry {
                    first,
                    ..entry.clone()
                };
                assert!(
                    told.value().ends_with(&format!("-{hours}")),
                    "{}",
                    told.value()
                );
                let read = Entry::read(&told.value()).unwrap();
                let since = told.time - TimeDelta::hours(hours);
                assert_eq!((read.since(), read.shared), (since, told.shared));
                assert_eq!(Entry::read(&read.value()).unwrap().word(), told.word());
            }
        }
    }

    #[test]
    fn what_is_told_again_keeps_its_first_time_and_takes_the_place_of_the_last() {
        let time = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let tagged = |id: &str, minutes| Tagged {
            tag: "v1.2".to_owned(),
            time: time + TimeDelta::minutes(minutes),
            id: id.to_owned(),
        };
        let push = Push {
            repository: Repository {
                account: "111122223333".to_owned(),
                region: "eu-west-1".to_owned(),
                name: "web".to_owned(),
            },
            tagged: vec![tagged("one", 0), tagged("two", 5)],
            digest: "sha256:d1".to_owned(),
            order: (time, 0, 0, "one".to_owned()),
            kind: Kind::Image,
        };
        let entry = entry("web", "v1.2");
        let again = entry.clone().told_again(&push, &push.tagged[1]);
        assert_eq!((again.time, again.since()), (push.tagged[1].time, time));
        assert_eq!(again.called(), "two");
        assert_eq!(
            (again.new.clone(), again.base.clone()),
            (entry.new.clone(), entry.base.clone())
        );
        let at_once = entry.told_again(&push, &push.tagged[0]);
        assert_eq!((at_once.first, at_once.called()), (None, "one"));
        let found = Entry {
            id: "ecr:found-ab-0-1767225600=00000000".to_owned(),
            ..at_once
        };
        assert_eq!(found.called(), "ecr:found-ab-0");
    }

    #[test]
    fn the_ledgers_keys_are_told_from_other_tags() {
        let repository = crate::image::Repository {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            name: "web".to_owned(),
        };
        assert!(super::is_key(&super::key(&repository)));
        for other in [
            "ecroll:tags",
            "ecroll:deadbee",
            "ecroll:DEADBEEF",
            "ecroll:deadbeef0",
            "deadbeef",
        ] {
            assert!(!super::is_key(other), "{other}");
        }
    }

    #[test]
    fn the_longest_family_and_tag_fit_into_an_ecs_tag() {
        let family = "f".repeat(255);
        let mut longest = entry(&family, &"t".repeat(128));
        (longest.id, longest.shared) = ("i".repeat(64), true);
        longest.first = Some(longest.time - TimeDelta::days(60));
        let value = longest.value();
        assert!(value.len() <= 256, "{}", value.len());
        let allowed = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c);
        assert!(value.chars().all(allowed), "{value}");
        let read = Entry::read(&value).unwrap();
        let arn = |revision| {
            format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/{family}:{revision}")
        };
        assert!(read.new.names(&arn(1_000_000)) && read.base.names(&arn(999_999)));
        assert!(!read.new.names(&arn(999_999)));
        assert_eq!(read.new.beside(&arn(999_999)), Some(arn(1_000_000)));
        assert_eq!(
            read.new
                .beside("arn:aws:ecs:eu-west-1:000000000000:task-definition/other:1"),
            None
        );
    }

    #[test]
    fn rule_10_foreign_values_are_no_entries() {
        for value in [
            "",
            "x",
            "2026-01-01T00:00:00Z a b c",
            "x a b c d",
            "2026-01-01T00:00:00Z a b c d e",
            "2026-01-01T00:00:00Z a b c d + +",
            "2026-01-01T00:00:00Z a b c d -1 -1",
            "2026-01-01T00:00:00Z a b c d -1+",
            "2026-01-01T00:00:00Z a b c d --1",
            "2026-01-01T00:00:00Z a b c d -+1",
            "2026-01-01T00:00:00Z a b c d -0",
            "2026-01-01T00:00:00Z a b c d -01",
            "2026-01-01T00:00:00Z a b c d -10000",
            "2026-01-01T00:00:00Z a b c d ",
        ] {
            assert_eq!(Entry::read(value), None, "{value}");
        }
        assert_eq!(Stamp::read("2026-01-01T00:00:00Z a b"), None);
    }
}
