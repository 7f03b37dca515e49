//! What an invocation does about one stack: reads it, has `judge` decide, and begins the update.

use chrono::TimeDelta;

use super::call::{CloudFormation, Update};
use super::follows::repository;
use super::judge::{Case, Past, Said, Verdict, judge, later};
use super::refusal::refused;
use super::stack::Stack;
use super::token::Token;
use super::{CLUSTER, Concluded};
use crate::config::{Config, StackRule};
use crate::context::Context;
use crate::deadline::Deadline;
use crate::image::Repository;
use crate::push::Push;
use crate::report::{Decision, Outcome};

/// How long an update may take to be accepted.
const ACCEPTED: TimeDelta = TimeDelta::seconds(30);
/// Further back no end of an update is told.
pub(super) const FAR: TimeDelta = TimeDelta::minutes(5);

/// What an invocation does about stacks.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) context: &'a Context,
    pub(super) config: &'a Config,
    pub(super) way: &'a CloudFormation,
    pub(super) pushes: &'a [Push],
    pub(super) dry: bool,
    pub(super) until: Deadline,
}

/// An entry of the configuration, the repository that it means, and its stack.
#[derive(Clone, Copy)]
pub(super) struct One<'a> {
    pub(super) rule: &'a StackRule,
    pub(super) repository: &'a Repository,
    pub(super) stack: &'a Stack,
}

/// A stack's entries are decided one after the other: once it is being updated it takes no second update.
impl Work<'_> {
    pub(super) async fn one(&self, rules: &[&StackRule]) -> Concluded {
        let mut done = Concluded::default();
        let Some(first) = rules.first() else {
            return done;
        };
        let stack = match self.way.describe(&first.stack).await {
            Ok(stack) => stack,
            Err(error) => {
                for rule in rules {
                    self.unseen(rule, &error, &mut done);
                }
                return done;
            }
        };
        let mut updated = false;
        for rule in rules {
            let Some(repository) = repository(rule, &stack) else {
                continue;
            };
            let mut past = None;
            let one = One {
                rule,
                repository: &repository,
                stack: &stack,
            };
            updated |= self.pass(one, updated, &mut past, &mut done).await;
            if !updated {
                self.end(rule, &repository, &stack, past, &mut done).await;
            }
        }
        done
    }

    /// Decides by one entry; whether it began an update. `busy`: another one did just now.
    pub(super) async fn pass(
        &self,
        one: One<'_>,
        busy: bool,
        past: &mut Option<Past>,
        done: &mut Concluded,
    ) -> bool {
        let One {
            rule,
            repository,
            stack,
        } = one;
        let pushes = self.pushes.iter();
        let pushes: Vec<&Push> = pushes
            .filter(|push| push.repository == *repository)
            .collect();
        if pushes.is_empty() {
            return false;
        }
        let pushes = pushes.as_slice();
        let mut dated = None;
        let said = loop {
            let verdict = judge(&Case {
                config: self.config,
                rule,
                repository,
                stack,
                pushes,
                past: past.as_ref(),
                dated: dated.as_ref(),
                dry: self.dry,
            });
            match verdict {
                Verdict::AskPast => {
                    let oldest = pushes.iter().map(|push| push.time()).min();
                    *past = Some(self.past(stack, oldest).await);
                }
                Verdict::AskDate(tag) => dated = Some(self.dated(repository, tag).await),
                Verdict::Decided { said, waits } => {
                    done.waits |= waits;
                    break said;
                }
            }
        };
        let mut began = false;
        for said in said {
            let mut decision = decision(rule, stack, &said);
            if said.outcome == Outcome::Rolled {
                let update = Update {
                    stack: stack.clone(),
                    parameter: rule.parameter.clone(),
                    value: said.tag.clone(),
                    token: Token::new(rule, repository, said.push, said.record, &said.tag).text(),
                };
                let later = later(said.record);
                let (outcome, waits) = self.update(&update, busy, later, &mut decision).await;
                began |= outcome == Outcome::Rolled;
                done.waits |= waits;
                decision.outcome = outcome;
            }
            done.decisions.push(decision);
        }
        began
    }

    /// Begins an update; what came of it, and whether the next look-up is to decide again.
    async fn update(
        &self,
        update: &Update,
        busy: bool,
        later: &str,
        said: &mut Decision,
    ) -> (Outcome, bool) {
        if busy {
            said.reason = format!("the stack was updated a moment ago: {later}");
            return (Outcome::Held, true);
        }
        if !self.until.allows(self.context.now() + ACCEPTED) {
            said.reason = self.until.too_late();
            return (Outcome::Held, true);
        }
        let Err(error) = self.way.update(update).await else {
            said.to = Some(update.value.clone());
            return (Outcome::Rolled, false);
        };
        let (outcome, waits, reason) = refused(&error, later);
        said.reason = reason;
        said.retryable = outcome == Outcome::Failed && error.retryable;
        (outcome, waits)
    }
}

fn decision(rule: &StackRule, stack: &Stack, said: &Said<'_>) -> Decision {
    Decision {
        cluster: CLUSTER.to_owned(),
        service: stack.name.clone(),
        repository: said.push.repository.name.clone(),
        tag: said.tag.clone(),
        digest: said.push.digest.clone(),
        outcome: said.outcome,
        reason: said.reason.clone(),
        from: stack.parameters.get(&rule.parameter).cloned(),
        to: None,
        push: said.push.id().to_owned(),
        retryable: false,
    }
}
