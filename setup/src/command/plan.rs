//! `ecroll plan`: says what setup would do, and changes nothing.

use crate::command::Session;
use crate::exit::Exit;
use crate::outlook::outlook;
use crate::provision;
use crate::ui::Ui;

/// Prints the plan. With `check`, changes are exit code 1.
///
/// # Errors
/// What [`provision::plan`] refuses, and standard output that cannot be written.
pub async fn run(check: bool, session: &Session, ui: &mut Ui) -> anyhow::Result<Exit> {
    let Session {
        clients,
        config,
        code,
        now,
    } = session;
    let mut plan = provision::plan(clients, config, code, *now).await?;
    plan.outlook = Some(outlook(clients, config, plan.live_log_group(), *now).await);
    ui.plan(&plan)?;
    Ok(if check && plan.is_work() {
        Exit::No
    } else {
        Exit::Done
    })
}
