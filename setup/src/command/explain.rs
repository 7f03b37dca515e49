//! `ecroll explain`: why a service was rolled, or was not.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use handler::config::Config;

use crate::cli::duration;
use crate::clients::Clients;
use crate::error::Error;
use crate::exit::Exit;
use crate::explain::ask::Asked;
use crate::explain::judge::{Origin, explain};
use crate::explain::{live, source};
use crate::history::History;
use crate::replay::{Options, SAMPLE, Sources, Story};
use crate::ui::Ui;

/// About what, and by what.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// A service: name, `cluster/name` or ARN; or a push: `repository:tag`, a digest or its beginning, its identity
    #[arg(value_name = "SERVICE|PUSH")]
    pub name: String,
    /// What `ecroll replay --output json` printed, or the function's log; `-` is standard input. Without it whatever is
    /// piped in, else the bundled sample
    #[arg(value_name = "FILE", conflicts_with = "since")]
    pub file: Option<PathBuf>,
    /// Read the log of the function in the account, so far back, such as 24h
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub since: Option<Duration>,
    /// Tell of every push, not of the last few alone
    #[arg(long)]
    pub all: bool,
}

/// Explains by a file, by what is piped in, or by the bundled sample.
///
/// # Errors
/// A source that is no history, or cannot be read; a name that it does not tell of.
pub fn run(args: &ExplainArgs, ui: &mut Ui) -> anyhow::Result<Exit> {
    let (history, origin) = match &args.file {
        Some(path) if path.as_os_str() != "-" => {
            let name = format!("`{}`", path.display());
            if path.is_dir() {
                bail!("{name} is a folder: name a file in it");
            }
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
            parsed(&name, &text)?
        }
        _ => {
            let asked_for = args.file.is_some();
            let mut text = String::new();
            let mut stdin = io::stdin().lock();
            if asked_for || !stdin.is_terminal() {
                let read = stdin.read_to_string(&mut text);
                read.context("cannot read standard input")?;
            }
            if text.trim().is_empty() && !asked_for {
                ui.note(
                    "no source is named, so the bundled sample is explained; --since 24h reads the function's log in an account",
                );
                sample()?
            } else {
                parsed("standard input", &text)?
            }
        }
    };
    answer(args, &history, origin, ui)
}

/// Explains by the log of the function. Reads only.
///
/// # Errors
/// As [`live::read`] and [`answer`].
pub async fn live(
    args: &ExplainArgs,
    since: Duration,
    clients: &Clients,
    config: &Config,
    now: DateTime<Utc>,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    let mut live = Box::pin(live::read(clients, config, now, since)).await?;
    let asked = Asked::read(&args.name, &live.history)?;
    Box::pin(live.add_identities(clients, &asked, args.all)).await;
    answer(args, &live.history, live.origin, ui)
}

/// Explains by a history.
///
/// # Errors
/// A name that the history does not tell of; standard output that cannot be written.
pub fn answer(
    args: &ExplainArgs,
    history: &History,
    origin: Origin,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    let asked = Asked::read(&args.name, history)?;
    let explanation = explain(history, &asked, &args.name, origin, args.all);
    ui.explanation(&explanation)?;
    Ok(Exit::Done)
}

fn parsed(name: &str, text: &str) -> Result<(History, Origin), Error> {
    source::read(name, text).map_err(|fault| Error::Wrong(format!("{name} {fault}")))
}

/// The history of what `ecroll replay` shows without files.
fn sample() -> anyhow::Result<(History, Origin)> {
    let mut sources = Sources::default();
    let name = "the bundled sample";
    sources.text(Path::new(name), SAMPLE);
    let story = super::replay::live(sources, &Config::default(), &Options::default())?;
    let Story {
        pushed,
        decisions,
        ended,
        ..
    } = story;
    let history = History {
        pushed,
        decisions,
        ended,
    };
    let origin = Origin {
        name: name.to_owned(),
        gaps: Vec::new(),
    };
    Ok((history.completed(), origin))
}
