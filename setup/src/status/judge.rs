//! What was seen, as a [`Status`]. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use handler::inventory::{Inventory, Service};
use handler::ledger::Entry;
use handler::progress::Progress;
use handler::report::{Decision, Outcome};
use handler::standing::{self, Noted, Seen, Standing};
use handler::{Place, progress};

use super::stacks::StackStatus;
use super::{
    By, DeploymentStatus, EventStatus, ImageStatus, Runs, ServiceStatus, State, Status, Undone,
    Waiting, text, waves,
};

/// What is shown besides what always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Services that no policy follows.
    pub all: bool,
    /// Somebody named the services: then all of them are shown, each with its last events.
    pub named: bool,
}

/// Makes a status of what was seen and of what could not be read.
#[must_use]
pub fn judge(seen: &Seen, gaps: Vec<String>, shown: Shown) -> Status {
    let Inventory { services, .. } = &seen.inventory;
    let places: BTreeSet<Option<Place>> = services.iter().map(|s| Place::of(&s.arn)).collect();
    let mut judged: Vec<ServiceStatus> = services
        .iter()
        .filter(|service| {
            // Of one whose revision could not be read nobody knows whether it is followed: that is a gap.
            service.task_definition.is_empty()
                || seen
                    .inventory
                    .definitions
                    .contains_key(&service.task_definition)
        })
        .map(|service| {
            let standings = seen.standings.iter();
            let its: Vec<&Standing> = standings.filter(|s| s.service == service.arn).collect();
            let progress = seen.inventory.progress.get(&service.arn);
            let mut status = one(service, &its, progress, shown.named);
            status.placed = places.len() > 1;
            status
        })
        .collect();
    let followed = |service: &ServiceStatus| {
        let mut images = service.images.iter();
        images.any(|image| image.state != State::NotFollowed)
    };
    let not_followed = judged.iter().filter(|service| !followed(service)).count();
    if !shown.all && !shown.named {
        judged.retain(followed);
    }
    let mut gaps = gaps;
    let (mut stacks, unread): (Vec<StackStatus>, Vec<Option<String>>) =
        seen.stacks.iter().map(StackStatus::of).unzip();
    gaps.extend(unread.into_iter().flatten());
    stacks.sort_by(|a, b| (&a.stack, &a.parameter).cmp(&(&b.stack, &b.parameter)));
    judged.sort_by(|a, b| {
        let key = |s: &ServiceStatus| {
            let Place { account, region } = place(&s.arn);
            (account, region, s.cluster.clone(), s.service.clone())
        };
        key(a).cmp(&key(b))
    });
    Status {
        at: seen.at,
        stacks,
        // Of a selection nobody could tell who else is in a wave.
        waves: if shown.named {
            Vec::new()
        } else {
            waves::waves(&seen.waves, &judged)
        },
        services: judged,
        not_followed,
        gaps,
    }
}

fn place(arn: &str) -> Place {
    Place::of(arn).unwrap_or_else(|| Place {
        account: String::new(),
        region: String::new(),
    })
}

fn one(
    service: &Service,
    standings: &[&Standing],
    progress: Option<&Progress>,
    named: bool,
) -> ServiceStatus {
    let Place { account, region } = place(&service.arn);
    let images: Vec<ImageStatus> = standings.iter().map(|s| image(service, s)).collect();
    let worst = images.iter().max_by_key(|image| image.state);
    let (mut state, mut reason) = match worst {
        Some(worst) if worst.state == State::NotFollowed => {
            let reason = "`repositories` take none of its images";
            (State::NotFollowed, Some(reason.to_owned()))
        }
        Some(worst) => (worst.state, worst.reason.clone()),
        None => (State::NotFollowed, Some(unfollowable(service))),
    };
    let deployments = progress.map_or(&[][..], |progress| &progress.deployments);
    let primary = progress.and_then(Progress::primary);
    let under_way = progress.is_some_and(Progress::is_under_way);
    if under_way {
        (state, reason) = (State::Rolling, None);
    } else if let Some(failed) = primary.filter(|p| p.state.as_deref() == Some("FAILED")) {
        (state, reason) = (State::Failed, failed.reason.clone());
    }
    let events = progress.filter(|_| under_way || named || state == State::Failed);
    let events = events.map_or(&[][..], |progress| &progress.events);
    ServiceStatus {
        account,
        region,
        cluster: service.cluster().to_owned(),
        service: service.name.clone(),
        arn: service.arn.clone(),
        wave: waves::of(standings),
        state,
        reason,
        since: service.deployed_at,
        task_definition: Some(service.task_definition.clone()).filter(|arn| !arn.is_empty()),
        images,
        deployments: deployments.iter().map(DeploymentStatus::of).collect(),
        events: events.iter().map(EventStatus::of).collect(),
        ended: None,
        placed: false,
    }
}

