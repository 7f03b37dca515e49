//! Rule 1, no push is lost: every eligible push that reaches the log group gets a decision for each service that runs its
//! repository within one sweep of becoming visible.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::trace::Kind;

use super::image::Repository;
use super::reports::{Line, Report};
use super::services::Key;
use super::{LONG, Model, Moment, policy};

/// What an invocation may take beyond the sweep that began it: the two retries of an asynchronous invocation come after one
/// and two minutes, and an event that finds the function busy waits in growing steps (facts/aws.md 5.2).
const ALLOWANCE: TimeDelta = TimeDelta::minutes(5);

/// An alarm over five minutes sees a datapoint of the last four for certain.
const SEEN: TimeDelta = TimeDelta::minutes(4);

/// A decision that is owed to a push and a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owed {
    pub(super) key: Key,
    repository: Repository,
    digest: String,
    tag: String,
    /// The record.
    id: String,
    /// Its `eventTime`.
    pushed: DateTime<Utc>,
    visible: DateTime<Utc>,
    /// When it was decided.
    decided: Option<DateTime<Utc>>,
    /// Nothing went wrong on purpose in the step in which it became visible, until the end of that step, and the alarm
    /// could see it.
    calm: bool,
}

impl Model {
    /// A record reached the log group: from now on each service that runs its repository is owed a decision.
    ///
    /// Owed nothing: what is no image or has no tag (not eligible); repositories that the file leaves out; pushes from before
    /// the start (`since` is the time of the first setup); records so late that a look-up by `eventTime` would no longer
    /// read them.
    pub(super) fn delivered(&mut self, id: &str, moment: Moment<'_>) {
        let Some((repository, push)) = self.pushes.deliver(id, moment.at) else {
            return;
        };
        // By the event's own time the datapoint of a late record lies where no alarm looks any more.
        let seen = !self.event_time || moment.at - push.at <= SEEN;
        let eligible = push.kind == Kind::Image && push.tag.is_some();
        let too_late = moment.at - push.at > self.settings.look_back;
        let followed = policy::follows(&self.settings, &repository);
        if !eligible || too_late || !followed || push.at < self.start {
            return;
        }
        let mut keys = self.running.get(&repository).cloned().unwrap_or_default();
        keys.extend(self.by_name.iter().cloned());
        for key in keys {
            let belongs = self.runs(&key, moment).is_some_and(|definition| {
                let service = self.services.get(&key);
                service.is_some_and(|s| s.belongs(&repository, &definition, &self.place))
            });
            if belongs {
                self.owed.push(Owed {
                    key,
                    repository: repository.clone(),
                    digest: push.digest.clone(),
                    tag: push.tag.clone().unwrap_or_default(),
                    id: id.to_owned(),
                    pushed: push.at,
                    visible: moment.at,
                    decided: None,
                    calm: seen && moment.calm_from(moment.at),
                });
            }
        }
    }

    /// A report came: what it decides is owed no longer.
    ///
    /// A push counts as decided if the report lists its record, or, in a look-up that began when the record was visible, one
    /// of those with which it is one push; and if there is a decision on its digest for the service.
    pub(super) fn settle_owed(
        &mut self,
        report: &Report,
        began: DateTime<Utc>,
        moment: Moment<'_>,
    ) {
        let listed: BTreeSet<&str> = report.pushes.iter().map(|line| line.id.as_str()).collect();
        let decided: BTreeSet<(&Key, &str, &str)> = report
            .decisions
            .iter()
            .map(|d| (&d.key, d.repository.as_str(), d.digest.as_str()))
            .collect();
        let (pushes, owed) = (&mut self.pushes, &mut self.owed);
        for owed in owed.iter_mut().filter(|owed| owed.decided.is_none()) {
            let on = (
                &owed.key,
                owed.repository.name.as_str(),
                owed.digest.as_str(),
            );
            if !decided.contains(&on) {
                continue;
            }
            let groups = pushes.groups(&owed.repository);
            let of = groups.iter().find(|group| group.has(&owed.id));
            let mut together = of.is_some_and(|group| group.ids().any(|id| listed.contains(id)));
            // Nor what the registry alone told of.
            let mut told = of
                .into_iter()
                .flat_map(|group| pushes.as_told(&owed.repository, group));
            together |= told.any(|id| listed.contains(id));
            // A look-up that reads less of the log may not see what parts it from an earlier one.
            let tags = of.into_iter().flat_map(|group| &group.records);
            let tags = tags.skip_while(|record| record.id != owed.id);
            let tags: Vec<&str> = tags.map(|record| record.tag.as_str()).collect();
            let line = |line: &Line| line.digest == owed.digest && tags.contains(&&*line.tag);
            together |= report.pushes.iter().any(line);
            if listed.contains(owed.id.as_str()) || (together && began >= owed.visible) {
                owed.decided = Some(moment.at);
            }
        }
    }

