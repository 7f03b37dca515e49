//! Waves: services of a later wave take a push when those of the earlier ones run it.
//!
//! Nothing waits here. What has to wait is held, and the look-up that the end of a deployment wakes decides anew; the
//! sweep is the net below. A push that was undone in an earlier wave goes no further.

mod past;
mod stage;

use std::collections::{BTreeMap, BTreeSet};

use super::doubt::SKEW;
use super::service::PUT_OFF;
use super::{Cargo, Deciding, Doubt, Histories, Plan, Roll, Source};
use crate::config::Config;
use crate::image::Repository;
use crate::inventory::{Gap, Inventory, Service};
use crate::push::Push;
use crate::report::{Decision, Outcome};
use past::{Fate, overtaken};
use stage::{Stage, Stands, is_open, name, passed, stage, undone};

/// What may not roll yet, by the ARN of the service and the repository: why, and whether that is for good.
pub(super) type Held = BTreeMap<(String, Repository), (String, bool)>;

/// Which rolls of a plan, made as if there were no waves, have to wait for an earlier wave, and whose past has to be asked
/// about for that.
pub(super) fn held(
    plan: &Plan,
    pushes: &[Push],
    inventory: &Inventory,
    histories: &Histories,
    config: &Config,
) -> (Held, Vec<Doubt>) {
    let (mut held, mut doubts) = (Held::new(), Vec::new());
    let stages = Stages::of(plan, pushes, inventory, histories, config);
    // What an earlier look-up began is brought to its end.
    let fresh = |roll: &&Roll| !matches!(roll.source, Source::Registered(_));
    for roll in plan.rolls.iter().filter(fresh) {
        let wave = wave(config, &roll.service);
        let key = |cargo: &Cargo| (roll.service.arn.clone(), cargo.repository.clone());
        let mut along = None;
        for cargo in &roll.cargo {
            if let Some(why) = stages.before(wave, cargo, &mut doubts) {
                along = along.or_else(|| names(inventory, roll, cargo).then_some(cargo));
                held.insert(key(cargo), why);
            }
        }
        // Whatever is deployed, ECS looks the tag up again.
        if let Some(tagged) = along {
            let (repository, tag) = (&tagged.repository.name, &tagged.tag);
            let why = format!("waits with {repository}:{tag}, which it would bring along");
            for cargo in &roll.cargo {
                // Not for good, whatever became of that one: nothing is wrong with this, and both have to stay in sight.
                let other = held.entry(key(cargo));
                other.or_insert_with(|| (why.clone(), false));
            }
        }
    }
    (held, doubts)
}

/// Whether the revision that runs names the tag of what a roll brings.
fn names(inventory: &Inventory, roll: &Roll, cargo: &Cargo) -> bool {
    let definition = inventory.definitions.get(&roll.service.task_definition);
    let images = definition.into_iter().flat_map(|runs| runs.images.values());
    let mut images = images.filter(|(_, image)| image.repository == cargo.repository);
    images.any(|(_, image)| image.digest.is_none() && image.tag.as_ref() == Some(&cargo.tag))
}

/// Whether the revision that a service runs names a tag of a push.
fn names_any(inventory: &Inventory, service: &Service, push: &Push) -> bool {
    let definition = inventory.definitions.get(&service.task_definition);
    let images = definition.into_iter().flat_map(|runs| runs.images.values());
    let mut images = images.filter(|(_, image)| image.repository == push.repository);
    images.any(|(_, image)| {
        let mut tags = push.tagged.iter();
        image.digest.is_none() && tags.any(|t| image.tag.as_ref() == Some(&t.tag))
    })
}

/// The wave that a service belongs to, the first being 0; the one after the last where none names it.
pub(crate) fn wave(config: &Config, service: &Service) -> usize {
    wave_of(config, service.cluster(), &service.name)
}

fn wave_of(config: &Config, cluster: &str, service: &str) -> usize {
    let mut waves = config.waves.iter();
    waves
        .position(|wave| wave.covers(cluster, service))
        .unwrap_or(config.waves.len())
}

/// The first wave to which something that could not be read may belong.
fn wave_of_gap(config: &Config, gap: &Gap) -> usize {
    if !gap.service.is_empty() {
        return wave_of(config, &gap.cluster, &gap.service);
    }
    let mut waves = config.waves.iter();
    waves
        .position(|wave| gap.cluster == "*" || wave.speaks_of(&gap.cluster))
        .unwrap_or(config.waves.len())
}

/// How the services stand to the pushes.
struct Stages<'a> {
    /// Those that a push concerns, by the wave and the push.
    of: BTreeMap<(usize, String), Vec<Stage<'a>>>,
    /// What could not be read, and may run any repository, by the wave.
    unread: Vec<(usize, &'a Gap)>,
}

