//! Differences between what should be and what is: computed field by field, shown as text, written as JSON.

use std::fmt;

use serde::Serialize;

use crate::policy_document::Document;

/// What setup would do to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is missing.
    Create,
    /// It is ours, but differs.
    Change,
    /// It is as it should be, or not to be touched.
    Keep,
    /// It is ours, and no longer needed.
    Remove,
}

/// One field that differs. `None` is an absent value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field, in the words of the resource.
    pub field: String,
    /// What is there.
    pub from: Option<String>,
    /// What should be there.
    pub to: Option<String>,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What would happen.
    pub action: Action,
    /// The kind of resource, for example `log group`.
    pub resource: &'static str,
    /// Its name.
    pub name: String,
    /// The fields concerned: all of them for a creation, the differing ones for a change, none otherwise.
    pub fields: Vec<FieldChange>,
    /// What the operator should know besides, for example a limit of the account that had to be obeyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Change {
    /// Whether applying this changes anything.
    #[must_use]
    pub fn is_work(&self) -> bool {
        self.action != Action::Keep
    }

    /// Whether one of these fields differs. A trailing dot stands for every field below: `policy.`.
    #[must_use]
    pub fn touches(&self, fields: &[&str]) -> bool {
        self.fields.iter().any(|change| {
            fields.iter().any(|field| {
                change.field == *field || (field.ends_with('.') && change.field.starts_with(field))
            })
        })
    }

    /// Kind and name, as messages use them.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{} `{}`", self.resource, self.name)
    }
}

impl fmt::Display for Change {
    /// One line, and for a change one more per field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, verb) = match self.action {
            Action::Create => ('+', "create"),
            Action::Change => ('~', "change"),
            Action::Keep => (' ', "keep"),
            Action::Remove => ('-', "remove"),
        };
        write!(f, "{sign} {verb:<6} {:<13} {}", self.resource, self.name)?;
        if self.action == Action::Change {
            for change in &self.fields {
                let value = |value: &Option<String>| value.clone().unwrap_or("(none)".to_owned());
                write!(
                    f,
                    "\n      {}: {} -> {}",
                    change.field,
                    value(&change.from),
                    value(&change.to)
                )?;
            }
        }
        if let Some(note) = &self.note {
            write!(f, "\n      note: {note}")?;
        }
        Ok(())
    }
}

/// The fields of one resource, desired or live, in the order in which a person wants to read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over numbers and texts alike"
    )]
    pub fn with(mut self, field: &str, value: impl ToString) -> Self {
        self.0.push((field.to_owned(), value.to_string()));
        self
    }

    /// Adds a field where there is a value.
    #[must_use]
    pub fn with_some(self, field: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// Adds a list whose order means nothing; an empty one is absent.
    #[must_use]
    pub fn with_set(self, field: &str, values: &[String]) -> Self {
        let mut sorted: Vec<&str> = values.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        self.with_some(field, (!sorted.is_empty()).then(|| sorted.join(", ")))
    }

    /// Adds one field per statement, `<field>.<sid>`, so that a difference shows the statement and not the whole.
    #[must_use]
    pub fn with_policy(mut self, field: &str, document: Option<&Document>) -> Self {
        for (sid, statement) in document.map(Document::statements).unwrap_or_default() {
            self = self.with(&format!("{field}.{sid}"), statement);
        }
        self
    }

    /// The whole as creations from nothing.
    #[must_use]
    pub fn created(self) -> Vec<FieldChange> {
        self.0
            .into_iter()
            .map(|(field, to)| FieldChange {
                field,
                from: None,
                to: Some(to),
            })
            .collect()
    }

    fn get(&self, field: &str) -> Option<&String> {
        self.0
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, value)| value)
    }
}

/// What would have to change so that `live` becomes `desired`.
#[must_use]
pub fn compare(desired: &Fields, live: &Fields) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (field, to) in &desired.0 {
        let from = live.get(field);
        if from != Some(to) {
            let (from, to) = (from.cloned(), Some(to.clone()));
            changes.push(FieldChange {
                field: field.clone(),
                from,
                to,
            });
        }
    }
    for (field, from) in &live.0 {
        if desired.get(field).is_none() {
            changes.push(FieldChange {
                field: field.clone(),
                from: Some(from.clone()),
                to: None,
            });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::{Action, Change, Fields, compare};

    #[test]
    fn only_what_differs_is_a_change() {
        let desired = Fields::new()
            .with("period", 60)
            .with("statistic", "Sum")
            .with("new", 1);
        let live = Fields::new()
            .with("statistic", "Sum")
            .with("period", 300)
            .with("unit", "Count");
        let fields = compare(&desired, &live);
        let change = Change {
            action: Action::Change,
            resource: "alarm",
            name: "ecroll-pushes".to_owned(),
            fields,
            note: Some("look".to_owned()),
        };
        insta::assert_snapshot!(change);
        insta::assert_json_snapshot!(change);
        assert!(change.touches(&["period"]) && !change.touches(&["statistic"]));
    }

    #[test]
    fn the_order_of_a_set_means_nothing() {
        let set =
            |a: &str, b: &str| Fields::new().with_set("actions", &[a.to_owned(), b.to_owned()]);
        assert!(compare(&set("a", "b"), &set("b", "a")).is_empty());
        assert_eq!(
            compare(&set("a", "b"), &Fields::new().with_set("actions", &[])).len(),
            1
        );
    }
}
