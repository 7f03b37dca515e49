//! Task definitions, read once each from the account as it stands: they never change.

use std::collections::BTreeMap;
use std::rc::Rc;

use local::Account;
use serde_json::{Value, json};

use super::image::{self, Named, Repository};

/// A container of a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    /// Where the image is in ECR, what it names.
    pub(super) named: Option<(Repository, Named)>,
}

/// A task definition as ECS returns it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Definition {
    /// The member `taskDefinition`.
    pub(super) raw: Value,
    /// Its tags, by key.
    pub(super) tags: BTreeMap<String, String>,
    pub(super) containers: Vec<Container>,
}

impl Definition {
    fn new(answer: &Value) -> Option<Self> {
        let raw = answer.get("taskDefinition")?.clone();
        let text = |value: &Value, member: &str| {
            let text = value.get(member).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let list = |value: &Value, member: &str| {
            let list = value.get(member).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let containers = list(&raw, "containerDefinitions");
        let containers = containers.iter().map(|container| {
            let image = text(container, "image");
            Container {
                name: text(container, "name"),
                named: image::read(&image),
                image,
            }
        });
        let tags = list(answer, "tags");
        let tags = tags
            .iter()
            .map(|tag| (text(tag, "key"), text(tag, "value")));
        Some(Self {
            containers: containers.collect(),
            tags: tags.collect(),
            raw,
        })
    }

    /// The repositories that its containers name.
    pub(super) fn repositories(&self) -> impl Iterator<Item = &Repository> {
        let named = self.containers.iter().filter_map(|c| c.named.as_ref());
        named.map(|(repository, _)| repository)
    }
}

/// Those that were asked for so far, by ARN.
#[derive(Debug, Default)]
pub(super) struct Definitions(BTreeMap<String, Rc<Definition>>);

impl Definitions {
    /// The task definition of an ARN, if there is one.
    pub(super) fn get(&mut self, arn: &str, account: &Account) -> Option<Rc<Definition>> {
        if let Some(known) = self.0.get(arn) {
            return Some(Rc::clone(known));
        }
        let input = json!({"taskDefinition": arn, "include": ["TAGS"]});
        let found = ask(account, "DescribeTaskDefinition", &input)?;
        let found = Rc::new(Definition::new(&found)?);
        self.0.insert(arn.to_owned(), Rc::clone(&found));
        Some(found)
    }
}

/// Asks ECS behind its own back: nothing in the journal, no request rate used up, no fault met.
pub(super) fn ask(account: &Account, operation: &str, input: &Value) -> Option<Value> {
    account.with_ecs(|ecs, scope| {
        let throttles = std::mem::take(&mut ecs.settings_mut().throttle);
        let answer = ecs.call(operation, input, scope);
        ecs.settings_mut().throttle = throttles;
        answer.ok()
    })
}
