//! Pushes in their order: from records as the log holds them to what one decides about.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::image::Repository;
use crate::ledger;
use crate::manifest::Kind;
use crate::record::Record;

/// A record as it was found in the log group: the push, and what breaks a tie between two of the same second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The push.
    pub record: Record,
    /// The log event's own time, in milliseconds since 1970.
    pub timestamp: i64,
    /// When the log group took it in, likewise.
    pub ingestion: i64,
}

/// What orders pushes: `eventTime`, then the log event's timestamp, its ingestion, the push's identity.
pub type Order = (DateTime<Utc>, i64, i64, String);

/// One image under one or several tags, pushed to one repository.
///
/// Records of one digest are one push as long as no other image came between them: a tag that moved from D1 to D2 and
/// back to D1 is three. A signature between two tags of an image is no other image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The repository pushed to.
    pub repository: Repository,
    /// The tags with their records, in the order pushed; never empty.
    pub tagged: Vec<Tagged>,
    /// The digest that all of them name.
    pub digest: String,
    /// The place in the order of pushes: that of the first record.
    pub order: Order,
    /// What was pushed.
    pub kind: Kind,
}

/// One tag that a push set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The tag.
    pub tag: String,
    /// When it was set.
    pub time: DateTime<Utc>,
    /// The identity of the record that says so.
    pub id: String,
}

impl Push {
    /// When it was pushed.
    #[must_use]
    pub fn time(&self) -> DateTime<Utc> {
        self.order.0
    }

    /// The identity by which the report names it: that of its first record.
    #[must_use]
    pub fn id(&self) -> &str {
        ledger::lasting(&self.order.3)
    }

    /// The tag pushed last.
    #[must_use]
    pub fn tag(&self) -> &str {
        self.tagged.last().map_or("", |tagged| tagged.tag.as_str())
    }

    /// Whether one of its records has this identity, as [`crate::ledger::word`] writes it.
    #[must_use]
    pub fn has_id(&self, word: &str) -> bool {
        self.tagged
            .iter()
            .any(|tagged| ledger::word(&tagged.id) == word)
    }
}

/// Orders the records, drops what is the same push seen again, and joins the tags of one digest.
///
/// The result is sorted by repository and, within one, from the oldest push to the newest.
#[must_use]
pub fn coalesce(found: Vec<Found>) -> Vec<Push> {
    let mut by_repository: BTreeMap<Repository, BTreeMap<Order, Record>> = BTreeMap::new();
    for Found {
        record,
        timestamp,
        ingestion,
    } in found
    {
        let order = (record.time, timestamp, ingestion, record.id.clone());
        by_repository
            .entry(record.repository.clone())
            .or_default()
            .insert(order, record);
    }
    by_repository.into_values().flat_map(coalesce_one).collect()
}

fn coalesce_one(records: BTreeMap<Order, Record>) -> Vec<Push> {
    let mut seen = BTreeSet::new();
    let mut pushes: Vec<Push> = Vec::new();
    for (order, record) in records {
        if !seen.insert(record.id.clone()) {
            continue;
        }
        let tagged = Tagged {
            tag: record.tag,
            time: record.time,
            id: record.id,
        };
        let is_image = record.kind.is_image();
        let mut before = pushes.iter_mut().rev();
        let last = before.find(|push| push.kind.is_image() == is_image);
        match last.filter(|push| push.digest == record.digest) {
            Some(push) => push.tagged.push(tagged),
            None => pushes.push(Push {
                repository: record.repository,
                tagged: vec![tagged],
                digest: record.digest,
                order,
                kind: record.kind,
            }),
        }
    }
    pushes
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{Found, coalesce};
    use crate::image::Repository;
    use crate::manifest::Kind;
    use crate::record::Record;

    fn found(second: i64, tag: &str, digest: &str, id: &str, ingestion: i64) -> Found {
        let repository = Repository {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            name: "web".to_owned(),
        };
        let record = Record {
            repository,
            tag: tag.to_owned(),
            digest: digest.to_owned(),
            time: DateTime::from_timestamp(second, 0).unwrap(),
            id: id.to_owned(),
            kind: Kind::Image,
        };
        Found {
            record,
            timestamp: ingestion,
            ingestion,
        }
    }

    fn digests(found: Vec<Found>) -> Vec<String> {
        let tags = |push: &super::Push| {
            push.tagged
                .iter()
                .map(|t| t.tag.clone())
                .collect::<Vec<_>>()
                .join("+")
        };
        coalesce(found)
            .iter()
            .map(|push| format!("{}:{}", push.digest, tags(push)))
            .collect()
    }

    #[test]
    fn rule_02_order_is_event_time_whatever_came_first() {
        let late = vec![
            found(20, "v2", "D2", "b", 100),
            found(10, "v1", "D1", "a", 900),
        ];
        assert_eq!(digests(late), ["D1:v1", "D2:v2"]);
    }

    #[test]
    fn rule_02_ties_within_a_second_fall_to_the_log() {
        let tie = vec![
            found(10, "v2", "D2", "a", 200),
            found(10, "v1", "D1", "b", 100),
        ];
        assert_eq!(digests(tie), ["D1:v1", "D2:v2"]);
    }

    #[test]
    fn rule_03_a_record_seen_twice_is_one_push() {
        let twice = vec![found(10, "v1", "D1", "a", 1), found(10, "v1", "D1", "a", 2)];
        let pushes = coalesce(twice);
        assert_eq!(pushes.len(), 1);
        assert_eq!(pushes[0].tagged.len(), 1);
    }

    #[test]
    fn several_tags_of_one_digest_are_one_push_unless_another_came_between() {
        let tags = vec![
            found(10, "v1", "D1", "a", 1),
            found(11, "latest", "D1", "b", 2),
        ];
        assert_eq!(digests(tags), ["D1:v1+latest"]);
        let back = vec![
            found(10, "latest", "D1", "a", 1),
            found(11, "latest", "D2", "b", 2),
            found(12, "latest", "D1", "c", 3),
        ];
        assert_eq!(digests(back), ["D1:latest", "D2:latest", "D1:latest"]);
        // What is signed between its two tags: whether the signature is still in sight must not matter.
        let mut signed = vec![
            found(10, "v1", "D1", "a", 1),
            found(11, "sha256-d1.sig", "D2", "b", 2),
            found(12, "latest", "D1", "c", 3),
        ];
        signed[1].record.kind = Kind::Other("a signature".to_owned());
        assert_eq!(digests(signed), ["D1:v1+latest", "D2:sha256-d1.sig"]);
    }
}
