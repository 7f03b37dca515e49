//! Asks of each mutant that `cargo mutants --list --json` names whether a unit test fails of it.
//!
//! `cargo mutants` builds once for each of them. Here all are built at once, each behind a switch that a variable of
//! the environment turns on ([`switches`]); those that do not compile are taken out until the rest does ([`build`]);
//! then the tests run once for each, without a build between ([`judge`]). What cannot stand behind a switch is left
//! to `cargo mutants`.
//!
//! `mutants LIST WORKSPACE RESULTS [TEXT]`: the list, the copy of the workspace that is changed in place, the folder
//! that gets `caught.txt`, `missed.txt` and `unswitched.txt`, and a text that the names of the mutants asked for hold.

mod build;
mod judge;
mod list;
mod source;
mod switches;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::judge::Verdict;
use crate::list::Mutant;

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [list, workspace, results, wanted @ ..] = arguments.as_slice() else {
        bail!("usage: mutants LIST WORKSPACE RESULTS [TEXT]");
    };
    let wanted = wanted.first().map_or("", String::as_str);
    let mut mutants = list::read(Path::new(list))?;
    mutants.retain(|mutant| mutant.name.contains(wanted));
    let workspace = PathBuf::from(workspace);

    let mut out = BTreeSet::new();
    let tests = loop {
        let written = write(&workspace, &mutants, &out)?;
        match build::build(&workspace, &written)? {
            build::Outcome::Built(tests) => {
                out.extend(written.lost);
                break tests;
            }
            build::Outcome::Refused(refused) => {
                println!("{} do not compile", refused.len());
                out.extend(refused);
            }
        }
    };
    let (unswitched, mutants): (Vec<_>, Vec<_>) = mutants
        .into_iter()
        .partition(|mutant| out.contains(&mutant.id));
    println!(
        "{} to judge, {} cannot stand behind a switch",
        mutants.len(),
        unswitched.len()
    );

    let verdicts = judge::judge(&tests, &mutants)?;
    let mut lines: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (mutant, verdict) in mutants.iter().zip(&verdicts) {
        let file = if *verdict == Verdict::Missed {
            "missed"
        } else {
            "caught"
        };
        lines.entry(file).or_default().push(&mutant.name);
    }
    lines.insert(
        "unswitched",
        unswitched
            .iter()
            .map(|mutant| mutant.name.as_str())
            .collect(),
    );
    for file in ["caught", "missed", "unswitched"] {
        let lines = lines.remove(file).unwrap_or_default();
        println!("{file}: {}", lines.len());
        let path = Path::new(results).join(file).with_extension("txt");
        fs::write(&path, lines.join("\n") + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Where the switches stand in the sources as written.
struct Written {
    files: BTreeMap<String, switches::Switched>,
    /// Those whose place was not found in the source, such as in a macro.
    lost: BTreeSet<u32>,
}

/// Writes every source that has a mutant anew, with a switch for each but those that are `out`.
///
/// The sources as they were are kept beside them, for the next time.
fn write(workspace: &Path, mutants: &[Mutant], out: &BTreeSet<u32>) -> Result<Written> {
    let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        files.entry(&mutant.file).or_default().push(mutant);
    }
    let mut written = Written {
        files: BTreeMap::new(),
        lost: BTreeSet::new(),
    };
    for (file, mut mutants) in files {
        let path = workspace.join(file);
        let kept = path.with_extension("rs.kept");
        if !kept.exists() {
            fs::copy(&path, &kept).with_context(|| file.to_owned())?;
        }
        let text = fs::read_to_string(&kept).with_context(|| file.to_owned())?;
        mutants.retain(|mutant| !out.contains(&mutant.id));
        let switched = switches::switch(&text, &mutants).with_context(|| file.to_owned())?;
        if fs::read_to_string(&path)? != switched.text {
            fs::write(&path, &switched.text).with_context(|| file.to_owned())?;
        }
        written.lost.extend(&switched.lost);
        written.files.insert(file.to_owned(), switched);
    }
    for package in ["filters", "handler"] {
        let path = workspace.join(package).join("src/lib.rs");
        let text = fs::read_to_string(&path)?;
        if !text.contains("fn switched(") {
            fs::write(&path, text + switches::SWITCH)?;
        }
    }
    Ok(written)
}
