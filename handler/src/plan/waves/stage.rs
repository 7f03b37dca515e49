//! How one service of an earlier wave stands to a push.

use std::fmt;

use super::super::verdict::{newer, time};
use super::super::{Deciding, Histories, History, Plan};
use super::past::Fate;
use crate::inventory::{Inventory, Rollout, Service};
use crate::ledger::{self, DIRECT, Entry, RevisionName};
use crate::push::Push;
use crate::report::{Decision, Outcome};

/// How a service of an earlier wave stands to a push.
pub(super) enum Stage<'a> {
    /// It runs it, and its deployment is over.
    Done,
    /// It is to take it, or its deployment is under way.
    Waits(&'a Service),
    /// It had it, and somebody or the circuit breaker undid that; or its deployment failed.
    Undone(&'a Service),
    /// A newer push came there first: the ledger's words for it, and how that one stands.
    Newer(&'a Service, Newer, Stands),
    /// Another push came there: what became of this one before.
    Past(&'a Service, Fate),
}

/// How a newer push stands.
pub(super) enum Stands {
    /// Its deployment is under way.
    Waits,
    /// It was undone, or could not start.
    Undone,
    /// It runs.
    Runs,
}

/// A push that an earlier wave has instead of an older one.
pub(super) struct Newer {
    /// Its tags, as far as they are known.
    pub(super) tags: Vec<String>,
    /// What it is called.
    pub(super) words: String,
}

impl fmt::Display for Newer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// How a service stands to a push by what was decided; `None` where it takes no part: its policy, its platform or its
/// percentages leave the push out, or it is on hold. Of what it skipped, [`passed`] tells.
pub(super) fn stage<'a>(
    service: &'a Service,
    push: &Push,
    decision: &Decision,
    plan: &Plan,
) -> Option<Stage<'a>> {
    match decision.outcome {
        Outcome::Unchanged => Some(match service.rollout {
            Some(Rollout::Failed) if is_its_deployment(service, push) => Stage::Undone(service),
            // What failed was for another push.
            Some(Rollout::UnderWay | Rollout::Failed) => Stage::Waits(service),
            Some(Rollout::Completed) | None => Stage::Done,
        }),
        Outcome::Held => {
            let had = entry_to_be(service, push, plan).is_some_and(|entry| entry.names(push));
            had.then_some(Stage::Undone(service))
        }
        Outcome::Failed => Some(Stage::Waits(service)),
        Outcome::Rolled | Outcome::Refused | Outcome::Skipped => None,
    }
}

/// What the ledger says of a push's repository, or what the plan has it say: that it names this push may come of a late record.
fn entry_to_be(service: &Service, push: &Push, plan: &Plan) -> Option<Entry> {
    let key = ledger::key(&push.repository);
    let mut notes = plan.notes.iter();
    let note = notes.find(|note| note.service == service.arn && note.tag.0 == key);
    note.and_then(|note| Entry::read(&note.tag.1))
        .or_else(|| service.entry(&push.repository))
}

/// Whether it is not known yet what becomes of a push that is held: it was undone together with another one, and is still to be
/// tried alone; or what was deployed could not be asked.
pub(super) fn is_open(service: &Service, push: &Push, plan: &Plan, histories: &Histories) -> bool {
    let entry = entry_to_be(service, push, plan).filter(|entry| entry.names(push));
    let mut rolls = plan.rolls.iter();
    let busy = service.is_deploying() || rolls.any(|roll| roll.service.arn == service.arn);
    let unknown = matches!(histories.get(&service.arn), Some(History::Unknown(_)));
    entry.is_some_and(|entry| unknown || (busy && entry.shared))
}

/// How a service stands to a push that it does not take because a newer one under the same tag came first; a look-up that reads
/// one batch of the log sees the older one alone. It would bring a later wave the newer one's image. `None` where the push is none
/// of the service's, or where that may not roll.
pub(super) fn passed<'a>(
    service: &'a Service,
    deciding: &Deciding<'_>,
    rolls: bool,
    push: &Push,
    pushes: &[Push],
    inventory: &Inventory,
) -> Option<Stage<'a>> {
    let entry = service.entry(&push.repository)?;
    let stays = deciding.objection(&push.repository).is_some();
    let same_image = || {
        let same = entry.is_of(&push.digest) && !stays;
        let mut others = deciding.others(&push.repository);
        let another = entry.is_deployment() && others.any(|(_, base)| base.is(&entry.base));
        let stamp = deciding.definition.stamp(&push.repository);
        let runs = stamp.is_some_and(|stamp| stamp.digest == push.digest);
        let back = !runs && is_before(&entry, &service.task_definition);
        let stage = same.then(|| same_image(service, &entry, another || back, rolls));
        stage.flatten()
    };
    let Ok(candidate) = deciding.eligible(push) else {
        let again = is_parted(&entry, push, pushes, inventory);
        return if again && !service.is_deploying() {
            None
        } else {
            same_image()
        };
    };
    let of = pushes
        .iter()
        .filter(|other| other.repository == push.repository);
    let of: Vec<&Push> = of.collect();
    // The ledger has the tag that was chosen. Another image may have parted that one from the record that it names.
    let seen = of.iter().find(|other| entry.names(other));
    let tags = seen.map_or_else(
        || vec![entry.tag.clone()],
        |seen| seen.tagged.iter().map(|t| t.tag.clone()).collect(),
    );
    let other_tag = !push.tagged.iter().any(|tagged| tags.contains(&tagged.tag));
    if stays || entry.names(push) || newer(&candidate, &entry, &of) {
        return None;
    }
    if other_tag {
        return same_image();
    }
    let first = Newer {
        tags,
        words: format!("{} of {}, which is newer", entry.tag, time(entry.time)),
    };
    let stamp = deciding.definition.stamp(&push.repository);
    let runs = entry.new.names(&service.task_definition)
        || stamp.is_some_and(|stamp| entry.is_of(&stamp.digest));
    let stands = runs && service.rollout != Some(Rollout::Failed);
    let stands = match (stands, service.is_deploying() || rolls) {
        (_, true) => Stands::Waits,
        (false, false) => Stands::Undone,
        (true, false) => Stands::Runs,
    };
    Some(Stage::Newer(service, first, stands))
}

