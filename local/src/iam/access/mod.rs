//! What each operation needs: the actions of IAM, the resources that they are about, and the condition keys.
//!
//! One table a service. It is also the list of what the pocket account answers: an operation without a row is not
//! simulated, so that none can be answered without being judged.
//!
//! Source: the Service Authorization Reference, one page a service (named in each file), under
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/>. Where an action names several required
//! resource types, all of them are asked for. Tags that come with a call are in the keys `aws:RequestTag/…` and
//! `aws:TagKeys` of everything that the call needs.

mod cloudformation;
mod cloudtrail;
mod cloudwatch;
mod ecr;
mod ecs;
mod events;
mod iam;
mod lambda;
mod logs;
mod s3;
mod scheduler;
mod sns;
mod sqs;
mod sts;

use serde_json::Value;

use crate::service::Place;
use crate::state::State;

/// One operation and everything that its caller must be allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// For example `UpdateService`.
    pub(crate) operation: &'static str,
    /// None for the few that everybody may call.
    pub(crate) needs: &'static [Need],
}

/// One action on one or several resources.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// For example `ecs:UpdateService`.
    pub(crate) action: &'static str,
    /// The ARNs that it is about; none, and nothing is needed.
    pub(crate) on: fn(&Asked<'_>) -> Vec<String>,
    /// The service's own condition keys.
    pub(crate) keys: &'static [Key],
    /// In which calls it is needed at all.
    when: fn(&Asked<'_>) -> bool,
}

/// A condition key and its values in a call.
pub(crate) type Key = (&'static str, fn(&Asked<'_>) -> Vec<String>);

/// One call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) input: &'a Value,
    pub(crate) place: &'a Place,
    pub(crate) state: &'a State,
}

/// The row of an operation.
pub(crate) fn row(service: &str, operation: &str) -> Option<&'static Row> {
    let table = table(service)?;
    table.iter().find(|row| row.operation == operation)
}

fn table(service: &str) -> Option<&'static [Row]> {
    Some(match service {
        "cloudformation" => cloudformation::TABLE,
        "cloudtrail" => cloudtrail::TABLE,
        "cloudwatch" => cloudwatch::TABLE,
        "ecr" => ecr::TABLE,
        "ecs" => ecs::TABLE,
        "events" => events::TABLE,
        "iam" => iam::TABLE,
        "lambda" => lambda::TABLE,
        "logs" => logs::TABLE,
        "s3" => s3::TABLE,
        "scheduler" => scheduler::TABLE,
        "sns" => sns::TABLE,
        "sqs" => sqs::TABLE,
        "sts" => sts::TABLE,
        _ => return None,
    })
}

const fn row_of(operation: &'static str, needs: &'static [Need]) -> Row {
    Row { operation, needs }
}

const fn need(action: &'static str, on: fn(&Asked<'_>) -> Vec<String>) -> Need {
    Need {
        action,
        on,
        keys: &[],
        when: always,
    }
}

impl Need {
    const fn with(mut self, keys: &'static [Key]) -> Self {
        self.keys = keys;
        self
    }

    const fn when(mut self, when: fn(&Asked<'_>) -> bool) -> Self {
        self.when = when;
        self
    }

    /// Whether this call needs it.
    pub(crate) fn is_asked(&self, asked: &Asked<'_>) -> bool {
        (self.when)(asked)
    }
}

fn always(_: &Asked<'_>) -> bool {
    true
}

/// Actions that know no resource.
fn all(_: &Asked<'_>) -> Vec<String> {
    vec!["*".to_owned()]
}

/// Whether the call carries tags.
fn tagged(asked: &Asked<'_>) -> bool {
    !asked.request_tags().is_empty()
}

impl Asked<'_> {
    fn text(&self, member: &str) -> Option<&str> {
        self.input.get(member).and_then(Value::as_str)
    }

    /// The texts of a list.
    fn texts(&self, member: &str) -> Vec<&str> {
        let list = self.input.get(member).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// An ARN as it is, or that of the name in this place.
    fn arn(&self, service: &str, prefix: &str, named: &str) -> String {
        if named.starts_with("arn:") {
            named.to_owned()
        } else {
            self.place.arn(service, &format!("{prefix}{named}"))
        }
    }

    /// The member as an ARN of that kind.
    fn named(&self, service: &str, prefix: &str, member: &str) -> Vec<String> {
        let named = self.text(member).unwrap_or("*");
        vec![self.arn(service, prefix, named)]
    }

    /// The member as it is, which is an ARN.
    fn whole(&self, member: &str) -> Vec<String> {
        vec![self.text(member).unwrap_or("*").to_owned()]
    }

    /// What the call would put on the resource.
    pub(crate) fn request_tags(&self) -> Vec<(&str, &str)> {
        let mut tags = tags_in(self.input);
        let inside = ["CreateBucketConfiguration", "Tagging"];
        let inside = inside.iter().filter_map(|name| self.input.get(name));
        tags.extend(inside.flat_map(tags_in));
        tags
    }

    /// The keys of the tags that the call puts or removes.
    pub(crate) fn tag_keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.request_tags().iter().map(|(key, _)| *key).collect();
        keys.extend(self.texts("tagKeys"));
        keys.extend(self.texts("TagKeys"));
        keys
    }
}

/// The tags among these members: lists of pairs, or maps.
pub(super) fn tags_in(members: &Value) -> Vec<(&str, &str)> {
    let names = ["tags", "Tags", "TagsList", "TagSet"].iter();
    let mut tags = Vec::new();
    for list in names.filter_map(|name| members.get(name)) {
        for tag in list.as_array().into_iter().flatten() {
            let text = |lower: &str, upper: &str| {
                let value = tag.get(lower).or_else(|| tag.get(upper));
                value.and_then(Value::as_str)
            };
            let key = text("key", "Key");
            tags.extend(key.map(|key| (key, text("value", "Value").unwrap_or_default())));
        }
        for (key, value) in list.as_object().into_iter().flatten() {
            tags.push((key, value.as_str().unwrap_or_default()));
        }
    }
    tags
}

#[cfg(test)]
mod tests;
