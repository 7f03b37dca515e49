//! What would be done, for people: in lines of at most eighty characters where words allow it.

use std::fmt::{self, Write as _};

use super::{Outline, State};
use crate::diff::{Action, Change, FieldChange};
use crate::status::show::wrap;

impl State {
    /// In the text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "not there yet",
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cluster,
            service,
            state,
            ..
        } = self;
        let mut out = format!("{cluster}/{service}: {}\n", state.word());
        for change in &self.changes {
            line(&mut out, change);
        }
        for note in &self.notes {
            wrap(&mut out, "  note: ", "        ", note);
        }
        f.write_str(out.trim_end())
    }
}

fn line(out: &mut String, change: &Change) {
    let (sign, verb) = match change.action {
        Action::Create => ('+', "create"),
        Action::Change => ('~', "change"),
        Action::Keep => (' ', "keep"),
        Action::Remove => ('-', "remove"),
    };
    let (what, name) = (change.resource, &change.name);
    let _ = writeln!(out, "{sign} {verb} {what} {name}");
    for field in &change.fields {
        fields(out, field);
    }
    if let Some(note) = &change.note {
        wrap(out, "      ", "      ", note);
    }
}

fn fields(out: &mut String, change: &FieldChange) {
    let FieldChange { field, from, to } = change;
    let one = match (from, to) {
        (None, Some(to)) => format!("      {field}: {to}"),
        (Some(from), Some(to)) => format!("      {field}: {from} -> {to}"),
        (Some(from), None) => format!("      {field}: {from} -> (none)"),
        (None, None) => format!("      {field}"),
    };
    if one.chars().count() <= 80 {
        let _ = writeln!(out, "{one}");
        return;
    }
    let _ = writeln!(out, "      {field}:");
    for (sign, value) in [('-', from), ('+', to)] {
        if let Some(value) = value {
            let _ = writeln!(out, "        {sign} {value}");
        }
    }
}
