//! Waves (README, "Waves"): services of a later wave take a push when every service of the earlier ones that follows it runs
//! it and its deployment is over; what was undone there goes no further.

use chrono::TimeDelta;

use super::definitions::Definition;
use super::image::{Named, Repository};
use super::policy::glob;
use super::pushes::Group;
use super::roll::{Intent, Roll};
use super::services::{By, Deployment, Key, Service};
use super::{Model, Moment};

/// By then a deployment has pulled: its first task may have to wait for one of those before.
pub(super) const PULLED: TimeDelta = TimeDelta::minutes(5);

impl Model {
    /// The wave of a service, the first being 0; services of no wave come last.
    pub(super) fn wave(&self, key: &Key) -> usize {
        let covers = |pattern: &String| {
            let (cluster, service) = pattern.split_once('/').unwrap_or(("*", pattern));
            glob(cluster, &key.0) && glob(service, &key.1)
        };
        let mut waves = self.settings.waves.iter();
        let own = waves.position(|wave| wave.iter().any(covers));
        own.unwrap_or(self.settings.waves.len())
    }

    /// A roll waited for the earlier waves.
    ///
    /// Excuses: stale answers while something goes wrong on purpose; what an earlier look-up had begun is brought to its end;
    /// what came to an earlier wave, or was deployed there, after the handler had read it; services there that cannot or may
    /// not roll, that another push concerns by now, or of which this model does not tell whether they take the push; those
    /// that run a later image (rule 2); those where somebody deployed since a push of which only the registry told; those
    /// that ecroll rolled by a tag which was moved meanwhile, and no record told, or that somebody deployed by one without tasks
    /// (README, "Waves").
    pub(super) fn check_waves(&mut self, roll: &Roll, intents: &[Intent], moment: Moment<'_>) {
        let own = self.wave(&roll.key);
        if own == 0 || !roll.calm || self.was_begun(roll, moment) {
            return;
        }
        for intent in intents {
            for key in self.earlier(own, &intent.repository, moment) {
                if let Some(why) = self.unready(&key, intent, moment) {
                    let what = format!(
                        "{} of wave {} was rolled to {} of {}, but {}/{} of wave {} {why}",
                        roll.name(),
                        own + 1,
                        intent.group.digest,
                        intent.repository,
                        key.0,
                        key.1,
                        self.wave(&key) + 1,
                    );
                    self.say(1, moment.at, what);
                }
            }
        }
    }

