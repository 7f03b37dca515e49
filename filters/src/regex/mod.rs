//! The regex dialect of filter patterns.
//!
//! Allowed are letters, digits, blanks, the symbols `: _ # = @ / ; , -`, the operators
//! `^ $ ? [ ] { } | \ * + .`, and the escapes `\d \D \s \S \w \W \xhh`
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>, section on
//! regular expressions; a blank stands in one of its examples). An expression is found anywhere
//! unless it is anchored.
//!
//! The dialect has no groups. So an expression is a choice of plain rows of character classes, and
//! the set of all places at which a match may stand fits into a few machine words, which one step
//! per character moves on together: no input and no expression takes more time than that.

mod machine;
mod parse;

use std::fmt;

use self::machine::Machine;
use crate::Compat;
use crate::error::Kind;

/// An expression between percent signs.
#[derive(Clone)]
pub(crate) struct Regex {
    body: String,
    /// Boxed: a pattern is made of small conditions.
    machine: Box<Machine>,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regex").field(&self.body).finish()
    }
}

impl Regex {
    /// `at` counts the bytes of the body up to the offence.
    pub(crate) fn new(body: &str, compat: Compat) -> Result<Self, (usize, Kind)> {
        let rows = parse::rows(body, compat)?;
        let machine = Machine::new(&rows).ok_or((0, Kind::LargeRegex))?;
        Ok(Self {
            body: body.to_owned(),
            machine: Box::new(machine),
        })
    }

    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    /// How many characters it stands for, counts written out, and one for each row.
    pub(crate) fn characters(&self) -> usize {
        self.machine.places()
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.machine.is_match(text)
    }
}
