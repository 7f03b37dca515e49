//! What the first part of a look-up decided already, when the rest of the log has been read.

use super::Session;
use crate::ledger::lasting;
use crate::plan::{Cargo, Plan, Roll};
use crate::push::Push;
use crate::report::{Decision, Outcome};

impl Session<'_> {
    /// Takes out of a plan what the first part decided already: that was by what was known then, and the inventory is of before.
    pub(super) fn leave_decided(&mut self, pushes: &[Push], plan: &mut Plan) {
        // One that was decided in the first part already may be joined with an older record by now.
        for decision in &mut self.decisions {
            let joined = pushes.iter().find(|push| {
                let mut tagged = push.tagged.iter();
                push.repository.name == decision.repository
                    && tagged.any(|tagged| lasting(&tagged.id) == decision.push)
            });
            if let Some(push) = joined {
                push.id().clone_into(&mut decision.push);
            }
        }
        let decided = |decision: &Decision| {
            self.decisions.iter().any(|one| {
                let same = one.cluster == decision.cluster && one.service == decision.service;
                // A service of the same names may be in another account or Region.
                let same = same && one.from == decision.from;
                same && one.repository == decision.repository && one.push == decision.push
            })
        };
        plan.decisions.retain(|decision| !decided(decision));
        let notes = plan.notes.len();
        plan.notes
            .retain(|note| !self.rolled.contains(&note.service));
        self.unfinished |= plan.notes.len() < notes;
    }

    /// Leaves what a roll would bring to the next look-up, as far as nothing was decided of it in this one.
    pub(super) fn hold(&mut self, roll: &Roll, reason: &str) {
        let decided = |cargo: &Cargo, decisions: &[Decision]| {
            decisions.iter().any(|decision| {
                decision.service == roll.service.name
                    && decision.cluster == roll.service.cluster()
                    && decision.from.as_ref() == Some(&roll.service.task_definition)
                    && decision.repository == cargo.repository.name
                    && decision.digest == cargo.digest
            })
        };
        for cargo in &roll.cargo {
            if decided(cargo, &self.decisions) {
                continue;
            }
            self.unfinished = true;
            self.decisions.push(Decision {
                cluster: roll.service.cluster().to_owned(),
                service: roll.service.name.clone(),
                repository: cargo.repository.name.clone(),
                tag: cargo.tag.clone(),
                digest: cargo.digest.clone(),
                outcome: Outcome::Held,
                reason: reason.to_owned(),
                from: Some(roll.service.task_definition.clone()),
                to: None,
                push: cargo.push.clone(),
                retryable: false,
            });
        }
    }
}
