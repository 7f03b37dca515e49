//! How ecroll's last update of a stack ended, for whoever is told of results.

use chrono::TimeDelta;

use super::judge::Past;
use super::stack::{Condition, Stack, TryEnd};
use super::work::{FAR, Work};
use super::{CLUSTER, Concluded};
use crate::config::StackRule;
use crate::deployment::{End, Ended};
use crate::image::Repository;

/// What an end means.
pub(super) fn state(end: &TryEnd) -> End {
    match end.status.as_str() {
        "UPDATE_COMPLETE" => End::Completed,
        "UPDATE_ROLLBACK_COMPLETE" => End::RolledBack,
        _ => End::Stuck,
    }
}

/// CloudFormation's sentence, or where it says nothing the status.
pub(super) fn sentence(end: &TryEnd) -> String {
    match end.reason.as_str() {
        "" => format!("the stack is {}", end.status),
        reason => reason.to_owned(),
    }
}

impl Work<'_> {
    /// Tells how ecroll's last update of the stack ended, if that is not long ago: a function that has just started cannot
    /// know what was told.
    pub(super) async fn end(
        &self,
        rule: &StackRule,
        repository: &Repository,
        stack: &Stack,
        past: Option<Past>,
        done: &mut Concluded,
    ) {
        let now = self.context.now();
        let sweep = self
            .config
            .sweep
            .unwrap_or(std::time::Duration::from_hours(1));
        let told = now - TimeDelta::from_std(sweep * 2).unwrap_or(FAR) - FAR;
        let reach = TimeDelta::days(1);
        if self.dry || stack.condition() == Condition::Busy || stack.changed < now - reach {
            return;
        }
        let past = match past {
            Some(past) => past,
            None => self.past(stack, None).await,
        };
        let tries = match past {
            Past::Known(tries) => tries,
            Past::Unknown(why, _) => {
                tracing::warn!(stack = stack.name, why, "how its update ended is not known");
                return;
            }
        };
        let mut own = tries.iter().filter(|one| one.token.is_by(rule, repository));
        let Some((one, end)) = own.next().and_then(|one| Some((one, one.end.as_ref()?))) else {
            return;
        };
        if end.at < told {
            return;
        }
        let seen = self.pushes.iter().find(|push| one.token.names(push));
        let value = stack.parameters.get(&rule.parameter).cloned();
        let tag = one.token.tag.clone().or_else(|| value.clone());
        done.ended.push(Ended {
            cluster: CLUSTER.to_owned(),
            service: stack.name.clone(),
            repository: repository.name.clone(),
            tag: tag.unwrap_or_default(),
            push: seen.map_or_else(|| one.token.word(), |push| push.id().to_owned()),
            state: state(end),
            revision: value.unwrap_or_default(),
            reason: sentence(end),
        });
    }
}
