//! The ledger: what ecroll noted on a service and on a revision, as ECS tags.
//!
//! There is no other store. A service carries one entry per repository, written **before** the service is updated, so
//! that whoever looks next knows what was meant to happen. A revision carries the push that it was made for.
//!
//! ECS allows letters, digits, spaces and `+ - = . _ : / @` in a tag's value, 256 characters at most; the parts of a
//! value are separated by one space.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::image::Repository;
use crate::push::{Push, Tagged};

/// The longest value that an ECS tag takes, in characters.
const LONGEST: usize = 256;
/// The longest identity that leaves room for the longest tag and two hashed revisions; CloudTrail's have 36 characters.
const LONGEST_ID: usize = 48;
/// By two roads the same push has times that differ: one may tell when the call ended, the other when it was told.
pub(crate) const APART: TimeDelta = TimeDelta::minutes(15);
/// What identities begin with that do not come from the trail: events of ECR, and direct use.
pub(crate) const ECR: &str = "ecr:";
pub(crate) const DIRECT: &str = "direct:";
/// What follows [`ECR`] where nothing but the registry told of a push. Such identities end in the second in which that was.
pub(crate) const FOUND: &str = "found-";
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

/// The first eight hex digits of a text's SHA-256.
pub(crate) fn short(text: &str) -> String {
    let bytes = Sha256::digest(text.as_bytes());
    let first = bytes.iter().take(4);
    let number = first.fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{number:08x}")
}

/// An identity as the ledger writes it: as it is where it is one short word of the letters that ECS takes, else its hash.
#[must_use]
pub fn word(id: &str) -> String {
    let taken = |c: char| c.is_ascii_alphanumeric() || "+-=._:/@".contains(c);
    if (1..=LONGEST_ID).contains(&id.len()) && id.chars().all(taken) {
        id.to_owned()
    } else {
        format!("@{}", short(id))
    }
}

/// How an entry names a push: the identity of one of its records, and eight digits of its digest, by which the same push
/// is known again when another road brings it under an identity of its own.
#[must_use]
pub fn mark(id: &str, digest: &str) -> String {
    format!("{}={}", word(id), short(digest))
}

/// The two parts of a mark; without the digest where there is none.
fn parts(mark: &str) -> (&str, Option<&str>) {
    let digits = |text: &str| text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match mark.rsplit_once('=') {
        Some((word, digest)) if digits(digest) => (word, Some(digest)),
        _ => (mark, None),
    }
}

/// An identity as reports and a warm function's memory name it: what the registry tells of is asked for again, and each answer has
/// a second of its own.
#[must_use]
pub fn lasting(id: &str) -> &str {
    match found(id) {
        Some(_) => id.rsplit_once('-').map_or(id, |(lasting, _)| lasting),
        None => id,
    }
}

/// What follows in an identity of what nothing but the registry told of.
pub(crate) fn found(id: &str) -> Option<&str> {
    id.strip_prefix(ECR)?.strip_prefix(FOUND)
}

/// Until when the registry was known to hold what it told of by this identity.
fn found_until(word: &str) -> Option<DateTime<Utc>> {
    let (_, seconds) = found(word)?.rsplit_once('-')?;
    DateTime::from_timestamp(seconds.parse().ok()?, 0)
}

/// Whether a push is the one of this identity, time and (shortened) digest: it has the identity among its records, or the
/// digest and nearly the time, if one of the two was told by an event of ECR. Within the trail identities are
/// enough: there a digest that comes again is a push of its own when another came between. A registry tells when an image was first
/// pushed, and its tags may have come later, until it was asked.
fn same(word: &str, digest: Option<&str>, time: DateTime<Utc>, push: &Push) -> bool {
    let other_road = |id: &str| {
        let direct = word.starts_with(DIRECT) || id.starts_with(DIRECT);
        !direct && (word.starts_with(ECR) || id.starts_with(ECR))
    };
    let mut tagged = push.tagged.iter();
    push.has_id(word)
        || (digest == Some(short(&push.digest).as_str())
            && tagged.any(|t| {
                let near = (t.time - time).abs() <= APART;
                let held = |id: &str, from, at| {
                    found_until(id).is_some_and(|until| (from..=until).contains(&at))
                };
                other_road(&t.id) && (near || held(word, time, t.time) || held(&t.id, t.time, time))
            }))
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
}

