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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{APART, found_until, lasting, mark, parts, same, short, word};
    use crate::image::Repository;
    use crate::manifest::Kind;
    use crate::push::{Push, Tagged};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_352_000, 0).unwrap() + TimeDelta::minutes(minute)
    }

    fn push(id: &str, digest: &str, minute: i64) -> Push {
        let time = at(minute);
        Push {
            repository: Repository {
                account: "111122223333".to_owned(),
                region: "eu-west-1".to_owned(),
                name: "web".to_owned(),
            },
            tagged: vec![Tagged {
                tag: "v1".to_owned(),
                time,
                id: id.to_owned(),
            }],
            digest: digest.to_owned(),
            order: (time, 0, 0, id.to_owned()),
            kind: Kind::Image,
        }
    }

    #[test]
    fn a_text_is_shortened_to_the_first_digits_of_its_hash() {
        // FIPS 180-4, examples of SHA-256.
        assert_eq!(short("abc"), "ba7816bf");
        assert_eq!(short(""), "e3b0c442");
    }

    #[test]
    fn what_ecs_would_not_take_or_is_long_stands_as_a_hash() {
        assert_eq!(word("a-B+=._:/@9"), "a-B+=._:/@9");
        for id in ["", "a b", "é", &"i".repeat(super::LONGEST_ID + 1)] {
            assert_eq!(word(id), format!("@{}", short(id)));
        }
        assert_eq!(
            word(&"i".repeat(super::LONGEST_ID)).len(),
            super::LONGEST_ID
        );
    }

    #[test]
    fn a_mark_falls_into_what_it_was_made_of() {
        let of = mark("one=two", "sha256:d1");
        assert_eq!(parts(&of), ("one=two", Some(short("sha256:d1").as_str())));
        for other in ["one", "one=two", "one=0123456", "one=0123456g"] {
            assert_eq!(parts(other), (other, None));
        }
    }

    #[test]
    fn what_the_registry_told_of_has_one_name_however_often_it_is_asked() {
        assert_eq!(lasting("ecr:found-ab-0-1772352000"), "ecr:found-ab-0");
        assert_eq!(found_until("ecr:found-ab-0-1772352000"), Some(at(0)));
        for other in ["ecr:ab-0-1", "found-ab-0-1", "direct:1"] {
            assert_eq!((lasting(other), found_until(other)), (other, None));
        }
    }

    #[test]
    fn rule_03_a_push_is_the_same_by_another_road_and_not_by_the_same_one() {
        let digest = short("sha256:d1");
        let same = |word: &str, digest: &str, push: &Push| same(word, Some(digest), at(0), push);
        let record = push("record", "sha256:d1", 1);
        assert!(same("record", "00000000", &record), "by its identity");
        assert!(same("ecr:event", &digest, &record));
        assert!(!same("ecr:event", "00000000", &record), "another image");
        assert!(
            !same("another", &digest, &record),
            "the trail tells each once"
        );
        assert!(same("another", &digest, &push("ecr:event", "sha256:d1", 1)));
        // What was asked for by hand is a push of its own.
        assert!(!same(
            "direct:1",
            &digest,
            &push("ecr:event", "sha256:d1", 1)
        ));
        assert!(!same(
            "ecr:event",
            &digest,
            &push("direct:1", "sha256:d1", 1)
        ));
        let apart = APART.num_minutes();
        assert!(same(
            "ecr:event",
            &digest,
            &push("record", "sha256:d1", apart)
        ));
        assert!(!same(
            "ecr:event",
            &digest,
            &push("record", "sha256:d1", apart + 1)
        ));
    }

    #[test]
    fn rule_03_what_the_registry_told_of_is_any_push_until_it_was_asked() {
        let digest = short("sha256:d1");
        let until = |minute: i64| format!("ecr:found-ab-0-{}", at(minute).timestamp());
        let found = |minute| push(&until(minute), "sha256:d1", 0);
        // The entry is of the registry, the push of the log; and the other way round.
        for (minute, is) in [(60, true), (90, true), (91, false)] {
            let told = push("record", "sha256:d1", minute);
            assert_eq!(
                same(&until(90), Some(&digest), at(0), &told),
                is,
                "{minute}"
            );
            let entry = same("record", Some(&digest), at(minute), &found(90));
            assert_eq!(entry, is, "{minute}");
        }
        let before = push("record", "sha256:d1", -60);
        assert!(!same(&until(90), Some(&digest), at(0), &before));
    }
}
