//! Families that no service runs: which push gives one of them a new revision. Pure, as the plan is.
//!
//! A family has no deployment and no ledger of its own, so its newest revision says everything. Its stamp names the push that
//! ecroll made it for; a revision without one was registered by somebody, and who registers after a push has chosen its
//! image. So a push makes a revision once, never backwards, and nothing goes back on a person.
//!
//! Policy, platform and order are those of services: a family is looked at as a service that runs its newest revision.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::service::Move;
use super::verdict::{Candidate, time};
use super::{Deciding, Plan, Source};
use crate::config::{Action, Config, Match, Pin};
use crate::image::Repository;
use crate::inventory::{Controller, Definition, Origins, Rollout, Service};
use crate::ledger::{self, Stamp};
use crate::push::Push;
use crate::report::{DRY_RUN, Outcome};
use crate::scheduled::family;

/// What stands in place of a cluster in the report.
pub const FAMILIES: &str = "families";

/// Decides for every push and every family, of which the newest ACTIVE revision is given.
pub(crate) fn families(
    pushes: &[Push],
    families: &[Arc<Definition>],
    config: &Config,
    dry: bool,
) -> Plan {
    let mut plan = Plan::default();
    let config = alone(config);
    for definition in families {
        let Some(service) = as_service(definition) else {
            continue;
        };
        let origins = Origins::new();
        let deciding = Deciding {
            dry,
            ..Deciding::new(&service, definition, &origins, &config)
        };
        let mut moves = Vec::new();
        for repository in definition.repositories() {
            let its: Vec<&Push> = pushes
                .iter()
                .filter(|push| push.repository == *repository)
                .collect();
            moves.extend(deciding.of_family(repository, &its, &mut plan));
        }
        if !moves.is_empty() {
            deciding.roll(&moves, &mut plan);
        }
    }
    plan
}

/// The configuration as far as it speaks of families: entries that name a cluster or a service do not. There is nothing to
/// deploy anew, and no name but the image's.
fn alone(config: &Config) -> Config {
    let mut config = config.clone();
    config
        .services
        .retain(|rule| rule.cluster.is_none() && rule.service.is_none());
    config.waves = Vec::new();
    for rule in &mut config.services {
        (rule.action, rule.matching) = (None, None);
    }
    (config.service.action, config.service.matching) = (Action::Revision, Match::Image);
    config
}

/// When a revision was registered.
pub(crate) fn registered(definition: &Definition) -> Option<DateTime<Utc>> {
    let at = definition.raw.get("registeredAt")?;
    crate::scheduled::time(at)
}

/// The family as a service that runs its newest revision.
fn as_service(definition: &Definition) -> Option<Service> {
    let (arn, number) = family(&definition.arn);
    number?;
    let (head, name) = arn.split_once(":task-definition/")?;
    Some(Service {
        cluster_arn: format!("{head}:cluster/{FAMILIES}"),
        arn: format!("{head}:service/{FAMILIES}/{name}"),
        name: name.to_owned(),
        status: "ACTIVE".to_owned(),
        task_definition: definition.arn.clone(),
        deployed_at: registered(definition),
        desired: 0,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        daemon: false,
        controller: Controller::Rolling,
        express: false,
        fargate: false,
        zone_rebalancing: false,
        rollout: Some(Rollout::Completed),
        // Those of CloudFormation tell whether a stack brings the images.
        tags: definition
            .tags
            .iter()
            .filter(|(key, _)| key.starts_with("aws:"))
            .cloned()
            .collect(),
    })
}

impl Deciding<'_> {
    /// The push that gives the family a new revision, if one does; decisions on all others go into the plan.
    fn of_family<'p>(
        &self,
        repository: &Repository,
        pushed: &[&'p Push],
        plan: &mut Plan,
    ) -> Option<Move<'p>> {
        let candidates = self.candidates(pushed, plan);
        let (counts, others) = self.choose(repository, candidates, None, pushed);
        for (Candidate { push, tag, .. }, reason) in others {
            let decision = self.decision(push, &tag, Outcome::Skipped, reason);
            plan.decisions.push(decision);
        }
        let counts = counts?;
        let (outcome, reason) = match self.of_newest(repository, &counts, pushed) {
            Ok(reason) => {
                return Some(Move {
                    candidate: counts,
                    reason,
                    same: false,
                });
            }
            Err(settled) => settled,
        };
        let decision = self.decision(counts.push, &counts.tag, outcome, reason);
        plan.decisions.push(decision);
        None
    }

    /// Why the push that counts makes a revision, or why it does not.
    fn of_newest(
        &self,
        repository: &Repository,
        counts: &Candidate<'_>,
        pushed: &[&Push],
    ) -> Result<String, (Outcome, String)> {
        let Candidate { push, tag, record } = counts;
        let unchanged = |reason: &str| Err((Outcome::Unchanged, reason.to_owned()));
        let stamp = self.definition.stamp(repository);
        if let Some(stamp) = &stamp {
            if stamp.names(push) || stamp.digest == push.digest {
                return unchanged("the family's newest revision names this image");
            }
            if !is_newer(counts, stamp, pushed) {
                let reason = format!(
                    "older than the push of the newest revision, of {}",
                    time(stamp.time)
                );
                return Err((Outcome::Skipped, reason));
            }
        }
        let pinned = self.settings(repository).pin == Pin::Digest;
        let images = self.definition.images.values();
        let mut images = images.filter(|(_, image)| image.repository == *repository);
        if images.all(|(text, image)| *text == image.moved_to(tag, &push.digest, pinned)) {
            return unchanged(
                "the family's newest revision names this image: a task pulls it when it is started",
            );
        }
        // What ecroll made for another repository is no choice; what lies below it is looked at before anything is registered.
        let mut all = self.definition.repositories().into_iter();
        let made = all.any(|of| self.definition.stamp(of).is_some());
        if !made && let Some(at) = self.service.deployed_at.filter(|at| *at >= record.time) {
            let reason = format!(
                "somebody registered the newest revision at {}, after this push: whoever did so chose its image",
                time(at)
            );
            return Err((Outcome::Skipped, reason));
        }
        if self.settings(repository).hold {
            return Err((
                Outcome::Held,
                "`hold` is set for this repository".to_owned(),
            ));
        }
        if self.dry {
            return Err((Outcome::Held, DRY_RUN.to_owned()));
        }
        Ok(format!(
            "{tag} is the newest push; no service runs the family"
        ))
    }
}

/// Whether a push comes after the one of a stamp; by the log's order where the log still holds both.
fn is_newer(counts: &Candidate<'_>, stamp: &Stamp, pushed: &[&Push]) -> bool {
    let Candidate { push, record, .. } = counts;
    match pushed.iter().find(|other| stamp.names(other)) {
        Some(known) => push.order > known.order,
        None => (record.time, &ledger::word(&record.id)) > (stamp.time, &stamp.id),
    }
}

impl Plan {
    /// The registrations that families need, each with what it was decided for.
    pub(crate) fn family_rolls(
        &self,
    ) -> impl Iterator<Item = (&super::Roll, &crate::revision::Registration)> {
        self.rolls.iter().filter_map(|roll| match &roll.source {
            Source::Register(registration) => Some((roll, registration)),
            Source::Registered(_) | Source::Same => None,
        })
    }
}
