//! By what a push is known again: the identity of one of its records, its time, and a few digits of its digest.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::push::Push;

/// The longest identity that leaves room for the longest tag and two hashed revisions; CloudTrail's have 36 characters.
const LONGEST_ID: usize = 48;
/// By two roads the same push has times that differ: one may tell when the call ended, the other when it was told.
pub(crate) const APART: TimeDelta = TimeDelta::minutes(15);
/// What identities begin with that do not come from the trail: events of ECR, and direct use.
pub(crate) const ECR: &str = "ecr:";
pub(crate) const DIRECT: &str = "direct:";
/// What follows [`ECR`] where nothing but the registry told of a push. Such identities end in the second in which that was.
pub(crate) const FOUND: &str = "found-";

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
pub(super) fn parts(mark: &str) -> (&str, Option<&str>) {
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
pub(crate) fn found_until(word: &str) -> Option<DateTime<Utc>> {
    let (_, seconds) = found(word)?.rsplit_once('-')?;
    DateTime::from_timestamp(seconds.parse().ok()?, 0)
}

/// Whether a push is the one of this identity, time and (shortened) digest: it has the identity among its records, or the
/// digest and nearly the time, if one of the two was told by an event of ECR. Within the trail identities are
/// enough: there a digest that comes again is a push of its own when another came between. A registry tells when an image was first
/// pushed, and its tags may have come later, until it was asked.
pub(super) fn same(word: &str, digest: Option<&str>, time: DateTime<Utc>, push: &Push) -> bool {
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
