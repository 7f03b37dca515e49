//! The last state: after a calm every service runs the newest push that its policy takes.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::trace::{FULL, Kind};

use super::definitions::{Definition, ask};
use super::image::{Named, Repository};
use super::pushes::Group;
use super::services::{By, Key, Service};
use super::version::Version;
use super::waves::PULLED;
use super::{Model, Moment, policy};

impl Model {
    pub(super) fn check_last(&mut self, moment: Moment<'_>) {
        let keys: Vec<Key> = self.services.keys().cloned().collect();
        for key in keys {
            let (Some(service), Some(definition)) =
                (self.services.get(&key).cloned(), self.runs(&key, moment))
            else {
                continue;
            };
            let mut repositories: Vec<Repository> = definition.repositories().cloned().collect();
            repositories.dedup();
            for repository in repositories {
                self.check_service_last(&service, &definition, &repository, moment);
            }
        }
    }

    fn check_service_last(
        &mut self,
        service: &Service,
        definition: &Rc<Definition>,
        repository: &Repository,
        moment: Moment<'_>,
    ) {
        let Some(newest) = self.newest(service, definition, repository) else {
            return;
        };
        // Undone with another push: tried alone when the registry is asked again, which is the only one to tell of it.
        let full = self.settings.sweep.unwrap_or_default() * FULL;
        let runs = service.runs.as_ref();
        let alone = service.alone.contains(repository)
            && runs.is_some_and(|runs| runs.at + full > moment.at)
            && !self.pushes.is_told(repository, &newest, &service.asked);
        if alone
            || !self.must_run(service, repository, &newest, moment.at)
            || !self.is_its_turn(service, repository, &newest, moment)
        {
            return;
        }
        let actual = actual(service, moment);
        let containers = definition.containers.iter();
        // The newest of what the containers run stays (rule 2), and the others with it.
        let own = actual.iter().filter(|(name, _)| {
            let mut all = containers.clone();
            all.any(|c| c.name == *name && c.named.as_ref().is_some_and(|(of, _)| of == repository))
        });
        let own = own.map(|(_, digest)| digest.clone());
        let meant = containers.clone().filter_map(|container| {
            let (of, named) = container.named.as_ref()?;
            let pulled = actual.iter().any(|(name, _)| *name == container.name);
            let runs = service
                .runs
                .as_ref()
                .filter(|_| of == repository && !pulled)?;
            self.pushes.resolve(repository, named, runs.at)
        });
        let all: Vec<String> = own.chain(meant).collect();
        let mut pulled = all.iter();
        if pulled.any(|digest| self.is_later(service, repository, digest, &newest)) {
            return;
        }
        // README: "only upwards", from the highest version that a container names, or is known by where its tag is none.
        let mut named = containers.clone().filter_map(|c| c.named.as_ref());
        let as_high = named.any(|(of, named)| of == repository && is_as_high(Some(named), &newest));
        let by_version = service.asked.by_version();
        let mut known = all
            .iter()
            .filter_map(|digest| self.highest(repository, digest));
        if by_version && (as_high || known.any(|highest| Some(highest) >= version(&newest))) {
            return;
        }
        // "No older push replaces a newer one", be it that somebody has replaced that meanwhile.
        let groups = self.pushes.groups(repository);
        let mut later = groups.iter().filter(|group| group.order > newest.order);
        let came = |id: &str| service.done.contains_key(id) || service.noted.contains_key(id);
        if service.asked.by_version() && later.any(|group| group.ids().any(came)) {
            return;
        }
        // A forced deployment brings a container what its own tag names.
        let of = containers.filter(|container| {
            let named = container.named.as_ref().filter(|(of, _)| of == repository);
            named.is_some_and(|(_, named)| !service.asked.force || newest.is_named(named))
        });
        for container in of {
            let named = container.named.as_ref().map(|(_, named)| named);
            let digest = actual.iter().find(|(name, _)| *name == container.name);
            let digest = digest.map(|(_, digest)| digest);
            if let (Some(Named::Tag(tag)), Some(runs)) = (named, &service.runs)
                && newest.is_named(&Named::Tag(tag.clone()))
                && self.has_moved_on(repository, tag, runs.at, digest, &newest)
            {
                continue;
            }
            // What was never pulled (no task is wanted, or none started) is judged by its name.
            let meant = service
                .runs
                .as_ref()
                .zip(named)
                .and_then(|(runs, named)| self.pushes.resolve(repository, named, runs.at));
            let meant = digest.cloned().or(meant);
            let runs = match digest {
                Some(digest) => *digest == newest.digest,
                None => {
                    named.is_some_and(|named| newest.is_named(named))
                        || meant.as_ref() == Some(&newest.digest)
                }
            };
            if !runs {
                let what = format!(
                    "{}/{}: in the end {} runs {} ({}), not {} ({}) of {} pushed at {}",
                    service.key.0,
                    service.key.1,
                    container.name,
                    container.image,
                    digest.map_or("not pulled", String::as_str),
                    newest.records.last().map_or("", |record| &record.tag),
                    newest.digest,
                    repository,
                    newest.order.0
                );
                self.say(1, moment.at, what);
            }
        }
    }

