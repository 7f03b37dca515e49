//! Dating what runs where neither a stamp nor a push in sight does.

use chrono::{DateTime, Utc};

use super::verdict::Candidate;
use super::{Deciding, Undated};
use crate::image::{ImageRef, Repository};
use crate::inventory::Origin;

impl Deciding<'_> {
    /// What ECS and ECR said of the repository's images that run, if they were asked.
    pub(super) fn origin(&self, repository: &Repository) -> Option<&Origin> {
        let key = (self.service.arn.clone(), repository.clone());
        self.origins.get(&key)
    }

    /// What must be asked before a push may replace what runs.
    ///
    /// Nothing as a rule: what a deployment pulled was pushed before it began, so a push that came after it is newer.
    /// Only where somebody deployed since the push may what runs be the newer of the two. A stamp settles that unless the
    /// tag may have moved between the push that it names and the deployment, which pulled whatever the tag named by then.
    pub(super) fn undated(
        &self,
        repository: &Repository,
        candidate: &Candidate<'_>,
    ) -> Option<Undated> {
        let deployed_at = self.service.deployed_at?;
        let certain = candidate.record.time >= deployed_at
            || self.is_stamped(repository, candidate)
            || self.origin(repository).is_some();
        let question = (!certain).then(|| self.question(repository, deployed_at));
        // A service that belongs to the repository by its name may run nothing of it.
        question.filter(|question| !question.images.is_empty())
    }

    /// Whether the stamp of the revision that runs says all about a push.
    fn is_stamped(&self, repository: &Repository, candidate: &Candidate<'_>) -> bool {
        let images = self.definition.images.values();
        let mut images = images.filter(|(_, image)| image.repository == *repository);
        let stamp = self.definition.stamp(repository);
        stamp.is_some_and(|stamp| {
            candidate.record.time <= stamp.time || images.all(|(_, image)| image.digest.is_some())
        })
    }

    pub(super) fn question(&self, repository: &Repository, deployed_at: DateTime<Utc>) -> Undated {
        let images = self.definition.images.values();
        let of: Vec<(String, ImageRef)> = images
            .filter(|(_, image)| image.repository == *repository)
            .cloned()
            .collect();
        Undated {
            service: self.service.arn.clone(),
            cluster: self.service.cluster_arn.clone(),
            task_definition: self.service.task_definition.clone(),
            repository: repository.clone(),
            images: of,
            deployed_at,
        }
    }
}
