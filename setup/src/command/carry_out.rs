//! What `setup` and `destroy` have in common: show the plan, ask, apply it, and say what stands when it is interrupted.

use anyhow::bail;

use crate::clients::Clients;
use crate::diff::{Action, Change};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::provision;
use crate::ui::Ui;

/// Shows the plan, asks unless `yes`, and applies it. `interrupt` ends the run between two calls; what was done until
/// then stands, and the next run goes on from there. `idle` is said where there is nothing to do.
///
/// # Errors
/// What [`provision::apply`] refuses; nobody to ask; standard output that cannot be written.
pub(super) async fn carry_out(
    plan: &Plan,
    yes: bool,
    idle: &str,
    clients: &Clients,
    ui: &mut Ui,
    interrupt: impl Future<Output = ()>,
) -> anyhow::Result<Exit> {
    ui.plan(plan)?;
    if !plan.is_work() {
        ui.say(idle)?;
        return Ok(Exit::Done);
    }
    if !yes {
        let question = if plan.destroys {
            "remove this?"
        } else {
            "apply this?"
        };
        match ui.confirm(question)? {
            Some(true) => {}
            Some(false) => {
                ui.say("nothing was changed")?;
                return Ok(Exit::Done);
            }
            None => bail!("there is no terminal to ask on: pass --yes to apply the plan"),
        }
    }
    let mut done = Vec::new();
    let mut progress = |change: &Change| {
        ui.progress(format!("{} {}", past(change.action), change.subject()));
        // What a removal has to say was said before it was asked for.
        if let Some(note) = change.note.as_ref().filter(|_| !plan.destroys) {
            ui.warn(note);
        }
        done.push(change.subject());
    };
    let finished = tokio::select! {
        result = provision::apply(clients, plan, &mut progress) => { result?; true }
        () = interrupt => false,
    };
    if finished {
        ui.say(plan.done())?;
        return Ok(Exit::Done);
    }
    let stands = if done.is_empty() {
        "nothing".to_owned()
    } else {
        done.join(", ")
    };
    let mut work = plan.changes.iter().filter(|change| change.is_work());
    let half = work.nth(done.len()).map_or_else(String::new, |change| {
        format!("; under way and perhaps half made: {}", change.subject())
    });
    let verb = plan.verb();
    ui.warn(format!(
        "interrupted; finished: {stands}{half}; run `ecroll {verb}` again to go on"
    ));
    Ok(Exit::Interrupted)
}

fn past(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Change => "changed",
        Action::Remove => "removed",
        Action::Keep => "kept",
    }
}
