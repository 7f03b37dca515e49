//! Service revisions: what a deployment puts in place, with the digests that its tags meant.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::images::{Images, Outlook};
use super::request::epoch;
use super::service::Service;
use super::task_definition::Container;

/// One revision of a service. It never changes, except that its digests become known.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    pub(super) id: u64,
    pub(super) task_definition: Arc<str>,
    pub(super) images: Vec<Image>,
    /// The members of the service that a deployment puts in place, as they were then.
    pub(super) members: Map<String, Value>,
    /// The first pull is over: later tasks take the digests found then.
    pub(super) resolved: bool,
    created_at: DateTime<Utc>,
}

/// A container's image.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) container: Container,
    /// What its tag meant to the first task.
    pub(super) digest: Option<String>,
    outlook: Outlook,
}

impl Revision {
    pub(super) fn new(
        id: u64,
        task_definition: &Arc<str>,
        containers: &[Container],
        members: Map<String, Value>,
        now: DateTime<Utc>,
    ) -> Self {
        let image = |container: &Container| Image {
            container: container.clone(),
            digest: None,
            outlook: Outlook::Runs,
        };
        Self {
            id,
            task_definition: Arc::clone(task_definition),
            images: containers.iter().map(image).collect(),
            members,
            resolved: false,
            created_at: now,
        }
    }

    /// A task pulls the images of this revision: the worst of them decides what becomes of it.
    ///
    /// Tags are resolved by the first task and then stay (developer guide, container image
    /// resolution), except where the container says `versionConsistency: disabled`. An image that
    /// cannot be pulled fixes nothing: the next task tries again.
    pub(super) fn pull(&mut self, images: &Images) -> Outlook {
        let fresh = !self.resolved;
        let mut worst = Outlook::Runs;
        for image in &mut self.images {
            if fresh || !image.container.consistent {
                let (digest, outlook) = images.pull(&image.container.image);
                image.digest = digest;
                image.outlook = outlook;
            }
            worst = worst.max(image.outlook);
        }
        self.resolved = worst != Outlook::CannotPull;
        worst
    }

    /// Whether a container health check decides about health.
    pub(super) fn is_checked(&self) -> bool {
        self.images.iter().any(|image| image.container.checked)
    }

    pub(super) fn describe(&self, service: &Service) -> Value {
        let mut output = self.members.clone();
        output.insert(
            "serviceRevisionArn".to_owned(),
            json!(service.revision_arn(self.id)),
        );
        output.insert("serviceArn".to_owned(), json!(service.arn));
        output.insert("clusterArn".to_owned(), json!(service.cluster_arn));
        output.insert("taskDefinition".to_owned(), json!(&*self.task_definition));
        output.insert("launchType".to_owned(), json!(service.launch_type()));
        output.insert("createdAt".to_owned(), epoch(self.created_at));
        output.insert("guardDutyEnabled".to_owned(), json!(false));
        let images = self.images.iter().map(|image| {
            let container = &image.container;
            let mut described = json!({
                "containerName": container.name,
                "image": container.image,
            });
            let pinned = image
                .digest
                .as_ref()
                .filter(|_| self.resolved && container.consistent);
            if let (Some(digest), Some(members)) = (pinned, described.as_object_mut()) {
                members.insert("imageDigest".to_owned(), json!(digest));
            }
            described
        });
        output.insert("containerImages".to_owned(), images.collect());
        Value::Object(output)
    }
}
