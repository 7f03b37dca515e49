//! The mutants, as `cargo mutants --list --json` names them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One change of one place.
#[derive(Debug, Deserialize)]
pub(crate) struct Mutant {
    /// Its number, from 1 on: what turns it on. Not of the list.
    #[serde(skip)]
    pub(crate) id: u32,
    /// What `cargo mutants` calls it: file, line, column, what becomes of it, in which function.
    pub(crate) name: String,
    /// The package that it is in.
    pub(crate) package: String,
    /// Path of the source, from the workspace on.
    pub(crate) file: String,
    pub(crate) genre: Genre,
    pub(crate) span: Span,
    /// What stands there instead: an operator, a value, or nothing.
    pub(crate) replacement: String,
}

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Genre {
    /// The span is what a function does.
    FnValue,
    /// The span is the operator.
    BinaryOperator,
    /// The span is the operator, which goes.
    UnaryOperator,
    /// The span is the guard.
    MatchArmGuard,
    /// The span is the arm, which goes.
    MatchArm,
    /// The span is the field with its value, which goes: the struct has the rest from another.
    StructField,
}

/// A part of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Place,
    pub(crate) end: Place,
}

/// A place in a source; line and column in characters, both from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Reads the list at `path`.
pub(crate) fn read(path: &Path) -> Result<Vec<Mutant>> {
    let place = || path.display().to_string();
    let text = fs::read_to_string(path).with_context(place)?;
    let mut mutants: Vec<Mutant> = serde_json::from_str(&text).with_context(place)?;
    for (id, mutant) in (1..).zip(&mut mutants) {
        mutant.id = id;
    }
    Ok(mutants)
}
