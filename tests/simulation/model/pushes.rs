//! Every push of a history: what the registry holds, what reached the log group, and in which order it counts.

use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, Utc};

use crate::trace::{Kind, Push};

use super::image::{Named, Repository};

/// What orders pushes: `eventTime`, then when the log group took the record in, then its identity.
///
/// DESIGN names the log event's own timestamp second. It is either the `eventTime`, which is equal here, or the delivery.
pub(super) type Order = (DateTime<Utc>, DateTime<Utc>, String);

/// A push and what is known of its record.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) push: Push,
    /// When the registry had it, by the clock of the history: `eventTime` may be askew.
    pub(super) done: DateTime<Utc>,
    /// When its record first reached the log group.
    pub(super) visible: Option<DateTime<Utc>>,
    /// When ecroll was seen to know of it from the registry alone.
    pub(super) missed: Option<DateTime<Utc>>,
}

/// One record within a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tagged {
    pub(super) id: String,
    pub(super) tag: String,
    pub(super) at: DateTime<Utc>,
}

/// What counts as one push: visible records of one digest between which no other image came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) digest: String,
    pub(super) kind: Kind,
    /// In order; never empty.
    pub(super) records: Vec<Tagged>,
    /// That of the first record.
    pub(super) order: Order,
}

impl Group {
    pub(super) fn has(&self, id: &str) -> bool {
        self.records.iter().any(|record| record.id == id)
    }

    /// Whether an image string that names its repository means it.
    pub(super) fn is_named(&self, named: &Named) -> bool {
        match named {
            Named::Tag(tag) => self.records.iter().any(|record| record.tag == *tag),
            Named::Digest(digest) => self.digest == *digest,
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(|record| record.id.as_str())
    }
}

/// All pushes of a history.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    pub(super) records: BTreeMap<Repository, Vec<Record>>,
    /// By identity, where it is.
    places: BTreeMap<String, (Repository, usize)>,
    pub(super) groups: BTreeMap<Repository, Rc<[Group]>>,
}

impl Pushes {
    pub(super) fn add(&mut self, push: &Push, done: DateTime<Utc>) {
        let repository = Repository {
            account: push.account.clone(),
            region: push.region.clone(),
            name: push.repository.clone(),
        };
        let records = self.records.entry(repository.clone()).or_default();
        self.places
            .insert(push.id.clone(), (repository, records.len()));
        records.push(Record {
            push: push.clone(),
            done,
            visible: None,
            missed: None,
        });
    }

    /// A record reached the log group. Answers the push if it was for the first time.
    pub(super) fn deliver(&mut self, id: &str, at: DateTime<Utc>) -> Option<(Repository, Push)> {
        let (repository, index) = self.places.get(id)?;
        let record = self.records.get_mut(repository)?.get_mut(*index)?;
        if record.visible.is_some() {
            return None;
        }
        record.visible = Some(at);
        self.groups.remove(repository);
        Some((repository.clone(), record.push.clone()))
    }

    /// A push by its record.
    pub(super) fn find(&self, id: &str) -> Option<(&Repository, &Push)> {
        let (repository, index) = self.places.get(id)?;
        let record = self.records.get(repository)?.get(*index)?;
        Some((repository, &record.push))
    }

    /// Whether a push was known by a time: from its record, or from the registry alone.
    pub(super) fn is_known_by(&self, id: &str, at: DateTime<Utc>) -> bool {
        let place = self.places.get(id);
        let record =
            place.and_then(|(repository, index)| self.records.get(repository)?.get(*index));
        record.is_some_and(|record| record.visible.or(record.missed).is_some_and(|by| by <= at))
    }

    /// Whether a record that came tells of an image which had been pushed before a place in the order already.
    pub(super) fn is_pushed_again(&self, repository: &Repository, id: &str, than: &Order) -> bool {
        let all = || self.records.get(repository).into_iter().flatten();
        let record = all().find(|record| record.push.id == id && record.visible.is_some());
        let digest = record.map(|record| &record.push.digest);
        let first = digest.and_then(|digest| self.first(repository, digest));
        first.is_some_and(|first| first <= than.0)
    }

    /// Whether a record told of a digest under a tag, as of a push by a time.
    pub(super) fn is_told_as(
        &self,
        repository: &Repository,
        digest: &str,
        tag: &str,
        by: DateTime<Utc>,
    ) -> bool {
        let mut all = self.records.get(repository).into_iter().flatten();
        all.any(|record| {
            let push = &record.push;
            let named = push.digest == digest && push.tag.as_deref() == Some(tag);
            named && push.at <= by && record.visible.is_some()
        })
    }

    /// Whether no record had told by a time of the push that set a tag last until then; what the registry tells is not always
    /// asked for.
    pub(super) fn is_set_unheard(
        &self,
        repository: &Repository,
        tag: &str,
        at: DateTime<Utc>,
    ) -> bool {
        let last = self.last_set(repository, tag, at);
        last.is_some_and(|record| record.visible.is_none_or(|seen| seen > at))
    }

