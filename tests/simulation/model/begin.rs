//! What stands before the history begins.

use local::{Account, Entry};

use crate::trace::Step;

use super::Model;

impl Model {
    /// Takes in what the journal tells of the time before the first step: the services and what they run.
    pub(super) fn begin_once(&mut self, step: &Step<'_>, account: &Account) {
        if self.begun {
            return;
        }
        self.place = account.place();
        let journal = account.journal();
        let before = before(&journal, step.entries, self.start);
        for entry in journal.iter().take(before) {
            self.entry(entry, None, account);
        }
        self.remember_others(account);
        self.owed.clear();
        self.found.clear();
        self.begun = true;
    }
}

/// How many entries of the journal come before those of the first step.
fn before(journal: &[Entry], step: &[Entry], start: chrono::DateTime<chrono::Utc>) -> usize {
    let index = journal.len() - step.len().min(journal.len());
    let tail = journal.get(index..).unwrap_or_default();
    if tail == step {
        return index;
    }
    // The journal went on since: what is older than the start is the beginning.
    journal.iter().take_while(|entry| entry.at < start).count()
}
