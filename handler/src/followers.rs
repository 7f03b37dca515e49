//! Which services follow which repositories, and how: for whoever sets the pipeline up.

use crate::config::{OwnTags, ServiceSettings};
use crate::context::Context;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::image::Repository;
use crate::plan::{refusal, settings};
use crate::survey::survey;

/// A service and one repository whose images it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Follower {
    /// The cluster's name.
    pub cluster: String,
    /// The cluster's ARN.
    pub cluster_arn: String,
    /// The service's name.
    pub service: String,
    /// ARN of the revision that it runs.
    pub task_definition: String,
    /// The repository.
    pub repository: Repository,
    /// How it follows: its own tags, over the configuration.
    pub settings: ServiceSettings,
    /// Whether the configuration's `repositories` take this one.
    pub followed: bool,
    /// What is wrong with the service's own tags; then its pushes are refused.
    pub wrong: Vec<String>,
    /// Why no push of this repository could roll the service as it stands, with what would let it: its percentages, its
    /// controller, its ARN.
    pub refusal: Option<String>,
}

/// Everything that runs in the followed clusters, by service and repository, and what could not be read.
///
/// # Errors
/// When the clusters cannot be listed.
pub async fn followers(context: &Context) -> Result<(Vec<Follower>, Vec<String>), Error> {
    let inventory = survey(context, Deadline::NONE).await?;
    let config = &context.config;
    let mut followers = Vec::new();
    for service in &inventory.services {
        let Some(definition) = inventory.definitions.get(&service.task_definition) else {
            continue;
        };
        let own = OwnTags::read(&service.tags);
        for repository in definition.repositories() {
            followers.push(Follower {
                cluster: service.cluster().to_owned(),
                cluster_arn: service.cluster_arn.clone(),
                service: service.name.clone(),
                task_definition: service.task_definition.clone(),
                repository: repository.clone(),
                settings: settings(service, &own, repository, config),
                followed: config.follows_repository(&repository.name),
                wrong: own.wrong.clone(),
                refusal: refusal(service, definition, repository, config),
            });
        }
    }
    let gaps = inventory.gaps.iter();
    let gaps = gaps.map(|gap| format!("{}: {}", gap.whose(), gap.reason));
    Ok((followers, gaps.collect()))
}
