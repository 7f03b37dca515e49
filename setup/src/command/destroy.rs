//! `ecroll destroy`: removes what setup created, and nothing else.

use handler::config::Config;

use super::carry_out::carry_out;
use crate::clients::Clients;
use crate::destroy;
use crate::exit::Exit;
use crate::ui::Ui;

/// Lists what would go and what stays, asks unless `yes`, and removes it. With `logs`, the bucket goes as well, with the
/// trail's files in it. `interrupt` ends the run between two calls; the next run goes on from there.
///
/// # Errors
/// What [`destroy::plan`] and [`crate::provision::apply`] refuse; nobody to ask; standard output that cannot be written.
pub async fn run(
    yes: bool,
    logs: bool,
    clients: &Clients,
    config: &Config,
    ui: &mut Ui,
    interrupt: impl Future<Output = ()>,
) -> anyhow::Result<Exit> {
    let plan = destroy::plan(clients, config, logs).await?;
    carry_out(&plan, yes, "nothing to remove", clients, ui, interrupt).await
}
