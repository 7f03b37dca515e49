//! `ecroll man`: the manual pages, made of what `--help` says.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;
use serde::Serialize;

use crate::beside;
use crate::cli::Cli;
use crate::error::Error;
use crate::exit::Exit;
use crate::ui::Ui;

/// Where to.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// The folder for the pages of the program and of each verb; without it the program's is printed
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The file's name, such as `ecroll-plan.1`.
    pub file: String,
    /// Its text, in the language of `man`.
    pub text: String,
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

/// The pages that were written.
#[derive(Debug, Serialize)]
struct Written {
    folder: PathBuf,
    pages: Vec<String>,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, folder) = (self.pages.len(), self.folder.display());
        write!(f, "{count} pages in {folder}")
    }
}

/// Prints the program's page, or writes all of them, each whole. Calls nothing.
///
/// # Errors
/// A folder or file that cannot be written; standard output likewise.
pub fn run(args: &ManArgs, ui: &mut Ui) -> anyhow::Result<Exit> {
    let pages = pages()?;
    let Some(folder) = &args.folder else {
        let first = pages.into_iter().next();
        ui.result(&first.ok_or_else(|| io::Error::other("there is no page"))?)?;
        return Ok(Exit::Done);
    };
    into(folder, &pages)?;
    let pages = pages.into_iter().map(|page| page.file).collect();
    let folder = folder.clone();
    ui.result(&Written { folder, pages })?;
    Ok(Exit::Done)
}

fn into(folder: &Path, pages: &[Page]) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let folder = folder.display();
        Error::Wrong(format!("the folder `{folder}` cannot be made: {error}"))
    })?;
    for page in pages {
        beside::write(&folder.join(&page.file), page.text.as_bytes())?;
    }
    Ok(())
}

/// The page of the program, then one for each verb.
///
/// # Errors
/// None: what is written to is memory.
pub fn pages() -> io::Result<Vec<Page>> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let verbs = command.get_subcommands().cloned();
    let all = std::iter::once(command.clone()).chain(verbs);
    all.map(page).collect()
}

fn page(command: Command) -> io::Result<Page> {
    let notes = command.get_after_help().map(ToString::to_string);
    let has_verbs = command.get_subcommands().next().is_some();
    let man = Man::new(command);
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if has_verbs {
        man.render_subcommands_section(&mut text)?;
    }
    let mut text = String::from_utf8(text).map_err(io::Error::other)?;
    text.push_str(&extra(&notes.unwrap_or_default()));
    Ok(Page {
        file: man.get_filename(),
        text,
    })
}

/// The notes behind the flags: sentences, and examples line by line.
fn extra(notes: &str) -> String {
    let mut text = String::new();
    let (mut in_notes, mut in_examples) = (false, false);
    for line in notes.lines() {
        match (line, line.strip_prefix("  ")) {
            ("" | "Example:" | "Examples:", _) => {}
            (_, Some(example)) => {
                if !std::mem::replace(&mut in_examples, true) {
                    text.push_str(".SH EXAMPLES\n.nf\n");
                }
                text.push_str(&escaped(example));
            }
            (sentence, None) => {
                if !std::mem::replace(&mut in_notes, true) {
                    text.push_str(".SH NOTES\n");
                }
                text.push_str(&escaped(sentence));
                text.push_str(".br\n");
            }
        }
    }
    if in_examples {
        text.push_str(".fi\n");
    }
    text
}

/// A line that means nothing to `man` but itself.
fn escaped(line: &str) -> String {
    let plain = line.replace('\\', "\\\\").replace('-', "\\-");
    // A dot or a quote at the beginning would be a command.
    let guard = if plain.starts_with(['.', '\'']) {
        "\\&"
    } else {
        ""
    };
    format!("{guard}{plain}\n")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{extra, pages};
    use crate::cli::Cli;

    #[test]
    fn there_is_a_page_for_the_program_and_for_every_verb() {
        let pages = pages().unwrap();
        let command = Cli::command();
        let verbs = command.get_subcommands();
        let expected: Vec<String> = std::iter::once("ecroll.1".to_owned())
            .chain(verbs.map(|verb| format!("ecroll-{}.1", verb.get_name())))
            .collect();
        let files: Vec<&String> = pages.iter().map(|page| &page.file).collect();
        assert_eq!(files, expected.iter().collect::<Vec<_>>());
        for page in pages.iter().skip(1) {
            assert!(page.text.contains(".SH EXAMPLES\n.nf\necroll "), "{page}");
        }
    }

    #[test]
    fn examples_stand_line_by_line_and_mean_nothing_to_man() {
        let text = extra("Exit codes: 0 done.\n\nExamples:\n  ecroll plan --check\n  .x '\\'");
        insta::assert_snapshot!(text, @r"
        .SH NOTES
        Exit codes: 0 done.
        .br
        .SH EXAMPLES
        .nf
        ecroll plan \-\-check
        \&.x '\\'
        .fi
        ");
    }
}