/// Whether another image came between the ledger's push and a later one of the same image, which is a new push then: by what is
/// in sight, or by what the ledger of any service names.
fn is_parted(entry: &Entry, push: &Push, pushes: &[Push], inventory: &Inventory) -> bool {
    let between = |at| entry.time < at && at < push.time();
    let of = |other: &&Push| other.repository == push.repository && other.kind.is_image();
    let mut seen = pushes.iter().filter(of);
    let services = inventory.services.iter();
    let noted = services.filter_map(|service| service.entry(&push.repository));
    // What somebody named was not pushed then.
    let mut noted = noted.filter(|other| !other.word().starts_with(DIRECT));
    seen.any(|other| other.digest != push.digest && between(other.time()))
        || noted.any(|other| !other.is_of(&push.digest) && between(other.time))
}

/// Whether somebody went back from a revision of somebody's own, with which a push was found running.
fn is_before(entry: &Entry, runs: &str) -> bool {
    !entry.is_deployment() && !entry.new.names(runs) && entry.new.is_since(runs)
}

/// How a service stands to a push whose tag its policy leaves out, or came before the ledger's, and whose image the ledger
/// names by another one: a look-up that reads one batch of the log sees only the one tag. What runs may be the image in a
/// revision that somebody else made; it is undone where what ran before the push runs again, or `back`: what ecroll made
/// from that, or what is older than the revision of somebody's own that had the image.
fn same_image<'a>(
    service: &'a Service,
    entry: &Entry,
    back: bool,
    rolls: bool,
) -> Option<Stage<'a>> {
    let runs = |name: &RevisionName| name.names(&service.task_definition);
    match service.rollout {
        Some(Rollout::UnderWay) => Some(Stage::Waits(service)),
        _ if rolls => Some(Stage::Waits(service)),
        Some(Rollout::Failed) if runs(&entry.new) => Some(Stage::Undone(service)),
        _ if (runs(&entry.base) || back) && !runs(&entry.new) => Some(Stage::Undone(service)),
        _ => None,
    }
}

/// What became of a push in an earlier wave.
pub(super) fn undone(service: &Service, push: &str) -> String {
    match service.rollout {
        Some(Rollout::Failed) => format!("could not start {push}"),
        _ => format!("had {push} undone"),
    }
}

/// Whether what a service is to run was made for a push.
fn is_its_deployment(service: &Service, push: &Push) -> bool {
    let entry = service.entry(&push.repository);
    entry.is_some_and(|entry| entry.new.names(&service.task_definition) && entry.is_deployment())
}

pub(super) fn name(service: &Service) -> String {
    format!("{}/{}", service.cluster(), service.name)
}
