//! Walking a plan. What a run has done stands when it stops; the next run goes on from there.

use crate::clients::Clients;
use crate::diff::Change;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Does what the plan says, in its order, and tells `progress` of each resource when it is done. A plan without
/// changes sends nothing.
///
/// # Errors
/// [`Error::Stopped`] at the first failure, with what this run has done before.
pub async fn apply(
    clients: &Clients,
    plan: &Plan,
    progress: &mut dyn FnMut(&Change),
) -> Result<()> {
    let mut done = Vec::new();
    for (resource, change) in plan.resources.iter().zip(&plan.changes) {
        if !change.is_work() {
            continue;
        }
        match Box::pin(resource.bring(clients, change)).await {
            Ok(note) => {
                let note = note.or_else(|| change.note.clone());
                progress(&Change {
                    note,
                    ..change.clone()
                });
                done.push(change.subject());
            }
            Err(error) => {
                return Err(Error::Stopped {
                    source: Box::new(error),
                    verb: plan.verb(),
                    at: change.subject(),
                    stands: done,
                });
            }
        }
    }
    Ok(())
}
