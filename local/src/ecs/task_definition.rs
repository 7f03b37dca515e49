//! Task definitions: families of revisions that never change.
//!
//! A definition is kept as the JSON text in which it was registered, so that members that this
//! program has never heard of survive the round trip.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::service::{Answer, Fault, Place, Scope};

use super::Ecs;
use super::arn;
use super::page::page;
use super::request::{Input, client, epoch, invalid};
use super::tags::{self, Tags};

/// The members that only answers have; `RegisterTaskDefinition` takes none of them.
pub(super) const OUTPUT_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "deregisteredAt",
    "deleteRequestedAt",
    "registeredBy",
];

/// The revisions of one family by their numbers, which begin at 1. Where the family was restored, some are missing.
#[derive(Debug, Default, Clone)]
pub(super) struct Family {
    pub(super) revisions: BTreeMap<usize, Definition>,
}

/// One revision.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) arn: Arc<str>,
    /// The registered members as JSON text, tags excepted: a tenth of the memory of a tree.
    pub(super) text: Box<str>,
    pub(super) containers: Arc<[Container]>,
    pub(super) tags: Tags,
    pub(super) registered_at: DateTime<Utc>,
    pub(super) deregistered_at: Option<DateTime<Utc>>,
}

/// What the scheduler needs to know of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    /// `versionConsistency` is not `disabled`: all tasks of a deployment run one digest.
    pub(super) consistent: bool,
    /// A container health check decides when a task is healthy.
    pub(super) checked: bool,
}

impl Definition {
    /// Whether new deployments may use it.
    pub(super) fn is_active(&self) -> bool {
        self.deregistered_at.is_none()
    }

    fn describe(&self, revision: usize, place: &Place) -> Value {
        let mut output: Map<String, Value> = serde_json::from_str(&self.text).unwrap_or_default();
        let mut compatibilities = vec![json!("EC2")];
        if let Some(Value::Array(required)) = output.get("requiresCompatibilities") {
            compatibilities.extend(required.iter().filter(|r| *r != "EC2").cloned());
        }
        let user = format!("arn:{}:iam::{}:root", place.partition, place.account);
        let mut put = |member: &str, value: Value| output.insert(member.to_owned(), value);
        put("taskDefinitionArn", json!(&*self.arn));
        put("revision", json!(revision));
        put(
            "status",
            json!(if self.is_active() {
                "ACTIVE"
            } else {
                "INACTIVE"
            }),
        );
        put("compatibilities", Value::Array(compatibilities));
        let capability = "com.amazonaws.ecs.capability.docker-remote-api.1.18";
        put("requiresAttributes", json!([{ "name": capability }]));
        put("registeredAt", epoch(self.registered_at));
        put("registeredBy", json!(user));
        if let Some(at) = self.deregistered_at {
            put("deregisteredAt", epoch(at));
        }
        Value::Object(output)
    }
}

impl Ecs {
    /// `RegisterTaskDefinition`: always a new revision, even of identical content.
    pub(super) fn register_task_definition(
        &mut self,
        input: Input<'_>,
        scope: &Scope<'_>,
    ) -> Answer {
        let family = read_family(input)?;
        if let Some(member) = OUTPUT_ONLY
            .iter()
            .find(|member| input.get(member).is_some())
        {
            return Err(invalid(format!(
                "Unknown parameter in input: \"{member}\"."
            )));
        }
        let containers = read_containers(input)?;
        let tags = tags::read_at_registration(input, self.settings.tags)?;
        let mut members = input.0.as_object().cloned().unwrap_or_default();
        members.remove("tags");
        let text = Value::Object(members).to_string();
        if text.len() > self.settings.definition_bytes {
            return Err(client(format!(
                "Actual length: '{}'. Max allowed length is '{}' bytes.",
                text.len(),
                self.settings.definition_bytes
            )));
        }
        if let Some(left) = self.collisions.get_mut(family).filter(|left| **left > 0) {
            *left -= 1;
            return Err(client(
                "Too many concurrent attempts to create a new revision of the specified family.",
            ));
        }
        let revisions = &mut self
            .families
            .entry(family.to_owned())
            .or_default()
            .revisions;
        let newest = revisions.last_key_value();
        let revision = newest.map_or(1, |(newest, _)| newest + 1);
        let definition = Definition {
            arn: scope
                .place
                .arn("ecs", &format!("task-definition/{family}:{revision}"))
                .into(),
            text: text.into(),
            containers: containers.into(),
            tags,
            registered_at: scope.now,
            deregistered_at: None,
        };
        let output = json!({
            "taskDefinition": definition.describe(revision, scope.place),
            "tags": tags::write(&definition.tags),
        });
        revisions.insert(revision, definition);
        Ok(output)
    }

    /// `DescribeTaskDefinition`: by ARN, `family:revision`, or family for its newest ACTIVE one.
    pub(super) fn describe_task_definition(&self, input: Input<'_>, place: &Place) -> Answer {
        let given = input.required("taskDefinition")?;
        let (revision, definition) = self
            .definition(given, place)
            .ok_or_else(|| client("Unable to describe task definition."))?;
        let mut output = json!({ "taskDefinition": definition.describe(revision, place) });
        if let (true, Some(members)) = (input.wants_tags()?, output.as_object_mut()) {
            members.insert("tags".to_owned(), tags::write(&definition.tags));
        }
        Ok(output)
    }

