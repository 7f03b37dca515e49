//! Which repository's pushes a stack takes, for the handler and for whoever asks how the stacks stand.

use super::call::CloudFormation;
use super::refusal;
use super::stack::{Stack, place};
use crate::concurrent;
use crate::config::stack::name_of;
use crate::config::{Config, StackRule, Target};
use crate::context::Context;
use crate::error::AwsError;
use crate::image::Repository;
use crate::inventory::Service;
use crate::policy::TagPolicy;

/// The repository that an entry means: in the stack's own account and Region, unless it names a registry.
pub(super) fn repository(rule: &StackRule, stack: &Stack) -> Option<Repository> {
    repository_of(rule, &stack.id)
}

fn repository_of(rule: &StackRule, id: &str) -> Option<Repository> {
    rule.registry().or_else(|| {
        let (account, region) = place(id)?;
        Some(Repository {
            account: account.to_owned(),
            region: region.to_owned(),
            name: rule.repository.clone(),
        })
    })
}

/// What CloudFormation puts on every resource that it makes and that takes tags, ECS services among them.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html>
const STACK_TAG: &str = "aws:cloudformation:stack-id";

/// The entry whose stack made a service and takes the pushes of this repository. Such a service gets its image by the
/// stack: a revision of ecroll's would be a second roll, and the stack's next update would undo it.
///
/// A service in a stack nested in the one that is named carries the nested one's ARN, and is not known by it.
pub(crate) fn taker<'c>(
    config: &'c Config,
    service: &Service,
    repository: &Repository,
) -> Option<&'c StackRule> {
    let id = service.tags.get(STACK_TAG)?;
    let (account, region) = place(id)?;
    // The stacks of the configuration are where the function is.
    let elsewhere =
        |target: &Target| (target.account.as_str(), target.region.as_str()) == (account, region);
    if config.targets.iter().any(elsewhere) {
        return None;
    }
    config.stacks.iter().find(|rule| {
        let named = rule.stack == *id || rule.stack == name_of(id);
        named && repository_of(rule, id).as_ref() == Some(repository)
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
    following_of(context, &context.config).await
}

/// The same for the stacks of another configuration.
pub(crate) async fn following_of(context: &Context, config: &Config) -> Vec<Following> {
    if config.stacks.is_empty() {
        return Vec::new();
    }
    let way = CloudFormation::new(context.sdk());
    let way = &way;
    let read = config.stacks.iter().map(|rule| async move {
        let stack = way.describe(&rule.stack).await;
        Following::of(rule, &stack, config)
    });
    concurrent::all(read).await
}

impl Following {
    /// An entry and what CloudFormation said of its stack.
    pub(super) fn of(rule: &StackRule, stack: &Result<Stack, AwsError>, config: &Config) -> Self {
        let tags = rule.tags.clone();
        let (repository, refusal) = match stack {
            Ok(stack) => (repository(rule, stack), refusal::obstacle(rule, stack)),
            Err(error) => (rule.registry(), refusal::missing(rule, error)),
        };
        Self {
            rule: rule.clone(),
            tags: tags.unwrap_or_else(|| config.service.tags.clone()),
            repository,
            refusal,
            stack: stack.clone(),
        }
    }
}