    /// Which decisions came late or did not come, as far as it is known by now.
    ///
    /// A bound counts from when the push was visible, nothing went wrong on purpose any more, and no invocation that had
    /// taken long kept the others waiting.
    ///
    /// Excuses: a service that no longer runs the repository, or has come back to it since (whether it then gets the push is seen in
    /// the end); a push that the look-up no longer reads when its time is over
    /// ("an outage longer than `look_back`"). With the sweep off the bound is one alarm episode, which is looked at in the
    /// end only.
    pub(super) fn check_owed(&mut self, moment: Moment<'_>) {
        let (Some(calm), Some(sweep)) = (moment.calm_since, self.settings.sweep) else {
            // What was decided while things went wrong was in time.
            self.owed.retain(|owed| owed.decided.is_none());
            return;
        };
        // An invocation that takes long keeps the others waiting until it ends, at its timeout at the latest.
        if self
            .invocations
            .values()
            .flatten()
            .any(|began| moment.at - *began > LONG)
        {
            return;
        }
        let owed = std::mem::take(&mut self.owed);
        for owed in owed {
            let long = self.long_until.filter(|until| *until <= moment.at);
            let from = owed.visible.max(calm);
            let from = long.map_or(from, |until| from.max(until));
            let due = from + sweep + ALLOWANCE;
            let late = owed.decided.unwrap_or(moment.at) > due;
            if late && self.still_owed(&owed, due, moment) {
                let what = lost(&owed, due);
                self.say(1, moment.at, what);
            } else if owed.decided.is_none() && !late {
                self.owed.push(owed);
            }
        }
    }

    /// In the end every decision has come.
    ///
    /// Excuse: with the sweep off, a push that became visible while something went wrong on purpose, or too late for an
    /// alarm that goes by the event's own time: nothing looks again until the next.
    pub(super) fn check_all_owed(&mut self, moment: Moment<'_>) {
        let owed = std::mem::take(&mut self.owed);
        for owed in &owed {
            let excused = self.settings.sweep.is_none() && !owed.calm;
            if owed.decided.is_none() && !excused && self.runs_still(owed, moment) {
                let what = lost(owed, moment.at);
                self.say(1, moment.at, what);
            }
        }
        self.owed = owed;
    }

    /// Whether a push is one of those that this excuse is for.
    pub(super) fn is_unheard(&self, key: &Key, id: &str) -> bool {
        let mut owed = self.owed.iter();
        // Nobody looks again for a service that was not there in the push's own episode.
        let heard = |o: &Owed| o.key == *key && o.id == id && (o.decided.is_some() || o.calm);
        self.settings.sweep.is_none() && !owed.any(heard)
    }

    fn still_owed(&mut self, owed: &Owed, due: DateTime<Utc>, moment: Moment<'_>) -> bool {
        due <= owed.pushed + self.settings.look_back && self.runs_still(owed, moment)
    }

    fn runs_still(&mut self, owed: &Owed, moment: Moment<'_>) -> bool {
        self.runs(&owed.key, moment).is_some_and(|definition| {
            let service = self.services.get(&owed.key);
            service.is_some_and(|s| {
                let since = s.since.get(&owed.repository);
                let stayed = since.is_none_or(|at| *at <= owed.visible);
                stayed && s.belongs(&owed.repository, &definition, &self.place)
            })
        })
    }
}

fn lost(owed: &Owed, due: DateTime<Utc>) -> String {
    let name = format!("{}/{}", owed.key.0, owed.key.1);
    let push = format!("{} of {} ({})", owed.id, owed.repository, owed.digest);
    match owed.decided {
        Some(at) => format!("{name}: the push {push} was decided at {at}, due at {due}"),
        None => format!(
            "{name}: the push {push}, visible at {}, had no decision by {due}",
            owed.visible
        ),
    }
}