    /// Whether ECS looked a tag up after it had moved on to an image of which nobody told: as late as at its first pull.
    fn has_moved_on(
        &self,
        repository: &Repository,
        tag: &str,
        deployed: DateTime<Utc>,
        digest: Option<&String>,
        newest: &Group,
    ) -> bool {
        let named = Named::Tag(tag.to_owned());
        let mut by = [deployed, deployed + PULLED].into_iter();
        by.any(|at| {
            let brought = self.pushes.resolve(repository, &named, at);
            let brings = digest.is_none() || digest == brought.as_ref();
            let order = &newest.order;
            brings && self.pushes.is_moved_on_unheard(repository, tag, at, order)
        })
    }

    /// The push that a service should run: of the visible ones that file and policy take the newest; by `newest-semver` the
    /// highest version. A forced deployment can only bring the tag that the container names. `None` where there is none, or
    /// where this model cannot tell what the policy takes.
    fn newest(
        &mut self,
        service: &Service,
        definition: &Definition,
        repository: &Repository,
    ) -> Option<Group> {
        if !policy::follows(&self.settings, repository) || !service.may_follow(repository) {
            return None;
        }
        let asked = &service.asked;
        asked.takes("any")?;
        // A forced deployment brings the version that the container names, and by `newest-semver` only a higher one counts.
        if asked.force && asked.by_version() {
            return None;
        }
        let named: Vec<&Named> = definition
            .containers
            .iter()
            .filter_map(|container| container.named.as_ref())
            .filter(|(of, _)| of == repository)
            .map(|(_, named)| named)
            .collect();
        let start = self.start;
        let groups = self.pushes.groups(repository);
        let taken = groups.iter().filter(|group| {
            let mut records = group.records.iter();
            let takes = records.any(|record| {
                let reached = !asked.force || named.contains(&&Named::Tag(record.tag.clone()));
                reached && asked.takes(&record.tag) == Some(true)
            });
            group.kind == Kind::Image && takes && group.order.0 >= start
        });
        if asked.by_version() {
            taken
                .max_by_key(|group| (version(group), group.order.clone()))
                .cloned()
        } else {
            taken.max_by_key(|group| group.order.clone()).cloned()
        }
    }

