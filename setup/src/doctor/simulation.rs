//! What setup's policy for the handler lets it do, as calls to be simulated. Pure.

use serde_json::Value;

use crate::policy_document::Document;

/// One call of `SimulatePrincipalPolicy`: what one statement is there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simulated {
    pub(super) actions: Vec<String>,
    /// The resources; none stands for all.
    pub(super) resources: Vec<String>,
    /// Condition keys with a value that the statement takes.
    pub(super) context: Vec<(String, Vec<String>)>,
}

/// The statements of a policy, each as the calls that it is meant to allow. Patterns stand for themselves: a policy that
/// allows `service/*` allows the resource of that name.
pub(super) fn simulated(policy: &Document) -> Vec<Simulated> {
    let statements = policy.statements().into_iter();
    let statements = statements.filter_map(|(_, text)| serde_json::from_str::<Value>(&text).ok());
    statements.map(|statement| one(&statement)).collect()
}

fn one(statement: &Value) -> Simulated {
    let mut resources = texts(statement.get("Resource"));
    resources.retain(|resource| resource != "*");
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let keys = conditions
        .into_iter()
        .flatten()
        .filter_map(|(_, keys)| keys.as_object())
        .flatten();
    Simulated {
        actions: texts(statement.get("Action")),
        resources,
        // One of several suffices: the handler asks with one at a time.
        context: keys
            .map(|(key, values)| {
                (
                    key.clone(),
                    texts(Some(values)).into_iter().take(1).collect(),
                )
            })
            .collect(),
    }
}

/// A list of texts, or the one that stands in its place.
fn texts(value: Option<&Value>) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_is_simulated_with_what_its_conditions_ask_for() {
        let policy = Document::new(&[
            json!({"Sid": "A", "Effect": "Allow", "Action": ["ecs:B", "ecs:C"], "Resource": "*",
                "Condition": {"ArnLike": {"ecs:cluster": ["arn:one", "arn:two"]}}}),
            json!({"Sid": "D", "Effect": "Allow", "Action": "iam:PassRole", "Resource": ["r", "s"]}),
        ]);
        assert_eq!(
            simulated(&policy),
            [
                Simulated {
                    actions: vec!["ecs:B".to_owned(), "ecs:C".to_owned()],
                    resources: Vec::new(),
                    context: vec![("ecs:cluster".to_owned(), vec!["arn:one".to_owned()])],
                },
                Simulated {
                    actions: vec!["iam:PassRole".to_owned()],
                    resources: vec!["r".to_owned(), "s".to_owned()],
                    context: Vec::new(),
                },
            ]
        );
    }
}
