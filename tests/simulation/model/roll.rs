//! A deployment that ecroll begins: for which pushes, and whether it may.

use std::collections::BTreeSet;
use std::rc::Rc;

use chrono::TimeDelta;

use crate::trace::Kind;

use super::definitions::Definition;
use super::image::{Named, Repository};
use super::pushes::Group;
use super::services::{By, Deployment, Key, Service};
use super::{Model, Moment, policy};

/// One repository of a roll: the push that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Intent {
    pub(super) repository: Repository,
    /// What the new image string names.
    pub(super) named: Named,
    /// The push it can only be meant for.
    pub(super) group: Group,
}

/// A deployment that ecroll begins, with what it replaces.
#[derive(Debug, Clone)]
pub(super) struct Roll {
    pub(super) key: Key,
    /// The service before it.
    pub(super) service: Service,
    pub(super) base: Deployment,
    pub(super) old: Rc<Definition>,
    pub(super) new: Rc<Definition>,
    /// Nothing went wrong on purpose while the handler decided.
    pub(super) calm: bool,
}

impl Roll {
    /// `cluster/service`, for messages.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.key.0, self.key.1)
    }

    /// Whether all containers of a repository that change name one push.
    fn is_one(&self, repository: &Repository, group: &Group) -> bool {
        self.new.containers.iter().all(|new| {
            let old = self.old.containers.iter().find(|c| c.name == new.name);
            let same = old.is_some_and(|old| old.image == new.image);
            let named = new.named.as_ref().filter(|(of, _)| of == repository);
            same || named.is_none_or(|(_, named)| group.is_named(named))
        })
    }

    /// The repositories whose containers change their image, with what they name then: a digest, where one of them does, since a
    /// tag may have moved again and nobody heard of it yet.
    fn changed(&self) -> Vec<(Repository, Named)> {
        let mut changed: Vec<(Repository, Named)> = Vec::new();
        for new in &self.new.containers {
            let old = self.old.containers.iter().find(|c| c.name == new.name);
            let Some((repository, named)) = &new.named else {
                continue;
            };
            let same = old.is_some_and(|old| old.image == new.image);
            if same {
                continue;
            }
            match changed.iter_mut().find(|(of, _)| of == repository) {
                None => changed.push((repository.clone(), named.clone())),
                Some((_, first @ Named::Tag(_))) if matches!(named, Named::Digest(_)) => {
                    first.clone_from(named);
                }
                Some(_) => {}
            }
        }
        changed
    }
}

/// A warm look-up begins half an hour before what was handled; a record may have come a quarter late.
const OUT_OF_SIGHT: TimeDelta = TimeDelta::minutes(45);

impl Model {
    /// Checks rules 2 to 6 on a deployment that ecroll begins; answers the repositories for which it does.
    pub(super) fn check_roll(
        &mut self,
        key: &Key,
        begun: &Deployment,
        new: &Rc<Definition>,
        moment: Moment<'_>,
    ) -> BTreeSet<Repository> {
        let Some(service) = self.services.get(key).cloned() else {
            return BTreeSet::new();
        };
        let Some(base) = service.runs.clone() else {
            return BTreeSet::new();
        };
        let Some(old) = self.definitions.get(&base.definition, moment.account) else {
            return BTreeSet::new();
        };
        let roll = Roll {
            key: key.clone(),
            calm: moment.calm_from(self.since(moment)),
            service,
            base,
            old,
            new: Rc::clone(new),
        };
        self.check_images(&roll, moment);
        self.check_members(&roll, moment);
        self.check_movable(&roll, moment);
        self.learn_missed(&roll, moment);
        let intents = self.intents(&roll, begun, moment);
        // Whatever is deployed, ECS looks every tag up: one image may have come along with another (docs/limits.md).
        let several = intents.len() > 1 && roll.changed().is_empty();
        let along = |intent: &Intent| {
            let mut ids = intent.group.ids();
            several && !ids.any(|id| roll.service.named.contains(id))
        };
        for intent in intents.iter().filter(|intent| !along(intent)) {
            self.check_order(&roll, intent, moment);
        }
        self.check_once(&roll, &intents, moment);
        // What a warm look-up has read long ago it does not see, so nobody knows that it comes along.
        let read = self.since(moment) - OUT_OF_SIGHT;
        let unseen = |intent: &&Intent| {
            let last = intent.group.records.last();
            along(intent) && last.is_some_and(|record| record.at < read)
        };
        let seen: Vec<Intent> = intents
            .iter()
            .filter(|intent| !unseen(intent))
            .cloned()
            .collect();
        self.check_waves(&roll, &seen, moment);
        let repositories = intents.into_iter().map(|intent| intent.repository);
        repositories.collect()
    }

    /// Excuse: a person deployed after the handler had read the service for the last time, or, while answers may be stale on
    /// purpose, within an invocation.
    pub(super) fn is_unseen(&self, roll: &Roll, moment: Moment<'_>) -> bool {
        let read = roll.service.read_at.unwrap_or(moment.at);
        let unseen = if roll.calm {
            roll.base.at > read
        } else {
            roll.base.at > self.since(moment)
        };
        roll.base.by == By::Person && unseen
    }

