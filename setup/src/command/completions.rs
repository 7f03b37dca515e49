//! `ecroll completions`: what a shell needs to complete verbs and flags.

use std::fmt;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde::Serialize;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::ui::Ui;

/// For which shell.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell's completions.
#[derive(Debug, Serialize)]
struct Script {
    shell: String,
    script: String,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.script.trim_end())
    }
}

/// Prints them. Calls nothing.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(args: &CompletionsArgs, ui: &mut Ui) -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    ui.result(&Script {
        shell: args.shell.to_string(),
        script: String::from_utf8(script)?,
    })?;
    Ok(Exit::Done)
}
