//! What an earlier wave made of a push before another one came there under another tag: the ledger no longer tells.

use super::stage::Stage;
use crate::inventory::{Rollout, Service};
use crate::ledger::DIRECT;
use crate::plan::doubt::SKEW;
use crate::plan::{Deciding, Deployed, History};
use crate::push::Push;

/// What became of a push in a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never ran there, or stood until another one came.
    Stood,
    /// The circuit breaker or somebody undid it, or it could not start.
    Undone,
    /// It is being deployed, or undone.
    Open,
    /// The service's past has to be asked.
    Asked,
    /// Its past cannot be known: why.
    Unknown(String),
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stood => f.write_str("it stood"),
            Self::Undone => f.write_str("it was undone"),
            Self::Open => f.write_str("a deployment is under way there"),
            Self::Asked => f.write_str("that is not known yet"),
            Self::Unknown(why) => write!(f, "that cannot be known: {why}"),
        }
    }
}

/// How a service stands to a push that it takes and passes over, because another one came there since or is about to: what
/// became of the push before. `None` where it runs it, or its ledger is older.
pub(super) fn overtaken<'a>(
    service: &'a Service,
    deciding: &Deciding<'_>,
    push: &Push,
    history: Option<&History>,
) -> Option<Stage<'a>> {
    let entry = service.entry(&push.repository)?;
    let takes = deciding.objection(&push.repository).is_none() && deciding.eligible(push).is_ok();
    if !takes || entry.time < push.time() {
        return None;
    }
    let stamp = deciding.definition.stamp(&push.repository);
    let fate = if stamp.is_some_and(|stamp| stamp.digest == push.digest) {
        match service.rollout {
            Some(Rollout::Completed) | None => return None,
            Some(Rollout::UnderWay) => Fate::Open,
            Some(Rollout::Failed) => Fate::Undone,
        }
    } else {
        fate(service, history, push)
    };
    Some(Stage::Past(service, fate))
}

fn fate(service: &Service, history: Option<&History>, push: &Push) -> Fate {
    let deployed = match history {
        Some(History::Unknown(why)) => return Fate::Unknown(why.clone()),
        Some(History::Known(since, deployed)) if *since <= push.time() - SKEW => deployed,
        Some(History::Known(..)) | None => return Fate::Asked,
    };
    let stamp = |past: &Deployed| past.made.as_ref()?.brought.get(&push.repository).cloned();
    let is_its = |name: &String| {
        let mut tags = push.tagged.iter();
        *name == push.digest || tags.any(|tagged| tagged.tag == *name)
    };
    // A revision of somebody's may have the same image; one that has it in some containers only was to take it from the others.
    let brought = |past: &&Deployed| {
        let mut of = past.names.iter().filter(|(of, _)| *of == push.repository);
        let same = || of.clone().next().is_some() && of.all(|(_, name)| is_its(name));
        stamp(past).map_or_else(same, |stamp| stamp.digest == push.digest)
    };
    let since = push.time() - SKEW;
    let its = || {
        deployed
            .iter()
            .filter(|past| past.at >= since)
            .filter(brought)
    };
    let Some(last) = its().filter(|past| !past.failed).max_by_key(|past| past.at) else {
        return if its().next().is_some() {
            Fate::Undone
        } else {
            Fate::Stood
        };
    };
    // What the service did not keep took the place of nothing.
    let later = || deployed.iter().filter(|past| past.at > last.at);
    let next = later()
        .filter(|past| !past.failed)
        .min_by_key(|past| past.at);
    let Some(next) = next else {
        let names = |past: &Deployed| past.task_definition == service.task_definition;
        return match service.rollout {
            Some(Rollout::UnderWay) => Fate::Open,
            // What could not start and has no way back leaves the tasks alone that were there before.
            Some(Rollout::Failed) if later().any(names) => Fate::Stood,
            // The way back is no deployment of its own.
            _ => Fate::Undone,
        };
    };
    // Then the service went back further than to a deployment that had not come to its end.
    let fell = !last.completed && later().any(|past| past.failed && past.at < next.at);
    // Another push came on top of it, unless somebody asked for that one: the one way backwards.
    let over = stamp(next).is_some_and(|stamp| {
        let asked = stamp.id.starts_with(DIRECT);
        !asked && stamp.time >= push.time()
    });
    if over && !fell {
        Fate::Stood
    } else {
        Fate::Undone
    }
}