fn unfollowable(service: &Service) -> String {
    let reason = if service.task_definition.is_empty() {
        "ECS names no task definition, so nobody can tell which images it runs"
    } else {
        "it runs no image of ECR's private registries"
    };
    reason.to_owned()
}

/// What may be said of an image beside its state.
type Judged = (State, Option<String>);

fn image(service: &Service, standing: &Standing) -> ImageStatus {
    let undone = undone(service, standing);
    let waiting = waiting(standing);
    let (state, reason) = state(standing, undone.as_ref(), &waiting);
    let handler::image::Repository {
        account,
        region,
        name,
    } = standing.repository.clone();
    ImageStatus {
        account,
        region,
        repository: name,
        images: standing.images.clone(),
        tags: standing.settings.tags.to_string(),
        state,
        reason,
        runs: Runs {
            tag: standing.running.tag.clone(),
            digest: standing.running.digest.clone(),
            pushed_at: standing.running.pushed_at,
        },
        undone,
        waiting,
    }
}

fn state(standing: &Standing, undone: Option<&Undone>, waiting: &[Waiting]) -> Judged {
    let first = |outcome: &str| waiting.iter().find(|waiting| waiting.outcome == outcome);
    if !standing.followed {
        let reason = "`repositories` leave it out";
        return (State::NotFollowed, Some(reason.to_owned()));
    }
    match &standing.objection {
        Some((Outcome::Held, reason)) => {
            let waits = first("held").map(|push| format!("; {} waits", push_of(push)));
            return (
                State::Held,
                Some(reason.clone() + &waits.unwrap_or_default()),
            );
        }
        Some((_, reason)) => return (State::Refused, Some(reason.clone())),
        None => {}
    }
    for (outcome, state) in [("refused", State::Refused), ("waiting", State::Waiting)] {
        if let Some(push) = first(outcome) {
            return (state, Some(format!("{}: {}", push_of(push), push.reason)));
        }
    }
    if let (Some(undone), Noted::Undone(_, _, reason)) = (undone, &standing.noted) {
        return (State::Held, Some(undone.reason(reason)));
    }
    if let Some(push) = first("held") {
        return (
            State::Held,
            Some(format!("{}: {}", push_of(push), push.reason)),
        );
    }
    let skipped =
        first("skipped").map(|push| format!("{} skipped: {}", push_of(push), push.reason));
    match &standing.noted {
        Noted::Waits(entry, reason) => {
            let push = format!("{} of {}: {reason}", entry.tag, text(entry.time));
            (State::Waiting, Some(push))
        }
        Noted::Runs(_) => (State::Current, skipped),
        _ if standing.running.pushed_at.is_some() => (State::Current, skipped),
        _ => (State::NoPush, skipped),
    }
}

fn push_of(push: &Waiting) -> String {
    format!("{} of {}", push.tag, text(push.pushed_at))
}

