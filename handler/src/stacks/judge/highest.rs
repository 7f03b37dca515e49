//! Which push counts under `newest-semver`.

use super::{Candidate, Case, time};
use crate::policy::version;

impl Case<'_> {
    /// Under `newest-semver`: the highest version above the one that the parameter has, among those that were not tried
    /// before and are not older than what was; else the newest push of what it has, or of what was tried last.
    pub(super) fn highest(&self, candidates: &[Candidate<'_>]) -> Option<usize> {
        let floor = self.value().and_then(version);
        let tried = |one: &Candidate<'_>| self.tries().any(|past| past.token.names(one.push));
        let late = |one: &Candidate<'_>| self.tries().any(|past| past.token.time > one.record.time);
        let contends = |one: &Candidate<'_>| version(&one.tag) > floor && !tried(one) && !late(one);
        let places = || candidates.iter().enumerate();
        let best = places()
            .filter(|(_, one)| contends(one))
            .max_by_key(|(at, one)| (version(&one.tag), *at));
        let other =
            || places().rfind(|(_, one)| tried(one) || Some(one.tag.as_str()) == self.value());
        best.or_else(other).map(|(at, _)| at)
    }

    /// Why another push counts, where that is a matter of versions.
    pub(super) fn passed_over(
        &self,
        one: &Candidate<'_>,
        best: &Candidate<'_>,
        by_version: bool,
    ) -> Option<String> {
        if !by_version {
            return None;
        }
        let floor = self.value().and_then(version);
        let own = version(&one.tag);
        if floor.is_some() && own <= floor {
            return Some(self.not_above(one));
        }
        let (tag, at) = (&best.tag, time(best.push.time()));
        (own <= version(&best.tag))
            .then(|| format!("superseded by {tag} of {at}, the highest version"))
    }

    pub(super) fn not_above(&self, one: &Candidate<'_>) -> String {
        let value = self.value().unwrap_or_default();
        format!("{} is not above {value}, which the stack has", one.tag)
    }
}
