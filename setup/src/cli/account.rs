//! The verbs that need an account, and what each takes.

use std::time::Duration;

use crate::command::explain::ExplainArgs;
use crate::command::snapshot::SnapshotArgs;
use crate::command::status::StatusArgs;
use crate::command::{self, Session};
use crate::exit::Exit;
use crate::ui::Ui;

/// A verb that needs an account.
pub(super) enum OnAccount {
    Plan { check: bool },
    Setup,
    Destroy { delete_logs: bool },
    Status(StatusArgs),
    Doctor { probe: bool },
    Snapshot(SnapshotArgs),
    Explain(ExplainArgs, Duration),
}

impl OnAccount {
    /// Does it. `yes` goes ahead without asking; `interrupt` ends what may be ended.
    pub(super) async fn run(
        self,
        yes: bool,
        session: &Session,
        ui: &mut Ui,
        interrupt: impl Future<Output = ()>,
    ) -> anyhow::Result<Exit> {
        let Session {
            clients,
            config,
            now,
            ..
        } = session;
        match self {
            Self::Plan { check } => command::plan::run(check, session, ui).await,
            Self::Setup => command::setup::run(yes, session, ui, interrupt).await,
            Self::Destroy { delete_logs } => {
                command::destroy::run(yes, delete_logs, clients, config, ui, interrupt).await
            }
            Self::Status(args) => {
                command::status::run(&args, clients, config, *now, ui, interrupt).await
            }
            Self::Doctor { probe } => command::doctor::run(probe, clients, config, *now, ui).await,
            Self::Snapshot(args) => {
                command::snapshot::run(&args, clients, config, *now, ui, interrupt).await
            }
            Self::Explain(args, since) => {
                command::explain::live(&args, since, clients, config, *now, ui).await
            }
        }
    }
}
