//! What a registry holds, whoever heard of it: with `reconcile` ecroll asks it for pushes of which no record told.

use chrono::{DateTime, TimeDelta, Utc};

use crate::trace::Kind;

use super::image::{Named, Repository};
use super::policy::{self, Asked};
use super::pushes::{Group, Order, Pushes};
use super::reports::{Decision, Report};
use super::roll::Roll;
use super::services::{Key, Service};
use super::version::Version;
use super::{Model, Moment};

/// So old is an image before it is missed: its record may be under way.
const GRACE: TimeDelta = TimeDelta::minutes(15);
/// The function's clock may be wrong by so much, where something goes wrong on purpose.
const SKEW: TimeDelta = TimeDelta::minutes(3);
/// What the identities of such pushes begin with in a report.
pub(super) const FOUND: &str = "ecr:found-";

/// An image as a registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) digest: String,
    /// The tags that mean it, and not another image by now.
    pub(super) tags: Vec<String>,
    /// When the digest was first pushed.
    first: DateTime<Utc>,
    /// Whether a record told of it, under a tag that the policy takes.
    told: bool,
    /// Whether a record did so or ecroll was seen to know of it.
    heard: bool,
}

impl Pushes {
    /// When a digest was first pushed.
    pub(super) fn first(&self, repository: &Repository, digest: &str) -> Option<DateTime<Utc>> {
        let all = self.records.get(repository)?.iter();
        let of =
            all.filter(|record| record.push.kind != Kind::Refused && record.push.digest == digest);
        of.map(|record| record.push.at).min()
    }

    /// Whether a record told of a push under a tag that a policy takes, and not the registry alone.
    pub(super) fn is_told(&self, repository: &Repository, group: &Group, asked: &Asked) -> bool {
        let mut all = self.records.get(repository).into_iter().flatten();
        all.any(|record| {
            let tag = record.push.tag.as_ref();
            let takes = tag.is_some_and(|tag| asked.takes(tag) == Some(true));
            takes && record.visible.is_some() && group.has(&record.push.id)
        })
    }

    /// The records of the pushes before one which are one with it for whoever reads the log alone: of the images between
    /// them only the registry told, and it tells what a tag names, not what it named once.
    pub(super) fn as_told<'p>(
        &'p self,
        repository: &Repository,
        newest: &Group,
    ) -> impl Iterator<Item = &'p str> {
        let groups = self.groups.get(repository);
        let up_to = groups.into_iter().flat_map(|groups| groups.iter());
        let up_to: Vec<&Group> = up_to.take_while(|g| g.order <= newest.order).collect();
        let heard = |group: &&&Group| {
            let mut all = self.records.get(repository).into_iter().flatten();
            all.any(|record| record.visible.is_some() && group.has(&record.push.id))
        };
        let digest = newest.digest.clone();
        let told = up_to.into_iter().rev();
        let same = told
            .filter(move |group| heard(&group))
            .take_while(move |g| g.digest == digest);
        same.flat_map(Group::ids)
    }

    /// Whether the push that set a tag last by a time came after a place in the order, and nobody told of it.
    pub(super) fn is_moved_on_unheard(
        &self,
        repository: &Repository,
        tag: &str,
        at: DateTime<Utc>,
        than: &Order,
    ) -> bool {
        let last = self.last_set(repository, tag, at);
        // What the registry tells of such a tag is when the image came first.
        let unheard = last.filter(|record| record.visible.is_none());
        unheard.is_some_and(|record| record.push.at > than.0)
    }

    /// Whether a record told of a push that a policy takes and that came later: a registry knows an image by its first push, and
    /// it may have been pushed again.
    fn is_passed(&self, repository: &Repository, asked: &Asked, time: DateTime<Utc>) -> bool {
        let all = self.records.get(repository).into_iter().flatten();
        let mut told = all.filter(|record| {
            record.visible.is_some() && record.push.kind == Kind::Image && record.push.at >= time
        });
        told.any(|record| {
            let tag = record.push.tag.as_ref();
            tag.is_some_and(|tag| asked.takes(tag) == Some(true))
        })
    }

    /// The image that a policy takes of those which a repository held at a time: the newest, or the highest version. What is no
    /// image is listed as such, and does not count.
    pub(super) fn newest_held(
        &self,
        repository: &Repository,
        asked: &Asked,
        at: DateTime<Utc>,
    ) -> Option<Held> {
        let all = self.records.get(repository)?;
        let there = all
            .iter()
            .filter(|record| record.done <= at && record.push.kind == Kind::Image);
        let takes = |tag: &String| asked.takes(tag) == Some(true);
        let mut held: Vec<Held> = Vec::new();
        for record in there {
            let push = &record.push;
            // A record without a tag that the policy takes tells of no push.
            let eligible = push.tag.as_ref().is_some_and(takes);
            let told = eligible && record.visible.is_some();
            let heard = told || eligible && record.missed.is_some();
            let own = push.tag.iter().filter(|tag| {
                let named = Named::Tag((*tag).clone());
                self.resolve(repository, &named, at).as_ref() == Some(&push.digest)
            });
            if let Some(of) = held.iter_mut().find(|held| held.digest == push.digest) {
                of.told |= told;
                of.heard |= heard;
                of.tags.extend(own.cloned());
                continue;
            }
            held.push(Held {
                digest: push.digest.clone(),
                tags: own.cloned().collect(),
                first: self.first(repository, &push.digest)?,
                told,
                heard,
            });
        }
        let eligible = held.into_iter().filter(|held| held.tags.iter().any(takes));
        if asked.by_version() {
            let highest = |held: &Held| held.tags.iter().filter_map(|tag| Version::read(tag)).max();
            eligible.max_by_key(|held| (highest(held), held.first))
        } else {
            eligible.max_by_key(|held| held.first)
        }
    }

    /// The digest that was pushed and ends so.
    fn digest_ending(&self, repository: &Repository, end: &str) -> Option<String> {
        let mut all = self.records.get(repository)?.iter();
        let of = all.find(|record| record.push.digest.ends_with(end))?;
        Some(of.push.digest.clone())
    }

    /// From now on ecroll knows of an image under these tags. Answers whether anybody ever pushed it so.
    fn miss(
        &mut self,
        repository: &Repository,
        digest: &str,
        tags: &[String],
        at: DateTime<Utc>,
    ) -> bool {
        let all = self.records.get_mut(repository).into_iter().flatten();
        let of = all.filter(|record| {
            record.push.digest == digest
                && record.push.kind == Kind::Image
                && record
                    .push
                    .tag
                    .as_ref()
                    .is_some_and(|tag| tags.contains(tag))
        });
        let mut any = false;
        for record in of {
            record.missed.get_or_insert(at);
            any = true;
        }
        self.groups.remove(repository);
        any
    }
}