    /// For which pushes this can be. Rule 4 where there is none: nothing was pushed that the service follows.
    fn intents(&mut self, roll: &Roll, begun: &Deployment, moment: Moment<'_>) -> Vec<Intent> {
        let changed = roll.changed();
        if changed.is_empty() {
            return self.moved(roll, begun, moment);
        }
        let mut intents = Vec::new();
        for (repository, named) in changed {
            let mut candidates = self.candidates(roll, &repository, &named);
            candidates.retain(|group| roll.is_one(&repository, group));
            match self.meant(roll, &repository, candidates) {
                Some(group) => intents.push(Intent {
                    repository,
                    named,
                    group,
                }),
                None => self.say(
                    4,
                    moment.at,
                    format!(
                        "{} was rolled to {repository} {named:?}, but no such push that its policy takes had reached \
                         the log group",
                        roll.name()
                    ),
                ),
            }
        }
        intents
    }

    /// No image string changes: the same tags mean other images since they were pushed anew, or the deployment is forced.
    /// All that is new comes along, so it is for every repository whose newest push was not done yet.
    fn moved(&mut self, roll: &Roll, begun: &Deployment, moment: Moment<'_>) -> Vec<Intent> {
        let mut named: Vec<(Repository, Named)> = Vec::new();
        for container in &roll.new.containers {
            named.extend(container.named.clone());
        }
        // By its name a service belongs to a repository that no container need name; then the tags of all containers count, if it
        // is forced: there is no image to change.
        let all = self.pushes.repositories().cloned();
        let by_name = all.filter(|repository| {
            let runs = roll.new.repositories().any(|named| named == repository);
            let belongs = roll.service.belongs(repository, &roll.new, &self.place);
            !runs && belongs && roll.service.asked.force
        });
        let by_name: Vec<Repository> = by_name.collect();
        for repository in by_name {
            for container in &roll.new.containers {
                let (_, tag) = container.image.rsplit_once(':').unwrap_or(("", "latest"));
                named.push((repository.clone(), Named::Tag(tag.to_owned())));
            }
        }
        let mut intents: Vec<Intent> = Vec::new();
        let (mut seen, mut unheard) = (false, false);
        for (repository, named) in named {
            let candidates = self.candidates(roll, &repository, &named);
            seen |= !candidates.is_empty();
            unheard |= match &named {
                Named::Tag(tag) if !candidates.is_empty() => {
                    self.pushes.is_set_unheard(&repository, tag, moment.at)
                }
                _ => false,
            };
            let Some(group) = self.meant(roll, &repository, candidates) else {
                continue;
            };
            let again = group.ids().all(|id| roll.service.done.contains_key(id));
            let alone = roll.service.alone.contains(&repository);
            if (!again || alone) && !intents.iter().any(|i| i.repository == repository) {
                intents.push(Intent {
                    repository,
                    named,
                    group,
                });
            }
        }
        // Of a service without tasks nobody knows which image its tag named when it was deployed.
        let idle = roll.service.desired == 0 && unheard;
        if intents.is_empty() && !(seen && (idle || self.is_raced(roll, moment))) {
            let (rule, why) = if seen {
                (3, "every push that its images name was rolled before")
            } else {
                (4, "no push that its policy takes names its images")
            };
            let what = format!(
                "{} was deployed again from {} to {}, but {why}",
                roll.name(),
                roll.base.definition,
                begun.definition
            );
            self.say(rule, moment.at, what);
        }
        intents
    }

    /// The visible pushes that an image string can mean, oldest first: images that the file and the policy take.
    fn candidates(&mut self, roll: &Roll, repository: &Repository, named: &Named) -> Vec<Group> {
        let service = &roll.service;
        let follows = policy::follows(&self.settings, repository) && service.may_follow(repository);
        if !follows || service.asked.hold {
            return Vec::new();
        }
        let asked = &roll.service.asked;
        let takes = |group: &Group| match named {
            // What the policy cannot tell (a regular expression) is let pass.
            Named::Tag(tag) => asked.takes(tag).unwrap_or(true),
            Named::Digest(_) => {
                let mut tags = group.records.iter();
                tags.any(|record| asked.takes(&record.tag).unwrap_or(true))
            }
        };
        let groups = self.pushes.groups(repository);
        let named = groups
            .iter()
            .filter(|group| group.kind == Kind::Image && group.is_named(named) && takes(group));
        named.cloned().collect()
    }

    /// The push among those that an image string can mean: the newest.
    ///
    /// Excuse: while something goes wrong on purpose the log may have been read as it was before, so it may be an older one:
    /// the oldest that was not done yet and is not older than what runs.
    fn meant(
        &mut self,
        roll: &Roll,
        repository: &Repository,
        candidates: Vec<Group>,
    ) -> Option<Group> {
        if roll.calm {
            return candidates.into_iter().next_back();
        }
        let running = self.newest_running(roll, repository);
        let undone = candidates.iter().find(|group| {
            let done = group.ids().all(|id| roll.service.done.contains_key(id));
            !done && running.as_ref().is_none_or(|order| group.order >= *order)
        });
        undone.cloned().or_else(|| candidates.last().cloned())
    }
}
