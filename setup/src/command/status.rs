//! `ecroll status`: which push each service runs, what waits and why, and how far rolls have come.

mod watch;

use chrono::{DateTime, Utc};
use clap::Args;
use handler::config::Config;

use crate::clients::Clients;
use crate::exit::Exit;
use crate::status::judge::{Shown, judge};
use crate::status::read::Reader;
use crate::status::select::Selection;
use crate::ui::Ui;
use watch::Watch;

/// Which services, and for how long.
#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {
    /// A name, `cluster/service`, an ARN, or a glob of one of these; without it every service of the followed clusters
    #[arg(value_name = "SERVICE")]
    pub service: Option<String>,
    /// Follow the rolls under way until they have ended: exit 0 if all completed, 1 if one was rolled back or failed
    #[arg(long)]
    pub watch: bool,
    /// Name the services that no policy follows as well
    #[arg(long)]
    pub all: bool,
}

/// Prints how the services stand, and with `--watch` what becomes of the rolls under way. Reads only. `interrupt` ends it at
/// any time.
///
/// # Errors
/// A service that is not there; what AWS refuses of what cannot be done without: the list of clusters, and a roll that is
/// being followed. Standard output that cannot be written.
pub async fn run(
    args: &StatusArgs,
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    ui: &mut Ui,
    interrupt: impl Future<Output = ()>,
) -> anyhow::Result<Exit> {
    tokio::select! {
        biased;
        done = Box::pin(stand(args, clients, config, now, ui)) => done,
        () = interrupt => Ok(Exit::Interrupted),
    }
}

async fn stand(
    args: &StatusArgs,
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    let reader = Reader::new(clients, config, now).await;
    let selection = Selection::new(args.service.as_deref());
    let (seen, gaps) = reader.read(&selection).await?;
    let shown = Shown {
        all: args.all,
        named: selection.is_named(),
    };
    let status = judge(&seen, gaps, shown);
    if args.watch {
        let watch = Watch::new(reader, selection, shown, &seen, status);
        Box::pin(watch.run(ui)).await
    } else {
        ui.status(&status)?;
        Ok(Exit::Done)
    }
}
