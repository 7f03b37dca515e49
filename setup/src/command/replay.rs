//! `ecroll replay`: runs the whole pipeline on recorded log events in the pocket account.

use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use handler::config::Config;

use crate::cli::ReplayArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::replay::{Comparison, Options, SAMPLE, Sources, Story, replay};
use crate::snapshot::Snapshot;
use crate::ui::Ui;

/// A configuration, and what it is called.
#[derive(Debug, Clone)]
pub struct Named {
    /// The file's name.
    pub name: String,
    /// What it says.
    pub config: Config,
}

/// Reads the records, or the bundled sample where none are named, runs them, and tells what happened; with another
/// configuration, what would have been decided otherwise.
///
/// # Errors
/// When nothing could be read, the snapshot is none of the records' account, or the pipeline could not be built.
pub fn run(
    args: &ReplayArgs,
    config: &Named,
    other: Option<Config>,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    let account = args.account.as_deref().map(Snapshot::read).transpose();
    let account = account.map_err(|error| Error::Wrong(error.to_string()))?;
    let mut sources = Sources::read(&args.files);
    if args.files.is_empty() {
        sources.text(Path::new("the bundled sample"), SAMPLE);
    }
    if sources.records.is_empty() {
        let reasons: Vec<String> = sources.rejected.iter().map(ToString::to_string).collect();
        bail!(
            "there is nothing to replay\n{}\nreplay reads CloudTrail files and folders of them, JSON lines, and what \
             `aws logs filter-log-events` prints",
            reasons.join("\n")
        );
    }
    let options = Options {
        seed: args.seed,
        latency: args.latency,
        faults: args.faults.clone(),
        triggers: args.triggers.clone(),
        account: account.map(Arc::new),
    };
    let Some(other) = other else {
        let story = live(sources, &config.config, &options)?;
        ui.told(&story)?;
        return Ok(exit(story.lost));
    };
    let second = args.compare.as_deref().unwrap_or(Path::new("the other"));
    let second = second.display().to_string();
    let (a, b) = (
        live(sources.clone(), &config.config, &options)?,
        live(sources, &other, &options)?,
    );
    let comparison = Comparison::of((&config.name, &a), (&second, &b));
    ui.told(&comparison)?;
    Ok(exit(comparison.lost.0 + comparison.lost.1))
}

/// One replay, on a clock of its own.
pub(super) fn live(sources: Sources, config: &Config, options: &Options) -> anyhow::Result<Story> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    runtime.block_on(Box::pin(replay(sources, config, options)))
}

fn exit(lost: usize) -> Exit {
    if lost == 0 { Exit::Done } else { Exit::No }
}
