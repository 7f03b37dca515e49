//! `ecroll filter`: tests a filter pattern on log events, offline, as `TestMetricFilter` does on AWS.

mod input;
mod report;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use filters::{Pattern, put_image};
use handler::config::Config;
use serde::Serialize;

use self::input::Input;
use self::report::{Mode, Report};
use crate::exit::Exit;
use crate::ui::{Output, Ui};

/// What to look for, and where.
#[derive(Debug, Clone, Default, Args)]
#[command(override_usage = "ecroll filter [OPTIONS] <PATTERN> [FILE]...
       ecroll filter [OPTIONS] --pattern-file <FILE> [FILE]...
       ecroll filter --put-image [--repository <NAME>...]")]
pub struct FilterArgs {
    /// The pattern, then files of log events, plain or .gz; `-` or no file: standard input
    #[arg(value_name = "PATTERN|FILE")]
    pub words: Vec<OsString>,
    /// Read the pattern from a file; all words are files then
    #[arg(long, value_name = "FILE", conflicts_with = "put_image")]
    pub pattern_file: Option<PathBuf>,
    /// What an event is: a line, or an element of a CloudTrail file's `Records`
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Print only how many events match
    #[arg(long, conflicts_with = "explain")]
    pub count: bool,
    /// Say of every event which conditions hold and which fail
    #[arg(long)]
    pub explain: bool,
    /// Print the pattern that setup installs, and read nothing
    #[arg(long, conflicts_with_all = ["words", "count", "explain"])]
    pub put_image: bool,
    /// Narrow it to these repositories, names or globs; without any, those of the configuration
    #[arg(long, value_name = "NAME", num_args = 1.., requires = "put_image")]
    pub repository: Vec<String>,
}

/// How a file is divided into events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Records if the file begins with `{"Records": [`, else lines.
    #[default]
    Auto,
    /// Every line is an event.
    Lines,
    /// `{"Records": […]}`, laid out in any way; every element is an event.
    Records,
}

/// The answer to `--put-image`.
#[derive(Debug, Serialize)]
struct PutImage {
    pattern: String,
}

impl fmt::Display for PutImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

/// Runs on the process's own standard input and output. The configuration is read only if it is asked for.
///
/// # Errors
/// As [`filter`]; a configuration that cannot be read.
pub fn run(
    args: &FilterArgs,
    config: impl FnOnce() -> anyhow::Result<Config>,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    if args.put_image {
        let pattern = if args.repository.is_empty() {
            put_image::pattern(&config()?.repositories)
        } else {
            put_image::pattern(&args.repository)
        };
        ui.result(&PutImage { pattern })?;
        return Ok(Exit::Done);
    }
    let stdout = io::stdout().lock();
    // What stands in a log shall not drive a terminal.
    let out: Box<dyn Write> = if stdout.is_terminal() {
        Box::new(anstream::StripStream::new(stdout))
    } else {
        Box::new(stdout)
    };
    if io::stdin().is_terminal() {
        ui.progress("without a file, standard input is read");
    }
    filter(args, &mut io::stdin().lock(), out, ui)
}

/// Prints the matching events of all files, or what else is asked for; what cannot be read is told and hides nothing
/// else.
///
/// # Errors
/// A pattern that AWS would refuse or that is missing; output that cannot be written, unless nobody reads it any more.
pub fn filter(
    args: &FilterArgs,
    stdin: &mut dyn Read,
    out: impl Write,
    ui: &mut Ui,
) -> anyhow::Result<Exit> {
    let (text, files) = pattern_and_files(args)?;
    let pattern = Pattern::parse(&text).map_err(|error| refused(&error))?;
    let json = ui.output() == Output::Json;
    let mode = match (args.count, args.explain) {
        (true, _) => Mode::Count,
        (_, true) => Mode::Explain { json },
        _ => Mode::Matches { json },
    };
    let mut report = Report::new(&pattern, mode, out);
    let mut input = Input::new(args.format, ui);
    let mut read = || -> io::Result<()> {
        if files.is_empty() {
            input.read(Path::new("-"), stdin, &mut report)?;
        }
        for file in &files {
            input.read(file, stdin, &mut report)?;
        }
        report.finish()
    };
    match read() {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result.context("standard output cannot be written")?,
    }
    Ok(match (input.faulty(), report.matched()) {
        (true, _) => Exit::Wrong,
        (false, 0) => Exit::No,
        (false, _) => Exit::Done,
    })
}

fn pattern_and_files(args: &FilterArgs) -> anyhow::Result<(String, Vec<PathBuf>)> {
    let mut words = args.words.iter();
    let pattern = if let Some(file) = &args.pattern_file {
        let text = fs::read_to_string(file)
            .with_context(|| format!("the pattern file {} cannot be read", file.display()))?;
        // An editor ends a file with a line feed; AWS refuses anything behind the closing bracket.
        let text = text.strip_suffix('\n').unwrap_or(&text);
        text.strip_suffix('\r').unwrap_or(text).to_owned()
    } else {
        let Some(word) = words.next() else {
            bail!(
                "a pattern is missing: `ecroll filter PATTERN [FILE]…`, or --pattern-file, or --put-image"
            );
        };
        let word = word.to_str().map(ToOwned::to_owned);
        word.ok_or_else(|| anyhow!("the pattern is not UTF-8 text"))?
    };
    Ok((pattern, words.map(PathBuf::from).collect()))
}

/// The pattern with a caret under the place, what would work, and what AWS says.
fn refused(error: &filters::Error) -> anyhow::Error {
    anyhow!(
        "the pattern is refused\n{}\nAWS answers: {}",
        error.caret(),
        error.aws()
    )
}
