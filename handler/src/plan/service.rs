//! One service: the verdicts on its repositories become one roll, and decisions on everything else.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::objection::no_room;
use super::verdict::{Candidate, Settled, Verdict};
use super::{Deciding, Doubt, Note, Plan};
use crate::config::{Config, OwnTags, ServiceSettings};
use crate::image::Repository;
use crate::inventory::Service;
use crate::ledger::{self, Entry};
use crate::push::Push;
use crate::report::{Decision, Outcome};

/// A push that is to be rolled, and why.
pub(super) struct Move<'p> {
    pub(super) candidate: Candidate<'p>,
    pub(super) reason: String,
    /// The revision names the image already: it is to be deployed anew.
    pub(super) same: bool,
}

/// A roll that an earlier look-up did not live to finish.
pub(super) struct Left<'p> {
    pub(super) repository: Repository,
    pub(super) entry: Entry,
    pub(super) candidate: Option<Candidate<'p>>,
    pub(super) revision: String,
}

/// What is to be done for a service, by what brought it up.
#[derive(Default)]
struct Todo<'p> {
    moves: Vec<Move<'p>>,
    left: Vec<Left<'p>>,
    /// Undone together with others: to be tried alone.
    alone: Vec<Move<'p>>,
}

/// Why a push waits for what is taken up.
pub(super) const PUT_OFF: &str = "an earlier look-up left another roll undone, which is taken up first: the next look-up rolls this";
/// A roll that was left undone so long before a push does not keep that waiting any more: it was taken up in vain.
const FRESH: TimeDelta = TimeDelta::days(1);

pub(super) const TAKEN_UP: &str =
    "an earlier look-up ended before it could deploy this: taken up again";

