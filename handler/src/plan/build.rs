//! A roll, put together from the pushes that it brings.

use std::collections::BTreeMap;

use super::service::{Left, Move, TAKEN_UP};
use super::verdict::Candidate;
use super::{Cargo, Deciding, Plan, Roll, Source};
use crate::config::{Pin, ServiceSettings};
use crate::inventory::Controller;
use crate::ledger::{self, Stamp};
use crate::revision::Registration;

impl Deciding<'_> {
    /// Registers a revision with all images that moved; where none does, the one that runs is deployed anew.
    pub(super) fn roll(&self, moves: &[Move<'_>], plan: &mut Plan) {
        let cargo = moves.iter().map(cargo).collect();
        if moves.iter().all(|one| one.same) {
            plan.rolls.push(self.as_roll(Source::Same, cargo));
            return;
        }
        let mut images = BTreeMap::new();
        let mut stamps = BTreeMap::new();
        // A new deployment resolves the tags of all containers, so what is only to be deployed anew comes along.
        for Move { candidate, .. } in moves.iter().filter(|one| !one.same) {
            let Candidate { push, tag, record } = candidate;
            let pinned = self.settings(&push.repository).pin == Pin::Digest;
            let mut changed = Vec::new();
            for (index, (_, image)) in &self.definition.images {
                if image.repository == push.repository {
                    changed.push((*index, image.moved_to(tag, &push.digest, pinned)));
                }
            }
            let strings: Vec<&str> = changed.iter().map(|(_, image)| image.as_str()).collect();
            let stamp = Stamp::new(push, record, &strings);
            stamps.insert(ledger::key(&push.repository), stamp.value());
            images.extend(changed);
        }
        let base = self.definition.arn.clone();
        let source = Source::Register(Registration {
            base,
            images,
            stamps,
        });
        plan.rolls.push(self.as_roll(source, cargo));
    }

    /// Deploys the revision that an earlier look-up registered and noted, but did not live to deploy.
    pub(super) fn resume(&self, left: &[Left<'_>], revision: String, plan: &mut Plan) {
        let cargo = |left: &Left<'_>| {
            let push = left.candidate.as_ref().map(|candidate| candidate.push);
            Cargo {
                repository: left.repository.clone(),
                tag: left.entry.tag.clone(),
                digest: push.map(|push| push.digest.clone()).unwrap_or_default(),
                pushed: (left.entry.time, left.entry.id.clone()),
                push: push.map_or_else(
                    || left.entry.called().to_owned(),
                    |push| push.id().to_owned(),
                ),
                reason: TAKEN_UP.to_owned(),
            }
        };
        let cargo = left.iter().map(cargo).collect();
        let source = if revision == self.service.task_definition {
            Source::Same
        } else {
            Source::Registered(revision)
        };
        plan.rolls.push(self.as_roll(source, cargo));
    }

    fn as_roll(&self, source: Source, cargo: Vec<Cargo>) -> Roll {
        let asked: Vec<ServiceSettings> = cargo
            .iter()
            .map(|cargo| self.settings(&cargo.repository))
            .collect();
        // Of several repositories the highest of each: as many tasks stay healthy as the strictest asks for, and where each may
        // move alone, all may move together.
        let service = self.service;
        let minimum = asked.iter().map(|asked| asked.minimum_healthy_percent);
        let minimum = minimum.map(|asked| asked.unwrap_or(service.minimum_healthy_percent));
        let maximum = asked.iter().map(|asked| asked.maximum_percent);
        let maximum = maximum.map(|asked| asked.unwrap_or(service.maximum_percent));
        let (minimum, maximum) = sent(service, minimum.max(), maximum.max());
        Roll {
            service: self.service.clone(),
            source,
            cargo,
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
        }
    }
}

/// The percentages to send, of those asked for.
///
/// They stick to the service, so they are sent only when they change something; blue/green has no use for them, and a
/// daemon service takes the minimum alone (Terraform's provider does the same).
pub(super) fn sent(
    service: &crate::inventory::Service,
    minimum: Option<i32>,
    maximum: Option<i32>,
) -> (Option<i32>, Option<i32>) {
    let changed = |wanted: Option<i32>, now: i32| wanted.filter(|wanted| *wanted != now);
    let rolling = service.controller == Controller::Rolling;
    let minimum = changed(minimum, service.minimum_healthy_percent).filter(|_| rolling);
    let maximum = changed(maximum, service.maximum_percent).filter(|_| rolling && !service.daemon);
    (minimum, maximum)
}

fn cargo(one: &Move<'_>) -> Cargo {
    let Candidate { push, tag, record } = &one.candidate;
    Cargo {
        repository: push.repository.clone(),
        tag: tag.clone(),
        digest: push.digest.clone(),
        pushed: (record.time, ledger::mark(&record.id, &push.digest)),
        push: push.id().to_owned(),
        reason: one.reason.clone(),
    }
}
