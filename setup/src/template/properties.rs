//! Each kind of resource in CloudFormation's words.
//!
//! Source of types, properties and return values:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>

mod handler;
mod records;
mod watching;

use serde_json::{Map, Value, json};

use super::symbols::Known;
use super::{Entry, argued};
use crate::names::{Names, OWNER_TAG, Place};
use crate::resource::Resource;

/// Turns resources into entries of a template, one after the other in the order in which they are made.
pub(super) struct Writer<'a> {
    names: &'a Names,
    place: &'a Place,
    /// Where the zip lies in its bucket.
    key: &'a str,
    /// Whether the time before which pushes are ignored is asked for.
    asks_since: bool,
    known: Known,
    entries: Vec<Entry>,
}

/// What becomes of a resource when the stack goes, or needs another in its place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It goes, and holds nothing.
    Plain,
    /// It goes with what it holds.
    Goes,
    /// Logs outlive the stack. A stack that fails at its creation leaves nothing that would be in the next one's way.
    Stays,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        names: &'a Names,
        place: &'a Place,
        key: &'a str,
        asks_since: bool,
        known: Known,
    ) -> Self {
        Self {
            names,
            place,
            key,
            asks_since,
            known,
            entries: Vec::new(),
        }
    }

    /// The entries, and what gives the function's ARN and the topic's, where there is a topic.
    pub(super) fn end(self) -> (Vec<Entry>, Value, Option<Value>) {
        let Self { names, place, .. } = self;
        let function = place.arn("lambda", &format!("function:{}", names.base));
        let topic = place.arn("sns", &names.base);
        let [function, topic] = [function, topic].map(|arn| self.known.resolve(&json!(arn)));
        let has_topic = self.entries.iter().any(|entry| entry.name == "Topic");
        (self.entries, function, has_topic.then_some(topic))
    }

    /// `ecroll-ecr-events`, `Rule` → `EcrEventsRule`: all names of a kind that may be there several times tell their purpose
    /// behind the pipeline's own.
    fn id(&self, name: &str, kind: &str) -> String {
        let purpose = name.strip_prefix(&self.names.base).unwrap_or(name);
        let mut id = String::new();
        for word in purpose.split('-') {
            let mut letters = word.chars();
            id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            id.extend(letters);
        }
        id + kind
    }

    /// One resource of the pipeline, which may be several of CloudFormation's.
    pub(super) fn write(&mut self, resource: &Resource) {
        match resource {
            Resource::Bucket(bucket) => self.bucket(bucket),
            Resource::LogGroup(group) => self.log_group(group),
            Resource::Role(role) => self.role(role),
            Resource::Trail(trail) => self.trail(trail),
            Resource::Topic(topic) => self.topic(topic),
            Resource::Queue(queue) => self.queue(queue),
            Resource::Function(function) => self.function(function),
            Resource::Permission(permission) => self.permission(permission),
            Resource::Subscription(subscription) => self.subscription(subscription),
            Resource::MetricFilter(filter) => self.metric_filter(filter),
            Resource::SubscriptionFilter(filter) => self.subscription_filter(filter),
            Resource::Alarm(alarm) => self.alarm(alarm),
            Resource::Rule(rule) => self.rule(rule),
            Resource::Dashboard(dashboard) => self.dashboard(dashboard),
        }
    }

    /// From here on this text is what an attribute of a resource gives.
    fn gives(&mut self, id: &str, attribute: &str, text: String) {
        self.known.add(text, json!({"Fn::GetAtt": [id, attribute]}));
    }

    fn add(
        &mut self,
        id: &str,
        kind: &str,
        after: &[&str],
        fate: Fate,
        comment: Option<&str>,
        properties: &Value,
    ) {
        let mut members = vec![("Type", json!(kind))];
        let properties = self.known.resolve(&without_nothing(properties));
        let metadata = argued::metadata(kind, &properties);
        members.extend(metadata.map(|metadata| ("Metadata", metadata)));
        let made = |name: &&&str| self.entries.iter().any(|entry| entry.name == ***name);
        let after: Vec<&&str> = after.iter().filter(made).collect();
        if !after.is_empty() {
            members.push(("DependsOn", json!(after)));
        }
        let policies = match fate {
            Fate::Plain => None,
            Fate::Goes => Some(("Delete", "Delete")),
            Fate::Stays => Some(("RetainExceptOnCreate", "Retain")),
        };
        if let Some((deleted, replaced)) = policies {
            members.push(("DeletionPolicy", json!(deleted)));
            members.push(("UpdateReplacePolicy", json!(replaced)));
        }
        members.push(("Properties", properties));
        let entry = Entry::new(id, members);
        self.entries.push(match comment {
            Some(comment) => entry.commented(comment),
            None => entry,
        });
    }
}

fn tags(owner: &str) -> Value {
    json!([{"Key": OWNER_TAG, "Value": owner}])
}

fn put(properties: &mut Value, key: &str, value: Value) {
    if let Some(members) = properties.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}

/// Members that have no value, and lists without members, are left out, as in a call.
fn without_nothing(properties: &Value) -> Value {
    let Some(members) = properties.as_object() else {
        return properties.clone();
    };
    let is_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(members) => !members.is_empty(),
        _ => true,
    };
    let members = members.iter().filter(|(_, value)| is_something(value));
    let members = members.map(|(key, value)| (key.clone(), value.clone()));
    Value::Object(members.collect::<Map<_, _>>())
}
