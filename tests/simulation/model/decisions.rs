//! What a report says, against what happened: one decision for each push and service, and each of them true.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::image::Named;
use super::reports::{Decision, Report};
use super::services::{By, Deployment, Service};
use super::{Model, Moment};

impl Model {
    pub(super) fn check_report(
        &mut self,
        report: &Report,
        began: DateTime<Utc>,
        moment: Moment<'_>,
    ) {
        self.check_doubles(report, moment);
        let calm = moment.calm_from(began);
        for decision in &report.decisions {
            self.check_arns(decision, moment);
            self.check_service(decision, began, calm, moment);
            self.check_refusal(decision, calm, moment);
            match decision.outcome.as_str() {
                "rolled" => self.check_rolled(decision, began, moment),
                "unchanged" => {
                    self.check_unchanged(decision, began, calm, moment);
                    self.found_running(decision, began, moment);
                }
                _ => {}
            }
        }
    }

    /// Not more decisions on a digest for a service than pushes of it. A report names decisions by repository and digest,
    /// so that D1, D2, D1 gives two for D1. Of a push that it does not list, what is in the ledger may be brought to its end.
    fn check_doubles(&mut self, report: &Report, moment: Moment<'_>) {
        let mut pushes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for line in &report.pushes {
            *pushes.entry((&line.repository, &line.digest)).or_default() += 1;
        }
        let mut decided: BTreeMap<(&Name<'_>, (&str, &str)), usize> = BTreeMap::new();
        let keys: Vec<Name<'_>> = report
            .decisions
            .iter()
            .map(|decision| (decision.key.0.as_str(), decision.key.1.as_str()))
            .collect();
        for (key, decision) in keys.iter().zip(&report.decisions) {
            let on = (decision.repository.as_str(), decision.digest.as_str());
            *decided.entry((key, on)).or_default() += 1;
        }
        for decision in report.decisions.iter().filter(|d| d.digest.is_empty()) {
            if report.pushes.iter().any(|line| line.id == decision.push) {
                let what = format!(
                    "{}/{}: a decision without a digest on {} of {}, which the report lists",
                    decision.key.0, decision.key.1, decision.push, decision.repository
                );
                self.say(10, moment.at, what);
            }
        }
        for ((key, on), count) in decided {
            let expected = if on.1.is_empty() {
                1
            } else {
                pushes.get(&on).copied().unwrap_or_default()
            };
            if count > expected {
                let what = format!(
                    "{}/{}: {count} decisions on {expected} pushes of {} {}",
                    key.0, key.1, on.0, on.1
                );
                self.say(1, moment.at, what);
            }
        }
    }

    fn check_arns(&mut self, decision: &Decision, moment: Moment<'_>) {
        for arn in [&decision.from, &decision.to].into_iter().flatten() {
            if self.definitions.get(arn, moment.account).is_none() {
                let what = format!(
                    "{}/{}: the report names {arn}, which is not there",
                    decision.key.0, decision.key.1
                );
                self.say(10, moment.at, what);
            }
        }
    }

    /// The service is there and runs the repository (rule 4), or did so while the handler was at work.
    ///
    /// Excuse: answers may be stale while something goes wrong on purpose.
    fn check_service(
        &mut self,
        decision: &Decision,
        began: DateTime<Utc>,
        calm: bool,
        moment: Moment<'_>,
    ) {
        let key = &decision.key;
        if !calm || self.gone.get(key).is_some_and(|at| *at >= began) {
            return;
        }
        let Some(service) = self.services.get(key).cloned() else {
            let what = format!("{}/{}: decided on, and not there", key.0, key.1);
            return self.say(4, moment.at, what);
        };
        let recent = service.runs.as_ref().is_some_and(|runs| runs.at >= began);
        let Some(definition) = self.runs(key, moment) else {
            return;
        };
        let belongs = self.pushes.repositories().any(|repository| {
            repository.name == decision.repository
                && service.belongs(repository, &definition, &self.place)
        });
        if !belongs && !recent {
            let what = format!(
                "{}/{}: a decision on {}, which it does not run",
                key.0, key.1, decision.repository
            );
            self.say(4, moment.at, what);
        }
    }

    /// `rolled`: an UpdateService to `to` was accepted in this invocation.
    fn check_rolled(&mut self, decision: &Decision, began: DateTime<Utc>, moment: Moment<'_>) {
        let Some(service) = self.services.get(&decision.key) else {
            return;
        };
        let sent = service.updates.iter().any(|update| {
            let same = match update.definition() {
                Some(definition) => decision.to.as_deref() == Some(definition),
                None => update.forces(),
            };
            update.by == By::Ecroll && update.applied && update.at >= began && same
        });
        if !sent {
            let what = format!(
                "{}/{}: the report says rolled to {}, but no such update was accepted",
                decision.key.0,
                decision.key.1,
                decision.to.as_deref().unwrap_or("nothing")
            );
            self.say(1, moment.at, what);
        }
    }

    /// `unchanged`: the service runs this push's image, or did when the handler looked.
    ///
    /// Excuses: stale answers while something goes wrong on purpose; a tag that was moved on between the push and the
    /// deployment, so that the revision made for this push runs a newer one; a tag that was moved without a record, and a revision
    /// deployed again by somebody, or by ecroll for another repository, since ecroll brought this push, or of which no task was
    /// started; images that the registry never told of; with
    /// `action = "force"` any deployment since the push ("compares the deployment's time with the ledger's", DESIGN 5.1),
    /// although the breaker may have undone it.
    fn check_unchanged(
        &mut self,
        decision: &Decision,
        began: DateTime<Utc>,
        calm: bool,
        moment: Moment<'_>,
    ) {
        let Some(service) = self.services.get(&decision.key).cloned() else {
            return;
        };
        if !calm || service.asked.force {
            return;
        }
        // `force` takes whatever was deployed after the push for it: it names no digest, and cannot tell a rollback.
        let other = service
            .runs
            .as_ref()
            .is_some_and(|runs| runs.by != By::Ecroll);
        if service.asked.force && other {
            return;
        }
        let mut ran = service.runs.iter().collect::<Vec<_>>();
        if service.runs.as_ref().is_some_and(|runs| runs.at >= began) {
            ran.extend(&service.before);
        }
        let runs = ran
            .iter()
            .any(|deployment| self.runs_image(deployment, decision));
        // A tag may move between the beginning of a deployment and its first pull: then ECS knows better.
        let pulled = || {
            let digests = super::last::actual(&service, moment);
            digests.iter().any(|(_, digest)| *digest == decision.digest)
        };
        if !runs && !pulled() && !self.is_overtaken_unheard(&service, decision, moment) {
            let what = format!(
                "{}/{}: the report says that {} {} runs already, and it does not: {}",
                decision.key.0,
                decision.key.1,
                decision.repository,
                decision.digest,
                decision.reason
            );
            self.say(1, moment.at, what);
        }
    }

    /// Whether what runs came by a tag that was moved without a record, after the decision's push had come to the service by that
    /// tag, or where no task was started by then, had set it: README ("Waves") names the way to rule that out.
    fn is_overtaken_unheard(
        &mut self,
        service: &Service,
        decision: &Decision,
        moment: Moment<'_>,
    ) -> bool {
        let (Some(definition), Some(runs)) = (self.runs(&service.key, moment), &service.runs)
        else {
            return false;
        };
        // Where no task was started yet, nothing was pulled that could be asked about.
        let pulled = !super::last::actual(service, moment).is_empty();
        let mut of = definition.repositories();
        of.any(|repository| {
            let groups = self.pushes.groups(repository);
            let mut decided = groups
                .iter()
                .filter(|group| group.digest == decision.digest);
            let came = |id: &str| service.done.contains_key(id) || service.noted.contains_key(id);
            let done = decided.any(|group| group.ids().any(came));
            let own = repository.name == decision.repository;
            // By the records its tag named that image.
            let told = || {
                let mut tags = definition
                    .containers
                    .iter()
                    .filter_map(|c| c.named.as_ref());
                tags.any(|(of, named)| match named {
                    Named::Tag(tag) if of == repository => {
                        let pushes = &self.pushes;
                        pushes.is_told_as(repository, &decision.digest, tag, runs.at)
                    }
                    _ => false,
                })
            };
            own && (done || !pulled && told())
                && self.is_moved_unheard(runs, &definition, repository)
        })
    }

    fn runs_image(&self, deployment: &Deployment, decision: &Decision) -> bool {
        let mut of = deployment.digests.values();
        let known = of
            .clone()
            .any(|(repository, _)| repository.name == decision.repository);
        !known
            || of.any(|(repository, digest)| {
                repository.name == decision.repository
                    && (*digest == decision.digest
                        || self.pushes.is_newer(repository, digest, &decision.digest))
            })
    }
}

/// Cluster and service, borrowed.
type Name<'a> = (&'a str, &'a str);
