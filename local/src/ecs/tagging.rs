//! `TagResource`, `UntagResource`, `ListTagsForResource`.

use serde_json::json;

use crate::service::{Answer, Fault, Place};

use super::Ecs;
use super::arn;
use super::request::{Input, invalid};
use super::service::Status;
use super::tags::{self, Tags};

impl Ecs {
    /// `TagResource`: adds and replaces; other tags stay.
    pub(super) fn tag_resource(&mut self, input: Input<'_>, place: &Place) -> Answer {
        let given = input.required("resourceArn")?;
        let most = self.settings.tags;
        let added = tags::read(input, most)?;
        if added.is_empty() {
            return Err(invalid("Tags can not be empty."));
        }
        let tags = self.tags_of(given, place)?;
        let fresh = added.keys().filter(|key| !tags.contains_key(*key)).count();
        if tags.len() + fresh > most {
            let message = format!("A resource can have at most {most} tags.");
            return Err(Fault::client("LimitExceededException", message));
        }
        tags.extend(added);
        Ok(json!({}))
    }

    /// `UntagResource`: keys that are not there are no fault.
    pub(super) fn untag_resource(&mut self, input: Input<'_>, place: &Place) -> Answer {
        let given = input.required("resourceArn")?;
        let keys = input.texts("tagKeys")?;
        let tags = self.tags_of(given, place)?;
        tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(json!({}))
    }

    /// `ListTagsForResource`.
    pub(super) fn list_tags_for_resource(&mut self, input: Input<'_>, place: &Place) -> Answer {
        let given = input.required("resourceArn")?;
        let tags = self.tags_of(given, place)?;
        Ok(json!({ "tags": tags::write(tags) }))
    }

    /// The tags of a service, a task definition or a cluster.
    fn tags_of(&mut self, given: &str, place: &Place) -> Result<&mut Tags, Fault> {
        let missing = || {
            let message = "The specified resource was not found.";
            Fault::client("ResourceNotFoundException", message)
        };
        let wrong = || invalid(format!("Invalid identifier: {given}"));
        let resource = arn::resource(given).ok_or_else(wrong)?;
        if !arn::is_here(given, place) {
            return Err(missing());
        }
        let (kind, name) = resource.split_once('/').ok_or_else(wrong)?;
        match kind {
            "service" => self.tags_of_service(name),
            "cluster" => self
                .clusters
                .get_mut(name)
                .map(|cluster| &mut cluster.tags)
                .ok_or_else(missing),
            "task-definition" => {
                let (family, revision) = arn::definition_name(name).ok_or_else(wrong)?;
                let number = revision.ok_or_else(wrong)? as usize;
                self.families
                    .get_mut(family)
                    .and_then(|family| family.revisions.get_mut(&number))
                    .map(|definition| &mut definition.tags)
                    .ok_or_else(missing)
            }
            _ => Err(invalid(format!("Tags are not simulated for {kind}."))),
        }
    }

    /// Services of the old ARN form cannot be tagged, whichever form the call uses (API model;
    /// reported in `boto/boto3` 2473).
    fn tags_of_service(&mut self, name: &str) -> Result<&mut Tags, Fault> {
        let Some((cluster, name)) = name.split_once('/') else {
            return Err(invalid(
                "Long arn format must be used for tagging operations",
            ));
        };
        let cluster = self
            .clusters
            .get(cluster)
            .ok_or_else(|| Fault::client("ClusterNotFoundException", "Cluster not found."))?;
        let id = cluster.services.get(name);
        let service = id.and_then(|id| self.services.get_mut(id)).ok_or_else(|| {
            Fault::client(
                "ResourceNotFoundException",
                "The specified service was not found.",
            )
        })?;
        if !service.has_long_arn() {
            return Err(invalid(
                "The specified service does not have the longArn format. Only services created \
                 after opting in will have the new format.",
            ));
        }
        if service.status == Status::Inactive {
            return Err(invalid("The specified service is inactive."));
        }
        Ok(&mut service.tags)
    }
}
