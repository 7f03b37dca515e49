//! Rule 3, once: the same push rolls the same service once; what was undone stays undone until the next push.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::image::Named;
use super::pushes::Group;
use super::registry::FOUND;
use super::reports::Decision;
use super::roll::{Intent, Roll};
use super::services::By;
use super::track::{Call, key_of};
use super::{Model, Moment};

impl Model {
    /// Each deployment that ecroll begins is for a push that was not rolled here before, and was not found running here
    /// before. Crashes that came before the update took effect began no deployment, so they do not count.
    pub(super) fn check_once(&mut self, roll: &Roll, intents: &[Intent], moment: Moment<'_>) {
        for intent in intents {
            let done = intent.group.records.iter().filter_map(|record| {
                let at = roll.service.done.get(&record.id)?;
                Some((record, *at))
            });
            let done: Vec<_> = done.collect();
            let again = done.len() == intent.group.records.len();
            let alone = roll.service.alone.contains(&intent.repository);
            // "When the breaker undoes a revision that carried two new pushes, each is tried once alone."
            let last = done.last().filter(|_| again && !alone);
            if let Some((record, at)) = last
                && !self.is_excused(roll, intent, moment)
            {
                let what = format!(
                    "{} was rolled again for the push {} of {}:{}, which was done at {at}",
                    roll.name(),
                    record.id,
                    intent.repository,
                    record.tag
                );
                self.say(3, moment.at, what);
            }
        }
        let Some(service) = self.services.get_mut(&roll.key) else {
            return;
        };
        for intent in intents {
            if intents.len() == 1 {
                service.alone.remove(&intent.repository);
            }
            for id in intent.group.ids() {
                service.done.insert(id.to_owned(), moment.at);
            }
        }
    }

    fn is_excused(&self, roll: &Roll, intent: &Intent, moment: Moment<'_>) -> bool {
        let Intent {
            repository, group, ..
        } = intent;
        // Two handlers raced: what runs is an older revision of ecroll, deployed after this push was done; the table of
        // DESIGN 5.1 says "roll forward".
        let raced = roll.base.by == By::Ecroll
            && group.ids().all(|id| {
                let done = roll.service.done.get(id);
                done.is_some_and(|at| *at < roll.base.at)
            });
        // A roll for another repository pulled what a tag named by then, before the log told of it.
        let pulled = roll.base.digests_of(repository);
        let other = !pulled.is_empty() && !pulled.contains(&*group.digest);
        let astray = roll.base.by == By::Ecroll && !roll.base.rolled.contains(repository) && other;
        // Where no task runs, only a tag tells which image would; and it was moved, and the record of that is not there yet,
        // or was not when the push was found running.
        let done = group
            .ids()
            .filter_map(|id| roll.service.done.get(id).copied());
        let times: Vec<_> = done.chain([moment.at]).collect();
        let moved = roll.old.containers.iter().any(|container| {
            let Some((of, Named::Tag(tag))) = &container.named else {
                return false;
            };
            let mut times = times.iter();
            of == repository && times.any(|at| self.pushes.is_set_unheard(repository, tag, *at))
        });
        let last = group.records.last();
        let back = last.is_some_and(|record| roll.service.undone.contains(&record.id));
        let idle = roll.service.desired == 0 && moved && !back;
        // But what was rolled back stays.
        let undone = group.ids().any(|id| roll.service.undone.contains(id));
        // The records of one digest lie further apart than a look-up reads: to the handler the later ones are a new push.
        let first = group.records.first().map(|record| record.at);
        let last = group.records.last().map(|record| record.at);
        let apart = last
            .zip(first)
            .is_some_and(|(last, first)| last - first > self.settings.look_back);
        // A person went back when the look-up had read for the last time what runs.
        let unseen = self.is_unseen(roll, moment);
        (raced || astray) && !undone || idle || apart || unseen
    }

    /// A service was found running a push, by a look-up that could know of it: should somebody move it away, it stays away.
    pub(super) fn found_running(
        &mut self,
        decision: &Decision,
        began: DateTime<Utc>,
        moment: Moment<'_>,
    ) {
        let Some(service) = self.services.get_mut(&decision.key) else {
            return;
        };
        let Some(runs) = &service.runs else { return };
        let mut digests = runs.digests.values();
        let running = digests
            .find(|(of, digest)| of.name == decision.repository && *digest == decision.digest);
        let Some((repository, digest)) = running.cloned() else {
            return;
        };
        // Of several pushes of one digest it is the newest that is said to run.
        let groups = self.pushes.groups(&repository);
        let group = groups.iter().rev().find(|group| group.digest == digest);
        let ids = group.into_iter().flat_map(Group::ids);
        for id in ids.filter(|id| self.pushes.is_known_by(id, began)) {
            service.done.entry(id.to_owned()).or_insert(moment.at);
        }
    }

    /// A ledger was written: which pushes it names. Only an excuse hangs on it: where the handler died before the update
    /// and a person deployed something else, the service is held (DESIGN 5.1, "somebody deployed").
    pub(super) fn noted(&mut self, call: &Call<'_>, moment: Moment<'_>) {
        let Some(key) = call.text("resourceArn").and_then(key_of) else {
            return;
        };
        let Some(definition) = self.runs(&key, moment) else {
            return;
        };
        let repositories: Vec<_> = definition.repositories().cloned().collect();
        let tags = call.input.get("tags").and_then(Value::as_array);
        let values: Vec<&str> = tags
            .into_iter()
            .flatten()
            .filter_map(|tag| tag.get("value")?.as_str())
            .collect();
        if let Some(service) = self.services.get_mut(&key) {
            service.found.extend(values.iter().filter_map(|v| found(v)));
        }
        for repository in repositories {
            for group in self.pushes.groups(&repository).iter() {
                // An identity that ECS would not take stands there as a hash, so that it cannot be found.
                let plain = |id: &str| id.len() <= 48 && id.chars().all(is_plain);
                let named = group
                    .ids()
                    .any(|id| !plain(id) || values.iter().any(|value| value.contains(id)));
                let Some(service) = self.services.get_mut(&key).filter(|_| named) else {
                    continue;
                };
                for id in group.ids() {
                    if !plain(id) || values.iter().any(|value| value.contains(id)) {
                        service.named.insert(id.to_owned());
                    }
                    service.noted.insert(id.to_owned(), moment.at);
                }
            }
        }
    }
}

/// The end of the digest and the tag, where a ledger's value names what was found in a registry.
fn found(value: &str) -> Option<(String, String)> {
    let (_, named) = value.split_once(FOUND)?;
    let (end, _) = named.split_once('-')?;
    let tag = named.split(' ').nth(1)?;
    Some((end.to_owned(), tag.to_owned()))
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-=._:/@".contains(c)
}
