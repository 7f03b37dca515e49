//! `ecroll template`: the pipeline as a CloudFormation template.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use handler::config::{Config, Trail};

use crate::beside;
use crate::cli::HandlerArgs;
use crate::code::{Code, large};
use crate::exit::Exit;
use crate::template::template;
use crate::ui::Ui;

/// What to write.
#[derive(Debug, Clone, Args)]
pub struct TemplateArgs {
    /// What the function runs.
    #[command(flatten)]
    pub handler: HandlerArgs,
    /// Write the function's zip here as well, for the upload that the template asks for
    #[arg(long, value_name = "FILE")]
    pub zip: Option<PathBuf>,
}

/// Prints the template, and writes the zip where one is asked for. Calls nothing and needs no credentials.
///
/// # Errors
/// A handler that cannot be packed, a configuration that cannot be had, a zip or standard output that cannot be written.
pub fn run(
    args: &TemplateArgs,
    config: &Config,
    now: DateTime<Utc>,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    if let Some(path) = &args.zip {
        beside::check(path)?;
    }
    let code = Code::pack(&args.handler.path())?;
    let template = template(config, &code, now)?;
    if let Some(path) = &args.zip {
        beside::write(path, &code.zip)?;
    }
    ui.result(&template)?;
    let key = &template.key;
    match &args.zip {
        Some(path) => ui.note(format!(
            "upload `{}` as `{key}` to the bucket of the parameter CodeBucket",
            path.display()
        )),
        None => ui.note(format!(
            "the stack expects the function's zip as `{key}` in the bucket of the parameter CodeBucket: --zip FILE writes \
             it"
        )),
    }
    if config.trail == Trail::Auto {
        ui.note(
            "the stack makes a trail of its own, because nothing is looked at here: `ecroll plan` says whether one that \
             is there fits, and `trail = \"reuse:<name>\"` takes it",
        );
    }
    if let Some(note) = large(&code.zip) {
        ui.warn(note);
    }
    Ok(Exit::Done)
}
