//! `ecroll snapshot`: what `ecroll replay --account` needs of an account, in a file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use handler::config::Config;
use handler::picture::{Unfinished, picture};
use handler::{Context, places};

use crate::beside::{self, Beside};
use crate::clients::Clients;
use crate::clock;
use crate::error::Error;
use crate::exit::Exit;
use crate::snapshot::{Head, Taken, Writer};
use crate::ui::Ui;

/// Where to.
#[derive(Debug, Clone, Args)]
pub struct SnapshotArgs {
    /// The file to write; `-` is standard output
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
}

impl SnapshotArgs {
    fn is_stdout(&self) -> bool {
        self.file.as_os_str() == "-"
    }
}

/// Reads what follows, through every target of the configuration, and writes it. Reads only. `interrupt` ends it at any time,
/// and leaves no file.
///
/// # Errors
/// A file that is there or cannot be written; clusters that cannot be listed at all.
pub async fn run(
    args: &SnapshotArgs,
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    ui: &mut Ui,
    interrupt: impl Future<Output = ()>,
) -> anyhow::Result<Exit> {
    // Before any call.
    check(args)?;
    tokio::select! {
        biased;
        done = Box::pin(take(args, clients, config, now, ui)) => done,
        () = interrupt => Ok(Exit::Interrupted),
    }
}

/// Whether the file may be written.
///
/// # Errors
/// It is there, and nobody said that it may be written over; there is no place for it.
pub fn check(args: &SnapshotArgs) -> Result<(), Error> {
    if args.is_stdout() {
        return Ok(());
    }
    beside::check(&args.file)?;
    if args.force || !args.file.exists() {
        return Ok(());
    }
    let path = args.file.display();
    Err(Error::Wrong(format!(
        "`{path}` is there already: name another file, or write over it with --force"
    )))
}

async fn take(
    args: &SnapshotArgs,
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    let place = clients.place().await?;
    let head = Head {
        account: place.account,
        region: place.region,
        taken_at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
    };
    let ways = places(&config.targets, clients.sdk()).await;
    let context = Context::with_places(config.clone(), clients.sdk(), clock::from(now), ways);
    let taken = if args.is_stdout() {
        let taken = write(&context, ui.stream(), &head)
            .await
            .map_err(|error| refused("standard output", error))?
            .0;
        // The snapshot has standard output to itself.
        ui.note(&taken);
        taken
    } else {
        let taken = to_file(&context, &args.file, &head).await?;
        ui.result(&taken)?;
        taken
    };
    if !taken.gaps.is_empty() {
        ui.warn("a replay on this snapshot knows nothing of what was not read");
    }
    Ok(Exit::Done)
}

/// Writes beside the file and puts the whole in its place: who is interrupted leaves what was there.
async fn to_file(context: &Context, path: &Path, head: &Head) -> Result<Taken, Error> {
    let name = path.display().to_string();
    let wrong = |error: io::Error| refused(&name, error.into());
    let beside = Beside::new(path)?;
    let file = beside.open().map_err(wrong)?;
    let (taken, file) = write(context, file, head)
        .await
        .map_err(|error| refused(&name, error))?;
    beside.keep(file).map_err(wrong)?;
    Ok(taken)
}

async fn write<W: Write>(context: &Context, out: W, head: &Head) -> Result<(Taken, W), Unfinished> {
    let mut writer = Writer::begin(out, head)?;
    picture(context, &mut |part| writer.part(part)).await?;
    Ok(writer.end()?)
}

fn refused(file: &str, error: Unfinished) -> Error {
    match error {
        Unfinished::Unread(error) => Error::Unreadable(error.to_string()),
        Unfinished::Unkept(error) => Error::Wrong(format!("cannot write `{file}`: {error}")),
    }
}