impl Deciding<'_> {
    pub(super) fn decide(&self, pushes: &[Push], plan: &mut Plan) {
        let mut todo = Todo::default();
        for repository in self.repositories(pushes) {
            let its: Vec<&Push> = pushes
                .iter()
                .filter(|push| push.repository == *repository)
                .collect();
            if self.own.wrong.is_empty() {
                let verdict = self.verdict(repository, &its, plan);
                self.sort(repository, verdict, &mut todo, plan);
            } else {
                self.refuse(&its, plan);
            }
        }
        self.conclude(todo, plan);
    }

    /// The repositories whose images the service runs, and those that it belongs to by its name.
    pub(super) fn repositories<'a>(&'a self, pushes: &'a [Push]) -> BTreeSet<&'a Repository> {
        let mut repositories = self.definition.repositories();
        if self.by_name {
            let others: BTreeSet<&Repository> =
                pushes.iter().map(|push| &push.repository).collect();
            repositories.extend(others.into_iter().filter(|r| self.belongs_by_name(r)));
        }
        repositories
    }

    /// With wrong tags nobody knows what the service is meant to follow.
    fn refuse(&self, pushes: &[&Push], plan: &mut Plan) {
        for push in pushes {
            let (outcome, reason) = match self.passed_over(push) {
                Some(reason) => (Outcome::Skipped, reason),
                None => (Outcome::Refused, self.wrong_tags()),
            };
            plan.decisions
                .push(self.decision(push, push.tag(), outcome, reason));
        }
    }

    pub(super) fn wrong_tags(&self) -> String {
        format!(
            "the service's own tags are wrong: {}",
            self.own.wrong.join("; ")
        )
    }

    fn sort<'p>(
        &self,
        repository: &Repository,
        verdict: Verdict<'p>,
        todo: &mut Todo<'p>,
        plan: &mut Plan,
    ) {
        let (list, candidate, reason, same) = match verdict {
            Verdict::Nothing => return,
            Verdict::Settled(done) => return self.settle(repository, done, plan),
            Verdict::Doubt { since } => return self.doubt(since, plan),
            Verdict::Undated(undated) => return plan.undated.push(*undated),
            Verdict::Resume {
                entry,
                candidate,
                revision,
            } => {
                if self.may_move(repository, candidate.as_ref(), plan) {
                    todo.left.push(Left {
                        repository: repository.clone(),
                        entry,
                        candidate,
                        revision,
                    });
                }
                return;
            }
            Verdict::Roll { candidate, reason } => (&mut todo.moves, candidate, reason, false),
            Verdict::Force { candidate, reason } => (&mut todo.moves, candidate, reason, true),
            Verdict::Alone { candidate, reason } => (&mut todo.alone, candidate, reason, false),
        };
        let wave = self
            .held
            .get(&(self.service.arn.clone(), repository.clone()));
        if let Some((reason, _)) = wave {
            let (push, tag) = (candidate.push, &candidate.tag);
            let decision = self.decision(push, tag, Outcome::Held, reason.clone());
            plan.decisions.push(decision);
        } else if self.may_move(repository, Some(&candidate), plan) {
            list.push(Move {
                candidate,
                reason,
                same,
            });
        }
    }

    fn conclude(&self, todo: Todo<'_>, plan: &mut Plan) {
        let Todo {
            mut moves,
            mut left,
            mut alone,
        } = todo;
        // What only the ledger still tells of is made by nobody anew: it goes first, and the others after it. Not for ever.
        let others = moves.iter().chain(&alone).map(|one| &one.candidate);
        let others = others.chain(left.iter().filter_map(|left| left.candidate.as_ref()));
        let newest = others.map(|one| one.record.time).max();
        let unseen = left.iter().find(|left| {
            let fresh = newest.is_none_or(|newest| newest - left.entry.time <= FRESH);
            left.candidate.is_none() && fresh
        });
        if let Some(revision) = unseen.map(|left| left.revision.clone()) {
            let (first, after): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|left| left.revision == revision);
            let after = after.into_iter().filter_map(|left| left.candidate);
            let waiting = moves.into_iter().chain(alone).map(|one| one.candidate);
            plan.decisions.extend(
                waiting.chain(after).map(|one| {
                    self.decision(one.push, &one.tag, Outcome::Held, PUT_OFF.to_owned())
                }),
            );
            plan.waiting = true;
            self.resume(&first, revision, plan);
            return;
        }
        let last = left.last().map(|last| last.revision.clone());
        let one = left.iter().all(|l| Some(&l.revision) == last.as_ref());
        if !moves.is_empty() || !one {
            // One revision for all of them: those whose push is in sight are made anew.
            let known = left.iter_mut().filter_map(|left| left.candidate.take());
            let anew = |candidate| Move {
                candidate,
                reason: TAKEN_UP.to_owned(),
                same: false,
            };
            moves.extend(known.map(anew));
        }
        if moves.is_empty() && left.is_empty() && !self.service.is_deploying() {
            // The one that was pushed first; the others wait until it is known how it fares.
            alone.sort_by(|a, b| b.candidate.push.order.cmp(&a.candidate.push.order));
            moves.extend(alone.pop());
        }
        for Move { candidate, .. } in alone {
            let reason = "the circuit breaker undid it together with another push: it is tried alone once the \
                          service's deployment is over";
            let held = self.decision(
                candidate.push,
                &candidate.tag,
                Outcome::Held,
                reason.to_owned(),
            );
            plan.decisions.push(held);
            // It may leave the sight of the look-up that the other's deployment wakes.
            plan.waiting = true;
        }
        self.leave_room(&mut moves, plan);
        if !moves.is_empty() {
            self.roll(&moves, plan);
        } else if let Some(revision) = last {
            left.retain(|left| left.revision == revision);
            self.resume(&left, revision, plan);
        }
    }

    /// Refuses what the service's ledger has no room for beside the others: for each alone there may have been.
    fn leave_room(&self, moves: &mut Vec<Move<'_>>, plan: &mut Plan) {
        let mut room = self.room();
        moves.retain(|one| {
            let Candidate { push, tag, .. } = &one.candidate;
            let has_one = self
                .service
                .tags
                .contains_key(&ledger::key(&push.repository));
            if has_one || room > 0 {
                room = room.saturating_sub(usize::from(!has_one));
                return true;
            }
            let refused = self.decision(push, tag, Outcome::Refused, no_room());
            plan.decisions.push(refused);
            false
        });
    }

    /// Whether nothing speaks against a roll; what does becomes the decision on its push.
    fn may_move(
        &self,
        repository: &Repository,
        candidate: Option<&Candidate<'_>>,
        plan: &mut Plan,
    ) -> bool {
        let objection = self.objection(repository);
        if let (Some((outcome, reason)), Some(candidate)) = (&objection, candidate) {
            let Candidate { push, tag, .. } = candidate;
            let decision = self.decision(push, tag, *outcome, reason.clone());
            plan.decisions.push(decision);
        }
        objection.is_none()
    }

    pub(super) fn settle(&self, repository: &Repository, settled: Settled<'_>, plan: &mut Plan) {
        let Settled {
            candidate,
            outcome,
            reason,
            note,
        } = settled;
        let decision = self.decision(candidate.push, &candidate.tag, outcome, reason);
        plan.decisions.push(Decision {
            // Only what may be mended by asking again fails before anything was done.
            retryable: outcome == Outcome::Failed,
            ..decision
        });
        if let Some(entry) = note.filter(|_| self.may_note(repository)) {
            plan.notes.push(Note {
                service: self.service.arn.clone(),
                tag: (ledger::key(repository), entry.value()),
            });
        }
    }

    pub(super) fn doubt(&self, since: DateTime<Utc>, plan: &mut Plan) {
        plan.doubt(Doubt::of(self.service, since));
    }

    pub(super) fn decision(
        &self,
        push: &Push,
        tag: &str,
        outcome: Outcome,
        reason: String,
    ) -> Decision {
        Decision {
            cluster: self.service.cluster().to_owned(),
            service: self.service.name.clone(),
            repository: push.repository.name.clone(),
            tag: tag.to_owned(),
            digest: push.digest.clone(),
            outcome,
            reason,
            from: Some(self.service.task_definition.clone()),
            to: None,
            push: push.id().to_owned(),
            retryable: false,
        }
    }

    /// What holds for this service and one of its repositories: its own tags, over the configuration.
    pub(super) fn settings(&self, repository: &Repository) -> ServiceSettings {
        settings(self.service, &self.own, repository, self.config)
    }
}

/// What holds for a service with these tags of its own and one of its repositories.
pub(crate) fn settings(
    service: &Service,
    own: &OwnTags,
    repository: &Repository,
    config: &Config,
) -> ServiceSettings {
    let configured = config.settings(service.cluster(), &service.name, &repository.name);
    own.rule.over(&configured)
}