impl Model {
    /// A roll may bring what no record told of: an image of the account's own registry that the ledger names as found there, if its
    /// record is no longer under way.
    pub(super) fn learn_missed(&mut self, roll: &Roll, moment: Moment<'_>) {
        if !self.settings.reconcile {
            return;
        }
        let calm = moment.calm_from(self.since(moment));
        let grace = if calm { GRACE } else { GRACE - SKEW };
        for repository in roll.new.repositories() {
            if repository.account != self.place.account {
                continue;
            }
            for (end, tag) in &roll.service.found {
                let Some(digest) = self.pushes.digest_ending(repository, end) else {
                    continue;
                };
                let first = self.pushes.first(repository, &digest);
                if first.is_some_and(|first| first + grace <= moment.at) {
                    let tags = std::slice::from_ref(tag);
                    self.pushes.miss(repository, &digest, tags, moment.at);
                }
            }
        }
    }

    /// A report lists a push that it found in the registry, whatever was decided on it: there was such a push.
    pub(super) fn learn_listed(&mut self, report: &Report, moment: Moment<'_>) {
        for line in report
            .pushes
            .iter()
            .filter(|line| line.id.starts_with(FOUND))
        {
            let repository = Repository {
                account: line.account.clone(),
                region: line.region.clone(),
                name: line.repository.clone(),
            };
            // A record may have told of it under a later tag; then it is the decisions that tell of the other.
            let same = |decision: &&Decision| decision.push == line.id;
            let decided = report.decisions.iter().filter(same);
            let tags = decided.map(|decision| decision.tag.clone());
            let tags: Vec<String> = tags.chain([line.tag.clone()]).collect();
            let asked = self.settings.reconcile && line.account == self.place.account;
            if !asked
                || !self
                    .pushes
                    .miss(&repository, &line.digest, &tags, moment.at)
            {
                let what = format!(
                    "{repository}: nobody pushed {} as {}",
                    line.digest, line.tag
                );
                self.say(4, moment.at, what);
            }
        }
    }

    /// In the end nothing that the account's own registry holds was missed: with `reconcile`, the image that counts was at
    /// least looked at, whether or not anything told of it.
    ///
    /// Excuses: services that somebody deployed since, or that run an image which is newer (the registry tells when an image
    /// came, not when a tag moved back to it: README, "Reconciling"); a later push of which a record told; services that
    /// cannot or may not roll; `force`, which brings only the tags that the containers name.
    pub(super) fn check_missed(&mut self, moment: Moment<'_>) {
        if !self.settings.reconcile {
            return;
        }
        let keys: Vec<Key> = self.services.keys().cloned().collect();
        for key in keys {
            let (Some(service), Some(definition)) =
                (self.services.get(&key).cloned(), self.runs(&key, moment))
            else {
                continue;
            };
            for repository in definition.repositories() {
                if let Some(held) = self.missed(&service, repository, moment.at) {
                    let what = format!(
                        "{}/{}: {} holds {} ({}), pushed at {}, of which no record told, and nobody asked",
                        key.0,
                        key.1,
                        repository,
                        held.digest,
                        held.tags.join(", "),
                        held.first,
                    );
                    self.say(1, moment.at, what);
                }
            }
        }
    }

    fn missed(
        &self,
        service: &Service,
        repository: &Repository,
        now: DateTime<Utc>,
    ) -> Option<Held> {
        let asked = &service.asked;
        let own = repository.account == self.place.account;
        let follows = policy::follows(&self.settings, repository) && service.may_follow(repository);
        let free = !asked.name_prefix && !asked.force && service.may_roll();
        if !own || !follows || !free || self.settings.sweep.is_none() {
            return None;
        }
        let held = self.pushes.newest_held(repository, asked, now)?;
        let missed = !held.heard && held.first >= self.start;
        let chosen = service.chosen_at.is_none_or(|at| at >= held.first);
        let passed = self.pushes.is_passed(repository, asked, held.first);
        let mut runs = service
            .runs
            .iter()
            .flat_map(|runs| runs.digests_of(repository));
        let newer = runs.any(|digest| self.pushes.first(repository, digest) > Some(held.first));
        (missed && !chosen && !passed && !newer).then_some(held)
    }
}