impl Undone {
    /// What happened, in a sentence; `reason` is the handler's own.
    fn reason(&self, reason: &str) -> String {
        let push = format!("{} of {}", self.tag, text(self.pushed_at));
        match (self.by, self.older) {
            (By::CircuitBreaker, _) => {
                format!("the circuit breaker undid {push}; the next push rolls")
            }
            (By::Somebody, Some(true)) => format!(
                "somebody (a person, or Terraform) put an older image back in place of {push}; the next push rolls"
            ),
            (By::Somebody, Some(false)) => {
                format!("somebody deployed a newer image than {push}; the next push rolls")
            }
            (By::Somebody, None) => {
                format!("somebody deployed another image than {push}; the next push rolls")
            }
            (By::Unknown, _) => format!("{push} does not run: {reason}"),
        }
    }
}

fn undone(service: &Service, standing: &Standing) -> Option<Undone> {
    let Noted::Undone(entry, by, _) = &standing.noted else {
        return None;
    };
    let back = entry.base.names(&service.task_definition) && entry.base != entry.new;
    let age = standing.running.pushed_at.map(|at| at < entry.time);
    Some(Undone {
        tag: entry.tag.clone(),
        pushed_at: entry.time,
        by: match by {
            standing::By::CircuitBreaker => By::CircuitBreaker,
            standing::By::Somebody => By::Somebody,
            standing::By::Unknown => By::Unknown,
        },
        // What ran before the push is older than it.
        older: if back { Some(true) } else { age },
    })
}

/// The pushes that are newer than what runs and did not roll: the newest that may wait, and a newer one that is skipped.
fn waiting(standing: &Standing) -> Vec<Waiting> {
    let noted: Option<&Entry> = match &standing.noted {
        Noted::Nothing => None,
        Noted::Runs(entry) | Noted::Waits(entry, _) | Noted::Undone(entry, ..) => Some(entry),
    };
    let newer = |at: &DateTime<Utc>, decision: &Decision| {
        let after = standing.running.pushed_at.is_none_or(|runs| *at > runs);
        // The ledger's own push is spoken of already.
        let own = noted.is_some_and(|entry| entry.is_of(&decision.digest));
        after && !own && decision.outcome != Outcome::Unchanged
    };
    let mut found: Vec<Waiting> = Vec::new();
    for (at, decision) in standing.decisions.iter().filter(|(at, d)| newer(at, d)) {
        let skipped = decision.outcome == Outcome::Skipped;
        // An older one that is skipped was passed by a newer one.
        if skipped && !found.is_empty() {
            continue;
        }
        let mut one = Waiting::of(*at, decision);
        // What only waits for its turn is held by nobody.
        let wave = standing.wave.as_ref().and_then(|wave| wave.held.as_ref());
        if wave.is_some_and(|(reason, over)| !over && *reason == decision.reason) {
            "waiting".clone_into(&mut one.outcome);
        }
        found.push(one);
        if !skipped {
            break;
        }
    }
    found
}

impl Waiting {
    pub(super) fn of(at: DateTime<Utc>, decision: &Decision) -> Self {
        let rolls = Self::is_rehearsed(decision.outcome, &decision.reason);
        let (outcome, reason) = if rolls {
            ("waiting".to_owned(), "the next look-up rolls it".to_owned())
        } else {
            (decision.outcome.to_string(), decision.reason.clone())
        };
        Self {
            tag: decision.tag.clone(),
            digest: decision.digest.clone(),
            pushed_at: at,
            outcome,
            reason,
        }
    }
}

impl DeploymentStatus {
    pub(crate) fn of(deployment: &progress::Deployment) -> Self {
        let deployment = deployment.clone();
        Self {
            id: deployment.id,
            status: deployment.status,
            task_definition: deployment.task_definition,
            desired: deployment.desired,
            running: deployment.running,
            pending: deployment.pending,
            failed: deployment.failed,
            rollout_state: deployment.state,
            rollout_state_reason: deployment.reason,
            began: deployment.began,
        }
    }
}

impl EventStatus {
    pub(crate) fn of(event: &progress::Event) -> Self {
        Self {
            at: event.at,
            message: event.message.clone(),
        }
    }
}
