//! What follows from what was done to a stack since a push.

use chrono::{DateTime, Utc};

use super::{Candidate, Case, Dated, Fate, Past, SLACK, time};
use crate::report::Outcome;
use crate::stacks::stack::Try;
use crate::stacks::token::Token;

impl Case<'_> {
    /// What follows from what was done to the stack since the push; `None`: nothing.
    pub(super) fn since_then(&self, one: &Candidate<'_>, value: &str) -> Option<Fate> {
        if !self.was_changed_after(one.record.time - SLACK) {
            return None;
        }
        let tag = &one.tag;
        match self.past {
            None => return Some(Fate::AskPast),
            Some(Past::Unknown(why, passes)) => {
                let reason = format!("whether {tag} was rolled back before cannot be known: {why}");
                return Some(Fate::Is(Outcome::Held, reason, *passes));
            }
            Some(Past::Known(_)) => {}
        }
        if let Some(past) = self.tries().find(|past| past.token.names(one.push)) {
            return Some(Fate::Is(Outcome::Held, undone(past, value), false));
        }
        let newer = |past: &&Try| past.token.time > one.record.time;
        if let Some(past) = self.tries().find(newer) {
            return Some(Fate::Is(Outcome::Skipped, older_than(&past.token), false));
        }
        self.behind(one, value)
    }

    /// Whether the tag that the parameter has was pushed after this push, as far as that can be known.
    fn behind(&self, one: &Candidate<'_>, value: &str) -> Option<Fate> {
        let skipped = |at: DateTime<Utc>| {
            (at > one.record.time).then(|| {
                let reason = format!("older than {value}, which was pushed at {}", time(at));
                Fate::Is(Outcome::Skipped, reason, false)
            })
        };
        let records = self.pushes.iter().flat_map(|push| &push.tagged);
        let set =
            records.filter(|tagged| tagged.tag == value && self.was_changed_after(tagged.time));
        if let Some(at) = set.map(|tagged| tagged.time).max() {
            return skipped(at);
        }
        let mut tries = self.tries();
        if let Some(past) = tries.find(|past| past.token.tag.as_deref() == Some(value)) {
            return skipped(past.token.time);
        }
        match self.dated {
            None => Some(Fate::AskDate(value.to_owned())),
            Some(Dated::Nowhere) => None,
            Some(Dated::Image(digest, _)) if *digest == one.push.digest => {
                let reason = format!("{} is {value}, which names this image", self.rule.parameter);
                Some(Fate::Is(Outcome::Unchanged, reason, false))
            }
            Some(Dated::Image(_, at)) => skipped(*at),
            Some(Dated::Unknown(why, passes)) => {
                let reason = format!("when {value} was pushed cannot be known: {why}");
                Some(Fate::Is(Outcome::Held, reason, *passes))
            }
        }
    }
}

fn older_than(token: &Token) -> String {
    let tag = token.tag.as_deref().unwrap_or("another tag");
    format!("older than {tag} of {}, which was rolled", time(token.time))
}

fn undone(past: &Try, value: &str) -> String {
    let until = "left until the next push";
    match &past.end {
        Some(end) if !end.is_complete() => {
            let (at, reason) = (time(end.at), end.reason.trim_end_matches('.'));
            format!(
                "CloudFormation rolled it back at {at} ({}: {reason}): {until}",
                end.status
            )
        }
        _ => {
            let at = time(past.began);
            format!("updated at {at}, and set back to {value} by somebody since: {until}")
        }
    }
}
