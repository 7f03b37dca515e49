//! What the journal tells of services: created, changed, read, deployed, deleted.

use std::collections::BTreeSet;
use std::rc::Rc;

use local::ecs::{DeploymentState, Notice};
use serde_json::Value;

use super::definitions::Definition;
use super::image::Repository;
use super::policy::Asked;
use super::services::{By, Deployment, Key, Service, Update};
use super::{Model, Moment, REMEMBERED};

/// An API call of the journal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) service: &'a str,
    pub(super) operation: &'a str,
    pub(super) input: &'a Value,
    pub(super) error: Option<&'a str>,
    pub(super) by_person: bool,
}

impl Call<'_> {
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member).and_then(Value::as_str)
    }

    /// Cluster and service of the call, by name; ARNs end with the names.
    fn key(&self, member: &str) -> Option<Key> {
        let name = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
        let cluster = self.text("cluster").unwrap_or("default");
        Some((name(cluster), name(self.text(member)?)))
    }
}

/// Cluster and service of a service's ARN, `arn:…:service/cluster/name`.
pub(super) fn key_of(arn: &str) -> Option<Key> {
    let (_, rest) = arn.split_once(":service/")?;
    let (cluster, name) = rest.split_once('/')?;
    Some((cluster.to_owned(), name.to_owned()))
}

impl Model {
    pub(super) fn call(&mut self, call: &Call<'_>, moment: Moment<'_>) {
        if !call.by_person && self.begun {
            self.check_permission(call, moment);
            self.check_writes(call, moment);
        }
        if call.service != "ecs" {
            return;
        }
        let by = if call.by_person {
            By::Person
        } else {
            By::Ecroll
        };
        match (call.operation, call.error) {
            ("CreateService", None) => self.created(call),
            ("DeleteService", None) => self.deleted(call, moment),
            ("UpdateService", _) => self.updated(call, by, moment),
            ("DescribeServices", None) if !call.by_person => self.described(call, moment),
            ("TagResource", None) if !call.by_person => self.noted(call, moment),
            _ => {}
        }
    }

    fn created(&mut self, call: &Call<'_>) {
        let Some(key) = call.key("serviceName") else {
            return;
        };
        self.forget(&key);
        let own = self.own.get(&key).cloned().unwrap_or_default();
        let asked = Asked::new(&self.settings.service, &own);
        if asked.name_prefix {
            self.by_name.insert(key.clone());
        }
        self.gone.remove(&key);
        self.given_up.remove(&key);
        let service = Service::new(key.clone(), asked, call.input);
        self.services.insert(key, service);
    }

    fn deleted(&mut self, call: &Call<'_>, moment: Moment<'_>) {
        if let Some(key) = call.key("service") {
            let wave = self.wave(&key);
            if let Some(service) = self.services.get(&key) {
                let runs = |id: &&String| service.deploys(self.pushes.find(id));
                let failed = service.failed.iter();
                let undone = service.undone.iter().filter(|id| !runs(id));
                let ids = undone.chain(failed).cloned().collect();
                self.given_up.insert(key.clone(), (wave, ids));
            }
            self.forget(&key);
            self.gone.insert(key, moment.at);
        }
    }

    fn forget(&mut self, key: &Key) {
        self.services.remove(key);
        self.by_name.remove(key);
        self.rolling.remove(key);
        for running in self.running.values_mut() {
            running.remove(key);
        }
        self.owed.retain(|owed| owed.key != *key);
    }

    /// An UpdateService: what it says of counts and percentages holds at once, what it deploys when the notice comes.
    fn updated(&mut self, call: &Call<'_>, by: By, moment: Moment<'_>) {
        let Some(key) = call.key("service") else {
            return;
        };
        let accepted = call.error.is_none();
        if by == By::Ecroll && accepted {
            self.check_settings_sent(&key, call.input, moment);
        }
        let Some(service) = self.services.get_mut(&key) else {
            return;
        };
        service
            .updates
            .retain(|update| moment.at - update.at < REMEMBERED);
        service.updates.push(Update {
            at: moment.at,
            by,
            input: call.input.clone(),
            applied: accepted,
        });
        if accepted {
            service.apply(call.input);
            if by == By::Person {
                service.changed_at = Some(moment.at);
                if let Some(runs) = &mut service.runs {
                    runs.watched = false;
                }
            }
        }
    }

    fn described(&mut self, call: &Call<'_>, moment: Moment<'_>) {
        let cluster = call.text("cluster").unwrap_or("default");
        let cluster = cluster.rsplit('/').next().unwrap_or(cluster);
        let list = call.input.get("services").and_then(Value::as_array);
        for name in list.into_iter().flatten().filter_map(Value::as_str) {
            let name = name.rsplit('/').next().unwrap_or(name);
            let key = (cluster.to_owned(), name.to_owned());
            if let Some(service) = self.services.get_mut(&key) {
                service.read_at = Some(moment.at);
            }
        }
    }

    /// What the service runs, as a task definition.
    pub(super) fn runs(&mut self, key: &Key, moment: Moment<'_>) -> Option<Rc<Definition>> {
        let runs = self.services.get(key)?.runs.as_ref()?;
        self.definitions.get(&runs.definition, moment.account)
    }

