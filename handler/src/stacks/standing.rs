//! How the stacks of the configuration stand: the same judgement as a look-up's, told instead of acted upon.

use chrono::{DateTime, Utc};

use super::call::CloudFormation;
use super::follows::Following;
use super::judge::Past;
use super::stack::{Condition, Stack};
use super::work::{One, Work};
use super::{Concluded, end, groups};
use crate::concurrent;
use crate::config::StackRule;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::deployment::End;
use crate::error::AwsError;
use crate::image::Repository;
use crate::push::Push;
use crate::report::Decision;

/// How one entry of `[[stacks]]` stands.
#[derive(Debug, Clone, PartialEq)]
pub struct StackStanding {
    /// What follows what, and what hinders it.
    pub following: Following,
    /// An operation is under way, whoever began it.
    pub busy: bool,
    /// What a look-up would decide about the pushes in sight, with the time of each push; the newest first.
    pub decisions: Vec<(DateTime<Utc>, Decision)>,
    /// Ecroll's last update by this entry, as far back as pushes are looked for; or why it is not known.
    pub last: Result<Option<Last>, String>,
}

/// An update that ecroll began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// The tag that it set; `None` where that was too long to be kept.
    pub tag: Option<String>,
    /// When that was pushed, or named.
    pub pushed_at: DateTime<Utc>,
    /// When CloudFormation took it.
    pub began: DateTime<Utc>,
    /// When and how it ended, with CloudFormation's own sentence; `None` as long as it is under way.
    pub end: Option<(DateTime<Utc>, End, String)>,
}

/// How every stack of the configuration stands towards these pushes. Calls nothing where there is none, and changes nothing.
pub(crate) async fn standings(context: &Context, pushes: &[Push]) -> Vec<StackStanding> {
    let config = &context.config;
    if config.stacks.is_empty() {
        return Vec::new();
    }
    let way = CloudFormation::new(context.sdk());
    let work = Work {
        context,
        config,
        way: &way,
        pushes,
        // Nothing is updated here: a push that would be is held by that.
        dry: true,
        until: Deadline::NONE,
    };
    let groups = groups(config);
    let read = groups.iter().map(|rules| work.standing(rules));
    concurrent::all(read).await.into_iter().flatten().collect()
}

impl Work<'_> {
    async fn standing(&self, rules: &[&StackRule]) -> Vec<StackStanding> {
        let mut all = Vec::new();
        let Some(first) = rules.first() else {
            return all;
        };
        let stack = self.way.describe(&first.stack).await;
        for rule in rules {
            all.push(self.entry(rule, &stack).await);
        }
        all
    }

    async fn entry(&self, rule: &StackRule, stack: &Result<Stack, AwsError>) -> StackStanding {
        let mut done = Concluded::default();
        let mut last = Ok(None);
        let following = Following::of(rule, stack, self.config);
        match (stack, &following.repository) {
            (Err(error), _) => self.unseen(rule, error, &mut done),
            (Ok(stack), Some(repository)) => {
                let mut past = None;
                let one = One {
                    rule,
                    repository,
                    stack,
                };
                self.pass(one, false, &mut past, &mut done).await;
                last = self.last(rule, repository, stack, past).await;
            }
            (Ok(_), None) => {}
        }
        let mut decisions: Vec<(DateTime<Utc>, Decision)> = Vec::new();
        for decision in done.decisions {
            let push = self.pushes.iter().find(|push| push.id() == decision.push);
            decisions.extend(push.map(|push| (push.time(), decision)));
        }
        decisions.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        StackStanding {
            busy: stack
                .as_ref()
                .is_ok_and(|stack| stack.condition() == Condition::Busy),
            following,
            decisions,
            last,
        }
    }

    async fn last(
        &self,
        rule: &StackRule,
        repository: &Repository,
        stack: &Stack,
        past: Option<Past>,
    ) -> Result<Option<Last>, String> {
        let past = match past {
            Some(past) => past,
            None => self.past(stack, None).await,
        };
        let tries = match past {
            Past::Known(tries) => tries,
            Past::Unknown(why, _) => return Err(why),
        };
        let mut own = tries.into_iter();
        let own = own.find(|one| one.token.is_by(rule, repository));
        Ok(own.map(|one| Last {
            tag: one.token.tag,
            pushed_at: one.token.time,
            began: one.began,
            end: one
                .end
                .map(|ended| (ended.at, end::state(&ended), end::sentence(&ended))),
        }))
    }
}