impl<'a> Stages<'a> {
    fn of(
        plan: &Plan,
        pushes: &[Push],
        inventory: &'a Inventory,
        histories: &Histories,
        config: &Config,
    ) -> Self {
        let mut stages: BTreeMap<(usize, String), Vec<Stage<'a>>> = BTreeMap::new();
        let doubtful: BTreeSet<&str> = plan
            .doubts
            .iter()
            .map(|doubt| doubt.service.as_str())
            .chain(plan.undated.iter().map(|one| one.service.as_str()))
            .collect();
        for service in &inventory.services {
            let wave = wave(config, service);
            let mut add = |push: &str, stage| {
                stages
                    .entry((wave, push.to_owned()))
                    .or_default()
                    .push(stage);
            };
            let rolls = plan
                .rolls
                .iter()
                .filter(|roll| roll.service.arn == service.arn);
            for cargo in rolls.flat_map(|roll| &roll.cargo) {
                add(&cargo.push, Stage::Waits(service));
            }
            let of = |decision: &&Decision| {
                decision.service == service.name
                    && decision.cluster == service.cluster()
                    && decision.from.as_deref() == Some(service.task_definition.as_str())
            };
            let definition = inventory.definitions.get(&service.task_definition);
            let deciding =
                definition.map(|runs| Deciding::new(service, runs, &inventory.origins, config));
            for decision in plan.decisions.iter().filter(of) {
                let push = pushes.iter().find(|push| push.id() == decision.push);
                let stage = push.and_then(|push| match (decision.outcome, &deciding) {
                    (Outcome::Skipped, Some(deciding)) => {
                        let rolls = plan.rolls.iter().any(|r| r.service.arn == service.arn);
                        let past = histories.get(&service.arn);
                        if let Some(stage) = overtaken(service, deciding, push, past) {
                            add(&decision.push, stage);
                        }
                        // Somebody's own deployment of it, by one of its tags.
                        let since = service.deployed_at.is_some_and(|at| at >= push.time());
                        let deploying = since && service.is_deploying();
                        let own = deploying && names_any(inventory, service, push);
                        passed(service, deciding, rolls, push, pushes, inventory)
                            .or_else(|| own.then_some(Stage::Waits(service)))
                    }
                    // On hold since its roll began: not waited for, whatever the ledger says.
                    (Outcome::Held, Some(deciding))
                        if deciding.objection(&push.repository).is_some() =>
                    {
                        None
                    }
                    (Outcome::Held, _)
                        if decision.reason == PUT_OFF
                            || is_open(service, push, plan, histories) =>
                    {
                        Some(Stage::Waits(service))
                    }
                    _ => stage(service, push, decision, plan),
                });
                if let Some(stage) = stage {
                    add(&decision.push, stage);
                }
            }
            if doubtful.contains(service.arn.as_str()) {
                // Which of its pushes counts is not known yet.
                for push in pushes {
                    add(push.id(), Stage::Waits(service));
                }
            }
        }
        let gaps = inventory.gaps.iter();
        Self {
            of: stages,
            unread: gaps.map(|gap| (wave_of_gap(config, gap), gap)).collect(),
        }
    }

    /// Why what a roll brings has to wait for earlier waves, and whether for good; and whose past has to be known to tell.
    fn before(
        &self,
        wave: usize,
        cargo: &Cargo,
        doubts: &mut Vec<Doubt>,
    ) -> Option<(String, bool)> {
        let earlier = (0..wave).flat_map(|wave| {
            let key = (wave, cargo.push.clone());
            let stages = self.of.get(&key).into_iter().flatten();
            stages.map(move |stage| (wave, stage))
        });
        let mut past = Vec::new();
        let mut waits = None;
        for (wave, stage) in earlier {
            match stage {
                Stage::Done | Stage::Past(_, Fate::Stood) => {}
                Stage::Waits(service) => {
                    let reason =
                        format!("waits for {} of wave {} to run it", name(service), wave + 1);
                    waits = waits.or(Some((reason, false)));
                }
                Stage::Past(service, unknown @ (Fate::Open | Fate::Asked | Fate::Unknown(_))) => {
                    past.push((wave, *service, unknown));
                }
                Stage::Past(service, Fate::Undone) => {
                    let name = name(service);
                    let wave = wave + 1;
                    let reason = format!(
                        "{name} of wave {wave} had it undone before a newer one came there: the push stops there; the next one begins anew"
                    );
                    return Some((reason, true));
                }
                Stage::Undone(service) => {
                    let reason = format!(
                        "{} of wave {} {}: the push stops there; the next one begins anew",
                        name(service),
                        wave + 1,
                        undone(service, "it"),
                    );
                    return Some((reason, true));
                }
                // By another tag it brings no newer image.
                Stage::Newer(_, newer, _) if !newer.tags.contains(&cargo.tag) => {}
                Stage::Newer(service, newer, Stands::Waits) => {
                    let name = name(service);
                    let reason = format!("waits for {name} of wave {} to run {newer}", wave + 1);
                    waits = waits.or(Some((reason, false)));
                }
                Stage::Newer(service, newer, Stands::Runs) => {
                    let name = name(service);
                    let reason = format!(
                        "{name} of wave {} runs {newer}: that one is next, when it is in sight",
                        wave + 1
                    );
                    waits = waits.or(Some((reason, false)));
                }
                Stage::Newer(service, newer, Stands::Undone) => {
                    let name = name(service);
                    let reason = format!(
                        "{name} of wave {} {}: an older push of the tag goes no further either; the next one begins anew",
                        wave + 1,
                        undone(service, &newer.words),
                    );
                    return Some((reason, true));
                }
            }
        }
        if waits.is_none()
            && let Some((wave, service, unknown)) = past.first()
        {
            let asked = past.iter().filter(|(_, _, fate)| **fate == Fate::Asked);
            doubts.extend(asked.map(|(_, service, _)| Doubt {
                for_waves: true,
                ..Doubt::of(service, cargo.pushed.0 - SKEW)
            }));
            let name = name(service);
            let wave = wave + 1;
            let reason = format!("waits for what became of it in {name} of wave {wave}: {unknown}");
            waits = Some((reason, false));
        }
        let mut unread = self.unread.iter();
        let unread = unread.find(|(of, _)| *of < wave);
        waits.or_else(|| {
            let (of, gap) = unread?;
            let what = match gap.service.as_str() {
                "" => format!("cluster {}, of which something may be", gap.cluster),
                service => format!("{}/{service}, which is", gap.cluster),
            };
            let reason = format!(
                "waits for what could not be read: {what} of wave {}",
                of + 1
            );
            Some((reason, false))
        })
    }
}