    /// The push that set a tag last by a time, by the clock of the history; the last of equals, as in a registry.
    pub(super) fn last_set(
        &self,
        repository: &Repository,
        tag: &str,
        at: DateTime<Utc>,
    ) -> Option<&Record> {
        let all = self.records.get(repository)?.iter();
        let there = all.filter(|record| {
            let push = &record.push;
            record.done <= at && push.kind != Kind::Refused && push.tag.as_deref() == Some(tag)
        });
        there.max_by_key(|record| record.done)
    }

    /// What the look-up can see of a repository, from the oldest push to the newest, things that are no images among it.
    pub(super) fn groups(&mut self, repository: &Repository) -> Rc<[Group]> {
        if let Some(groups) = self.groups.get(repository) {
            return Rc::clone(groups);
        }
        let groups: Rc<[Group]> = self.group(repository).into();
        self.groups.insert(repository.clone(), Rc::clone(&groups));
        groups
    }

    fn group(&self, repository: &Repository) -> Vec<Group> {
        let all = self.records.get(repository).into_iter().flatten();
        let mut seen: Vec<(Order, &Push, &String)> = all
            .filter_map(|record| {
                let push = &record.push;
                let order = match (record.visible, record.missed) {
                    (Some(visible), _) => (push.at, visible, push.id.clone()),
                    // The registry tells when the digest came, not when the tag did.
                    (None, Some(missed)) => (
                        self.first(repository, &push.digest)?,
                        missed,
                        push.id.clone(),
                    ),
                    (None, None) => return None,
                };
                // The metric filter asks for a tag and no error; anything else was never pushed as far as ecroll can see.
                let tag = push.tag.as_ref().filter(|_| push.kind != Kind::Refused)?;
                Some((order, push, tag))
            })
            .collect();
        seen.sort_by(|one, other| one.0.cmp(&other.0));
        let mut groups: Vec<Group> = Vec::new();
        for (order, push, tag) in seen {
            let tagged = Tagged {
                id: push.id.clone(),
                tag: tag.clone(),
                at: order.0,
            };
            // A signature between two tags of an image moves no tag of it.
            let image = push.kind == Kind::Image;
            let mut before = groups.iter_mut().rev();
            let last = before.find(|group| (group.kind == Kind::Image) == image);
            match last.filter(|last| last.digest == push.digest) {
                Some(last) => last.records.push(tagged),
                None => groups.push(Group {
                    digest: push.digest.clone(),
                    kind: push.kind,
                    records: vec![tagged],
                    order,
                }),
            }
        }
        groups
    }

    /// The place in the order of the last of a group's records that no other image parts from the records before, whether
    /// or not anybody has heard of that one.
    pub(super) fn parted(&self, repository: &Repository, group: &Group) -> Order {
        let others = self.records.get(repository).into_iter().flatten();
        let others = others.filter(|record| {
            let push = &record.push;
            push.kind == Kind::Image && push.tag.is_some() && push.digest != group.digest
        });
        let mut order = group.order.clone();
        for pair in group.records.windows(2) {
            let [before, after] = pair else { continue };
            let mut between = others.clone();
            if between.any(|other| (before.at..=after.at).contains(&other.push.at)) {
                order = (after.at, after.at, after.id.clone());
            }
        }
        order
    }

    /// The digest that a tag or a digest means at a time, whoever knows of it: the registry's answer.
    pub(super) fn resolve(
        &self,
        repository: &Repository,
        named: &Named,
        at: DateTime<Utc>,
    ) -> Option<String> {
        let tag = match named {
            Named::Digest(digest) => return Some(digest.clone()),
            Named::Tag(tag) => tag,
        };
        let newest = self.last_set(repository, tag, at)?;
        Some(newest.push.digest.clone())
    }

    /// The place in the order of what runs, by its digest: of the newest visible push of it that the policy takes, else of
    /// the first push of it that anybody made, which ECR tells as `imagePushedAt`. `None`: nobody ever pushed it.
    pub(super) fn dated(
        &mut self,
        repository: &Repository,
        digest: &str,
        takes: impl Fn(&str) -> bool,
    ) -> Option<Order> {
        let groups = self.groups(repository);
        let visible = groups.iter().rev().find(|group| {
            group.digest == digest && group.records.iter().any(|record| takes(&record.tag))
        });
        if let Some(group) = visible {
            return Some(group.order.clone());
        }
        let all = self.records.get(repository)?.iter();
        let first = all
            .filter(|record| record.push.digest == digest && record.push.kind != Kind::Refused)
            .min_by_key(|record| record.push.at)?;
        let push = &first.push;
        Some((push.at, push.at, push.id.clone()))
    }

    /// Whether one digest was last pushed by a tag later than another, whether or not anybody heard of it: what has no tag moves
    /// none.
    pub(super) fn is_newer(&self, repository: &Repository, digest: &str, than: &str) -> bool {
        let last = |digest: &str| {
            let all = self.records.get(repository).into_iter().flatten();
            let of = all.filter(|record| record.push.digest == digest && record.push.tag.is_some());
            of.map(|record| record.push.at).max()
        };
        last(digest) > last(than)
    }

    /// The repositories that were ever pushed to.
    pub(super) fn repositories(&self) -> impl Iterator<Item = &Repository> {
        self.records.keys()
    }
}
