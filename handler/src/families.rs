//! Task definitions that no service runs, for whoever starts tasks by themselves: `families = "all"`.
//!
//! After the services had their turn, every family of the places that follow is looked at which no service runs. A push that
//! its newest ACTIVE revision may take makes a new one, in every other field the same; `plan/families` decides. Families are
//! listed and described by sweeps alone, and only where there is a push that was not concluded yet: it costs a call each.
//!
//! While a service may run a family and cannot be read just now, that family waits, as `held`. What cannot be read for good
//! counts as a service of a cluster that does not follow: nothing waits for it.
//!
//! In the report a family stands as a service of the cluster `families`.

mod neighbours;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::concurrent;
use crate::config::{Config, Families};
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecs;
use crate::error::AwsError;
use crate::inventory::{Definition, Gap, Inventory};
use crate::ledger::{Stamp, lasting};
use crate::plan::{self, FAMILIES, Roll};
use crate::push::Push;
use crate::report::{Decision, Outcome};
use crate::revision::{Registration, copy};
use crate::scheduled::{Concluded, Run};
use crate::site::{Access, Place};

/// How many families get their revision at once: the bucket of RegisterTaskDefinition holds twenty.
const AT_ONCE: usize = 10;
/// How many calls follow after the first, so that none begins that would not be done.
const REGISTER: i32 = 3;

/// Decides about these pushes for every family that no service runs, and registers.
pub(crate) async fn decide(
    context: &Context,
    config: &Config,
    inventory: &Inventory,
    pushes: &[Push],
    dry: bool,
    until: Deadline,
) -> Concluded {
    let mut done = Concluded::default();
    if config.families != Families::All || pushes.is_empty() {
        return done;
    }
    // A further tag joins an image's push without changing how that is called.
    let records = pushes.iter().flat_map(|push| &push.tagged);
    let ids: BTreeSet<String> = records
        .map(|record| lasting(&record.id).to_owned())
        .collect();
    if context.has_concluded(&ids) {
        return done;
    }
    let run = inventory.families();
    for at in super::scheduled::places(context, until) {
        let place = at.site.place.clone().or_else(|| context.home());
        let here = |arn: &&&str| Place::of(arn) == place;
        let run: BTreeSet<&str> = run
            .iter()
            .filter(here)
            .filter_map(|arn| arn.rsplit('/').next())
            .collect();
        let (families, gaps) = newest(at, &run).await;
        done.gaps.extend(gaps);
        // Nobody knows which families hidden services run. Those that cannot be read for good are not waited for: they count
        // as services of a cluster that does not follow, and a revision more changes nothing of what they run.
        let mut hidden = inventory.hidden();
        let hidden = hidden.find(|gap| gap.retryable && gap.place == place);
        let plan = plan::families(pushes, &families, config, dry && hidden.is_none());
        let rolls: Vec<(&Roll, &Registration)> = plan.family_rolls().collect();
        if let Some(gap) = hidden {
            let held = rolls.iter().flat_map(|(roll, registration)| {
                said(roll, registration, Outcome::Held, &gap.waits(), None, false)
            });
            done.decisions.extend(held);
            done.decisions.extend(plan.decisions);
            done.waits = true;
            continue;
        }
        let registered = rolls.into_iter().map(|(roll, registration)| {
            let base = families.iter().find(|base| base.arn == registration.base);
            one(context, at, roll, registration, base.cloned())
        });
        for (decisions, waits) in concurrent::some(AT_ONCE, registered).await {
            done.decisions.extend(decisions);
            done.waits |= waits;
        }
        done.decisions.extend(plan.decisions);
    }
    let again = done.decisions.iter().any(|decision| decision.retryable);
    if !done.waits && done.gaps.is_empty() && !again && !dry {
        context.conclude(ids);
    }
    done
}

/// The newest ACTIVE revisions of all families of a place but those of these names.
async fn newest(at: Access<'_>, but: &BTreeSet<&str>) -> (Vec<Arc<Definition>>, Vec<Gap>) {
    let gap = |error: &AwsError| Gap {
        place: None,
        cluster: FAMILIES.to_owned(),
        service: String::new(),
        reason: error.to_string(),
        retryable: error.retryable,
    };
    let names = match ecs::list_families(at).await {
        Ok(names) => names,
        Err(error) => return (Vec::new(), vec![gap(&error)]),
    };
    let read = names.iter().filter(|name| !but.contains(name.as_str()));
    let read = read.map(|name| ecs::describe_task_definition(at, name));
    let (mut families, mut gaps): (Vec<Arc<Definition>>, Vec<Gap>) = (Vec::new(), Vec::new());
    for definition in concurrent::all(read).await {
        match definition {
            Ok(definition) => families.push(Arc::new(definition)),
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                let gap = gap(&error);
                if !gaps.contains(&gap) {
                    gaps.push(gap);
                }
            }
        }
    }
    (families, gaps)
}

