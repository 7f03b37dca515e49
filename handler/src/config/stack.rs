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

impl StackRule {
    /// The stack's name, whether the entry gives that or the ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.stack.split_once(":stack/") {
            Some((_, path)) => path.split('/').next().unwrap_or(path),
            None => &self.stack,
        }
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
