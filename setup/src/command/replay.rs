//! `ecroll replay`: runs the whole pipeline on recorded log events in the pocket account.

use std::path::Path;

use anyhow::bail;
use handler::config::Config;

use crate::cli::ReplayArgs;
use crate::exit::Exit;
use crate::replay::{Options, SAMPLE, Sources, replay};
use crate::ui::Ui;

/// Reads the records, or the bundled sample where none are named, runs them, and tells what happened.
///
/// # Errors
/// When nothing could be read, or the pipeline could not be built.
pub fn run(args: &ReplayArgs, config: &Config, ui: &mut Ui) -> anyhow::Result<Exit> {
    let mut sources = Sources::read(&args.files);
    if args.files.is_empty() {
        sources.text(Path::new("the bundled sample"), SAMPLE);
    }
    if sources.records.is_empty() {
        let reasons: Vec<String> = sources.rejected.iter().map(ToString::to_string).collect();
        bail!("there is nothing to replay\n{}", reasons.join("\n"));
    }
    let options = Options {
        seed: args.seed,
        latency: args.latency,
        faults: args.faults.clone(),
        triggers: args.triggers.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let story = runtime.block_on(replay(sources, config, &options))?;
    ui.result(&story)?;
    Ok(if story.lost == 0 {
        Exit::Done
    } else {
        Exit::No
    })
}
