//! What an earlier wave made of a push before a newer one came there under another tag: the ledger no longer tells.

use crate::config::Config;
use crate::inventory::{Inventory, Service};
use crate::plan::{Deciding, Deployed, History};
use crate::push::Push;

use super::Stage;

/// What became of a push in a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never ran there, or stood until what is newer came.
    Stood,
    /// The circuit breaker or somebody undid it.
    Undone,
    /// A deployment is under way there: it may be undone yet, or has just been.
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

/// How a service that takes a push stands to it when its ledger names a newer image of another tag, or is about to: it waits for
/// the deployment there to end, and for what became of the push before. `None` where that is not so.
pub(super) fn overtaken<'a>(
    service: &'a Service,
    rolls: bool,
    push: &Push,
    history: Option<&History>,
    inventory: &Inventory,
    config: &Config,
) -> Option<Stage<'a>> {
    let entry = service.entry(&push.repository)?;
    let definition = inventory.definitions.get(&service.task_definition)?;
    let deciding = Deciding::new(service, definition, &inventory.origins, config);
    let takes = deciding.objection(&push.repository).is_none() && deciding.eligible(push).is_ok();
    if !takes {
        return None;
    }
    if service.is_deploying() || rolls {
        return Some(Stage::Past(service, Fate::Open));
    }
    let stands = entry.is_of(&push.digest) && entry.new.names(&service.task_definition);
    let newer = entry.time >= push.time() && !stands;
    newer.then(|| Stage::Past(service, fate(history, push)))
}

fn fate(history: Option<&History>, push: &Push) -> Fate {
    let deployed = match history {
        None => return Fate::Asked,
        Some(History::Unknown(why)) => return Fate::Unknown(why.clone()),
        Some(History::Known(deployed)) => deployed,
    };
    let made = |past: &Deployed| past.made.as_ref().map(|made| made.at);
    let of = |past: &&Deployed| {
        let mut made = past.made.iter();
        made.any(|made| made.brought.get(&push.repository) == Some(&push.digest))
    };
    let since = || deployed.iter().filter(|past| past.at >= push.time());
    let Some(last) = since().filter(of).max_by_key(|past| past.at) else {
        return Fate::Stood;
    };
    let next = since()
        .filter(|past| past.at > last.at)
        .min_by_key(|past| past.at);
    // What ecroll made later came on top of it.
    let over = next.is_some_and(|next| made(next).is_none_or(|at| Some(at) < made(last)));
    if last.undone || over {
        Fate::Undone
    } else {
        Fate::Stood
    }
}
