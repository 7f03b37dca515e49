//! Compiles the sources with their switches, and tells which mutants the compiler refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::Written;

/// What came of a build.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The tests of each package, and the folder that they run in.
    Built(BTreeMap<String, Tests>),
    /// The mutants that errors stand at.
    Refused(BTreeSet<u32>),
}

/// The tests of a package.
#[derive(Debug)]
pub(crate) struct Tests {
    /// The unit tests, then those of its folder `tests`.
    pub(crate) programs: Vec<PathBuf>,
    pub(crate) folder: PathBuf,
    pub(crate) workspace: PathBuf,
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line {
    CompilerMessage {
        message: Message,
    },
    CompilerArtifact {
        manifest_path: PathBuf,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
    spans: Vec<At>,
}

#[derive(Deserialize)]
struct At {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

/// Builds the tests of the workspace.
///
/// # Errors
/// An error of the compiler that stands at no mutant.
pub(crate) fn build(workspace: &Path, written: &Written) -> Result<Outcome> {
    let told = Command::new("cargo")
        .args(["test", "--offline", "--workspace", "--lib", "--test", "*"])
        .args(["--no-run", "--message-format=json"])
        .current_dir(workspace)
        .env("RUSTFLAGS", "--cap-lints=allow")
        .stderr(Stdio::null())
        .output()
        .context("cargo does not run")?;
    let (mut tests, mut refused) = (BTreeMap::new(), BTreeSet::new());
    for line in told
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        match serde_json::from_slice(line)? {
            Line::CompilerMessage { message } if message.level == "error" => {
                match blamed(&message, written) {
                    Some(id) => _ = refused.insert(id),
                    // "aborting due to 3 previous errors"
                    None if message.spans.is_empty() => {}
                    None => bail!("at no mutant: {}", message.rendered.unwrap_or_default()),
                }
            }
            Line::CompilerArtifact {
                manifest_path,
                executable: Some(program),
            } => {
                let folder = manifest_path.parent().context("a manifest at the root")?;
                let package = folder.file_name().context("a package at the root")?;
                let package = format!("ecroll-{}", package.to_string_lossy());
                let tests = tests.entry(package).or_insert_with(|| Tests {
                    programs: Vec::new(),
                    folder: folder.to_owned(),
                    workspace: workspace.to_owned(),
                });
                tests.programs.push(program);
            }
            _ => {}
        }
    }
    match (told.status.success(), refused.is_empty()) {
        (true, _) => Ok(Outcome::Built(tests)),
        (false, false) => Ok(Outcome::Refused(refused)),
        (false, true) => bail!("the workspace does not build; try `cargo test` in it"),
    }
}

/// The mutant that an error stands at: the one that a primary place is in, or another place, or that with the
/// smallest whole around.
fn blamed(message: &Message, written: &Written) -> Option<u32> {
    let mut places: Vec<&At> = message.spans.iter().collect();
    places.sort_by_key(|at| !at.is_primary);
    let within = |at: &At, wholes: bool| {
        let file = written.files.get(&at.file_name)?;
        let ranges = if wholes { &file.wholes } else { &file.mutants };
        let around = ranges
            .iter()
            .filter(|(_, range)| range.start <= at.byte_start && at.byte_end <= range.end)
            .min_by_key(|(_, range)| range.len());
        around.map(|(id, _)| *id)
    };
    let of_one = places.iter().find_map(|at| within(at, false));
    of_one.or_else(|| places.iter().find_map(|at| within(at, true)))
}
