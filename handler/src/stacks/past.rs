//! What was done to a stack before, read from its events, and when the tag that it has was pushed.

use chrono::{DateTime, TimeDelta, Utc};

use super::judge::{Dated, Past};
use super::stack::{Condition, Stack, Try, tries};
use super::work::{FAR, Work};
use crate::ecr::{self, ImageId};
use crate::image::Repository;

/// How many pages of events are read at most; a page has up to a hundred.
const MOST_PAGES: usize = 20;

/// What was read of a stack's past, and how far back: it holds as long as nothing is done to the stack.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    status: String,
    changed: DateTime<Utc>,
    since: DateTime<Utc>,
    tries: Vec<Try>,
}

impl Work<'_> {
    /// What ecroll did to the stack since a time, which is further back than any push that matters.
    pub(super) async fn past(&self, stack: &Stack, oldest: Option<DateTime<Utc>>) -> Past {
        let now = self.context.now();
        let reach = TimeDelta::from_std(self.config.look_back).unwrap_or(TimeDelta::days(1));
        let since = now - reach;
        let since = oldest.map_or(since, |oldest| since.min(oldest)) - FAR;
        if let Some(known) = self.context.stack(&stack.id)
            && (&known.status, known.changed) == (&stack.status, stack.changed)
            && known.since <= since
        {
            return Past::Known(known.tries);
        }
        let (mut events, mut token) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            match self.way.events(stack, token).await {
                Err(error) => return Past::Unknown(error.to_string(), error.retryable),
                Ok((page, next)) => {
                    let enough = page.iter().any(|event| event.at < since);
                    events.extend(page);
                    token = next.filter(|_| !enough);
                }
            }
            if token.is_none() {
                let tries = tries(stack, &events);
                let known = Remembered {
                    status: stack.status.clone(),
                    changed: stack.changed,
                    since,
                    tries: tries.clone(),
                };
                // An end that is not listed yet would never be seen.
                let whole = tries.iter().all(|one| one.end.is_some());
                if whole || stack.condition() == Condition::Busy {
                    self.context.remember_stack(&stack.id, known);
                }
                return Past::Known(tries);
            }
        }
        let read = events.len();
        Past::Unknown(
            format!("the stack has more than {read} events since then"),
            false,
        )
    }

    pub(super) async fn dated(&self, repository: &Repository, tag: String) -> Dated {
        let id = ImageId::Tag(tag);
        let client = self.context.ecr(&repository.region);
        match ecr::describe(&client, repository, std::slice::from_ref(&id)).await {
            Err(error) => Dated::Unknown(error.to_string(), error.retryable),
            Ok(found) => found.get(&id).map_or(Dated::Nowhere, |found| {
                Dated::Image(found.digest.clone(), found.pushed_at)
            }),
        }
    }
}
