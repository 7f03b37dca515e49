//! Which CloudFormation stacks take an image's tag as a parameter.

use crate::image::{ImageRef, Repository};
use crate::policy::TagPolicy;

/// One entry of `[[stacks]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackRule {
    /// The stack's name or its ARN. It is looked for where the function is.
    pub stack: String,
    /// The repository whose pushes move it: a name, which is one in the stack's own account and Region, or a whole
    /// `<account>.dkr.ecr.<region>.amazonaws.com/<name>`.
    pub repository: String,
    /// The parameter of the template that takes the tag.
    pub parameter: String,
    /// Which tags move it; `None` is the default of `[service]`.
    pub tags: Option<TagPolicy>,
}

/// The name in a stack's ARN; a name stays as it is.
pub(crate) fn name_of(stack: &str) -> &str {
    match stack.split_once(":stack/") {
        Some((_, path)) => path.split('/').next().unwrap_or(path),
        None => stack,
    }
}

impl StackRule {
    /// The stack's name, whether the entry gives that or the ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.stack)
    }

    /// The repository, where it is named with its registry.
    #[must_use]
    pub fn registry(&self) -> Option<Repository> {
        ImageRef::parse(&self.repository).map(|image| image.repository)
    }

    /// The repository's name without its registry.
    #[must_use]
    pub fn repository_name(&self) -> String {
        let whole = self.registry();
        whole.map_or_else(|| self.repository.clone(), |whole| whole.name)
    }
}
