//! Which repository's pushes a stack takes, for the handler and for whoever asks how the stacks stand.

use super::call::CloudFormation;
use super::refusal;
use super::stack::Stack;
use crate::concurrent;
use crate::config::StackRule;
use crate::context::Context;
use crate::error::AwsError;
use crate::image::Repository;
use crate::policy::TagPolicy;

/// The repository that an entry means: in the stack's own account and Region, unless it names a registry.
pub(super) fn repository(rule: &StackRule, stack: &Stack) -> Option<Repository> {
    rule.registry().or_else(|| {
        let (account, region) = stack.place()?;
        Some(Repository {
            account: account.to_owned(),
            region: region.to_owned(),
            name: rule.repository.clone(),
        })
    })
}

/// How a stack follows a repository, for whoever sets the pipeline up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// The entry of the configuration.
    pub rule: StackRule,
    /// Which tags move it.
    pub tags: TagPolicy,
    /// The stack, or why it cannot be read.
    pub stack: Result<Stack, AwsError>,
    /// The repository; `None` where the stack cannot be read and the entry names no registry.
    pub repository: Option<Repository>,
    /// Why no push could move it as it stands, with what would let it.
    pub refusal: Option<String>,
}

/// Every stack of the configuration, as it stands. Calls nothing where there is none.
pub async fn following(context: &Context) -> Vec<Following> {
    let config = &context.config;
    if config.stacks.is_empty() {
        return Vec::new();
    }
    let way = CloudFormation::new(context.sdk());
    let way = &way;
    let read = config.stacks.iter().map(|rule| async move {
        let stack = way.describe(&rule.stack).await;
        let tags = rule.tags.clone();
        Following {
            rule: rule.clone(),
            tags: tags.unwrap_or_else(|| config.service.tags.clone()),
            repository: match &stack {
                Ok(stack) => repository(rule, stack),
                Err(_) => rule.registry(),
            },
            refusal: stack
                .as_ref()
                .ok()
                .and_then(|stack| refusal::obstacle(rule, stack)),
            stack,
        }
    });
    concurrent::all(read).await
}