    /// Whether the service has to run this push.
    ///
    /// It has not: on hold; where the percentages let no task move, with a DAEMON service at 100 % among them (no task may
    /// stop), or ECS takes no such pair (100/100); where the service came to the repository, or somebody changed its percentages, when
    /// the push had left the window of the look-ups; where the push was rolled, found running, or at least noted in the ledger, and a person or the circuit breaker
    /// deployed afterwards; where no record told of it under a tag that the policy takes, and a person deployed since, or the service belongs to
    /// repositories by its name (`reconcile` asks for what services run); where, with the sweep off, nobody was told of
    /// it (rule 1).
    fn must_run(
        &self,
        service: &Service,
        repository: &Repository,
        newest: &Group,
        now: DateTime<Utc>,
    ) -> bool {
        if !service.may_roll() {
            return false;
        }
        // A refusal ends when the percentages change, but by then nothing may read the push any more.
        let came = service.since.get(repository).copied();
        let since = came.max(service.changed_at);
        let sweep = self.settings.sweep.unwrap_or_default();
        // A warm look-up reads what is new. All is read every twelfth time, and by a new function.
        let unread = |since: DateTime<Utc>| {
            let new = self.restarted.filter(|at| *at > since);
            let mut look_ups = self.look_ups.iter().filter(|at| **at > since);
            let last = look_ups.nth(usize::try_from(FULL).unwrap_or_default());
            let full = last.map(|at| (*at).max(since + sweep * FULL));
            let all_read = full.into_iter().chain(new).min();
            let all_read = all_read.unwrap_or(DateTime::<Utc>::MAX_UTC);
            let gone = newest.order.0 + self.settings.look_back;
            since > newest.order.0 && (all_read > now || all_read + sweep > gone)
        };
        if since.is_some_and(unread) {
            return false;
        }
        if since.is_some_and(|since| since + sweep > newest.order.0 + self.settings.look_back) {
            return false;
        }
        let Some(runs) = &service.runs else {
            return false;
        };
        if newest.ids().any(|id| self.is_unheard(&service.key, id)) {
            return false;
        }
        // Of what only the registry told, whoever deployed since chose otherwise.
        let told = self.pushes.is_told(repository, newest, &service.asked);
        let chosen = service.chosen_at.is_some_and(|at| at >= newest.order.0);
        // Where deployments are forced, each looks all tags up: what came with it and was undone stays so.
        let brought = service.asked.force && runs.at >= newest.order.0;
        if !told && (chosen || brought || service.asked.name_prefix) {
            return false;
        }
        let mut ids = newest.ids().chain(self.pushes.as_told(repository, newest));
        let undone = ids.any(|id| service.undone.contains(id));
        // `force` goes by the time of the last deployment, and cannot tell the way back from one of the push.
        let back = service.asked.force && runs.by == By::Breaker && runs.at >= newest.order.0;
        // A revision with several pushes that the breaker undid is tried in parts; which part is left is not judged.
        let parts = service
            .before
            .as_ref()
            .is_some_and(|before| runs.by == By::Breaker && before.rolled.contains(repository));
        // Its image was rolled for an earlier push after this one was made, and undone: it is that push. So is what came after that as
        // long as no other image came between: one push, by its first record.
        let image = (repository.clone(), newest.digest.clone());
        let stopped = service.stopped.get(&image);
        let stopped = stopped.is_some_and(|at| *at > newest.order.0);
        !undone && !parts && !back && !stopped
    }

    /// The highest version under which a digest was pushed.
    fn highest(&mut self, repository: &Repository, digest: &str) -> Option<Version> {
        let groups = self.pushes.groups(repository);
        let of = groups.iter().filter(|group| group.digest == digest);
        // What has pre-releases alone is known by these.
        let tags = of.clone().flat_map(|group| &group.records);
        let any = tags.filter_map(|record| Version::read(&record.tag)).max();
        of.filter_map(version).max().or(any)
    }

    /// Whether what runs was pushed later than the newest that should run, be it under a tag that the policy does not take: then
    /// it stays (rule 2).
    pub(super) fn is_later(
        &mut self,
        service: &Service,
        repository: &Repository,
        digest: &str,
        newest: &Group,
    ) -> bool {
        let asked = service.asked.clone();
        let takes = |tag: &str| asked.takes(tag).unwrap_or(true);
        let own = self.pushes.dated(repository, digest, takes);
        let any = self.pushes.dated(repository, digest, |_| true);
        own.max(any).is_some_and(|order| order > newest.order)
    }
}

/// Whether a container names a version that a push does not exceed.
fn is_as_high(named: Option<&Named>, newest: &Group) -> bool {
    let Some(Named::Tag(tag)) = named else {
        return false;
    };
    Version::read(tag).is_some_and(|named| Some(named) >= version(newest))
}

/// The highest version among the tags of a push.
fn version(group: &Group) -> Option<Version> {
    let tags = group.records.iter();
    let read = tags.filter_map(|record| Version::read(&record.tag));
    read.filter(|version| version.released).max()
}

/// The digests that ECS found for the tags of the revision that a service is to run, by container.
pub(super) fn actual(service: &Service, moment: Moment<'_>) -> Vec<(String, String)> {
    let (cluster, name) = (&service.key.0, &service.key.1);
    let input = json!({"cluster": cluster, "services": [name]});
    let found = ask(moment.account, "DescribeServices", &input);
    let revision = found
        .as_ref()
        .and_then(|found| found.pointer("/services/0/currentServiceRevisions/0/arn"));
    let Some(revision) = revision else {
        return Vec::new();
    };
    let input = json!({"serviceRevisionArns": [revision]});
    let found = ask(moment.account, "DescribeServiceRevisions", &input);
    let images = found.as_ref().and_then(|found| {
        found
            .pointer("/serviceRevisions/0/containerImages")?
            .as_array()
    });
    let text = |image: &Value, member: &str| image.get(member)?.as_str().map(str::to_owned);
    let images = images.into_iter().flatten();
    images
        .filter_map(|image| Some((text(image, "containerName")?, text(image, "imageDigest")?)))
        .collect()
}