    pub(super) fn notice(&mut self, notice: &Notice, moment: Moment<'_>) {
        let key = (notice.cluster.clone(), notice.service.clone());
        self.rolling.remove(&key);
        match notice.state {
            DeploymentState::Started => self.started(&key, notice, moment),
            DeploymentState::Completed => {
                if let Some(service) = self.services.get_mut(&key) {
                    service.completed.clone_from(&service.runs);
                }
            }
            DeploymentState::RolledBack => {
                let definition = self
                    .definitions
                    .get(&notice.task_definition, moment.account);
                if let Some(definition) = definition {
                    self.index(&key, &definition, moment);
                }
                self.rolled_back(&key, notice);
            }
            DeploymentState::Failed => {
                if let Some(service) = self.services.get_mut(&key) {
                    let pushes = &self.pushes;
                    service.could_not_start(|id| pushes.find(id));
                }
            }
            DeploymentState::Superseded => {}
        }
    }

    fn started(&mut self, key: &Key, notice: &Notice, moment: Moment<'_>) {
        let Some(definition) = self
            .definitions
            .get(&notice.task_definition, moment.account)
        else {
            return;
        };
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        // The update that was sent at that moment and means this definition began it; an update that seemed to fail may
        // have begun it all the same. What nobody sent is the first deployment of a service.
        let mut sent = service.updates.iter_mut().rev();
        let update = sent.find(|update| {
            let other = update.definition();
            let same = other.is_none_or(|sent| {
                let family = notice.task_definition.rsplit('/').next();
                sent == notice.task_definition
                    || family.is_some_and(|family| {
                        family == sent || family.split(':').next() == Some(sent)
                    })
            });
            update.at == notice.at && same
        });
        let mut by = By::Person;
        if let Some(update) = update {
            by = update.by;
            if !std::mem::replace(&mut update.applied, true) {
                let input = update.input.clone();
                service.apply(&input);
            }
        }
        let containers = definition.containers.iter();
        let digests = containers.filter_map(|container| {
            let (repository, named) = container.named.as_ref()?;
            let digest = self.pushes.resolve(repository, named, notice.at)?;
            Some((container.name.clone(), (repository.clone(), digest)))
        });
        let mut begun = Deployment {
            at: notice.at,
            id: notice.deployment.clone(),
            definition: notice.task_definition.clone(),
            by,
            digests: digests.collect(),
            rolled: BTreeSet::new(),
            brought: BTreeSet::new(),
            watched: false,
        };
        if by == By::Ecroll && self.begun {
            begun.rolled = self.check_roll(key, &begun, &definition, moment);
            begun.watched = self.is_healthy(key);
            self.rolling.insert(key.clone());
        }
        self.index(key, &definition, moment);
        if let Some(service) = self.services.get_mut(key) {
            if by != By::Ecroll {
                service.overruled(notice.at);
                service.chosen_at = Some(notice.at);
            }
            if let Some(runs) = service.runs.as_ref().filter(|_| by == By::Ecroll) {
                let same = |of: &&Repository| runs.digests_of(of) == begun.digests_of(of);
                let kept: Vec<_> = runs.brought.iter().filter(same).cloned().collect();
                begun.brought.extend(kept);
                begun.brought.extend(begun.rolled.iter().cloned());
            }
            service.begins(&begun);
            service.before = service.runs.replace(begun);
        }
    }

    /// Enters what a service runs from now on.
    fn index(&mut self, key: &Key, definition: &Definition, moment: Moment<'_>) {
        let before = self.runs(key, moment);
        for repository in before.iter().flat_map(|before| before.repositories()) {
            if let Some(running) = self.running.get_mut(repository) {
                running.remove(key);
            }
        }
        for repository in definition.repositories() {
            let of = self.running.entry(repository.clone()).or_default();
            of.insert(key.clone());
        }
        if let Some(service) = self.services.get_mut(key) {
            let now: BTreeSet<_> = definition.repositories().collect();
            service.since.retain(|of, _| now.contains(of));
            for repository in now {
                let since = service.since.entry(repository.clone());
                since.or_insert(moment.at);
            }
        }
    }

    /// The circuit breaker, or whoever stopped the deployment, went back to what was completed before.
    fn rolled_back(&mut self, key: &Key, notice: &Notice) {
        let Some(service) = self.services.get_mut(key) else {
            return;
        };
        if let Some(failed) = &service.runs
            && !failed.rolled.is_empty()
        {
            // "When the breaker undoes a revision that carried two new pushes, each is tried once alone." (DESIGN 5.1) A tag
            // that is named before and after may carry one as well.
            let goal = service.completed.as_ref();
            let moved =
                failed.digests.values().map(|(of, _)| of).filter(|of| {
                    goal.is_some_and(|goal| goal.digests_of(of) != failed.digests_of(of))
                });
            let carried: BTreeSet<_> = failed.rolled.iter().chain(moved).cloned().collect();
            if carried.len() > 1 {
                service.alone.extend(carried);
            }
        }
        service.overruled(notice.at);
        let goal = service.completed.clone().map(|goal| Deployment {
            at: notice.at,
            id: notice.deployment.clone(),
            by: By::Breaker,
            rolled: BTreeSet::new(),
            watched: false,
            ..goal
        });
        if let Some(goal) = &goal {
            service.begins(goal);
        }
        service.before = std::mem::replace(&mut service.runs, goal);
    }
}
