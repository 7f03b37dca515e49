//! `ecroll replay`: runs the whole pipeline on recorded log events in the pocket account.

mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use handler::config::Config;

use crate::beside;
use crate::cli::ReplayArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::replay::{Comparison, Options, SAMPLE, Sources, Story, replay};
use crate::report::{self, Made};
use crate::snapshot::Snapshot;
use crate::ui::Ui;

pub use source::Source;

/// A configuration, and what it is called.
#[derive(Debug, Clone)]
pub struct Named {
    /// The file's name.
    pub name: String,
    /// What it says.
    pub config: Config,
}

impl Named {
    /// The repositories that this configuration follows, or another: a comparison needs the pushes of both.
    #[must_use]
    pub fn followed(&self, other: Option<&Config>) -> Vec<String> {
        let mut all = self.config.repositories.clone();
        all.extend(
            other
                .into_iter()
                .flat_map(|other| other.repositories.clone()),
        );
        all.sort();
        all.dedup();
        if all.iter().any(|name| name == "*") {
            all = vec!["*".to_owned()];
        }
        all
    }
}

/// Whether the report can be written, where one is asked for: before records are read for minutes.
///
/// # Errors
/// A folder in its place or none to put it into; what the system says of the file.
pub fn check(args: &ReplayArgs) -> Result<(), Error> {
    args.report.as_deref().map_or(Ok(()), beside::try_out)
}

/// Runs the records, or those of the bundled sample where no source is named, and tells what happened; with another
/// configuration, what would have been decided otherwise. Where a report is asked for, it is written as well.
///
/// # Errors
/// When nothing could be read, the snapshot is none of the records' account, the pipeline could not be built, or the report
/// cannot be written.
pub fn run(
    args: &ReplayArgs,
    mut sources: Sources,
    config: &Named,
    other: Option<Config>,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    let account = args.account.as_deref().map(Snapshot::read).transpose();
    let account = account.map_err(|error| Error::Wrong(error.to_string()))?;
    if args.files.is_empty() {
        sources.text(Path::new("the bundled sample"), SAMPLE);
    }
    if sources.records.is_empty() && sources.omitted == 0 {
        let reasons: Vec<String> = sources.rejected.iter().map(ToString::to_string).collect();
        bail!(
            "there is nothing to replay\n{}\nreplay reads CloudTrail files and folders of them, JSON lines, and what \
             `aws logs filter-log-events` prints",
            reasons.join("\n")
        );
    }
    if sources.omitted > 0 {
        ui.note(format_args!(
            "{} records of calls other than pushes are counted and not replayed: one a minute of them is",
            sources.omitted
        ));
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
        if let Some(path) = &args.report {
            let page = report::html(&story, &made(args, &config.name))?;
            beside::write(path, page.as_bytes())?;
            ui.say(format_args!("report         {}", path.display()))?;
        }
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

/// What the report says of how it was made.
fn made(args: &ReplayArgs, config: &str) -> Made {
    let shown = |path: &PathBuf| path.display().to_string();
    let files: Vec<String> = args.files.iter().map(shown).collect();
    let mut flags = Vec::new();
    if let Some(latency) = args.latency {
        flags.push(format!("--latency {}s", latency.as_secs()));
    }
    flags.extend(args.faults.iter().map(|kind| format!("--fault {kind}")));
    flags.extend(args.triggers.iter().map(|road| format!("--trigger {road}")));
    flags.extend(
        args.account
            .iter()
            .map(|path| format!("--account {}", shown(path))),
    );
    Made {
        records: match files.as_slice() {
            [] => "the bundled sample".to_owned(),
            files => files.join(", "),
        },
        config: config.to_owned(),
        seed: args.seed,
        flags,
    }
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