    /// `DeregisterTaskDefinition`: INACTIVE, which can still be described and goes on running.
    pub(super) fn deregister_task_definition(
        &mut self,
        input: Input<'_>,
        scope: &Scope<'_>,
    ) -> Answer {
        let given = input.required("taskDefinition")?;
        let missing = || client("The specified task definition does not exist.");
        let (family, revision) = arn::definition_name(given)
            .filter(|_| arn::is_here(given, scope.place))
            .ok_or_else(missing)?;
        let revision = revision
            .ok_or_else(|| invalid("A revision is required: family:revision or the full ARN."))?
            as usize;
        let definition = self
            .families
            .get_mut(family)
            .and_then(|family| family.revisions.get_mut(&revision))
            .ok_or_else(missing)?;
        definition.deregistered_at.get_or_insert(scope.now);
        Ok(json!({ "taskDefinition": definition.describe(revision, scope.place) }))
    }

    /// `ListTaskDefinitions`: by family, then revision; `familyPrefix` is a whole family name.
    pub(super) fn list_task_definitions(&self, input: Input<'_>) -> Answer {
        let family = input.text("familyPrefix")?;
        let states = ["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"];
        let state = input.choice("status", &states)?.unwrap_or("ACTIVE");
        let descending = input.choice("sort", &["ASC", "DESC"])? == Some("DESC");
        let wanted = |definition: &&Definition| match state {
            "ACTIVE" => definition.is_active(),
            "INACTIVE" => !definition.is_active(),
            _ => false,
        };
        let mut arns: Vec<&str> = self
            .families
            .iter()
            .filter(|(name, _)| family.is_none_or(|family| family == name.as_str()))
            .flat_map(|(_, family)| family.revisions.values().filter(wanted))
            .map(|definition| &*definition.arn)
            .collect();
        if descending {
            arns.reverse();
        }
        let most = self.settings.page;
        page(arns.into_iter(), input, "taskDefinitionArns", most, most)
    }

    /// `ListTaskDefinitionFamilies`: here `familyPrefix` is a prefix.
    pub(super) fn list_task_definition_families(&self, input: Input<'_>) -> Answer {
        let prefix = input.text("familyPrefix")?.unwrap_or_default();
        let state = input
            .choice("status", &["ACTIVE", "INACTIVE", "ALL"])?
            .unwrap_or("ALL");
        let wanted = |family: &Family| {
            let active = family.revisions.values().any(Definition::is_active);
            state == "ALL" || active == (state == "ACTIVE")
        };
        let names = self
            .families
            .iter()
            .filter(|(name, family)| name.starts_with(prefix) && wanted(family))
            .map(|(name, _)| name.as_str());
        page(
            names,
            input,
            "families",
            self.settings.page,
            self.settings.page,
        )
    }

    /// The definition that a call means, with its revision number.
    pub(super) fn definition(&self, given: &str, place: &Place) -> Option<(usize, &Definition)> {
        if !arn::is_here(given, place) {
            return None;
        }
        let (family, revision) = arn::definition_name(given)?;
        let revisions = &self.families.get(family)?.revisions;
        let numbered = |(number, definition): (&usize, _)| (*number, definition);
        if let Some(revision) = revision {
            let number = usize::try_from(revision).ok()?;
            return revisions.get_key_value(&number).map(numbered);
        }
        let mut newest_first = revisions.iter().rev();
        let active = newest_first.find(|(_, definition)| definition.is_active());
        active.map(numbered)
    }

    /// The ARN of the definition that a call means.
    pub(crate) fn definition_arn(&self, given: &str, place: &Place) -> Option<String> {
        let (_, definition) = self.definition(given, place)?;
        Some(definition.arn.to_string())
    }

    /// The same for a service that is to run it: it must exist and be ACTIVE.
    pub(super) fn deployable(&self, given: &str, place: &Place) -> Result<&Definition, Fault> {
        let (_, definition) = self
            .definition(given, place)
            .ok_or_else(|| client("TaskDefinition not found."))?;
        if definition.is_active() {
            return Ok(definition);
        }
        Err(client("TaskDefinition is inactive"))
    }
}

fn read_family(input: Input<'_>) -> Result<&str, Fault> {
    let family = input.text("family")?.unwrap_or_default();
    if family.is_empty() {
        return Err(client("Family can not be blank."));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if family.len() > 255 || !family.chars().all(fits) {
        return Err(client(
            "Invalid family: up to 255 letters, numbers, hyphens and underscores are allowed.",
        ));
    }
    Ok(family)
}

pub(super) fn read_containers(input: Input<'_>) -> Result<Vec<Container>, Fault> {
    let given = input
        .list("containerDefinitions")?
        .map_or(&[][..], Vec::as_slice);
    if given.is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    let mut containers: Vec<Container> = Vec::new();
    for container in given {
        let container = Input(container);
        let text = |member: &str| {
            container
                .text(member)?
                .filter(|text| !text.is_empty())
                .ok_or_else(|| client(format!("Container.{member} should not be null or empty.")))
        };
        let name = text("name")?;
        if containers.iter().any(|other| other.name == name) {
            return Err(client(format!("Duplicate container name: {name}.")));
        }
        containers.push(Container {
            name: name.to_owned(),
            image: text("image")?.to_owned(),
            consistent: container.text("versionConsistency")? != Some("disabled"),
            checked: container.structure("healthCheck")?.is_some(),
        });
    }
    Ok(containers)
}