/// What an entry ends in that is shared.
const SHARED: &str = "+";

/// A task definition revision, `family:revision`; a family too long for the tag is told by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionName(String);

impl RevisionName {
    /// The name of the revision with this ARN.
    #[must_use]
    pub fn of(arn: &str) -> Self {
        Self(arn.rsplit('/').next().unwrap_or(arn).to_owned())
    }

    fn hashed(&self) -> Self {
        match self.0.rsplit_once(':') {
            Some((family, revision)) if !family.starts_with('@') => {
                Self(format!("@{}:{revision}", short(family)))
            }
            _ => self.clone(),
        }
    }

    /// As a tag's value holds it beside little else.
    pub(crate) fn brief(&self) -> String {
        if self.0.len() > LONGEST / 2 {
            self.hashed().0
        } else {
            self.0.clone()
        }
    }

    /// Whether an ARN is that of this revision.
    #[must_use]
    pub fn names(&self, arn: &str) -> bool {
        let other = Self::of(arn);
        *self == other || *self == other.hashed()
    }

    /// Whether an ARN is that of this revision or of an older one of its family.
    #[must_use]
    pub(crate) fn is_since(&self, arn: &str) -> bool {
        let number = |text: &str| text.rsplit_once(':')?.1.parse::<u64>().ok();
        self.beside(arn).is_some() && number(arn) <= number(&self.0)
    }

    /// The ARN of this revision, given that of another revision of its family; `None` when the family is another.
    #[must_use]
    pub fn beside(&self, arn: &str) -> Option<String> {
        let (family, _) = arn.rsplit_once(':')?;
        let (_, revision) = self.0.rsplit_once(':')?;
        let arn = format!("{family}:{revision}");
        self.names(&arn).then_some(arn)
    }
}

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
        }
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
            if self.shared {
                value.push(' ');
                value.push_str(SHARED);
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
        };
        let last = parts.next();
        entry.shared = last == Some(SHARED);
        (parts.next().is_none() && (last.is_none() || entry.shared)).then_some(entry)
    }
}

/// What a revision says of one repository: the push it was made for, and the images that it then had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When the push happened.
    pub time: DateTime<Utc>,
    /// The push's identity, as [`word`] writes it.
    pub id: String,
    /// The digest that was pushed.
    pub digest: String,
    images: String,
}

impl Stamp {
    /// The stamp for a push, named by one of its records; `images` are the image strings of the repository's containers, in their order.
    #[must_use]
    pub fn new(push: &Push, record: &Tagged, images: &[&str]) -> Self {
        Self {
            time: record.time,
            id: word(&record.id),
            digest: push.digest.clone(),
            images: short(&images.join(" ")),
        }
    }

    /// Whether the revision was made for this push, whichever road brought it then and now.
    #[must_use]
    pub fn names(&self, push: &Push) -> bool {
        same(&self.id, Some(&short(&self.digest)), self.time, push)
    }

    /// Whether the stamp still speaks of these images: somebody may have copied the tags and changed an image.
    #[must_use]
    pub fn fits(&self, images: &[&str]) -> bool {
        self.images == short(&images.join(" "))
    }

    /// The tag's value.
    #[must_use]
    pub fn value(&self) -> String {
        format!(
            "{} {} {} {}",
            time(self.time),
            self.id,
            self.digest,
            self.images
        )
    }

    /// Reads a tag's value; `None` for text that ecroll did not write.
    #[must_use]
    pub fn read(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        let stamp = Self {
            time: read_time(parts.next()?)?,
            id: parts.next()?.to_owned(),
            digest: parts.next()?.to_owned(),
            images: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(stamp)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{Entry, RevisionName, Stamp};

    fn entry(family: &str, tag: &str) -> Entry {
        Entry {
            time: DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
            id: "2bfd4ee2-2178-4a82-a27d-b12939923f0f".to_owned(),
            tag: tag.to_owned(),
            new: RevisionName(format!("{family}:1000000")),
            base: RevisionName(format!("{family}:999999")),
            shared: false,
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
            ..entry
        };
        assert!(shared.value().ends_with("web:999999 +"));
        assert_eq!(Entry::read(&shared.value()), Some(shared));
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
        ] {
            assert_eq!(Entry::read(value), None, "{value}");
        }
        assert_eq!(Stamp::read("2026-01-01T00:00:00Z a b"), None);
    }
}
