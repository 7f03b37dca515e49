//! What the histories reached: a fault that never fired or a decision that was never made proves nothing.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use local::faults::Kind;
use local::{Entry, What};
use setup::replay::Answer;

use crate::trace::Act;

/// Counts of everything that the histories are to reach.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coverage {
    faults: BTreeMap<Kind, u64>,
    acts: BTreeMap<String, u64>,
    triggers: BTreeMap<String, u64>,
    outcomes: BTreeMap<String, u64>,
    reasons: BTreeMap<String, u64>,
    /// Log events that reached the group.
    pub(crate) delivered: u64,
    /// Runs of the function.
    pub(crate) invoked: u64,
}

/// The reasons that decisions have to reach, by a part of their words; where it is a row of the ledger's table, which.
///
/// The row of two handlers that raced is not among them: its window is one call wide, and opens only where they run at once and
/// have read different logs. It has tests of its own (`handler/src/plan/tests/races.rs`).
const REASONS: [(&str, &str); 23] = [
    ("the service runs this image", "ledger: its image runs"),
    ("taken up again", "ledger: the handler died in between"),
    ("rolled back since", "ledger: rolled back"),
    (
        "somebody deployed another revision",
        "ledger: somebody deployed",
    ),
    ("is the newest push", "ledger: older than this push"),
    ("was pushed again", ""),
    ("is newer than", ""),
    ("superseded by", ""),
    ("older than what runs", ""),
    ("which came first", ""),
    ("does not take the tag", ""),
    ("no image: ", ""),
    ("`hold` is set", ""),
    ("no task may start or stop", ""),
    ("which does not name the tag", ""),
    ("and that names a digest", ""),
    ("was pushed since the service was deployed", ""),
    ("after this push", ""),
    ("is not above", ""),
    ("tried once alone", ""),
    ("is name-prefix, and the service is not named after", ""),
    ("to run it", ""),
    ("could not be read", ""),
];

/// Every outcome.
const OUTCOMES: [&str; 6] = [
    "rolled",
    "unchanged",
    "held",
    "skipped",
    "refused",
    "failed",
];

/// What wakes the handler.
const TRIGGERS: [&str; 6] = [
    "alarm",
    "log-subscription",
    "sweep",
    "deployment",
    "reconcile",
    "direct",
];

/// Everything that people do.
const ACTS: [&str; 10] = [
    "push",
    "create",
    "deploy",
    "roll back",
    "stop",
    "scale",
    "percentages",
    "delete",
    "garbage record",
    "garbage event",
];

impl Coverage {
    pub(crate) fn act(&mut self, act: &Act) {
        let name = match act {
            Act::Push(_) => "push",
            Act::Create(_) => "create",
            Act::Deploy { .. } => "deploy",
            Act::RollBack { .. } => "roll back",
            Act::Stop { .. } => "stop",
            Act::Scale { .. } => "scale",
            Act::Percentages { .. } => "percentages",
            Act::Delete { .. } => "delete",
            Act::Fault(name) => name.split(':').next().unwrap_or(name),
        };
        *self.acts.entry(name.to_owned()).or_default() += 1;
    }

    pub(crate) fn faults(&mut self, fired: &[(DateTime<Utc>, Kind)]) {
        for (_, kind) in fired {
            *self.faults.entry(*kind).or_default() += 1;
        }
    }

    pub(crate) fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            match &entry.what {
                What::Delivered { .. } => self.delivered += 1,
                What::Invoked { .. } => self.invoked += 1,
                _ => {}
            }
        }
    }

    pub(crate) fn answers(&mut self, answers: &[Answer]) {
        for answer in answers {
            let trigger = answer.report.trigger.clone();
            *self.triggers.entry(trigger).or_default() += 1;
        }
        for decision in answers.iter().flat_map(|answer| &answer.report.decisions) {
            let outcome = decision.outcome.to_string();
            *self.outcomes.entry(outcome).or_default() += 1;
            let reason = REASONS
                .iter()
                .find(|(words, _)| decision.reason.contains(words));
            let reason =
                reason.map_or_else(|| plain(&decision.reason), |(words, _)| (*words).to_owned());
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        fn all<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, of: &BTreeMap<K, u64>) {
            for (key, count) in of {
                *into.entry(key.clone()).or_default() += count;
            }
        }
        all(&mut self.faults, &other.faults);
        all(&mut self.acts, &other.acts);
        all(&mut self.triggers, &other.triggers);
        all(&mut self.outcomes, &other.outcomes);
        all(&mut self.reasons, &other.reasons);
        self.delivered += other.delivered;
        self.invoked += other.invoked;
    }

    /// What should have been reached and was not.
    pub(crate) fn missing(&self) -> Vec<String> {
        let faults = Kind::ALL
            .iter()
            .filter(|kind| !self.faults.contains_key(kind));
        let faults = faults.map(|kind| format!("the fault {kind} never fired"));
        let never =
            |what: &'static str, of: &'static [&'static str], seen: &BTreeMap<String, u64>| {
                let missing: Vec<String> = of
                    .iter()
                    .filter(|name| !seen.contains_key(**name))
                    .map(|name| format!("{what} never: {name}"))
                    .collect();
                missing
            };
        let reasons = REASONS
            .iter()
            .filter(|(words, _)| !self.reasons.contains_key(*words))
            .map(|(words, row)| format!("no decision says “{words}” {row}"));
        faults
            .chain(never("the outcome", &OUTCOMES, &self.outcomes))
            .chain(never("the act", &ACTS, &self.acts))
            .chain(never("the trigger", &TRIGGERS, &self.triggers))
            .chain(reasons)
            .collect()
    }
}

/// A reason without what differs from case to case: words with a digit or a sign in them.
fn plain(reason: &str) -> String {
    let word = |word: &str| {
        let name = word
            .chars()
            .any(|c| c.is_ascii_digit() || c == '/' || c == '_' || c == '-');
        if name {
            "…".to_owned()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<String> = reason.split(' ').map(word).collect();
    let mut text = words.join(" ");
    if let Some((end, _)) = text.char_indices().nth(100) {
        text.truncate(end);
    }
    text
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, title: &str, of: Vec<(String, u64)>| {
            writeln!(f, "{title}:")?;
            of.iter()
                .try_for_each(|(name, count)| writeln!(f, "{count:>10}  {name}"))
        };
        let texts = |of: &BTreeMap<String, u64>| {
            of.iter().map(|(k, v)| (k.clone(), *v)).collect::<Vec<_>>()
        };
        let faults = Kind::ALL.iter();
        let faults = faults.map(|kind| {
            (
                kind.to_string(),
                self.faults.get(kind).copied().unwrap_or_default(),
            )
        });
        list(f, "faults fired", faults.collect())?;
        list(f, "acts", texts(&self.acts))?;
        list(f, "triggers", texts(&self.triggers))?;
        list(f, "outcomes", texts(&self.outcomes))?;
        let rows = REASONS.iter().filter(|(_, row)| !row.is_empty());
        let rows = rows.map(|(words, row)| {
            (
                (*row).to_owned(),
                self.reasons.get(*words).copied().unwrap_or_default(),
            )
        });
        list(f, "rows of the ledger's table", rows.collect())?;
        list(f, "reasons", texts(&self.reasons))
    }
}
