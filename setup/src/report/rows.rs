//! The table of decisions, each with the record behind it. Pure.

use handler::report::Outcome;

use super::close::{self, Close};
use super::plain::{TEXT, moment, name, plain, spell};
use super::story::Joined;
use crate::history::{Decided, Pushed};
use crate::replay::line::{short, word};
use crate::status::text;

/// How long a reason is in the table; the record has all of it.
const REASON: usize = 240;
/// How many rolls are drawn close up: the newest.
const DRAWN: usize = 200;

/// A decision.
pub(super) struct Row {
    pub(super) id: usize,
    /// RFC 3339.
    pub(super) at: String,
    pub(super) day: String,
    pub(super) time: String,
    pub(super) cluster: String,
    pub(super) service: String,
    pub(super) repository: String,
    pub(super) tag: String,
    pub(super) outcome: &'static str,
    /// From push to decision; a dash where that is not told.
    pub(super) waited: String,
    pub(super) reason: String,
    /// What happened, as `ecroll explain` says it.
    pub(super) sentences: Vec<String>,
    pub(super) facts: Vec<Fact>,
    pub(super) close: Option<Close>,
}

/// One line of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

fn fact(name: &'static str, value: &str) -> Fact {
    Fact {
        name,
        value: plain(value, TEXT),
    }
}

/// The newest decisions, in the order of time.
pub(super) fn rows(joined: &Joined<'_>) -> Vec<Row> {
    let all = joined.story.decisions.iter().enumerate();
    let rolls = |decided: &Decided| decided.decision.outcome == Outcome::Rolled;
    let rolled = joined.story.decisions.iter().filter(|one| rolls(one));
    let mut spare = rolled.count().saturating_sub(DRAWN);
    let mut rows = Vec::new();
    for (at, decided) in all {
        let is_drawn = rolls(decided) && spare == 0;
        if rolls(decided) {
            spare = spare.saturating_sub(1);
        }
        if at < joined.left_out() {
            continue;
        }
        let mut row = row(joined, at, decided);
        if is_drawn {
            row.close = close::close(joined, at, decided);
        }
        rows.push(row);
    }
    rows
}

fn row(joined: &Joined<'_>, at: usize, decided: &Decided) -> Row {
    let decision = &decided.decision;
    let case = joined.case(at, decided);
    let said = case.map(|case| case.sentences.as_slice());
    let said = said.unwrap_or_default().iter();
    let waited = joined.waited(at, decided);
    Row {
        id: at,
        at: text(decided.at),
        day: decided.at.format("%Y-%m-%d").to_string(),
        time: decided.at.format("%H:%M:%S").to_string(),
        cluster: name(&decision.cluster),
        service: name(&decision.service),
        repository: name(&decision.repository),
        tag: name(&decision.tag),
        outcome: word(decision.outcome),
        waited: waited.map_or_else(|| "–".to_owned(), spell),
        reason: plain(&decision.reason, REASON),
        sentences: said.map(|sentence| plain(sentence, TEXT)).collect(),
        facts: facts(joined.push(at), decided),
        close: None,
    }
}

/// The record behind a decision: everything that is known of it.
fn facts(push: Option<&Pushed>, decided: &Decided) -> Vec<Fact> {
    let decision = &decided.decision;
    let mut facts = Vec::new();
    if decision.reason.chars().count() > REASON {
        facts.push(fact("Reason", &decision.reason));
    }
    facts.push(fact(
        "Service",
        &format!("{}/{}", decision.cluster, decision.service),
    ));
    match push {
        Some(push) => facts.extend(of_push(push)),
        None => facts.push(fact("Digest", &decision.digest)),
    }
    facts.push(fact("Heard by", &decided.road));
    if let Some(window) = decided.window {
        let read = format!("{} to {}", moment(window.from), moment(window.to));
        facts.push(fact("Log read", &read));
    }
    if let Some(policy) = &decided.policy {
        facts.push(fact("Policy", policy));
    }
    if let Some(from) = &decision.from {
        facts.push(fact("Ran before", from));
    }
    if let Some(to) = &decision.to {
        facts.push(fact("Runs since", to));
    }
    facts
}

/// What is known of a push.
pub(super) fn of_push(push: &Pushed) -> Vec<Fact> {
    let image = format!("{}:{}", push.repository, push.tags.join(" "));
    let mut facts = vec![fact("Push", &image), fact("Digest", &push.digest)];
    if !push.account.is_empty() {
        facts.push(fact(
            "Registry",
            &format!("{} in {}", push.account, push.region),
        ));
    }
    if let Some(at) = push.pushed_at {
        facts.push(fact("Pushed at", &moment(at)));
    }
    if let Some(by) = &push.by {
        facts.push(fact("Pushed by", by));
    }
    if let Some(what) = &push.no_image {
        facts.push(fact("No image", what));
    }
    facts.push(fact("Event", &push.event_ids.join(" ")));
    facts
}

/// A push in one line, for a mark.
pub(super) fn line(push: &Pushed) -> String {
    let at = push.pushed_at.map_or_else(String::new, moment);
    let what = push.no_image.as_ref();
    let what = what.map(|what| format!(", no image: {}", name(what)));
    let (tags, digest) = (name(&push.tags.join(" ")), short(&name(&push.digest)));
    format!("{at}  push {tags}, {digest}{}", what.unwrap_or_default())
}
