//! The text of a stack.

use std::fmt::{self, Display, Write as _};

use super::{head, wrap};
use crate::status::stacks::{LastUpdate, StackEnd, StackStatus};
use crate::status::text;

impl StackStatus {
    /// Told from a service by the word before it.
    pub(super) fn name(&self) -> String {
        format!("stack {}", self.stack)
    }

    pub(super) fn write(&self, out: &mut String, width: usize, colour: bool) {
        head(out, (&self.name(), width), self.state, self.since, colour);
        let mut line = match (&self.account, &self.region) {
            (Some(account), Some(region)) => format!("{account}/{region}/{}", self.repository),
            _ => self.repository.clone(),
        };
        let _ = write!(line, " by {}", self.parameter);
        if let Some(value) = &self.value {
            let _ = write!(line, " = {value}");
        }
        if let Some(status) = &self.status {
            let _ = write!(line, ", {status}");
        }
        if self.tags != "any" {
            let _ = write!(line, ", follows {}", self.tags);
        }
        wrap(out, "  ", "    ", &line);
        if let Some(last) = &self.last {
            wrap(out, "    ", "      ", &last.to_string());
        }
        if let Some(reason) = &self.reason {
            let line = format!("{}: {reason}", self.state.word());
            wrap(out, "    ", "      ", &line);
        }
    }
}

impl Display for LastUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = self.tag.as_deref().unwrap_or("a long tag");
        write!(
            f,
            "{tag} of {}: set {}",
            text(self.pushed_at),
            text(self.began)
        )?;
        match (self.end, self.ended, &self.reason) {
            (Some(StackEnd::Completed), Some(at), _) => write!(f, ", completed {}", text(at)),
            (Some(StackEnd::RolledBack), Some(at), reason) => {
                let reason = reason.as_deref().unwrap_or_default();
                write!(f, ", rolled back {}: {reason}", text(at))
            }
            (Some(StackEnd::Stuck), Some(at), reason) => {
                let reason = reason.as_deref().unwrap_or_default();
                write!(f, ", stuck since {}: {reason}", text(at))
            }
            _ => write!(f, ", under way"),
        }
    }
}
