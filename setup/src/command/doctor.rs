//! `ecroll doctor`: examines every link of the pipeline, and says how to mend what is broken.

use chrono::{DateTime, Utc};
use handler::config::Config;

use crate::clients::Clients;
use crate::doctor;
use crate::exit::Exit;
use crate::ui::Ui;

/// Prints every link. Writes nothing, but with `probe` it sends one harmless message through the pipeline and waits for the
/// look-up. A broken link is exit code 1.
///
/// # Errors
/// Standard output that cannot be written.
pub async fn run(
    probe: bool,
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    let mut checkup = doctor::examine(clients, config, now).await;
    if probe {
        let mut progress = |text: String| ui.progress(text);
        let link = doctor::probe(clients, config, now, &checkup, &mut progress).await;
        checkup.links.push(link);
    }
    ui.checkup(&checkup)?;
    Ok(if checkup.is_broken() {
        Exit::No
    } else {
        Exit::Done
    })
}
