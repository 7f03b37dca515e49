//! `ecroll setup`: creates the pipeline, or repairs it.

use anyhow::bail;

use crate::command::Session;
use crate::diff::Action;
use crate::exit::Exit;
use crate::provision::{self, Plan};
use crate::ui::Ui;

/// Shows the plan, asks unless `yes`, and applies it. `interrupt` ends the run between two calls; what was done until
/// then stands, and the next run goes on from there.
///
/// # Errors
/// What [`provision::plan`] and [`provision::apply`] refuse; nobody to ask; standard output that cannot be written.
pub async fn run(
    yes: bool,
    session: &Session,
    ui: &mut Ui,
    interrupt: impl Future<Output = ()>,
) -> anyhow::Result<Exit> {
    let Session {
        clients,
        config,
        code,
        now,
    } = session;
    let plan = provision::plan(clients, config, code, *now).await?;
    ui.plan(&plan)?;
    if !plan.is_work() {
        ui.say("nothing to do")?;
        return Ok(Exit::Done);
    }
    if !yes {
        match ui.confirm("apply this?")? {
            Some(true) => {}
            Some(false) => {
                ui.say("nothing was changed")?;
                return Ok(Exit::Done);
            }
            None => bail!("there is no terminal to ask on: pass --yes to apply the plan"),
        }
    }
    let mut done = Vec::new();
    let mut progress = |change: &crate::diff::Change| {
        let verb = if change.action == Action::Create {
            "created"
        } else {
            "changed"
        };
        ui.progress(format!("{verb} {}", change.subject()));
        if let Some(note) = &change.note {
            ui.warn(note);
        }
        done.push(change.subject());
    };
    let finished = tokio::select! {
        result = provision::apply(clients, &plan, &mut progress) => { result?; true }
        () = interrupt => false,
    };
    if finished {
        ui.say(summary(&plan))?;
        return Ok(Exit::Done);
    }
    let stands = if done.is_empty() {
        "nothing".to_owned()
    } else {
        done.join(", ")
    };
    ui.warn(format!(
        "interrupted; finished: {stands}; run `ecroll setup` again to go on"
    ));
    Ok(Exit::Interrupted)
}

fn summary(plan: &Plan) -> String {
    let [created, changed] = [Action::Create, Action::Change].map(|action| plan.count(action));
    format!("done: {created} created, {changed} changed")
}