    /// Whether the revision was there before the invocation. A forced deployment has none of its own: it is begun anew.
    fn was_begun(&self, roll: &Roll, moment: Moment<'_>) -> bool {
        if roll.service.asked.force {
            return false;
        }
        let at = roll
            .new
            .raw
            .get("registeredAt")
            .and_then(serde_json::Value::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact")]
        let since = self.since(moment).timestamp() as f64;
        at.is_none_or(|at| at < since)
    }

    /// The services of earlier waves that run a repository.
    fn earlier(&mut self, own: usize, repository: &Repository, moment: Moment<'_>) -> Vec<Key> {
        let keys: Vec<Key> = self.services.keys().cloned().collect();
        let mut earlier = Vec::new();
        for key in keys {
            let runs = self.runs(&key, moment);
            let belongs = runs.is_some_and(|runs| runs.repositories().any(|of| of == repository));
            if belongs && self.wave(&key) < own {
                earlier.push(key);
            }
        }
        earlier
    }

    /// What a service of an earlier wave still lacks of a push.
    fn unready(&mut self, key: &Key, intent: &Intent, moment: Moment<'_>) -> Option<&'static str> {
        let service = self.services.get(key).cloned()?;
        let (repository, group) = (&intent.repository, &intent.group);
        let runs = service.runs.as_ref()?;
        let since = self.since(moment);
        let moved = runs.at >= since && runs.by != By::Ecroll
            || service.changed_at.is_some_and(|at| at >= since);
        let came = service
            .since
            .get(repository)
            .is_none_or(|at| *at > group.order.0);
        if moved || came {
            return None;
        }
        let digests = runs.digests_of(repository);
        let image = (repository.clone(), group.digest.clone());
        let stopped = service.stopped.get(&image);
        // What is pushed once more begins anew.
        let last = group
            .records
            .last()
            .map_or(group.order.0, |record| record.at);
        let stopped = stopped.is_some_and(|at| *at > last && *at < since);
        if stopped && !digests.contains(&*group.digest) && takes(&service, repository, group) {
            return Some("had it undone");
        }
        if !self.concerns(&service, repository, group) {
            return None;
        }
        if !digests.contains(&*group.digest) {
            if service.is_given_up(group) {
                return Some("had it undone");
            }
            // Of what only the registry told, whoever deployed since chose otherwise.
            let chosen = service.chosen_at.is_some_and(|at| at >= group.order.0);
            let told = self.pushes.is_told(repository, group, &service.asked);
            if self.is_passed_unheard(&service, repository, group, moment) {
                return None;
            }
            let mut running = digests.iter();
            if chosen && !told
                || running.any(|digest| self.is_later(&service, repository, digest, group))
            {
                return None;
            }
            let definition = self.runs(key, moment)?;
            // Without tasks ecroll goes by what the tag named in the records, whoever deployed it.
            let by_tag = runs.rolled.contains(repository) || service.desired == 0;
            let moved = by_tag && self.is_moved_unheard(runs, &definition, repository);
            return (!moved).then_some("does not run it");
        }
        // In the same look-up ecroll may have begun another one for another repository.
        let before = service.before.as_ref().filter(|before| {
            let same = before.digests_of(repository) == digests;
            same && runs.at >= since && runs.by == By::Ecroll
        });
        let over = service.completed.as_ref().is_some_and(|completed| {
            completed.id == runs.id || before.is_some_and(|before| completed.id == before.id)
        });
        (!over && service.desired > 0).then_some("is still being deployed")
    }

    /// Whether an image that runs came by a tag of which no record told that it had moved to it: before the deployment, or
    /// before that had pulled.
    pub(super) fn is_moved_unheard(
        &self,
        runs: &Deployment,
        definition: &Definition,
        repository: &Repository,
    ) -> bool {
        definition.containers.iter().any(|container| {
            let Some((of, Named::Tag(tag))) = &container.named else {
                return false;
            };
            let mut by = [runs.at, runs.at + PULLED].into_iter();
            of == repository && by.any(|at| self.pushes.is_set_unheard(repository, tag, at))
        })
    }

    /// Whether a push is the one that a service is to run.
    fn concerns(&mut self, service: &Service, repository: &Repository, group: &Group) -> bool {
        if !takes(service, repository, group) {
            return false;
        }
        let groups = self.pushes.groups(repository);
        let newest = groups.iter().rev().find(|group| named(service, group));
        newest.is_some_and(|newest| newest.digest == group.digest && newest.order == group.order)
    }

    /// Whether only the registry tells of a push, and it holds another image besides that the service is to run instead.
    fn is_passed_unheard(
        &self,
        service: &Service,
        repository: &Repository,
        group: &Group,
        moment: Moment<'_>,
    ) -> bool {
        let told = self.pushes.is_told(repository, group, &service.asked);
        let held = || {
            self.pushes
                .newest_held(repository, &service.asked, moment.at)
        };
        !told && held().is_some_and(|held| held.digest != group.digest)
    }

    /// Whether every service of the earlier waves is through with a push, as far as this model can tell.
    pub(super) fn is_its_turn(
        &mut self,
        service: &Service,
        repository: &Repository,
        group: &Group,
        moment: Moment<'_>,
    ) -> bool {
        // What a container names by tag comes along with whatever is deployed, and waits for its own turn.
        let definition = self.runs(&service.key, moment);
        let containers = definition.iter().flat_map(|runs| &runs.containers);
        let along = containers.filter_map(|container| match &container.named {
            Some((of, Named::Tag(tag))) if of != repository => Some((of, tag)),
            _ => None,
        });
        let along: Vec<(Repository, Group)> = along
            .filter_map(|(of, tag)| {
                let groups = self.pushes.groups(of);
                let names = |group: &&Group| group.records.iter().any(|record| record.tag == *tag);
                let last = groups.iter().rev().find(names).cloned();
                last.map(|group| (of.clone(), group))
            })
            .collect();
        let mut all = along.iter().map(|(of, group)| (of, group));
        self.are_through(service, repository, group, moment)
            && all.all(|(of, group)| self.are_through(service, of, group, moment))
    }

    fn are_through(
        &mut self,
        service: &Service,
        repository: &Repository,
        group: &Group,
        moment: Moment<'_>,
    ) -> bool {
        let own = self.wave(&service.key);
        let mut gone = self.given_up.values().filter(|(wave, _)| *wave < own);
        if gone.any(|(_, ids)| group.ids().any(|id| ids.contains(id))) {
            return false;
        }
        let earlier = self.earlier(own, repository, moment);
        earlier.iter().all(|key| {
            let earlier = self.services.get(key).cloned();
            earlier.is_some_and(|earlier| self.is_through(&earlier, repository, group, moment))
        })
    }

    fn is_through(
        &mut self,
        earlier: &Service,
        repository: &Repository,
        group: &Group,
        moment: Moment<'_>,
    ) -> bool {
        let Some(runs) = &earlier.runs else {
            return false;
        };
        let definition = self.definitions.get(&runs.definition, moment.account);
        let digests = runs.digests_of(repository);
        let has = digests.contains(&*group.digest);
        let over = earlier.completed.as_ref().map(|one| &one.id) == Some(&runs.id);
        // Nobody waits for a service that leaves the push out, or may not roll; but where somebody deployed it, or it
        // got the image by another tag, the deployment has to end.
        if !named(earlier, group) {
            return !has || over;
        }
        if !has && earlier.is_given_up(group) {
            return false;
        }
        if !has && !earlier.may_roll() {
            return true;
        }
        // Somebody took it out of one of several containers.
        let containers = definition
            .iter()
            .flat_map(|definition| &definition.containers);
        let of = containers.filter(|c| c.named.as_ref().is_some_and(|(of, _)| of == repository));
        let image = (repository.clone(), group.digest.clone());
        let mut others = of.filter(|container| runs.digests.get(&container.name) != Some(&image));
        if has && runs.by == By::Person && others.next().is_some() {
            return false;
        }
        // What is newer came there by a tag that the later service does not take.
        let mut digests = digests.iter();
        over && (has || digests.any(|digest| self.is_later(earlier, repository, digest, group)))
    }
}

/// Whether a service takes a push, as far as this model can tell.
fn takes(service: &Service, repository: &Repository, group: &Group) -> bool {
    let asked = &service.asked;
    let told = !asked.force && !asked.name_prefix && !asked.by_version();
    told && service.may_roll() && service.may_follow(repository) && named(service, group)
}

/// Whether a service's policy takes a tag of a push.
fn named(service: &Service, group: &Group) -> bool {
    let mut records = group.records.iter();
    records.any(|record| service.asked.takes(&record.tag) == Some(true))
}
