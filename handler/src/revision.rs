//! A new revision: the old one with another image, and nothing else.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::inventory::Definition;

/// What ECS adds to a task definition by itself; RegisterTaskDefinition takes none of it.
///
/// A list of what to leave out, not of what to keep: whatever ECS adds next is kept.
/// Source: the ECS API model, members of `TaskDefinition` that are no members of `RegisterTaskDefinitionRequest`.
pub const OUTPUT_ONLY: &[&str] = &[
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

/// ECS allows fifty tags on a resource.
pub(crate) const MOST_TAGS: usize = 50;

/// One revision that is to be registered. Services that share a base and a push share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Registration {
    /// ARN of the revision to copy.
    pub base: String,
    /// The new image strings, by the container's index.
    pub images: BTreeMap<usize, String>,
    /// ecroll's own tags: the pushes that it is made for.
    pub stamps: BTreeMap<String, String>,
}

/// The input of RegisterTaskDefinition, as JSON: the base as ECS returned it, less what only ECS writes, with the new
/// images and ecroll's tags.
///
/// # Errors
/// A sentence when the base is not what it should be, or has no room for ecroll's tags.
pub fn copy(base: &Definition, registration: &Registration) -> Result<Value, String> {
    let mut raw = base.raw.clone();
    let Some(members) = raw.as_object_mut() else {
        return Err(format!("task definition {} is no object", base.arn));
    };
    for member in OUTPUT_ONLY {
        members.remove(*member);
    }
    for (index, image) in &registration.images {
        let container = members
            .get_mut("containerDefinitions")
            .and_then(|containers| containers.get_mut(*index))
            .and_then(Value::as_object_mut)
            .ok_or_else(|| format!("task definition {} has no container {index}", base.arn))?;
        container.insert("image".to_owned(), json!(image));
    }
    let tags = tags(base, registration);
    if tags.len() > MOST_TAGS {
        return Err(format!(
            "task definition {} has {} tags and ecroll needs {} of the {MOST_TAGS} that ECS allows: remove one",
            base.arn,
            base.tags.len(),
            registration.stamps.len(),
        ));
    }
    // ECS refuses an empty list of tags.
    if !tags.is_empty() {
        let tags = tags
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect();
        members.insert("tags".to_owned(), Value::Array(tags));
    }
    Ok(raw)
}

/// The base's tags without those that only AWS may write, ecroll's replaced.
fn tags(base: &Definition, registration: &Registration) -> Vec<(String, String)> {
    let kept = base.tags.iter().filter(|(key, _)| {
        !key.to_ascii_lowercase().starts_with("aws:") && !registration.stamps.contains_key(key)
    });
    let stamps = registration
        .stamps
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()));
    kept.cloned().chain(stamps).collect()
}

/// What two task definitions have in common once ECS's own members and the images are set aside; for comparing.
#[must_use]
pub fn without_images(raw: &Value) -> Value {
    let mut raw = raw.clone();
    if let Some(members) = raw.as_object_mut() {
        for member in OUTPUT_ONLY {
            members.remove(*member);
        }
        let containers = members
            .get_mut("containerDefinitions")
            .and_then(Value::as_array_mut);
        for container in containers
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            Map::remove(container, "image");
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::{Registration, copy};
    use crate::inventory::Definition;

    fn definition() -> (Value, Definition) {
        let answer = json!({
            "taskDefinition": {
                "taskDefinitionArn": "arn:aws:ecs:eu-west-1:000000000000:task-definition/web:7",
                "family": "web", "revision": 7, "status": "ACTIVE", "registeredAt": 1.5,
                "registeredBy": "arn", "compatibilities": ["EC2"], "requiresAttributes": [],
                "deregisteredAt": 2.5, "deleteRequestedAt": 3.5,
                "cpu": "256", "volumes": [], "aMemberOfTomorrow": {"deep": [1, {"x": null}]},
                "containerDefinitions": [
                    {"name": "proxy", "image": "nginx:1", "cpu": 0, "newKnob": "on"},
                    {"name": "app", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:v1",
                     "environment": [{"name": "EMPTY", "value": ""}], "links": []}
                ]
            },
            "tags": [{"key": "team", "value": "shop"}, {"key": "aws:cloudformation:stack-name", "value": "s"}]
        });
        let definition = Definition::read(&answer).unwrap();
        (answer, definition)
    }

    fn registration(stamps: &[(&str, &str)]) -> Registration {
        Registration {
            base: "arn".to_owned(),
            images: BTreeMap::from([(1, "new-image".to_owned())]),
            stamps: stamps
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn rule_05_only_the_image_changes_unknown_members_included() {
        let (answer, definition) = definition();
        let copied = copy(&definition, &registration(&[("ecroll:ab", "x")])).unwrap();
        let mut expected = answer["taskDefinition"].clone();
        for member in super::OUTPUT_ONLY {
            expected.as_object_mut().unwrap().remove(*member);
        }
        expected["containerDefinitions"][1]["image"] = json!("new-image");
        expected["tags"] =
            json!([{"key": "team", "value": "shop"}, {"key": "ecroll:ab", "value": "x"}]);
        assert_eq!(copied, expected);
    }

    #[test]
    fn rule_05_an_empty_list_of_tags_is_never_sent() {
        let (mut answer, _) = definition();
        answer["tags"] = json!([]);
        let definition = Definition::read(&answer).unwrap();
        let copied = copy(&definition, &registration(&[])).unwrap();
        assert_eq!(copied.get("tags"), None);
    }

    #[test]
    fn a_full_set_of_tags_is_said_not_sent() {
        let (mut answer, _) = definition();
        let full: Vec<Value> = (0..50)
            .map(|i| json!({"key": format!("k{i}"), "value": ""}))
            .collect();
        answer["tags"] = json!(full);
        let definition = Definition::read(&answer).unwrap();
        let error = copy(&definition, &registration(&[("ecroll:ab", "x")])).unwrap_err();
        assert!(error.contains("remove one"), "{error}");
        // In the place of one of them there is room.
        let copied = copy(&definition, &registration(&[("k0", "x")])).unwrap();
        assert_eq!(copied["tags"].as_array().unwrap().len(), 50);
    }
}
