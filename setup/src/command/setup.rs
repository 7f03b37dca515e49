//! `ecroll setup`: creates the pipeline, or repairs it.

use super::carry_out::carry_out;
use crate::command::Session;
use crate::exit::Exit;
use crate::outlook::outlook;
use crate::provision;
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
    let mut plan = provision::plan(clients, config, code, *now).await?;
    if plan.is_work() {
        plan.outlook = Some(outlook(clients, config, plan.live_log_group(), *now).await);
    }
    carry_out(&plan, yes, "nothing to do", clients, ui, interrupt).await
}
