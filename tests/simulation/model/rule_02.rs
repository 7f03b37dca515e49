//! Rule 2, never backwards: ecroll never moves a service from a newer push to an older one.

use super::image::{Named, Repository};
use super::pushes::Order;
use super::roll::{Intent, Roll};
use super::version::Version;
use super::{Model, Moment};

impl Model {
    /// The place in the order of the newest push that a service runs of a repository, before a roll.
    pub(super) fn newest_running(&mut self, roll: &Roll, repository: &Repository) -> Option<Order> {
        let asked = roll.service.asked.clone();
        // `force` says nothing of the tags that no container names.
        let names = |tag: &str| {
            let mut named = roll.old.containers.iter().filter_map(|c| c.named.as_ref());
            named.any(|(of, named)| of == repository && *named == Named::Tag(tag.to_owned()))
        };
        let takes = |tag: &str| asked.takes(tag).unwrap_or(true) && (!asked.force || names(tag));
        let digests = roll.base.digests_of(repository);
        let mut dates = digests.into_iter();
        let mut newest = None;
        for digest in dates.by_ref() {
            newest = newest.max(self.pushes.dated(repository, digest, takes));
        }
        newest
    }

    /// What runs is dated by its own push, whoever deployed it. The same digest is no step in any direction.
    ///
    /// `newest-semver` orders by version: there a step is backwards where the version is not higher, and a higher version
    /// may replace a lower one that was pushed later (README: "and only upwards").
    pub(super) fn check_order(&mut self, roll: &Roll, intent: &Intent, moment: Moment<'_>) {
        let repository = &intent.repository;
        if roll
            .base
            .digests_of(repository)
            .contains(&*intent.group.digest)
        {
            return;
        }
        // A service without tasks runs nothing: a tag is resolved for the first task of a deployment, and there was none.
        if roll.service.desired == 0 {
            return;
        }
        let by_version = roll.service.asked.by_version();
        if by_version && let Some((old, new)) = versions(roll, intent) {
            if new < old {
                let what = format!(
                    "{} was moved from version {:?} of {repository} down to {:?}",
                    roll.name(),
                    old.numbers,
                    new.numbers
                );
                self.say(2, moment.at, what);
            }
            return;
        }
        let running = self.newest_running(roll, repository);
        // What lies between two records of one image and was not heard of yet parts them all the same.
        let order = self.pushes.parted(repository, &intent.group);
        let Some(running) = running.filter(|running| *running > order) else {
            return;
        };
        // The tag names by now what came later, unheard, and that is what it brings.
        if let Named::Tag(tag) = &intent.named
            && self.pushes.is_set_unheard(repository, tag, moment.at)
            && let Some(digest) = self.pushes.resolve(repository, &intent.named, moment.at)
            && self.pushes.dated(repository, &digest, |_| true) >= Some(running.clone())
        {
            return;
        }
        // What runs was pushed again, and the record of that came when the look-up had begun already.
        let later = running.1 >= self.since(moment);
        if later || self.is_unseen(roll, moment) {
            return;
        }
        // Excuse: an image that was pushed before was pushed again, and the batch of a subscription that told of that was lost, or
        // came before the service did, or the handler died on it, or held the push; what lies between came in a batch of its own.
        let batches = self
            .settings
            .roads
            .iter()
            .any(|road| road == "log-subscription");
        let heard = roll.service.named.contains(&running.2);
        if batches && !heard && self.pushes.is_pushed_again(repository, &running.2, &order) {
            return;
        }
        let what = format!(
            "{} was moved from the push of {} ({}) to the older one of {} ({}) of {repository}",
            roll.name(),
            running.0,
            running.2,
            order.0,
            order.2
        );
        self.say(2, moment.at, what);
    }
}

/// The versions that the containers of the repository name before, the highest of them, and after.
fn versions(roll: &Roll, intent: &Intent) -> Option<(Version, Version)> {
    let read = |named: &Named| match named {
        Named::Tag(tag) => Version::read(tag),
        Named::Digest(_) => None,
    };
    let named = roll.old.containers.iter().filter_map(|c| c.named.as_ref());
    let of = named.filter(|(repository, _)| *repository == intent.repository);
    let old = of.filter_map(|(_, named)| read(named)).max()?;
    // What is pinned to a digest is known by its push's versions.
    let records = intent.group.records.iter();
    let highest = records
        .filter_map(|record| Version::read(&record.tag))
        .max();
    Some((old, read(&intent.named).or(highest)?))
}