/// Whether there is no such revision.
fn is_gone(error: &AwsError) -> bool {
    error.message.contains("Unable to describe task definition")
}

/// What is said of the pushes that a family's revision brings. One that is rolled has its own reason.
fn said(
    roll: &Roll,
    registration: &Registration,
    outcome: Outcome,
    reason: &str,
    to: Option<&str>,
    retryable: bool,
) -> Vec<Decision> {
    let decision = |cargo: &plan::Cargo| Decision {
        cluster: FAMILIES.to_owned(),
        service: roll.service.name.clone(),
        repository: cargo.repository.name.clone(),
        tag: cargo.tag.clone(),
        digest: cargo.digest.clone(),
        outcome,
        reason: match outcome {
            Outcome::Rolled => cargo.reason.clone(),
            _ => reason.to_owned(),
        },
        from: Some(registration.base.clone()),
        to: to.map(str::to_owned),
        push: cargo.push.clone(),
        retryable,
    };
    roll.cargo.iter().map(decision).collect()
}

/// Registers one revision, if the family is still as it was seen.
async fn one(
    context: &Context,
    at: Access<'_>,
    roll: &Roll,
    registration: &Registration,
    base: Option<Arc<Definition>>,
) -> (Vec<Decision>, bool) {
    let said = |outcome, reason: &str, to, retryable| {
        said(roll, registration, outcome, reason, to, retryable)
    };
    let Some(base) = base else {
        return (
            said(Outcome::Failed, "its revision was not read", None, true),
            true,
        );
    };
    match neighbours::obstacle(at.leaving(REGISTER), &base, roll).await {
        Ok(None) => {}
        Ok(Some((reason, waits))) => return (said(Outcome::Held, &reason, None, false), waits),
        Err(error) => {
            let again = error.retryable;
            return (
                said(Outcome::Failed, &error.to_string(), None, again),
                false,
            );
        }
    }
    let input = match copy(&base, registration) {
        Ok(input) => input,
        Err(reason) => return (said(Outcome::Refused, &reason, None, false), false),
    };
    match ecs::register_task_definition(at, &input).await {
        Ok(arn) => {
            context.registered(arn.clone());
            (said(Outcome::Rolled, "", Some(&arn), false), false)
        }
        Err(error) => {
            let again = error.retryable;
            (
                said(Outcome::Failed, &error.to_string(), None, again),
                false,
            )
        }
    }
}

/// The newest revisions of these families, as far as ecroll made them and their scheduled tasks move along.
pub(crate) async fn runs(
    at: Access<'_>,
    config: &Config,
    families: BTreeSet<&str>,
) -> (Vec<Run>, Vec<AwsError>) {
    let read = families
        .into_iter()
        .map(|family| ecs::describe_task_definition(at, family));
    let (mut runs, mut failed) = (Vec::new(), Vec::new());
    for definition in concurrent::some(AT_ONCE, read).await {
        match definition {
            Ok(definition) => runs.extend(as_run(&Arc::new(definition), config)),
            Err(error) if is_gone(&error) => {}
            Err(error) => failed.push(error),
        }
    }
    (runs, failed)
}

/// A revision that ecroll made, as one to which scheduled tasks move.
fn as_run(definition: &Arc<Definition>, config: &Config) -> Option<Run> {
    let followed = definition.repositories().into_iter().filter(|repository| {
        config.follows_repository(&repository.name)
            && config.family_settings(&repository.name).scheduled
    });
    let mut stamps: Vec<(Stamp, &crate::image::Repository)> = followed
        .filter_map(|repository| Some((definition.stamp(repository)?, repository)))
        .collect();
    stamps.sort_by_key(|(stamp, _)| stamp.time);
    let (newest, repository) = stamps.last()?;
    let images = definition.images.values();
    let mut tags = images.filter(|(_, image)| image.repository == **repository);
    let tag = tags.find_map(|(_, image)| image.tag.clone());
    let hold = |(_, repository): &(Stamp, &crate::image::Repository)| {
        config.family_settings(&repository.name).hold
    };
    Some(Run {
        definition: Arc::clone(definition),
        explained: stamps.iter().map(|(_, of)| (*of).clone()).collect(),
        hold: stamps.iter().any(hold),
        repository: (*repository).clone(),
        tag: tag.unwrap_or_default(),
        digest: newest.digest.clone(),
        push: newest.id.clone(),
        because: "no service runs the family, and this is its newest revision".to_owned(),
    })
}
