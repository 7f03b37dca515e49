//! What speaks against a roll, whatever was pushed.

use std::sync::Arc;

use super::{Deciding, Roll, feasible};
use crate::config::{Config, ServiceSettings};
use crate::image::Repository;
use crate::inventory::{Controller, Definition, Origins, Service};
use crate::ledger;
use crate::report::{DRY_RUN, Outcome};
use crate::revision::MOST_TAGS;

/// Why a service could not be rolled as it stands, whatever is pushed to a repository.
pub(crate) fn refusal(
    service: &Service,
    definition: &Arc<Definition>,
    repository: &Repository,
    config: &Config,
) -> Option<String> {
    let origins = Origins::new();
    let deciding = Deciding::new(service, definition, &origins, config);
    deciding.refusal(repository, &deciding.settings(repository))
}

/// What speaks against a roll by now, where its service was read again after the plan: somebody may have scaled it, set other
/// percentages, or put it on hold. Whoever asks has to let the ledger say again what it said before.
pub(crate) fn objection_by_now(
    now: &Service,
    roll: &Roll,
    definition: &Arc<Definition>,
    config: &Config,
) -> Option<(Outcome, String)> {
    let origins = Origins::new();
    let deciding = Deciding::new(now, definition, &origins, config);
    if !deciding.own.wrong.is_empty() {
        return Some((Outcome::Refused, deciding.wrong_tags()));
    }
    // What is asked for may be more than what the roll would send, which the service had.
    let stuck = || feasible::obstacle(now, roll.minimum_healthy_percent, roll.maximum_percent);
    let meanwhile = "its percentages were changed meanwhile; the next look-up decides";
    let mut cargo = roll.cargo.iter();
    cargo
        .find_map(|cargo| deciding.objection(&cargo.repository))
        .or_else(|| stuck().map(|_| (Outcome::Held, meanwhile.to_owned())))
}

impl Deciding<'_> {
    /// What speaks against rolling anything of a repository, whatever the push.
    pub(super) fn objection(&self, repository: &Repository) -> Option<(Outcome, String)> {
        let settings = self.settings(repository);
        if settings.hold {
            let reason = "`hold` is set for this service; clear it to let the push roll";
            return Some((Outcome::Held, reason.to_owned()));
        }
        if let Some(reason) = self.refusal(repository, &settings) {
            return Some((Outcome::Refused, reason));
        }
        self.dry.then(|| (Outcome::Held, DRY_RUN.to_owned()))
    }

    /// Whether the ledger may be written without a roll: also where the percentages let nothing roll, since these may change
    /// before the next push.
    pub(super) fn may_note(&self, repository: &Repository) -> bool {
        !self.dry && !self.settings(repository).hold && self.closed(repository).is_none()
    }

    fn refusal(&self, repository: &Repository, settings: &ServiceSettings) -> Option<String> {
        let (minimum, maximum) = (settings.minimum_healthy_percent, settings.maximum_percent);
        let stuck = || feasible::obstacle(self.service, minimum, maximum);
        self.closed(repository).or_else(stuck)
    }

    /// Why a service is closed to ecroll, whatever its percentages.
    fn closed(&self, repository: &Repository) -> Option<String> {
        let service = self.service;
        if service.status != "ACTIVE" {
            return Some(format!("the service is {}, not ACTIVE", service.status));
        }
        if service.express {
            return Some("an Express service: ECS owns its definition".to_owned());
        }
        if let Controller::Foreign(name) = &service.controller {
            return Some(format!("its deployments belong to {name}: start one there"));
        }
        if service.has_short_arn() {
            return Some(format!(
                "its ARN is of the old short form, which cannot carry the ledger's tags; move it with `aws ecs \
                 put-account-setting --name serviceLongArnFormat --value enabled` and re-create the service {}",
                service.name,
            ));
        }
        let full = self.room() == 0 && !service.tags.contains_key(&ledger::key(repository));
        full.then(no_room)
    }

    /// How many tags more the service takes.
    pub(super) fn room(&self) -> usize {
        let tags = self.service.tags.keys();
        let own = tags.filter(|key| !key.starts_with("aws:")).count();
        MOST_TAGS.saturating_sub(own)
    }
}

/// Why nothing rolls where the ledger has no room.
pub(super) fn no_room() -> String {
    format!(
        "the service has all {MOST_TAGS} tags that ECS allows and ecroll's ledger needs one: remove one"
    )
}
