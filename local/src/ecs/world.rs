//! What the account lends to a service that changes: settings, images, ids, notices.

use super::images::Images;
use super::notice::Notice;
use super::settings::Settings;

/// What a service needs of its account when it changes.
pub(super) struct World<'a> {
    pub(super) settings: &'a Settings,
    pub(super) images: &'a Images,
    pub(super) ids: &'a mut Ids,
    pub(super) notices: &'a mut Vec<Notice>,
    /// How many more tasks the cluster can hold.
    pub(super) free: Option<usize>,
}

/// The counters from which ids are made: nothing here is random.
#[derive(Debug, Default, Clone)]
pub(super) struct Ids {
    deployments: u64,
    others: u64,
}

impl Ids {
    pub(super) fn deployment(&mut self) -> u64 {
        self.deployments += 1;
        self.deployments
    }

    pub(super) fn other(&mut self) -> u64 {
        self.others += 1;
        self.others
    }
}
